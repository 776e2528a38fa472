"""The webhook process: verify, seal, insert, then 200 (design.md D3, D4, D18).

It takes bytes from strangers, so it holds the least: it may insert events and read one table of sealed
signing secrets, it cannot open what it stored, and of the project it imports only ``crypto`` and ``faults``.

| what arrives                                              | answer | stored                              |
|-----------------------------------------------------------|--------|-------------------------------------|
| signed, also unknown or old events                        | 200    | once                                |
| the same while PostgreSQL is away, slow or refuses it     | 200    | in the local spool, replayed        |
| the same while neither PostgreSQL nor the spool takes it  | 503    | no: Zalo sends again for 1 h 51 m   |
| no signature header (the console's probe)                 | 200    | no                                  |
| wrong signature, or not readable, with a signature header | 401    | no                                  |
| any signature while no secret was ever read               | 503    | no: nobody can tell whether it fits |
| more than 256 KiB                                         | 413    | no                                  |
| a body that takes longer than 10 s                        | 408    | no                                  |

A bare ASGI function: there are three addresses, and a framework between cost more than the signature.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from zalopolice import faults
from zalopolice.crypto import Keys, MinuteSealer, UnsafeKeyFile, load_keys
from zalopolice.spool import Record, Spool
from zalopolice.webhook_bell import Doorbell
from zalopolice.webhook_intake import FLUSHES, Intake
from zalopolice.webhook_io import Away, Store, Unsafe
from zalopolice.webhook_signed import Refused, Secrets, dedupe_key, given_mac, read_event, timestamp_of

MAX_BODY = 256 * 1024
SLOW_BODY = 10.0
SPOOL_MB = 512
HOOK = "/hook/zalo/"
OK, REFUSED, NOT_FOUND, WRONG_METHOD, TOO_SLOW, TOO_LARGE, AWAY = 200, 401, 404, 405, 408, 413, 503
NEEDED = ("DATABASE_URL", "REDIS_URL", "ZALOPOLICE_KEY_FILE", "ZALOPOLICE_SPOOL_DIR")

log = logging.getLogger("zalopolice.webhook")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Headers:
    """The four that matter, each with all its values: twice is once too often."""

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        self._raw = raw

    def all(self, wanted: bytes) -> list[bytes]:
        return [value for name, value in self._raw if name == wanted]


class Hook:
    """What the process holds while it runs."""

    def __init__(self, keys: Keys, database: str, broker: str, spool: Spool) -> None:
        self.store = Store(database)
        self.intake = Intake(self.store, spool)
        self.doorbell = self.intake.doorbell = Doorbell(broker, self.intake.health)
        self.secrets = Secrets(self.store, keys, spool.kept_secrets(), spool.keep_secrets)
        self._sealer = MinuteSealer(keys.vault_public)
        self._dedupe_key = keys.dedupe_key
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.store.check()
        self.doorbell.start()
        commits = [self.intake.run() for _ in range(FLUSHES)]
        work = [*commits, self.intake.mend(), self.secrets.keep_fresh(self.intake.note_away)]
        self._tasks = [asyncio.create_task(one) for one in work]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self.doorbell.stop()
        await self.store.close()

    async def take(self, app_id: str, headers: Headers, raw: bytes) -> bool:
        """Whether the event is kept; raises Refused, or Away when nobody can tell whose it is."""
        mac = given_mac(headers.all(b"x-zevent-signature"))
        event = read_event(raw)
        if event.get("app_id") != app_id:
            raise Refused("app")
        signed = app_id.encode() + raw + timestamp_of(event, headers.all(b"x-zevent-timestamp"))
        secret = await self.secrets.signer(app_id, signed, mac)
        faults.point("webhook.verified")
        event_id = uuid.uuid4()
        sealed = self._sealer.seal(raw, b"zp-event|" + event_id.bytes)
        key = dedupe_key(self._dedupe_key, app_id, event, raw)
        faults.point("webhook.sealed")
        kept = await self.intake.keep(Record(event_id, app_id, time.time(), key, secret, sealed))
        faults.point("webhook.kept")
        return kept


async def _body(headers: Headers, receive: Receive) -> bytes | int:
    """The body, or the answer when there is none. Counted while it streams: the declared length may lie."""
    declared = b"".join(headers.all(b"content-length"))
    if declared.isdigit() and (len(declared) > 12 or int(declared) > MAX_BODY):
        return TOO_LARGE
    chunks, size, more = [], 0, True
    try:
        async with asyncio.timeout(SLOW_BODY):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return TOO_SLOW
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > MAX_BODY:
                    return TOO_LARGE
                more = message.get("more_body", False)
    except TimeoutError:
        return TOO_SLOW
    return b"".join(chunks)


async def _hook(hook: Hook, app_id: str, headers: Headers, receive: Receive) -> int:
    raw = await _body(headers, receive)
    if isinstance(raw, int):
        return raw
    if not headers.all(b"x-zevent-signature"):
        return OK
    try:
        return OK if await hook.take(app_id, headers, raw) else AWAY
    except Refused as refusal:
        # Strangers choose the path: only the name of a known app may reach a log or a key in Redis.
        hook.doorbell.refuse(app_id if hook.secrets.of(app_id) else "unknown", str(refusal))
        return REFUSED
    except Away:
        return AWAY
    except Exception as error:  # whatever it is, Zalo sends again and the log names the kind, not the content
        log.error("webhook: unexpected %s", type(error).__name__)
        return AWAY


async def _answer(hook: Hook, scope: Scope, receive: Receive) -> int:
    method, path = scope["method"], scope["path"]
    if path.startswith(HOOK) and (app_id := path[len(HOOK) :]) and "/" not in app_id:
        return await _hook(hook, app_id, Headers(scope["headers"]), receive) if method == "POST" else WRONG_METHOD
    if path not in {"/healthz", "/readyz"}:
        return NOT_FOUND
    if method not in {"GET", "HEAD"}:
        return WRONG_METHOD
    return OK if path == "/healthz" or await hook.intake.ready() else AWAY


# Where the body was not read to its end, the connection may not go on with it.
_HEADERS = {
    code: [(b"content-length", b"0"), *([(b"connection", b"close")] if code not in {OK, REFUSED, AWAY} else [])]
    for code in (OK, REFUSED, NOT_FOUND, WRONG_METHOD, TOO_SLOW, TOO_LARGE, AWAY)
}


def _settings() -> tuple[Keys, str, str, Spool]:
    zone = os.environ.get("ZALOPOLICE_ZONE", "")
    if zone != "webhook":
        raise Unsafe(f"ZALOPOLICE_ZONE is {zone or 'not set'}; this process runs in the zone webhook only")
    if missing := [name for name in NEEDED if not os.environ.get(name)]:
        raise Unsafe(f"{', '.join(missing)}: not set")
    try:
        keys = load_keys(os.environ["ZALOPOLICE_KEY_FILE"], zone="webhook")
        limit = int(float(os.environ.get("ZALOPOLICE_SPOOL_MB") or SPOOL_MB) * 1024 * 1024)
    except UnsafeKeyFile as error:
        raise Unsafe(f"ZALOPOLICE_KEY_FILE: {error}") from None
    except (ValueError, OverflowError):
        raise Unsafe("ZALOPOLICE_SPOOL_MB must be a number") from None
    spool = Spool(Path(os.environ["ZALOPOLICE_SPOOL_DIR"]), limit)
    return keys, os.environ["DATABASE_URL"], os.environ["REDIS_URL"], spool


class App:
    def __init__(self) -> None:
        self._hook: Hook | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        if scope["type"] != "http" or self._hook is None:
            raise RuntimeError("only HTTP, and only after the start")
        status = await _answer(self._hook, scope, receive)
        await send({"type": "http.response.start", "status": status, "headers": _HEADERS[status]})
        await send({"type": "http.response.body", "body": b""})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._hook = Hook(*_settings())
            await self._hook.start()
        except Unsafe as error:
            log.critical("webhook refuses to start: %s", error)
            return await send({"type": "lifespan.startup.failed"})
        # Paths and query strings are the sender's to choose, so none is logged.
        logging.getLogger("uvicorn.access").disabled = True
        await send({"type": "lifespan.startup.complete"})
        await receive()
        with contextlib.suppress(Exception):
            await self._hook.stop()
        await send({"type": "lifespan.shutdown.complete"})


app = App()

"""The webhook process: verify, seal, insert, then 200 (design.md D3, D4, D18).

It takes bytes from strangers, so it holds the least: it may insert events and read one table of sealed
signing secrets, it cannot open what it stored, and of the project it imports only ``crypto``.

| what arrives                                              | answer | stored |
|-----------------------------------------------------------|--------|--------|
| signed, also unknown or old events                        | 200    | once   |
| no signature header (the console's probe)                 | 200    | no     |
| wrong signature, or not readable, with a signature header | 401    | no     |
| more than 256 KiB                                         | 413    | no     |
| PostgreSQL away                                           | 503    | no     |
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
import os
import re
import sys
import uuid
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from zalopolice.crypto import CannotOpen, Keys, MinuteSealer, UnsafeKeyFile, keyed_hash, load_keys, open_sealed
from zalopolice.webhook_io import Away, Doorbell, Store, Unsafe

MAX_BODY = 256 * 1024
MAX_DEPTH = 12
SLOW_BODY = 10.0
SECRETS_LIVE = 10.0
SECRETS_PAUSE = 0.3
SIDES = ("sender", "recipient")

# Without a conflict target: naming dedupe_key would need the right to read it, and this role may only insert.
INSERT = (
    "INSERT INTO gateway_inboundevent (id, app_id, received_at, dedupe_key, sealed)"
    " VALUES (%s, %s, now(), %s, %s) ON CONFLICT DO NOTHING"
)
SIGNATURE = re.compile(r"[ \t]*(?:mac[ \t]*=[ \t]*)?([0-9a-fA-F]{64})[ \t]*")
# Only digits: the hash runs over body and timestamp without a separator, so a timestamp that could hold a
# blank or a brace would let bytes move from one to the other under the same signature.
TIMESTAMP = re.compile(r"[0-9]{1,20}")

OK, REFUSED, TOO_LARGE, TOO_SLOW, AWAY = (Response(status_code=code) for code in (200, 401, 413, 408, 503))

log = logging.getLogger("zalopolice.webhook")


class Refused(Exception):
    """The event is not Zalo's, or nobody can tell. The message is a word for the log, never the content."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")  # two readers may see two different events
    return found


def _no_constant(name: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


# Numbers stay text: ids are above 2^53, and nobody computes with them here.
_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=_no_constant)


def _deeper_than(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper_than(child, levels - 1) for child in children)


def read_event(raw: bytes) -> dict[str, Any]:
    """The event as a dict with all numbers as strings; Refused for anything that is not one JSON object."""
    try:
        event = _decoder.decode(raw.decode())
    except (ValueError, RecursionError):
        raise Refused("unreadable") from None
    may_be_deep = raw.count(b"{") + raw.count(b"[") > MAX_DEPTH  # hardly ever; saves a walk through every event
    if not isinstance(event, dict) or (may_be_deep and _deeper_than(event, MAX_DEPTH)):
        raise Refused("unreadable")
    return event


def _timestamp(event: dict[str, Any], request: Request) -> bytes:
    """The body's timestamp; some senders put it into a header instead.

    How old it is does not matter here: an event that is correctly signed is stored even when it is days late
    or from a wrong clock, because refusing it would lose a citizen's message. The inbox decides what late
    means; replays are stopped by the unique key, not by the clock."""
    found = event.get("timestamp")
    if found is None:
        headers = request.headers.getlist("x-zevent-timestamp")
        found = headers[0] if len(headers) == 1 else None
    if not isinstance(found, str) or not TIMESTAMP.fullmatch(found):
        raise Refused("timestamp")
    return found.encode()


def _given_mac(request: Request) -> bytes:
    headers = request.headers.getlist("x-zevent-signature")
    match = SIGNATURE.fullmatch(headers[0]) if len(headers) == 1 else None
    if match is None:
        raise Refused("signature")
    return bytes.fromhex(match[1])


def is_signed(secrets: tuple[bytes, ...], signed: bytes, mac: bytes) -> bool:
    """Plain SHA-256 with the secret at the end, as Zalo does it; every live secret is tried to the end."""
    start, found = hashlib.sha256(signed), False
    for secret in secrets:
        attempt = start.copy()
        attempt.update(secret)
        found |= hmac.compare_digest(attempt.digest(), mac)
    return found


def dedupe_key(key: bytes, app_id: str, event: dict[str, Any], raw: bytes) -> bytes:
    """Two deliveries of one message have one key. Keyed, so that the table says nothing about message ids."""
    name, message = event.get("event_name"), event.get("message")
    msg_id = message.get("msg_id") if isinstance(message, dict) else None
    if isinstance(name, str) and "_send_" in name and isinstance(msg_id, str) and msg_id:
        # Nobody promises that ids of messages are unique beyond one account, so both parties belong to the key.
        parties = (party.get("id") if isinstance(party := event.get(side), dict) else None for side in SIDES)
        parts = (name, msg_id, *(party if isinstance(party, str) else "" for party in parties))
        # JSON may spell half a surrogate pair, which plain UTF-8 cannot.
        return keyed_hash(key, app_id.encode(), *(part.encode("utf-8", "surrogatepass") for part in parts))
    return keyed_hash(key, app_id.encode(), b"", raw)


class Secrets:
    """The signing secrets of all apps: read again every 10 s, and at once when a signature does not fit."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store, self._keys = store, keys
        self._known: dict[str, tuple[bytes, ...]] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    def of(self, app_id: str) -> tuple[bytes, ...]:
        return self._known.get(app_id, ())

    async def refresh(self) -> None:
        """Raises Away. Under a flood of forgeries the table is read three times a second, not for each one."""
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if now - self._read_at < SECRETS_PAUSE:
                return
            cursor = await self._store.run("SELECT app_id, sealed FROM gateway_webhooksecret")
            found: dict[str, tuple[bytes, ...]] = {}
            for app_id, sealed in await cursor.fetchall():
                try:
                    secret = open_sealed(self._keys.webhook_private, sealed, b"zp-secret|" + app_id.encode())
                except CannotOpen:
                    log.critical("a webhook secret of app %s cannot be opened with this key file", app_id)
                    continue
                if secret:  # an empty one would let anybody sign
                    found[app_id] = (*found.get(app_id, ()), secret)
            self._known, self._read_at = found, now

    async def keep_fresh(self) -> None:
        while True:
            with contextlib.suppress(Away):
                await self.refresh()
            await asyncio.sleep(SECRETS_LIVE)


class Hook:
    """What the process holds while it runs."""

    def __init__(self, keys: Keys, store: Store, doorbell: Doorbell) -> None:
        self.store, self.doorbell = store, doorbell
        self.secrets = Secrets(store, keys)
        self._sealer = MinuteSealer(keys.vault_public)
        self._dedupe_key = keys.dedupe_key

    async def verify(self, request: Request, app_id: str, raw: bytes) -> dict[str, Any]:
        """The event when it is signed for this app; raises Refused, or Away when the secrets cannot be read."""
        mac = _given_mac(request)
        event = read_event(raw)
        if event.get("app_id") != app_id:
            raise Refused("app")
        signed = app_id.encode() + raw + _timestamp(event, request)
        if not is_signed(self.secrets.of(app_id), signed, mac):
            await self.secrets.refresh()
            if not is_signed(self.secrets.of(app_id), signed, mac):
                raise Refused("signature")
        return event

    async def store_event(self, app_id: str, event: dict[str, Any], raw: bytes) -> None:
        """Returns when the commit is on disk; raises Away."""
        event_id = uuid.uuid4()
        sealed = self._sealer.seal(raw, b"zp-event|" + event_id.bytes)
        key = dedupe_key(self._dedupe_key, app_id, event, raw)
        cursor = await self.store.run(INSERT, (event_id, app_id, key, sealed))
        if cursor.rowcount:
            self.doorbell.ring(event_id)


async def _body(request: Request) -> bytes | None:
    """The body, or None when it is too large. Counted while it streams: the declared length may lie."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 12 or int(declared) > MAX_BODY):
        return None
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


async def receive(request: Request) -> Response:
    try:
        async with asyncio.timeout(SLOW_BODY):
            raw = await _body(request)
    except (TimeoutError, ClientDisconnect):
        return TOO_SLOW
    if raw is None:
        return TOO_LARGE
    if "x-zevent-signature" not in request.headers:
        return OK
    hook: Hook = request.app.state.hook
    app_id = request.path_params["app_id"]
    try:
        event = await hook.verify(request, app_id, raw)
        await hook.store_event(app_id, event, raw)
    except Refused as refusal:
        # Strangers choose the path: only the name of a known app may reach a log or a key in Redis.
        hook.doorbell.refuse(app_id if hook.secrets.of(app_id) else "unknown", str(refusal))
        return REFUSED
    except Away:
        return AWAY
    except Exception as error:  # whatever it is, Zalo sends again and the log names the kind, not the content
        log.error("webhook: unexpected %s", type(error).__name__)
        return AWAY
    return OK


async def healthz(request: Request) -> Response:
    try:
        await request.app.state.hook.store.run("SELECT 1")
    except Away:
        return AWAY
    return OK


def _settings() -> tuple[Keys, str, str]:
    zone = os.environ.get("ZALOPOLICE_ZONE", "")
    if zone != "webhook":
        raise Unsafe(f"ZALOPOLICE_ZONE is {zone or 'not set'}; this process runs in the zone webhook only")
    missing = [name for name in ("DATABASE_URL", "REDIS_URL", "ZALOPOLICE_KEY_FILE") if not os.environ.get(name)]
    if missing:
        raise Unsafe(f"{', '.join(missing)}: not set")
    try:
        keys = load_keys(os.environ["ZALOPOLICE_KEY_FILE"], zone="webhook")
    except UnsafeKeyFile as error:
        raise Unsafe(f"ZALOPOLICE_KEY_FILE: {error}") from None
    return keys, os.environ["DATABASE_URL"], os.environ["REDIS_URL"]


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    try:
        keys, database, broker = _settings()
        store = Store(database)
        await store.check()
    except Unsafe as error:
        log.critical("webhook refuses to start: %s", error)
        sys.tracebacklimit = 0  # the sentence is all there is to know; uvicorn would bury it under frames
        raise
    # Paths and query strings are the sender's to choose, so none is logged.
    logging.getLogger("uvicorn.access").disabled = True
    doorbell = Doorbell(broker)
    hook = app.state.hook = Hook(keys, store, doorbell)
    doorbell.start()
    refreshing = asyncio.create_task(hook.secrets.keep_fresh())
    yield
    refreshing.cancel()
    doorbell.stop()
    await store.close()


app = Starlette(
    routes=[Route("/hook/zalo/{app_id}", receive, methods=["POST"]), Route("/healthz", healthz, methods=["GET"])],
    lifespan=_lifespan,
)
app.router.redirect_slashes = False

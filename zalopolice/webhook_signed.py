"""Is this event Zalo's, and which one is it? Reading, checking the signature, the key of a delivery."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from zalopolice import faults
from zalopolice.crypto import CannotOpen, Keys, keyed_hash, open_sealed
from zalopolice.spool import Secret
from zalopolice.webhook_io import Away, Store

MAX_DEPTH = 12
SECRETS_LIVE = 10.0
SECRETS_PAUSE = 0.3
SIDES = ("sender", "recipient")
SIGNATURE = re.compile(rb"[ \t]*(?:mac[ \t]*=[ \t]*)?([0-9a-fA-F]{64})[ \t]*")
# Only digits: the hash runs over body and timestamp without a separator, so a timestamp that could hold a
# blank or a brace would let bytes move from one to the other under the same signature.
TIMESTAMP = re.compile(r"[0-9]{1,20}")

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


def timestamp_of(event: dict[str, Any], header: Sequence[bytes]) -> bytes:
    """The body's timestamp; some senders put it into a header instead.

    How old it is does not matter here: an event that is correctly signed is stored even when it is days late
    or from a wrong clock, because refusing it would lose a citizen's message. The inbox decides what late
    means; replays are stopped by the unique key, not by the clock."""
    found = event.get("timestamp")
    if found is None and len(header) == 1:
        found = header[0].decode("latin-1")
    if not isinstance(found, str) or not TIMESTAMP.fullmatch(found):
        raise Refused("timestamp")
    return found.encode()


def given_mac(header: Sequence[bytes]) -> bytes:
    match = SIGNATURE.fullmatch(header[0]) if len(header) == 1 else None
    if match is None:
        raise Refused("signature")
    return bytes.fromhex(match[1].decode())


def signer(secrets: Sequence[tuple[uuid.UUID, bytes]], signed: bytes, mac: bytes) -> uuid.UUID | None:
    """Whose secret fits. Plain SHA-256 with the secret at the end, as Zalo does it; each is tried to the end."""
    start, found = hashlib.sha256(signed), None
    for row, secret in secrets:
        attempt = start.copy()
        attempt.update(secret)
        if hmac.compare_digest(attempt.digest(), mac):
            found = row
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
    """The signing secrets of all apps: read again every 10 s, and at once when a signature does not fit.

    What was read is kept in the spool as it was, sealed: a start while PostgreSQL is away can verify, too."""

    def __init__(self, store: Store, keys: Keys, kept: list[Secret], keep: Callable[[list[Secret]], None]) -> None:
        self._store, self._keys, self._keep = store, keys, keep
        self._rows: list[Secret] | None = kept or None
        self._known = self._opened(kept)
        self._tried_at = float("-inf")
        self._reading = asyncio.Lock()

    def of(self, app_id: str) -> tuple[tuple[uuid.UUID, bytes], ...]:
        return self._known.get(app_id, ())

    async def refresh(self) -> None:
        """Raises Away."""
        rows = await self._store.secrets()
        if rows == self._rows:
            return
        self._rows, self._known = rows, self._opened(rows)
        faults.point("webhook.secrets_read")
        try:
            await asyncio.to_thread(self._keep, rows)
        except OSError as error:
            log.error("webhook cannot keep its secrets in the spool: %s", type(error).__name__)

    async def _look_again(self) -> None:
        """Under a flood of forgeries the table is read three times a second, not for each one. Raises Away."""
        async with self._reading:
            if asyncio.get_running_loop().time() - self._tried_at < SECRETS_PAUSE:
                return
            try:
                await self.refresh()
            finally:
                self._tried_at = asyncio.get_running_loop().time()

    def _opened(self, rows: list[Secret]) -> dict[str, tuple[tuple[uuid.UUID, bytes], ...]]:
        found: dict[str, tuple[tuple[uuid.UUID, bytes], ...]] = {}
        for row, app_id, sealed in rows:
            try:
                secret = open_sealed(self._keys.webhook_private, sealed, b"zp-secret|" + app_id.encode())
            except CannotOpen:
                log.critical("a webhook secret of app %s cannot be opened with this key file", app_id)
                continue
            if secret:  # an empty one would let anybody sign
                found[app_id] = (*found.get(app_id, ()), (row, secret))
        return found

    async def signer(self, app_id: str, signed: bytes, mac: bytes) -> uuid.UUID:
        """Raises Refused, or Away when no secret was ever read, for then nobody can tell."""
        if (found := signer(self.of(app_id), signed, mac)) is not None:
            return found
        with contextlib.suppress(Away):
            await self._look_again()
        if self._rows is None:
            raise Away
        if (found := signer(self.of(app_id), signed, mac)) is None:
            raise Refused("signature")
        return found

    async def keep_fresh(self, on_away: Callable[[], None]) -> None:
        while True:
            try:
                await self.refresh()
            except Away:
                on_away()
            await asyncio.sleep(SECRETS_LIVE)

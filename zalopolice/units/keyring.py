"""Root → unit → owner keys of the two rings: ``content`` (officers) and ``vault`` (identities, originals).

An unwrapped key is cached by its own id only. *Which* key is in use is asked from the database every time: a key
row made in a transaction that was rolled back must never encrypt anything that outlives it.

Keys are rotated under running processes (``manage.py rotate_keys``). So a process that meets a root it does not know
reads its key file again, a new key is wrapped under what is in use *at that moment* (a shared lock says so to the
rotation), and a row whose parent is gone is looked at once more, because it may just have been wrapped anew.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Iterable
from functools import lru_cache

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from zalopolice import crypto, written
from zalopolice.units.models import WrappedKey

RINGS = {"content": "units.ContentKey", "vault": "vault.VaultKey"}
IN_USE = "WHERE unit_id = %s AND level = %s AND owner = %s AND retired_at IS NULL"


def _model(ring: str) -> type[WrappedKey]:
    return apps.get_model(RINGS[ring])  # the vault ring lives above this package


def roots(ring: str) -> tuple[crypto.Key, ...]:
    """The root keys of the key file as it is now, the one in use first."""
    try:
        stat = os.stat(settings.KEY_FILE)
        keys = _key_file(settings.KEY_FILE, (stat.st_mtime_ns, stat.st_ino), settings.ZONE)
    except (OSError, crypto.UnsafeKeyFile) as error:
        raise crypto.CannotOpen(f"zone {settings.ZONE}: {type(error).__name__} reading its key file") from None
    found: tuple[crypto.Key, ...] = getattr(keys, f"{ring}_roots")
    if not found:
        raise crypto.CannotOpen(f"zone {settings.ZONE} holds no {ring} keys")
    return found


@lru_cache(maxsize=4)
def _key_file(path: str, stamp: tuple[int, int], zone: str) -> crypto.Keys:
    return crypto.load_keys(path, zone=zone)


def key_for(ring: str, unit: uuid.UUID, owner: uuid.UUID) -> crypto.Key:
    """The key in use for ``owner``, made on first need."""
    row = in_use(ring, unit, "owner", owner) or _made(ring, unit, "owner", owner)
    return crypto.Key(row.id, _remember(ring, row, keep=False))


def in_use(ring: str, unit: uuid.UUID, level: str, owner: uuid.UUID) -> WrappedKey | None:
    return written.first(_model(ring), IN_USE, unit, level, owner)


@transaction.atomic(savepoint=False)
def _made(ring: str, unit: uuid.UUID, level: str, owner: uuid.UUID) -> WrappedKey:
    # From here to the commit no rotation may retire the parent: it waits for this lock.
    lock(ring, unit if level == "owner" else ROOT, shared=True)
    if level == "owner":
        row = in_use(ring, unit, "unit", unit) or _made(ring, unit, "unit", unit)
        parent = crypto.Key(row.pk, _remember(ring, row, keep=False))
    else:
        parent = roots(ring)[0]
    made = insert(ring, unit, level, owner, parent) or in_use(ring, unit, level, owner)  # somebody's, a moment earlier
    if made is None:
        raise crypto.CannotOpen("a key was retired while it was made; try again")
    return made


def insert(ring: str, unit: uuid.UUID, level: str, owner: uuid.UUID, parent: crypto.Key) -> WrappedKey | None:
    """A new key wrapped by ``parent``; None when one is in use."""
    fresh = crypto.Key.new()
    wrapped = crypto.encrypt(parent, fresh.secret, _wrap_aad(ring, unit, level, owner, fresh.id))
    model, now = _model(ring), timezone.now()
    row = model(
        id=fresh.id, unit_id=unit, level=level, owner=owner, wrapped_by=parent.id, wrapped=wrapped, created_at=now
    )
    with connection.cursor() as cursor:  # the ORM does not tell whether its ON CONFLICT met one
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} (id, unit_id, level, owner, wrapped_by, wrapped, created_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [row.id, unit, level, owner, parent.id, wrapped, now],
        )
        return row if cursor.rowcount == 1 else None


ROOT = uuid.UUID(int=0)
"""Names the roots of a ring for :func:`lock`."""


def lock(ring: str, parent: uuid.UUID, *, shared: bool) -> None:
    """Held to the end of the transaction: shared by who makes keys under a parent, alone by who retires it."""
    number = int.from_bytes(hashlib.sha256(f"zp key {ring} {parent}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock{'_shared' if shared else ''}(%s)", [number])


def _wrap_aad(ring: str, unit: uuid.UUID, level: str, owner: uuid.UUID, key: uuid.UUID) -> bytes:
    return f"zp1|{unit}|{ring}-key|{level}|{owner}|{key}".encode()


def unwrap(ring: str, row: WrappedKey) -> bytes:
    return _unwrap(ring, row.unit_id, row.level, row.owner, row.pk, bytes(row.wrapped))


AT_HAND = 5_000
"""Keys a process keeps open, each about a kilobyte: of whoever writes these days, not of everybody who ever wrote."""


@lru_cache(maxsize=AT_HAND)
def _unwrap(ring: str, unit: uuid.UUID, level: str, owner: uuid.UUID, key: uuid.UUID, wrapped: bytes) -> bytes:
    find = _root if level == "unit" else secret
    return crypto.decrypt(lambda id: find(ring, id), wrapped, _wrap_aad(ring, unit, level, owner, key))


def _root(ring: str, id: uuid.UUID) -> bytes:
    known: tuple[crypto.Key, ...] = getattr(settings.KEYS, f"{ring}_roots")
    for root in known:
        if root.id == id:
            return root.secret
    for root in roots(ring):
        if root.id == id:
            return root.secret
    raise crypto.CannotOpen("a root key is missing from this zone's key file")


_secrets: dict[tuple[str, uuid.UUID], tuple[float, bytes]] = {}
KEPT = 60.0
"""Seconds a process may go on reading with a key whose row was destroyed."""


def secret(ring: str, id: uuid.UUID) -> bytes:
    """The 32 bytes of a key by its id, as far as the database lets this role see it; CannotOpen when erased."""
    until, cached = _secrets.get((ring, id), (0.0, b""))
    if until > time.monotonic():
        return cached
    row = written.first(_model(ring), "WHERE id = %s", id)
    if row is None:
        raise crypto.CannotOpen("the key was destroyed or belongs to another unit")
    return _remember(ring, row)


def warm(ring: str, owners: Iterable[uuid.UUID]) -> None:
    """Unwraps the keys of many owners in one query, before a list decrypts its rows one by one; the unit's own, which
    wraps them, comes along. For a role that sees one unit."""
    wanted = Q(level="owner", owner__in=set(owners)) | Q(level="unit")
    for row in _model(ring)._default_manager.filter(wanted).order_by("-level"):
        _remember(ring, row)


def _remember(ring: str, row: WrappedKey, *, keep: bool = True) -> bytes:
    try:
        value = unwrap(ring, row)
    except crypto.CannotOpen:
        # Between reading the row and looking for its parent a rotation may have wrapped it anew.
        again = _model(ring)._default_manager.filter(pk=row.pk).first()
        if again is None or bytes(again.wrapped) == bytes(row.wrapped):
            raise
        value = unwrap(ring, again)
    if keep:
        if len(_secrets) >= AT_HAND:
            _secrets.clear()
        _secrets[ring, row.pk] = (time.monotonic() + KEPT, value)
    return value


def rewrap(ring: str, row: WrappedKey, parent: crypto.Key) -> None:
    """Encrypts the same key again under another parent, checked before it is saved; what it encrypts is untouched."""
    same, place = unwrap(ring, row), _wrap_aad(ring, row.unit_id, row.level, row.owner, row.pk)
    fresh = crypto.encrypt(parent, same, place)
    if crypto.decrypt(lambda _: parent.secret, fresh, place) != same:
        raise crypto.CannotOpen("a key did not survive being wrapped anew")
    row.wrapped, row.wrapped_by = fresh, parent.id
    row.save(update_fields=["wrapped", "wrapped_by"])


def forget() -> None:
    """Drops every cached key (after a rotation, and between tests)."""
    _secrets.clear()
    _unwrap.cache_clear()
    _key_file.cache_clear()

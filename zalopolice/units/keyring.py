"""Root → unit → owner keys of the two rings: ``content`` (officers) and ``vault`` (identities, originals).

An unwrapped key is cached by its own id only. *Which* key is in use is asked from the database every time: a key
row made in a transaction that was rolled back must never encrypt anything that outlives it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from functools import lru_cache

from django.apps import apps
from django.conf import settings

from zalopolice import crypto
from zalopolice.units.models import WrappedKey

RINGS = {"content": "units.ContentKey", "vault": "vault.VaultKey"}


def _model(ring: str) -> type[WrappedKey]:
    return apps.get_model(RINGS[ring])  # the vault ring lives above this package


def _roots(ring: str) -> tuple[crypto.Key, ...]:
    roots: tuple[crypto.Key, ...] = getattr(settings.KEYS, f"{ring}_roots")
    if not roots:
        raise crypto.CannotOpen(f"zone {settings.ZONE} holds no {ring} keys")
    return roots


def key_for(ring: str, unit: uuid.UUID, owner: uuid.UUID) -> crypto.Key:
    """The key in use for ``owner``, made on first need."""
    unit_key = _in_use(ring, unit, "unit", unit, _roots(ring)[0])
    return _in_use(ring, unit, "owner", owner, unit_key)


def _in_use(ring: str, unit: uuid.UUID, level: str, owner: uuid.UUID, parent: crypto.Key) -> crypto.Key:
    model = _model(ring)
    rows = model._default_manager.filter(unit_id=unit, level=level, owner=owner, retired_at=None)
    row = rows.first()
    if row is None:
        fresh = crypto.Key.new()
        wrapped = crypto.encrypt(parent, fresh.secret, _wrap_aad(ring, unit, level, owner, fresh.id))
        new = model(id=fresh.id, unit_id=unit, level=level, owner=owner, wrapped_by=parent.id, wrapped=wrapped)
        model._default_manager.bulk_create([new], ignore_conflicts=True)
        row = rows.get()  # ours, or the one somebody committed a moment earlier
    return crypto.Key(row.id, unwrap(ring, row))


def _wrap_aad(ring: str, unit: uuid.UUID, level: str, owner: uuid.UUID, key: uuid.UUID) -> bytes:
    return f"zp1|{unit}|{ring}-key|{level}|{owner}|{key}".encode()


def unwrap(ring: str, row: WrappedKey) -> bytes:
    return _unwrap(ring, row.unit_id, row.level, row.owner, row.pk, bytes(row.wrapped))


@lru_cache(maxsize=50_000)
def _unwrap(ring: str, unit: uuid.UUID, level: str, owner: uuid.UUID, key: uuid.UUID, wrapped: bytes) -> bytes:
    if level == "unit":
        known = {root.id: root.secret for root in _roots(ring)}
        return crypto.decrypt(lambda id: _known(known, id), wrapped, _wrap_aad(ring, unit, level, owner, key))
    return crypto.decrypt(lambda id: secret(ring, id), wrapped, _wrap_aad(ring, unit, level, owner, key))


def _known(keys: dict[uuid.UUID, bytes], id: uuid.UUID) -> bytes:
    if id not in keys:
        raise crypto.CannotOpen("a root key is missing from this zone's key file")
    return keys[id]


_secrets: dict[tuple[str, uuid.UUID], bytes] = {}


def secret(ring: str, id: uuid.UUID) -> bytes:
    """The 32 bytes of a key by its id, as far as the database lets this role see it; CannotOpen when erased."""
    cached = _secrets.get((ring, id))
    if cached is None:
        row = _model(ring)._default_manager.filter(pk=id).first()
        if row is None:
            raise crypto.CannotOpen("the key was destroyed or belongs to another unit")
        cached = _remember(ring, row)
    return cached


def warm(ring: str, owners: Iterable[uuid.UUID]) -> None:
    """Unwraps the keys of many owners in one query, before a list decrypts its rows one by one."""
    for row in _model(ring)._default_manager.filter(level="owner", owner__in=set(owners)):
        _remember(ring, row)


def _remember(ring: str, row: WrappedKey) -> bytes:
    if len(_secrets) > 50_000:
        _secrets.clear()
    value = _secrets[ring, row.pk] = unwrap(ring, row)
    return value


def rewrap(ring: str, row: WrappedKey, parent: crypto.Key) -> None:
    """Encrypts the same key again under another parent; what it encrypts is untouched."""
    fresh = crypto.encrypt(parent, unwrap(ring, row), _wrap_aad(ring, row.unit_id, row.level, row.owner, row.pk))
    row.wrapped, row.wrapped_by = fresh, parent.id
    row.save(update_fields=["wrapped", "wrapped_by"])


def forget() -> None:
    """Drops every cached key (after a rotation, and between tests)."""
    _secrets.clear()
    _unwrap.cache_clear()

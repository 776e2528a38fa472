"""Zalo user id ↔ citizen. Zone vault only."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import connection

from zalopolice import crypto, written
from zalopolice.vault.models import Route

CITIZEN = 'SELECT citizen_id FROM vault_route WHERE unit_id = %s AND "index" = %s'
ANONYMOUS = "anonymous:"
"""Begins the id of somebody without a Zalo account: theirs, and of the one conversation it holds in."""
GROUP = "group:"
"""Begins the id of who spoke in a group, which is nobody's address. Everybody there reads their name: one citizen for
what they say there and for what they tell us alone would show who the source is (design D16)."""


def blind_index(unit: uuid.UUID, oa_id: str, zalo_user_id: str) -> bytes:
    """Keyed per unit and account, so that one person in two communes cannot be joined."""
    return crypto.keyed_hash(settings.KEYS.index_key, unit.bytes, oa_id.encode(), zalo_user_id.encode())[:16]


def lock(unit: uuid.UUID, oa_id: str, zalo_user_id: str) -> bytes:
    """Serialises the first messages of one person until the transaction ends; returns the blind index."""
    index = blind_index(unit, oa_id, zalo_user_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(index[:8], "big", signed=True)])
    return index


def citizen_of(unit: uuid.UUID, index: bytes) -> uuid.UUID | None:
    found: uuid.UUID | None = written.value(CITIZEN, unit, index)
    return found


def remember(unit: uuid.UUID, index: bytes, citizen: uuid.UUID, zalo_user_id: str) -> None:
    Route.objects.create(unit_id=unit, index=index, citizen_id=citizen, zalo_user_id=zalo_user_id)


def zalo_user_id(citizen: uuid.UUID) -> str:
    route = written.first(Route, "WHERE citizen_id = %s", citizen)
    if route is None:
        raise Route.DoesNotExist
    return str(route.zalo_user_id)

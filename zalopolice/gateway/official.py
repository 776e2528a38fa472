"""The official accounts citizens may trust: of a unit, and of the one above it (features.md F12). Any zone may ask."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True)
class Official:
    unit: str
    name: str
    oa_id: str


def accounts(unit_id: uuid.UUID) -> list[Official]:
    """The unit's own first. From the database, because the worker sees no other unit's rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT unit, name, oa_id FROM walls.official_accounts(%s)", [unit_id])
        return [Official(*row) for row in cursor.fetchall()]

"""What tells who a citizen is: a name, a number, an address. Zone vault only."""

from __future__ import annotations

import uuid

from zalopolice.vault.models import Attribute


def keep(unit: uuid.UUID, citizen: uuid.UUID, kind: str, value: str, *, about: uuid.UUID | None = None) -> None:
    """Once, however often it is told; the caller holds the person's lock (``routes.lock``).

    ``about`` is set when it came with a message and may be somebody else's: the number on a card."""
    known = Attribute.objects.filter(unit_id=unit, citizen_id=citizen, kind=kind, object_id=about)
    if not any(row.value == value for row in known):
        Attribute.objects.create(unit_id=unit, citizen_id=citizen, kind=kind, value=value, object_id=about)

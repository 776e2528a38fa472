"""Writing and sealing. ``append`` belongs inside the transaction of the act it records."""

from __future__ import annotations

import json
import os
import uuid
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from zalopolice.audit.models import TECHNICAL
from zalopolice.units.models import Officer


def append(kind: str, obj: Any, *, by: Officer | None = None, unit: uuid.UUID | None = None, **detail: Any) -> None:
    """Records ``kind`` ("case.claimed") on ``obj``, a model instance; ``unit`` defaults to the object's.

    ``detail`` holds ids, codes and counts only. In the zones web and worker the database takes the actor from the
    signed context and ignores ``by``; a mismatch would be a bug, so it is refused here."""
    if not connection.in_atomic_block:
        raise RuntimeError("an audit entry belongs in the transaction of its act")
    if by is not None and by.seat is not None and unit is None and obj.unit_id != by.unit.pk:
        raise PermissionError("an officer acts in the unit of the seat only")
    row = [unit or obj.unit_id, kind, by.pk if by else None, obj._meta.label_lower, obj.pk, json.dumps(detail)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit.append(%s, %s, %s, %s, %s, %s::jsonb)", row)


def append_technical(kind: str, **detail: Any) -> None:
    """Records an act that belongs to no unit (a rotation, a restore). Zone vault."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT audit.append(%s, %s, NULL, '', NULL, %s::jsonb)", [TECHNICAL, kind, json.dumps(detail)])


def seal() -> int:
    """Chains what is new and keeps the heads outside the database; returns how many entries were chained."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT audit.seal()")
        sealed: int = cursor.fetchone()[0]
    if sealed:
        keep_checkpoint()
    return sealed


_kept: dict[str, tuple[int, str]] = {}


def keep_checkpoint() -> None:
    """Appends the heads that have moved to a file of the day; durable before it returns."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT unit, seq, hash FROM audit.heads() ORDER BY unit")
        now_at = {str(unit): (seq, bytes(digest).hex()) for unit, seq, digest in cursor.fetchall()}
    heads = [[unit, *head] for unit, head in now_at.items() if _kept.get(unit) != head]
    folder = settings.CHECKPOINT_DIR
    folder.mkdir(parents=True, exist_ok=True)
    now = timezone.now()
    with (folder / f"{now:%Y-%m-%d}.jsonl").open("a") as file:
        file.write(json.dumps({"at": now.isoformat(), "heads": heads}) + "\n")
        file.flush()
        os.fsync(file.fileno())
    _kept.update(now_at)

"""Writing and removing what a unit sets up: office, telephone numbers, areas, calendar. One verb each for all."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from zalopolice.audit import log
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission


def _require(row: models.Model, by: Officer, rights: Collection[Permission]) -> None:
    own = getattr(row, "unit_id", by.unit.pk) == by.unit.pk
    if not own or not any(by.may(right) for right in rights):
        raise PermissionDenied


@transaction.atomic
def keep(row: models.Model, *, by: Officer, rights: Collection[Permission], changed: Collection[str]) -> None:
    """Saves a new or changed row; the entry names the fields, never what stands in them."""
    _require(row, by, rights)
    row.save()
    _record("kept", row, by, fields=sorted(changed))


@transaction.atomic
def remove(row: models.Model, *, by: Officer, rights: Collection[Permission]) -> None:
    _require(row, by, rights)
    _record("removed", row, by)
    row.delete()


def _record(act: str, row: models.Model, by: Officer, **detail: object) -> None:
    """What belongs to no unit has a number for its name; the entry then stands under the unit that set it up."""
    about = row if isinstance(row.pk, uuid.UUID) else by.unit
    log.append(f"{row._meta.model_name}.{act}", about, by=by, unit=by.unit.pk, row=str(row.pk), **detail)

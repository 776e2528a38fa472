"""Incidents: anybody in the zones vault and worker reports that a trouble shows, or that it is gone."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone

from zalopolice.gateway.models import Incident, OfficialAccount
from zalopolice.units.models import Alert, Unit
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission

Kind = Incident.Kind

INSTALLATION = uuid.UUID(int=0)
"""What an alert is about when its incident has no account."""
OF_THE_ACCOUNT = (Kind.TOKEN_ENDING, Kind.CONSENT_LOST)
TOLD_BY_THE_FINDER = (Kind.CONSOLE_REPLY, Kind.MESSAGES_MISSING)
"""Whoever finds one of these rings a bell of its own, which leads to the very thing."""


def begin(kind: str, oa: OfficialAccount | None = None, figure: int | None = None) -> None:
    """The trouble shows: opens its incident and rings once, or notes that it still lasts. ``figure`` is its size.

    Without ``oa`` it is the installation's and belongs to the province; only the vault may write there."""
    unit = oa.unit_id if oa else province()
    if unit is None:
        return
    now = timezone.now()
    key = {"unit_id": unit, "oa": oa, "kind": kind, "ended_at": None}
    with transaction.atomic():
        incident, began = Incident.objects.get_or_create(**key, defaults={"figure": figure})
        if not began:
            Incident.objects.filter(pk=incident.pk).update(last_seen_at=now, figure=figure)
        elif kind not in TOLD_BY_THE_FINDER:
            _tell(Kind(kind), unit, oa)


def end(kind: str, oa: OfficialAccount | None = None) -> None:
    """The trouble is gone; nothing happens when there was none."""
    unit = oa.unit_id if oa else province()
    Incident.objects.filter(unit=unit, oa=oa, kind=kind, ended_at=None).update(ended_at=timezone.now())


def province() -> uuid.UUID | None:
    """Whose installation this is: the root of the units; of several the one that has been open longest."""
    roots = Unit.objects.filter(parent=None, is_training=False, closes_on=None).order_by("opens_on", "code")
    return roots.values_list("pk", flat=True).first()


def _tell(kind: Kind, unit: uuid.UUID, oa: OfficialAccount | None) -> None:
    if oa is None:
        tell(Alert.Kind.INCIDENT, unit, INSTALLATION, permission=Permission.SET_UP)
    elif kind in OF_THE_ACCOUNT:
        tell(Alert.Kind.OA_TROUBLE, unit, oa.pk, permission=Permission.OA_VIEW)
    else:
        tell(Alert.Kind.INCIDENT, unit, oa.pk, permission=Permission.OA_VIEW)

"""What an account's page shows without asking Zalo, kept by the vault as it goes; trouble is told once."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from zalopolice.gateway.models import OfficialAccount
from zalopolice.units.models import Alert
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission

PRECISION = 60.0
_noted: dict[tuple[str, uuid.UUID], float] = {}


def note_event(oa: uuid.UUID) -> None:
    """Zalo's webhook told us something of this account; to the minute, after the event's own transaction."""
    transaction.on_commit(lambda: _note("last_event_at", oa))


def note_sent(oa: uuid.UUID) -> None:
    transaction.on_commit(lambda: _note("last_sent_at", oa))


def _note(column: str, oa: uuid.UUID) -> None:
    key, now = (column, oa), time.monotonic()
    if now - _noted.get(key, -PRECISION) < PRECISION:
        return
    _noted[key] = now
    at = timezone.now()
    older = Q(**{column: None}) | Q(**{f"{column}__lt": at - timedelta(seconds=PRECISION)})
    OfficialAccount.objects.filter(older, pk=oa).update(**{column: at})


def note_broadcast(oa: uuid.UUID) -> None:
    """One less this month, until Zalo says so itself."""
    rows = OfficialAccount.objects.filter(pk=oa)
    rows.update(last_sent_at=timezone.now())
    rows.filter(broadcast_left__gt=0).update(broadcast_left=F("broadcast_left") - 1)


def report(oa: OfficialAccount, trouble: str) -> None:
    """What only a person can mend. Whoever watches the account is told when it begins, not each time it shows."""
    with transaction.atomic():
        rows = OfficialAccount.objects.filter(pk=oa.pk)
        begins = rows.filter(trouble="").update(trouble=trouble) == 1
        if begins:
            tell(Alert.Kind.OA_TROUBLE, oa.unit_id, oa.pk, permission=Permission.OA_VIEW)
        else:
            rows.update(trouble=trouble)

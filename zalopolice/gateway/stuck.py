"""Events nobody could act upon: what a person finds of them, and another try (design: nothing is ever dropped)."""

from __future__ import annotations

import json
import logging
import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice import faults, queue, written
from zalopolice.audit import log as audit
from zalopolice.gateway import events, training
from zalopolice.gateway.models import InboundEvent, OfficialAccount, StuckEvent
from zalopolice.refusals import Refused
from zalopolice.units.models import Alert, Officer
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission

log = logging.getLogger(__name__)

CONNECTING = timedelta(minutes=5)
"""A consent and the first event meet on the way: so long nobody need know that the event waits."""


class UnknownAccount(events.BadEvent):
    """Signed by an app of ours for an account no unit has connected yet: it waits until one does. Ids are public, so
    declaring one proves nothing; a consent does."""


def keep(event: InboundEvent, raw: bytes | None, error: str) -> None:
    """For the duty officer of the account's unit; without a known account only the province's incident counts it.

    One alert for an account, whose time moves up: fifty events that break us are one trouble."""
    body = _body(raw)
    oa = account(body, event.app_id)
    if oa is None:
        return
    known = StuckEvent.objects.filter(unit_id=oa.unit_id, event_id=event.pk)
    if known.update(error=error, event_name=_name(body)) == 0:
        StuckEvent.objects.create(
            unit_id=oa.unit_id,
            oa=oa,
            event_id=event.pk,
            event_name=_name(body),
            received_at=event.received_at,
            error=error,
            text=events.words(body),
        )
    faults.point("inbox.stuck_kept")
    tell(Alert.Kind.STUCK_EVENT, oa.unit_id, oa.pk, permission=Permission.TRAY_READ)


def was_read(event: InboundEvent) -> None:
    StuckEvent.objects.filter(event_id=event.pk).update(read_at=timezone.now())


def account(body: dict[str, Any], app_id: str) -> OfficialAccount | None:
    places = (("oa_id",), ("oaId",), ("recipient", "id"), ("sender", "id"))
    parties = [party for party in (events.text_at(body, *place) for place in places) if party]
    return owner(parties, app_id)


def owner(parties: list[str], app_id: str) -> OfficialAccount | None:
    """The app whose secret signed the event speaks for its own accounts only, and an account that is declared and
    not connected may be somebody else's."""
    proved = """WHERE connected_at IS NOT NULL AND app_id IN (SELECT id FROM gateway_zaloapp WHERE app_id = %s)
        AND oa_id = ANY(%s) ORDER BY name LIMIT 1"""
    return written.first(OfficialAccount, proved, app_id, parties)


def _body(raw: bytes | None) -> dict[str, Any]:
    try:
        body = json.loads(raw or b"")
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _name(body: dict[str, Any]) -> str:
    return events.text_at(body, "event_name")[:64]


def waiting() -> QuerySet[InboundEvent]:
    """What waits until a unit connects its account. All that waits has an index; this is a part of it."""
    rows = InboundEvent.objects.filter(queue="vault", next_at__isnull=False, state=InboundEvent.State.PENDING)
    return rows.filter(error__startswith=UnknownAccount.__name__)


def unknown() -> int:
    """Events of accounts nobody connected, and what cannot be read at all: no officer can see them, the province's
    incident counts them. Not those of exercises."""
    placed = StuckEvent.objects.values("event_id")
    poison = InboundEvent.objects.filter(state=InboundEvent.State.POISON).exclude(pk__in=placed)
    late = waiting().filter(received_at__lte=timezone.now() - CONNECTING)
    return sum(rows.exclude(app_id=training.APP_ID).count() for rows in (poison, late))


def release(pk: uuid.UUID) -> uuid.UUID | None:
    """Puts the event back into the inbox for one more try; returns its id (zone vault)."""
    with queue.locked(StuckEvent, pk) as stuck:
        if not isinstance(stuck, StuckEvent):
            return None
        waits = {"state": InboundEvent.State.PENDING, "queue": "vault", "next_at": timezone.now()}
        rows = InboundEvent.objects.filter(pk=stuck.event_id, state=InboundEvent.State.POISON)
        rows.update(attempt=LAST_TRY, **waits)
        faults.point("inbox.stuck_released")
        queue.finish(stuck)
        return stuck.event_id


LAST_TRY = 7
"""Tries an event that is tried again has behind it: when it fails once more it is back before the duty officer."""


# --- verbs of the duty officer (zone web) -----------------------------------------------------------------------------


@transaction.atomic
def try_again(stuck: StuckEvent, *, by: Officer) -> None:
    stuck = _held(stuck)
    _require_open(stuck)
    if stuck.next_at is not None:
        return
    stuck.tried_at = stuck.next_at = timezone.now()
    stuck.queue = "vault"
    stuck.save(update_fields=["tried_at", "next_at", "queue"])
    audit.append("stuck.tried_again", stuck, by=by)
    queue.ring("zalopolice.retry_event", stuck.pk, "vault")


@transaction.atomic
def handle(stuck: StuckEvent, *, note: str, by: Officer) -> None:
    """A person has seen to it in another way; the note says how."""
    stuck = _held(stuck)
    _require_open(stuck)
    stuck.handled_by, stuck.handled_at, stuck.note = by, timezone.now(), note
    stuck.queue, stuck.next_at = "", None
    stuck.save(update_fields=["handled_by", "handled_at", "note", "queue", "next_at"])
    audit.append("stuck.handled", stuck, by=by)


def _held(stuck: StuckEvent) -> StuckEvent:
    return StuckEvent.objects.select_for_update(of=("self",)).get(pk=stuck.pk)


def _require_open(stuck: StuckEvent) -> None:
    if stuck.read_at is not None:
        raise Refused(_("Máy đã đọc được tin này; tin nằm trong hộp tin."))
    if stuck.handled_at is not None:
        raise Refused(_("Tin này đã được xử lý."))

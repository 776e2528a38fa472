"""Messages of ours that did not arrive, until they are sent again or an officer says that they know."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from tips.models import LOST, Case, Filed, TrayItem
from zalopolice.gateway.models import Message
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission

ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOST = 200
"""Read at once: an account that lost its grant fails everything, and home must still open."""


@dataclass(frozen=True)
class Unsent:
    message: Message
    case: Case | None
    item: TrayItem | None  # when it lies in no case


def unsent(officer: Officer) -> list[Unsent]:
    """Oldest first: everything of the unit for the duty desk and command, for everybody else what lies in own cases."""
    rows = Message.objects.filter(
        unit=officer.unit, direction=Message.Direction.OUT, state__in=LOST, filed__acknowledged_at=None
    )
    desk = officer.may(Permission.TRAY_READ)
    if not desk:
        rows = rows.filter(citizen__in=Case.objects.filter(claimed_by=officer).values("citizen"))
    rows = rows.select_related("case_entry__case", "filed__case", "filed__tray_item")
    found = _placed(list(rows.order_by("sent_at", "pk")[:MOST]))
    return [one for one in found if desk or (one.case and one.case.claimed_by_id == officer.pk)]


def _placed(rows: list[Message]) -> list[Unsent]:
    """With the case or thread of each; an automatic answer lies where the message lies that it answers."""
    asked = {row.pk: row.business_key[-36:] for row in rows if row.origin == Message.Origin.BOT}
    ids = [uuid.UUID(one) for one in asked.values() if ID.fullmatch(one)]
    places = Filed.objects.filter(message__in=ids).select_related("case", "tray_item") if ids else ()
    filed = {str(place.message_id): place for place in places}
    found = []
    for row in rows:
        entry = getattr(row, "case_entry", None)
        place = entry or filed.get(asked.get(row.pk, "")) or getattr(row, "filed", None)
        if place:
            found.append(Unsent(row, place.case, None if place.case else place.tray_item))
    return found

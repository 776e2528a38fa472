"""Where routing puts a citizen's message. Zone worker, in the unit's context, the citizen's row locked."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Min, Q
from django.utils import timezone

from tips.models import Case, CaseEntry, Filed, TrayItem
from zalopolice import faults, written
from zalopolice.gateway.models import Citizen, Message
from zalopolice.units.models import Alert, Officer
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission
from zalopolice.vault.aliases import new_alias, new_tip_code, unused

OPEN_CASES = "WHERE citizen_id = %s AND status <> 'closed' ORDER BY received_at DESC FOR UPDATE"
WAITING_ITEM = "WHERE citizen_id = %s AND status = 'waiting' ORDER BY id LIMIT 1"
WAITING_TIP = "SELECT EXISTS (SELECT FROM tips_trayitem WHERE citizen_id = %s AND status = 'waiting' AND kind = 'tip')"
OFFICER_SAID = """SELECT EXISTS (
    SELECT FROM gateway_message WHERE citizen_id = %s AND origin = 'officer' AND sent_at >= %s)"""
OFFICER_TALKS = timedelta(hours=12)
"""So long after an officer's words the bot keeps silent in their thread."""


def open_case_of(citizen: Citizen) -> Case | None:
    """The case this citizen's next words belong to: of those still open the one that asked last, else the latest.

    Locked, like the tray's item below: an officer who closes it at this moment either sees the new message or waits
    until it is filed, so that no message ends in something already put away. Always the case before the item, here as
    in the verbs; the other way round two of them would wait for each other."""
    found = written.rows(Case, OPEN_CASES, citizen.pk)
    if len(found) < 2:
        return found[0] if found else None
    asked = CaseEntry.objects.filter(case__in=found, kind=CaseEntry.Kind.REPLIED).order_by("-at").first()
    return next((case for case in found if asked and case.pk == asked.case_id), found[0])


def waiting_item_of(citizen: Citizen) -> TrayItem | None:
    return written.first(TrayItem, WAITING_ITEM, citizen.pk)


def waits_as_tip(citizen: Citizen) -> bool:
    return bool(written.value(WAITING_TIP, citizen.pk))


def officer_talks_with(citizen: Citizen) -> bool:
    """An officer has answered and the thread is open: the bot does not speak in between."""
    since = timezone.now() - OFFICER_TALKS
    return bool(written.value(OFFICER_SAID, citizen.pk, since)) and waiting_item_of(citizen) is not None


def file_in_case(message: Message, case: Case, *, silently: bool = False) -> None:
    Filed.objects.create(unit_id=case.unit_id, message=message, case=case)
    CaseEntry.objects.create(
        unit_id=case.unit_id, case=case, kind=CaseEntry.Kind.RECEIVED, at=message.sent_at, message=message
    )
    faults.point("routing.filed_in_case")
    mark_unread(case)
    if case.claimed_by_id is not None and not silently:
        tell(Alert.Kind.CASE_NEWS, case.unit_id, case.pk, officer=Officer(pk=case.claimed_by_id))


def mark_unread(case: Case) -> None:
    """There are words its officer has not seen, since now. The time of the message would not do: what waited in the
    tray is older than the officer's last look."""
    Case.objects.filter(pk=case.pk, unread_since=None).update(unread_since=timezone.now())


def mark_urgent(case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(is_urgent=True)


TAKEN_FOR = timedelta(minutes=30)
"""So long the officer who took an alarm is thought to be at it; later, new words of danger ring for everybody again."""


def put_in_tray(message: Message, *, kind: str = "", urgent: bool = False) -> TrayItem:
    """Adds to the citizen's waiting thread, or opens one; a kind once given stays, an alarm while its words wait."""
    item = written.first(TrayItem, f"{WAITING_ITEM} FOR UPDATE", message.citizen.pk) or _new_item(message)
    item.kind = item.kind if item.kind == TrayItem.Kind.TIP else kind or item.kind
    item.group_id = item.group_id or message.group_id
    item.opened_at = min(item.opened_at, message.sent_at)
    item.waits_since = message.sent_at if item.is_answered else min(item.waits_since, message.sent_at)
    item.is_answered = False
    if urgent:
        _alarm(item, message)
    item.save()
    faults.point("routing.item_kept")
    Filed.objects.create(unit_id=message.unit_id, message=message, tray_item=item, is_danger=urgent)
    faults.point("routing.filed")
    return item


def _new_item(message: Message) -> TrayItem:
    return TrayItem(
        unit_id=message.unit_id,
        citizen=message.citizen,
        alias=unused(TrayItem.objects.filter(unit_id=message.unit_id), "alias", new_alias),
        opened_at=message.sent_at,
        waits_since=message.sent_at,
    )


def _alarm(item: TrayItem, message: Message) -> None:
    item.is_urgent = True
    item.urgent_since = min(item.urgent_since or message.sent_at, message.sent_at)
    if item.taken_at is not None and item.taken_at < timezone.now() - TAKEN_FOR:
        item.taken_by = item.taken_at = None
        item.urgent_since = message.sent_at
    tell(Alert.Kind.DANGER, item.unit_id, item.pk, permission=Permission.TRAY_READ)


def settle(item: TrayItem) -> None:
    """After some of its words went into a case: how pressing the rest is, and since when it waits."""
    left = Filed.objects.filter(tray_item=item, case=None, message__direction=Message.Direction.IN)
    since = left.aggregate(waits=Min("message__sent_at"), urgent=Min("message__sent_at", filter=Q(is_danger=True)))
    item.is_urgent, item.urgent_since = since["urgent"] is not None, since["urgent"]
    item.waits_since = item.waits_since if item.is_answered else since["waits"]
    item.save(update_fields=["is_urgent", "urgent_since", "waits_since"])


def heard_in(item: TrayItem) -> list[Message]:
    """What the citizen wrote in this thread."""
    return list(Message.objects.filter(filed__tray_item=item, direction=Message.Direction.IN))


def mark_answered(item: TrayItem) -> None:
    """What it was opened for has been answered; nobody has to, until the citizen writes again."""
    item.is_answered, item.waits_since = True, timezone.now()
    item.save(update_fields=["is_answered", "waits_since"])


def give_tip_code(item: TrayItem) -> str:
    """The code a citizen quotes; a case opened from the item keeps it."""
    if not item.tip_code:
        item.tip_code = new_tip_code()
        item.save(update_fields=["tip_code"])
    return item.tip_code

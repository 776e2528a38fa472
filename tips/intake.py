"""Where routing puts a citizen's message. Zone worker, in the unit's context, the citizen's row locked."""

from __future__ import annotations

from django.utils import timezone

from tips.models import Case, CaseEntry, Filed, TrayItem
from zalopolice.gateway.models import Citizen, Message
from zalopolice.vault.aliases import new_alias, new_tip_code, unused


def open_case_of(citizen: Citizen) -> Case | None:
    """The case this citizen's next words belong to: of those still open the one that asked last, else the latest.

    Locked, like the tray's item below: an officer who closes it at this moment either sees the new message or waits
    until it is filed, so that no message ends in something already put away. Always the case before the item, here as
    in the verbs; the other way round two of them would wait for each other."""
    cases = Case.objects.filter(citizen=citizen).open().select_for_update(of=("self",))
    found = list(cases.order_by("-received_at"))
    if len(found) < 2:
        return found[0] if found else None
    asked = CaseEntry.objects.filter(case__in=found, kind=CaseEntry.Kind.REPLIED).order_by("-at").first()
    return next((case for case in found if asked and case.pk == asked.case_id), found[0])


def waiting_item_of(citizen: Citizen) -> TrayItem | None:
    return TrayItem.objects.filter(citizen=citizen, status=TrayItem.Status.WAITING).first()


def file_in_case(message: Message, case: Case) -> None:
    Filed.objects.create(unit_id=case.unit_id, message=message, case=case)
    CaseEntry.objects.create(
        unit_id=case.unit_id, case=case, kind=CaseEntry.Kind.RECEIVED, at=message.sent_at, message=message
    )
    mark_unread(case)


def mark_unread(case: Case) -> None:
    """There are words its officer has not seen, since now. The time of the message would not do: what waited in the
    tray is older than the officer's last look."""
    Case.objects.filter(pk=case.pk, unread_since=None).update(unread_since=timezone.now())


def mark_urgent(case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(is_urgent=True)


def put_in_tray(message: Message, *, kind: str = "", urgent: bool = False) -> TrayItem:
    """Adds to the citizen's waiting thread, or opens one; a kind or an alarm once given stays."""
    waiting = TrayItem.objects.filter(citizen=message.citizen, status=TrayItem.Status.WAITING)
    item = waiting.select_for_update().first()
    if item is None:
        item = TrayItem.objects.create(
            unit_id=message.unit_id,
            citizen=message.citizen,
            alias=unused(TrayItem.objects.filter(unit_id=message.unit_id), "alias", new_alias),
            kind=kind or TrayItem.Kind.UNSORTED,
            is_urgent=urgent,
            opened_at=message.sent_at,
        )
    else:
        item.kind = kind or item.kind
        item.is_urgent = item.is_urgent or urgent
        item.opened_at = min(item.opened_at, message.sent_at)
        item.save(update_fields=["kind", "is_urgent", "opened_at"])
    Filed.objects.create(unit_id=message.unit_id, message=message, tray_item=item)
    return item


def give_tip_code(item: TrayItem) -> str:
    """The code a citizen quotes; a case opened from the item keeps it."""
    if not item.tip_code:
        item.tip_code = new_tip_code()
        item.save(update_fields=["tip_code"])
    return item.tip_code

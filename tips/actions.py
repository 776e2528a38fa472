"""What officers do with the tray and with cases. Each verb checks the right, writes its audit entry in the same
transaction, and leaves sending to the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tips.models import Case, CaseEntry, Filed, TrayItem, colleagues
from zalopolice import queue
from zalopolice.audit import log
from zalopolice.gateway import outbox
from zalopolice.gateway.models import Citizen, Message
from zalopolice.states import WrongState, move_to
from zalopolice.units.models import Area, Officer
from zalopolice.units.roles import Permission
from zalopolice.vault.aliases import new_alias, new_tip_code, unused

Kind = CaseEntry.Kind
Status = Case.Status


class Refused(Exception):
    """The act is not possible now; the message is the sentence the officer reads."""


def _require(by: Officer, permission: Permission) -> None:
    if not by.may(permission):
        raise PermissionDenied


def _require_work_on(case: Case, by: Officer) -> None:
    if not case.workable_by(by):
        raise PermissionDenied


def _line(case: Case, kind: str, by: Officer, *, text: str = "", message: Message | None = None) -> CaseEntry:
    return CaseEntry.objects.create(unit_id=case.unit_id, case=case, kind=kind, officer=by, text=text, message=message)


def _say(citizen: Citizen, text: str, origin: str = Message.Origin.OFFICER, business_key: str = "") -> Message:
    try:
        return outbox.enqueue(citizen, text, origin=origin, business_key=business_key)
    except ValueError as error:
        raise Refused(str(error)) from None


# --- tray --------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_case(
    item: TrayItem,
    messages: Sequence[Message],
    *,
    title: str,
    classification: str,
    area: Area | None,
    by: Officer,
) -> Case:
    """Makes a case of the chosen messages of a tray item and tells the citizen the tip code, once."""
    _require(by, Permission.CASE_OPEN)
    _hold(item)
    if not messages:
        raise Refused(_("Hãy chọn ít nhất một tin nhắn."))
    told = bool(item.tip_code) and not Case.objects.filter(unit_id=item.unit_id, tip_code=item.tip_code).exists()
    case = Case.objects.create(
        unit_id=item.unit_id,
        citizen_id=item.citizen_id,
        alias=unused(Case.objects.filter(unit_id=item.unit_id), "alias", new_alias),
        tip_code=item.tip_code if told else new_tip_code(),  # a second case of one thread needs a code of its own
        classification=classification,
        area=area,
        title=title,
        is_urgent=item.is_urgent,
        received_at=min(message.sent_at for message in messages),
        opened_by=by,
    )
    _line(case, Kind.OPENED, by)
    _move_messages(item, messages, case, by)
    if not told:
        text = outbox.words("tip_received", code=case.tip_code)
        _line(case, Kind.TOLD, by, message=_say(item.citizen, text, Message.Origin.BOT, f"code:{case.pk}"))
    log.append("case.opened", case, by=by, messages=len(messages), classification=classification)
    return case


@transaction.atomic
def add_to_case(item: TrayItem, messages: Sequence[Message], case: Case, *, by: Officer) -> None:
    """Adds chosen messages to an open case of the same source."""
    _require(by, Permission.CASE_OPEN)
    _hold(item)
    if not messages:
        raise Refused(_("Hãy chọn ít nhất một tin nhắn."))
    if case.status == Status.CLOSED:
        raise Refused(_("Vụ việc đã kết thúc, không thêm tin được nữa."))
    if case.citizen_id != item.citizen_id:
        # Another person's words in a case would be shown to whoever may read it and answered to the wrong source.
        raise Refused(_("Vụ việc này của một nguồn tin khác."))
    _move_messages(item, messages, case, by)
    if item.is_urgent and not case.is_urgent:
        case.is_urgent = True
        case.save(update_fields=["is_urgent"])
    log.append("case.messages_added", case, by=by, messages=len(messages))


def _hold(item: TrayItem) -> None:
    """Locks the thread, so that a message that arrives now is either seen below or opens a new thread."""
    if not TrayItem.objects.select_for_update().filter(pk=item.pk, status=TrayItem.Status.WAITING).exists():
        raise Refused(_("Mục này đã được xếp."))


def _move_messages(item: TrayItem, messages: Sequence[Message], case: Case, by: Officer) -> None:
    rows = Filed.objects.filter(tray_item=item, case=None, message__in=messages)
    if rows.update(case=case) != len(messages):
        raise Refused(_("Có tin nhắn vừa được người khác xếp. Hãy tải lại trang."))
    CaseEntry.objects.bulk_create(
        CaseEntry(unit_id=case.unit_id, case=case, kind=Kind.RECEIVED, at=message.sent_at, message=message)
        for message in messages
    )
    if not item.unsorted_messages().exists():
        _sorted(item, by)


def _sorted(item: TrayItem, by: Officer) -> None:
    try:
        move_to(item, TrayItem.Status.SORTED, sorted_by=by, sorted_at=timezone.now())
    except WrongState as error:
        raise Refused(str(error)) from None


@transaction.atomic
def answer_from_tray(item: TrayItem, text: str, *, by: Officer) -> Message:
    """Answers a question that needs no case."""
    _require(by, Permission.TRAY_READ)
    _hold(item)
    message = _say(item.citizen, text)
    Filed.objects.create(unit_id=item.unit_id, message=message, tray_item=item)
    log.append("tray.answered", item, by=by, message=str(message.pk))
    return message


@transaction.atomic
def sort_out(item: TrayItem, *, by: Officer, seen: int | None = None) -> None:
    """Takes an item off the tray without a case: answered, chatter, or nothing for us.

    ``seen``: how many unsorted messages the officer had before them; a later one must be read first."""
    _require(by, Permission.TRAY_READ)
    _hold(item)
    if seen is not None and item.unsorted_messages().count() > seen:
        raise Refused(_("Người dân vừa nhắn thêm. Hãy đọc tin mới trước khi xếp."))
    _sorted(item, by)
    log.append("tray.sorted_out", item, by=by)


# --- cases -------------------------------------------------------------------------------------------------------


@transaction.atomic
def claim(case: Case, *, by: Officer) -> None:
    """The first one wins; everybody else learns who did."""
    _require(by, Permission.CASE_CLAIM)
    try:
        move_to(case, Status.IN_PROGRESS, claimed_by=by, claimed_at=timezone.now())
    except WrongState:
        raise Refused(_refusal(case)) from None
    _line(case, Kind.CLAIMED, by)
    log.append("case.claimed", case, by=by)


def _refusal(case: Case) -> str:
    now = Case.objects.select_related("claimed_by").get(pk=case.pk)
    if now.claimed_by is None or now.claimed_at is None:
        return _("Vụ việc vừa thay đổi. Hãy tải lại trang.")
    at = timezone.localtime(now.claimed_at)
    return _("Đ/c %(name)s đã nhận vụ việc này lúc %(time)s.") % {"name": now.claimed_by, "time": f"{at:%H:%M %d/%m}"}


@transaction.atomic
def assign(case: Case, to: Officer, *, by: Officer) -> None:
    """Gives a case nobody has claimed to an officer of the unit."""
    _require(by, Permission.CASE_ASSIGN)
    if not colleagues(case.unit_id).filter(pk=to.pk).exists():
        raise Refused(_("Chỉ giao được cho cán bộ đang làm vụ việc trong đơn vị."))
    try:
        move_to(case, Status.IN_PROGRESS, claimed_by=to, claimed_at=timezone.now())
    except WrongState:
        raise Refused(_refusal(case)) from None
    _line(case, Kind.ASSIGNED, by, text=str(to))
    log.append("case.assigned", case, by=by, to=str(to.pk))


@transaction.atomic
def reply(case: Case, text: str, *, by: Officer) -> Message:
    """Answers the source; Zalo decides by its reply window whether it may still be sent."""
    _require_work_on(case, by)
    if case.status == Status.CLOSED:
        raise Refused(_("Vụ việc đã kết thúc."))
    message = _say(case.citizen, text)
    _line(case, Kind.REPLIED, by, message=message)
    log.append("case.replied", case, by=by, message=str(message.pk))
    return message


@transaction.atomic
def resend(case: Case, message: Message, *, by: Officer) -> None:
    """Queues once more what Zalo did not take; an officer decides, never the machine."""
    _require_work_on(case, by)
    anew: dict[str, Any] = {"queue": "vault", "next_at": timezone.now(), "attempt": 0, "settled_at": None, "error": ""}
    try:
        move_to(message, Message.State.QUEUED, field="state", **anew)
    except WrongState as error:
        raise Refused(str(error)) from None
    log.append("case.message_requeued", case, by=by, message=str(message.pk))
    queue.ring("zalopolice.deliver", message.pk, "vault")


@transaction.atomic
def note(case: Case, text: str, *, by: Officer) -> None:
    """Writes something for colleagues; the source never sees it."""
    _require_work_on(case, by)
    _line(case, Kind.NOTED, by, text=text)
    log.append("case.noted", case, by=by)


@transaction.atomic
def propose_closing(case: Case, *, result: str, summary: str, by: Officer) -> None:
    _require_work_on(case, by)
    case.summary = summary
    _move(case, Status.CLOSING, proposed_by=by, proposed_at=timezone.now(), result=result)
    case.save(update_fields=["summary"])
    _line(case, Kind.PROPOSED, by, text=summary)
    log.append("case.closing_proposed", case, by=by, result=result)


@transaction.atomic
def return_to_work(case: Case, *, reason: str, by: Officer) -> None:
    """Command does not agree to close yet."""
    _require(by, Permission.CASE_CLOSE)
    _move(case, Status.IN_PROGRESS, proposed_by=None, proposed_at=None, result="")
    _line(case, Kind.RETURNED, by, text=reason)
    log.append("case.closing_returned", case, by=by)


@transaction.atomic
def close(case: Case, *, by: Officer, seen: int | None = None) -> None:
    """Closes what somebody else proposed to close, and tells the source in the allowed words.

    ``seen``: how many messages of the source the chief had before them; a later one must be read first."""
    _require(by, Permission.CASE_CLOSE)
    Case.objects.select_for_update().filter(pk=case.pk).exists()  # a message filed now is counted below
    if seen is not None and case.entries.filter(kind=Kind.RECEIVED).count() > seen:
        raise Refused(_("Nguồn tin vừa nhắn thêm. Hãy đọc tin mới trước khi duyệt."))
    if case.proposed_by_id == by.pk:
        raise Refused(_("Người đề nghị kết thúc không thể tự duyệt. Cần một lãnh đạo khác."))
    _move(case, Status.CLOSED, closed_by=by, closed_at=timezone.now())
    _line(case, Kind.CLOSED, by)
    text = outbox.words("case_closed", code=case.tip_code, result=case.result)
    _line(case, Kind.TOLD, by, message=_say(case.citizen, text, Message.Origin.BOT, f"closed:{case.pk}"))
    log.append("case.closed", case, by=by, result=case.result)


def _move(case: Case, status: str, **changes: Any) -> None:
    try:
        move_to(case, status, **changes)
    except WrongState as error:
        raise Refused(str(error)) from None

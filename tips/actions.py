"""What officers do with cases (``tray_actions``: with the tray). Each verb checks the right, writes its audit entry
in the same transaction, and leaves sending to the outbox."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tips import guards, intake
from tips.guards import line, locked, move, require
from tips.models import LOST, Case, CaseEntry, Filed, TrayItem
from zalopolice import queue
from zalopolice.audit import log
from zalopolice.gateway import outbox, rules
from zalopolice.gateway.models import Message
from zalopolice.refusals import Refused
from zalopolice.units.models import Alert, Area, Officer
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission
from zalopolice.vault.aliases import new_alias, new_tip_code, unused

Kind = CaseEntry.Kind
Status = Case.Status


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
    require(by, Permission.CASE_OPEN)
    item = guards.held(item)
    if known := _made_of(messages, title, by):
        return known
    guards.require_waiting(item)
    if not messages:
        raise Refused(_("Hãy chọn ít nhất một tin nhắn."))
    told = bool(item.tip_code) and not Case.objects.filter(unit_id=item.unit_id, tip_code=item.tip_code).exists()
    case = Case.objects.create(
        unit_id=item.unit_id,
        citizen=item.citizen,
        alias=unused(Case.objects.filter(unit_id=item.unit_id), "alias", new_alias),
        tip_code=item.tip_code if told else new_tip_code(),  # a second case of one thread needs a code of its own
        classification=classification,
        area=area,
        title=title,
        is_urgent=_alarming(messages),
        received_at=min(message.sent_at for message in messages),
        opened_by=by,
        unread_since=timezone.now(),
    )
    line(case, Kind.OPENED, by)
    _move_messages(item, messages, case, by)
    if not told:
        _tell(case, f"code:{case.pk}", outbox.words("tip_received", code=case.tip_code), by=by)
    log.append("case.opened", case, by=by, messages=len(messages), classification=classification)
    return case


@transaction.atomic
def add_to_case(item: TrayItem, messages: Sequence[Message], case: Case, *, by: Officer) -> None:
    """Adds chosen messages to an open case of the same source."""
    require(by, Permission.CASE_OPEN)
    case = locked(case)
    item = guards.held(item)
    if messages and _cases_of(messages) == {case.pk}:
        return  # the second press of the same button
    guards.require_waiting(item)
    if not messages:
        raise Refused(_("Hãy chọn ít nhất một tin nhắn."))
    if case.status == Status.CLOSED:
        raise Refused(_("Vụ việc đã kết thúc, không thêm tin được nữa."))
    if case.citizen_id != item.citizen_id:
        # Another person's words in a case would be shown to whoever may read it and answered to the wrong source.
        raise Refused(_("Vụ việc này của một nguồn tin khác."))
    _move_messages(item, messages, case, by)
    intake.mark_unread(case)
    if _alarming(messages):
        intake.mark_urgent(case)
    if case.claimed_by_id:
        tell(Alert.Kind.CASE_NEWS, case.unit_id, case.pk, officer=case.claimed_by, by=by)
    log.append("case.messages_added", case, by=by, messages=len(messages))


def _tell(case: Case, business_key: str, text: str, *, by: Officer, asked: bool = True) -> None:
    """What the machine says to the source. Who is known from a group alone is told nothing; the case goes on."""
    if not rules.only_in_group(case.citizen):
        told = guards.say(case.citizen, text, business_key, Message.Origin.BOT, asked=asked)
        line(case, Kind.TOLD, by, message=told)


def _alarming(messages: Sequence[Message]) -> bool:
    """Urgency belongs to the words: a second, harmless case of an urgent thread is none."""
    return Filed.objects.filter(message__in=messages, is_danger=True).exists()


def _cases_of(messages: Sequence[Message]) -> set[uuid.UUID | None]:
    return set(Filed.objects.filter(message__in=messages).values_list("case", flat=True))


def _made_of(messages: Sequence[Message], title: str, by: Officer) -> Case | None:
    """The case the first press of the same button has made of these messages."""
    case = Case.objects.filter(filed__message__in=messages, opened_by=by).first()
    return case if case and case.title == title and _cases_of(messages) == {case.pk} else None


def _move_messages(item: TrayItem, messages: Sequence[Message], case: Case, by: Officer) -> None:
    rows = Filed.objects.filter(tray_item=item, case=None, message__in=messages)
    if rows.update(case=case) != len(messages):
        raise Refused(_("Có tin nhắn vừa được người khác xếp. Hãy tải lại trang."))
    CaseEntry.objects.bulk_create(
        CaseEntry(unit_id=case.unit_id, case=case, kind=Kind.RECEIVED, at=message.sent_at, message=message)
        for message in messages
    )
    if item.unsorted_messages().exists():
        intake.settle(item)
    else:
        move(item, TrayItem.Status.SORTED, sorted_by=by, sorted_at=timezone.now())


@transaction.atomic
def claim(case: Case, *, by: Officer) -> None:
    """The first one wins; everybody else learns who did."""
    require(by, Permission.CASE_CLAIM)
    case = guards.unclaimed(case)
    move(case, Status.IN_PROGRESS, claimed_by=by, claimed_at=timezone.now())
    line(case, Kind.CLAIMED, by)
    log.append("case.claimed", case, by=by)


@transaction.atomic
def assign(case: Case, to: Officer, *, by: Officer) -> None:
    """Gives a case nobody has claimed to an officer of the unit."""
    require(by, Permission.CASE_ASSIGN)
    guards.require_colleague(case, to)
    case = guards.unclaimed(case)
    move(case, Status.IN_PROGRESS, claimed_by=to, claimed_at=timezone.now())
    line(case, Kind.ASSIGNED, by, text=str(to))
    tell(Alert.Kind.CASE_ASSIGNED, case.unit_id, case.pk, officer=to, by=by)
    log.append("case.assigned", case, by=by, to=str(to.pk))


@transaction.atomic
def reassign(case: Case, to: Officer, *, by: Officer, reason: str = "") -> None:
    """Hands a case from the officer who has it, and is ill, away or moved, to another one.

    Whoever may not read the unit's cases anyway may not take one this way either: need to know (design D21)."""
    require(by, Permission.CASE_ASSIGN)
    if to == by and not by.may(Permission.CASE_READ_ALL):
        raise Refused(_("Trực ban không tự giao cho mình vụ việc người khác đang giữ. Hãy chọn cán bộ khác."))
    guards.require_colleague(case, to)
    case = locked(case)
    before = case.claimed_by
    if before is None or case.status == Status.CLOSED:
        raise Refused(_("Chỉ giao lại được vụ việc đang có người xử lý."))
    if before == to:
        if _handed_by(case, by):
            return  # the second press of the same button
        raise Refused(_("Đ/c %(name)s đang giữ vụ việc này rồi. Chọn cán bộ khác.") % {"name": to})
    case.claimed_by, case.claimed_at, case.unread_since = to, timezone.now(), timezone.now()
    case.save(update_fields=["claimed_by", "claimed_at", "unread_since"])
    line(case, Kind.REASSIGNED, by, text=f"{before} → {to}\n{reason}".strip())
    tell(Alert.Kind.CASE_ASSIGNED, case.unit_id, case.pk, officer=to, by=by)
    log.append("case.reassigned", case, by=by, before=str(before.pk), to=str(to.pk))


def _handed_by(case: Case, by: Officer) -> bool:
    """Whether ``by`` has handed the case to its holder within the last minute."""
    lately = timezone.now() - timedelta(minutes=1)
    return case.entries.filter(kind=Kind.REASSIGNED, officer=by, at__gte=lately).exists()


@transaction.atomic
def reply(case: Case, text: str, *, by: Officer, once: uuid.UUID | None = None) -> Message:
    """Answers the source; Zalo decides by its reply window whether it may still be sent."""
    case = locked(case)
    guards.require_work_on(case, by)
    key = f"reply:{case.pk}:{guards.name_of(once, text)}"
    if known := guards.said(case.unit_id, key):
        return known
    if case.status == Status.CLOSED:
        raise Refused(_("Vụ việc đã kết thúc."))
    message = guards.say(case.citizen, text, key)
    line(case, Kind.REPLIED, by, message=message)
    log.append("case.replied", case, by=by, message=str(message.pk))
    return message


@transaction.atomic
def resend(place: Case | TrayItem, message: Message, *, by: Officer) -> None:
    """Queues once more what Zalo did not take; an officer decides, never the machine."""
    kind = guards.require_answering(place, by)
    anew: dict[str, Any] = {"queue": "vault", "next_at": timezone.now(), "attempt": 0, "settled_at": None, "error": ""}
    move(message, Message.State.QUEUED, field="state", **anew)
    Filed.objects.filter(message=message).update(acknowledged_at=None)  # should it fail again, it is news again
    log.append(f"{kind}.message_requeued", place, by=by, message=str(message.pk))
    queue.ring("zalopolice.deliver", message.pk, "vault")


@transaction.atomic
def acknowledge(place: Case | TrayItem, message: Message, *, by: Officer) -> None:
    """Takes what did not arrive off the alarms: an officer knows of it and leaves it so."""
    kind = guards.require_answering(place, by)
    if message.state not in LOST:
        raise Refused(_("Tin này vừa thay đổi. Hãy tải lại trang."))
    now = {"acknowledged_at": timezone.now()}
    lies = {"case": place} if isinstance(place, Case) else {"tray_item": place}
    Filed.objects.update_or_create(
        message=message, defaults=now, create_defaults={"unit_id": place.unit_id, **lies, **now}
    )
    log.append(f"{kind}.failure_acknowledged", place, by=by, message=str(message.pk))


@transaction.atomic
def note(case: Case, text: str, *, by: Officer, once: uuid.UUID | None = None) -> None:
    """Writes something for colleagues; the source never sees it."""
    case = locked(case)
    guards.require_work_on(case, by)
    pk = guards.name_of(once, case.pk, text)
    if case.entries.filter(pk=pk).exists():
        return
    line(case, Kind.NOTED, by, id=pk, text=text)
    log.append("case.noted", case, by=by)


@transaction.atomic
def propose_closing(case: Case, *, result: str, summary: str, by: Officer) -> None:
    case = locked(case)
    guards.require_work_on(case, by)
    if (case.status, case.proposed_by_id, case.result, case.summary) == (Status.CLOSING, by.pk, result, summary):
        return  # the second press of the same button
    case.summary = summary
    move(case, Status.CLOSING, proposed_by=by, proposed_at=timezone.now(), result=result, returned_at=None)
    case.save(update_fields=["summary"])
    line(case, Kind.PROPOSED, by, text=summary)
    tell(Alert.Kind.CLOSING_PROPOSED, case.unit_id, case.pk, permission=Permission.CASE_CLOSE, by=by)
    log.append("case.closing_proposed", case, by=by, result=result)


@transaction.atomic
def return_to_work(case: Case, *, reason: str, by: Officer) -> None:
    """Command does not agree to close yet."""
    require(by, Permission.CASE_CLOSE)
    case = locked(case)
    if case.status == Status.UNCLAIMED:
        raise Refused(_("Chưa ai đề nghị kết thúc vụ việc này."))
    now = timezone.now()
    move(case, Status.IN_PROGRESS, proposed_by=None, proposed_at=None, result="", returned_at=now)
    line(case, Kind.RETURNED, by, text=reason)
    tell(Alert.Kind.CLOSING_RETURNED, case.unit_id, case.pk, officer=case.claimed_by, by=by)
    log.append("case.closing_returned", case, by=by)


@transaction.atomic
def close(
    case: Case, *, by: Officer, seen: Collection[uuid.UUID] | None = None, proposed_at: datetime | None = None
) -> None:
    """Closes what somebody else proposed to close, and tells the source in the allowed words.

    ``seen``: the source's messages the chief had before them; another one must be read first. ``proposed_at``: which
    proposal they read; it may have been returned and written anew since."""
    require(by, Permission.CASE_CLOSE)
    case = locked(case)
    if seen is not None and case.entries.filter(kind=Kind.RECEIVED).exclude(message__in=seen).exists():
        raise Refused(_("Nguồn tin vừa nhắn thêm. Hãy đọc tin mới trước khi duyệt."))
    if proposed_at is not None and case.proposed_at != proposed_at:
        raise Refused(_("Đề nghị kết thúc đã khác bản đồng chí đọc. Hãy đọc lại trước khi duyệt."))
    if case.proposed_by_id == by.pk:
        raise Refused(_("Người đề nghị kết thúc không thể tự duyệt. Cần một lãnh đạo khác."))
    move(case, Status.CLOSED, closed_by=by, closed_at=timezone.now())
    line(case, Kind.CLOSED, by)
    text = outbox.words("case_closed", code=case.tip_code, result=case.result)
    _tell(case, f"closed:{case.pk}", text, by=by, asked=False)
    log.append("case.closed", case, by=by, result=case.result)

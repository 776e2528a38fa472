"""What an officer reads, in order: a thread of the tray, or the timeline of a case.

Nothing here tells who the citizen is: only the alias of this thread or this case is ever used as a name."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import CharField, Exists, F, OuterRef, Q
from django.db.models.functions import Cast, Coalesce, Now, Right
from django.utils import timezone
from django.utils.translation import gettext as _

from tips import attached
from tips.attached import File
from tips.lateness import is_late, late_after
from tips.models import LOST, Case, CaseEntry, Filed, TrayItem
from tips.wordless import words_of
from zalopolice.gateway.models import ChatGroup, Message
from zalopolice.paging import Page, page
from zalopolice.units import keyring

State = Message.State
SIZE = 100
"""Messages on one page of a thread; older ones have a page of their own."""


@dataclass(frozen=True)
class Delivery:
    words: str
    tone: str  # done, wait, soon (look at it), late (failed)


@dataclass
class Line:
    """One thing in order: words either way, or what an officer did."""

    at: datetime
    side: str  # in, out, act
    who: str
    text: str = ""
    message: Message | None = None
    entry: CaseEntry | None = None
    moved_to: Case | None = None  # a message that lies in a case now; its words are read there
    files: list[File] = field(default_factory=list)
    is_late: bool = False  # it reached us long after it was written
    more: list[Line] = field(default_factory=list)  # of a flood: what came right after it

    @property
    def delivery(self) -> Delivery | None:
        return delivery(self.message) if self.message and self.side == "out" else None

    @property
    def is_known(self) -> bool:
        """Somebody has said that they know it did not arrive."""
        filed = getattr(self.message, "filed", None)
        return filed is not None and filed.acknowledged_at is not None

    @property
    def is_danger(self) -> bool:
        """These words raised the alarm."""
        filed = getattr(self.message, "filed", None)
        return filed is not None and filed.is_danger

    @property
    def choosable(self) -> bool:
        return self.side == "in" and self.moved_to is None


@dataclass(frozen=True)
class Thread:
    lines: list[Line]
    older: str  # where the page of older messages begins; "" when these are all

    @property
    def is_flood(self) -> bool:
        return any(line.message is not None and line.message.is_flood for line in self.lines)


def _gathered(lines: list[Line]) -> list[Line]:
    """A flood takes one line: the first of its messages, the others folded under it. Words of danger never fold."""
    found: list[Line] = []
    for line in lines:
        folds = line.message is not None and line.message.is_flood and not line.is_danger and not line.moved_to
        head = found[-1] if found else None
        if folds and head is not None and head.message is not None and head.message.is_flood and not head.moved_to:
            head.more.append(line)
        else:
            found.append(line)
    return found


def delivery(message: Message) -> Delivery:
    """What became of a message of ours, in words."""
    if message.state == State.UNKNOWN:
        return Delivery(_("Chưa rõ đã gửi. Máy đang kiểm tra, đồng chí đừng gửi lại."), "soon")
    label = str(State(message.state).label)
    if message.state == State.RETRY and message.next_at:
        again = f"{timezone.localtime(message.next_at):%H:%M}"
        return Delivery(_("Chưa gửi được. Máy tự gửi lại lúc %(time)s.") % {"time": again}, "soon")
    if message.state == State.SENT and (message.seen_at or message.delivered_at):
        return Delivery(_("Người dân đã xem") if message.seen_at else _("Đã tới máy người dân"), "done")
    tone = "late" if message.state in LOST else "done" if message.state in (State.SENT, State.SKIPPED) else "wait"
    return Delivery(f"{label}: {_(message.error)}" if message.error else label, tone)


def tray_thread(item: TrayItem, after: str | None = None, also: Iterable[uuid.UUID] = ()) -> Thread:
    """``also``: owners of other words on the page, so that all keys come in one query."""
    answered = Q(filed__tray_item=item) & ~Q(origin=Message.Origin.BOT)
    here = answered | _automatic(tray_item=item, case=None) | _console_in_tray(item)
    rows = Message.objects.filter(here, unit=item.unit_id, citizen=item.citizen_id)
    rows = rows.select_related("filed__case", "group").annotate(attached=attached.beside("pk"), **late_after())
    found = page(rows, ("-sent_at", "-pk"), after, SIZE)
    warm([item.citizen_id, *also])
    name = _("Người nhắn %(alias)s") % {"alias": item.alias}
    lines = [_tray_line(row, name) for row in reversed(found.rows)]
    return Thread(_gathered(lines), found.following)


def _tray_line(row: Message, name: str) -> Line:
    side = str(row.direction)
    return _received(row, side, name if side == "in" else sender(row))


def _received(row: Message, side: str, who: str) -> Line:
    """Words that lie in a case are read by whoever may read that case, and nowhere else."""
    if case := _filed_case(row):
        return Line(row.sent_at, side, who, message=row, moved_to=case)
    files = attached.files_of(row, vars(row)["attached"])
    return Line(row.sent_at, side, who, words_of(row), row, files=files, is_late=is_late(row, row))


def group_thread(group: ChatGroup, after: str | None, member: Callable[[ChatGroup, uuid.UUID], str]) -> Thread:
    """What was said in a group. ``member`` tells its speakers apart."""
    rows = Message.objects.filter(unit=group.unit_id, group=group).select_related("filed__case", "filed__tray_item")
    found = page(rows.annotate(attached=attached.beside("pk"), **late_after()), ("-sent_at", "-pk"), after, SIZE)
    warm(row.citizen_id for row in found.rows)
    lines = []
    for row in reversed(found.rows):
        name = _("Thành viên %(code)s") % {"code": member(group, row.citizen_id)}
        lines.append(_received(row, "in", name))
    return Thread(lines, found.following)


def _filed_case(row: Message) -> Case | None:
    filed = getattr(row, "filed", None)
    return filed.case if filed else None


def sender(row: Message) -> str:
    if row.origin == Message.Origin.BOT:
        return _("Máy trả lời")
    if row.kind == "call":
        return _("Gọi từ ứng dụng Zalo OA")
    if row.origin == Message.Origin.CONSOLE:
        return _("Gõ trong trang quản trị Zalo, ngoài cổng này")
    return _("Cán bộ trả lời")


def timeline(case: Case, after: str | None = None) -> Thread:
    entries = CaseEntry.objects.filter(case=case).select_related("officer", "message__filed", "message__group")
    entries = entries.annotate(attached=attached.beside("message"), **late_after())
    found = page(entries, ("-at", "-pk"), after, SIZE)
    extra = list(_between(_beside(case), found))
    warm([case.citizen_id, case.pk])
    lines = [_case_line(case, entry) for entry in reversed(found.rows)]
    lines += [Line(row.sent_at, "out", sender(row), words_of(row), row) for row in extra]
    return Thread(_gathered(sorted(lines, key=lambda line: line.at)), found.following)


def _between(rows: models.QuerySet[Message], found: Page[Any]) -> models.QuerySet[Message]:
    """Those that belong between the first and the last line of this page."""
    if found.following:
        rows = rows.filter(sent_at__gte=found.rows[-1].at)
    return rows.filter(sent_at__lt=found.place[0]) if found.place else rows


def _case_line(case: Case, entry: CaseEntry) -> Line:
    row = entry.message
    if row is None:
        return Line(entry.at, "act", str(entry.officer or ""), entry.text, entry=entry)
    if row.direction == Message.Direction.IN:
        who = _("Nguồn tin %(alias)s") % {"alias": case.alias}
        files = attached.files_of(row, vars(entry)["attached"])
        return Line(entry.at, "in", who, words_of(row), row, entry, files=files, is_late=is_late(row, entry))
    who = sender(row) if row.origin == Message.Origin.BOT else str(entry.officer or "")
    return Line(entry.at, "out", who, row.text, row, entry)


def _beside(case: Case) -> models.QuerySet[Message]:
    """What went to the source without a line of its own: automatic answers, and what was typed past the portal."""
    newer = Case.objects.filter(
        citizen=case.citizen_id, received_at__gt=case.received_at, received_at__lte=OuterRef("sent_at")
    )
    typed = Q(~Exists(newer), origin=Message.Origin.CONSOLE, sent_at__gte=case.received_at)
    if case.closed_at:
        typed &= Q(sent_at__lte=case.closed_at)
    rows = Message.objects.filter(unit=case.unit_id, citizen=case.citizen_id, direction=Message.Direction.OUT)
    return rows.filter(_automatic(case=case) | typed, case_entry=None).select_related("filed")


def ours(place: Case | TrayItem) -> models.QuerySet[Message]:
    """What was sent in this case or thread, an officer's words and the machine's."""
    if isinstance(place, Case):
        here = Q(case_entry__case=place) | _automatic(case=place)
    else:
        here = Q(filed__tray_item=place) | _automatic(tray_item=place, case=None)
    return Message.objects.filter(here, unit=place.unit_id, citizen=place.citizen_id, direction=Message.Direction.OUT)


def _automatic(**place: object) -> Q:
    """An automatic answer names the message it answers at the end of its business key, and lies where that lies."""
    key = {"key": Right(OuterRef("business_key"), 36)}
    answered = Filed.objects.annotate(key=Cast("message_id", CharField())).filter(**key, **place)
    return Q(Exists(answered), origin=Message.Origin.BOT)


def _console_in_tray(item: TrayItem) -> Q:
    """Typed past the portal while this thread waited; once a case runs, its readers see it there instead."""
    running = Case.objects.filter(citizen=item.citizen_id, received_at__lte=OuterRef("sent_at")).annotate(
        until=Coalesce(F("closed_at"), Now())
    )
    handled = Exists(running.filter(until__gte=OuterRef("sent_at")))
    typed = Q(~handled, origin=Message.Origin.CONSOLE, sent_at__gte=item.opened_at)
    return typed & Q(sent_at__lte=item.sorted_at) if item.sorted_at else typed


def warm(owners: Iterable[uuid.UUID]) -> None:
    """One query for all the keys a page needs, instead of one for each row."""
    keyring.warm("content", owners)

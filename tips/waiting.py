"""What waits for one officer on home: cases whose next act is theirs, and what nobody has taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Case as Choose
from django.db.models import DateTimeField, F, IntegerField, Q, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tips.desk import UNTAKEN
from tips.models import Case, CaseQuerySet
from tips.rows import TrayRow, opened, tray_rows
from tips.threads import warm
from tips.unsent import Unsent, unsent
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission

Status = Case.Status
SHOWN = 6
"""Rows of one kind on home; the rest are a click away."""


@dataclass(frozen=True)
class Why:
    """Why a case stands on home, and since when it does: never since the case began."""

    words: str | Promise
    icon: str
    tone: str
    since: str  # the column


CLOSING = Why(_("Đề nghị kết thúc chờ đồng chí duyệt"), "stamp", "plain", "proposed_at")
RETURNED = Why(_("Chỉ huy chưa đồng ý kết thúc"), "undo-2", "soon", "returned_at")
NEWS = Why(_("Nguồn tin nhắn thêm, đồng chí chưa đọc"), "message-circle", "soon", "unread_since")
HELD = Why(_("Đồng chí đang xử lý"), "search-check", "info", "claimed_at")
FREE = Why(_("Chưa ai nhận"), "message-circle", "info", "opened_at")
WHYS = (CLOSING, RETURNED, NEWS, HELD, FREE)


@dataclass(frozen=True)
class Task:
    case: Case
    why: Why
    since: datetime


@dataclass(frozen=True)
class Desk:
    """The work on home. Empty lists for what the officer has no part in."""

    alarms: list[TrayRow] = field(default_factory=list)
    untaken: list[TrayRow] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    unclaimed: list[Case] = field(default_factory=list)
    unsent: list[Unsent] = field(default_factory=list)


def desk(officer: Officer) -> Desk:
    """At most five queries, whatever waits."""
    if not officer.may(Permission.CASE_LIST):
        return Desk()
    items = tray_rows(officer, UNTAKEN, None, SHOWN)[0] if officer.may(Permission.TRAY_READ) else []
    found = [_task(case) for case in _cases(officer)]
    tasks = [task for task in found if task.why is not FREE]
    unclaimed = [task.case for task in found if task.why is FREE]
    warm([item.citizen_id for item in items] + [task.case.pk for task in tasks])
    rows = [opened(item) for item in items]
    alarms = [row for row in rows if row.item.is_urgent]
    return Desk(alarms, [row for row in rows if not row.item.is_urgent], tasks, unclaimed, unsent(officer)[:SHOWN])


def _cases(officer: Officer) -> CaseQuerySet:
    """The first of what this officer has to do and the first of what nobody has taken. Approvals first, then what came
    back, what is new, what is simply held; in each the urgent, then the longest wait."""
    mine = Q(claimed_by=officer)
    conditions: dict[Why, Q] = {
        RETURNED: mine & Q(returned_at__isnull=False),
        NEWS: mine & Q(unread_since__isnull=False),
        HELD: mine & Q(status=Status.IN_PROGRESS),
        FREE: Q(status=Status.UNCLAIMED),
    }
    if officer.may(Permission.CASE_CLOSE):
        conditions[CLOSING] = Q(status=Status.CLOSING) & ~Q(proposed_by=officer)
    first = [(WHYS.index(why), why, conditions[why]) for why in WHYS if why in conditions]
    ranks = [When(condition, then=Value(rank)) for rank, _why, condition in first]
    moments: list[Any] = [When(condition, then=F(why.since)) for _rank, why, condition in first]
    order = ("rank", "-is_urgent", "since", "pk")
    rows = Case.objects.visible_to(officer).open().select_related("claimed_by", "area")
    ranked = rows.annotate(
        rank=Choose(*ranks, output_field=IntegerField()),
        since=Choose(*moments, output_field=DateTimeField()),
        is_free=Q(status=Status.UNCLAIMED),
    )
    place = Window(RowNumber(), partition_by="is_free", order_by=order)
    return ranked.exclude(rank=None).annotate(place=place).filter(place__lte=SHOWN).order_by(*order)


def _task(case: Case) -> Task:
    columns: dict[str, Any] = vars(case)
    return Task(case, WHYS[columns["rank"]], columns["since"])

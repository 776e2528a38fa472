"""The tabs of the tray and of the case list, and how much lies in each for one officer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, Exists, Expression, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast, JSONObject
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tips.models import LOST, Case, TrayItem
from zalopolice.gateway.models import Message
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission

Status = Case.Status
OLDEST_FIRST = ("-is_urgent", "received_at", "pk")
LATEST_FIRST = ("-closed_at", "-pk")
Waiting = TrayItem.Status.WAITING


def unsent_in_threads() -> QuerySet[Message]:
    """Messages of ours that did not arrive, in the thread of the outer row, and nobody has said that they know."""
    ours = Message.objects.filter(
        unit=OuterRef("unit"), citizen=OuterRef("citizen"), direction=Message.Direction.OUT, case_entry=None
    )
    return ours.filter(state__in=LOST, filed__acknowledged_at=None, sent_at__gte=OuterRef("opened_at"))


@dataclass(frozen=True)
class TrayTab:
    slug: str
    name: str
    label: str | Promise
    empty: str | Promise
    order: tuple[str, ...] = ("-is_alarming", "-is_urgent", "pressing_since", "pk")
    counted: bool = True

    def condition(self, officer: Officer) -> Q:
        # An answer that never arrived is none: the citizen still waits.
        answered = Q(~Exists(unsent_in_threads()), is_answered=True, is_urgent=False)
        found: dict[str, Q] = {
            "todo": Q(status=Waiting) & ~answered,
            "untaken": Q(status=Waiting, taken_by=None) & ~answered,
            "mine": Q(status=Waiting, taken_by=officer),
            "answered": Q(status=Waiting) & answered,
            "put_away": Q(status=TrayItem.Status.SORTED),
        }
        return found[self.name]


TRAY_TABS = (
    TrayTab("can-xu-ly", "todo", _("Cần xử lý"), _("Không còn tin nào chờ. Tin mới sẽ hiện ở đây.")),
    TrayTab("cua-toi", "mine", _("Của tôi"), _("Đồng chí chưa nhận người nhắn nào.")),
    TrayTab("cho-dan", "answered", _("Chờ dân"), _("Không có người nhắn nào đã được trả lời và còn mở.")),
    TrayTab("da-cat", "put_away", _("Đã cất"), _("Chưa có mục nào được cất."), ("-sorted_at", "-pk"), counted=False),
)


@dataclass(frozen=True)
class Tab:
    slug: str
    label: str | Promise
    empty: str | Promise
    order: tuple[str, ...] = OLDEST_FIRST

    def condition(self, officer: Officer) -> Q:
        if self.slug == "cua-toi":
            return Q(claimed_by=officer) & ~Q(status=Status.CLOSED)
        if self.slug == "tin-moi":
            held = Q(claimed_by__isnull=False) if officer.may(Permission.CASE_READ_ALL) else Q(claimed_by=officer)
            return held & Q(unread_since__isnull=False) & ~Q(status=Status.CLOSED)
        return Q(status=_STATUS[self.slug])


_STATUS = {
    "chua-nhan": Status.UNCLAIMED,
    "dang-xu-ly": Status.IN_PROGRESS,
    "cho-duyet": Status.CLOSING,
    "da-ket-thuc": Status.CLOSED,
}
TABS = (
    Tab("chua-nhan", _("Chưa ai nhận"), _("Không còn vụ việc nào chờ người nhận.")),
    Tab("cua-toi", _("Của tôi"), _("Đồng chí chưa nhận vụ việc nào. Vụ việc chờ người nhận ở mục “Chưa ai nhận”.")),
    Tab("tin-moi", _("Có tin mới"), _("Không có tin nào của nguồn tin mà cán bộ xử lý chưa đọc.")),
    Tab("dang-xu-ly", _("Đang xử lý"), _("Không có vụ việc nào đang xác minh.")),
    Tab("cho-duyet", _("Chờ duyệt kết thúc"), _("Không có đề nghị kết thúc nào chờ duyệt.")),
    Tab("da-ket-thuc", _("Đã kết thúc"), _("Chưa có vụ việc nào kết thúc."), LATEST_FIRST),
)


UNTAKEN = TrayTab("", "untaken", "", "")
"""No tab: what home offers to take."""


def tab(slug: str | None) -> Tab:
    return next((one for one in TABS if one.slug == slug), TABS[0])


def tray_tab(slug: str | None) -> TrayTab:
    return next((one for one in TRAY_TABS if one.slug == slug), TRAY_TABS[0])


def counts(officer: Officer) -> dict[str, int]:
    """How many cases each tab holds for this officer, in one query."""
    columns = {one.slug.replace("-", "_"): Count("pk", filter=one.condition(officer)) for one in TABS}
    found = Case.objects.visible_to(officer).aggregate(**columns)
    return {one.slug: found[one.slug.replace("-", "_")] for one in TABS}


def _numbers(rows: QuerySet[Any], **columns: Expression) -> Subquery:
    """Some numbers of the rows as one JSON object, to be read beside those of others in one query."""
    found = rows.order_by().values("unit").annotate(numbers=JSONObject(**columns))
    return Subquery(found.values("numbers"))


def tray_numbers(officer: Officer) -> Subquery:
    alarming = Q(is_urgent=True, taken_by=None)
    return _numbers(
        TrayItem.objects.visible_to(officer).filter(status=TrayItem.Status.WAITING),
        urgent=Count("pk", filter=alarming),
        oldest_urgent=Min("urgent_since", filter=alarming),
        one_urgent=Min(Cast("pk", CharField()), filter=alarming),
        **{one.name: Count("pk", filter=one.condition(officer)) for one in (*TRAY_TABS, UNTAKEN) if one.counted},
    )


def case_numbers(officer: Officer) -> Subquery:
    """``todo``: cases in which the next act is this officer's."""
    mine, closings = Q(claimed_by=officer), Q(pk=None)
    if officer.may(Permission.CASE_CLOSE):
        closings = Q(status=Status.CLOSING) & ~Q(proposed_by=officer)
    groups = {
        "unclaimed": Q(status=Status.UNCLAIMED),
        "mine": mine,
        "news": mine & Q(unread_since__isnull=False),
        "returned": mine & Q(returned_at__isnull=False),
        "closings": closings,
        "others_news": ~mine & tab("tin-moi").condition(officer),
    }
    groups["todo"] = groups["news"] | groups["returned"] | groups["closings"]
    counted = {name: Count("pk", filter=condition) for name, condition in groups.items()}
    return _numbers(Case.objects.visible_to(officer).open(), **counted)

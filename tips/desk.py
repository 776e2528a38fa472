"""What lies before one officer: the tray's rows, the tabs of the case list, and how much waits where."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, IntegerField, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from tips.models import LOST, Case, Filed, TrayItem
from tips.threads import warm
from tips.unsent import Unsent, unsent
from zalopolice.gateway.models import Message
from zalopolice.paging import page
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission

Status = Case.Status
SHOWN = 10
"""Messages that did not arrive which home lists; the next ones follow when these are dealt with."""
OLDEST_FIRST = ("-is_urgent", "received_at", "pk")
LATEST_FIRST = ("-closed_at", "-pk")


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


def tab(slug: str | None) -> Tab:
    return next((one for one in TABS if one.slug == slug), TABS[0])


def counts(officer: Officer) -> dict[str, int]:
    """How many cases each tab holds for this officer, in one query."""
    columns = {one.slug.replace("-", "_"): Count("pk", filter=one.condition(officer)) for one in TABS}
    found = Case.objects.visible_to(officer).aggregate(**columns)
    return {one.slug: found[one.slug.replace("-", "_")] for one in TABS}


@dataclass(frozen=True)
class Waiting:
    """One line of the home page."""

    name: str
    count: int
    oldest: datetime | None
    rows: list[Unsent] = field(default_factory=list)


def waiting(officer: Officer) -> dict[str, Waiting]:
    """What runs while nobody acts; only lines this officer can do something about."""
    found: list[Waiting] = []
    if officer.may(Permission.TRAY_READ):
        rows = TrayItem.objects.visible_to(officer).filter(status=TrayItem.Status.WAITING)
        for name, condition in (("urgent", Q(is_urgent=True)), ("tray", Q())):
            row = rows.filter(condition).aggregate(count=Count("pk"), oldest=Min("opened_at"))
            found.append(Waiting(name, **row))
    if officer.may(Permission.CASE_LIST):
        found += _cases(officer)
        lost = unsent(officer)
        found.append(Waiting("unsent", len(lost), lost[0].message.sent_at if lost else None, lost[:SHOWN]))
    return {line.name: line for line in found}


def _cases(officer: Officer) -> list[Waiting]:
    slugs = {"unclaimed": "chua-nhan", "mine": "cua-toi", "news": "tin-moi"}
    if officer.may(Permission.CASE_CLOSE):
        slugs["closings"] = "cho-duyet"
    columns: dict[str, Count | Min] = {}
    for name, slug in slugs.items():
        condition = tab(slug).condition(officer)
        since = "unread_since" if name == "news" else "received_at"
        columns |= {name: Count("pk", filter=condition), f"{name}_oldest": Min(since, filter=condition)}
    row = Case.objects.visible_to(officer).aggregate(**columns)
    return [Waiting(name, row[name], row[f"{name}_oldest"]) for name in slugs]


WORDLESS = {
    "image": _("Gửi ảnh"),
    "gif": _("Gửi ảnh động"),
    "audio": _("Gửi ghi âm"),
    "video": _("Gửi video"),
    "file": _("Gửi tệp"),
    "location": _("Gửi vị trí"),
    "link": _("Gửi liên kết"),
    "sticker": _("Gửi nhãn dán"),
    "business_card": _("Gửi danh thiếp"),
}


@dataclass(frozen=True)
class TrayRow:
    item: TrayItem
    words: str  # the first the citizen wrote that still waits, or what was sent instead of words
    messages: int
    failures: int  # answers of ours that did not arrive


def tray_rows(officer: Officer, after: str | None) -> tuple[list[TrayRow], str]:
    """A page of the tray, most pressing first, and where the next begins."""
    here = Filed.objects.filter(tray_item=OuterRef("pk"), case=None, message__direction=Message.Direction.IN)
    lost = Message.objects.filter(
        unit=OuterRef("unit"), citizen=OuterRef("citizen"), direction=Message.Direction.OUT, case_entry=None
    ).filter(state__in=LOST, filed__acknowledged_at=None, sent_at__gte=OuterRef("opened_at"))
    failures = lost.order_by().values("citizen").annotate(number=Count("pk")).values("number")
    waiting = TrayItem.objects.visible_to(officer).filter(status=TrayItem.Status.WAITING).counted()
    items = waiting.annotate(
        first=Subquery(here.order_by("message__sent_at", "message").values("message")[:1]),
        failures=Coalesce(Subquery(failures, output_field=IntegerField()), 0),
    )
    found = page(items, ("-is_urgent", "opened_at", "pk"), after)
    warm(item.citizen_id for item in found.rows)
    firsts = Message.objects.in_bulk([item.first for item in found.rows if item.first])  # type: ignore[attr-defined]
    return [_tray_row(item, firsts) for item in found.rows], found.following


def _tray_row(item: TrayItem, firsts: dict[object, Message]) -> TrayRow:
    columns = vars(item)
    first = firsts.get(columns["first"])
    words = Truncator(" ".join(first.text.split())).chars(140) if first else ""
    if first and not words:
        words = str(WORDLESS.get(first.kind, _("Gửi nội dung không có chữ")))
    return TrayRow(item, words, item.messages, columns["failures"])

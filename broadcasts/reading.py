"""What the pages of posts show: everything that is read and put into words before a template draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts import audience, checks, guards, preview, schedule
from broadcasts.models import Dispatch, PostImage, PostVersion
from zalopolice.refusals import Refused
from zalopolice.templatetags.look import grouped
from zalopolice.units.models import HotlineContact, Office, Officer
from zalopolice.units.roles import Permission

Status = PostVersion.Status
State = Dispatch.State


@dataclass(frozen=True)
class Tab:
    slug: str
    label: Any
    statuses: tuple[str, ...]
    order: tuple[str, ...]
    empty: Any


TABS = (
    Tab(
        "nhap",
        gettext_lazy("Nháp"),
        (Status.DRAFT,),
        ("-changed_at", "pk"),
        gettext_lazy("Không có bài nào đang soạn. Bấm “Soạn bài” để bắt đầu."),
    ),
    Tab(
        "cho-duyet",
        gettext_lazy("Chờ duyệt"),
        (Status.SUBMITTED,),
        ("submitted_at", "pk"),
        gettext_lazy("Không có bài nào chờ duyệt."),
    ),
    Tab(
        "len-lich",
        gettext_lazy("Đã lên lịch"),
        (Status.SCHEDULED, Status.HELD),
        ("due_at", "pk"),
        gettext_lazy("Không có bài nào chờ giờ gửi."),
    ),
    Tab(
        "da-gui",
        gettext_lazy("Đã gửi"),
        (Status.DISPATCHED,),
        ("-due_at", "pk"),
        gettext_lazy("Đơn vị chưa gửi bài nào."),
    ),
    Tab(
        "tra-lai",
        gettext_lazy("Bị trả lại"),
        (Status.RETURNED,),
        ("-changed_at", "pk"),
        gettext_lazy("Không có bài nào bị trả lại."),
    ),
    Tab(
        "da-rut",
        gettext_lazy("Đã rút"),
        (Status.WITHDRAWN,),
        ("-changed_at", "pk"),
        gettext_lazy("Không có bài nào đã rút."),
    ),
)


def tab(slug: str | None, officer: Officer) -> Tab:
    """The one asked for; else where this officer's work waits."""
    first = TABS[1] if officer.may(Permission.POST_APPROVE) else TABS[0]
    return next((one for one in TABS if one.slug == slug), first)


def counts(officer: Officer) -> dict[str, int]:
    """How many latest versions stand in each tab; one query."""
    rows = PostVersion.objects.visible_to(officer).filter(is_latest=True)
    numbers = {one.slug.replace("-", "_"): Count("pk", filter=Q(status__in=one.statuses)) for one in TABS}
    found = rows.aggregate(**numbers)
    return {one.slug: found[one.slug.replace("-", "_")] for one in TABS}


def trouble(rows: list[PostVersion]) -> dict[Any, str]:
    """The state of each version's worst dispatch that a person should look at; one query."""
    worst = (State.UNKNOWN, State.HELD, State.FAILED)
    found = Dispatch.objects.filter(version__in=rows, state__in=worst).values_list("version", "state")
    return {version: state for version, state in sorted(found, key=lambda pair: -worst.index(State(pair[1])))}


# --- one post ----------------------------------------------------------------------------------------------------

AFTER = {
    State.WAITING: gettext_lazy("Tới giờ, máy tạo bài trên Zalo rồi gửi."),
    State.CREATING: gettext_lazy("Máy đang đưa bài lên Zalo."),
    State.VERIFYING: gettext_lazy("Zalo thường kiểm tra bài và ảnh trong vài phút."),
    State.READY: gettext_lazy("Bài đã ở trên Zalo, sắp gửi tới người quan tâm."),
    State.SENDING: gettext_lazy("Zalo đang nhận lệnh gửi. Đồng chí không cần làm gì."),
    State.SENT: gettext_lazy("Zalo đã nhận lệnh gửi. Bà con nhận được trong khoảng 30 phút."),
    State.UNKNOWN: gettext_lazy(
        "Chưa rõ bài đã tới bà con chưa; đừng gửi lại. Mở OA Manager, xem mục bài đã gửi, rồi ghi kết luận ở đây."
    ),
    State.FAILED: gettext_lazy("Bài chưa tới ai qua OA này. Muốn gửi, soạn lại thành bài mới và duyệt lại."),
    State.HELD: gettext_lazy("Bài chưa gửi. Lãnh đạo cho gửi tiếp, hoặc soạn bản mới với giờ mới."),
    State.CANCELLED: gettext_lazy("Bài không gửi qua OA này."),
}
LOOK = {
    State.SENT: ("done", "check"),
    State.UNKNOWN: ("soon", "circle-question-mark"),
    State.FAILED: ("late", "circle-alert"),
    State.HELD: ("soon", "hand"),
    State.CANCELLED: ("quiet", "circle-slash"),
    State.WAITING: ("plain", "hourglass"),
}
STATUS_LOOK = {
    Status.DRAFT: ("quiet", "pencil"),
    Status.SUBMITTED: ("info", "hourglass"),
    Status.RETURNED: ("soon", "undo-2"),
    Status.SCHEDULED: ("done", "calendar-clock"),
    Status.HELD: ("soon", "hand"),
    Status.DISPATCHED: ("done", "send"),
    Status.WITHDRAWN: ("quiet", "archive"),
}


def own_phones(officer: Officer) -> list[str]:
    """Numbers the unit itself publishes: no private person's."""
    listed = HotlineContact.objects.visible_to(officer).filter(is_public=True).values_list("phone", flat=True)
    offices = Office.objects.visible_to(officer).values_list("phone", flat=True)
    return list(listed.union(offices))


def findings(version: PostVersion, officer: Officer) -> list[checks.Finding]:
    image = PostImage.objects.visible_to(officer).filter(sha256=version.cover_sha256).only("width", "height").first()
    size = (image.width, image.height) if image else None
    return checks.review(version, own_phones=own_phones(officer), cover=size)


def page(version: PostVersion, by: Officer) -> dict[str, Any]:
    """Everything the page of a post shows to this officer."""
    found = findings(version, by)
    accounts = audience.accounts_of(by)
    chosen = [account for account in accounts if account.oa_id in version.oa_ids]
    before = PostVersion.objects.visible_to(by).filter(post=version.post_id, number=version.number - 1).first()
    deciding = version.status == Status.SUBMITTED and by.may(Permission.POST_APPROVE)
    dispatches = list(version.dispatches.select_related("oa").order_by("oa__name", "pk")) if version.due_at else []
    return {
        "at": "posts",
        "version": version,
        "look": STATUS_LOOK[Status(version.status)],
        "findings": [(number, one, preview.anchor(one)) for number, one in enumerate(found, 1)],
        "passed": checks.passed(found) if version.title else [],
        "phone": preview.phone(version, found),
        "before": before,
        "diff": preview.diff(before, version) if before else None,
        "changed_facts": changed_facts(before, version) if before else [],
        "remarks": list(version.post.remarks.select_related("officer", "version").order_by("at", "pk")),
        "accounts": chosen,
        "audience": audience.words(version),
        "reach": audience.reach(version, chosen),
        "leaves": leaves(version),
        "left": min((one.broadcast_left for one in chosen if one.broadcast_left is not None), default=None),
        "deciding": deciding,
        "waits": version.submitted_at and timezone.now() - version.submitted_at > timedelta(minutes=1),
        "why_not": why_not_approve(version, by) if deciding else "",
        "dispatches": [
            (row, AFTER[State(row.state)], *LOOK.get(State(row.state), ("info", "send"))) for row in dispatches
        ],
        "stoppable": any(row.state in Dispatch.BEFORE_SENDING for row in dispatches),
        "begun": any(row.state in (State.SENDING, State.SENT, State.UNKNOWN) for row in dispatches),
        "held": any(row.state == State.HELD for row in dispatches),
        "writes": by.may(Permission.POST_WRITE),
        "approves": by.may(Permission.POST_APPROVE),
    }


def moment(at: datetime) -> str:
    """06:30, 22/11 – with the year when it is another one."""
    local = timezone.localtime(at)
    return f"{local:%H:%M, %d/%m}" if local.year == timezone.localdate().year else f"{local:%H:%M, %d/%m/%Y}"


def leaves(version: PostVersion) -> str:
    """When it leaves, in words."""
    at = version.due_at or version.send_at
    if at:
        return moment(at)
    opening = schedule.next_allowed(timezone.now())
    if opening <= timezone.now():
        return _("ngay khi duyệt")
    return _("%(moment)s, giờ sớm nhất Zalo cho gửi") % {"moment": moment(opening)}


def consequence(version: PostVersion, by: Officer) -> str:
    """What approving does, in one breath (look.md §6)."""
    known = audience.reach(version, audience.accounts_of(by))
    said = {"number": version.number, "time": leaves(version), "accounts": known.accounts, "people": ""}
    if known.people is None:
        return (
            _("Duyệt bản %(number)s: gửi tới người quan tâm của %(accounts)s OA, %(time)s. Gửi rồi không thu hồi được.")
            % said
        )
    said["people"] = grouped(known.people)
    if known.narrowed:
        part = _(
            "Duyệt bản %(number)s: gửi tới một phần trong khoảng %(people)s người, %(time)s. "
            "Gửi rồi không thu hồi được."
        )
        return part % said
    return _("Duyệt bản %(number)s: gửi khoảng %(people)s người, %(time)s. Gửi rồi không thu hồi được.") % said


def why_not_approve(version: PostVersion, by: Officer) -> str:
    """The sentence under an act that is not possible for this officer now; "" when it is."""
    return sentence(guards.require_other_hand, version, by) or sentence(guards.require_sendable, version)


def sentence(rule: Callable[..., object], *about: object) -> str:
    try:
        rule(*about)
    except Refused as refusal:
        return str(refusal)
    return ""


def changed_facts(before: PostVersion, after: PostVersion) -> list[tuple[str, str, str]]:
    """Name, before, after of what changed besides words."""
    pairs = (
        (_("Giờ gửi"), leaves(before), leaves(after), before.send_at != after.send_at),
        (_("Người nhận"), " · ".join(audience.words(before)), " · ".join(audience.words(after)), None),
        (_("Dòng tác giả"), before.author, after.author, None),
        (_("Số OA"), str(len(before.oa_ids)), str(len(after.oa_ids)), sorted(before.oa_ids) != sorted(after.oa_ids)),
        (_("Ảnh bìa"), _("ảnh cũ"), _("ảnh mới"), before.cover_sha256 != after.cover_sha256),
    )
    return [(name, old, new) for name, old, new, changed in pairs if (old != new if changed is None else changed)]

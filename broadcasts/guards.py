"""What stands before every act, and before every send."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from broadcasts import schedule
from broadcasts.digest import digest
from broadcasts.models import Dispatch, PostImage, PostVersion
from zalopolice.gateway.models import OfficialAccount
from zalopolice.refusals import Refused
from zalopolice.states import WrongState, move_to
from zalopolice.units.models import Officer
from zalopolice.units.roles import DEPUTED, ROLE_PERMISSIONS, Permission, Role

Status = PostVersion.Status
State = Dispatch.State


def require(by: Officer, permission: Permission) -> None:
    if not by.may(permission):
        raise PermissionDenied


def locked(version: PostVersion) -> PostVersion:
    """The version as it is now, held until the act is done."""
    return PostVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)


def move(row: PostVersion | Dispatch, status: str, **changes: Any) -> None:
    try:
        move_to(row, status, field="state" if isinstance(row, Dispatch) else "status", **changes)
    except WrongState as error:
        raise Refused(str(error)) from None


def unmoved(version: PostVersion, revision: int) -> PostVersion:
    """Locked, the newest one, and nobody has touched it since the officer's page was drawn."""
    version = locked(version)
    if not version.is_latest:
        raise Refused(_("Bài này đã có bản mới hơn. Lời đồng chí viết còn ở dưới: chép sang bản mới."))
    if version.revision != revision:
        # Not by name: who saved it first is on the post's page.
        said = {"state": version.get_status_display(), "time": f"{timezone.localtime(version.changed_at):%H:%M}"}
        raise Refused(
            _("Người khác vừa thay đổi bài này lúc %(time)s (%(state)s). Lời đồng chí viết còn ở dưới.") % said
        )
    return version


def submitted(version: PostVersion) -> PostVersion:
    """Locked, and still waiting for a decision; otherwise says who was faster."""
    version = locked(version)
    if version.status == Status.SUBMITTED:
        return version
    if version.approved_by:
        said = {"name": version.approved_by, "time": f"{timezone.localtime(version.approved_at):%H:%M %d/%m}"}
        raise Refused(_("Đ/c %(name)s đã duyệt bản này lúc %(time)s.") % said)
    raise Refused(_("Bản này không còn chờ duyệt: %(state)s.") % {"state": version.get_status_display()})


def require_other_hand(version: PostVersion, by: Officer) -> None:
    """The page's word for what the database refuses anyway."""
    if by.pk in version.writers or by.pk == version.submitted_by_id:
        raise Refused(_("Người soạn hoặc người gửi duyệt không tự duyệt được. Cần một lãnh đạo khác."))


def require_not_begun(version: PostVersion) -> None:
    left = (State.SENDING, State.SENT, State.UNKNOWN)
    if Dispatch.objects.filter(version__post_id=version.post_id, state__in=left).exists():
        raise Refused(_("Bài đã gửi đi, không sửa và không rút được nữa."))


def require_whole(version: PostVersion) -> None:
    """Everything Zalo needs is there; one sentence for the first thing missing."""
    missing = (
        (version.title, _("Bài chưa có tiêu đề.")),
        (version.description, _("Bài chưa có mô tả ngắn. Dân thấy dòng này trước khi mở bài.")),
        (version.body, _("Bài chưa có nội dung.")),
        (version.cover_sha256, _("Bài chưa có ảnh bìa. Zalo không nhận bài thiếu ảnh bìa.")),
        (version.oa_ids, _("Bài chưa có OA nào để gửi. Chọn ít nhất một OA.")),
    )
    for there, sentence in missing:
        if not there:
            raise Refused(sentence)
    require_sendable(version)


def require_sendable(version: PostVersion) -> list[OfficialAccount]:
    """The version's accounts, each able to send today, and a time that is allowed and to come."""
    rows = OfficialAccount.objects.filter(unit_id=version.unit_id, oa_id__in=version.oa_ids).order_by("name", "pk")
    accounts = list(rows)
    if len(accounts) != len(set(version.oa_ids)):
        raise Refused(_("Có OA không còn thuộc đơn vị. Mở bài ra, chọn lại OA rồi lưu."))
    require_working(accounts)
    if version.send_at and version.send_at < timezone.now():
        raise Refused(_("Giờ gửi đã qua. Chọn giờ khác rồi gửi duyệt lại."))
    if version.send_at and not schedule.allowed(version.send_at):
        first, last = schedule.hours(version.send_at)
        said = {"first": f"{first:%H:%M}", "last": f"{last:%H:%M}"}
        raise Refused(_("Zalo chỉ cho gửi từ %(first)s đến %(last)s. Chọn giờ khác.") % said)
    return accounts


def require_working(accounts: Iterable[OfficialAccount]) -> None:
    for account in accounts:
        if reason := account_trouble(account):
            raise Refused(_("OA %(name)s chưa gửi được: %(why)s") % {"name": account.name, "why": reason})


def require_releasable(version: PostVersion, held: Iterable[Dispatch]) -> None:
    """What is held may still leave at the time approved, through accounts that work."""
    rows = list(held)
    if version.due_at is None or not rows:
        raise Refused(_("Không có gì đang được giữ lại."))
    if schedule.too_late(version.due_at, timezone.now()):
        raise Refused(_("Đã quá giờ gửi đã duyệt. Soạn bản mới với giờ mới để duyệt lại."))
    require_working(row.oa for row in rows)


def at_rest(why: str) -> dict[str, Any]:
    """Columns of a row nobody works on any more."""
    return {"queue": "", "next_at": None, "error": why[:255]}


def account_trouble(account: OfficialAccount) -> str:
    """Why nothing can leave through this account and what to do; "" when it can."""
    if account.connected_at is None:
        return _("chưa kết nối. Trưởng đơn vị mở trang Zalo OA và bấm “Kết nối”.")
    if account.trouble:
        return _("kết nối đã hỏng. Trưởng đơn vị mở trang Zalo OA và kết nối lại.")
    return ""


# --- before a send -----------------------------------------------------------------------------------------------


class What(Enum):
    WAIT = "wait"  # not yet: put the row back until ``until``
    HOLD = "hold"  # a person must look: ``actions.hold_dispatch``
    VOID = "void"  # nobody approved this; it must never leave: ``actions.fail_dispatch``


@dataclass(frozen=True)
class Refusal:
    """Why a dispatch must not go on now; ``reason`` is the sentence on the post's page."""

    what: What
    reason: str
    until: datetime | None = None


APPROVING = {role for role, held in ROLE_PERMISSIONS.items() if Permission.POST_APPROVE in held}
if Permission.POST_APPROVE in DEPUTED:
    APPROVING.add(Role.DEPUTY_CHIEF)


def guard_before_send(dispatch: Dispatch) -> Refusal | None:
    """Asks everything anew, from the rows as they are now; None when this dispatch may take its next step.

    Call it before each step and once more right before "sending" is written."""
    version = PostVersion.objects.get(pk=dispatch.version_id)
    account = OfficialAccount.objects.get(pk=dispatch.oa_id)
    return _unapproved(version, account, dispatch) or _stopped(version) or _untimely(dispatch) or _cut_off(account)


def _unapproved(version: PostVersion, account: OfficialAccount, dispatch: Dispatch) -> Refusal | None:
    approver = version.approved_by_id
    checks = (
        approver is not None and version.approved_as in APPROVING,
        approver not in version.writers and approver != version.submitted_by_id,
        version.digest != "" and digest(version) == version.digest,
        version.due_at == dispatch.due_at and version.send_at in {None, version.due_at},
        account.oa_id in version.oa_ids and account.unit_id == version.unit_id == dispatch.unit_id,
        version.status != Status.WITHDRAWN,
    )
    if not all(checks):
        return Refusal(What.VOID, _("Nội dung không còn đúng với bản đã duyệt. Bài không được gửi."))
    return None


def _stopped(version: PostVersion) -> Refusal | None:
    if version.status not in {Status.SCHEDULED, Status.DISPATCHED}:
        return Refusal(What.HOLD, _("Bài đang được giữ lại."))
    image = PostImage.objects.filter(unit_id=version.unit_id, sha256=version.cover_sha256, published_at__isnull=False)
    if not image.exists():
        return Refusal(What.HOLD, _("Không tìm thấy ảnh bìa của bài. Bài chưa được gửi."))
    return None


def _untimely(dispatch: Dispatch) -> Refusal | None:
    now = timezone.now()
    if now < dispatch.due_at:
        return Refusal(What.WAIT, _("Chưa tới giờ gửi đã duyệt."), until=dispatch.due_at)
    if schedule.too_late(dispatch.due_at, now):
        return Refusal(What.HOLD, _("Đã quá giờ gửi đã duyệt. Máy không tự gửi muộn."))
    if not schedule.allowed(now):
        return Refusal(What.WAIT, _("Ngoài giờ Zalo cho gửi."), until=schedule.next_allowed(now))
    return None


def _cut_off(account: OfficialAccount) -> Refusal | None:
    if reason := account_trouble(account):
        return Refusal(What.HOLD, _("OA %(name)s chưa gửi được: %(why)s") % {"name": account.name, "why": reason})
    if getattr(account, "broadcast_left", None) == 0:
        return Refusal(What.HOLD, _("OA %(name)s đã hết lượt gửi bài của tháng này.") % {"name": account.name})
    return None

"""What a person must see: the bell (design D28)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.units.models.organisation import UnitOwned
from zalopolice.units.models.people import Officer

if TYPE_CHECKING:
    from datetime import datetime


class AlertQuerySet(models.QuerySet["Alert"]):
    def visible_to(self, officer: Officer) -> AlertQuerySet:
        """Told to this officer, or to whoever holds a right this officer holds; nobody is told what they did."""
        held = officer.seat.permissions if officer.seat else frozenset()
        told = Q(officer=officer) | Q(officer=None, permission__in=held)
        return self.filter(told, Q(by=None) | ~Q(by=officer), unit=officer.unit)


class Alert(UnitOwned):
    """That something happened to a thing, never what: an alert is read over shoulders and on lock screens.

    The same news about the same thing for the same reader is one row whose ``at`` moves up."""

    class Kind(models.TextChoices):
        DANGER = "danger", _("Tin nguy hiểm tính mạng")
        CASE_ASSIGNED = "case_assigned", _("Vụ việc giao cho đồng chí")
        CASE_NEWS = "case_news", _("Nguồn tin nhắn thêm")
        CLOSING_PROPOSED = "closing_proposed", _("Đề nghị kết thúc chờ duyệt")
        CLOSING_RETURNED = "closing_returned", _("Đề nghị kết thúc bị trả lại")
        UNSENT = "unsent", _("Tin chưa gửi được")
        POST_SUBMITTED = "post_submitted", _("Bài đăng chờ duyệt")
        POST_RETURNED = "post_returned", _("Bài đăng bị trả lại")
        POST_APPROVED = "post_approved", _("Bài đăng đã được duyệt")
        POST_HELD = "post_held", _("Bài đăng bị giữ lại")
        POST_UNCLEAR = "post_unclear", _("Chưa rõ bài đã gửi")
        PROCEDURE_SUBMITTED = "procedure_submitted", _("Thủ tục chờ thẩm định")
        PROCEDURE_RETURNED = "procedure_returned", _("Thủ tục bị trả lại")
        OA_TROUBLE = "oa_trouble", _("Zalo của đơn vị cần xem lại")
        CONSOLE_REPLY = "console_reply", _("Có người trả lời ngoài hệ thống")
        STUCK_EVENT = "stuck_event", _("Tin cần xử lý tay")
        MISSED_MESSAGES = "missed_messages", _("Zalo có tin mà hệ thống chưa có")
        INCIDENT = "incident", _("Sự cố hệ thống")
        HOTLINE_STALE = "hotline_stale", _("Số điện thoại cần gọi kiểm tra")
        ROLE_CHANGED = "role_changed", _("Vai trò của đồng chí thay đổi")
        NEW_DEVICE = "new_device", _("Đăng nhập trên máy mới")

    kind = models.CharField(max_length=24, choices=Kind)
    subject = models.UUIDField(default=uuid.UUID(int=0))  # the thing it is about; the page of its kind finds it
    officer = models.ForeignKey(Officer, models.CASCADE, null=True, related_name="+")
    permission = models.CharField(max_length=24, blank=True, default="")  # for whoever holds it, when no officer
    # Who alone did it, each time it rang; None: the machine, or by now somebody else as well.
    by = models.ForeignKey(Officer, models.SET_NULL, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    objects = AlertQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["unit", "kind", "subject", "officer", "permission"], name="alert_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(officer=None) ^ Q(permission=""), name="alert_has_one_kind_of_reader"),
        )
        indexes = (models.Index(fields=["unit", "-at", "id"], name="alert_newest"),)

    def __str__(self) -> str:
        return self.get_kind_display()


class AlertsSeen(UnitOwned):
    """Up to when this officer has looked at the bell in this unit."""

    officer = models.ForeignKey(Officer, models.CASCADE, related_name="+")
    until = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "officer"], name="alerts_seen_once"),)

    def __str__(self) -> str:
        return f"{self.until:%Y-%m-%d %H:%M}"


def tell(
    kind: str,
    unit: uuid.UUID,
    subject: uuid.UUID,
    *,
    officer: Officer | None = None,
    permission: str = "",
    by: Officer | None = None,
) -> None:
    """Rings the bell of one officer, or of everybody in the unit who holds ``permission``, but of ``by``, whose act it
    was; in the act's transaction.

    What others did to the same thing before stays in the bell of ``by``, even if it then tells of their own act too."""
    if by is not None and officer == by:
        return
    now: datetime = timezone.now()
    key = {"unit_id": unit, "kind": kind, "subject": subject, "officer": officer, "permission": permission}
    again: dict[str, Any] = {"at": now, "by_id": Case(When(by=by, then=F("by")))}
    Alert.objects.update_or_create(**key, defaults=again, create_defaults={**key, "at": now, "by": by})

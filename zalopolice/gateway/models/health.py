"""What is wrong and since when, the vault's picture of the whole, and what a person set up in Zalo's console."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.gateway.models.accounts import OfficialAccount
from zalopolice.queue import Job, waiting_index
from zalopolice.units.models import Officer, UnitOwned
from zalopolice.units.roles import Permission


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, officer: Officer) -> IncidentQuerySet:
        """A unit sees its own; whoever watches the whole also those of the units below."""
        own = Q(unit=officer.unit) if officer.seat else Q(pk=None)
        if officer.may(Permission.HEALTH_VIEW):
            below = Q(unit__parent=officer.unit) | Q(unit__parent__parent=officer.unit)
            return self.filter(own | (below & Q(unit__is_training=False)))
        return self.filter(own) if officer.may(Permission.OA_VIEW) else self.none()


class Incident(UnitOwned):
    """Something a person should know or mend, from its first to its last sight; times and one number, no words.

    Of an account, or (``oa`` empty) of the installation: then it is the province's."""

    class Kind(models.TextChoices):
        TOKEN_ENDING = "token_ending", _("Quyền kết nối OA sắp hết hạn")
        CONSENT_LOST = "consent_lost", _("OA mất kết nối")
        WEBHOOK_SILENT = "webhook_silent", _("Zalo không báo tin")
        SIGNATURE_REFUSED = "signature_refused", _("Tin từ Zalo ký bằng khóa không khớp")
        EVENTS_STUCK = "events_stuck", _("Có tin cần xử lý tay")
        QUEUE_OLD = "queue_old", _("Hàng đợi chạy chậm")
        SPOOL_USED = "spool_used", _("Tin đang chờ ở kho tạm")
        SPOOL_FAILING = "spool_failing", _("Không nơi nào nhận được tin")
        SPOOL_KEPT = "spool_kept", _("Kho tạm có tệp cần người xem")
        MEDIA_POSTPONED = "media_postponed", _("Ổ đĩa gần đầy, hoãn tải ảnh")
        MEDIA_FOREIGN = "media_foreign", _("Tệp của người dân nằm ở máy chủ lạ")
        MESSAGES_MISSING = "messages_missing", _("Zalo có tin mà hệ thống chưa có")
        QUOTA_LOW = "quota_low", _("Sắp hết lượt gửi")
        QUOTA_DIFFERS = "quota_differs", _("Lượt gửi lệch với Zalo")
        PACED = "paced", _("Zalo yêu cầu gửi chậm lại")
        FLOOD = "flood", _("Một người nhắn quá nhiều")
        SENDING_PAUSED = "sending_paused", _("Đang tạm ngừng gửi")
        WORKER_STILL = "worker_still", _("Một tiến trình ngừng làm việc")
        CLOCK_WRONG = "clock_wrong", _("Đồng hồ máy chủ lệch")
        BACKUP_OLD = "backup_old", _("Bản sao lưu đã cũ")
        CONSOLE_REPLY = "console_reply", _("Có người trả lời ngoài hệ thống")
        SEATS_UNCONFIRMED = "seats_unconfirmed", _("Chưa xác nhận người giữ tài khoản quản trị OA")

    oa = models.ForeignKey(OfficialAccount, models.CASCADE, null=True, db_constraint=False, related_name="incidents")
    kind = models.CharField(max_length=20, choices=Kind)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(default=timezone.now)
    figure = models.BigIntegerField(null=True)  # seconds, bytes or pieces, as the kind's sentence says

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["unit", "oa", "kind"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="incident_open_once",
            ),
        )
        indexes = (models.Index(fields=["unit", "-started_at", "id"], name="incident_newest"),)

    def __str__(self) -> str:
        return self.get_kind_display()


class Snapshot(models.Model):
    """The vault's numbers of the whole installation, one row, for ``/metrics``: zone web may not count across units."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()
    numbers = models.JSONField(default=dict)  # series name → list of [label, number]

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="snapshot_is_one"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"


class DomainProofQuerySet(models.QuerySet["DomainProof"]):
    def visible_to(self, officer: Officer) -> DomainProofQuerySet:
        sees = officer.may(Permission.OA_VIEW) or officer.may(Permission.SET_UP)
        return self.all() if sees else self.none()


class DomainProof(models.Model):
    """What Zalo wants to find at our public address before it believes that the address is ours."""

    class Kind(models.TextChoices):
        FILE = "file", _("tệp zalo_verifier")
        TAG = "tag", _("mã trong trang chủ")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=4, choices=Kind)
    name = models.CharField(max_length=75, blank=True, default="")  # of the file, e.g. zalo_verifierAbC.html
    content = models.CharField(max_length=500)
    created_at = models.DateTimeField(default=timezone.now)

    objects = DomainProofQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "name", "content"], name="proof_once"),)

    def __str__(self) -> str:
        return self.name or self.content


class SetupQuerySet(models.QuerySet["Setup"]):
    def visible_to(self, officer: Officer) -> SetupQuerySet:
        sees = officer.may(Permission.OA_VIEW) or officer.may(Permission.SET_UP)
        return self.filter(unit=officer.unit) if sees else self.none()


class Setup(UnitOwned, Job):
    """How far an account is set up: what a person confirmed, and what the vault found when it asked Zalo."""

    oa = models.ForeignKey(OfficialAccount, models.CASCADE, db_constraint=False, related_name="+")
    confirmed = models.JSONField(default=dict)  # name of the point → time
    findings = models.JSONField(default=dict)  # name of the question → Zalo's error code, 0 for yes
    checked_at = models.DateTimeField(null=True)

    objects = SetupQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "oa"], name="setup_once"),)
        indexes = (waiting_index("setup_waiting"),)


class ConsoleSeatQuerySet(models.QuerySet["ConsoleSeat"]):
    def visible_to(self, officer: Officer) -> ConsoleSeatQuerySet:
        sees = officer.may(Permission.OA_VIEW) or officer.may(Permission.SET_UP)
        return self.filter(unit=officer.unit) if sees else self.none()


class ConsoleSeat(UnitOwned):
    """Who can sign in to Zalo's own console of this account, past this system: known by name, confirmed each month."""

    oa = models.ForeignKey(OfficialAccount, models.CASCADE, db_constraint=False, related_name="seats")
    holder = models.CharField(_("người giữ"), max_length=120)
    since = models.DateField(_("từ ngày"))
    confirmed_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = ConsoleSeatQuerySet.as_manager()

    class Meta:
        ordering = ("since", "pk")
        indexes = (models.Index(fields=["unit", "oa"], name="seat_of_account"),)

    def __str__(self) -> str:
        return self.holder

"""Posts, their versions, the pictures in them, what was said about them, and one dispatch per account.

What must never happen is refused by the database itself (``migrations/0002_bound.sql``): a submitted version that
changes, an approval by a writer, a dispatch that leaves unapproved, one that leaves twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.gateway.models import OfficialAccount
from zalopolice.queue import Job, waiting_index
from zalopolice.units.models import Officer, UnitOwned
from zalopolice.units.roles import Permission


class Post(UnitOwned):
    """What one article is called while it is written, returned and written again; its words lie in versions."""

    created_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("bài đăng")


class PostVersionQuerySet(models.QuerySet["PostVersion"]):
    def visible_to(self, officer: Officer) -> PostVersionQuerySet:
        """Who writes or approves posts of the unit; for everybody else there are none."""
        return self.filter(unit=officer.unit) if officer.may(Permission.POST_READ) else self.none()


class PostVersion(UnitOwned):
    """One wording of a post with everything an approval binds. Final from the moment it is submitted."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Nháp")
        SUBMITTED = "submitted", _("Chờ duyệt")
        RETURNED = "returned", _("Bị trả lại")
        SCHEDULED = "scheduled", _("Đã duyệt, chờ giờ gửi")
        HELD = "held", _("Đang giữ lại")
        DISPATCHED = "dispatched", _("Đã gửi đi")
        WITHDRAWN = "withdrawn", _("Đã rút")

    class Gender(models.IntegerChoices):
        """Numbers as Zalo's (zalo-oa-api.md 3.4)."""

        ALL = 0, _("Nam và nữ")
        MALE = 1, _("Nam")
        FEMALE = 2, _("Nữ")

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        Status.DRAFT: {Status.SUBMITTED, Status.WITHDRAWN},
        Status.SUBMITTED: {Status.RETURNED, Status.SCHEDULED, Status.WITHDRAWN},
        Status.RETURNED: {Status.WITHDRAWN},
        Status.SCHEDULED: {Status.HELD, Status.DISPATCHED, Status.WITHDRAWN},
        Status.HELD: {Status.SCHEDULED, Status.WITHDRAWN},
        Status.DISPATCHED: set(),
        Status.WITHDRAWN: set(),
    }

    post = models.ForeignKey(Post, models.PROTECT, db_constraint=False, related_name="versions")
    number = models.PositiveSmallIntegerField()
    is_latest = models.BooleanField(default=True)
    status = models.CharField(_("trạng thái"), max_length=10, choices=Status, default=Status.DRAFT)
    changed_at = models.DateTimeField(default=timezone.now)
    revision = models.PositiveIntegerField(default=1)  # of a draft: who saves must have read the last one

    # What an approval binds (broadcasts/digest.py).
    title = models.CharField(_("tiêu đề"), max_length=140)
    description = models.CharField(_("mô tả ngắn"), max_length=250, blank=True, default="")
    author = models.CharField(_("dòng tác giả"), max_length=50, blank=True, default="")
    body = models.TextField(_("nội dung"), blank=True, default="")
    cover_sha256 = models.CharField(max_length=64, blank=True, default="")
    gender = models.PositiveSmallIntegerField(_("giới tính"), choices=Gender, default=Gender.ALL)
    ages = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)  # Zalo's groups; empty: all
    cities = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)  # Zalo's numbers; empty: all
    oa_ids = ArrayField(models.CharField(max_length=32), default=list, blank=True)  # Zalo's ids of our accounts
    send_at = models.DateTimeField(_("giờ gửi"), null=True)  # None: the next allowed minute after approval

    writers = ArrayField(models.UUIDField(), default=list)  # everybody who wrote a word up to here; only grows
    digest = models.CharField(max_length=64, blank=True, default="")  # of the above, from submission on
    submitted_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approved_as = models.CharField(max_length=24, blank=True, default="")  # role held then; the database writes it
    accepted_findings = models.JSONField(default=list)  # kinds the machine named and the approver let pass
    due_at = models.DateTimeField(null=True)  # when it leaves, fixed by the approval

    objects = PostVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("bản bài đăng")
        constraints = (
            models.UniqueConstraint(fields=["unit", "post", "number"], name="post_version_number_once"),
            models.UniqueConstraint(
                fields=["unit", "post"], condition=Q(is_latest=True), name="post_version_one_latest"
            ),
            models.CheckConstraint(
                condition=Q(submitted_by=None, submitted_at=None, digest="")
                | (Q(submitted_by__isnull=False, submitted_at__isnull=False) & ~Q(digest="")),
                name="post_version_submission_is_one_fact",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None, due_at=None, approved_as="")
                | (
                    Q(approved_by__isnull=False, approved_at__isnull=False, due_at__isnull=False)
                    & Q(submitted_by__isnull=False)
                    & ~Q(approved_as="")
                ),
                name="post_version_approval_is_one_fact",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["scheduled", "held", "dispatched"]) | Q(approved_by__isnull=False),
                name="post_version_leaves_approved",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["submitted", "returned"]) | Q(submitted_by__isnull=False, approved_by=None),
                name="post_version_waits_submitted",
            ),
            models.CheckConstraint(
                condition=Q(submitted_by=None) | (~Q(title="") & ~Q(body="") & Q(oa_ids__len__gt=0)),
                name="post_version_submitted_is_whole",
            ),
        )
        indexes = (
            models.Index(
                fields=["unit", "status", "-changed_at", "id"], name="post_version_list", condition=Q(is_latest=True)
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} · {self.number}"


@dataclass(frozen=True)
class Draft:
    """What an editor fills in."""

    title: str = ""
    description: str = ""
    author: str = ""
    body: str = ""
    cover_sha256: str = ""
    gender: int = PostVersion.Gender.ALL
    ages: list[int] = field(default_factory=list)
    cities: list[int] = field(default_factory=list)
    oa_ids: list[str] = field(default_factory=list)
    send_at: datetime | None = None


class PostImageQuerySet(models.QuerySet["PostImage"]):
    def visible_to(self, officer: Officer) -> PostImageQuerySet:
        return self.filter(unit=officer.unit) if officer.may(Permission.POST_READ) else self.none()


class PostImage(UnitOwned):
    """A cover as Zalo will fetch it: our own JPEG, never the uploaded file. Its name is its content."""

    MAX_BYTES = 1024 * 1024  # zalo-oa-api.md 6: photo_url, jpg or png up to 1 MB

    sha256 = models.CharField(max_length=64)
    data = models.BinaryField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    created_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    # Set by the approval of a post that shows it: from then on Zalo may fetch it, before nobody outside may.
    published_at = models.DateTimeField(null=True)

    objects = PostImageQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "sha256"], name="post_image_once"),)

    def __str__(self) -> str:
        return self.sha256


class Remark(UnitOwned):
    """What people said about a post and why they did what they did."""

    class Kind(models.TextChoices):
        SAID = "said", _("trao đổi")
        SUBMITTED = "submitted", _("gửi duyệt")
        RETURNED = "returned", _("trả lại")
        APPROVED = "approved", _("duyệt")
        HELD = "held", _("giữ lại")
        RELEASED = "released", _("cho gửi tiếp")
        WITHDRAWN = "withdrawn", _("rút")
        CANCELLED = "cancelled", _("không gửi qua một OA")
        SETTLED = "settled", _("kết luận bài chưa rõ")

    post = models.ForeignKey(Post, models.PROTECT, db_constraint=False, related_name="remarks")
    version = models.ForeignKey(PostVersion, models.PROTECT, db_constraint=False, related_name="remarks")
    kind = models.CharField(max_length=10, choices=Kind)
    officer = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")  # None: the machine
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField(blank=True, default="")

    class Meta:
        indexes = (models.Index(fields=["unit", "post", "at", "id"], name="remark_of_post"),)

    def __str__(self) -> str:
        return self.get_kind_display()


class DispatchQuerySet(models.QuerySet["Dispatch"]):
    def visible_to(self, officer: Officer) -> DispatchQuerySet:
        return self.filter(unit=officer.unit) if officer.may(Permission.POST_READ) else self.none()


class Dispatch(UnitOwned, Job):
    """One version to the followers of one account: one call to Zalo, at most once, never recalled (design D6)."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Chờ tới giờ gửi")
        CREATING = "creating", _("Đang tạo bài trên Zalo")
        VERIFYING = "verifying", _("Zalo đang kiểm tra bài")
        READY = "ready", _("Bài đã sẵn sàng, chờ gửi")
        SENDING = "sending", _("Đang gửi")
        SENT = "sent", _("Đã gửi")
        UNKNOWN = "unknown", _("Chưa rõ bài đã gửi")
        FAILED = "failed", _("Chưa gửi được")
        HELD = "held", _("Đang giữ lại")
        CANCELLED = "cancelled", _("Không gửi qua OA này")

    BEFORE_SENDING = (State.WAITING, State.CREATING, State.VERIFYING, State.READY)
    STATE_FIELD = "state"
    # No arrow leads back from "sending" but "certainly not sent"; none at all from "sent", "unknown", "failed" to it.
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        State.WAITING: {State.CREATING, State.READY, State.HELD, State.CANCELLED, State.FAILED},
        State.CREATING: {State.VERIFYING, State.WAITING, State.HELD, State.CANCELLED, State.FAILED},
        State.VERIFYING: {State.READY, State.WAITING, State.HELD, State.CANCELLED, State.FAILED},
        State.READY: {State.SENDING, State.HELD, State.CANCELLED, State.FAILED},
        State.SENDING: {State.SENT, State.UNKNOWN, State.FAILED, State.READY},
        State.HELD: {State.WAITING, State.CANCELLED},
        State.UNKNOWN: {State.SENT, State.FAILED},
        State.SENT: set(),
        State.FAILED: set(),
        State.CANCELLED: set(),
    }

    version = models.ForeignKey(PostVersion, models.PROTECT, db_constraint=False, related_name="dispatches")
    oa = models.ForeignKey(OfficialAccount, models.PROTECT, db_constraint=False, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    due_at = models.DateTimeField()  # the approved time; next_at may be later, never earlier
    article_token = models.CharField(max_length=120, blank=True, default="")
    article_id = models.CharField(max_length=64, blank=True, default="")
    message_id = models.CharField(max_length=64, blank=True, default="")
    error = models.CharField(max_length=255, blank=True, default="")  # for the officer, in Vietnamese
    started_at = models.DateTimeField(null=True)  # when "sending" was committed
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")  # a person, of an unclear one

    objects = DispatchQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "version", "oa"], name="dispatch_once"),)
        indexes = (
            waiting_index("dispatch_waiting"),
            models.Index(fields=["unit", "oa", "due_at"], name="dispatch_of_account"),
        )

    def __str__(self) -> str:
        return self.get_state_display()

    def resumed(self) -> dict[str, Any]:
        """Columns of a row that waits again from the approved time on."""
        return {"queue": "vault", "next_at": max(self.due_at, timezone.now()), "error": ""}

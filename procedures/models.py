"""Procedures of a unit, their versions, and what a commune says differently: hours, address, contact."""

from __future__ import annotations

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from procedures.flow_models import Flow as Flow
from procedures.flow_models import SampleQuestion as SampleQuestion
from procedures.inherited import Own, OwnAndInherited, Row
from zalopolice.queue import Job, waiting_index
from zalopolice.units.fields import EncryptedTextField
from zalopolice.units.models import Officer, UnitOwned
from zalopolice.units.roles import Permission


class Procedure(UnitOwned):
    """Something people come to the police for. What is said about it stands in its versions."""

    slug = models.SlugField(_("tên trong địa chỉ trang"), max_length=64)
    code = models.CharField(_("mã thủ tục quốc gia"), max_length=16, blank=True, default="")
    field = models.CharField(_("lĩnh vực"), max_length=120)
    position = models.PositiveSmallIntegerField(_("thứ tự"), default=0)
    changed_at = models.DateTimeField(default=timezone.now)  # what citizens may read of it changed

    objects = OwnAndInherited.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("thủ tục")
        ordering = ("position", "slug", "pk")
        constraints = (models.UniqueConstraint(fields=["unit", "slug"], name="procedure_slug_once"),)
        indexes = (models.Index(fields=["unit", "position", "slug", "id"], name="procedure_order"),)

    def __str__(self) -> str:
        return self.slug


class Version(UnitOwned):
    """One text of a procedure. Changed only while a draft; kept as it is from the moment it is published.

    The database itself holds that, counts everybody who wrote, and lets none of them publish
    (``migrations/0002_guard.sql``): the app's own roles cannot get round it."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Đang soạn")
        IN_REVIEW = "in_review", _("Chờ thẩm định")
        PUBLISHED = "published", _("Đang công bố")
        SUPERSEDED = "superseded", _("Đã thay bằng bản mới")
        EXPIRED = "expired", _("Hết hiệu lực")
        DISCARDED = "discarded", _("Đã bỏ")

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        State.DRAFT: {State.IN_REVIEW, State.DISCARDED},
        State.IN_REVIEW: {State.DRAFT, State.PUBLISHED},
        State.PUBLISHED: {State.SUPERSEDED, State.EXPIRED},
    }
    STATE_FIELD = "state"

    procedure = models.ForeignKey(Procedure, models.PROTECT, db_constraint=False, related_name="versions")
    number = models.PositiveSmallIntegerField(_("bản"))
    state = models.CharField(_("trạng thái"), max_length=12, choices=State, default=State.DRAFT)

    # The text: name, words people use for it, and the entry as in ``data/procedures.json``.
    name = models.CharField(_("tên thủ tục"), max_length=160)
    synonyms = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    content = models.JSONField(encoder=DjangoJSONEncoder, default=dict)
    sources = ArrayField(models.URLField(max_length=500), default=list, blank=True)
    confidence = models.DecimalField(max_digits=3, decimal_places=2, null=True, blank=True)  # 0 to 1; of the import
    checked_on = models.DateField(_("đối chiếu văn bản ngày"), null=True, blank=True)
    review_due = models.DateField(_("xem lại trước ngày"), null=True, blank=True)
    imported = models.BooleanField(default=False, editable=False)  # carried in by the command; no person has judged it

    writers = ArrayField(models.UUIDField(), default=list, blank=True, editable=False)  # everybody who ever changed it
    written_by = models.ForeignKey(Officer, models.PROTECT, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    submitted_by = models.ForeignKey(Officer, models.PROTECT, null=True, editable=False, related_name="+")
    submitted_at = models.DateTimeField(null=True, editable=False)
    returned_by = models.ForeignKey(Officer, models.PROTECT, null=True, editable=False, related_name="+")
    returned_at = models.DateTimeField(null=True, editable=False)
    reason = models.CharField(max_length=500, blank=True, default="", editable=False)  # of the return, of the end
    published_by = models.ForeignKey(Officer, models.PROTECT, null=True, editable=False, related_name="+")
    published_at = models.DateTimeField(null=True, editable=False)
    ended_by = models.ForeignKey(Officer, models.PROTECT, null=True, editable=False, related_name="+")
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = OwnAndInherited.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("bản của thủ tục")
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(fields=["unit", "procedure", "number"], name="procedure_version_number_once"),
            models.UniqueConstraint(
                fields=["unit", "procedure"], condition=Q(state="published"), name="procedure_one_published"
            ),
            models.UniqueConstraint(
                fields=["unit", "procedure"], condition=Q(state__in=["draft", "in_review"]), name="procedure_one_open"
            ),
            models.CheckConstraint(
                condition=Q(published_by=None) | ~Q(writers__contains=[F("published_by")]),
                name="procedure_reviewer_wrote_nothing",
            ),
            models.CheckConstraint(
                condition=Q(published_by=None) | (Q(submitted_by__isnull=False) & ~Q(published_by=F("submitted_by"))),
                name="procedure_reviewer_not_submitter",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "in_review", "discarded"], published_by=None, published_at=None)
                | Q(published_at__isnull=False, published_by__isnull=False, imported=False)
                | Q(published_at__isnull=False, published_by=None, imported=True),
                name="procedure_published_by_a_person",
            ),
        )
        indexes = (models.Index(fields=["unit", "state", "id"], name="procedure_version_by_state"),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_reviewed(self) -> bool:
        """Judged by a second person. Everything else is "chưa thẩm định" to whoever edits."""
        return self.published_by_id is not None

    @property
    def replaced_by(self) -> str | None:
        """Slug of what takes the place of a name people still use (sổ hộ khẩu, KT3)."""
        return self.content.get("redirect_slug") or None


class LawChange(UnitOwned):
    """A legal document that was changed or replaced; what cites it is to be read again (``reviewing.py``)."""

    number = models.CharField(_("số hiệu văn bản đã đổi"), max_length=60)
    changed_by = models.CharField(_("số hiệu văn bản sửa đổi, thay thế"), max_length=60)
    effective_on = models.DateField(_("có hiệu lực từ"))
    note = models.CharField(_("đổi điều gì (nếu biết)"), max_length=240, blank=True, default="")
    marked_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OwnAndInherited.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("văn bản đã thay đổi")
        ordering = ("-effective_on", "pk")
        constraints = (
            models.UniqueConstraint(fields=["unit", "number", "changed_by"], name="procedure_law_change_once"),
        )

    def __str__(self) -> str:
        return self.number


class UnitOverride(UnitOwned):
    """What a commune says of its own in a procedure, also of its province's: never what the law says."""

    procedure = models.ForeignKey(
        Procedure, models.PROTECT, db_constraint=False, related_name="overrides", verbose_name=_("thủ tục")
    )
    hours = models.CharField(_("giờ nhận hồ sơ"), max_length=240, blank=True, default="")
    address = models.CharField(_("nơi nhận hồ sơ"), max_length=240, blank=True, default="")
    contact = models.CharField(_("người liên hệ, điện thoại"), max_length=160, blank=True, default="")

    objects = OwnAndInherited.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("giờ, địa chỉ riêng của đơn vị")
        ordering = ("procedure__position", "pk")
        constraints = (
            models.UniqueConstraint(fields=["unit", "procedure"], name="procedure_override_once"),
            models.CheckConstraint(
                condition=~Q(hours="", address="", contact=""), name="procedure_override_says_a_thing"
            ),
        )

    def __str__(self) -> str:
        return f"{self.procedure_id}"


# --- what the bot could not answer (features F7, F8) -----------------------------------------------------------------


class MissWeek(UnitOwned, Job):
    """A week of a unit whose unanswered questions wait to be put together once it is over."""

    monday = models.DateField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "monday"], name="miss_week_once"),)
        indexes = (waiting_index("miss_week_waiting"),)


class ProposedFromBelow(models.QuerySet[Row]):
    """A unit's own; of the units below what their editors have proposed, which is all row security shows of them."""

    def visible_to(self, officer: Officer) -> Self:
        if not officer.may(Permission.PROCEDURE_EDIT):
            return self.none()
        proposed = Q(unit__parent=officer.unit.pk, state=MissCluster.State.PROPOSED)
        return self.filter(Q(unit=officer.unit.pk) | proposed)


class MissCluster(UnitOwned):
    """Questions of one week that ask the same, as far as a machine can tell."""

    class State(models.TextChoices):
        NEW = "new", _("Chưa xem")
        DRAFTED = "drafted", _("Đã đưa vào bản soạn")
        PROPOSED = "proposed", _("Đã đề nghị cấp trên")
        DROPPED = "dropped", _("Bỏ qua")

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {State.NEW: {State.DRAFTED, State.PROPOSED, State.DROPPED}}
    STATE_FIELD = "state"

    monday = models.DateField(_("tuần từ"))
    size = models.PositiveIntegerField(_("số câu"))
    slug = models.CharField(max_length=64, blank=True, default="")  # the published procedure they come closest to
    state = models.CharField(_("trạng thái"), max_length=10, choices=State, default=State.NEW)
    # What an editor has read and passed on: an editor's words from then on, no longer a citizen's.
    phrases = ArrayField(models.CharField(max_length=120), default=list, blank=True)

    objects = ProposedFromBelow.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("câu máy chưa trả lời được")
        ordering = ("-monday", "-size", "pk")
        indexes = (models.Index(fields=["unit", "-monday", "-size", "id"], name="miss_cluster_order"),)


class Miss(UnitOwned):
    """A question the bot could not answer. Not who asked, nor when: masked before it is kept, a week is its time."""

    class Kind(models.TextChoices):
        ASKED_BACK = "asked_back", _("máy hỏi lại")
        HANDED_OVER = "handed_over", _("chuyển cán bộ")
        WRONG = "wrong", _("người dân nhắn “chưa đúng”")

    monday = models.DateField()
    kind = models.CharField(max_length=12, choices=Kind)
    labels = ArrayField(models.CharField(max_length=64), default=list)  # what it was taken for, the likeliest first
    text = EncryptedTextField()
    times = models.PositiveIntegerField(default=1)  # written alike so often; the others are gone
    cluster = models.ForeignKey(MissCluster, models.CASCADE, null=True, db_constraint=False, related_name="misses")

    objects = Own.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["unit", "monday"], name="miss_of_week"),
            models.Index(fields=["unit", "cluster"], name="miss_of_cluster"),
        )


class Outcome(UnitOwned):
    """How often, in one month, asking for a procedure ended one way: numbers only, nobody's words."""

    class Kind(models.TextChoices):
        ANSWERED = "answered", _("Đã trả lời")
        ASKED_BACK = "asked_back", _("Hỏi lại")
        HANDED_OVER = "handed_over", _("Chuyển cán bộ")
        WRONG = "wrong", _("“Chưa đúng”")

    month = models.DateField()  # its first day
    slug = models.CharField(max_length=64, blank=True, default="")  # "": of no procedure
    kind = models.CharField(max_length=12, choices=Kind)
    # A row an event, put together when the month is over: one row counted up would make all who ask wait for it.
    times = models.PositiveIntegerField(default=1)

    objects = Own.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("số liệu trả lời")
        indexes = (models.Index(fields=["unit", "month", "slug", "kind"], name="outcome_by_month"),)


# --- the language somebody wants to be answered in (feature N4) -------------------------------------------------------


class LanguageChoice(UnitOwned):
    """Encrypted under the citizen's own key: it may tell what people somebody belongs to."""

    citizen = models.ForeignKey("gateway.Citizen", models.CASCADE, db_constraint=False, related_name="+")
    code = EncryptedTextField(owner="citizen_id")  # of procedures/languages.py

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "citizen"], name="language_chosen_once"),)

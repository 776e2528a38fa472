"""Procedures of a unit, their versions, and what a commune says differently: hours, address, contact."""

from __future__ import annotations

from typing import ClassVar, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.units.models import Officer, UnitOwned
from zalopolice.units.roles import Permission

Row = TypeVar("Row", bound=models.Model, covariant=True)


class OwnAndInherited(models.QuerySet[Row]):
    """For rows of the unit and what the unit above publishes for it; row security hides the latter's drafts."""

    def visible_to(self, officer: Officer) -> Self:
        if not (officer.may(Permission.PROCEDURE_EDIT) or officer.may(Permission.PROCEDURE_REVIEW)):
            return self.none()
        return self.filter(unit__in=[officer.unit.pk, officer.unit.parent_id])


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

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        State.DRAFT: {State.IN_REVIEW},
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
                condition=Q(state__in=["draft", "in_review"], published_by=None, published_at=None)
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

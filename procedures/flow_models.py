"""What editors set up without code: words that lead somewhere, numbered menus, and sentences they try them with."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from procedures.inherited import Own, OwnAndInherited
from zalopolice.units.fields import EncryptedTextField
from zalopolice.units.models import Officer, Unit, UnitOwned


class Flow(UnitOwned):
    """One text of what happens when a citizen writes one of ``phrases`` or picks it in a menu.

    ``slug`` is what menus point to and stays the same from text to text. As with a version, the database holds that
    published words never change and that nobody publishes what he wrote (``migrations/0005_flows.sql``)."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Đang soạn")
        IN_REVIEW = "in_review", _("Chờ thẩm định")
        PUBLISHED = "published", _("Đang công bố")
        ENDED = "ended", _("Đã thôi dùng")

    class Does(models.TextChoices):
        TEXT = "text", _("Trả lời bằng câu soạn sẵn")
        MENU = "menu", _("Đưa menu đánh số")
        GOES = "goes", _("Chuyển tới thủ tục hoặc việc có sẵn")

    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        State.DRAFT: {State.IN_REVIEW, State.ENDED},
        State.IN_REVIEW: {State.DRAFT, State.PUBLISHED},
        State.PUBLISHED: {State.ENDED},
    }
    STATE_FIELD = "state"

    slug = models.SlugField(max_length=64, editable=False)
    number = models.PositiveSmallIntegerField(_("bản"), default=1, editable=False)
    state = models.CharField(_("trạng thái"), max_length=12, choices=State, default=State.DRAFT, editable=False)
    name = models.CharField(_("tên"), max_length=100)
    phrases = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    does = models.CharField(_("việc máy làm"), max_length=8, choices=Does, default=Does.TEXT)
    text = models.TextField(_("câu trả lời, hoặc câu mở đầu menu"), blank=True, default="")
    goes_to = models.CharField(max_length=80, blank=True, default="")  # a destination of ``procedures/flows.py``
    items = models.JSONField(default=list, blank=True)  # of a menu: [{"label", "goes_to"}]

    writers = ArrayField(models.UUIDField(), default=list, blank=True, editable=False)  # everybody who ever changed it
    written_by = models.ForeignKey(Officer, models.PROTECT, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    submitted_by = models.ForeignKey(Officer, models.PROTECT, null=True, editable=False, related_name="+")
    submitted_at = models.DateTimeField(null=True, editable=False)
    returned_by = models.ForeignKey(Officer, models.PROTECT, null=True, editable=False, related_name="+")
    returned_at = models.DateTimeField(null=True, editable=False)
    reason = models.CharField(max_length=500, blank=True, default="", editable=False)  # of the return
    published_by = models.ForeignKey(Officer, models.PROTECT, null=True, editable=False, related_name="+")
    published_at = models.DateTimeField(null=True, editable=False)
    ended_by = models.ForeignKey(Officer, models.PROTECT, null=True, editable=False, related_name="+")
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = OwnAndInherited.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("menu và từ khóa")
        ordering = ("slug", "-number")
        constraints = (
            models.UniqueConstraint(fields=["unit", "slug", "number"], name="flow_number_once"),
            models.UniqueConstraint(
                fields=["unit", "slug"], condition=Q(state="published"), name="flow_one_published"
            ),
            models.UniqueConstraint(
                fields=["unit", "slug"], condition=Q(state__in=["draft", "in_review"]), name="flow_one_open"
            ),
            models.CheckConstraint(
                condition=Q(published_by=None)
                | (
                    ~Q(writers__contains=[F("published_by")])
                    & Q(submitted_by__isnull=False)
                    & ~Q(published_by=F("submitted_by"))
                ),
                name="flow_published_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | Q(published_by__isnull=False, published_at__isnull=False),
                name="flow_published_by_a_person",
            ),
        )  # fmt: skip
        indexes = (models.Index(fields=["unit", "state", "slug"], name="flow_by_state"),)

    def __str__(self) -> str:
        return self.name


def published(unit_id: uuid.UUID) -> list[Flow]:
    """A unit's own and those of the unit above; where both have a slug, the unit's own words stand."""
    units = Unit.objects.filter(Q(pk=unit_id) | Q(children=unit_id))
    found: dict[str, Flow] = {}
    for row in in_order(Flow.objects.filter(state=Flow.State.PUBLISHED, unit__in=units.values("pk")), unit_id):
        found.setdefault(row.slug, row)
    return list(found.values())


def in_order(rows: Iterable[Flow], unit_id: uuid.UUID) -> list[Flow]:
    """In which they are asked whose phrase a citizen wrote: a unit's own first, then by slug."""
    return sorted(rows, key=lambda row: (row.unit_id != unit_id, row.slug))


def clashing(by: Officer) -> models.QuerySet[Flow]:
    """Published ones of the unit that hide one of the unit above, whose name is ``above``."""
    rows = Flow.objects.visible_to(by).filter(state=Flow.State.PUBLISHED)
    upper = rows.filter(unit=by.unit.parent_id, slug=models.OuterRef("slug")).values("name")[:1]
    return rows.filter(unit=by.unit).annotate(above=models.Subquery(upper)).exclude(above=None)


class SampleQuestion(UnitOwned):
    """A sentence an editor keeps to try the understanding with, and what it should be taken for.

    Perhaps copied from what somebody wrote: encrypted like a citizen's words."""

    text = EncryptedTextField()
    label = models.CharField(max_length=64)
    added_by = models.ForeignKey(Officer, models.PROTECT, editable=False, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = Own.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("câu thử của đơn vị")
        ordering = ("-created_at", "pk")
        indexes = (models.Index(fields=["unit", "-created_at", "id"], name="sample_question_order"),)

    def __str__(self) -> str:
        return self.label

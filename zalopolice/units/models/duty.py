"""Who is on duty."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from zalopolice.units.models.organisation import UnitOwned
from zalopolice.units.models.people import Officer


class DutyShiftQuerySet(models.QuerySet["DutyShift"]):
    def visible_to(self, officer: Officer) -> DutyShiftQuerySet:
        """Everybody in a unit may know who is on duty there."""
        return self.filter(unit=officer.unit)

    def at(self, moment: datetime) -> DutyShiftQuerySet:
        return self.filter(starts_at__lte=moment, ends_at__gt=moment)


class DutyShift(UnitOwned):
    """This officer is on duty from a moment to a moment; several may be."""

    class Post(models.TextChoices):
        DESK = "desk", _("Trực ban")
        COMMAND = "command", _("Trực chỉ huy")

    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+", verbose_name=_("cán bộ"))
    post = models.CharField(_("vị trí trực"), max_length=8, choices=Post, default=Post.DESK)
    starts_at = models.DateTimeField(_("từ"))
    ends_at = models.DateTimeField(_("đến"))
    planned_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")

    objects = DutyShiftQuerySet.as_manager()

    class Meta:
        verbose_name = _("ca trực")
        constraints = (
            models.UniqueConstraint(fields=["unit", "officer", "post", "starts_at"], name="shift_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="shift_ends_after_it_starts"),
        )
        indexes = (models.Index(fields=["unit", "starts_at", "ends_at"], name="shift_by_time"),)

    def __str__(self) -> str:
        return f"{self.get_post_display()} {self.starts_at:%Y-%m-%d %H:%M}"

"""“Is this really the police?”: an officer who may be asked for by a code, for some minutes (features.md F12)."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from zalopolice.units.models.organisation import UnitOwned
from zalopolice.units.models.people import Officer

LONGEST = timedelta(minutes=30)


class OfficerCheckQuerySet(models.QuerySet["OfficerCheck"]):
    def visible_to(self, officer: Officer) -> OfficerCheckQuerySet:
        """One's own: a code stands for one person."""
        return self.filter(unit=officer.unit, officer=officer)


class OfficerCheck(UnitOwned):
    """One row an officer in a unit, so that a new code ends the one before.

    The code itself is kept nowhere; ``mac`` is a keyed hash the database makes (``migrations/0006_hotline.sql``)."""

    officer = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    mac = models.CharField(max_length=64)
    shown_as = models.CharField(max_length=240)  # what a citizen is told, as the officer read it before pressing
    opened_at = models.DateTimeField()
    until = models.DateTimeField()

    objects = OfficerCheckQuerySet.as_manager()

    class Meta:
        verbose_name = _("mã kiểm tra cán bộ")
        constraints = (
            models.UniqueConstraint(fields=["unit", "officer"], name="officer_check_one_each"),
            models.UniqueConstraint(fields=["unit", "mac"], name="officer_check_code_once"),
            models.CheckConstraint(condition=Q(until__lte=F("opened_at") + LONGEST), name="officer_check_is_short"),
        )

    def __str__(self) -> str:
        return f"{self.until:%Y-%m-%d %H:%M}"

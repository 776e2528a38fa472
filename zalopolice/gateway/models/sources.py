"""Where a citizen came from (design D28), and how many follow an account, day by day."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zalopolice.gateway.models.accounts import OfficialAccount
from zalopolice.units.models import Officer, UnitOwned
from zalopolice.units.roles import Permission


class SourceTagQuerySet(models.QuerySet["SourceTag"]):
    def visible_to(self, officer: Officer) -> SourceTagQuerySet:
        """Who writes the unit's posts hangs its posters too."""
        return self.filter(unit=officer.unit) if officer.may(Permission.POST_READ) else self.none()

    def active(self) -> SourceTagQuerySet:
        return self.filter(retired_at=None)


class SourceTag(UnitOwned):
    """A short code on a poster or a notice; who sends it with the first words tells where they read of us.

    It names a public place and never a person. A code is never given twice: old posters stay on their walls."""

    class Kind(models.TextChoices):
        POSTER = "poster", _("Áp phích")
        SCHOOL = "school", _("Trường học")
        NOTICE = "notice", pgettext_lazy("nơi đặt mã", "Thông báo")
        GROUP = "group", pgettext_lazy("nhóm Zalo", "Nhóm dân cư")

    oa = models.ForeignKey(OfficialAccount, models.PROTECT, db_constraint=False, related_name="+")
    code = models.CharField(_("mã"), max_length=8)
    kind = models.CharField(_("loại"), max_length=8, choices=Kind)
    label = models.CharField(_("nơi đặt"), max_length=80)
    created_by = models.ForeignKey(Officer, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True)

    objects = SourceTagQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "code"], name="source_code_once"),)
        indexes = (models.Index(fields=["unit", "-created_at", "-id"], name="source_by_time"),)

    def __str__(self) -> str:
        return self.label


class FollowerDayQuerySet(models.QuerySet["FollowerDay"]):
    def visible_to(self, officer: Officer) -> FollowerDayQuerySet:
        return self.filter(unit=officer.unit) if officer.may(Permission.OA_VIEW) else self.none()


class FollowerDay(UnitOwned):
    """Numbers only: who follows is nobody's business until they write."""

    oa = models.ForeignKey(OfficialAccount, models.CASCADE, db_constraint=False, related_name="follower_days")
    day = models.DateField()
    followers = models.PositiveIntegerField(null=True)  # as Zalo counted them last on this day
    joined = models.PositiveIntegerField(default=0)  # as we heard them come and go
    left = models.PositiveIntegerField(default=0)

    objects = FollowerDayQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "oa", "day"], name="follower_day_once"),)

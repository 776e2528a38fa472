"""Units, their areas, and what every row of a unit has in common."""

from __future__ import annotations

import uuid
from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _


class UnitQuerySet(models.QuerySet["Unit"]):
    def working(self, today: date) -> UnitQuerySet:
        """Units that are open on this day."""
        return self.filter(opens_on__lte=today).exclude(closes_on__lt=today)

    def for_citizens(self, today: date) -> UnitQuerySet:
        """Units citizens may be led to: a training unit answers nobody in earnest."""
        return self.working(today).filter(is_training=False)


class Unit(models.Model):
    """A node with its own wall (design D12). Units split and merge with dates; they are never deleted."""

    class Kind(models.TextChoices):
        PROVINCE = "province", _("Công an tỉnh, thành phố")
        COMMUNE = "commune", _("Công an xã, phường, đặc khu")
        TEAM = "team", _("Đội nghiệp vụ")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.SlugField(_("mã"), max_length=32, unique=True)
    name = models.CharField(_("tên đơn vị"), max_length=160)
    kind = models.CharField(_("loại"), max_length=12, choices=Kind)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    opens_on = models.DateField(_("hoạt động từ"))
    closes_on = models.DateField(_("đến"), null=True, blank=True)
    is_training = models.BooleanField(_("đơn vị tập huấn"), default=False)  # on the simulator; never counted

    objects = UnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("đơn vị")
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name


class UnitOwned(models.Model):
    """A row of one unit, behind row-level security. The id is made in Python: it is part of what is encrypted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Area(UnitOwned):
    """A hamlet, residential group or beat: a label inside a unit, never a wall."""

    name = models.CharField(_("tên địa bàn"), max_length=120)
    is_active = models.BooleanField(_("đang dùng"), default=True)

    class Meta:
        verbose_name = _("địa bàn")
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=["unit", "name"], name="area_name_once"),)

    def __str__(self) -> str:
        return self.name

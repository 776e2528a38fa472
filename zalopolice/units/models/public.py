"""What citizens may know of a unit: where it is, when it opens, whom to call. Kept by editors in Django admin."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zalopolice.units.models.organisation import Area, UnitOwned
from zalopolice.units.models.people import Officer
from zalopolice.units.roles import Permission


class OfficeQuerySet(models.QuerySet["Office"]):
    def visible_to(self, officer: Officer) -> OfficeQuerySet:
        return self.filter(unit=officer.unit) if officer.seat else self.none()


class Office(UnitOwned):
    """Where people come: address, telephone, opening hours. One a unit."""

    address = models.CharField(_("địa chỉ trụ sở"), max_length=240)
    phone = models.CharField(_("điện thoại trực ban"), max_length=20)
    # Seven lists from Monday on, each of pairs ["07:30", "11:30"] in local time; an empty list is a closed day.
    hours = models.JSONField(_("giờ tiếp dân"), default=list)
    note = models.CharField(_("ghi chú cho người dân"), max_length=240, blank=True, default="")
    map_url = models.URLField(_("đường dẫn bản đồ"), blank=True, default="")

    objects = OfficeQuerySet.as_manager()

    class Meta:
        verbose_name = _("trụ sở")
        constraints = (models.UniqueConstraint(fields=["unit"], name="office_one_per_unit"),)

    def __str__(self) -> str:
        return self.address


class HotlineContactQuerySet(models.QuerySet["HotlineContact"]):
    def visible_to(self, officer: Officer) -> HotlineContactQuerySet:
        rows = self.filter(unit=officer.unit) if officer.seat else self.none()
        return rows if officer.may(Permission.HOTLINE_EDIT) else rows.filter(is_public=True)


class HotlineContact(UnitOwned):
    """A number citizens may call: the chief, the duty desk, the officer of an area."""

    class Kind(models.TextChoices):
        DUTY_DESK = "duty_desk", _("Trực ban")
        CHIEF = "chief", _("Chỉ huy")
        AREA = "area", _("Cán bộ phụ trách địa bàn")
        OTHER = "other", _("Đầu mối khác")

    kind = models.CharField(_("loại"), max_length=10, choices=Kind)
    title = models.CharField(_("chức danh"), max_length=120)
    name = models.CharField(_("họ và tên"), max_length=120, blank=True, default="")
    phone = models.CharField(_("số điện thoại"), max_length=20)
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, db_constraint=False, related_name="+", verbose_name=_("địa bàn")
    )
    # Published by naming the officer here: who is on duty is told to citizens of those who stand in the list only.
    officer = models.ForeignKey(
        Officer, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("cán bộ trong hệ thống")
    )
    position = models.PositiveSmallIntegerField(_("thứ tự"), default=0)
    verified_on = models.DateField(_("ngày kiểm tra số"))
    is_public = models.BooleanField(_("người dân thấy"), default=True)

    objects = HotlineContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("số điện thoại cho người dân")
        verbose_name_plural = _("danh bạ cho người dân")
        ordering = ("position", "title", "pk")
        constraints = (
            models.CheckConstraint(condition=~Q(kind="area") | Q(area__isnull=False), name="area_contact_has_area"),
        )
        indexes = (models.Index(fields=["unit", "position"], name="hotline_order"),)

    def __str__(self) -> str:
        return f"{self.title} {self.phone}"


class CalendarDay(models.Model):
    """A day that is not what the calendar library says: a swapped working day, a holiday decided late."""

    day = models.DateField(_("ngày"), unique=True)
    is_working = models.BooleanField(_("ngày làm việc"))
    name = models.CharField(_("tên ngày"), max_length=120)
    source = models.CharField(_("văn bản"), max_length=200)

    class Meta:
        verbose_name = _("ngày nghỉ, ngày làm bù")
        verbose_name_plural = _("ngày nghỉ, ngày làm bù")
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y} {self.name}"

"""Units, areas, officers, roles, and the keys of each unit's own words."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.units.roles import ROLE_PERMISSIONS, Permission, Rank, Role

if TYPE_CHECKING:
    from zalopolice.units.seats import Seat


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


class OfficerManager(BaseUserManager["Officer"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> Officer:
        officer = self.model(username=username, **fields)
        officer.set_password(password)
        officer.save(using=self._db)
        return officer

    def get_by_natural_key(self, username: str | None) -> Officer:
        return self.get(username__iexact=username)


class Officer(AbstractBaseUser):
    """A person who signs in. Holds no rights of its own: those come from the seat taken in a unit."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(_("tên đăng nhập"), max_length=64, unique=True)
    full_name = models.CharField(_("họ và tên"), max_length=120)
    rank = models.CharField(_("cấp bậc"), max_length=16, choices=Rank, default=Rank.NONE, blank=True)
    position = models.CharField(_("chức vụ"), max_length=120, blank=True)
    is_active = models.BooleanField(_("đang hoạt động"), default=True)
    is_superuser = models.BooleanField(default=False, editable=False)

    objects = OfficerManager()
    seat: Seat | None = None
    seats: Sequence[Seat] = ()  # all the officer may take today; filled with the seat
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("cán bộ")
        constraints = (
            # Nobody stands above the walls, not even by an accident in a shell (design D20).
            models.CheckConstraint(condition=Q(is_superuser=False), name="no_superuser"),
            # Sign-in ignores capitals, so two names that differ in them only would be one.
            models.UniqueConstraint(Lower("username"), name="username_once"),
        )

    def __str__(self) -> str:
        return f"{self.get_rank_display()} {self.full_name}" if self.rank else self.full_name

    @property
    def unit(self) -> Unit:
        if self.seat is None:
            raise PermissionError("an officer without a seat acts in no unit")
        return self.seat.unit

    def may(self, permission: Permission) -> bool:
        return self.is_active and self.seat is not None and permission in self.seat.permissions


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self) -> MembershipQuerySet:
        today = timezone.localdate()
        return self.filter(Q(until=None) | Q(until__gte=today), since__lte=today)


class Membership(UnitOwned):
    """This officer holds this role in this unit, from a day to a day."""

    officer = models.ForeignKey(Officer, models.PROTECT, related_name="memberships")
    role = models.CharField(_("vai trò"), max_length=24, choices=Role)
    since = models.DateField(_("từ ngày"))
    until = models.DateField(_("đến ngày"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("phân công vai trò")
        constraints = (
            models.UniqueConstraint(fields=["unit", "officer", "role", "since"], name="membership_once"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=models.F("since")), name="membership_dates"),
        )

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.since}"


class WrappedKey(UnitOwned):
    """A key of a unit, a case or a citizen, encrypted by the key above it; deleting the row erases.

    ``level`` ``unit``: wrapped by a root key of the zone's key file. ``owner``: wrapped by the unit's key; it
    encrypts the fields and files of one case, one citizen, or (``owner`` = the unit's id) of the unit itself."""

    class Level(models.TextChoices):
        UNIT = "unit", "unit"
        OWNER = "owner", "owner"

    level = models.CharField(max_length=5, choices=Level)
    owner = models.UUIDField()
    wrapped_by = models.UUIDField()
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        constraints = (
            models.UniqueConstraint(
                fields=["unit", "level", "owner"], condition=Q(retired_at=None), name="%(class)s_one_in_use"
            ),
        )


class ContentKey(WrappedKey):
    """Keys of what officers may read: texts, notes, summaries, screen copies of pictures."""

    def __str__(self) -> str:
        return f"{self.level} {self.pk}"


__all__ = ["ROLE_PERMISSIONS", "Area", "ContentKey", "Membership", "Officer", "Unit", "UnitOwned", "WrappedKey"]

"""Officers and the roles they hold, from a day to a day."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.units.models.organisation import Unit, UnitOwned
from zalopolice.units.roles import DEPUTED, ROLE_PERMISSIONS, Permission, Rank, Role

if TYPE_CHECKING:
    from zalopolice.units.seats import Seat


def normal_name(typed: str) -> str:
    """The one form in which names are looked up and their mistakes counted.

    Python and PostgreSQL disagree on capitals beyond ASCII (upper of "ı" and "ſ" is I and S), so a name that only one
    of them takes for another would be an account with as many counters as it has spellings."""
    return unicodedata.normalize("NFKC", typed).lower()


def is_name(username: str) -> bool:
    return re.fullmatch(r"[!-~]+", username) is not None


class OfficerManager(BaseUserManager["Officer"]):
    def named(self, typed: str) -> models.QuerySet[Officer]:
        """Whoever has this name. One beyond ASCII is nobody's, and is looked for all the same: time tells nothing."""
        possible = typed.isascii() and typed.isprintable()
        return self.filter(Exact(Lower("username"), normal_name(typed) if possible else ""))

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> Officer:
        if not is_name(username):
            raise ValueError("names of accounts are printable ASCII without blanks")
        officer = self.model(username=username, **fields)
        officer.set_password(password)
        officer.save(using=self._db)
        return officer

    def get_by_natural_key(self, username: str | None) -> Officer:
        return self.named(username or "").get()


class Officer(AbstractBaseUser):
    """A person who signs in. Holds no rights of its own: those come from the seat taken in a unit."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(_("tên đăng nhập"), max_length=64, unique=True)
    full_name = models.CharField(_("họ và tên"), max_length=120)
    rank = models.CharField(_("cấp bậc"), max_length=16, choices=Rank, default=Rank.NONE, blank=True)
    position = models.CharField(_("chức vụ"), max_length=120, blank=True)
    is_active = models.BooleanField(_("đang hoạt động"), default=True)
    is_superuser = models.BooleanField(default=False, editable=False)
    # Set with a password somebody else made up; the officer's first act is to choose one.
    must_change_password = models.BooleanField(default=False, editable=False)

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
        return self.filter(Q(until=None) | Q(until__gte=today), since__lte=today, ended_at=None)

    def not_over(self, today: date) -> MembershipQuerySet:
        """Held today, or promised for later."""
        return self.filter(Q(until=None) | Q(until__gte=today), ended_at=None)

    def visible_to(self, officer: Officer) -> MembershipQuerySet:
        """Everybody in a unit may know who holds which role there."""
        return self.filter(unit=officer.unit) if officer.seat else self.none()

    def others_who_may(self, permission: Permission, by: Officer, but: Iterable[uuid.UUID] = ()) -> MembershipQuerySet:
        """Held today by somebody else in the unit, with this right. ``but``: who wrote in it, where writers may not."""
        may = Q(role__in=[role for role, held in ROLE_PERMISSIONS.items() if permission in held])
        if permission in DEPUTED:
            may |= ~Q(deputation="")
        return self.current().filter(may, officer__is_active=True).exclude(officer__in=[by.pk, *but])


class Membership(UnitOwned):
    """This officer holds this role in this unit, from a day to a day."""

    officer = models.ForeignKey(Officer, models.PROTECT, related_name="memberships")
    role = models.CharField(_("vai trò"), max_length=24, choices=Role)
    since = models.DateField(_("từ ngày"))
    until = models.DateField(_("đến ngày"), null=True, blank=True)
    # A deputy approves only when deputed in writing (design D21); a row's dates are the deputation's.
    deputation = models.CharField(_("văn bản ủy quyền"), max_length=80, blank=True, default="")
    ended_at = models.DateTimeField(null=True, editable=False)  # taken back before its last day, at this moment

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("phân công vai trò")
        constraints = (
            # A deputation is a row of its own beside the deputy's role; what was taken back may be given again.
            models.UniqueConstraint(
                fields=["unit", "officer", "role", "since", "deputation"],
                condition=Q(ended_at=None),
                name="membership_once",
            ),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=models.F("since")), name="membership_dates"),
            models.CheckConstraint(condition=Q(deputation="") | Q(role="deputy_chief"), name="deputation_of_deputy"),
        )

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.since}"

"""Walks through Zalo's own history of conversations, for what the webhook did not bring."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.gateway.models.accounts import OfficialAccount
from zalopolice.queue import Job, waiting_index
from zalopolice.units.models import Officer, UnitOwned
from zalopolice.units.roles import Permission


class HistoryWalkQuerySet(models.QuerySet["HistoryWalk"]):
    def visible_to(self, officer: Officer) -> HistoryWalkQuerySet:
        """Whoever watches the unit's account."""
        return self.filter(unit=officer.unit) if officer.may(Permission.OA_VIEW) else self.none()


class HistoryWalk(UnitOwned, Job):
    """One comparison of Zalo's history with ours, page by page; each page is a step of its own, so that a process may
    die after any of them."""

    class Kind(models.TextChoices):
        DOWNTIME = "downtime", _("Sau khi cổng ngừng nhận tin")
        NIGHTLY = "nightly", _("Đối chiếu hằng đêm")
        ASKED = "asked", _("Theo yêu cầu")

    oa = models.ForeignKey(OfficialAccount, models.CASCADE, db_constraint=False, related_name="walks")
    kind = models.CharField(max_length=8, choices=Kind)
    since = models.DateTimeField()
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    people = models.PositiveIntegerField(default=0)  # who spoke in that time
    visited = models.PositiveIntegerField(default=0)  # of these, compared
    looked_at = models.PositiveIntegerField(default=0)  # messages at Zalo
    known = models.PositiveIntegerField(default=0)  # of these, here before
    missing = models.PositiveIntegerField(default=0)  # citizens' messages that were not
    inserted = models.PositiveIntegerField(default=0)
    typed = models.PositiveIntegerField(default=0)  # the account's, typed past the portal
    stop_asked = models.BooleanField(default=False)
    failures = models.PositiveSmallIntegerField(default=0)  # calls in a row that came to nothing
    error = models.CharField(max_length=160, blank=True, default="")  # why it ended early, in Vietnamese
    sealed_cursor = models.BinaryField(default=bytes)  # whose pages are left; Zalo ids, sealed to the vault

    objects = HistoryWalkQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["unit", "oa"], condition=Q(ended_at=None), name="walk_open_once"),
        )
        indexes = (
            waiting_index("walk_waiting"),
            models.Index(fields=["unit", "-started_at", "id"], name="walk_newest"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def is_whole(self) -> bool:
        """Everything was compared, and nothing that was missing is missing still."""
        return self.ended_at is not None and not self.error and self.missing == self.inserted

"""Zalo groups of an account, and events nobody could act on."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from zalopolice.gateway.models.accounts import OfficialAccount
from zalopolice.queue import Job, waiting_index
from zalopolice.units.fields import EncryptedTextField
from zalopolice.units.models import Officer, UnitOwned
from zalopolice.units.roles import Permission


class ChatGroupQuerySet(models.QuerySet["ChatGroup"]):
    def visible_to(self, officer: Officer) -> ChatGroupQuerySet:
        """Whoever reads what citizens write to the unit."""
        return self.filter(unit=officer.unit) if officer.may(Permission.TRAY_READ) else self.none()


class ChatGroup(UnitOwned):
    """A group of citizens on Zalo in which the account is a member. What is said there is nobody's private thread."""

    oa = models.ForeignKey(OfficialAccount, models.PROTECT, db_constraint=False, related_name="groups")
    zalo_group_id = models.CharField(max_length=64)
    name = models.CharField(max_length=160, blank=True, default="")
    is_active = models.BooleanField(default=True)
    # Zalo's time of the newest word about each of the two: an older one arriving late changes nothing.
    named_at = models.DateTimeField(null=True)
    active_at = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField(default=timezone.now)

    objects = ChatGroupQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "oa", "zalo_group_id"], name="group_once"),)
        indexes = (models.Index(fields=["unit", "-last_event_at", "-id"], name="group_newest"),)

    def __str__(self) -> str:
        return self.name or f"#{str(self.pk)[:4]}"  # Zalo's events do not always carry the name


class StuckEventQuerySet(models.QuerySet["StuckEvent"]):
    def visible_to(self, officer: Officer) -> StuckEventQuerySet:
        return self.filter(unit=officer.unit) if officer.may(Permission.TRAY_READ) else self.none()

    def open(self) -> StuckEventQuerySet:
        return self.filter(handled_at=None, read_at=None)


class StuckEvent(UnitOwned, Job):
    """An event of a known account that could not be acted upon: a person must look, no tip may hide in it.

    It waits in the queue only while somebody wants it tried again."""

    oa = models.ForeignKey(OfficialAccount, models.PROTECT, db_constraint=False, related_name="+")
    event_id = models.UUIDField()
    event_name = models.CharField(max_length=64, blank=True, default="")
    received_at = models.DateTimeField()
    error = models.CharField(max_length=120, blank=True, default="")  # what the code said, never a citizen's word
    text = EncryptedTextField(owner="id")
    tried_at = models.DateTimeField(null=True)  # the last time somebody asked for another try
    read_at = models.DateTimeField(null=True)  # the other try went well: it is a message now
    handled_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    handled_at = models.DateTimeField(null=True)
    note = EncryptedTextField(owner="id")

    objects = StuckEventQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["unit", "event_id"], name="stuck_once"),
            models.CheckConstraint(
                condition=Q(handled_by=None, handled_at=None) | Q(handled_by__isnull=False, handled_at__isnull=False),
                name="stuck_handling_is_one_fact",
            ),
        )
        indexes = (
            waiting_index("stuck_waiting"),
            models.Index(fields=["unit", "-received_at", "-id"], name="stuck_newest"),
        )

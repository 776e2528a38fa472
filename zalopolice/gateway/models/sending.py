"""How fast we may send, what a day cost, and whether this database may send at all."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.gateway.models.accounts import OfficialAccount
from zalopolice.units.models import Officer, UnitOwned


class Pace(models.Model):
    """How fast one account, or one app, may call Zalo now (``gateway/pace.py``); its key is the account's or app's."""

    id = models.UUIDField(primary_key=True, editable=False)
    app_id = models.UUIDField(null=True)  # of an account; None: this row is an app's
    ceiling = models.FloatField(null=True)  # calls per second at which Zalo last said "too fast"; None: never
    slowed_at = models.DateTimeField(null=True)
    free_at = models.DateTimeField(default=timezone.now)  # when the next call may go
    turn_at = models.DateTimeField(default=timezone.now)  # when the last of those told to come back will come

    def __str__(self) -> str:
        return str(self.pk)


class VaultMark(models.Model):
    """A mark the vault leaves each minute, here and in a file of its own (``gateway/holding.py``).

    A database that does not know the file's mark is older than the vault remembers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return str(self.pk)


class SendingPause(models.Model):
    """Nothing leaves the installation while a row without an end is here."""

    class Reason(models.TextChoices):
        RESTORED = "restored", _("dữ liệu được khôi phục từ bản sao lưu")
        OPERATOR = "operator", _("người vận hành tạm ngừng")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reason = models.CharField(max_length=10, choices=Reason)
    note = models.CharField(max_length=255, blank=True, default="")
    begun_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Officer, models.PROTECT, null=True, related_name="+")
    waiting = models.JSONField(default=list)
    """What each unit has waiting, counted by the vault: ``unit`` (UUID), ``waiting``, ``unclear``, ``oldest``."""

    class Meta:
        constraints = (models.UniqueConstraint(Value(1), condition=Q(ended_at=None), name="sending_pause_open_once"),)

    def __str__(self) -> str:
        return self.get_reason_display()


class QuotaDay(UnitOwned):
    """What an account sent on one day, counted from our own rows, beside what Zalo says is left."""

    oa = models.ForeignKey(OfficialAccount, models.CASCADE, db_constraint=False, related_name="quota_days")
    day = models.DateField()
    free = models.PositiveIntegerField(default=0)
    paid = models.PositiveIntegerField(default=0)
    broadcasts = models.PositiveIntegerField(default=0)
    console = models.PositiveIntegerField(default=0)  # typed in Zalo's own console, past this system
    # Zalo's numbers of the package for replies (zalo-oa-api.md 3.6); None: not told.
    asked_at = models.DateTimeField(null=True)
    left = models.PositiveIntegerField(null=True)
    total = models.PositiveIntegerField(null=True)
    difference = models.IntegerField(null=True)  # used by Zalo's count minus ours, since Zalo was last asked

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "oa", "day"], name="quota_day_once"),)
        ordering = ("-day",)

"""Who is signed in where, which browsers are known, and how long the next try has to wait."""

from __future__ import annotations

import uuid

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.units.models.people import Officer


class DeviceQuerySet(models.QuerySet["Device"]):
    def visible_to(self, officer: Officer) -> DeviceQuerySet:
        return self.filter(officer=officer)


class Device(models.Model):
    """A browser this officer has signed in from before: it is told nothing new, and others cannot delay it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    officer = models.ForeignKey(Officer, models.CASCADE, related_name="+")
    cookie = models.CharField(max_length=64)  # a hash: who reads the row cannot pretend to be the browser
    browser = models.CharField(max_length=80)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("thiết bị")
        constraints = (models.UniqueConstraint(fields=["officer", "cookie"], name="device_once"),)

    def __str__(self) -> str:
        return self.browser


class OfficerSessionQuerySet(models.QuerySet["OfficerSession"]):
    def visible_to(self, officer: Officer) -> OfficerSessionQuerySet:
        return self.filter(officer=officer, expire_date__gt=timezone.now())


class OfficerSession(AbstractBaseSession):
    """A session under the hash of its key. Its end is a moment in the row, so an idle one dies without a visit."""

    officer = models.ForeignKey(Officer, models.CASCADE, null=True, related_name="+")
    device = models.ForeignKey(Device, models.SET_NULL, null=True, related_name="+")
    began_at = models.DateTimeField(null=True)

    objects = OfficerSessionQuerySet.as_manager()  # type: ignore[assignment,misc]  # the parent names its own manager

    class Meta(AbstractBaseSession.Meta):
        indexes = (models.Index(fields=["officer", "expire_date"], name="sessions_of_officer"),)

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M}" if self.began_at else "…"


class Delay(models.Model):
    """How often in a row somebody was wrong, and until when nobody is heard (``units/delays.py``)."""

    key = models.CharField(primary_key=True, max_length=64)
    failures = models.PositiveIntegerField(default=0)
    until = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["at"], name="delay_age"),)

    def __str__(self) -> str:
        return f"{self.failures}"

"""The keys of each unit's own words."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from zalopolice.units.models.organisation import UnitOwned


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

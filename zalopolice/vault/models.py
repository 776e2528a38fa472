"""The source's identity (design D16). Only the vault's database role may touch these tables."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from zalopolice.units.fields import EncryptedTextField
from zalopolice.units.models import UnitOwned, WrappedKey


class VaultKey(WrappedKey):
    """Keys of identities, tokens and originals; wrapped by the vault's own root."""


class Route(UnitOwned):
    """How to reach a citizen on Zalo. ``index`` is a keyed hash: it finds, and tells nothing without its key."""

    citizen_id = models.UUIDField()
    index = models.BinaryField(max_length=16)
    zalo_user_id = EncryptedTextField(owner="citizen_id", ring="vault")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["unit", "index"], name="route_index_once"),
            models.UniqueConstraint(fields=["unit", "citizen_id"], name="route_citizen_once"),
        )


class Attribute(UnitOwned):
    """Something that tells who the citizen is: a name, a phone, the EXIF of an original."""

    class Kind(models.TextChoices):
        NAME = "name", "name"
        PHONE = "phone", "phone"
        ADDRESS = "address", "address"
        EXIF = "exif", "exif"

    citizen_id = models.UUIDField()
    kind = models.CharField(max_length=8, choices=Kind)
    value = EncryptedTextField(owner="citizen_id", ring="vault")
    object_id = models.UUIDField(null=True)  # the attachment an EXIF block came from
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (models.Index(fields=["unit", "citizen_id", "kind"], name="attribute_of_citizen"),)


class UnmaskRequest(UnitOwned):
    """A request to see an identity: reason, second person, short grant. The flow comes later, the shape is here."""

    case_id = models.UUIDField()
    requested_by = models.UUIDField()
    requested_at = models.DateTimeField(default=timezone.now)
    reason = EncryptedTextField(owner="case_id", ring="vault")
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    granted_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")), name="unmask_second_person"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None, decided_at=None) | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="unmask_decision_is_one_fact",
            ),
            models.CheckConstraint(
                condition=Q(granted_until=None) | Q(decided_at__isnull=False), name="unmask_grant_needs_decision"
            ),
        )

"""The audit log (design D19). Rows are written by ``audit.append()`` only and chained by the sealer."""

from __future__ import annotations

import uuid

from django.db import models

TECHNICAL = uuid.UUID(int=0)
"""The chain of acts that belong to no unit: key rotation, deploys, restores."""


class Entry(models.Model):
    """One act. Stands alone: no foreign keys, and never a citizen's word, name, phone or Zalo id."""

    id = models.UUIDField(primary_key=True, editable=False)
    unit_id = models.UUIDField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=64)
    actor_id = models.UUIDField(null=True)
    zone = models.CharField(max_length=16)
    object_kind = models.CharField(max_length=64)
    object_id = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)
    seq = models.BigIntegerField(null=True)
    hash = models.BinaryField(null=True)

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=["unit_id", "seq"], name="audit_seq_once"),)
        indexes = (
            # The sealer looks for what is not chained yet.
            models.Index(fields=["at"], name="audit_unsealed", condition=models.Q(seq=None)),
            models.Index(fields=["unit_id", "object_id", "at"], name="audit_of_object"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.at}"

"""The one dialogue engine (design D11): a kind, an encrypted state, an expiry. Handlers are registered in routing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.utils import timezone

from zalopolice import written
from zalopolice.gateway.models import Citizen, Dialogue


def current(citizen: Citizen) -> Dialogue | None:
    now = timezone.now()
    return written.first(Dialogue, "WHERE citizen_id = %s AND expires_at > %s ORDER BY id LIMIT 1", citizen.pk, now)


def begin(citizen: Citizen, kind: str, state: dict[str, Any], lasts: timedelta) -> Dialogue:
    """Starts a dialogue; whatever was open with this citizen before is over."""
    end(citizen)
    expires = timezone.now() + lasts
    return Dialogue.objects.create(
        unit_id=citizen.unit_id, citizen=citizen, kind=kind, state=json.dumps(state), expires_at=expires
    )


def end(citizen: Citizen) -> None:
    Dialogue.objects.filter(citizen=citizen).delete()

"""Messages that reached us long after they were written (the rule ``late_minutes``)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from zalopolice.gateway import rules
from zalopolice.gateway.models import Message


def late_after() -> dict[str, Any]:
    """The rule's value, beside the columns of another query."""
    return dict(rules.columns(("late_minutes",), timezone.now()))


def is_late(row: Message, columns: models.Model) -> bool:
    """``columns``: the row the rule's value came along with."""
    minutes = vars(columns).get("late_minutes")
    if row.received_at is None or minutes is None:
        return False
    return row.received_at - row.sent_at > timedelta(minutes=minutes)

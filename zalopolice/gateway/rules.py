"""Zalo's rules of the day (design D8) and what they say about one citizen."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from django.db.models import Q
from django.utils import timezone

from zalopolice.gateway.models import ChannelRule, Citizen


class Window(Enum):
    FREE = "free"
    PAID = "paid"
    CLOSED = "closed"


def value(name: str, at: datetime) -> int:
    """The value in force at ``at``; LookupError when no dated row covers it."""
    day = timezone.localdate(at)
    rows = ChannelRule.objects.filter(Q(valid_until=None) | Q(valid_until__gte=day), name=name, valid_from__lte=day)
    row = rows.order_by("-valid_from").first()
    if row is None:
        raise LookupError(f"no channel rule {name} on {day}")
    return row.value


def reply_window(citizen: Citizen, at: datetime) -> Window:
    """Free for 48 hours after the last interaction, paid up to 7 days, then closed (zalo-oa-api.md 3.5)."""
    if citizen.last_interaction_at is None:
        return Window.CLOSED
    silent = at - citizen.last_interaction_at
    if silent <= timedelta(hours=value("reply_free_hours", at)):
        return Window.FREE
    if silent <= timedelta(hours=value("reply_paid_hours", at)):
        return Window.PAID
    return Window.CLOSED

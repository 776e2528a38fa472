"""When a post may leave: the hours Zalo allows, and how late is too late (design D8: hours are dated rules)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import NamedTuple

from django.utils import timezone

from zalopolice.gateway import rules

LATE = timedelta(hours=2)
"""What could not leave for longer than this waits for a person: the words may no longer be true."""

PROCESSING = timedelta(minutes=30)
"""Zalo takes up to this long until people get it (zalo-oa-api.md 3.4), and must be done within the hours."""


class Hours(NamedTuple):
    """First and last allowed minute of a day, in Vietnam's time."""

    first: time
    last: time


def hours(at: datetime) -> Hours:
    found = rules.values(("broadcast_from_hour", "broadcast_until_hour"), at)
    until = found["broadcast_until_hour"] * 60
    last = until - 1 if until >= 24 * 60 else until - 1 - int(PROCESSING.total_seconds() // 60)
    return Hours(time(found["broadcast_from_hour"]), time(last // 60, last % 60))


def allowed(at: datetime) -> bool:
    first, last = hours(at)
    return first <= timezone.localtime(at).time().replace(second=0, microsecond=0) <= last


def next_allowed(at: datetime) -> datetime:
    """``at`` itself, or the next opening."""
    if allowed(at):
        return at
    local = timezone.localtime(at)
    first = hours(at).first
    opening = local.replace(hour=first.hour, minute=first.minute, second=0, microsecond=0)
    return opening if opening > local else opening + timedelta(days=1)


def too_late(due: datetime, at: datetime) -> bool:
    """Also when it could leave again only after that: holding it at once tells a person in time."""
    return next_allowed(at) - due > LATE

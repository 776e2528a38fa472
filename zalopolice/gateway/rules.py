"""Zalo's rules of the day (design D8) and what they say about one citizen."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from functools import lru_cache

from django.db.models import Q, Subquery
from django.utils import timezone

from zalopolice.gateway.models import ChannelRule, Citizen, Message


class Window(Enum):
    FREE = "free"
    PAID = "paid"
    CLOSED = "closed"


@dataclass(frozen=True)
class WindowEnds:
    """What the officer reads before writing: the state now, and when it gets worse (None: never spoken with us)."""

    now: Window
    free_until: datetime | None
    paid_until: datetime | None


def values(names: tuple[str, ...], at: datetime) -> dict[str, int]:
    """The values in force at ``at``; LookupError when no dated row covers one of them.

    Each process reads them once a minute: they are dated by the day, and every message needs some of them."""
    return dict(_of_day(names, timezone.localdate(at), int(time.monotonic() // 60)))


@lru_cache(maxsize=64)
def _of_day(names: tuple[str, ...], day: date, minute: int) -> dict[str, int]:
    dated = Q(valid_until=None) | Q(valid_until__gte=day)
    rows = ChannelRule.objects.filter(dated, name__in=names, valid_from__lte=day).order_by("valid_from")
    found = dict(rows.values_list("name", "value"))
    if missing := set(names) - found.keys():
        raise LookupError(f"no channel rule {', '.join(sorted(missing))} on {day}")
    return found


def forget() -> None:
    """Between tests, which change the rules."""
    _of_day.cache_clear()


def value(name: str, at: datetime) -> int:
    return values((name,), at)[name]


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


def only_in_group(citizen: Citizen) -> bool:
    """Known from a Zalo group alone (``vault.routes.GROUP``): nothing can be said to them that others do not read."""
    if citizen.last_interaction_at is not None:
        return False
    return Message.objects.filter(citizen=citizen).exclude(group=None).exists()


REPLY_HOURS = ("reply_free_hours", "reply_paid_hours")


def columns(names: tuple[str, ...], at: datetime) -> dict[str, Subquery]:
    """The same values beside the columns of another query."""
    day = timezone.localdate(at)
    dated = Q(valid_until=None) | Q(valid_until__gte=day)
    rows = ChannelRule.objects.filter(dated, valid_from__lte=day).order_by("-valid_from")
    return {name: Subquery(rows.filter(name=name).values("value")[:1]) for name in names}


def window_ends(citizen: Citizen, at: datetime, hours: dict[str, int] | None = None) -> WindowEnds:
    """The same rules as :func:`reply_window`, with the moments at which they end; ``hours`` as :func:`values` gives
    them, else one query."""
    last = citizen.last_interaction_at
    if last is None:
        return WindowEnds(Window.CLOSED, None, None)
    hours = hours or values(REPLY_HOURS, at)
    free, paid = (last + timedelta(hours=hours[name]) for name in ("reply_free_hours", "reply_paid_hours"))
    return WindowEnds(Window.FREE if at <= free else Window.PAID if at <= paid else Window.CLOSED, free, paid)


def quiet_until(at: datetime) -> datetime | None:
    """When the night ends in which nobody is told what they did not ask for; None by day."""
    hours = values(("quiet_from_hour", "quiet_until_hour"), at)
    local = timezone.localtime(at)
    morning = local.replace(hour=hours["quiet_until_hour"], minute=0, second=0, microsecond=0)
    if local.hour < hours["quiet_until_hour"]:
        return morning
    return morning + timedelta(days=1) if local.hour >= hours["quiet_from_hour"] else None

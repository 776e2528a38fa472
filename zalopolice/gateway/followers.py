"""How many follow each account, day by day. Numbers only: no list of followers is kept and no profile is fetched."""

from __future__ import annotations

import contextlib
import uuid
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from zalopolice.gateway import client
from zalopolice.gateway.client import Account
from zalopolice.gateway.models import FollowerDay, OfficialAccount
from zalopolice.units.models import Officer

DAYS = 30
TAGS_MAX, TAG_LENGTH = 100, 60


# --- zone vault --------------------------------------------------------------------------------------------------


def note(oa: OfficialAccount, event_name: str, at: datetime) -> None:
    """Somebody came or went. In the event's own transaction, which happens once."""
    if event_name in ("follow", "unfollow"):
        came = event_name == "follow"
        _write(oa, at, JOIN, int(came), int(not came))


def sync(oa: OfficialAccount, account: Account, followers: int | None) -> None:
    """Zalo's own total of this day, the last one told; once a day, as soon as they are told, the console's tags."""
    if followers is None:
        return
    _write(oa, timezone.now(), TOTAL, followers)
    today = timezone.localdate()
    if oa.zalo_tags_on != today:
        with contextlib.suppress(client.Unreachable):
            told = {"zalo_tags": _tidy(client.tags(account)), "zalo_tags_on": today}
            OfficialAccount.objects.filter(pk=oa.pk).update(**told)


INSERT = (
    'INSERT INTO gateway_followerday AS kept (id, unit_id, oa_id, day, joined, "left", followers)'
    " VALUES (%s, %s, %s, %s, {}) ON CONFLICT (unit_id, oa_id, day) DO UPDATE SET "
)
# One statement each: two workers that count at the same moment must not lose one of two.
JOIN = INSERT.format("%s, %s, NULL") + 'joined = kept.joined + EXCLUDED.joined, "left" = kept."left" + EXCLUDED."left"'
TOTAL = INSERT.format("0, 0, %s") + "followers = EXCLUDED.followers"


def _write(oa: OfficialAccount, at: datetime, statement: str, *numbers: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [uuid.uuid4(), oa.unit_id, oa.pk, timezone.localdate(at), *numbers])


def _tidy(names: list[str]) -> list[str]:
    return sorted({name.strip()[:TAG_LENGTH] for name in names if name.strip()})[:TAGS_MAX]


# --- zone web ----------------------------------------------------------------------------------------------------


class Day(NamedTuple):
    day: Any
    followers: int | None
    joined: int
    left: int
    percent: int  # of the fullest day of the month, for the bar beside the number


class Month(NamedTuple):
    days: list[Day]  # the latest first
    joined: int
    left: int


def months(officer: Officer) -> dict[uuid.UUID, Month]:
    """The last 30 days of each account one may watch. One query."""
    since = timezone.localdate() - timedelta(days=DAYS - 1)
    rows = FollowerDay.objects.visible_to(officer).filter(day__gte=since).order_by("-day")
    grouped: dict[uuid.UUID, list[FollowerDay]] = {}
    for row in rows:
        grouped.setdefault(row.oa_id, []).append(row)
    return {oa: _month(days) for oa, days in grouped.items()}


def _month(rows: list[FollowerDay]) -> Month:
    most = max((row.followers or 0 for row in rows), default=0) or 1
    days = [Day(row.day, row.followers, row.joined, row.left, (row.followers or 0) * 100 // most) for row in rows]
    return Month(days, sum(row.joined for row in rows), sum(row.left for row in rows))

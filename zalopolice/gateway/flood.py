"""Too many messages in too short a time (security.md 2.8). Nothing is dropped and nobody is blocked: what is too much
is filed without an alert and without an answer, and danger is heard all the same."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from zalopolice.gateway import rules
from zalopolice.gateway.models import Message

NAMES = ("flood_person_minute", "flood_person_day", "flood_unit_hour")
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Flood:
    person: bool  # this one writes faster than anybody reads
    unit: bool  # so much comes in that answers of ours would only add to it


_COMES_IN = "FROM gateway_message WHERE unit_id = %(unit)s AND direction = 'in' AND group_id IS NULL"
_THEIRS = f"{_COMES_IN} AND citizen_id = %(citizen)s AND sent_at <= %(at)s"
MEASURE = f"""
SELECT EXISTS (SELECT {_THEIRS} AND sent_at > %(at)s - interval '1 minute' ORDER BY sent_at DESC OFFSET %(minute)s)
    OR EXISTS (SELECT {_THEIRS} AND sent_at > %(at)s - interval '1 day' ORDER BY sent_at DESC OFFSET %(day)s),
    EXISTS (SELECT {_COMES_IN} AND received_at > now() - interval '1 hour' ORDER BY received_at DESC OFFSET %(hour)s)
"""


def measure(message: Message) -> Flood:
    """One query, of index rows only, and never over more of them than the limit itself. Written out, because every
    message pays for it and the ORM takes ten times as long to write it.

    The person by Zalo's time, so that a thread delivered late in one go is no flood; the unit by ours."""
    limits = rules.values(NAMES, timezone.now())
    most = {name.rpartition("_")[2]: limit for name, limit in limits.items()}
    who: dict[str, Any] = {"unit": message.unit_id, "citizen": message.citizen_id, "at": message.sent_at}
    with connection.cursor() as cursor:
        cursor.execute(MEASURE, who | most)
        return Flood(*cursor.fetchone())


def unit_is_flooded(unit: uuid.UUID) -> bool:
    """Whether answers of this unit pause now (for the incident)."""
    limit = rules.value("flood_unit_hour", timezone.now())
    lately = Message.objects.filter(unit_id=unit, direction=Message.Direction.IN, group=None)
    recent = lately.filter(received_at__gt=timezone.now() - HOUR).order_by("-received_at")
    return bool(recent.values("pk")[limit : limit + 1])

"""Too many messages in too short a time (security.md 2.8). Nothing is dropped and nobody is blocked: what is too much
is filed without an alert and without an answer, and danger is heard all the same."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from django.db.models import BooleanField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from zalopolice.gateway import rules
from zalopolice.gateway.models import Message

NAMES = ("flood_person_minute", "flood_person_day", "flood_unit_hour")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Flood:
    person: bool  # this one writes faster than anybody reads
    unit: bool  # so much comes in that answers of ours would only add to it


def measure(message: Message) -> Flood:
    """One query, of index rows only, and never over more of them than the limit itself.

    The person by Zalo's time, so that a thread delivered late in one go is no flood; the unit by ours."""
    minute, day, hour = (_limits(int(time.monotonic() // 60))[name] for name in NAMES)
    inbound = Message.objects.filter(unit=OuterRef("unit"), direction=Message.Direction.IN, group=None)
    own = inbound.filter(citizen=OuterRef("citizen"), sent_at__lte=OuterRef("sent_at"))
    lately = inbound.filter(received_at__gt=timezone.now() - HOUR)
    columns = {
        "person_minute": _has(own.filter(sent_at__gt=message.sent_at - MINUTE).order_by("-sent_at"), minute),
        "person_day": _has(own.filter(sent_at__gt=message.sent_at - DAY).order_by("-sent_at"), day),
        "unit_hour": _has(lately.order_by("-received_at"), hour),
    }
    found = Message.objects.filter(pk=message.pk).annotate(**columns).values(*columns).get()
    return Flood(found["person_minute"] or found["person_day"], found["unit_hour"])


def unit_is_flooded(unit: uuid.UUID) -> bool:
    """Whether answers of this unit pause now (for the incident)."""
    limit = _limits(int(time.monotonic() // 60))["flood_unit_hour"]
    lately = Message.objects.filter(unit_id=unit, direction=Message.Direction.IN, group=None)
    recent = lately.filter(received_at__gt=timezone.now() - HOUR).order_by("-received_at")
    return bool(recent.values("pk")[limit : limit + 1])


def _has(rows: QuerySet[Message], number: int) -> Coalesce:
    """More than ``number`` of them: one comes after that many."""
    beyond = rows.annotate(there=Value(True)).values("there")[number : number + 1]
    return Coalesce(Subquery(beyond, output_field=BooleanField()), False)


@lru_cache(maxsize=2)
def _limits(minute: int) -> dict[str, int]:
    """Read once a minute: the values are dated by the day."""
    return rules.values(NAMES, timezone.now())

"""What the frame of every officers' page shows: counters in the rail, the red strip, the bell, who is on duty.

One query for all of it, asked when a page first draws something of it: an answer that only redirects pays nothing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Count, DateTimeField, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property

from broadcasts import actions as posts
from broadcasts.models import PostVersion
from tips import desk
from zalopolice.gateway.models import StuckEvent
from zalopolice.units.models import Alert, AlertsSeen, DutyShift, Officer, Unit
from zalopolice.units.roles import Rank


@dataclass(frozen=True)
class Strip:
    """Danger to life that nobody has taken: on every page until somebody does."""

    count: int
    oldest: datetime
    href: str


@dataclass(frozen=True)
class Shift:
    officer: uuid.UUID
    name: str
    post: str
    until: datetime


@dataclass(frozen=True)
class Frame:
    """``officer`` None: nobody acts in a unit here, so there is nothing to count."""

    officer: Officer | None

    @cached_property
    def row(self) -> dict[str, Any]:
        """Every number in one row; nothing on an error page, whose transaction may have failed."""
        if self.officer is None or not connection.in_atomic_block or connection.needs_rollback:
            return {}
        found: dict[str, Any] = dict(Unit.objects.values(**_columns(self.officer)).get(pk=self.officer.unit.pk))
        return found

    @property
    def coach(self) -> str:
        """Where the exercises of a training unit begin: on the simulator, which this process never asks."""
        return f"{settings.ZALO_TRAINING_URL}/coach" if settings.ZALO_TRAINING_URL else ""

    @property
    def tray(self) -> dict[str, Any]:
        """Threads by tab (``desk.TRAY_TABS``), and the alarms."""
        return self.row.get("tray") or {}

    @property
    def cases(self) -> dict[str, Any]:
        return self.row.get("cases") or {}

    @property
    def waiting(self) -> int:
        """What nobody has taken."""
        return int(self.tray.get("untaken", 0)) + int(self.cases.get("unclaimed", 0))

    @property
    def counts(self) -> dict[str, int]:
        """Beside the names in the rail; 0 is not drawn."""
        return {
            "home": self.tray.get("urgent", 0) + self.cases.get("todo", 0) + self.posts,
            "tray": self.tray.get("todo", 0),
            "cases": self.cases.get("unclaimed", 0),
            "posts": self.posts,
        }

    @property
    def strip(self) -> Strip | None:
        count = self.tray.get("urgent", 0)
        if not count:
            return None
        oldest = parse_datetime(self.tray["oldest_urgent"])
        # The fragment: the end of the thread, as from the list.
        href = reverse("tray_item", args=[self.tray["one_urgent"]]) + "#cuoi" if count == 1 else reverse("tray")
        return Strip(count, oldest or timezone.now(), href)

    @property
    def bell(self) -> int:
        return self.row.get("bell") or 0

    @property
    def stuck(self) -> int:
        """What the machine could not read and a person has to."""
        return self.row.get("stuck") or 0

    @property
    def posts(self) -> int:
        """Posts this officer should decide on, or got back."""
        return self.row.get("posts") or 0

    @property
    def shifts(self) -> list[Shift]:
        return [_shift(one) for one in self.row.get("duty") or ()]

    @property
    def my_shift(self) -> Shift | None:
        return next((one for one in self.shifts if self.officer and one.officer == self.officer.pk), None)

    @property
    def duty(self) -> list[str]:
        """Who is on duty now, with rank."""
        return [one.name for one in self.shifts]


def _columns(officer: Officer) -> dict[str, Any]:
    seen = AlertsSeen.objects.filter(unit=officer.unit, officer=officer).values("until")[:1]
    unseen = Alert.objects.visible_to(officer).annotate(seen=Subquery(seen, output_field=DateTimeField()))
    written = PostVersion.objects.visible_to(officer)
    who = JSONObject(
        officer="officer_id", name="officer__full_name", rank="officer__rank", post="post", until="ends_at"
    )
    shifts = DutyShift.objects.visible_to(officer).at(timezone.now())
    duty = shifts.annotate(line=who).order_by("post", "starts_at", "pk").values("line")
    return {
        "tray": desk.tray_numbers(officer),
        "cases": desk.case_numbers(officer),
        "stuck": _count(StuckEvent.objects.visible_to(officer).open()),
        "posts": _count(written.filter(posts.waiting(officer), is_latest=True)),
        "bell": _count(unseen.filter(Q(seen=None) | Q(at__gt=F("seen")))),
        "duty": ArraySubquery(duty),
    }


def _count(rows: QuerySet[Any]) -> Coalesce:
    number = rows.filter(unit=OuterRef("pk")).order_by().values("unit").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(number, output_field=IntegerField()), 0)


def _shift(line: dict[str, str]) -> Shift:
    name = f"{Rank(line['rank']).label} {line['name']}" if line["rank"] else line["name"]
    until = parse_datetime(line["until"])
    assert until is not None  # written by PostgreSQL
    return Shift(uuid.UUID(line["officer"]), name, str(DutyShift.Post(line["post"]).label), until)


def desk_frame(officer: object) -> Frame:
    return Frame(officer if isinstance(officer, Officer) and officer.seat is not None else None)


def frame(request: HttpRequest) -> dict[str, Frame]:
    """For templates (context processor); nothing is asked until a page draws it."""
    return {"frame": desk_frame(getattr(request, "user", None))}

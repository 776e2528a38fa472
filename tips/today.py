"""How many messages came today, hour by hour, drawn on the server (look.md 5, "Charts")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.db.models.functions import ExtractHour
from django.utils import timezone

from zalopolice.gateway.models import Message
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission

LEFT, RIGHT, TOP, BOTTOM = 26, 340, 8, 96
STEP = (RIGHT - LEFT) / 24
STEPS = (2, 4, 10, 20, 40, 100, 200, 400, 1000, 2000, 4000, 10_000)


@dataclass(frozen=True)
class Hour:
    hour: int
    all: int
    people: int  # went to an officer: a thread or a case
    scale: int

    @property
    def machine(self) -> int:
        return self.all - self.people

    @property
    def x(self) -> str:
        return f"{LEFT + self.hour * STEP + 1:.1f}"

    @property
    def width(self) -> str:
        return f"{STEP - 2:.1f}"

    @property
    def machine_box(self) -> tuple[str, str]:
        """Top and height."""
        return self._box(0, self.machine)

    @property
    def people_box(self) -> tuple[str, str]:
        return self._box(self.machine, self.people)

    def _box(self, below: int, number: int) -> tuple[str, str]:
        unit = (BOTTOM - TOP) / self.scale
        return f"{BOTTOM - (below + number) * unit:.1f}", f"{number * unit:.1f}"


@dataclass(frozen=True)
class Today:
    hours: list[Hour]
    scale: int
    now: datetime

    @property
    def all(self) -> int:
        return sum(one.all for one in self.hours)

    @property
    def people(self) -> int:
        return sum(one.people for one in self.hours)

    @property
    def machine(self) -> int:
        return self.all - self.people

    @property
    def busiest(self) -> Hour:
        return max(self.hours, key=lambda one: one.all)

    @property
    def drawn(self) -> list[Hour]:
        return [one for one in self.hours if one.all]

    @property
    def lines(self) -> list[tuple[int, int]]:
        """Height and number of the rules."""
        return [(BOTTOM, 0), ((TOP + BOTTOM) // 2, self.scale // 2), (TOP, self.scale)]


def today(officer: Officer) -> Today | None:
    """In one query; for those who may read the tray, because every number here counts what lies in it."""
    if not officer.may(Permission.TRAY_READ):
        return None
    now = timezone.localtime()
    start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    heard = Message.objects.filter(unit=officer.unit, direction=Message.Direction.IN, group=None)
    rows = heard.filter(sent_at__gte=start, sent_at__lt=start + timedelta(days=1))
    counted = (
        rows.annotate(hour=ExtractHour("sent_at", tzinfo=now.tzinfo))
        .order_by()
        .values("hour")
        .annotate(all=Count("pk"), people=Count("pk", filter=Q(filed__isnull=False)))
    )
    found = {row["hour"]: (row["all"], row["people"]) for row in counted}
    highest = max((number for number, _people in found.values()), default=0)
    scale = next((step for step in STEPS if step >= highest), highest)
    return Today([Hour(hour, *found.get(hour, (0, 0)), scale) for hour in range(now.hour + 1)], scale, now)

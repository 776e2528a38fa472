"""How all accounts stand, worst first, from what the vault has written: of a commune its own, of a province those of
all units below. Zone web."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, F, When
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from zalopolice.gateway import remedies, rules
from zalopolice.gateway.models import Incident
from zalopolice.gateway.remedies import HELP
from zalopolice.gateway.status import SIGNS, WARNING, Sign
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission

ROWS = "SELECT * FROM walls.oa_health()"
ILL = {
    "late": Sign(_("Có sự cố"), "circle-alert", "late"),
    "soon": Sign(_("Cần chú ý"), "triangle-alert", "soon"),
}
WAITS = timedelta(minutes=1)
SHOWN = 8  # on the home page


@dataclass(frozen=True)
class Row:
    """One account as ``walls.oa_health`` tells it, column by column after the first two: counts and times."""

    at: datetime
    warn: timedelta
    oa: uuid.UUID
    unit: uuid.UUID
    unit_name: str
    name: str
    connected_at: datetime | None
    is_in_trouble: bool
    token_obtained_at: datetime | None
    token_refresh_until: datetime | None
    last_event_at: datetime | None
    last_sent_at: datetime | None
    broadcast_left: int | None
    broadcast_total: int | None
    waiting: int
    oldest: datetime | None
    incidents: list[str]
    begins: datetime | None

    @cached_property
    def tones(self) -> set[str]:
        return {HELP[kind].tone for kind in self.incidents if kind in HELP and kind not in remedies.NEWS}

    @property
    def is_slow(self) -> bool:
        return self.oldest is not None and self.at - self.oldest > WAITS

    @property
    def sign(self) -> Sign:
        if self.is_in_trouble:
            return SIGNS["trouble"]
        if "late" in self.tones or self.is_slow:
            return ILL["late"]
        if self.connected_at is None:
            return SIGNS["new"]
        if self.token_refresh_until and self.token_refresh_until - self.at <= self.warn:
            return SIGNS["ending"]
        return ILL["soon"] if self.tones else SIGNS["connected"]

    @property
    def badness(self) -> tuple[Any, ...]:
        """Sorts the worst first: by what stops, then by what ends soonest, then by name."""
        order = {"late": 0, "soon": 1, "info": 2, "done": 3}
        ends = self.token_refresh_until or self.at + timedelta(days=365)
        return (order[self.sign.tone], -len(self.incidents), self.connected_at is None, ends, self.unit_name, self.name)

    @property
    def days_left(self) -> int | None:
        until = self.token_refresh_until
        return None if until is None else max(0, (until - self.at).days)

    @property
    def kinds(self) -> list[str]:
        return [str(Incident.Kind(kind).label) for kind in self.incidents]


def watches(officer: Officer) -> bool:
    return officer.may(Permission.HEALTH_VIEW) or officer.may(Permission.OA_VIEW)


def rows(officer: Officer) -> list[Row]:
    """Two queries, for one account or for all of a province. The database looks at the seat's unit by itself."""
    if not watches(officer):
        return []
    now = timezone.now()
    warn = timedelta(days=rules.value(WARNING, now))
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        found = [Row(now, warn, *line) for line in cursor.fetchall()]
    if not officer.may(Permission.HEALTH_VIEW):  # a team below a commune is not the commune's command's to watch
        found = [row for row in found if row.unit == officer.unit.pk]
    return sorted(found, key=lambda row: row.badness)


@dataclass(frozen=True)
class Line:
    """An incident with what it means and what to do."""

    incident: Incident
    unit_name: str

    @property
    def help(self) -> remedies.Help:
        return HELP[self.incident.kind]

    @property
    def size(self) -> str:
        return remedies.size_of(self.incident)

    @property
    def lasted(self) -> timedelta:
        return (self.incident.ended_at or timezone.now()) - self.incident.started_at


def history(officer: Officer) -> Any:
    """The incidents this officer may see, for paging; unit and account come along."""
    seen = Incident.objects.visible_to(officer).filter(unit__is_training=False)
    return seen.annotate(unit_name=F("unit__name")).select_related("unit")


def open_now(officer: Officer) -> Any:
    return history(officer).filter(ended_at=None)


def installation(officer: Officer) -> list[Line]:
    """What is wrong with no account in particular, so that no row of the table tells it."""
    return [Line(one, one.unit_name) for one in open_now(officer).filter(oa=None).order_by("-started_at")]


def to_do(officer: Officer) -> list[Line]:
    """For the home of whoever watches the whole, what cannot wait first; one more than is shown says there are more."""
    if not officer.may(Permission.HEALTH_VIEW):
        return []
    late = [kind for kind, said in HELP.items() if said.tone == "late"]
    waits = Case(When(kind__in=late, then=0), default=1)
    found = open_now(officer).exclude(kind__in=remedies.NEWS).order_by(waits, "-started_at", "pk")
    return [Line(one, one.unit_name) for one in found[: SHOWN + 1]]

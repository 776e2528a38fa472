"""Who is on duty in the demo: a desk and a command post around the clock, three days back and ten ahead."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from zalopolice.units.models import DutyShift, Membership, Unit
from zalopolice.units.roles import Role

MORNING, EVENING = time(7), time(19)
DAYS = range(-3, 11)


class Command(BaseCommand):
    help = "Duty shifts for every unit of the demo. Run again, it adds only what is missing."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("ZALOPOLICE_DEMO is not set: this is for the demo only")
        for unit in Unit.objects.all():
            by = self._holders(unit, Role.CHIEF, Role.DEPUTY_CHIEF)
            desk = self._holders(unit, Role.DUTY_OFFICER, Role.OFFICER)
            if by and desk:
                self._plan(unit, desk, by)

    def _holders(self, unit: Unit, *roles: str) -> list[Any]:
        rows = Membership.objects.current().filter(unit=unit, role__in=roles).select_related("officer")
        return [row.officer for row in sorted(rows, key=lambda row: (roles.index(row.role), row.officer.username))]

    def _plan(self, unit: Unit, desk: list[Any], command: list[Any]) -> None:
        today = timezone.localdate()
        for number in DAYS:
            day = today + timedelta(days=number)
            morning, evening, next_morning = (
                timezone.make_aware(datetime.combine(*moment))
                for moment in ((day, MORNING), (day, EVENING), (day + timedelta(days=1), MORNING))
            )
            turn = day.toordinal()
            shifts = [
                (desk[turn % len(desk)], DutyShift.Post.DESK, morning, evening),
                (desk[(turn + 1) % len(desk)], DutyShift.Post.DESK, evening, next_morning),
                (command[turn % len(command)], DutyShift.Post.COMMAND, morning, next_morning),
            ]
            for officer, post, starts, ends in shifts:
                DutyShift.objects.get_or_create(
                    unit=unit, officer=officer, post=post, starts_at=starts,
                    defaults={"ends_at": ends, "planned_by": command[0]},
                )  # fmt: skip

"""Working days and opening hours: the public holidays of Vietnam, changed by what was decided since (``CalendarDay``).

Pure functions over plain values; :func:`decided` is the one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import holidays
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.units.models.public import CalendarDay

Hours = Sequence[Sequence[Sequence[str]]]
"""Seven days from Monday on, each a list of pairs such as ["07:30", "11:30"]; see ``Office.hours``."""
Decided = Mapping[date, bool]
"""Days that are not what the library says: does one work on them?"""
HORIZON = 30
"""Days looked ahead for the next opening; Tết closes an office for nine."""
DAYS = (_("thứ Hai"), _("thứ Ba"), _("thứ Tư"), _("thứ Năm"), _("thứ Sáu"), _("thứ Bảy"), _("Chủ nhật"))
_vietnam = holidays.country_holidays("VN")


@dataclass(frozen=True)
class Opening:
    """Whether somebody is there now, until when, and when the next time is. Local times."""

    is_open: bool
    closes_at: datetime | None = None
    opens_at: datetime | None = None


def decided(around: date) -> dict[date, bool]:
    until = around + timedelta(days=HORIZON)
    return dict(CalendarDay.objects.filter(day__gte=around, day__lte=until).values_list("day", "is_working"))


def is_working(day: date, decided: Decided = {}) -> bool:  # noqa: B006  (never written to)
    return decided.get(day, _vietnam.is_working_day(day))


def add_working_days(start: date, count: int, decided: Decided = {}) -> date:  # noqa: B006
    """The last day of a term of ``count`` working days that begins the day after ``start``."""
    day = start
    while count > 0:
        day += timedelta(days=1)
        count -= is_working(day, decided)
    return day


def spans(day: date, hours: Hours, decided: Decided) -> list[tuple[datetime, datetime]]:
    """When the office is open on this day. A holiday is closed, also where Saturdays are open; a weekend day that is
    worked off has the hours of an ordinary day."""
    if len(hours) != 7 or decided.get(day) is False or (day in _vietnam and not decided.get(day)):
        return []
    listed = hours[day.weekday()]
    if not listed and day.weekday() >= 5 and is_working(day, decided):
        listed = next((one for one in hours if one), [])
    return sorted((_at(day, first), _at(day, last)) for first, last in listed)


def opening(hours: Hours, now: datetime, decided: Decided) -> Opening:
    """``now`` is aware; the answer is in local time."""
    now = timezone.localtime(now)
    for ahead in range(HORIZON + 1):
        for opens, closes in spans(now.date() + timedelta(days=ahead), hours, decided):
            if opens <= now < closes:
                return Opening(True, closes_at=closes)
            if opens > now:
                return Opening(False, opens_at=opens)
    return Opening(False)


def _at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=timezone.get_default_timezone())

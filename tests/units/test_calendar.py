from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from zalopolice.units import calendar
from zalopolice.units.calendar import add_working_days, is_working, opening
from zalopolice.units.models import CalendarDay

DAY = [["07:30", "11:30"], ["13:30", "17:00"]]
HOURS = [DAY, DAY, DAY, DAY, DAY, [["07:30", "11:30"]], []]


def at(*moment):
    return datetime(*moment, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


@pytest.mark.parametrize(
    ("now", "closes"),
    [(at(2026, 11, 23, 7, 30), "11:30"), (at(2026, 11, 23, 16, 59), "17:00"), (at(2026, 11, 28, 9, 0), "11:30")],
)
def test_open(now, closes):
    found = opening(HOURS, now, {})

    assert found.is_open
    assert f"{found.closes_at:%H:%M}" == closes


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at(2026, 11, 23, 6, 0), at(2026, 11, 23, 7, 30)),
        (at(2026, 11, 23, 11, 30), at(2026, 11, 23, 13, 30)),
        (at(2026, 11, 21, 20, 0), at(2026, 11, 23, 7, 30)),  # Saturday night: Monday
        (at(2026, 11, 23, 17, 0), at(2026, 11, 25, 7, 30)),  # the 24th is a holiday
        (at(2027, 2, 3, 18, 0), at(2027, 2, 11, 7, 30)),  # Tết
    ],
)
def test_closed_until(now, opens):
    found = opening(HOURS, now, {})

    assert not found.is_open
    assert found.opens_at == opens


def test_what_was_decided_since_stands_above_the_library():
    worked, closed = date(2026, 11, 22), date(2026, 11, 23)  # a Sunday worked off, a Monday closed

    assert opening(HOURS, at(2026, 11, 22, 8, 0), {worked: True}).is_open
    assert opening(HOURS, at(2026, 11, 23, 8, 0), {closed: False}).opens_at == at(2026, 11, 25, 7, 30)
    assert is_working(worked, {worked: True})
    assert not is_working(worked)


def test_an_office_that_never_opens_or_says_nothing():
    assert opening([[]] * 7, at(2026, 11, 23, 8, 0), {}) == calendar.Opening(False)
    assert opening([], at(2026, 11, 23, 8, 0), {}) == calendar.Opening(False)


def test_working_days_leave_out_weekends_and_holidays():
    assert add_working_days(date(2026, 11, 20), 3) == date(2026, 11, 26)  # Mon, Wed, Thu: Tuesday is a holiday
    assert add_working_days(date(2026, 11, 20), 0) == date(2026, 11, 20)


def test_decided_days_are_one_query(zone, commune, django_assert_num_queries):
    with zone("owner"):
        CalendarDay.objects.create(day=date(2026, 11, 28), is_working=True, name="Làm bù", source="Quyết định")
    with zone("worker"), django_assert_num_queries(1):
        assert calendar.decided(date(2026, 11, 21)) == {date(2026, 11, 28): True}

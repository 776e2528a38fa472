"""The roster: everybody reads it, command plans it, one officer has one place at a time."""

from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from tests.crowd import crowd
from tests.tips.scenes import NOBODY, client_of, entries, queries, text
from zalopolice.units import duty
from zalopolice.units.models import DutyShift, Membership, Officer
from zalopolice.units.seats import acting, take_seat

pytestmark = pytest.mark.usefixtures("commune")
ALL = ("an", "em", "cuong", "dung", "binh", "giang", "huy", "khanh")


def tomorrow():
    return timezone.localdate() + timedelta(days=1)


def form(commune, **more):
    return {
        "officer": str(commune.cuong.pk), "post": "desk", "day": f"{tomorrow():%d/%m/%Y}",
        "starts": "19:00", "ends": "07:00",
    } | more  # fmt: skip


def post(commune, name="binh", **more):
    return client_of(commune, name).post("/truc-ban/", form(commune, **more))


def shifts(commune):
    with commune.acting("an") as officer:
        return list(DutyShift.objects.visible_to(officer).order_by("starts_at", "pk"))


def local(moment):
    return timezone.localtime(moment).replace(tzinfo=None)


def test_command_plans_and_everybody_reads(commune, other_commune):
    assert post(commune).status_code == 302

    [shift] = shifts(commune)
    assert local(shift.starts_at) == datetime.combine(tomorrow(), datetime.min.time()) + timedelta(hours=19)
    assert shift.ends_at - shift.starts_at == timedelta(hours=12)
    for name in ALL:
        assert str(commune.cuong) in text(client_of(commune, name).get(f"/truc-ban/?tuan={tomorrow()}"))
    assert "19:00–07:00" not in text(client_of(other_commune, "binh").get(f"/truc-ban/?tuan={tomorrow()}"))
    assert len(entries(commune, "duty.planned")) == 1


@pytest.mark.parametrize("name", ["an", "cuong", "giang", "huy", "khanh"])
def test_others_do_not_plan(commune, name):
    assert post(commune, name).status_code == 403
    with commune.acting(name) as officer, pytest.raises(PermissionDenied):
        now = timezone.now()
        duty.plan(commune.an, "desk", now, now + timedelta(hours=8), by=officer)
    assert "Thêm ca" not in text(client_of(commune, name).get("/truc-ban/"))
    assert shifts(commune) == []


@pytest.mark.parametrize(
    ("starts", "ends"), [("20:00", "06:00"), ("18:00", "20:00"), ("19:00", "07:30"), ("06:59", "19:01")]
)
def test_two_places_at_once_are_refused_in_a_sentence(commune, starts, ends):
    post(commune)

    answer = post(commune, starts=starts, ends=ends, post="command")

    page = text(answer)
    assert answer.status_code == 409 and f"Đ/c {commune.cuong.full_name} đã có ca từ 19:00" in page
    assert f'value="{starts}"' in page and len(shifts(commune)) == 1


def test_shifts_that_touch_do_not_overlap_and_others_may_be_on_duty_too(commune):
    post(commune)

    assert post(commune, starts="07:00", ends="19:00").status_code == 302
    assert post(commune, officer=str(commune.an.pk)).status_code == 302
    assert len(shifts(commune)) == 3


def test_a_second_press_plans_no_second_shift(commune):
    for _ in range(2):
        assert post(commune).status_code == 302

    assert len(shifts(commune)) == 1 and len(entries(commune, "duty.planned")) == 1


def test_two_chiefs_at_the_same_moment(commune):
    starts = timezone.now() + timedelta(days=1)

    def job(name, hours):
        def run():
            officer = Officer.objects.get(pk=commune.officers[name].pk)
            take_seat(officer, str(commune.unit.pk))
            with acting(officer):
                duty.plan(
                    commune.cuong,
                    "desk",
                    starts + timedelta(hours=hours),
                    starts + timedelta(hours=hours + 8),
                    by=officer,
                )

        return run

    results = crowd("web", [job("binh", 0), job("dung", 1)])

    assert sorted(type(one).__name__ for one in results) == ["NoneType", "Refused"]
    assert len(shifts(commune)) == 1


@pytest.mark.parametrize(
    ("typed", "day"),
    [("5/3", (5, 3)), (" 05-03 ", (5, 3)), ("2027-03-05", (5, 3)), ("5.3.2027", (5, 3)), ("05/03/2027", (5, 3))],
)
def test_days_are_read_as_people_write_them(commune, monkeypatch, typed, day):
    monkeypatch.setattr(timezone, "localdate", lambda *args: date(2027, 2, 1))

    assert post(commune, day=typed).status_code in {302, 409}

    from zalopolice.units.duty_views import Day

    found = Day().clean(typed)
    assert (found.day, found.month, found.year) == (*day, 2027)


@pytest.mark.parametrize(
    ("typed", "hour", "minute"), [("7h30", 7, 30), ("19h", 19, 0), ("19.30", 19, 30), (" 7 ", 7, 0), ("07:05", 7, 5)]
)
def test_times_are_read_as_people_write_them(typed, hour, minute):
    from zalopolice.units.duty_views import Clock

    found = Clock().clean(typed)
    assert (found.hour, found.minute) == (hour, minute)


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("day", "", "Ghi ngày."), ("day", "31/2", "Ghi ngày và tháng"), ("day", "mai", "Ghi ngày và tháng"),
        ("day", "1/2/3/4", "Ghi ngày và tháng"), ("starts", "25:00", "Ghi giờ và phút"),
        ("ends", "x", "Ghi giờ và phút"), ("ends", "", "Ghi giờ hết ca."),
        ("officer", "", "Chọn cán bộ trực."), ("officer", "x", "không còn trong đơn vị"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_beside_the_field_and_kept(commune, field, typed, said):
    answer = post(commune, **{field: typed})

    assert answer.status_code == 422 and said in text(answer)
    assert 'value="19:00"' in text(answer) or field == "starts"
    assert shifts(commune) == []


@pytest.mark.parametrize("day", ["31/12/9999", "1/1/0001", "01/01/2200", "1/1/1900", -367, 367])
def test_a_day_more_than_a_year_away_is_said_beside_the_field(commune, day):
    typed = day if isinstance(day, str) else f"{timezone.localdate() + timedelta(days=day):%d/%m/%Y}"

    answer = post(commune, day=typed, starts="20:00", ends="06:00")

    assert answer.status_code == 422 and f'value="{typed}"' in text(answer)
    assert "Chọn ngày cách hôm nay không quá một năm." in answer.context["form"].errors["day"]
    assert shifts(commune) == []


def test_without_a_seat_there_is_no_roster(commune, zone):
    client = client_of(commune, "binh")
    with zone("owner"):
        Membership.objects.filter(officer=commune.binh).update(ended_at=timezone.now())

    assert client.get("/truc-ban/").status_code == 404
    assert client.post("/truc-ban/", form(commune)).status_code == 404
    assert client.post(f"/truc-ban/{NOBODY}/bo/").status_code == 404


def test_the_past_is_not_planned_and_stays_in_the_book(commune):
    assert post(commune, day=f"{timezone.localdate() - timedelta(days=3):%d/%m/%Y}").status_code == 409
    with commune.acting("binh") as chief:
        now = timezone.now()
        old = DutyShift.objects.create(
            unit=chief.unit,
            officer=commune.an,
            starts_at=now - timedelta(hours=9),
            ends_at=now - timedelta(hours=1),
            planned_by=chief,
        )

    assert client_of(commune, "binh").post(f"/truc-ban/{old.pk}/bo/").status_code == 409
    assert len(shifts(commune)) == 1


def test_a_shift_is_taken_out(commune, other_commune):
    post(commune)
    [shift] = shifts(commune)

    assert client_of(commune, "an").post(f"/truc-ban/{shift.pk}/bo/").status_code == 403
    assert client_of(other_commune, "binh").post(f"/truc-ban/{shift.pk}/bo/").status_code == 404
    assert client_of(commune, "binh").post(f"/truc-ban/{NOBODY}/bo/").status_code == 404
    assert client_of(commune, "an").get(f"/truc-ban/{shift.pk}/bo/").status_code == 403
    asked = client_of(commune, "dung").get(f"/truc-ban/{shift.pk}/bo/")
    assert "Bỏ ca này?" in text(asked) and shift.officer.full_name in text(asked) and len(shifts(commune)) == 1
    assert client_of(commune, "dung").post(f"/truc-ban/{shift.pk}/bo/").status_code == 302

    assert shifts(commune) == [] and len(entries(commune, "duty.removed")) == 1


def test_who_is_on_duty_now_stands_on_every_page(commune):
    with commune.acting("binh") as chief:
        now = timezone.now()
        duty.plan(commune.cuong, "desk", now - timedelta(hours=1), now + timedelta(hours=3), by=chief)

    page = text(client_of(commune, "an").get("/vu-viec/"))
    assert commune.cuong.full_name in page
    assert "Đồng chí đang trong ca trực" in text(client_of(commune, "cuong").get("/"))
    assert "Đồng chí đang trong ca trực" not in text(client_of(commune, "an").get("/"))


@pytest.mark.parametrize("week", ["2026-11-18", "x", "", "0001-01-01", "9999-12-31", "2026-W47"])
def test_any_week_opens(commune, week):
    answer = client_of(commune, "an").get("/truc-ban/", {"tuan": week})

    assert answer.status_code == 200 and len(answer.context["days"]) == 7


def test_the_number_of_queries_does_not_grow(commune):
    client = client_of(commune, "binh")
    client.get("/truc-ban/")
    post(commune)
    one = queries(client, f"/truc-ban/?tuan={tomorrow()}")
    with commune.acting("binh") as chief:
        for place in range(30):
            starts = timezone.now() + timedelta(hours=1, minutes=place)
            DutyShift.objects.create(
                unit=chief.unit,
                officer=commune.an,
                starts_at=starts,
                ends_at=starts + timedelta(hours=1),
                planned_by=chief,
            )

    assert queries(client, f"/truc-ban/?tuan={tomorrow()}") == one <= 8

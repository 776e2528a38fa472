"""The unit's page for citizens and what the bot may say of it."""

import gzip
import re
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.procedures.scenes import Citizen
from zalopolice.gateway.models import OfficialAccount
from zalopolice.units import calendar, hotline
from zalopolice.units.models import Area, CalendarDay, HotlineContact, Office

DAY = [["07:30", "11:30"], ["13:30", "17:00"]]
HOURS = [DAY, DAY, DAY, DAY, DAY, [["07:30", "11:30"]], []]
PAGE = "/don-vi/tran-hung-dao/"


@pytest.fixture
def citizen(zone, commune):
    return Citizen(zone)


@pytest.fixture
def unit(commune, zone):
    with zone("owner"):
        Office.objects.create(
            unit=commune.unit, address="Số 0 phố Trình Diễn", phone="0900 000 101", hours=HOURS, note="Gửi xe miễn phí"
        )
        contact(commune, "duty_desk", "Trực ban", "", "0900 000 101")
        contact(commune, "chief", "Trưởng Công an", "Vũ Đức Bình", "0900 000 102", position=1)
        contact(commune, "area", "Cảnh sát khu vực", "Nguyễn Văn An", "0900 000 113", area=commune.area, position=2)
        contact(commune, "other", "Số nội bộ", "", "0900 000 199", is_public=False)
        OfficialAccount.objects.filter(unit=commune.unit).update(connected_at=timezone.now())
    return commune


def contact(commune, kind, title, name, phone, **more):
    fields = {"title": title, "name": name, "phone": phone, "verified_on": date(2026, 11, 2), **more}
    return HotlineContact.objects.create(unit=commune.unit, kind=kind, **fields)


def at(monkeypatch, *moment):
    now = datetime(*moment, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    monkeypatch.setattr(timezone, "now", lambda: now)


def test_whom_to_call_and_where(unit, citizen):
    page = citizen.get(PAGE).content.decode()

    for said in (
        "CA tran-hung-dao",
        "Số 0 phố Trình Diễn",
        "Vũ Đức Bình",
        "Tổ dân phố 3",
        "02/11/2026",
        "Gửi xe miễn phí",
    ):
        assert said in page
    assert 'href="tel:0900000113"' in page
    assert f'href="https://zalo.me/{unit.oa.oa_id}"' in page
    assert 'href="/thu-tuc/tran-hung-dao/"' in page
    assert "Số nội bộ" not in page


def test_three_queries_however_many_numbers(unit, citizen, zone):
    with zone("owner"):
        for number in range(30):
            area = Area.objects.create(unit=unit.unit, name=f"Ấp {number}")
            contact(unit, "area", "Cảnh sát khu vực", f"Cán bộ {number}", f"0900 001 {number:03}", area=area)
        CalendarDay.objects.create(day=timezone.localdate(), is_working=False, name="Nghỉ", source="Thông báo")
    with citizen.there() as client, CaptureQueriesContext(connection) as asked:
        page = client.get(PAGE).content.decode()
    assert len(asked) <= 3
    assert page.count('href="tel:0900001') == 30


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ((2026, 11, 23, 9, 0), "Đang mở cửa, đến 11:30"),
        ((2026, 11, 21, 20, 0), "Mở cửa lại lúc 07:30 thứ Hai 23/11"),
        ((2026, 11, 24, 9, 0), "Hôm nay nghỉ lễ"),
    ],
)
def test_open_or_when_again(unit, citizen, monkeypatch, moment, said):
    at(monkeypatch, *moment)

    assert said in citizen.get(PAGE).content.decode()


def test_a_unit_that_has_written_nothing_still_has_a_page(commune, citizen):
    with commune.zone("owner"):
        OfficialAccount.objects.update(connected_at=None)
    page = citizen.get(PAGE).content.decode()

    assert "chưa ghi trụ sở" in page
    assert "chưa mở trang Zalo" in page
    assert "113" in page


def test_units_that_are_not_there(commune, citizen, zone):
    with zone("owner"):
        commune.unit.closes_on = date(2026, 1, 2)
        commune.unit.save()

    assert citizen.get(PAGE).status_code == 404
    assert citizen.get("/don-vi/khong-co/").status_code == 404


def test_a_page_is_light_and_runs_nothing(unit, citizen):
    page = citizen.get(PAGE).content.decode()
    files = re.findall(r'<link rel="stylesheet" href="/static/([^"]+)"', page)

    weight = sum(len(gzip.compress(content)) for content in [page.encode(), *map(_read, files)])
    assert weight <= 20_000
    assert "<script" not in page and "style=" not in page


def _read(name):
    return Path(finders.find(name)).read_bytes()


@pytest.mark.parametrize(
    ("text", "phones", "known"),
    [
        ("số điện thoại trực ban", ["101"], True),
        ("công an khu vực tổ 3 là ai", ["113"], True),
        ("tổ dân phố số 3 gặp ai", ["113"], True),
        ("can bo khu vuc ngoc kinh dong la ai", ["114"], True),
        ("cán bộ phụ trách thôn 9", ["101", "113", "114"], False),
        ("công an khu vực là ai", ["101", "113", "114"], True),
        ("sđt trưởng công an", ["102"], True),
        ("cho xin số công an", ["101", "102"], True),
    ],
)
def test_who_is_asked_for(unit, zone, text, phones, known):
    with zone("owner"):
        area = Area.objects.create(unit=unit.unit, name="Thôn Ngọc Kinh Đông")
        contact(unit, "area", "Cảnh sát khu vực", "Đặng Hữu Phước", "0900 000 114", area=area, position=9)
        found = hotline.asked_for(text, hotline.of_unit(unit.unit.pk))

    assert [one.phone[-3:] for one in found.contacts] == phones
    assert found.area_known is known


def test_opening_of_an_office_without_hours():
    assert hotline.opening_of(None) is None
    assert hotline.opening_of(Office(hours=[])) is None
    assert calendar.spans(date(2026, 11, 23), [], {}) == []


def test_demo_data_is_made_once_and_only_in_the_demo(commune, other_commune, zone, settings):
    with zone("owner"):
        for _ in range(2):
            call_command("seed_public", stdout=StringIO())
        assert Office.objects.count() == 2
        assert HotlineContact.objects.filter(unit=commune.unit).count() == 4
    settings.DEMO = False
    with zone("owner"), pytest.raises(CommandError):
        call_command("seed_public")

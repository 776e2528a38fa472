"""The citizens' catalogue, zone public: three queries, light, without scripts, 404 for what is not published."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from procedures import actions
from tests.procedures import scenes
from zalopolice.gateway.models import OfficialAccount
from zalopolice.units.models import Office, Unit

HOURS = [[["07:30", "11:30"], ["13:30", "17:00"]]] * 5 + [[["07:30", "11:30"]], []]


@pytest.fixture
def world(province, commune, zone):
    with zone("owner"):
        call_command("load_procedures", "--publish", verbosity=0, stdout=StringIO())
        Office.objects.create(unit=commune.unit, address="Số 1 đường Lê Lợi", phone="0226 3000 113", hours=HOURS)
        OfficialAccount.objects.filter(unit=commune.unit).update(connected_at=timezone.now())
    return commune


def queries(citizen, path):
    with citizen.there() as client, CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


@pytest.mark.parametrize("path", ["", "?tim=can cuoc", "dang-ky-tam-tru/", "so-tam-tru-kt3/"])
def test_a_page_asks_three_times_at_most(world, citizen, path):
    assert queries(citizen, f"/thu-tuc/tran-hung-dao/{path}") <= 3


def test_the_page_says_everything_and_whose_it_is(world, citizen, settings):
    page = citizen.get("/thu-tuc/tran-hung-dao/dang-ky-tam-tru/").content.decode()

    for said in (
        "Đăng ký tạm trú", "mẫu CT01", "15.000 đ", "03 ngày làm việc", "Số 1 đường Lê Lợi", "0226 3000 113",
        "Thứ Hai đến thứ Sáu: 07:30–11:30, 13:30–17:00", "Thứ Bảy: 07:30–11:30", "68/2020/QH14",
        "Hiệu lực từ 01/07/2021",
        "Bản 1, công bố", "1.004194", "chưa được thẩm định", f"https://zalo.me/{world.oa.oa_id}",
        f"{settings.PUBLIC_URL}/thu-tuc/tran-hung-dao/dang-ky-tam-tru/",
    ):  # fmt: skip
        assert said in page, said
    assert page.count("<h1") == 1
    assert page.count('<figure class="qr"><svg') == 2  # the account, this page


def test_fees_are_those_of_today(world, citizen, monkeypatch):
    free = "Được miễn lệ phí"
    for day, told in ((date(2026, 11, 21), True), (date(2027, 3, 1), False)):
        monkeypatch.setattr(timezone, "localdate", lambda *_args, day=day: day)
        page = citizen.get("/thu-tuc/tran-hung-dao/dang-ky-tam-tru/").content.decode()
        assert (free in page) is told
        assert "15.000 đ" in page


def test_what_the_unit_says_of_its_own_stands_before_the_office(world, province, citizen):
    with world.acting("giang") as by:
        procedure = actions.Procedure.objects.visible_to(by).get(slug="dang-ky-tam-tru")
        actions.override(procedure, hours="Chỉ sáng thứ Ba", address="", contact="Đ/c Hoa 0912 000 111", by=by)

    page = citizen.get("/thu-tuc/tran-hung-dao/dang-ky-tam-tru/").content.decode()
    other = citizen.get("/thu-tuc/tran-hung-dao/tach-ho/").content.decode()

    assert "Chỉ sáng thứ Ba" in page and "Đ/c Hoa 0912 000 111" in page and "Số 1 đường Lê Lợi" in page
    assert "Thứ Hai đến" not in page
    assert "Chỉ sáng thứ Ba" not in other and "Thứ Hai đến" in other


def test_a_former_name_says_what_took_its_place(world, citizen):
    page = citizen.get("/thu-tuc/tran-hung-dao/so-tam-tru-kt3/").content.decode()

    assert "Không còn cấp sổ tạm trú" in page
    assert "/thu-tuc/tran-hung-dao/dang-ky-tam-tru/" in page
    assert "Giấy tờ cần mang" not in page


def test_searching_finds_without_marks_and_says_so_when_nothing_is_there(world, citizen):
    found = citizen.get("/thu-tuc/tran-hung-dao/?tim=ho chieu").content.decode()
    none = citizen.get("/thu-tuc/tran-hung-dao/?tim=<b>xe bay").content.decode()

    near = citizen.get("/thu-tuc/tran-hung-dao/?tim=lam bang lai xe bi mat").content.decode()

    assert "Cấp hộ chiếu phổ thông" in found
    assert "Không thấy “&lt;b&gt;xe bay”" in none
    assert "Gần với câu bạn gõ" in near and "Đổi, cấp lại giấy phép lái xe" in near


@pytest.mark.parametrize(
    "path",
    ["/thu-tuc/khong-co/", "/thu-tuc/khong-co/tach-ho/", "/thu-tuc/tran-hung-dao/khong-co/", "/noi-dung/", "/hop-tin/"],
)
def test_what_is_not_there_is_not_there(world, citizen, path):
    answer = citizen.get(path)

    assert answer.status_code == 404


def test_drafts_and_closed_units_are_not_there(world, province, citizen, zone):
    scenes.in_review(province, "thu-tuc-moi", "Thủ tục mới")
    with zone("owner"):
        gone = Unit.objects.create(
            code="xa-cu", name="Công an xã cũ", kind="commune", parent=province.unit, opens_on=date(2020, 1, 1),
            closes_on=timezone.localdate() - timedelta(days=1),
        )  # fmt: skip

    assert citizen.get("/thu-tuc/tran-hung-dao/thu-tuc-moi/").status_code == 404
    assert citizen.get(f"/thu-tuc/{gone.code}/").status_code == 404
    assert "Thủ tục mới" not in citizen.get("/thu-tuc/tran-hung-dao/?tim=thu tuc moi").content.decode()


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_citizens_write_nothing(world, citizen, method):
    with citizen.there() as client:
        assert getattr(client, method)("/thu-tuc/tran-hung-dao/").status_code == 405

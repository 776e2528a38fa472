"""The editors' site: content and set-up, behind the seat; every writing is a verb's, and nothing typed is lost."""

from __future__ import annotations

from datetime import date

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.procedures import scenes
from tests.procedures.scenes import client_for
from tests.tips.scenes import client_of
from zalopolice import content_admin
from zalopolice.audit.models import Entry
from zalopolice.units.models import Area, CalendarDay, HotlineContact, Membership, Office
from zalopolice.units.roles import Role

EDITORS = {"giang", "dung", "binh"}


def test_only_content_and_set_up_are_registered():
    registered = {model._meta.label for model in content_admin.site._registry}

    assert registered == {
        "procedures.Procedure", "procedures.Version", "procedures.UnitOverride", "procedures.LawChange",
        "procedures.MissCluster", "procedures.Outcome", "procedures.Flow", "procedures.SampleQuestion",
        "units.Office", "units.HotlineContact", "units.Area", "units.CalendarDay",
    }  # fmt: skip
    assert not admin.site._registry
    assert not [model for model in apps.get_models() if model._meta.app_label in {"tips", "vault", "gateway", "audit"}
                and model._meta.label in registered]  # fmt: skip


def test_djangos_own_log_table_does_not_exist(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_admin_log')")
        assert cursor.fetchone() == (None,)


@pytest.mark.parametrize("name", ["an", "em", "cuong", "dung", "binh", "giang", "huy", "khanh"])
def test_each_role_finds_its_parts_and_no_others(commune, name):
    client = client_of(commune, name)
    wanted = {
        "index": name in EDITORS | {"huy"},
        "procedures_procedure_changelist": name in EDITORS,
        "procedures_procedure_add": name in EDITORS,
        "procedures_unitoverride_changelist": name in EDITORS,
        "units_office_changelist": name in EDITORS,
        "units_office_add": name in EDITORS,
        "units_hotlinecontact_changelist": name in EDITORS,
        "units_area_changelist": name in EDITORS | {"huy"},
        "units_calendarday_changelist": False,  # from the province only
    }

    found = {one: client.get(reverse(f"content:{one}")).status_code for one in wanted}

    assert found == {one: 200 if may else 404 for one, may in wanted.items()}


def test_calendar_days_are_set_up_from_the_province(commune, zone):
    with zone("owner"):
        Membership.objects.create(
            unit=commune.unit.parent, officer=commune.an, role=Role.SYSTEM_ADMINISTRATOR, since="2026-01-01"
        )
        Membership.objects.filter(unit=commune.unit, officer=commune.an).delete()
    client = client_of(commune, "an")
    day = {"day": "2027-02-06", "is_working": "", "name": "Nghỉ Tết", "source": "Thông báo 1/TB"}

    assert client.post("/noi-dung/calendarday/moi/", day).status_code == 302
    again = client.post("/noi-dung/calendarday/moi/", day)
    with zone("owner"):
        row = CalendarDay.objects.get()
    assert client.post(f"/noi-dung/calendarday/{row.pk}/xoa/", {"post": "yes"}).status_code == 302

    assert (again.status_code, "Ngày này đã có" in again.content.decode()) == (422, True)
    with zone("owner"):
        assert not CalendarDay.objects.exists()
        kinds = Entry.objects.order_by("at").values_list("kind", flat=True)
        assert [kind for kind in kinds if "calendar" in kind] == ["calendarday.kept", "calendarday.removed"]


def test_the_office_keeps_its_hours_as_people_write_them(commune):
    client = client_of(commune, "giang")
    wrong = {
        "address": "Số 1 đường Lê Lợi",
        "phone": "0226 3000 113",
        "day_0": "7h30-11h30, 13:30 – 17:00",
        "day_1": "sáng",
        "day_2": "08:00-25:00",
        "map_url": "ban do",
    }

    refused = client.post("/noi-dung/office/moi/", wrong)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Ghi giờ như 07:30-11:30" in page and 'value="sáng"' in page and "7h30-11h30" in page
    assert "Giờ từ 00:00 đến 23:59." in page and "địa chỉ trang web đầy đủ, như https://" in page

    assert client.post("/noi-dung/office/moi/", wrong | {"day_1": "", "day_2": "", "map_url": ""}).status_code == 302
    with commune.acting("giang") as by:
        office = Office.objects.visible_to(by).get()
        entry = Entry.objects.get(kind="office.kept")
    assert office.hours == [[["07:30", "11:30"], ["13:30", "17:00"]], *[[]] * 6]
    assert (entry.actor_id, entry.object_id) == (commune.giang.pk, office.pk)
    assert "Lê Lợi" not in str(entry.detail)
    assert client.get("/noi-dung/office/moi/").status_code == 404  # there is one now
    shown = client.get(f"/noi-dung/office/{office.pk}/").content.decode()
    assert 'value="07:30-11:30, 13:30-17:00"' in shown


@pytest.mark.parametrize(
    "hours", ["25:00-26:00", "11:30-07:30", "07:30-11:30, 10:00-12:00", "07:61-09:00", "7.30-9.00"]
)
def test_hours_that_cannot_be_are_refused(commune, hours):
    values = {"address": "Số 1", "phone": "113", "day_3": hours}

    assert client_of(commune, "giang").post("/noi-dung/office/moi/", values).status_code == 422


ODD = {"phone": "12", "position": "hai", "verified_on": "31/02/2026"}


def test_a_number_for_citizens_is_tried_before_it_is_shown(commune, other_commune):
    client = client_of(commune, "giang")
    values = {"kind": "area", "title": "Cảnh sát khu vực", "phone": "0912 gọi tôi", "position": "1",
              "verified_on": "2999-01-01", "is_public": "on"}  # fmt: skip

    page = client.post("/noi-dung/hotlinecontact/moi/", values).content.decode()
    for said in ("chỉ có chữ số", "không thể ở tương lai", "Chọn địa bàn"):
        assert said in page
    page = client.post("/noi-dung/hotlinecontact/moi/", values | ODD).content.decode()
    for said in ("từ 3 đến 15 chữ số", "Nhập một số, chỉ gồm chữ số.", "Ngày này không có. Viết như 31/12/2026."):
        assert said in page
    good = values | {"phone": "0912 000 113", "verified_on": "01/11/2026"}
    foreign = client.post("/noi-dung/hotlinecontact/moi/", good | {"area": other_commune.area.pk})
    assert foreign.status_code == 422
    assert client.post("/noi-dung/hotlinecontact/moi/", good | {"area": commune.area.pk}).status_code == 302
    with commune.acting("giang") as by:
        row = HotlineContact.objects.visible_to(by).get()
    assert row.verified_on == date(2026, 11, 1)  # the day first, as everybody writes it
    asked = client.get(f"/noi-dung/hotlinecontact/{row.pk}/xoa/").content.decode()
    assert "Người dân không còn thấy" in asked
    assert client.post(f"/noi-dung/hotlinecontact/{row.pk}/xoa/", {"post": "yes"}).status_code == 302


def test_an_area_has_one_name_and_is_never_deleted(commune):
    client = client_of(commune, "huy")
    answer = client.post("/noi-dung/area/moi/", {"name": commune.area.name, "is_active": "on"})

    assert (answer.status_code, "đã có địa bàn tên này" in answer.content.decode()) == (422, True)
    assert client.post("/noi-dung/area/moi/", {"name": "Tổ dân phố 9", "is_active": "on"}).status_code == 302
    assert client.post(f"/noi-dung/area/{commune.area.pk}/xoa/").status_code == 404
    with commune.acting("an"):
        assert Area.objects.filter(unit=commune.unit).count() == 2


@pytest.mark.parametrize("rows", [2, 30])
def test_pages_cost_the_same_however_much_there_is(commune, province, zone, rows):
    version = scenes.published(province, content={"steps": [f"Bước {number}" for number in range(rows)]})
    second = scenes.again(province, version.procedure, publish=False, name="Tên mới")
    if rows > 2:
        with zone("owner"):
            call_command("load_procedures", "--publish", verbosity=0)
    draft = scenes.draft(province, "nhap", "Bản nháp", content={"steps": ["x"] * rows})
    client = client_for(province.viet)
    client.get("/noi-dung/")
    pages = [
        "/noi-dung/",
        "/noi-dung/thu-tuc/",
        "/noi-dung/thu-tuc/?tim=tam tru",
        f"/noi-dung/thu-tuc/{version.procedure_id}/",
        f"/noi-dung/ban/{second.pk}/",
        f"/noi-dung/ban/{draft.pk}/sua/",
        "/noi-dung/thu-tuc/?muc=can",
        "/noi-dung/thu-tuc/nhap/",
        "/noi-dung/thu-tuc/xuat.json",
        f"/noi-dung/ban/{second.pk}/in/",
        "/noi-dung/lawchange/",
        "/noi-dung/rieng/",
        "/noi-dung/area/",
    ]

    costs = {}
    for path in pages:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200
        costs[path] = sum(1 for one in asked if not one["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")))
    assert max(costs.pop(path) for path in (pages[3], pages[4])) <= 10
    assert max(costs.values()) <= 8, costs

"""Numbers people may call: verified every month, told by the bot with a button, and who is on duty now (F11)."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.tips.scenes import DANGER, client_of, entries, queries, text
from tests.units.test_officer_check import chat  # noqa: F401  (a fixture)
from zalopolice import tasks
from zalopolice.units import hotline
from zalopolice.units.models import Alert, Area, DutyShift, HotlineContact, Office

PAGE = "/danh-ba/"


@pytest.fixture
def desk(commune, zone):
    today = timezone.localdate()
    with zone("owner"):
        Office.objects.create(unit=commune.unit, address="Số 0 phố Trình Diễn", phone="0900 000 100")
        for kind, title, name, phone, days, more in (
            ("duty_desk", "Trực ban", "", "0900 000 101", 3, {}),
            ("chief", "Trưởng Công an", "Vũ Đức Bình", "0900 000 102", 40, {"officer": commune.binh}),
            ("area", "Cảnh sát khu vực", "Nguyễn Văn An", "0900 000 113", 30, {"area": commune.area}),
            ("other", "Số riêng", "Lê Mạnh Cường", "0900 000 199", 90, {"is_public": False, "officer": commune.cuong}),
        ):
            HotlineContact.objects.create(
                unit=commune.unit, kind=kind, title=title, name=name, phone=phone,
                verified_on=today - timedelta(days=days), **more,
            )  # fmt: skip
    return commune


def shift(commune, name, post="desk", *, hours=8, ago=1):
    now = timezone.now()
    with commune.zone("owner"):
        return DutyShift.objects.create(
            unit=commune.unit, officer=commune.officers[name], post=post, planned_by=commune.binh,
            starts_at=now - timedelta(hours=ago), ends_at=now + timedelta(hours=hours),
        )  # fmt: skip


def test_numbers_are_told_with_the_day_they_were_tried_and_a_button_to_call(desk, chat):  # noqa: F811
    said = chat("số điện thoại công an khu vực tổ 3", topic="hotline")

    day = f"{timezone.localdate() - timedelta(days=30):%d/%m/%Y}"
    assert f"Cảnh sát khu vực Tổ dân phố 3: Nguyễn Văn An, 0900 000 113 (đã kiểm ngày {day})" in said[0]
    assert len(said) == 2 and "0900" in said[1] and "0900 000 199" not in "".join(said)


def test_every_number_that_is_told_can_be_called_with_one_press(desk, chat):  # noqa: F811
    [told, buttons] = chat("số điện thoại công an phường", topic="hotline")

    pressed = [line.rpartition(": ")[2] for line in buttons.splitlines()]
    assert len(pressed) > 1 and all(phone in told for phone in pressed)
    [_, area] = chat("số điện thoại công an khu vực tổ 3", topic="hotline")
    assert area == "Cảnh sát khu vực Tổ dân phố 3: 0900 000 113"


def test_who_is_on_duty_is_named_only_as_far_as_the_unit_publishes_it(desk, chat):  # noqa: F811
    alone = chat("ai đang trực", topic="on_duty")
    assert "Trực ban Công an phường tran-hung-dao có người ngày đêm, bạn gọi 0900 000 101." in alone[0]
    shift(desk, "cuong")  # listed, but not for citizens
    shift(desk, "an")  # not linked to any published number
    assert chat("ai đang trực", topic="on_duty")[0] == alone[0]
    shift(desk, "binh", "command")
    shift(desk, "binh", hours=-1, ago=9)
    [said, button] = chat("hôm nay ai trực", topic="on_duty")

    assert "Trực chỉ huy, đến " in said and "Trưởng Công an: Vũ Đức Bình, 0900 000 102 (đã kiểm ngày " in said
    assert said.count("Vũ Đức Bình") == 1 and "114" in said and "115" in said
    for hidden in ("Cường", "Nguyễn Văn An", "0900 000 199"):
        assert hidden not in said + button
    assert "101" in button


def test_a_unit_that_published_nothing_names_113(commune, chat):  # noqa: F811
    [said] = chat("ai đang trực", topic="on_duty")

    assert "có người ngày đêm." in said and "113" in said


def test_the_safety_text_has_the_number_of_the_unit(desk, zone):
    desk.hears("dung", DANGER)
    cast.work_inbox(zone)
    [said] = [row.text for row in cast.outbound(zone) if row.business_key.startswith("safety:")]

    for number in ("113", "114", "115", "Trực ban của đơn vị: 0900 000 101."):
        assert number in said
    with zone("owner"):
        HotlineContact.objects.update(is_public=False)
        assert hotline.duty_phone(desk.unit.pk) == "0900 000 100"
        Office.objects.all().delete()
        assert hotline.duty_phone(desk.unit.pk) == ""


def test_one_act_verifies_a_number(desk, other_commune):
    binh, an = client_of(desk, "binh"), client_of(desk, "an")
    page = text(binh.get(PAGE))
    assert page.index("0900 000 199") < page.index("0900 000 102") < page.index("0900 000 101")  # the oldest first
    assert page.count("Cần gọi thử") == 1  # 40 days; 30 are not more than 30, and what nobody sees waits for nobody
    with desk.zone("owner"):
        old = HotlineContact.objects.get(phone="0900 000 102")

    assert an.post(f"{PAGE}{old.pk}/da-goi/").status_code == 403
    assert client_of(other_commune, "binh").post(f"{PAGE}{old.pk}/da-goi/").status_code == 404
    for _ in range(2):  # a double click is one act
        assert binh.post(f"{PAGE}{old.pk}/da-goi/").status_code == 302
    assert len(entries(desk, "hotlinecontact.verified")) == 1
    assert "Cần gọi thử" not in text(binh.get(PAGE))
    seen = text(an.get(PAGE))
    assert "0900 000 199" not in seen and "0900 000 101" in seen and "da-goi" not in seen


def test_the_directory_asks_as_often_however_long_it_is(desk):
    client = client_of(desk, "binh")
    before = queries(client, PAGE)
    with desk.zone("owner"):
        for number in range(30):
            area = Area.objects.create(unit=desk.unit, name=f"Ấp {number}")
            HotlineContact.objects.create(
                unit=desk.unit, kind="area", title="Cảnh sát khu vực", phone=f"0900 001 {number:03}",
                area=area, verified_on=date(2026, 1, 1),
            )  # fmt: skip

    assert queries(client, PAGE) == before
    assert "?sau=" in text(client.get(PAGE))


def test_the_bell_rings_once_a_month_while_a_number_is_old(desk, other_commune, zone):
    def remind():
        with zone("worker"):
            tasks.remind_of_numbers()
        with zone("owner"):
            return list(Alert.objects.filter(kind="hotline_stale"))

    def weeks_pass(days):
        with zone("owner"):
            Alert.objects.filter(kind="hotline_stale").update(at=timezone.now() - timedelta(days=days))

    [first] = remind()
    assert first.unit_id == desk.unit.pk
    assert remind()[0].at == first.at
    weeks_pass(29)
    assert remind()[0].at < timezone.now() - timedelta(days=28)
    weeks_pass(30)
    assert remind()[0].at > timezone.now() - timedelta(minutes=1)
    page = text(client_of(desk, "binh").get("/thong-bao/"))
    assert "Số điện thoại cần gọi kiểm tra" in page and f'href="{PAGE}"' in page
    assert "Số điện thoại cần gọi kiểm tra" not in text(client_of(desk, "an").get("/thong-bao/"))
    with zone("owner"):
        HotlineContact.objects.filter(is_public=True).update(verified_on=timezone.localdate())
    weeks_pass(60)
    assert remind()[0].at < timezone.now() - timedelta(days=59)

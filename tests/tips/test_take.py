""" "Tôi nhận tin này": the alarm falls silent when somebody has it, and rings again when new danger comes later."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.crowd import crowd
from tests.tips.scenes import DANGER, NOBODY, again, case_at, client_of, entries, text, waiting_item
from tips import actions, tray_actions
from tips.models import TrayItem
from zalopolice.units.models import Officer
from zalopolice.units.seats import acting, take_seat

pytestmark = pytest.mark.usefixtures("commune")
STRIP = "tin chưa ai nhận"


def take(commune, name, item):
    return client_of(commune, name).post(f"/hop-tin/{item.pk}/nhan/")


def test_taking_silences_the_strip_for_everybody(commune):
    item = waiting_item(commune, "hoa", DANGER)
    assert STRIP in text(client_of(commune, "binh").get("/hop-tin/"))

    assert take(commune, "cuong", item).status_code == 302

    for name in ("cuong", "binh"):
        assert STRIP not in text(client_of(commune, name).get("/vu-viec/"))
        assert "Nguy hiểm tính mạng, chưa ai nhận" not in text(client_of(commune, name).get("/"))
    page = text(client_of(commune, "binh").get("/hop-tin/"))
    assert "Nguy hiểm tính mạng" in page and commune.cuong.full_name in page
    assert item.alias in text(client_of(commune, "cuong").get("/hop-tin/?muc=cua-toi"))
    assert item.alias not in text(client_of(commune, "binh").get("/hop-tin/?muc=cua-toi"))
    assert len(entries(commune, "tray.taken")) == 1


def test_the_first_one_wins_and_the_second_learns_who(commune):
    item = waiting_item(commune, "hoa", DANGER)
    take(commune, "cuong", item)

    answer = take(commune, "dung", item)

    assert answer.status_code == 409
    assert f"Đ/c {commune.cuong.full_name} đã nhận người nhắn này lúc" in text(answer)
    assert take(commune, "cuong", item).status_code == 302  # the second press of the same button
    assert len(entries(commune, "tray.taken")) == 1


def test_two_at_once(commune):
    item = waiting_item(commune, "hoa", DANGER)

    def job(name):
        def run():
            officer = Officer.objects.get(pk=commune.officers[name].pk)
            take_seat(officer, str(commune.unit.pk))
            with acting(officer):
                tray_actions.take(item, by=officer)

        return run

    results = crowd("web", [job(name) for name in ("cuong", "dung", "binh")])

    assert sorted(type(one).__name__ for one in results) == ["NoneType", "Refused", "Refused"]
    assert len(entries(commune, "tray.taken")) == 1


def test_only_who_reads_the_tray_takes(commune, other_commune):
    item = waiting_item(commune, "hoa", DANGER)

    assert take(commune, "an", item).status_code == 404
    assert take(other_commune, "cuong", item).status_code == 404
    assert client_of(commune, "cuong").post(f"/hop-tin/{NOBODY}/nhan/").status_code == 404
    assert again(commune, item).taken_by_id is None


@pytest.mark.parametrize(("minutes", "rings"), [(5, False), (45, True)])
def test_new_danger_rings_again_when_the_taker_had_time_to_leave(commune, zone, minutes, rings):
    item = waiting_item(commune, "hoa", DANGER)
    take(commune, "cuong", item)
    with zone("owner"):
        TrayItem.objects.update(taken_at=timezone.now() - timedelta(minutes=minutes))

    commune.hears("hoa", "Nó quay lại rồi, nó đang cầm dao trước nhà")
    cast.work_inbox(zone)

    assert (STRIP in text(client_of(commune, "binh").get("/hop-tin/"))) is rings


def test_an_alarm_counts_from_the_dangerous_words_not_from_the_thread(commune, zone):
    early, late = timezone.now() - timedelta(hours=6), timezone.now() - timedelta(minutes=4)
    commune.hears("hoa", "Tôi muốn báo tin: hàng xóm mở nhạc to", at=early)
    commune.hears("hoa", DANGER, at=late)
    cast.work_inbox(zone)

    page = text(client_of(commune, "binh").get("/"))

    assert "chưa ai nhận · 4\u00a0phút" in page


def test_the_dangerous_words_are_shown_although_others_came_first(commune, zone):
    commune.hears("hoa", "Tôi muốn báo tin: hàng xóm mở nhạc to")
    commune.hears(
        "hoa", "Dạ các anh ơi em ở ngõ sau chợ, " + "nghe ồn ào từ tối tới giờ, " * 8 + "nó đang cầm dao đuổi vợ con"
    )
    cast.work_inbox(zone)

    page = text(client_of(commune, "cuong").get("/hop-tin/"))

    assert "<b>cầm dao</b> đuổi vợ con" in page


def test_urgency_goes_with_the_words_that_raised_it(commune, zone):
    """A second, harmless case of an urgent thread is not urgent, and the rest of the thread neither."""
    commune.hears("hoa", "Tôi muốn báo tin: hàng xóm mở nhạc to")
    item = waiting_item(commune, "hoa", DANGER, "Với lại ngoài ngõ có người đổ rác trộm")
    with commune.acting("cuong") as duty:
        said = {message.text.split()[0]: message for message in item.unsorted_messages()}
        loud, danger, litter = said["Tôi"], said[DANGER.split()[0]], said["Với"]
        urgent = actions.open_case(item, [danger], title="Dọa chém", classification="togiac_tinbao", area=None, by=duty)
        item.refresh_from_db()
        assert (item.is_urgent, item.urgent_since) == (False, None)
        calm = actions.open_case(item, [loud, litter], title="Ồn ào", classification="vphc", area=None, by=duty)

    assert (again(commune, urgent).is_urgent, again(commune, calm).is_urgent) == (True, False)
    assert STRIP not in text(client_of(commune, "binh").get("/hop-tin/"))


def test_the_wait_of_what_is_left_counts_from_what_is_left(commune):
    item = waiting_item(commune, "hoa", "Tôi muốn báo tin: một", "Thêm tin hai")
    with commune.acting("cuong") as duty:
        first, second = item.unsorted_messages().order_by("sent_at", "pk")
        actions.open_case(item, [first], title="Một", classification="vphc", area=None, by=duty)

    assert again(commune, item).waits_since == second.sent_at


def test_what_was_answered_waits_for_the_citizen_until_they_write_again(commune, zone):
    item = waiting_item(commune, "hoa", "Cho tôi hỏi trụ sở mở cửa mấy giờ")
    with commune.acting("cuong") as duty:
        tray_actions.answer_from_tray(item, "Từ 7 giờ 30.", by=duty)
    client = client_of(commune, "cuong")
    assert item.alias not in text(client.get("/hop-tin/"))
    assert item.alias in text(client.get("/hop-tin/?muc=cho-dan"))

    answered = again(commune, item)
    commune.hears("hoa", "Thế thứ Bảy có làm không")
    cast.work_inbox(zone)

    assert item.alias in text(client.get("/hop-tin/"))
    with commune.acting("cuong"):
        written = item.unsorted_messages().latest("sent_at").sent_at
    assert again(commune, item).waits_since == written != answered.waits_since


def test_what_was_put_away_is_found_and_taken_back(commune):
    item = waiting_item(commune, "hoa", "Alo alo")
    with commune.acting("cuong") as duty:
        tray_actions.sort_out(item, by=duty)
    client = client_of(commune, "dung")
    assert item.alias not in text(client.get("/hop-tin/"))
    assert item.alias in text(client.get("/hop-tin/?muc=da-cat")) and "Alo alo" in text(
        client.get("/hop-tin/?muc=da-cat")
    )

    assert client.post(f"/hop-tin/{item.pk}/lay-lai/").status_code == 302

    assert item.alias in text(client.get("/hop-tin/"))
    assert len(entries(commune, "tray.put_back")) == 1


def test_what_lies_in_a_case_or_waits_anew_is_not_taken_back(commune, zone):
    case_at(commune)
    item = waiting_item(commune, "hoa", "Alo alo")
    with commune.acting("cuong") as duty:
        tray_actions.sort_out(item, by=duty)
        in_case = TrayItem.objects.visible_to(duty).exclude(pk=item.pk).get()
    waiting_item(commune, "hoa", "Alo lần nữa")
    client = client_of(commune, "cuong")

    assert "đã vào vụ việc" in text(client.post(f"/hop-tin/{in_case.pk}/lay-lai/"))
    answer = client.post(f"/hop-tin/{item.pk}/lay-lai/")

    assert answer.status_code == 409 and "một mục mới trong hộp tin" in text(answer)
    assert again(commune, item).status == "sorted"

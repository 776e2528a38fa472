"""A row of the tray: the words that wait, and danger nobody has taken above danger somebody has."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.tips.scenes import DANGER, again, client_of, text, waiting_item
from tips import rows, tray_actions
from tips.desk import TRAY_TABS
from tips.models import TrayItem

pytestmark = pytest.mark.usefixtures("commune")


def wrote(commune, zone, citizen, words, minutes):
    commune.hears(citizen, words, at=timezone.now() - timedelta(minutes=minutes))
    cast.work_inbox(zone)


def take(commune, item, name="cuong"):
    with commune.acting(name) as officer:
        tray_actions.take(item, by=officer)


def answer(commune, item):
    with commune.acting("cuong") as officer:
        tray_actions.answer_from_tray(item, "Từ 7 giờ 30 đồng chí ạ.", by=officer)


def test_danger_nobody_has_taken_stands_above_danger_somebody_has(commune, zone):
    wrote(commune, zone, "hoa", "Tôi muốn báo tin: hàng xóm mở nhạc to", 300)
    wrote(commune, zone, "dung", DANGER, 50)
    taken = waiting_item(commune, "dung", "Nó vẫn ở trước nhà")
    take(commune, taken)
    wrote(commune, zone, "lan", "Tôi muốn báo tin: mất xe đạp", 40)
    wrote(commune, zone, "lan", "Có người đang cầm dao đuổi vợ con", 4)

    page = text(client_of(commune, "cuong").get("/hop-tin/"))

    assert page.index("đuổi vợ con") < page.index("trước nhà") < page.index("mở nhạc to")
    first_row = page[: page.index("đuổi vợ con")]
    assert ">4\u00a0phút<" in first_row and "40\u00a0phút" not in first_row


def test_taken_danger_stands_above_what_is_no_danger(commune, zone):
    wrote(commune, zone, "hoa", "Tôi muốn báo tin: hàng xóm mở nhạc to", 300)
    take(commune, waiting_item(commune, "dung", DANGER))

    page = text(client_of(commune, "cuong").get("/hop-tin/"))

    assert page.index("trước nhà") < page.index("mở nhạc to")


def test_pages_follow_each_other_across_the_kinds(commune, zone):
    for number, words in enumerate([DANGER, DANGER, "Tôi muốn báo tin: A", "Tôi muốn báo tin: B", DANGER]):
        wrote(commune, zone, f"citizen {number}", words, 60 - number)
    with commune.acting("cuong") as officer:
        first, second = TrayItem.objects.visible_to(officer).filter(is_urgent=True).order_by("urgent_since")[:2]
    take(commune, first)
    shown, place = [], None
    with commune.acting("cuong") as officer:
        while place != "":
            items, place = rows.tray_rows(officer, TRAY_TABS[0], place, 1)
            shown += [(item.is_urgent, item.taken_by_id is not None, item.pk) for item in items]

    assert [one[:2] for one in shown] == [(True, False)] * 2 + [(True, True)] + [(False, False)] * 2
    assert (shown[0][2], shown[2][2]) == (second.pk, first.pk)


def test_what_an_officer_answered_gives_way_to_what_waits_now(commune, zone):
    wrote(commune, zone, "hoa", "Alo trụ sở ở phố nào nhỉ", 60)
    item = waiting_item(commune, "hoa", "Alo các anh chị ơi")
    answer(commune, item)
    commune.hears("hoa", "Thế cây đổ chắn ngõ thì ai dọn", at=timezone.now() + timedelta(seconds=1))
    commune.hears("hoa", "Em gửi thêm ảnh sau nhé", at=timezone.now() + timedelta(seconds=2))
    cast.work_inbox(zone)

    page = text(client_of(commune, "cuong").get("/hop-tin/"))

    assert "cây đổ chắn ngõ" in page
    assert "phố nào" not in page and "ảnh sau nhé" not in page


def test_of_what_is_answered_the_newest_words_are_shown(commune, zone):
    wrote(commune, zone, "hoa", "Alo trụ sở ở phố nào nhỉ", 60)
    item = waiting_item(commune, "hoa", "Thế cây đổ chắn ngõ thì ai dọn")
    answer(commune, item)

    page = text(client_of(commune, "cuong").get("/hop-tin/?muc=cho-dan"))

    assert "cây đổ chắn ngõ" in page and "phố nào" not in page


def test_new_danger_is_shown_although_older_danger_was_taken_long_ago(commune, zone):
    wrote(commune, zone, "hoa", DANGER, 90)
    item = waiting_item(commune, "hoa", "Nó vẫn ở trước nhà")
    take(commune, item)
    with zone("owner"):
        TrayItem.objects.filter(pk=item.pk).update(taken_at=timezone.now() - timedelta(hours=1))
    wrote(commune, zone, "hoa", "Có người đang cầm dao đuổi vợ con", 2)

    page = text(client_of(commune, "cuong").get("/hop-tin/"))

    assert again(commune, item).taken_by_id is None
    assert "đuổi vợ con" in page and ">2\u00a0phút<" in page


def test_the_strip_opens_the_one_item_and_the_tray_when_there_are_more(commune, zone):
    item = waiting_item(commune, "hoa", DANGER)
    client = client_of(commune, "cuong")

    assert f'id="strip-link" href="/hop-tin/{item.pk}/#cuoi"' in text(client.get("/vu-viec/"))

    waiting_item(commune, "dung", DANGER)
    assert 'id="strip-link" href="/hop-tin/"' in text(client.get("/vu-viec/"))

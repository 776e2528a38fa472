"""The tray's list."""

import pytest
from django.utils import timezone

from tests import cast
from tests.tips.scenes import client_of, queries, text, waiting_item
from tips.models import TrayItem
from zalopolice.gateway.models import Message
from zalopolice.units import keyring

pytestmark = pytest.mark.usefixtures("commune")


def test_the_most_pressing_is_on_top_with_kind_words_and_number(commune, zone):
    item = waiting_item(commune, "hoa", "Tôi muốn báo tin: cho tôi hỏi với ạ", "Xe chặn lối ra vào")
    with zone("owner"):
        TrayItem.objects.filter(pk=item.pk).update(kind="question")
    commune.hears("dung", "Cứu tôi với, nó đang cầm dao trước nhà")
    cast.work_inbox(zone)

    page = text(client_of(commune, "cuong").get("/hop-tin/"))

    assert page.count('data-testid="tray-item"') == 2
    assert page.index("<b>cầm dao</b> trước nhà") < page.index("cho tôi hỏi với ạ") < page.index("Hỏi thủ tục")
    assert "· 2 tin<" in page


def test_a_picture_without_words_says_what_it_is(commune, zone):
    picture = {"type": "image", "payload": {"url": "https://zdn.vn/a.jpg"}}
    commune.hears("dung", event_name="user_send_image", attachments=[picture])
    cast.work_inbox(zone)

    assert "Gửi ảnh" in text(client_of(commune, "cuong").get("/hop-tin/"))


def test_an_answer_that_did_not_arrive_is_counted(commune, zone):
    waiting_item(commune)
    with zone("owner"):
        Message.objects.filter(direction="out").update(state="failed")

    assert "1 tin chưa gửi được" in text(client_of(commune, "cuong").get("/hop-tin/"))


@pytest.mark.parametrize("name", ["an", "giang", "huy"])
def test_for_those_who_may_not_read_it_there_is_no_tray(commune, name):
    waiting_item(commune)
    client = client_of(commune, name)

    assert client.get("/hop-tin/").status_code == 404
    assert 'href="/hop-tin/"' not in text(client.get("/"))


def test_other_units_stay_out(commune, other_commune):
    waiting_item(commune)

    page = text(client_of(other_commune, "cuong").get("/hop-tin/"))

    assert "tray-item" not in page
    assert "Không còn tin nào chờ" in page


def test_pages_of_25_follow_each_other_without_loss(commune, zone):
    for number in range(27):
        commune.hears(f"citizen {number}", f"Tin số {number:02}.", at=timezone.now())
    cast.work_inbox(zone)
    client = client_of(commune, "cuong")

    first = client.get("/hop-tin/")
    second = client.get("/hop-tin/", {"tiep": _following(first)})

    assert text(first).count("tray-item") == 25
    shown = [number for page in (first, second) for number in range(27) if f"Tin số {number:02}." in text(page)]
    assert sorted(shown) == list(range(27))
    assert second.context["following"] == ""


def _following(answer):
    return answer.context["following"]


@pytest.mark.parametrize(
    "place", ["x", "W10", "bnVsbA", "%00", "WyJhIiwiYiIsImMiXQ", "a" * 5000, "W3RydWUsIjIwMjYiLCJ4Il0", "ế"]
)
def test_a_place_nobody_gave_out_is_the_first_page(commune, place):
    waiting_item(commune)

    answer = client_of(commune, "cuong").get("/hop-tin/", {"sau": place})

    assert answer.status_code == 200
    assert "tray-item" in text(answer)


def test_the_number_of_queries_does_not_grow(commune, zone):
    waiting_item(commune)
    client = client_of(commune, "cuong")
    keyring.forget()
    one = queries(client, "/hop-tin/")
    for number in range(8):
        commune.hears(f"citizen {number}", "Tôi muốn báo tin")
    cast.work_inbox(zone)
    keyring.forget()

    assert queries(client, "/hop-tin/") == one <= 12

"""One thread of the tray."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.tips.scenes import DANGER, NOBODY, TIP, case_at, client_of, entries, queries, text, waiting_item
from tips import actions
from tips.models import TrayItem
from zalopolice.gateway.models import Citizen, Message, OfficialAccount
from zalopolice.units import keyring

pytestmark = pytest.mark.usefixtures("commune")


def test_the_thread_shows_both_sides_and_never_who_it_is(commune, zone):
    item = waiting_item(commune)

    page = text(client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/"))

    assert TIP in page
    assert f"Người nhắn {item.alias}" in page
    assert "Công an đã tiếp nhận tin" in page and "Chờ gửi" in page
    assert "Miễn phí còn" in page and "kênh đóng sau" in page
    assert str(item.citizen_id) not in page
    assert commune.user_id("dung") not in page


def test_looking_is_on_record(commune):
    item = waiting_item(commune)

    client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/")

    [entry] = entries(commune, "tray.viewed")
    assert (entry.object_id, entry.actor_id) == (item.pk, commune.cuong.pk)


def test_what_one_may_not_see_is_the_same_page_as_what_is_not_there(commune, other_commune):
    item = waiting_item(commune)

    pages = [
        client_of(other_commune, "cuong").get(f"/hop-tin/{item.pk}/"),
        client_of(commune, "an").get(f"/hop-tin/{item.pk}/"),
        client_of(commune, "cuong").get(f"/hop-tin/{NOBODY}/"),
        client_of(other_commune, "cuong").post(f"/hop-tin/{item.pk}/xep/"),
        client_of(commune, "cuong").get("/khong-co/"),
    ]

    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1
    assert not entries(commune, "tray.viewed")


def test_words_that_went_into_a_case_are_read_there(commune):
    case = case_at(commune)
    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get()

    page = text(client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/"))

    assert TIP not in page and case.title not in page
    assert "Một tin đã vào vụ việc" in page and case.tip_code in page
    assert "Công an đã tiếp nhận tin" not in page  # its automatic answer went along
    assert "open-case-form" not in page


def test_a_reply_of_a_case_never_shows_in_the_tray(commune, zone):
    case = case_at(commune, "in_progress")
    with commune.acting("an") as officer:
        actions.reply(case, "Câu hỏi riêng của vụ việc", by=officer)
    commune.hears("dung", DANGER)
    cast.work_inbox(zone)
    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get(status="waiting")

    assert "Câu hỏi riêng" not in text(client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/"))


def test_what_somebody_typed_past_the_portal_is_shown(commune, zone):
    item = waiting_item(commune)
    with zone("vault"):
        Message.objects.create(
            unit_id=commune.unit.pk, oa=commune.oa, citizen_id=item.citizen_id, direction="out", origin="console",
            text="Gõ từ trang quản trị", sent_at=timezone.now(), state="sent",
        )  # fmt: skip

    page = text(client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/"))

    assert "Gõ từ trang quản trị" in page and "ngoài cổng này" in page


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (3, "Tin gửi lúc này tính phí"),
        (3, "gói còn 12/2000 tin, theo Zalo đêm qua"),
        (8, "Zalo đã đóng: chờ người dân nhắn lại"),
    ],
)
def test_the_reply_window_is_said_before_writing(commune, zone, days, said):
    item = waiting_item(commune)
    with zone("owner"):
        Citizen.objects.update(last_interaction_at=timezone.now() - timedelta(days=days))
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(reply_left=12, reply_total=2000)

    assert said in text(client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/"))


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [
        ("queued", "", "Chờ gửi"),
        ("sending", "", "Đang gửi"),
        ("sent", "", "Đã gửi"),
        ("unknown", "", "Chưa rõ đã gửi"),
        ("blocked", "Người dân đã chặn OA.", "Zalo không cho gửi: Người dân đã chặn OA."),
        ("failed", "Đã thử 8 lần.", "Chưa gửi được: Đã thử 8 lần."),
    ],
)
def test_what_became_of_an_answer_is_said_in_words(commune, zone, state, error, said):
    item = waiting_item(commune)
    with zone("owner"):
        Message.objects.filter(direction="out").update(state=state, error=error)

    assert said in text(client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/"))


def test_what_a_stranger_sends_is_text_and_never_markup_or_a_link(commune, zone):
    link = {"type": "link", "payload": {"url": "javascript:alert(1)", "title": "<b>bấm vào đây</b>"}}
    commune.hears("dung", "<script>alert(1)</script>", event_name="user_send_link", attachments=[link])
    item = waiting_item(commune)

    page = text(client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/"))

    assert "&lt;script&gt;" in page and "<script>" not in page
    assert 'href="javascript' not in page and "&lt;b&gt;bấm" in page


def test_older_messages_have_a_page_of_their_own(commune, monkeypatch):
    monkeypatch.setattr("tips.threads.SIZE", 2)
    item = waiting_item(commune, "dung", TIP, "Tin thứ hai", "Tin thứ ba", "Tin thứ tư")
    client = client_of(commune, "cuong")

    latest = client.get(f"/hop-tin/{item.pk}/")

    shown = [line.text for line in latest.context["thread"].lines]
    assert TIP not in shown and "Xem tin cũ hơn" in text(latest)
    older = client.get(f"/hop-tin/{item.pk}/", {"sau": latest.context["thread"].older})
    shown += [line.text for line in older.context["thread"].lines]
    assert "Tin thứ ba" in shown and "Tin thứ tư" in shown


def test_the_number_of_queries_does_not_grow(commune, zone):
    item = waiting_item(commune)
    client = client_of(commune, "cuong")
    keyring.forget()
    one = queries(client, f"/hop-tin/{item.pk}/")
    for number in range(12):
        commune.hears("dung", f"Thêm lời thứ {number}")
    cast.work_inbox(zone)
    keyring.forget()

    assert queries(client, f"/hop-tin/{item.pk}/") == one <= 12

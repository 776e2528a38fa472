"""Answering from the tray, and putting a thread away."""

import pytest
from django.utils import timezone

from tests import cast
from tests.tips.scenes import NOBODY, again, client_of, entries, hidden, once, text, waiting_item
from tips import actions, tray_actions
from tips.models import Case, TrayItem

pytestmark = pytest.mark.usefixtures("commune")


def test_an_answer_waits_in_the_outbox_and_shows_in_the_thread(commune, zone, bell):
    item = waiting_item(commune)
    bell.clear()

    address, form = f"/hop-tin/{item.pk}/tra-loi/", {"text": "Mời bạn tới trụ sở", "once": once()}
    answer = client_of(commune, "cuong").post(address, form, follow=True)

    assert "Mời bạn tới trụ sở" in text(answer) and "đang chờ gửi" in text(answer)
    assert cast.outbound(zone)[-1].text == "Mời bạn tới trụ sở"
    assert [ring[0] for ring in bell] == ["zalopolice.deliver"]
    assert len(entries(commune, "tray.answered")) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [("", "Viết nội dung"), ("   \n", "Viết nội dung"), ("a" * 1901, "Thừa 1 ký tự"), ("a\x00", "không đọc được")],
)
def test_what_cannot_be_sent_stays_on_the_page(commune, zone, words, said):
    item = waiting_item(commune)
    before = len(cast.outbound(zone))

    answer = client_of(commune, "cuong").post(f"/hop-tin/{item.pk}/tra-loi/", {"text": words, "once": once()})

    assert answer.status_code == 422
    assert said in text(answer) and words.strip() in text(answer)
    assert len(cast.outbound(zone)) == before


def test_length_is_counted_as_zalo_counts_it(commune, zone):
    item = waiting_item(commune)
    decomposed = "e\u0302\u0301" * 1900  # "ế" in three code points; one after NFC

    form = {"text": decomposed, "once": once()}
    answer = client_of(commune, "cuong").post(f"/hop-tin/{item.pk}/tra-loi/", form)

    assert answer.status_code == 302
    assert cast.outbound(zone)[-1].text == "ế" * 1900


def test_a_thread_that_was_sorted_meanwhile_takes_no_answer(commune):
    item = waiting_item(commune)
    with commune.acting("dung") as deputy:
        tray_actions.sort_out(item, by=deputy)

    form = {"text": "Mời bạn tới trụ sở", "once": once()}
    answer = client_of(commune, "cuong").post(f"/hop-tin/{item.pk}/tra-loi/", form)

    assert answer.status_code == 409
    assert "Mục này đã được xếp." in text(answer) and "Mời bạn tới trụ sở" in text(answer)


def test_a_thread_is_put_away(commune):
    item = waiting_item(commune)
    client = client_of(commune, "cuong")
    seen = hidden(client.get(f"/hop-tin/{item.pk}/"), "seen")

    answer = client.post(f"/hop-tin/{item.pk}/xep/", {"seen": seen}, follow=True)

    assert again(commune, item).status == TrayItem.Status.SORTED
    assert "Không còn tin nào chờ" in text(answer)
    assert len(entries(commune, "tray.sorted_out")) == 1


def test_a_thread_longer_than_a_page_is_put_away_too(commune, monkeypatch):
    monkeypatch.setattr("tips.threads.SIZE", 1)
    item = waiting_item(commune, "dung", "Tôi muốn báo tin", "Xin lỗi, nhầm số")
    client = client_of(commune, "cuong")

    seen = hidden(client.get(f"/hop-tin/{item.pk}/"), "seen")

    assert client.post(f"/hop-tin/{item.pk}/xep/", {"seen": seen}).status_code == 302


def test_words_nobody_has_read_are_not_put_away(commune, zone):
    """Although their number is the same: a colleague moved one message into a case, the citizen wrote another."""
    item = waiting_item(commune, "dung", "Tôi muốn báo tin: đánh bạc", "Xin lỗi, nhầm số")
    client = client_of(commune, "cuong")
    seen = hidden(client.get(f"/hop-tin/{item.pk}/"), "seen")
    with commune.acting("dung") as deputy:
        first = item.unsorted_messages().order_by("sent_at")[:1]
        case = actions.open_case(item, first, title="x", classification="vphc", area=None, by=deputy)
    with commune.acting("an"):
        Case.objects.filter(pk=case.pk).update(status="closed", result="warned", closed_at=timezone.now(),
            closed_by=commune.binh, claimed_by=commune.an, claimed_at=timezone.now())  # fmt: skip
    commune.hears("dung", "Khoan, còn nữa")
    cast.work_inbox(zone)

    answer = client.post(f"/hop-tin/{item.pk}/xep/", {"seen": seen})

    assert answer.status_code == 409
    assert "Người dân vừa nhắn thêm" in text(answer) and "Khoan, còn nữa" in text(answer)
    assert again(commune, item).status == TrayItem.Status.WAITING


@pytest.mark.parametrize("seen", ["x", "1", "9" * 5000, "\x00", f"{NOBODY},{NOBODY}"])
def test_what_no_page_has_shown_is_refused(commune, seen):
    item = waiting_item(commune)

    assert client_of(commune, "cuong").post(f"/hop-tin/{item.pk}/xep/", {"seen": seen}).status_code == 422


@pytest.mark.parametrize("act", ["mo-vu-viec", "them-vao-vu-viec", "tra-loi", "xep"])
def test_acts_are_not_done_by_looking(commune, act):
    item = waiting_item(commune)

    assert client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/{act}/").status_code == 405

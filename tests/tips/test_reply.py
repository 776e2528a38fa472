"""Answering the source, sending again, and notes."""

import pytest
from django.core.exceptions import PermissionDenied

from tests import cast
from tests.tips.scenes import NOBODY, TITLE, again, case_at, client_of, entries, once, text
from tips import actions
from zalopolice.gateway.models import Message

pytestmark = pytest.mark.usefixtures("commune")
WORDS = "Cảm ơn bạn. Tối nay họ có tụ tập không?"


def post(commune, name, case, act, **form):
    return client_of(commune, name).post(f"/vu-viec/{case.pk}/{act}/", {"once": once()} | form)


def test_a_reply_waits_in_the_outbox_and_stands_in_the_timeline(commune, zone, bell):
    case = case_at(commune, "in_progress")
    bell.clear()

    answer = client_of(commune, "an").post(f"/vu-viec/{case.pk}/tra-loi/", {"text": WORDS, "once": once()}, follow=True)

    assert WORDS in text(answer) and "Chờ gửi" in text(answer)
    assert cast.outbound(zone)[-1].text == WORDS
    assert [ring[0] for ring in bell] == ["zalopolice.deliver"]
    assert len(entries(commune, "case.replied")) == 1


@pytest.mark.parametrize("name", ["em", "cuong"])
@pytest.mark.parametrize("act", ["tra-loi", "ghi-chu", "de-nghi-ket-thuc", f"gui-lai/{NOBODY}"])
def test_only_who_has_it_and_command_act_on_it(commune, name, act):
    case = case_at(commune, "in_progress")

    assert post(commune, name, case, act).status_code == 403
    with commune.acting(name) as officer, pytest.raises(PermissionDenied):
        actions.reply(case, WORDS, by=officer)


@pytest.mark.parametrize(
    ("act", "field"), [("tra-loi", "text"), ("ghi-chu", "note-text"), ("de-nghi-ket-thuc", "summary")]
)
def test_words_written_while_the_case_was_handed_on_are_kept(commune, zone, act, field):
    case = case_at(commune, "in_progress")
    before = len(cast.outbound(zone))
    with commune.acting("cuong") as duty:
        actions.reassign(case, commune.em, by=duty)

    answer = post(commune, "an", case, act, result="warned", **{field: WORDS})

    page = text(answer)
    assert answer.status_code == 409
    assert f"{commune.em.full_name} đang giữ vụ việc này" in page and WORDS in page
    assert TITLE not in page
    assert len(cast.outbound(zone)) == before and again(commune, case).status == "in_progress"


def test_words_written_to_what_one_may_not_see_meet_no_page(commune, other_commune):
    case = case_at(commune, "in_progress")

    assert post(other_commune, "binh", case, "tra-loi", text=WORDS).status_code == 404
    assert post(commune, "giang", case, "tra-loi", text=WORDS).status_code == 404


def test_a_ready_sentence_joins_what_was_typed_and_nothing_is_sent(commune, zone):
    case = case_at(commune, "in_progress")
    before = len(cast.outbound(zone))

    answer = post(commune, "an", case, "tra-loi", text="Chào bạn.", mau="reply_place")

    page = text(answer)
    assert answer.status_code == 200 and len(cast.outbound(zone)) == before
    assert "Chào bạn.\nBạn cho biết việc này xảy ra ở đâu" in page
    assert post(commune, "an", case, "tra-loi", text="Chào bạn.", mau="../settings").status_code == 302


@pytest.mark.parametrize(
    ("words", "said"), [("", "Viết nội dung"), ("b" * 1901, "Thừa 1 ký tự"), ("c\x00", "không đọc được")]
)
def test_what_cannot_be_sent_stays_on_the_page(commune, words, said):
    case = case_at(commune, "in_progress")

    answer = post(commune, "an", case, "tra-loi", text=words)

    assert answer.status_code == 422
    assert said in text(answer) and words in text(answer)
    assert not entries(commune, "case.replied")


def test_a_closed_case_is_not_answered_and_the_words_stay(commune):
    case = case_at(commune, "closed")

    answer = post(commune, "an", case, "tra-loi", text=WORDS)

    assert answer.status_code == 409
    assert "Vụ việc đã kết thúc." in text(answer) and WORDS in text(answer)


def failed_reply(commune, zone, state="failed"):
    case = case_at(commune, "in_progress")
    with commune.acting("an") as officer:
        message = actions.reply(case, WORDS, by=officer)
    with zone("owner"):
        Message.objects.filter(pk=message.pk).update(
            state=state, error="Đã thử 8 lần, Zalo chưa nhận.", queue="", next_at=None, attempt=8
        )
    return case, message


@pytest.mark.parametrize("state", ["failed", "blocked"])
def test_what_did_not_arrive_is_sent_again_by_hand(commune, zone, bell, state):
    case, message = failed_reply(commune, zone, state)
    assert "Gửi lại tin này" in text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))
    bell.clear()

    answer = post(commune, "an", case, f"gui-lai/{message.pk}")

    assert answer.status_code == 302
    now = cast.outbound(zone)[-1]
    assert (now.state, now.queue, now.attempt, now.error) == ("queued", "vault", 0, "") and now.next_at is not None
    assert bell == [("zalopolice.deliver", str(message.pk), "vault")]
    assert len(entries(commune, "case.message_requeued")) == 1


@pytest.mark.parametrize("state", ["queued", "sending", "sent", "unknown"])
def test_what_is_on_its_way_is_not_sent_again(commune, zone, state):
    case, message = failed_reply(commune, zone, state)

    answer = post(commune, "an", case, f"gui-lai/{message.pk}")

    assert answer.status_code == 409 and "Không thể chuyển từ" in text(answer)
    assert cast.outbound(zone)[-1].state == state


def test_messages_of_elsewhere_are_not_there(commune, other_commune, zone):
    case, message = failed_reply(commune, zone)
    foreign, foreign_message = failed_reply(other_commune, zone)
    with commune.acting("an"):
        inbound = Message.objects.filter(direction="in").first()

    for pk in (foreign_message.pk, inbound.pk, NOBODY):
        assert post(commune, "an", case, f"gui-lai/{pk}").status_code == 404


def test_a_note_is_kept_and_not_sent(commune, zone):
    case = case_at(commune, "in_progress")
    before = len(cast.outbound(zone))

    form = {"note-text": "Hẹn tối mai", "note-once": once()}
    answer = client_of(commune, "an").post(f"/vu-viec/{case.pk}/ghi-chu/", form, follow=True)

    assert "Hẹn tối mai" in text(answer)
    assert len(cast.outbound(zone)) == before
    assert len(entries(commune, "case.noted")) == 1


BOTH = {"text": WORDS, "note-text": "Bà Lan hẹn tối mai, chưa ghi xong"}


@pytest.mark.parametrize(
    ("act", "done", "left"), [("tra-loi", "case.replied", "Ghi chú"), ("ghi-chu", "case.noted", "Câu trả lời")]
)
def test_what_is_half_written_beside_it_stays(commune, zone, act, done, left):
    case = case_at(commune, "in_progress")
    client, before = client_of(commune, "an"), len(cast.outbound(zone))

    first, second = (
        client.post(f"/vu-viec/{case.pk}/{act}/", form) for form in [BOTH | {"once": once(), "note-once": once()}] * 2
    )

    kept = BOTH["note-text"] if act == "tra-loi" else WORDS
    gone = WORDS if act == "tra-loi" else BOTH["note-text"]
    for answer in (first, second):
        assert answer.status_code == 200 and f"{left} đang viết chưa" in text(answer)
        assert f">\n{kept}</textarea>" in text(answer) and f">\n{gone}</textarea>" not in text(answer)
    assert len(entries(commune, done)) == 1 and len(cast.outbound(zone)) == before + (act == "tra-loi")


@pytest.mark.parametrize("form", [{"text": "", "mau": ""}, {"text": "", "mau": "reply_place"}])
def test_nor_is_it_lost_by_a_complaint_or_a_ready_sentence(commune, form):
    case = case_at(commune, "in_progress")

    answer = post(commune, "an", case, "tra-loi", **(BOTH | form))

    assert f">\n{BOTH['note-text']}</textarea>" in text(answer)


def test_both_are_kept_for_whom_the_case_was_taken_from(commune):
    case = case_at(commune, "in_progress")
    with commune.acting("cuong") as duty:
        actions.reassign(case, commune.em, by=duty)

    page = text(post(commune, "an", case, "tra-loi", **BOTH))

    assert all(words in page for words in BOTH.values())


def test_on_a_closed_case_a_note_is_a_form_of_its_own(commune):
    case = case_at(commune, "closed")

    page = text(client_of(commune, "binh").get(f"/vu-viec/{case.pk}/"))

    assert 'id="tra-loi"' not in page and 'form="tra-loi"' not in page
    assert f'action="/vu-viec/{case.pk}/ghi-chu/" novalidate' in page


def test_an_empty_note_is_a_sentence(commune):
    case = case_at(commune, "in_progress")

    answer = post(commune, "an", case, "ghi-chu", **{"note-text": " "})

    assert answer.status_code == 422 and "Viết nội dung ghi chú." in text(answer)

"""A second click, a browser's retry, the way back: the same act happens once, another one happens too."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.crowd import crowd
from tests.tips.scenes import NOBODY, TITLE, case_at, client_of, entries, hidden, once, text, waiting_item
from tips import actions, tray_actions
from tips.models import Case, CaseEntry, Filed, TrayItem
from zalopolice.gateway.models import Message

pytestmark = pytest.mark.usefixtures("commune")
WORDS = "Cảm ơn bạn. Tối nay họ có tụ tập không?"


def sent(zone):
    return [message.text for message in cast.outbound(zone)].count(WORDS)


def test_a_reply_is_sent_once(commune, zone):
    case = case_at(commune, "in_progress")
    client = client_of(commune, "an")
    form = {"text": WORDS, "once": hidden(client.get(f"/vu-viec/{case.pk}/"), "once")}

    answers = [client.post(f"/vu-viec/{case.pk}/tra-loi/", form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert sent(zone) == 1
    assert len(entries(commune, "case.replied")) == 1
    with commune.acting("an"):
        assert CaseEntry.objects.filter(case=case, kind="replied").count() == 1


def test_an_answer_from_the_tray_is_sent_once(commune, zone):
    item = waiting_item(commune)
    client = client_of(commune, "cuong")
    form = {"text": WORDS, "once": hidden(client.get(f"/hop-tin/{item.pk}/"), "once")}

    client.post(f"/hop-tin/{item.pk}/tra-loi/", form)
    with commune.acting("dung") as deputy:
        tray_actions.sort_out(item, by=deputy)
    again = client.post(f"/hop-tin/{item.pk}/tra-loi/", form)

    assert again.status_code == 302  # it has been sent; that the thread is put away changes nothing
    assert sent(zone) == 1
    assert len(entries(commune, "tray.answered")) == 1


def test_pressed_at_the_same_moment(commune, zone):
    case, item = case_at(commune, "in_progress"), waiting_item(commune, "hoa")
    same = uuid.uuid4()

    def replies():
        with commune.acting("an") as officer:
            return actions.reply(case, WORDS, by=officer, once=same).pk

    def answers():
        with commune.acting("cuong") as officer:
            return tray_actions.answer_from_tray(item, WORDS, by=officer, once=same).pk

    for job in (replies, answers):
        assert len(set(crowd("web", [job] * 6))) == 1
    assert sent(zone) == 2


def test_other_words_on_the_same_page_are_another_reply(commune, zone):
    """The way back in the browser shows the page as it was."""
    case = case_at(commune, "in_progress")
    client, same = client_of(commune, "an"), once()

    for words in (WORDS, "Còn nữa: họ đi xe gì?"):
        assert client.post(f"/vu-viec/{case.pk}/tra-loi/", {"text": words, "once": same}).status_code == 302

    assert [message.text for message in cast.outbound(zone)][-2:] == [WORDS, "Còn nữa: họ đi xe gì?"]


def test_the_same_words_on_a_new_page_are_refused_for_a_while(commune, zone):
    """Back shows the old words in a new form; nobody means to send them twice within minutes."""
    case = case_at(commune, "in_progress")
    client = client_of(commune, "an")
    answers = [
        client.post(f"/vu-viec/{case.pk}/tra-loi/", {"text": WORDS, "once": once()}).status_code for _ in range(2)
    ]

    assert answers == [302, 409]
    assert sent(zone) == 1
    with zone("owner"):
        Message.objects.update(sent_at=timezone.now() - timedelta(minutes=11))
    client.post(f"/vu-viec/{case.pk}/tra-loi/", {"text": WORDS, "once": once()})
    assert sent(zone) == 2


def test_a_complaint_keeps_the_page_one_page(commune):
    case, item, same = case_at(commune, "closed"), waiting_item(commune, "hoa"), once()

    empty = client_of(commune, "cuong").post(f"/hop-tin/{item.pk}/tra-loi/", {"text": "", "once": same})
    closed = client_of(commune, "an").post(f"/vu-viec/{case.pk}/tra-loi/", {"text": WORDS, "once": same})

    assert (empty.status_code, closed.status_code) == (422, 409)
    assert hidden(empty, "once") == hidden(closed, "once") == same


@pytest.mark.parametrize("wrong", [{}, {"once": "x"}, {"once": "\x00"}])
def test_a_page_without_it_is_drawn_anew_with_the_words_kept(commune, zone, wrong):
    case = case_at(commune, "in_progress")
    client = client_of(commune, "an")

    answer = client.post(f"/vu-viec/{case.pk}/tra-loi/", {"text": WORDS} | wrong)

    assert answer.status_code == 422
    assert "bấm lần nữa" in text(answer) and WORDS in text(answer) and sent(zone) == 0
    form = {"text": WORDS, "once": hidden(answer, "once")}
    assert client.post(f"/vu-viec/{case.pk}/tra-loi/", form).status_code == 302


def test_a_note_is_written_once(commune):
    case = case_at(commune, "in_progress")
    client, same = client_of(commune, "an"), once()

    for words in ("Hẹn tối mai", "Hẹn tối mai", "Hẹn tối mai lúc 8 giờ"):
        assert client.post(f"/vu-viec/{case.pk}/ghi-chu/", {"note-text": words, "note-once": same}).status_code == 302

    assert len(entries(commune, "case.noted")) == 2


def opening(commune, item, **changes):
    with commune.acting("cuong"):
        chosen = [str(pk) for pk in item.received_messages().values_list("pk", flat=True)]
    return {"messages": chosen, "title": TITLE, "classification": "vphc", "area": ""} | changes


def test_a_case_is_opened_once(commune):
    item = waiting_item(commune)
    client, form = client_of(commune, "cuong"), opening(commune, item)

    first, second = (client.post(f"/hop-tin/{item.pk}/mo-vu-viec/", form) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    with commune.acting("cuong"):
        assert Case.objects.count() == 1


def test_a_case_is_opened_once_at_the_same_moment(commune):
    item = waiting_item(commune)

    def opens():
        with commune.acting("cuong") as officer:
            chosen = list(item.received_messages())
            return actions.open_case(item, chosen, title=TITLE, classification="vphc", area=None, by=officer).pk

    assert len(set(crowd("web", [opens] * 4))) == 1


@pytest.mark.parametrize(("who", "title"), [("dung", TITLE), ("cuong", "Việc khác hẳn")])
def test_what_somebody_else_or_another_form_has_taken_is_refused(commune, who, title):
    item = waiting_item(commune)
    form = opening(commune, item)
    client_of(commune, "cuong").post(f"/hop-tin/{item.pk}/mo-vu-viec/", form)

    answer = client_of(commune, who).post(f"/hop-tin/{item.pk}/mo-vu-viec/", form | {"title": title})

    assert answer.status_code == 409 and "Mục này đã được xếp." in text(answer)


def test_messages_are_added_once(commune):
    case = case_at(commune)
    with commune.zone("owner"):
        message = case.entries.get(kind="received").message
        item = TrayItem.objects.create(unit=commune.unit, citizen_id=case.citizen_id, opened_at=message.sent_at)
        Filed.objects.filter(message=message).update(tray_item=item, case=None)
        CaseEntry.objects.filter(message=message).delete()
    form = {"messages": [str(message.pk)], "case": str(case.pk)}

    for _ in range(2):
        answer = client_of(commune, "cuong").post(f"/hop-tin/{item.pk}/them-vao-vu-viec/", form)
        assert answer.status_code == 302

    assert len(entries(commune, "case.messages_added")) == 1
    assert str(NOBODY) not in text(client_of(commune, "binh").get(f"/vu-viec/{case.pk}/"))

"""What did not arrive: on home until it is sent again or somebody says that they know."""

import pytest

from tests import cast
from tests.tips.scenes import NOBODY, case_at, client_of, entries, text, waiting_item
from tips import actions, tray_actions
from tips.models import Filed
from zalopolice.gateway.models import Message
from zalopolice.units.models import Membership

pytestmark = pytest.mark.usefixtures("commune")
SAID = "Tin chưa gửi được"
WORDS = "Mời bạn tới trụ sở"


def lose(zone, state="failed", **which):
    with zone("owner"):
        rows = Message.objects.filter(direction="out", **which)
        assert rows.update(state=state, error="Đã thử 8 lần.", queue="", next_at=None)
        return [str(row.pk) for row in rows.order_by("sent_at")]


def lost_answer(commune, zone, *, put_away=True):
    item = waiting_item(commune)
    with commune.acting("cuong") as officer:
        message = tray_actions.answer_from_tray(item, WORDS, by=officer)
        if put_away:
            tray_actions.sort_out(item, by=officer)
    lose(zone, pk=message.pk)
    return item, message.pk


def home(commune, name):
    return text(client_of(commune, name).get("/"))


@pytest.mark.parametrize("state", ["failed", "blocked"])
def test_a_lost_reply_is_shown_to_who_has_the_case_to_the_desk_and_to_command(commune, zone, state):
    case = case_at(commune, "in_progress")
    with commune.acting("an") as officer:
        message = actions.reply(case, WORDS, by=officer)
    assert SAID not in home(commune, "an")

    lose(zone, state, pk=message.pk)

    for name in ("an", "cuong", "dung", "binh"):
        assert SAID in home(commune, name) and f'href="/vu-viec/{case.pk}/"' in home(commune, name)
    assert SAID not in home(commune, "em")
    assert WORDS not in home(commune, "cuong")


def test_a_lost_answer_is_found_after_its_thread_was_put_away(commune, zone, bell):
    item, message = lost_answer(commune, zone)
    client = client_of(commune, "cuong")
    assert f'href="/hop-tin/{item.pk}/"' in home(commune, "cuong")
    page = text(client.get(f"/hop-tin/{item.pk}/"))
    assert f'action="/hop-tin/{item.pk}/gui-lai/{message}/"' in page and "Đã biết" in page
    bell.clear()

    answer = client.post(f"/hop-tin/{item.pk}/gui-lai/{message}/", follow=True)

    assert "Tin đang chờ gửi lại." in text(answer)
    assert bell == [("zalopolice.deliver", str(message), "vault")]
    assert cast.outbound(zone)[-1].state == "queued"
    assert len(entries(commune, "tray.message_requeued")) == 1
    assert SAID not in home(commune, "cuong")


def test_what_is_known_is_no_alarm_and_can_still_be_sent(commune, zone):
    item, message = lost_answer(commune, zone)
    client = client_of(commune, "cuong")

    answer = client.post(f"/hop-tin/{item.pk}/da-biet/{message}/", follow=True)

    assert SAID not in home(commune, "cuong") and SAID not in home(commune, "binh")
    assert "Gửi lại tin này" in text(answer) and "Đã biết" not in text(answer)
    assert len(entries(commune, "tray.failure_acknowledged")) == 1

    client.post(f"/hop-tin/{item.pk}/gui-lai/{message}/")
    lose(zone, pk=message)
    assert SAID in home(commune, "cuong")  # lost once more: nobody knows of that yet


def test_its_badge_in_the_tray_goes_too(commune, zone):
    item, message = lost_answer(commune, zone, put_away=False)
    client = client_of(commune, "cuong")
    assert "1 tin chưa gửi được" in text(client.get("/hop-tin/"))

    client.post(f"/hop-tin/{item.pk}/da-biet/{message}/")

    assert "1 tin chưa gửi được" not in text(client.get("/hop-tin/"))


def test_the_holder_acknowledges_in_the_case(commune, zone):
    case = case_at(commune, "in_progress")
    with commune.acting("an") as officer:
        message = actions.reply(case, WORDS, by=officer)
    lose(zone, pk=message.pk)
    assert client_of(commune, "cuong").post(f"/vu-viec/{case.pk}/da-biet/{message.pk}/").status_code == 403

    client_of(commune, "an").post(f"/vu-viec/{case.pk}/da-biet/{message.pk}/")

    assert not any(SAID in home(commune, name) for name in ("an", "cuong", "binh"))
    assert len(entries(commune, "case.failure_acknowledged")) == 1
    assert WORDS in text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))


def test_the_result_nobody_was_told_is_an_alarm_of_the_closed_case(commune, zone):
    case = case_at(commune, "closed")
    lose(zone, business_key=f"closed:{case.pk}")

    assert f'href="/vu-viec/{case.pk}/"' in home(commune, "an")


def test_an_automatic_answer_lies_where_its_message_lies(commune, zone):
    """The words that name 113 are automatic: that they did not arrive must be seen, and can be mended by hand."""
    item = waiting_item(commune, "dung", "Cứu tôi với, nó đang cầm dao trước nhà")
    [safety] = lose(zone)
    client = client_of(commune, "cuong")

    assert f'href="/hop-tin/{item.pk}/"' in home(commune, "cuong")
    assert SAID not in home(commune, "an")
    assert client.post(f"/hop-tin/{item.pk}/da-biet/{safety}/").status_code == 302
    assert SAID not in home(commune, "cuong")
    assert client.post(f"/hop-tin/{item.pk}/gui-lai/{safety}/").status_code == 302


def test_an_automatic_answer_goes_along_into_the_case_whoever_knew_of_it(commune, zone):
    item = waiting_item(commune)
    [code] = lose(zone)
    client_of(commune, "cuong").post(f"/hop-tin/{item.pk}/da-biet/{code}/")
    with commune.acting("cuong") as officer:
        chosen = list(item.unsorted_messages())
        case = actions.open_case(item, chosen, title="x", classification="vphc", area=None, by=officer)
    with commune.acting("an") as officer:
        actions.claim(case, by=officer)

    page = text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))
    assert "Công an đã tiếp nhận tin" in page and "Đã biết" not in page
    assert "Công an đã tiếp nhận tin" not in text(client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/"))
    assert client_of(commune, "an").post(f"/vu-viec/{case.pk}/gui-lai/{code}/").status_code == 302
    lose(zone, pk=code)
    assert f'href="/vu-viec/{case.pk}/"' in home(commune, "an")


@pytest.mark.parametrize("act", ["gui-lai", "da-biet"])
def test_only_what_was_sent_here_and_is_lost(commune, other_commune, zone, act):
    item, message = lost_answer(commune, zone)
    foreign_item, foreign = lost_answer(other_commune, zone)
    hoa = waiting_item(commune, "hoa")
    client = client_of(commune, "cuong")
    with commune.acting("cuong"):
        inbound = item.received_messages().get().pk

    for place, pk in ((item, foreign), (hoa, message), (item, inbound), (item, NOBODY), (foreign_item, foreign)):
        assert client.post(f"/hop-tin/{place.pk}/{act}/{pk}/").status_code == 404
    with zone("owner"):
        Message.objects.filter(pk=message).update(state="sent")
    late = client.post(f"/hop-tin/{item.pk}/{act}/{message}/")
    assert late.status_code == 409 and 'class="refusal"' in text(late)


def test_an_officer_of_another_unit_sees_none_of_it(commune, other_commune, zone):
    lost_answer(commune, zone)

    assert SAID not in home(other_commune, "binh")


def test_who_works_no_cases_hears_nothing_of_it(commune, zone):
    lost_answer(commune, zone)

    assert SAID not in home(commune, "giang")
    with zone("owner"):
        assert Membership.objects.filter(officer=commune.giang).exists() and Filed.objects.exists()

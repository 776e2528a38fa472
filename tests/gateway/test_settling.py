"""What nobody could know is settled by Zalo's echo, then by the history, and never guessed (design D5)."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.gateway.conftest import echo, say, take_in
from tests.gateway.sending import accepted_then, change, deliver, due, in_seconds, lost_then, now
from zalopolice.gateway import client, delivery, echoes, settling, tokens
from zalopolice.gateway.models import InboundEvent, Message, Pace
from zalopolice.units.models import Alert

State = Message.State


@pytest.fixture
def unknown(waiting, zalo, zone):
    """It was taken; the answer was lost."""
    zalo.script.append(accepted_then(lambda handler: handler.hang_up()))
    assert deliver(zone, waiting).state == State.UNKNOWN
    return waiting


@pytest.fixture
def lost(waiting, zalo, zone):
    """It was not taken, and nobody knows."""
    zalo.script.append(lost_then(lambda handler: handler.hang_up()))
    assert deliver(zone, waiting).state == State.UNKNOWN
    return waiting


def test_a_row_found_sending_after_its_lease_is_unknown(waiting, zalo, zone):
    """The process died somewhere around the call."""
    past = timezone.now() - timedelta(seconds=1)
    change(zone, waiting, state=State.SENDING, attempt=1, sending_since=past, next_at=past)

    assert deliver(zone, waiting).state == State.UNKNOWN
    assert zalo.calls == []


def test_a_row_inside_its_lease_is_left_alone(waiting, zalo, zone):
    change(zone, waiting, state=State.SENDING, attempt=1, next_at=timezone.now() + delivery.lease())

    assert deliver(zone, waiting).state == State.SENDING


def test_the_echo_settles_an_unknown_row(unknown, chat, zalo, zone):
    event = echo(chat, unknown.text, "m1")

    row = now(zone, unknown)
    assert event.state == "acted"
    assert (row.state, row.zalo_msg_id, row.queue, row.next_at) == (State.SENT, "m1", "", None)
    due(zone, unknown)
    assert deliver(zone, unknown).state == State.SENT
    assert len(zalo.calls) == 1


def test_an_echo_while_the_history_is_asked_leaves_nothing_waiting(unknown, zone, monkeypatch):
    def meanwhile(message):
        echoes.confirm(Message.objects.get(pk=message.pk), "m1")
        raise settling.NotSure

    monkeypatch.setattr(settling, "_in_history", meanwhile)
    due(zone, unknown)

    row = deliver(zone, unknown)
    assert (row.state, row.zalo_msg_id, row.queue, row.next_at) == (State.SENT, "m1", "", None)


def test_the_history_settles_a_row_without_an_echo(unknown, zalo, zone):
    due(zone, unknown)

    row = deliver(zone, unknown)

    assert (row.state, row.zalo_msg_id, row.resends) == (State.SENT, "m1", 0)
    assert len(zalo.calls) == 1


def test_what_the_history_does_not_know_is_sent_once_more(lost, zalo, zone):
    due(zone, lost)

    row = deliver(zone, lost)

    assert (row.state, row.resends) == (State.SENT, 1)
    assert zalo.texts() == [row.text]


def test_what_is_lost_twice_is_left_to_a_person(lost, zalo, zone):
    zalo.script.append(lost_then(lambda handler: handler.hang_up()))
    due(zone, lost)
    assert deliver(zone, lost).state == State.UNKNOWN
    due(zone, lost)

    row = deliver(zone, lost)

    assert (row.state, row.queue) == (State.FAILED, "")
    assert "cần người kiểm tra" in row.error
    assert len(zalo.calls) == 2


def test_without_a_history_nothing_is_sent_again(lost, zalo, zone, nobody_listens):
    due(zone, lost)

    row = deliver(zone, lost)

    assert row.state == State.UNKNOWN
    assert 20 < in_seconds(row) <= 30
    for _ in range(20):
        due(zone, lost)
        row = deliver(zone, lost)
    assert row.state == State.FAILED
    assert "xem trên Zalo" in row.error
    assert len(zalo.calls) == 1


def history_row(text, *, age=0, id="h1", src=0):
    return {"src": src, "time": int((time.time() - age) * 1000), "message": text, "message_id": id}


def test_equal_words_of_an_earlier_day_are_not_taken_for_ours(lost, zalo, zone):
    zalo.history = [history_row(lost.text, age=86_400)]
    due(zone, lost)

    assert deliver(zone, lost).resends == 1


def test_the_citizens_own_equal_words_are_not_taken_for_ours(lost, zalo, zone):
    zalo.history = [history_row(lost.text, src=1)]
    due(zone, lost)

    assert deliver(zone, lost).resends == 1


def test_a_reworded_echo_is_not_taken_for_somebody_elses_words(unknown, chat, zalo, zone):
    """The echo became a line of the console; the history must not be read as "all explained, ours is not there"."""
    reworded = unknown.text + " (Zalo)"
    echo(chat, reworded, "m1")
    zalo.history = [history_row(reworded, id="m1")]
    due(zone, unknown)

    row = deliver(zone, unknown)

    assert (row.state, row.resends) == (State.UNKNOWN, 0)
    assert len(zalo.texts()) == 1


def test_equal_words_typed_in_the_console_are_nobody_elses_id(unknown, chat, zalo, zone):
    with zone("vault"):
        console = {"origin": Message.Origin.CONSOLE, "kind": "text", "zalo_msg_id": "c1", "state": State.SENT}
        Message.objects.create(
            unit_id=chat.unit.pk,
            oa=chat.oa,
            citizen_id=unknown.citizen_id,
            direction="out",
            text=unknown.text,
            sent_at=timezone.now(),
            **console,
        )
    zalo.history = [history_row(unknown.text, id="c1")]
    due(zone, unknown)

    assert deliver(zone, unknown).state == State.UNKNOWN
    assert len(zalo.texts()) == 1


@pytest.mark.parametrize("ahead", [45, 9 * 60])
def test_a_clock_ahead_of_zalos_doubles_nothing(unknown, zalo, zone, ahead):
    """By Zalo's clock the message was there before ours says that it left."""
    zalo.history = [history_row(unknown.text, age=ahead, id="m1")]
    due(zone, unknown)

    assert deliver(zone, unknown).zalo_msg_id == "m1"
    assert len(zalo.texts()) == 1


def test_our_message_is_found_below_what_came_later(lost, zalo, zone):
    zalo.history = [history_row(f"x{n}", id=f"x{n}") for n in range(25)] + [history_row(lost.text)]
    due(zone, lost)

    row = deliver(zone, lost)

    assert (row.state, row.zalo_msg_id) == (State.SENT, "h1")


def test_more_messages_than_we_read_leave_it_open(lost, zalo, zone):
    zalo.history = [history_row(f"x{n}", id=f"x{n}") for n in range(60)] + [history_row(lost.text)]
    due(zone, lost)

    assert deliver(zone, lost).state == State.UNKNOWN


# --- echoes -----------------------------------------------------------------------------------------------------------


def test_an_echo_before_our_own_answer_waits_for_it(waiting, chat, zalo, zone):
    """Zalo's echo may be faster than its answer; guessing then could give the row another one's id."""
    seen = []

    def answer(handler, content):
        seen.append(zalo.accept(content, id="m7"))
        handler.say(seen[0])

    zalo.script.append(answer)
    change(zone, waiting, state=State.SENDING, attempt=1, next_at=timezone.now() + delivery.lease())

    event = echo(chat, waiting.text, "m7")

    assert (event.state, event.attempt) == ("pending", 0)
    assert event.next_at
    with zone("vault"):
        row = Message.objects.get(pk=waiting.pk)
        delivery.record(row, delivery.Outcome(delivery.Verdict.SENT, "m7"))
        InboundEvent.objects.filter(pk=event.pk).update(next_at=timezone.now())
    take_in(zone)
    with zone("vault"):
        assert InboundEvent.objects.get(pk=event.pk).state == "acted"
        assert Message.objects.filter(direction="out").count() == 1
        assert Message.objects.get(pk=waiting.pk).zalo_msg_id == "m7"


def test_an_answer_after_the_row_was_settled_changes_nothing(unknown, chat, zone):
    with zone("vault"):
        ours = Message.objects.get(pk=unknown.pk)
        ours.state = State.SENDING  # as the slow worker still believes
    echo(chat, unknown.text, "m1")

    with zone("vault"):
        delivery.record(ours, delivery.Outcome(delivery.Verdict.REFUSED, code=-230))

    assert now(zone, unknown).state == State.SENT


def test_two_rows_with_equal_words_get_their_own_ids(chat, zalo, zone):
    first, second = say(chat, "Chào bà"), say(chat, "Chào bà")
    deliver(zone, first)
    deliver(zone, second)
    echo(chat, "Chào bà", "m2")
    echo(chat, "Chào bà", "m1")

    with zone("vault"):
        rows = Message.objects.filter(direction="out").order_by("sent_at")
        assert [(row.state, row.zalo_msg_id) for row in rows] == [("sent", "m1"), ("sent", "m2")]


def test_of_two_unknown_rows_with_equal_words_each_echo_settles_one(chat, zalo, zone):
    for _ in range(2):
        zalo.script.append(accepted_then(lambda handler: handler.hang_up()))
    first, second = say(chat, "Chào bà"), say(chat, "Chào bà")
    deliver(zone, first)
    deliver(zone, second)

    echo(chat, "Chào bà", "m1")
    echo(chat, "Chào bà", "m1")  # Zalo delivers twice
    assert [now(zone, row).state for row in (first, second)] == [State.SENT, State.UNKNOWN]
    echo(chat, "Chào bà", "m2")

    assert {now(zone, row).zalo_msg_id for row in (first, second)} == {"m1", "m2"}
    assert len(zalo.sent) == 2


def test_an_echo_waits_while_a_row_with_equal_words_is_on_its_way(chat, zalo, zone):
    """One row unknown, its twin on the wire: the echo may be the twin's."""
    first, second = say(chat, "Chào bà"), say(chat, "Chào bà")
    change(zone, first, state=State.UNKNOWN, attempt=1, next_at=timezone.now() + timedelta(seconds=60))
    change(zone, second, state=State.SENDING, attempt=1, next_at=timezone.now() + delivery.lease())

    assert echo(chat, "Chào bà", "m2").state == "pending"
    assert now(zone, first).state == State.UNKNOWN


def test_the_history_gives_an_id_to_one_row_only(chat, zalo, zone):
    zalo.script.append(accepted_then(lambda handler: handler.hang_up()))
    zalo.script.append(lost_then(lambda handler: handler.hang_up()))
    first, second = say(chat, "Chào bà"), say(chat, "Chào bà")
    for row in (first, second):
        deliver(zone, row)
    for row in (first, second):
        due(zone, row)
        deliver(zone, row)

    assert [now(zone, row).state for row in (first, second)] == [State.SENT, State.SENT]
    assert [now(zone, row).resends for row in (first, second)] == [0, 1]
    assert len(zalo.sent) == 2  # two rows, two messages on the phone


def test_what_somebody_typed_in_zalos_console_is_recorded(chat, zalo, zone):
    event = echo(chat, "Gõ ngoài hệ thống", "c1")
    echo(chat, "Gõ ngoài hệ thống", "c1")

    assert event.state == "acted"
    with zone("vault"):
        row = Message.objects.get(direction="out")
        assert (row.origin, row.state, row.zalo_msg_id) == ("console", State.SENT, "c1")
        assert row.text == "Gõ ngoài hệ thống"
    assert zalo.calls == []


def test_without_a_grant_nobody_is_given_up(lost, zalo, zone, monkeypatch):
    """After a restore the chief may connect the account tomorrow only."""

    def no_grant(oa):
        raise tokens.NeedsConsent

    monkeypatch.setattr(tokens, "account", no_grant)
    for _ in range(settling.PATIENT + 2):
        due(zone, lost)
        row = deliver(zone, lost)

    assert row.state == State.UNKNOWN and in_seconds(row) > 50
    assert row.attempt < settling.PATIENT


def test_a_dead_token_is_exchanged_before_the_history_is_asked_again(lost, zalo, zone, monkeypatch):
    told, asked = client.history, []

    def history(account, *about, **more):
        asked.append(account.token)
        if len(asked) == 1:
            raise client.TokenRefused
        return told(account, *about, **more)

    monkeypatch.setattr(client, "history", history)
    for _ in range(2):
        due(zone, lost)
        row = deliver(zone, lost)

    assert row.state == State.SENT
    assert len(set(asked)) == 2 and len(zalo.refreshes) == 1


def test_asking_the_history_takes_its_turn_and_hears_that_it_was_too_fast(lost, zalo, zone, monkeypatch):
    def too_fast(*_, **__):
        raise client.TooFast

    monkeypatch.setattr(client, "history", too_fast)
    due(zone, lost)
    deliver(zone, lost)

    with zone("vault"):
        assert Pace.objects.get(pk=lost.oa_id).ceiling is not None


def test_who_was_asked_about_often_still_has_all_tries_of_sending(lost, zalo, zone):
    change(zone, lost, attempt=12)
    due(zone, lost)
    zalo.script.append(({}, 429))

    row = deliver(zone, lost)

    assert (row.state, row.resends) == (State.RETRY, 1)


# --- who has no Zalo account ------------------------------------------------------------------------------------------


def anonymously(commune, name, text, msg_id):
    """An event of a visitor's conversation, or of ours in it."""
    body = cast.event_body(commune.oa.oa_id, commune.user_id("khach"), text, event_name=name, msg_id=msg_id)
    body["message"]["conversation_id"] = "b7720dfe4a9183cc51"
    if name.startswith("oa_send"):
        body["sender"], body["recipient"] = body["recipient"], body["sender"]
    cast.store_event(commune.zone, body)
    take_in(commune.zone)


@pytest.fixture
def visitor(chat, zalo):
    """Asked anonymously; our answer waits."""
    anonymously(chat, "anonymous_send_text", "Cho tôi hỏi giờ làm việc", "k1")
    with chat.acting("an"):
        asking = Message.objects.get(zalo_msg_id="k1").citizen
    return say(chat, "Từ 7 giờ 30.", asking)


def test_the_echo_settles_what_we_said_to_an_anonymous_visitor(visitor, chat, zalo, zone):
    zalo.script.append(accepted_then(lambda handler: handler.hang_up()))
    assert deliver(zone, visitor).state == State.UNKNOWN

    anonymously(chat, "oa_send_anonymous_text", visitor.text, "m1")

    row = now(zone, visitor)
    assert (row.state, row.zalo_msg_id, row.queue) == (State.SENT, "m1", "")
    assert len(zalo.calls) == 1


def test_without_an_echo_a_visitor_is_not_told_twice(visitor, zalo, zone):
    """Whether Zalo's history shows an anonymous conversation nobody knows: an empty one proves nothing."""
    zalo.script.append(accepted_then(lambda handler: handler.hang_up()))
    zalo.history = []
    assert deliver(zone, visitor).state == State.UNKNOWN
    for _ in range(settling.PATIENT):
        due(zone, visitor)
        row = deliver(zone, visitor)

    assert (row.state, row.queue) == (State.FAILED, "")
    assert len(zalo.calls) == 1 and zalo.gets == []


def test_what_is_typed_to_a_visitor_in_the_console_is_seen(visitor, chat, zone):
    anonymously(chat, "oa_send_anonymous_text", "Anh ra trụ sở nhé", "m9")

    with zone("vault"):
        [row] = Message.objects.filter(origin="console")
        assert row.citizen_id == visitor.citizen_id
        assert Alert.objects.filter(kind=Alert.Kind.CONSOLE_REPLY).exists()

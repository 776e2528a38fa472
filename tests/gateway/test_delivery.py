"""Every way a call to Zalo can end, and what becomes of the row (design D5)."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import contextmanager, suppress
from datetime import date, timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connections
from django.utils import timezone

from tests.gateway.conftest import say, take_in
from tests.gateway.sending import accepted_then, deliver, due, in_seconds, lost_then, now
from zalopolice import heartbeat, tasks
from zalopolice.gateway import client, delivery, outbox, pace, rules, verdicts
from zalopolice.gateway.models import ChannelRule, Citizen, Message
from zalopolice.gateway.verdicts import Class
from zalopolice.units.models import ContentKey
from zalopolice.vault.models import Route

State = Message.State


# --- what Zalo may answer ---------------------------------------------------------------------------------------------


def test_a_message_zalo_takes_is_sent_and_done(waiting, zalo, zone):
    row = deliver(zone, waiting)

    assert (row.state, row.zalo_msg_id, row.queue, row.next_at, row.error) == (State.SENT, "m1", "", None, "")
    assert row.settled_at
    assert zalo.texts() == ["Chúng tôi đã nhận tin của bà."]
    assert deliver(zone, waiting).state == State.SENT
    assert len(zalo.calls) == 1


def times_out(handler):
    time.sleep(settings.ZALO_TIMEOUT + 0.3)
    handler.hang_up()


def half_json(handler):
    handler.say(b'{"error": 0, "data": {"mess', headers={"Content-Length": "40"})
    handler.hang_up()


def somebody_elses(handler):
    handler.say({"error": 0, "data": {"message_id": "m1", "user_id": "5512207788990099999"}})


UNCLEAR = {
    "somebody else's message": accepted_then(somebody_elses),
    "gzip nobody announced": (b"\x1f\x8b\x08\x00\x00", 200),
    "no gzip in it": ({"error": 0}, 200, {"Content-Encoding": "gzip"}),
    "endless": (b"[" * 200_000, 200),
    "a code above zero": ({"error": 7}, 200),
    "a yes that is no number": ({"error": True}, 200),
    "500": ({"error": 0}, 500),
    "502 in HTML": (b"<html>Bad Gateway</html>", 502),
    "404": ({"error": -209}, 404),
    "HTML with 200": (b"<html>login</html>", 200),
    "nothing": (b"", 200),
    "half JSON": (b'{"error": 0, "da', 200),
    "a list": ([0], 200),
    "no error key": ({"data": {"message_id": "m1"}}, 200),
    "error as text": ({"error": "0"}, 200),
    "a redirect": (b"", 302, {"Location": "https://example.org/"}),
    "time-out": lost_then(times_out),
    "time-out after it was taken": accepted_then(times_out),
    "reset": lost_then(lambda handler: handler.hang_up()),
    "reset after it was taken": accepted_then(lambda handler: handler.hang_up()),
    "cut in its middle": accepted_then(half_json),
}


@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR.keys())
def test_an_answer_that_tells_nothing_makes_the_row_unknown(waiting, zalo, zone, monkeypatch, answer):
    monkeypatch.setattr(settings, "ZALO_TIMEOUT", 0.5)
    zalo.script.append(answer)

    row = deliver(zone, waiting)

    assert (row.state, row.queue) == (State.UNKNOWN, "vault")
    assert settings.ZALO_ECHO_WAIT - 5 < in_seconds(row) <= settings.ZALO_ECHO_WAIT
    assert deliver(zone, waiting).state == State.UNKNOWN  # and nobody sends it meanwhile
    assert len(zalo.calls) == 1


NOT_SENT = {
    "429": (({}, 429), 60),
    **{
        str(code): ({"error": code}, known.wait or 1)
        for code, known in verdicts.CODES.items()
        if known.kind in (Class.AGAIN, Class.LATER) and code != verdicts.NIGHT
    },
}


@pytest.mark.parametrize(("answer", "wait"), NOT_SENT.values(), ids=NOT_SENT.keys())
def test_a_row_zalo_did_not_take_goes_again_later(waiting, zalo, zone, answer, wait):
    zalo.script.append(answer)

    row = deliver(zone, waiting)

    assert row.state == State.RETRY
    assert wait - 5 < in_seconds(row) <= wait
    due(zone, waiting)
    assert deliver(zone, waiting).state == State.SENT
    assert zalo.texts() == [row.text]


def test_a_refused_connection_was_certainly_not_sent(waiting, nobody_listens, zone):
    row = deliver(zone, waiting)

    assert row.state == State.RETRY
    assert in_seconds(row) <= 1


FINAL = [
    code
    for code, known in verdicts.CODES.items()
    if known.kind in (Class.PERSON, Class.UPLOAD, Class.MISTAKE, Class.HUMAN)
]


@pytest.mark.parametrize("code", FINAL)
def test_a_refusal_is_final_and_says_in_vietnamese_what_to_do(waiting, zalo, zone, code):
    zalo.script.append({"error": code})

    row = deliver(zone, waiting)

    assert (row.state, row.queue, row.next_at) == (State.BLOCKED, "", None)
    assert row.error == verdicts.CODES[code].words


LISTED = """-32
-100 -200 -201 -202 -204 -205 -207 -208 -209 -210 -211 -212 -213 -214 -215 -216 -217 -218 -219 -220
-221 -222 -223 -224 -227 -230 -232 -233 -234 -235 -237 -238 -240 -241 -242 -244 -248 -249 -305 -311 -320 -321 -403
-1340 -1341 -124 -118 -1241"""


def test_every_code_of_the_fact_sheet_has_a_class_and_a_sentence():
    assert set(verdicts.CODES) == {int(code) for code in LISTED.split()}
    assert all(3 < len(known.words) <= 160 and known.words.endswith(".") for known in verdicts.CODES.values())
    assert len(FINAL) > 30


@pytest.mark.parametrize(("code", "words"), {-200: "gửi không thành công", -9999: "mã -9999"}.items())
def test_what_may_pass_is_believed_at_the_third_time(waiting, zalo, zone, code, words):
    zalo.script.extend([{"error": code}] * 3)

    states = []
    for _ in range(3):
        states.append(deliver(zone, waiting).state)
        due(zone, waiting)

    row = now(zone, waiting)
    assert states == [State.RETRY, State.RETRY, State.BLOCKED]
    assert words in row.error
    assert (zalo.sent, len(zalo.calls)) == ([], 3)


@pytest.fixture
def at(monkeypatch):
    """``at(23)``: it is so late in Việt Nam tomorrow."""
    real = timezone.now

    def move(hour, minute=0):
        there = (timezone.localtime(real()) + timedelta(days=1)).replace(hour=hour, minute=minute, second=0)
        shift = there - real()
        monkeypatch.setattr(timezone, "now", lambda: real() + shift)

    return move


@pytest.mark.parametrize(("hour", "hours"), [(23, 7), (3, 3)])
def test_what_zalo_does_not_take_at_night_goes_at_six(waiting, zalo, zone, at, hour, hours):
    at(hour)
    zalo.script.append({"error": verdicts.NIGHT})

    row = deliver(zone, waiting)

    assert row.state == State.RETRY
    assert abs(in_seconds(row) - hours * 3600) < 60


@pytest.mark.parametrize(
    ("hour", "asked", "goes"),
    [(23, True, True), (23, False, False), (5, False, False), (6, False, True), (21, False, True)],
)
def test_at_night_nobody_is_told_what_they_did_not_ask_for(chat, zalo, zone, at, hour, asked, goes):
    at(hour, 30)
    with zone("vault"):
        Citizen.objects.update(last_interaction_at=timezone.now())
    with chat.acting("an"):
        row = outbox.enqueue(Citizen.objects.get(), "Việc đã xong", origin=Message.Origin.BOT, asked=asked)

    row = deliver(zone, row)

    assert row.state == (State.SENT if goes else State.QUEUED)
    assert bool(zalo.calls) is goes
    if not goes:
        assert timezone.localtime(row.next_at).hour == 6


def test_who_said_stop_gets_answers_and_nothing_else(chat, zalo, zone, at):
    at(12)
    with zone("vault"):
        Citizen.objects.update(last_interaction_at=timezone.now(), wants_silence=True)
    with chat.acting("an"):
        answer = outbox.enqueue(Citizen.objects.get(), "Chào bà", origin=Message.Origin.OFFICER)
        news = outbox.enqueue(Citizen.objects.get(), "Việc đã xong", origin=Message.Origin.BOT, asked=False)

    assert deliver(zone, answer).state == State.SENT
    assert deliver(zone, news).state == State.BLOCKED
    assert "STOP" in now(zone, news).error
    assert zalo.texts() == ["Chào bà"]


def test_a_status_of_401_is_a_dead_token(waiting, zalo, zone):
    zalo.script.append(({}, 401))

    assert deliver(zone, waiting).state == State.SENT
    assert zalo.refreshes == ["refresh-1"]


@contextmanager
def a_host_that(does):
    """Listens, and does this with every connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        does(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def hangs_up(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def speaks_no_tls(connection):
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("does", [hangs_up, speaks_no_tls])
def test_a_tls_handshake_that_fails_was_certainly_not_sent(waiting, zone, settings, does):
    with a_host_that(does) as port:
        settings.ZALO_API_URL = f"https://127.0.0.1:{port}"
        assert deliver(zone, waiting).state == State.RETRY


def test_a_name_nobody_knows_was_certainly_not_sent(waiting, zone, settings):
    settings.ZALO_API_URL = "http://no-such-host.invalid"
    assert deliver(zone, waiting).state == State.RETRY


def test_a_dead_token_is_renewed_and_the_row_sent_at_once(waiting, zalo, zone):
    zalo.access = "access-2"

    row = deliver(zone, waiting)

    assert (row.state, row.error) == (State.SENT, "")
    assert zalo.refreshes == ["refresh-1"]
    assert zalo.texts() == [row.text]


def test_eight_tries_end_in_words_for_the_officer(waiting, zalo, zone):
    for _ in range(8):
        zalo.script.append({"error": -218})
        row = deliver(zone, waiting)
        due(zone, waiting)

    assert (row.state, row.attempt, row.queue) == (State.FAILED, 8, "")
    assert "nhận đủ số tin" in row.error
    assert deliver(zone, waiting).state == State.FAILED
    assert len(zalo.calls) == 8


# --- the reply window, as dated data --------------------------------------------------------------------------------


def silent_for(zone, message, **since):
    with zone("vault"):
        Citizen.objects.update(last_interaction_at=timezone.now() - timedelta(**since))


@pytest.mark.parametrize(
    ("since", "window"),
    [
        ({"hours": 0}, rules.Window.FREE),
        ({"hours": 47, "minutes": 59}, rules.Window.FREE),
        ({"hours": 48, "minutes": 1}, rules.Window.PAID),
        ({"days": 6, "hours": 23, "minutes": 59}, rules.Window.PAID),
        ({"days": 7, "minutes": 1}, rules.Window.CLOSED),
        ({"days": 400}, rules.Window.CLOSED),
    ],
)
def test_the_window_is_free_then_paid_then_closed(waiting, zalo, zone, since, window):
    silent_for(zone, waiting, **since)
    with zone("vault"):
        assert rules.reply_window(Citizen.objects.get(), timezone.now()) is window

    row = deliver(zone, waiting)

    if window is rules.Window.CLOSED:
        assert (row.state, row.next_at, zalo.calls) == (State.BLOCKED, None, [])
        assert "7 ngày" in row.error
    else:
        assert row.state == State.SENT


def test_who_never_wrote_cannot_be_written_to(waiting, zalo, zone):
    with zone("vault"):
        Citizen.objects.update(last_interaction_at=None)

    assert deliver(zone, waiting).state == State.BLOCKED


def test_nothing_goes_to_who_spoke_in_a_group(waiting, zalo, zone):
    with zone("vault"):
        route = Route.objects.get()
        route.zalo_user_id = f"group:g-1:{route.zalo_user_id}"
        route.save()

    row = deliver(zone, waiting)

    assert (row.state, row.error) == (State.BLOCKED, "Người này nhắn trong nhóm; không trả lời riêng được.")
    assert zalo.calls == []


def test_the_last_step_before_zalo_refuses_who_spoke_in_a_group(zalo):
    outcome = client.send(client.Account("token", "secret"), "group:g-1:5512207788990011223", {"text": "Chào bà"})

    assert (outcome.verdict, zalo.calls) == (verdicts.Verdict.REFUSED, [])


def test_a_new_word_of_the_citizen_opens_the_window_again(waiting, chat, zalo, zone):
    silent_for(zone, waiting, days=8)
    chat.hears("dung", "Còn đó không?")
    take_in(zone)

    assert deliver(zone, waiting).state == State.SENT


def test_a_rule_changes_on_its_day_and_not_before(waiting, zalo, zone):
    today = timezone.localdate()
    silent_for(zone, waiting, hours=30)
    with zone("owner"):
        made = ChannelRule.objects.create(
            name="reply_free_hours", value=24, valid_from=today + timedelta(days=1), source="bài kiểm thử"
        )
    try:
        with zone("vault"):
            citizen = Citizen.objects.get()
            assert rules.reply_window(citizen, timezone.now()) is rules.Window.FREE
            assert rules.value("reply_free_hours", timezone.now() + timedelta(days=2)) == 24
            with pytest.raises(LookupError, match="reply_free_hours"):
                rules.value("reply_free_hours", timezone.now().replace(year=date(2020, 1, 1).year))
    finally:
        with zone("owner"):
            made.delete()


# --- order and trouble -----------------------------------------------------------------------------------------------


def test_a_citizen_reads_our_messages_in_the_order_they_were_written(chat, zalo, zone):
    rows = [say(chat, f"Tin {number}") for number in range(4)]

    deliver(zone, rows[3])
    for row in reversed(rows):
        deliver(zone, row)

    assert zalo.texts() == ["Tin 0", "Tin 1", "Tin 2", "Tin 3"]


def test_a_later_message_waits_for_one_that_goes_again_soon(chat, zalo, zone):
    zalo.script.append({"error": -32})
    first, second = say(chat, "Một"), say(chat, "Hai")

    deliver(zone, first)
    began = timezone.now()
    row = deliver(zone, second)
    assert in_seconds(row) <= 5 and row.next_at > began + timedelta(seconds=4)  # behind the rows of other people
    assert zalo.texts() == []
    due(zone, first)
    due(zone, second)
    deliver(zone, second)

    assert zalo.texts() == ["Một", "Hai"]


def test_a_later_message_does_not_wait_for_a_long_pause(chat, zalo, zone):
    zalo.script.append({"error": -218})
    first, second = say(chat, "Một"), say(chat, "Hai")

    deliver(zone, first)
    deliver(zone, second)

    assert zalo.texts() == ["Hai"]
    assert now(zone, first).state == State.RETRY


def test_people_do_not_wait_for_each_other(chat, zalo, zone):
    chat.hears("hoa", "Xin chào")
    take_in(zone)
    with chat.acting("an"):
        dung, hoa = Citizen.objects.order_by("first_seen_at")
    zalo.script.append(accepted_then(lambda handler: handler.hang_up()))
    first, second = say(chat, "Chào ông Dũng", dung), say(chat, "Chào bà Hoa", hoa)

    deliver(zone, first)
    deliver(zone, second)

    assert [now(zone, row).state for row in (first, second)] == [State.UNKNOWN, State.SENT]


def test_a_row_that_cannot_be_opened_ends_in_words_and_holds_nobody_up(chat, zalo, zone):
    chat.hears("hoa", "Xin chào")
    take_in(zone)
    with chat.acting("an"):
        dung, hoa = Citizen.objects.order_by("first_seen_at")
    broken, other = say(chat, "Chào ông", dung), say(chat, "Chào bà", hoa)
    with zone("vault"):
        ContentKey.objects.filter(owner=dung.pk).delete()

    for _ in range(9):
        with zone("vault"):
            delivery.deliver(broken.pk)
            Message.objects.filter(pk=broken.pk, next_at__isnull=False).update(next_at=timezone.now())
    deliver(zone, other)

    with zone("vault"):
        row = Message.objects.get(pk=broken.pk)
        assert (row.state, row.queue, row.error) == (State.FAILED, "", "Không gửi được vì lỗi của hệ thống.")
    assert zalo.texts() == ["Chào bà"]


def test_a_row_without_a_way_to_its_citizen_was_never_on_its_way(waiting, zalo, zone):
    with zone("vault"):
        Route.objects.all().delete()

    row = deliver(zone, waiting)

    assert (row.state, row.attempt) == (State.QUEUED, 1)
    assert zalo.calls == []


def test_a_broken_row_does_not_count_against_the_next_one(chat, zalo, zone):
    first, second = say(chat, "Một"), say(chat, "Hai")
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE gateway_message SET text = '\\x00' WHERE id = %s", [first.pk])
    with zone("vault"):
        delivery.deliver(second.pk)
        assert Message.objects.get(pk=first.pk).attempt == 1
        assert Message.objects.get(pk=second.pk).attempt == 0


def test_nothing_of_what_was_said_is_logged(waiting, zalo, zone, caplog):
    zalo.script.append((b"<html>", 500))
    with caplog.at_level("DEBUG"):
        deliver(zone, waiting)

    assert "nhận tin của bà" not in caplog.text
    assert "access-1" not in caplog.text


# --- a task's time ----------------------------------------------------------------------------------------------------


def test_no_time_limit_cuts_the_refresh_of_a_token():
    """The last row of a round: it sends, hears that its token is dead, and Zalo takes its time with a new one."""
    call = client.CONNECT_TIMEOUT + 10
    last = tasks.ROUND + delivery.TOGETHER + call + client.CONNECT_TIMEOUT + 10 * client.REFRESH_PATIENCE
    soft, hard = settings.CELERY_TASK_SOFT_TIME_LIMIT, settings.CELERY_TASK_TIME_LIMIT
    assert last < soft < hard < min(heartbeat.LONGEST_TASK, settings.ZALO_ECHO_WAIT)


def test_a_task_whose_time_is_over_ends_and_blames_no_row(waiting, zone, monkeypatch):
    def over(*_):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(client, "send", over)
    with pytest.raises(SoftTimeLimitExceeded):
        deliver(zone, waiting)
    assert (now(zone, waiting).state, now(zone, waiting).error) == (State.SENDING, "")


def test_a_citizens_many_messages_do_not_use_up_the_time_of_a_task(chat, zalo, zone, monkeypatch):
    monkeypatch.setattr(pace, "take", lambda _: 0.0)
    monkeypatch.setattr(delivery, "TOGETHER", 0.05)

    def slow(handler, content):
        time.sleep(0.1)
        handler.say(zalo.accept(content))

    zalo.script.append(slow)
    rows = [say(chat, f"Tin {number}") for number in range(3)]
    deliver(zone, rows[0])
    assert [now(zone, row).state for row in rows] == [State.SENT, State.QUEUED, State.QUEUED]

"""T13: what the webhook did not bring is found in Zalo's history, stored once, in its place by time."""

from __future__ import annotations

import itertools
import json
import random
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.cast import give_token, work_inbox
from tests.fault_size import LONG, SEED
from tests.gateway.conftest import say, take_in
from tests.gateway.test_media_faults import kill_at
from tips.models import TrayItem
from zalopolice import faults, tasks
from zalopolice.gateway import accounts, client, gauges, history, incidents, pace, past_events, walks
from zalopolice.gateway.models import Attachment, HistoryWalk, InboundEvent, Incident, Message, OfficialAccount
from zalopolice.units.models import Alert

Kind = HistoryWalk.Kind
_ids = itertools.count(1)


@pytest.fixture
def connected(commune, zalo, zone, monkeypatch):
    """An account Zalo answers for, and no pace to wait for."""
    give_token(commune)
    monkeypatch.setattr(pace, "take", lambda _: 0.0)
    with zone("owner"):
        OfficialAccount.objects.update(connected_at=timezone.now() - timedelta(days=9))
    return commune


def line(commune, zalo, citizen, at, text="", *, ours=False, type="text", **more):
    """Somebody says something at Zalo; nobody tells us."""
    user = commune.user_id(citizen)
    ends = (commune.oa.oa_id, user) if ours else (user, commune.oa.oa_id)
    row = {
        "src": int(not ours),
        "time": int(at.timestamp() * 1000),
        "type": type,
        "message": text,
        "message_id": more.pop("id", f"h{next(_ids)}"),
        "from_id": ends[0],
        "to_id": ends[1],
        **more,
    }
    chat = zalo.chats.setdefault(user, [])
    chat.append(row)
    chat.sort(key=lambda one: one["time"])
    return row


def walk_through(zone, commune, since, kind=Kind.ASKED):
    with zone("vault"):
        walk = walks.begin(commune.oa, kind, since)
        history.step(walk.pk)
        return HistoryWalk.objects.get(pk=walk.pk)


def inbound(zone):
    with zone("vault"):
        return list(Message.objects.filter(direction="in").order_by("sent_at"))


def texts(zone):
    with zone("vault"):
        return {row.text for row in Message.objects.filter(direction="in")}


def numbers(walk):
    return (walk.looked_at, walk.known, walk.missing, walk.inserted, walk.typed)


def outage(commune, zalo, zone, people, messages, hours=6):
    """Some was told before the outage and nothing in it; the account answered from the console now and then."""
    draw, end = random.Random(SEED), timezone.now() - timedelta(minutes=20)
    begin = end - timedelta(hours=hours)
    for number in range(people):
        row = line(commune, zalo, f"c{number}", begin - timedelta(minutes=30), f"Trước đó {number}")
        commune.hears(f"c{number}", row["message"], msg_id=row["message_id"], at=past_events.at(row))
    work_inbox(zone)
    times = sorted(begin + (end - begin) * draw.random() for _ in range(messages))
    said = {}
    for number, at in enumerate(times):
        citizen = number if number < people else draw.randrange(people)
        row = line(commune, zalo, f"c{citizen}", at, f"Tin số {number}")
        said[row["message_id"]] = row
    return begin, said


def test_t13_after_six_hours_away_everything_is_present_once(connected, zalo, zone, figures):
    people, messages = (40, 300) if LONG else (12, 90)
    begin, said = outage(connected, zalo, zone, people, messages)

    began = time.monotonic()
    walk = walk_through(zone, connected, begin - timedelta(hours=1), Kind.DOWNTIME)
    spent = time.monotonic() - began

    rows = [row for row in inbound(zone) if row.zalo_msg_id in said]
    assert sorted(row.zalo_msg_id for row in rows) == sorted(said)
    assert [row.sent_at for row in rows] == sorted(past_events.at(row) for row in said.values())
    for row in rows:
        assert row.received_at - row.sent_at > timedelta(minutes=15)  # marked late
    with zone("vault"):
        assert {row.text for row in rows} == {one["message"] for one in said.values()}
        assert Incident.objects.get().kind == Incident.Kind.MESSAGES_MISSING
        assert Alert.objects.filter(kind=Alert.Kind.MISSED_MESSAGES).count() == 1
    assert (walk.people, walk.visited, walk.error) == (people, people, "")
    assert numbers(walk) == (messages + people, people, messages, messages, 0)
    assert walk.is_whole and not walk.sealed_cursor
    again = walk_through(zone, connected, begin - timedelta(hours=1))
    assert (again.missing, again.known) == (0, messages + people)
    with zone("vault"):
        assert Incident.objects.get().ended_at is not None
    figures("T13", people=people, messages=messages, lost=0, doubled=0, calls=len(zalo.gets), seconds=round(spent, 1))


def test_t13_it_arrives_in_its_place_in_the_tray(connected, zalo, zone):
    begin, said = outage(connected, zalo, zone, 2, 6)
    walk_through(zone, connected, begin - timedelta(hours=1))
    work_inbox(zone)

    with connected.acting("cuong") as officer:
        items = list(TrayItem.objects.visible_to(officer))
        assert len(items) == 2
    for person in ("c0", "c1"):
        rows = zalo.chats[connected.user_id(person)]
        with zone("vault"):
            ours = Message.objects.filter(zalo_msg_id__in=[row["message_id"] for row in rows]).order_by("sent_at")
            assert [one.text for one in ours] == [row["message"] for row in rows]


def test_an_anonymous_conversation_stays_one_persons(connected, zalo, zone):
    """The list shows an id like any other; what we have of the conversation tells whose it is."""
    at = timezone.now() - timedelta(hours=3)
    known = line(connected, zalo, "khach", at, "Cho tôi hỏi")
    line(connected, zalo, "khach", at + timedelta(minutes=1), "Chào chị", ours=True)
    line(connected, zalo, "khach", at + timedelta(minutes=2), "Mai có làm không?")
    body = cast.event_body(
        connected.oa.oa_id, connected.user_id("khach"), known["message"], at=at, event_name="anonymous_send_text",
        msg_id=known["message_id"],
    )  # fmt: skip
    body["message"]["conversation_id"] = "b7720dfe4a9183cc51"
    cast.store_event(zone, body)
    take_in(zone)

    walk = walk_through(zone, connected, at - timedelta(hours=1))

    assert numbers(walk) == (3, 1, 1, 1, 1)
    with zone("vault"):
        assert Message.objects.values("citizen").distinct().count() == 1


POINTS = ("read", "locked", "taken", "taken 4", "noted", "committed", "committed 3")


def test_t13_a_walk_that_dies_anywhere_goes_on_and_doubles_nothing(
    connected, zalo, zone, tmp_path, monkeypatch, figures
):
    begin, said = outage(connected, zalo, zone, 4, 30)
    with zone("vault"):
        walk = walks.begin(connected.oa, Kind.DOWNTIME, begin - timedelta(hours=1))

    def go():
        with zone("vault"):
            HistoryWalk.objects.filter(ended_at=None).update(next_at=timezone.now())  # the lease is over
            history.step(walk.pk)

    killed = sum(kill_at(tmp_path, monkeypatch, order, go, "history") == -9 for order in POINTS)
    monkeypatch.setattr(faults, "_idle", True)
    go()

    assert killed >= 5  # the last ones may find the walk at its end
    rows = [row.zalo_msg_id for row in inbound(zone) if row.zalo_msg_id in said]
    assert sorted(rows) == sorted(said)
    with zone("vault"):
        walk.refresh_from_db()
    assert numbers(walk) == (34, 4, 30, 30, 0) and walk.is_whole
    figures("T13", kills=killed, lost=0, doubled=0)


def test_an_event_that_comes_after_the_walk_is_known(connected, zalo, zone):
    """Zalo repeats for two hours what we refused: the same message twice, once by each way."""
    begin, said = outage(connected, zalo, zone, 2, 6)
    walk_through(zone, connected, begin - timedelta(hours=1))
    for row in said.values():
        user = next(name for name, chat in zalo.chats.items() if row in chat)
        body = cast.event_body(connected.oa.oa_id, user, row["message"], msg_id=row["message_id"])
        cast.store_event(zone, body)
    take_in(zone)

    assert len(inbound(zone)) == 2 + 6


def test_what_the_account_said_is_recorded_once_and_ours_is_not_doubled(connected, zalo, zone):
    begin, said = outage(connected, zalo, zone, 1, 1)
    at = timezone.now() - timedelta(minutes=15)
    with zone("vault"):
        citizen = Message.objects.filter(direction="in").first().citizen
    ours = say(connected, "Công an phường đã nhận tin.", citizen)
    unclear = say(connected, "Chưa rõ tin này đã đi chưa.", citizen)
    with zone("owner"):
        Message.objects.filter(pk=ours.pk).update(state="sent", zalo_msg_id="ours-1", next_at=None)
        Message.objects.filter(pk=unclear.pk).update(state="unknown", sending_since=at)
    line(connected, zalo, "c0", at, "Công an phường đã nhận tin.", ours=True, id="ours-1")
    line(connected, zalo, "c0", at, "Chưa rõ tin này đã đi chưa.", ours=True, id="ours-2")
    line(connected, zalo, "c0", at, "Tôi gõ ngay trên Zalo.", ours=True, id="typed-1")
    line(connected, zalo, "c0", at, "", ours=True, type="links", id="post-1", links=[{"title": "Bài đăng"}])

    for _ in range(2):
        walk = walk_through(zone, connected, begin - timedelta(hours=1))

    with zone("vault"):
        out = {
            row.zalo_msg_id: (row.origin, row.state)
            for row in Message.objects.filter(direction="out").exclude(origin="bot")
        }
    assert out == {
        "ours-1": ("officer", "sent"),
        "ours-2": ("officer", "sent"),
        "typed-1": ("console", "sent"),
    }
    assert (walk.typed, walk.missing) == (0, 0)


KINDS = {
    "photo": ({"url": "https://f1.photo.zdn.vn/a.jpg", "thumb": "https://f1.photo.zdn.vn/b.jpg"}, "image", "announced"),
    "voice": ({"url": "https://f1.voice.zdn.vn/a.amr"}, "audio", "announced"),
    "GIF": ({"url": "https://f1.photo.zdn.vn/a.gif"}, "gif", "announced"),
    "sticker": ({"url": "https://stickers.zaloapp.com/a.png"}, "sticker", "noted"),
    "location": ({"location": '{"longitude": 105.9, "latitude": 20.5}'}, "location", "noted"),
    "link": ({"links": [{"title": "Báo", "url": "https://example.vn"}]}, "link", "noted"),
    "nosupport": ({}, "file", "noted"),
}


@pytest.mark.parametrize("type", KINDS)
def test_everything_a_citizen_sends_has_its_file(connected, zalo, zone, type):
    more, kind, state = KINDS[type]
    at = timezone.now() - timedelta(hours=2)
    line(connected, zalo, "dung", at, type=type, **more)

    walk = walk_through(zone, connected, at - timedelta(hours=1))

    assert (walk.missing, walk.inserted) == (1, 1)
    with zone("vault"):
        row = Attachment.objects.get()
        assert (row.kind, row.state, row.source) == (kind, state, more.get("url", "") if state == "announced" else "")
        if type == "location":
            assert json.loads(row.detail) == {"latitude": "20.5", "longitude": "105.9"}
        if type == "nosupport":
            assert json.loads(row.detail) == {"name": past_events.UNREADABLE}


@pytest.mark.parametrize("text", ['{"longitude":105.9,"latitude":20.5}', "105.9,20.5", "latitude=20.5&longitude=105.9"])
def test_a_place_is_read_in_any_spelling(text):
    assert past_events._coordinates(text) == {"latitude": "20.5", "longitude": "105.9"}


def test_what_is_just_now_on_its_way_is_left_to_the_webhook(connected, zalo, zone):
    line(connected, zalo, "dung", timezone.now() - timedelta(minutes=4), "Vừa nhắn")

    walk = walk_through(zone, connected, timezone.now() - timedelta(hours=1))

    assert numbers(walk) == (0, 0, 0, 0, 0)


def test_a_video_is_left_to_zalos_own_retry(connected, zalo, zone):
    """The history only says that there was something; the retry, up to 1 h 51 m later, tells where it lies."""
    at = timezone.now() - timedelta(minutes=110)
    line(connected, zalo, "dung", at, type="video", id="v1")
    line(connected, zalo, "dung", at - timedelta(minutes=15), type="video", id="v0")
    walk = walk_through(zone, connected, at - timedelta(hours=1), Kind.DOWNTIME)
    assert (walk.missing, walk.inserted) == (1, 1)  # what nobody will repeat any more

    body = cast.event_body(
        connected.oa.oa_id, connected.user_id("dung"), "", event_name="user_send_video", msg_id="v1", at=at
    )
    body["message"]["attachments"] = [{"type": "video", "payload": {"url": "https://video.zdn.vn/1.mp4"}}]
    cast.store_event(zone, body)
    take_in(zone)

    with zone("vault"):
        assert Attachment.objects.get(message__zalo_msg_id="v1").source == "https://video.zdn.vn/1.mp4"


def test_what_a_walk_finds_is_no_sign_of_life_of_the_webhook(connected, zalo, zone, monkeypatch):
    monkeypatch.setattr(accounts, "_noted", {})
    long_ago = timezone.now() - timedelta(days=3)
    with zone("owner"):
        OfficialAccount.objects.update(last_event_at=long_ago)
    line(connected, zalo, "c1", timezone.now() - timedelta(hours=2), "Có ai không")

    walk = walk_through(zone, connected, timezone.now() - walks.BACK, Kind.NIGHTLY)

    assert walk.inserted == 1
    with zone("vault"):
        assert OfficialAccount.objects.get(pk=connected.oa.pk).last_event_at == long_ago


@pytest.mark.parametrize("answered", [True, False])
def test_what_was_answered_is_not_answered_again(connected, zalo, zone, answered):
    """The message and its answer were in the rows that a restore took; the walk brings both back."""
    at = timezone.now() - timedelta(hours=2)
    line(connected, zalo, "c1", at, "Tôi muốn báo tin có người đánh bạc ở số 5 ngõ 3")
    if answered:
        line(connected, zalo, "c1", at + timedelta(seconds=2), "Mã tin của bạn là 7K2-Q9.", ours=True)
    walk_through(zone, connected, at - timedelta(hours=1), Kind.DOWNTIME)
    work_inbox(zone)

    with zone("vault"):
        assert Message.objects.filter(direction="out", state="queued").exists() is not answered
    with connected.acting("cuong") as officer:
        assert TrayItem.objects.visible_to(officer).count() == 1


# --- a Zalo that does not do as it should ----------------------------------------------------------------------------


def test_a_line_that_breaks_does_not_stand_before_the_others(connected, zalo, zone, monkeypatch):
    begin, said = outage(connected, zalo, zone, 1, 4)
    real, broken = past_events.body, list(said)[1]

    def body(row, *more):
        if row["message_id"] == broken:
            raise ValueError
        return real(row, *more)

    monkeypatch.setattr(past_events, "body", body)
    walk = walk_through(zone, connected, begin - timedelta(hours=1))

    assert (walk.missing, walk.inserted) == (4, 3)
    assert walk.ended_at and not walk.is_whole


def test_a_zalo_that_does_not_answer_is_asked_later_and_not_for_ever(connected, zalo, zone, nobody_listens):
    waits = []
    with zone("vault"):
        walk = walks.begin(connected.oa, Kind.ASKED, timezone.now() - timedelta(hours=1))
        while walk.ended_at is None:
            began = timezone.now()
            history.step(walk.pk)
            walk.refresh_from_db()
            if walk.next_at:
                waits.append(int((walk.next_at - began).total_seconds()))
                assert walk.next_at - timezone.now() <= timedelta(seconds=history.LONGEST_WAIT)
                HistoryWalk.objects.update(next_at=timezone.now())

    assert 10 <= waits[0] < 20 and max(waits) >= history.LONGEST_WAIT == 600 and len(waits) == history.FAILURES - 1
    assert walk.error == history.NO_ANSWER


def go_on(walk, times):
    for _ in range(times):
        HistoryWalk.objects.filter(ended_at=None).update(next_at=timezone.now())
        history.step(walk.pk)
    walk.refresh_from_db()


def test_one_conversation_that_zalo_refuses_does_not_hold_up_the_others(connected, zalo, zone, monkeypatch):
    begin = timezone.now() - timedelta(hours=3)
    for number in range(6):
        line(connected, zalo, f"c{number}", begin + timedelta(minutes=number), f"Tin {number}")
    bad, real = connected.user_id("c4"), client.call

    def call(account, path, body=None, **query):
        if path.endswith("/conversation") and bad in query["data"]:
            return client.Outcome(client.Verdict.REFUSED, code=-222)
        return real(account, path, body, **query)

    monkeypatch.setattr(client, "call", call)
    with zone("vault"):
        walk = walks.begin(connected.oa, Kind.DOWNTIME, begin - timedelta(hours=1))
        go_on(walk, 40)

    assert texts(zone) == {"Tin 0", "Tin 1", "Tin 2", "Tin 3", "Tin 5"}
    assert (walk.error, walk.visited, walk.people) == (history.NO_ANSWER, 5, 6)


def test_who_writes_while_the_list_is_read_is_visited(connected, zalo, zone, monkeypatch):
    begin = timezone.now() - timedelta(hours=3)
    for number in range(15):
        line(connected, zalo, f"c{number}", begin + timedelta(minutes=number), f"Tin {number}")
    real, asked = client.recent_chats, []

    def recent(account, offset=0):
        rows = real(account, offset)
        asked.append(offset)
        if len(asked) == 1:  # of the second page, and now at the top of the list
            line(connected, zalo, "c2", timezone.now(), "Alo")
        return rows

    monkeypatch.setattr(client, "recent_chats", recent)
    walk = walk_through(zone, connected, begin - timedelta(hours=1), Kind.DOWNTIME)

    assert texts(zone) == {f"Tin {number}" for number in range(15)}
    assert (walk.people, walk.visited) == (15, 15)


def test_a_zalo_that_shows_the_same_page_for_ever_ends(connected, zalo, zone, monkeypatch):
    begin, said = outage(connected, zalo, zone, 1, 12)
    real = history.client.history
    monkeypatch.setattr(history.client, "history", lambda account, person, offset: real(account, person, 0))

    walk = walk_through(zone, connected, begin - timedelta(hours=1))

    assert walk.ended_at and len(zalo.gets) < 6


def test_a_walk_waits_for_its_pace(connected, zalo, zone, monkeypatch):
    monkeypatch.setattr(pace, "take", lambda _: 7.0)

    began = timezone.now()
    walk = walk_through(zone, connected, began - timedelta(hours=1))

    assert zalo.gets == [] and walk.ended_at is None
    assert began + timedelta(seconds=7) <= walk.next_at <= timezone.now() + timedelta(seconds=7)


def test_the_chief_can_stop_it(connected, zalo, zone):
    begin, said = outage(connected, zalo, zone, 3, 9)
    with connected.acting("binh") as chief:
        walk = walks.begin(connected.oa, Kind.ASKED, begin, by=chief)
        assert walks.begin(connected.oa, Kind.ASKED, begin, by=chief) is None  # one at a time
        walks.stop(walk, by=chief)

    with zone("vault"):
        history.step(walk.pk)
        walk.refresh_from_db()

    assert (walk.error, zalo.gets) == (history.STOPPED, [])
    assert walk.ended_at is not None


# --- when it begins by itself ----------------------------------------------------------------------------------------


@pytest.fixture
def webhook(monkeypatch):
    """``webhook(seconds)``: so long ago it last said that it lives."""

    def lived(seconds):
        monkeypatch.setattr(gauges, "webhook", lambda: {"at": time.time() - seconds})

    lived(0)
    return lived


def listened(zone, ago):
    with zone("owner"):
        OfficialAccount.objects.update(listening_at=ago and timezone.now() - ago)


def begun(zone):
    with zone("vault"):
        walks.after_downtime()
        return list(HistoryWalk.objects.all())


def test_a_webhook_that_comes_back_has_its_time_away_looked_at(connected, zone, webhook):
    listened(zone, timedelta(hours=6))

    (walk,) = begun(zone)

    assert walk.kind == Kind.DOWNTIME
    assert timedelta(hours=6) < timezone.now() - walk.since < timedelta(hours=6, minutes=11)
    assert begun(zone) == [walk]  # once
    with zone("vault"):
        assert timezone.now() - OfficialAccount.objects.get().listening_at < timedelta(minutes=1)


@pytest.mark.parametrize("ago", [None, timedelta(minutes=29)], ids=["connected just now", "a restart"])
def test_a_short_pause_has_missed_nothing(connected, zone, webhook, ago):
    listened(zone, ago)

    assert begun(zone) == []
    with zone("vault"):
        assert timezone.now() - OfficialAccount.objects.get().listening_at < timedelta(minutes=1)


def test_nothing_begins_while_the_webhook_is_away(connected, zone, webhook):
    webhook(90)
    listened(zone, timedelta(hours=6))

    assert begun(zone) == []
    with zone("vault"):
        assert timezone.now() - OfficialAccount.objects.get().listening_at > timedelta(hours=5)


def test_a_walk_under_way_that_reaches_less_far_does_not_swallow_the_downtime(connected, zone, webhook):
    listened(zone, timedelta(hours=6))
    with zone("vault"):
        asked = walks.begin(connected.oa, Kind.ASKED, timezone.now() - timedelta(hours=1))
    assert begun(zone) == [asked]
    with zone("owner"):
        HistoryWalk.objects.update(ended_at=timezone.now())

    assert {walk.kind for walk in begun(zone)} == {Kind.ASKED, Kind.DOWNTIME}


def refused(commune, *, ended):
    incidents.begin(Incident.Kind.SIGNATURE_REFUSED)
    Incident.objects.update(started_at=timezone.now() - timedelta(hours=3), ended_at=timezone.now() if ended else None)


def test_what_was_refused_for_hours_is_looked_at_when_the_secret_fits_again(connected, zone, webhook):
    """The process listened all the time, and took nothing."""
    listened(zone, timedelta(hours=3))
    with zone("vault"):
        refused(connected, ended=False)
    assert begun(zone) == []
    with zone("vault"):
        assert timezone.now() - OfficialAccount.objects.get().listening_at > timedelta(hours=2)
        refused(connected, ended=True)

    (walk,) = begun(zone)

    assert walk.kind == Kind.DOWNTIME and timezone.now() - walk.since > timedelta(hours=3)


def heard(zone, *, before, now=timedelta(0)):
    """As the last round saw it, and as it is."""
    at = timezone.now()
    with zone("owner"):
        OfficialAccount.objects.update(heard_at=before and at - before, last_event_at=at - now)


def begun_after_silence(zone):
    with zone("vault"):
        walks.after_silence()
        return list(HistoryWalk.objects.all())


def test_an_account_heard_again_after_hours_has_them_looked_at_once(connected, zone):
    """Zalo had switched the webhook off, or the certificate was over: our process lived all the time."""
    heard(zone, before=timedelta(hours=5))

    (walk,) = begun_after_silence(zone)

    assert walk.kind == Kind.DOWNTIME
    assert timedelta(hours=5) < timezone.now() - walk.since < timedelta(hours=5, minutes=11)
    with zone("owner"):
        HistoryWalk.objects.update(ended_at=timezone.now())
    assert len(begun_after_silence(zone)) == 1
    heard(zone, before=timedelta(hours=5))
    assert len(begun_after_silence(zone)) == 2  # another silence


@pytest.mark.parametrize("before", [timedelta(minutes=110), timedelta(seconds=30)])
def test_what_zalo_repeats_by_itself_needs_no_walk(connected, zone, before):
    heard(zone, before=before)

    assert begun_after_silence(zone) == []
    with zone("vault"):
        oa = OfficialAccount.objects.get()
        assert oa.heard_at == oa.last_event_at


def test_an_account_heard_for_the_first_time_is_looked_at_from_its_connecting(connected, zone):
    heard(zone, before=None)

    (walk,) = begun_after_silence(zone)

    assert timezone.now() - walk.since > timedelta(days=9)


def test_an_account_that_is_silent_still_is_left_alone(connected, zone):
    heard(zone, before=timedelta(days=3), now=timedelta(days=3))
    assert begun_after_silence(zone) == []


def test_a_shorter_walk_under_way_does_not_swallow_the_silence(connected, zone):
    heard(zone, before=timedelta(hours=5))
    with zone("vault"):
        asked = walks.begin(connected.oa, Kind.ASKED, timezone.now() - timedelta(hours=1))
    assert begun_after_silence(zone) == [asked]
    with zone("owner"):
        HistoryWalk.objects.update(ended_at=timezone.now())
        OfficialAccount.objects.update(last_event_at=timezone.now())  # it is heard on

    assert {walk.kind for walk in begun_after_silence(zone)} == {Kind.ASKED, Kind.DOWNTIME}


def test_a_walk_begun_within_the_silence_does_not_swallow_the_rest_of_it(connected, zone):
    """None reads what is younger than itself."""
    heard(zone, before=timedelta(hours=5))
    with zone("vault"):
        nightly = walks.begin(connected.oa, Kind.NIGHTLY, timezone.now() - timedelta(hours=48))
        HistoryWalk.objects.update(started_at=timezone.now() - timedelta(hours=2))
    assert [walk.pk for walk in begun_after_silence(zone)] == [nightly.pk]
    with zone("owner"):
        HistoryWalk.objects.update(ended_at=timezone.now())

    assert {walk.kind for walk in begun_after_silence(zone)} == {Kind.NIGHTLY, Kind.DOWNTIME}


def test_what_a_dead_proxy_kept_away_is_here_minutes_after_the_first_event(connected, zalo, zone, webhook, monkeypatch):
    """From the event that comes through to the message nobody had told us of, by the tasks of every minute."""
    monkeypatch.setattr(accounts, "_noted", {})
    listened(zone, timedelta(seconds=60))
    heard(zone, before=timedelta(hours=6), now=timedelta(hours=6))
    line(connected, zalo, "c1", timezone.now() - timedelta(hours=3), "Có trộm, không ai trả lời")
    connected.hears("c2", "Alo")
    take_in(zone)

    with zone("vault"):
        tasks.compare_history()
        for walk in HistoryWalk.objects.filter(kind=Kind.DOWNTIME):
            history.step(walk.pk)

    assert texts(zone) == {"Alo", "Có trộm, không ai trả lời"}


def test_every_night_the_last_two_days_once(connected, zone, monkeypatch):
    night = timezone.localtime().replace(hour=2, minute=59) + timedelta(days=1)
    monkeypatch.setattr(walks.timezone, "localtime", lambda *_: night)
    monkeypatch.setattr(walks.timezone, "now", lambda: night)
    with zone("vault"):
        walks.nightly()
        assert not HistoryWalk.objects.exists()
        night += timedelta(minutes=2)
        for _ in range(3):
            walks.nightly()
            HistoryWalk.objects.update(ended_at=night)
        (walk,) = HistoryWalk.objects.all()
    assert (walk.kind, walk.since) == (Kind.NIGHTLY, night - timedelta(hours=48))


def failed(connected, hours, kind=Kind.NIGHTLY, reached=walks.BACK, error=history.NO_ANSWER):
    """A walk of so many hours ago."""
    at = timezone.now() - timedelta(hours=hours)
    walk = walks.begin(connected.oa, kind, at - reached)
    HistoryWalk.objects.filter(pk=walk.pk).update(started_at=at, ended_at=at, error=error, queue="", next_at=None)
    return walk.since


def since_of_tonight(zone, monkeypatch):
    monkeypatch.setattr(walks, "NIGHT_HOUR", 0)
    walks.nightly()
    return HistoryWalk.objects.get(kind=Kind.NIGHTLY, ended_at=None).since


def test_the_night_makes_up_for_walks_that_failed(connected, zone, monkeypatch):
    with zone("vault"):
        owed = failed(connected, 53)
        failed(connected, 29)
        failed(connected, 28, Kind.ASKED, timedelta(days=9))  # who asked has seen it, and asks again
        assert since_of_tonight(zone, monkeypatch) == owed


@pytest.mark.parametrize(
    ("hours", "reached"), [(29, timedelta(days=5)), (29 + 15 * 24, walks.BACK)], ids=["made up for", "too old"]
)
def test_what_was_made_up_for_is_not_looked_at_again(connected, zone, monkeypatch, hours, reached):
    with zone("vault"):
        failed(connected, hours, Kind.DOWNTIME, timedelta(days=2))
        failed(connected, 28, reached=reached, error="")
        since = since_of_tonight(zone, monkeypatch)
    assert timezone.now() - since < walks.BACK + timedelta(minutes=1)


def test_the_inbox_keeps_no_event_of_it(connected, zalo, zone):
    begin, said = outage(connected, zalo, zone, 1, 2)
    with zone("vault"):
        before = InboundEvent.objects.count()
    walk_through(zone, connected, begin)
    with zone("vault"):
        assert InboundEvent.objects.count() == before

"""T06, T08, T09, T10, T12 of security.md: the inbox under kills, poison, disorder, rivals and wrong clocks."""

from __future__ import annotations

import copy
import json
import random
import time
import uuid
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from tests import cast
from tests.crowd import crowd
from tests.fault_size import LONG, SEED
from tests.gateway.canonical import everything, heard, killed_at, people, route_all, told, work_off
from tests.gateway.test_inbox import CATALOGUE, OA_ID, put
from tips import lateness
from tips.models import Filed, TrayItem
from zalopolice import faults, routing
from zalopolice.gateway import inbox
from zalopolice.gateway.models import Citizen, InboundEvent, Message, StuckEvent
from zalopolice.units.models import Alert

SAMPLES = {row["body"]["event_name"]: row["body"] for row in CATALOGUE}
START = timezone.now().replace(microsecond=0) - timedelta(hours=3)


def event(commune, name, person, at, text="", **more):
    """A body of the catalogue, of this account, person and moment."""
    raw = json.dumps(SAMPLES[name], ensure_ascii=False).replace(OA_ID, commune.oa.oa_id)
    body = json.loads(raw.replace("5512207788990011223", person)) | more
    body["timestamp"] = str(int(at.timestamp() * 1000))
    message = body.get("message")
    if isinstance(message, dict) and "msg_id" in message:
        message["msg_id"] = uuid.uuid5(uuid.NAMESPACE_OID, f"{name}{person}{at}").hex
    if text:
        body["message"]["text"] = text
    return body


def stories(commune):
    """One event each, with everything the inbox and routing can do to it."""
    at, make = START, lambda *rest, **more: event(commune, *rest, **more)
    bad = make("user_send_text", "6006", at, "Không có người gửi")
    bad["sender"] = {}
    return {
        "a tip with a picture": make("user_send_image", "6001", at, "Tôi báo tin có đánh bạc"),
        "danger": make("user_send_text", "6002", at, "Cứu tôi với, nó đang cầm dao trước nhà"),
        "unclear": make("user_send_text", "6003", at, "Cho tôi hỏi với ạ"),
        "danger in a group": make("user_send_group_text", "6004", at, "Cứu tôi với, nó cầm dao"),
        "a call": make("user_call_oa", "6005", at, call_id="c-1"),
        "a card": make("user_send_business_card", "6007", at),
        "a name": make("user_submit_info", "6008", at),
        "withdraws": make("user_withdraw", "6009", at),
        "follows": make("follow", "6010", at),
        "typed elsewhere": make("oa_send_text", "6011", at, "Gõ tay"),
        "nobody": bad,
        "old": make("user_send_text", "6012", at - timedelta(hours=30), "Hôm qua có trộm"),
    }


def walk(commune, pk):
    """The vault takes the event, the worker routes what came of it."""
    with commune.zone("vault"):
        inbox.receive(pk)
    with commune.zone("owner"):
        keys = list(Message.objects.filter(unit=commune.unit, queue="worker").values_list("pk", flat=True))
    with commune.zone("worker"):
        for key in keys:
            routing.route(key)


def passes(commune, body):
    pk = put(commune.zone, body)
    faults.listener = []
    try:
        walk(commune, pk)
        return list(dict.fromkeys(faults.listener))
    finally:
        faults.listener = None


def test_t06_killed_between_any_two_steps_the_rest_is_done_afterwards(db, zone, figures):
    seen, killed, numbers = set(), 0, iter(range(10_000))
    quiet = cast.make_commune(zone, f"k{next(numbers)}")
    for name in stories(quiet):
        whole = cast.make_commune(zone, f"k{next(numbers)}")
        points = passes(whole, stories(whole)[name])
        work_off(whole)
        expected = everything(whole)
        for point in points:
            if point in seen and not LONG:
                continue
            seen.add(point)
            cut = cast.make_commune(zone, f"k{next(numbers)}")
            pk = put(zone, stories(cut)[name])
            assert killed_at(point, lambda cut=cut, pk=pk: walk(cut, pk)), (name, point)
            work_off(cut)
            assert everything(cut) == expected, (name, point)
            killed += 1
    assert {name.split(".")[0] for name in seen} >= {"inbox", "routing"}
    assert len(seen) >= 20
    figures("T06", points=len(seen), kills=killed, differing=0)


# --- poison ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_stickers(commune):
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE gateway_message ADD CONSTRAINT unforeseen CHECK (kind <> 'sticker') NOT VALID")
    yield commune
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE gateway_message DROP CONSTRAINT unforeseen")


def test_t08_poison_holds_nobody_up(no_stickers, zone, figures):
    commune, dice = no_stickers, random.Random(SEED)
    events, poison = (5000, 50) if LONG else (200, 10)
    bodies = [
        ("good", event(commune, "user_send_text", f"7{i % 40:03}", START + timedelta(seconds=i), f"Tin {i}"))
        for i in range(events - poison)
    ]
    for i in range(poison):
        at = START + timedelta(seconds=i)
        wrong = event(commune, "user_send_sticker" if i % 2 else "user_send_text", f"8{i:03}", at, f"Hỏng {i}")
        if not i % 2:
            wrong["sender"] = {"id": None}
        bodies.append(("bad", wrong))
    dice.shuffle(bodies)
    placed = [(kind, put(zone, body)) for kind, body in bodies]
    good = {pk for kind, pk in placed if kind == "good"}

    longest, last = 0.0, time.monotonic()
    with zone("vault"):
        for pk in InboundEvent.objects.order_by("received_at").values_list("pk", flat=True):
            inbox.receive(pk)
            if pk in good:
                longest, last = max(longest, time.monotonic() - last), time.monotonic()
        assert set(InboundEvent.objects.filter(pk__in=good).values_list("state", flat=True)) == {"acted"}
    work_off(commune)

    with zone("vault"):
        states = list(InboundEvent.objects.values_list("state", flat=True))
        assert (states.count("poison"), states.count("acted")) == (poison, events - poison)
        assert StuckEvent.objects.count() == poison
        assert all(row.text.startswith("Hỏng") for row in StuckEvent.objects.all())
        assert Message.objects.filter(direction="in").count() == events - poison
    with zone("owner"):
        assert Alert.objects.filter(kind="stuck_event").count() == 1
    assert longest < 2
    figures("T08", events=events, poison=poison, done=events - poison, longest_wait_s=round(longest, 2))


# --- disorder -------------------------------------------------------------------------------------------------------

WORDS = ("Cho tôi hỏi giờ làm việc", "Tôi báo tin có đánh bạc", "Cứu tôi với, nó cầm dao", "Vâng ạ", "1", "dừng",
         "Tôi muốn làm căn cước cho con", "Nhà tôi mất xe biển 90B1-123.45")  # fmt: skip
NAMES = (*("user_send_text",) * 8, "user_send_image", "user_send_audio", "user_send_location", "user_call_oa", "follow",
         "unfollow", "user_submit_info", "user_send_group_text", "update_group_info", "user_withdraw", "oa_call_user",
         "anonymous_send_text", "user_send_business_card", "oa_send_text", "user_reacted_message")  # fmt: skip


def day(commune, number, dice):
    """``number`` events in Zalo's order, each at a moment of its own, in bursts short of a flood."""
    bodies, persons = [], [f"9{i:03}" for i in range(max(4, number // 25))]
    for place in range(number):
        at = START + timedelta(milliseconds=place * 7_000_000 // number)
        name, person = dice.choice(NAMES), dice.choice(persons)
        words = dice.choice(WORDS) if name.endswith("_text") else ""
        more = {"call_id": f"c-{place}"} if "call" in name else {}
        if name == "update_group_info":
            more = {"group_name": f"Tổ {place}"}
        bodies.append(event(commune, name, person, at, words, **more))
    return bodies


def disordered(bodies, dice):
    several = [body for body in bodies for _ in range(dice.randint(1, 4))]
    dice.shuffle(several)
    return [copy.deepcopy(body) for body in several]


def arrive(commune, bodies, *, routed_every=0, dice=None):
    for body in bodies:
        pk = put(commune.zone, body)
        with commune.zone("vault"):
            inbox.receive(pk)
        if routed_every and dice.randrange(routed_every) == 0:
            route_all(commune)
    work_off(commune)


def test_t09_shuffled_doubled_and_late_events_end_as_those_in_order(db, zone, figures):
    number = 5000 if LONG else 90
    runs = [cast.make_commune(zone, code) for code in ("trong-thu-tu", "lon-xon", "lon-xon-va-phan-luong")]
    dice = [random.Random(SEED) for _ in runs]
    days = [day(commune, number, one) for commune, one in zip(runs, dice, strict=True)]
    arrive(runs[0], days[0])
    mixed = disordered(days[1], dice[1])
    arrive(runs[1], mixed)
    arrive(runs[2], disordered(days[2], dice[2]), routed_every=10, dice=dice[2])

    expected = everything(runs[0])
    found = everything(runs[1])
    for part in expected:
        assert found[part] == expected[part], part
    assert heard(runs[2]) == heard(runs[0])  # answers and dialogues depend on when we heard it: docs/zalo-events.md
    for commune in runs:
        nothing_unread(commune)
    assert told(runs[0])["items"]
    figures("T09", events=number, deliveries=len(mixed), differing=0)


def nothing_unread(commune):
    """Every message of a person lies before an officer, or the bot has answered it or asked back. Thanks are answered
    once in twelve hours: two machines being polite to each other never end."""
    with commune.zone("owner"):
        rows = Message.objects.filter(unit=commune.unit, direction="in", group=None)
        said = Message.objects.filter(unit=commune.unit, origin="bot")
        answered = {key[-36:] for key in said.values_list("business_key", flat=True)}
        thanked = set(said.filter(business_key__startswith="thanks:").values_list("citizen_id", flat=True))
        lost = [
            row.pk
            for row in rows.filter(filed=None)
            if str(row.pk) not in answered and not (row.text == "Vâng ạ" and row.citizen_id in thanked)
        ]
        assert not rows.exclude(state="routed").exists()
        assert lost == []


# --- rivals ---------------------------------------------------------------------------------------------------------


def test_t10_two_first_messages_at_the_same_millisecond_make_one_person_and_one_thread(commune, zone, figures):
    rounds, at = 500 if LONG else 30, timezone.now() - timedelta(minutes=5)
    for number in range(rounds):
        words = [f"Tôi báo tin có đánh bạc {number}", f"Ở nhà văn hóa {number}"]
        bodies = [event(commune, "user_send_text", f"4{number:03}", at, text) for text in words]
        bodies[1]["message"]["msg_id"] += "b"
        keys = [put(zone, body) for body in bodies]
        with zone("vault"):
            errors = crowd("vault", [lambda pk=pk: inbox.receive(pk) for pk in keys])
            assert [error for error in errors if error] == []
        with zone("owner"):
            rows = list(Message.objects.filter(state="received", direction="in").values_list("pk", flat=True))
            assert len(rows) == 2
        with zone("worker"):
            errors = crowd("worker", [lambda pk=pk: routing.route(pk) for pk in rows])
            assert [error for error in errors if error] == []
    with zone("owner"):
        assert (Citizen.objects.count(), TrayItem.objects.count()) == (rounds, rounds)
        assert Filed.objects.count() == Message.objects.filter(direction="in", state="routed").count() == 2 * rounds
    assert len(set(people(commune).values())) == rounds
    figures("T10", rounds=rounds, people=rounds, threads=rounds)


# --- wrong clocks ---------------------------------------------------------------------------------------------------


def test_t12_no_valid_event_is_refused_for_its_clock_and_late_ones_are_marked(commune, zone, figures):
    hours, number, late = (-24, -2, -0.3, 0, 0.3, 2, 24), 0, 0
    for skew in (-2, -0.5, 0, 0.5, 2):  # of our host
        for ahead in hours:  # of Zalo's time
            now = timezone.now()
            body = event(commune, "user_send_text", f"3{number:03}", now + timedelta(hours=ahead), f"Tin {number}")
            pk = put(zone, body)
            with zone("vault"):
                InboundEvent.objects.filter(pk=pk).update(received_at=now + timedelta(hours=skew))
                inbox.receive(pk)
                assert InboundEvent.objects.get(pk=pk).state == "acted"
                row = Message.objects.get(zalo_msg_id=body["message"]["msg_id"])
            assert row.sent_at <= row.received_at  # a clock that runs ahead would put a tip last for hours
            row.late_minutes = 10
            marked = lateness.is_late(row, row)
            assert marked == (skew - ahead > 10 / 60), (skew, ahead)
            number, late = number + 1, late + marked
    route_all(commune)
    nothing_unread(commune)
    figures("T12", events=number, refused=0, late=late)

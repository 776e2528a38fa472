"""From a sealed event to a citizen's message: every event is decided once, whatever is in it."""

from __future__ import annotations

import copy
import json
import math
import random
import uuid
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, connections
from django.utils import timezone

from tests import cast
from tests.audit.test_acts_are_recorded import everything
from tests.crowd import crowd
from tests.gateway.conftest import take_in
from zalopolice import crypto, queue, tasks
from zalopolice.gateway import events, inbox
from zalopolice.gateway.models import Attachment, Citizen, InboundEvent, Message, OfficialAccount, ZaloApp
from zalopolice.vault.models import Route

CATALOGUE = json.loads(Path(__file__).with_name("zalo-oa-events.json").read_text(encoding="utf-8"))
OA_ID = "2720105559876543210"
BY_APP = "6681203344556677889"
STATES = {"act": "acted", "record": "recorded", "ignore": "ignored"}
State = InboundEvent.State


def bodies(commune):
    """All 88, their account mapped to the commune's."""
    text = json.dumps([row["body"] for row in CATALOGUE], ensure_ascii=False)
    return json.loads(text.replace(OA_ID, commune.oa.oa_id))


def body_of(commune, event, **changes):
    found = next(body for body in bodies(commune) if body["event_name"] == event)
    return found | changes


def decide(zone, *stored):
    """Puts bodies (or raw bytes) into the inbox and lets the vault decide each once; returns the rows."""
    keys = [put(zone, body) for body in stored]
    with zone("vault"):
        for pk in keys:
            inbox.receive(pk)
        rows = {row.pk: row for row in InboundEvent.objects.filter(pk__in=keys)}
        return [rows[pk] for pk in keys]


def put(zone, body, app_id=cast.APP_ID):
    raw, pk = body if isinstance(body, bytes) else json.dumps(body).encode(), uuid.uuid4()
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO gateway_inboundevent (id, app_id, received_at, dedupe_key, sealed)"
            " VALUES (%s, %s, %s, %s, %s)",
            [pk, app_id, timezone.now(), pk.bytes * 2, crypto.seal_to(settings.KEYS.vault_public, raw, aad(pk))],
        )
    return pk


def aad(pk):
    return b"zp-event|" + pk.bytes


def kept(row):
    return crypto.open_sealed(settings.KEYS.vault_private, bytes(row.sealed), aad(row.pk))


def effects():
    return {table: digest for table, digest in everything().items() if table != "gateway_inboundevent"}


# --- the whole catalogue --------------------------------------------------------------------------------------------


def test_each_of_the_88_events_is_decided_and_a_second_delivery_has_no_effect(commune, zone):
    catalogue = bodies(commune)
    assert len(catalogue) == 88

    first = decide(zone, *catalogue)

    wrong = [
        (body["event_name"], row.state, row.error)
        for body, row in zip(catalogue, first, strict=True)
        if (row.state, row.event_name) != (STATES[events.DECISIONS[body["event_name"]]], body["event_name"])
    ]
    assert wrong == []
    assert all((row.error, row.attempt, row.next_at, row.queue) == ("", 0, None, "") for row in first)
    assert Counter(row.state for row in first) == {"acted": 51, "recorded": 24, "ignored": 13}
    after = effects()

    second = decide(zone, *catalogue)

    assert [row.state for row in second] == [row.state for row in first]
    assert effects() == after


def test_every_event_of_the_catalogue_has_its_own_decision():
    assert {body["event_name"] for body in (row["body"] for row in CATALOGUE)} <= set(events.DECISIONS)
    assert events.parse(b'{"event_name": "never_heard_of"}', timezone.now()).decision == "record"


def test_the_id_that_joins_one_person_across_communes_is_not_kept(commune, zone):
    catalogue = bodies(commune)
    assert json.dumps(catalogue).count(BY_APP) == 30

    for body, row in zip(catalogue, decide(zone, *catalogue), strict=True):
        stored = kept(row)
        assert BY_APP.encode() not in stored
        assert b"user_id_by_app" not in stored
        body.pop("user_id_by_app", None)
        assert json.loads(stored) == body  # and nothing else was lost


def test_a_message_of_every_kind_is_read_with_its_words_and_files(commune, zone):
    with zone("owner"):  # before the samples were said
        OfficialAccount.objects.update(connected_at=timezone.now() - timedelta(days=9999))
    decide(zone, *bodies(commune))

    with zone("vault"):
        inbound = list(Message.objects.filter(direction="in"))
        assert "Đèn đường hẻm 45 bị hỏng" in {row.text for row in inbound}
        kinds = {"text", "image", "gif", "audio", "video", "sticker", "location", "file", "link", "business_card"}
        kinds |= {"call", "withdraw"}
        assert {row.kind for row in inbound} == kinds
        waiting = Attachment.objects.filter(state="announced")
        assert {row.kind for row in waiting} == {"image", "gif", "audio", "video", "file"}
        assert all(row.queue == "vault" and row.source.startswith("http") for row in waiting)
        place = json.loads(Attachment.objects.filter(kind="location").first().detail)
        assert float(place["latitude"]) and float(place["longitude"])
        assert not Attachment.objects.exclude(kind="link").filter(detail__isnull=True).exists()
        assert OfficialAccount.objects.get().trouble.startswith("OA đã thu hồi quyền")


@pytest.mark.parametrize("event", ["user_seen_message", "user_received_message"])
def test_seen_and_received_come_either_way_round(commune, zone, event):
    body = body_of(commune, event)
    swapped = body | {"sender": body["recipient"], "recipient": body["sender"]}

    assert [row.state for row in decide(zone, body, swapped)] == ["acted", "acted"]
    with zone("vault"):
        assert not Citizen.objects.exists()


# --- people ---------------------------------------------------------------------------------------------------------


def test_one_person_is_one_citizen_however_often_they_write(commune, zone):
    for number in range(3):
        commune.hears("dung", f"Tin {number}")
    take_in(zone)

    with zone("vault"):
        assert (Citizen.objects.count(), Route.objects.count(), Message.objects.count()) == (1, 1, 3)


def test_first_messages_of_one_person_at_the_same_moment_make_one_citizen(commune, zone):
    for person in range(6):
        for number in range(4):
            commune.hears(f"citizen {person}", f"Tin {number}")
    with zone("vault"):
        waiting = list(InboundEvent.objects.order_by("?").values_list("pk", flat=True))

        results = crowd("vault", [lambda pk=pk: inbox.receive(pk) for pk in waiting])

        assert [error for error in results if error] == []
        assert (Citizen.objects.count(), Route.objects.count(), Message.objects.count()) == (6, 6, 24)
        assert set(InboundEvent.objects.values_list("state", flat=True)) == {"acted"}


def test_one_event_taken_by_eight_workers_at_once_has_one_effect(commune, zone):
    commune.hears("dung", "Một lần thôi")
    with zone("vault"):
        pk = InboundEvent.objects.get().pk

        crowd("vault", [lambda: inbox.receive(pk)] * 8)

        assert Message.objects.count() == 1


def test_one_person_in_two_communes_is_two_citizens_nobody_can_join(commune, other_commune, zone):
    same = str(random.Random(5).randrange(10**18, 10**19))
    for place in (commune, other_commune):
        place.chats["dung"] = same
        place.hears("dung", "Chào")
    take_in(zone)

    with zone("vault"):
        one, two = Route.objects.all()
        assert one.zalo_user_id == two.zalo_user_id == same
        assert bytes(one.index) != bytes(two.index)
        assert one.citizen_id != two.citizen_id


def test_the_same_message_in_another_envelope_is_stored_once(commune, zone):
    body = body_of(commune, "user_send_text")

    decide(zone, body, body | {"timestamp": str(int(body["timestamp"]) + 5), "extra": True})

    with zone("vault"):
        assert Message.objects.count() == 1


def test_a_late_event_does_not_close_the_reply_window(commune, zone):
    commune.hears("dung", "Bây giờ", at=timezone.now())
    commune.hears("dung", "Hôm qua", at=timezone.now() - timedelta(days=1))
    commune.hears("dung", event_name="unfollow")
    take_in(zone)

    with zone("vault"):
        citizen = Citizen.objects.get()
        assert timezone.now() - citizen.last_interaction_at < timedelta(minutes=1)
        assert citizen.follows is False


def test_a_kind_of_message_zalo_invents_after_us_is_stored_all_the_same(commune, zone):
    body = body_of(commune, "user_send_text", event_name="user_send_hologram")

    decide(zone, body)

    with zone("vault"):
        row = Message.objects.get()
        assert (row.kind, row.text, row.state) == ("hologram", body["message"]["text"], "received")


@pytest.mark.parametrize("timestamp", ["9999999999999", "0", "-5", "soon", None, 1e300])
def test_a_clock_that_is_wrong_does_not_move_a_message(commune, zone, timestamp):
    decide(zone, body_of(commune, "user_send_text", timestamp=timestamp))

    with zone("vault"):
        assert abs(Message.objects.get().sent_at - timezone.now()) < timedelta(minutes=1)


# --- bad input ------------------------------------------------------------------------------------------------------

ACTED_UPON = [
    *("user_send_text", "user_send_image", "user_send_location", "user_send_business_card", "user_send_file"),
    *("user_send_link", "anonymous_send_text", "oa_send_text", "oa_send_image", "follow", "unfollow"),
    *("user_click_chatnow", "user_call_oa", "permission_revoked"),
    *("user_seen_message", "user_submit_info", "user_withdraw", "user_send_group_text", "update_group_info"),
]
VALUES = [None, True, 5, -1, 1e308, 10**400, "", "x" * 5000, [], {}, [[]], [None, 7, "x"], {"id": {"id": {}}}]


def paths(body, before=()):
    for name, value in body.items() if isinstance(body, dict) else enumerate(body):
        yield (*before, name)
        if isinstance(value, dict | list):
            yield from paths(value, (*before, name))


def changed(body, path, value=..., *, drop=False):
    body = copy.deepcopy(body)
    place = body
    for step in path[:-1]:
        place = place[step]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return body


def named(row):
    """Decided, or set aside with a reason that names what was wrong; never tried again blindly."""
    waits = row.state == State.PENDING and (row.attempt, row.error) == (0, "")  # a receipt, for our own call
    return waits or row.state in STATES.values() or row.error.startswith(("BadEvent: ", "UnknownAccount: "))


def fresh_ids(body):
    if isinstance(body.get("message"), dict) and isinstance(body["message"].get("msg_id"), str):
        body["message"]["msg_id"] = uuid.uuid4().hex
    return body


def test_any_key_may_be_missing(commune, zone):
    variants = [
        fresh_ids(changed(body, path, drop=True))
        for body in (body_of(commune, event) for event in ACTED_UPON)
        for path in paths(body)
    ]

    rows = decide(zone, *variants)

    assert [(body, row.state, row.error) for body, row in zip(variants, rows, strict=True) if not named(row)] == []
    assert len(variants) > 100


def test_any_value_may_be_of_a_wrong_type(commune, zone):
    dice = random.Random(7)
    variants = [
        fresh_ids(changed(body, path, dice.choice(VALUES)))
        for body in (body_of(commune, event) for event in ACTED_UPON)
        for path in paths(body)
        for _ in range(2)
    ]

    rows = decide(zone, *variants)

    assert [(body, row.state, row.error) for body, row in zip(variants, rows, strict=True) if not named(row)] == []
    assert len(variants) > 200


@pytest.mark.parametrize("dirt", ["\x00", "\ud800", "\udfff", "\uffff", "\u202e", "\U0001f600\x00"])
def test_characters_no_database_takes_do_not_cost_a_message(commune, zone, dirt):
    body = fresh_ids(body_of(commune, "user_send_text"))
    body["message"] |= {"text": f"Cứu{dirt} tôi", "msg_id": f"{uuid.uuid4().hex}{dirt}"}
    named_oddly = body_of(commune, "follow", event_name=f"follow{dirt}")
    file = body_of(commune, "user_send_file")
    file["message"]["msg_id"] = uuid.uuid4().hex
    file["message"]["attachments"][0]["payload"] |= {"name": f"a{dirt}.pdf", "url": f"https://x.zdn.vn/{dirt}"}

    rows = decide(zone, body, named_oddly, file)

    assert [row.state for row in rows] == ["acted", rows[1].state, "acted"]
    assert rows[1].state in STATES.values()
    with zone("vault"):
        assert {row.text[:3] for row in Message.objects.exclude(kind="file")} == {"Cứu"}


@pytest.mark.parametrize(
    "raw",
    [b"", b"x", b"[]", b"5", b"null", b'"text"', b"\xff\xfe", b"{" * 20, b'{"event_name": "user_send_text"'],
)
def test_what_is_not_an_object_is_set_aside_at_once(commune, zone, raw):
    [row] = decide(zone, raw)

    assert (row.state, row.next_at) == (State.POISON, None)
    assert row.error.startswith("BadEvent: not ")


def test_absurd_depth_and_numbers_are_set_aside_or_decided(commune, zone):
    deep = b'{"event_name":"user_send_text","message":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_001
    long = b'{"event_name":"user_send_text","timestamp":' + b"9" * 10_000 + b"}"

    assert all(named(row) for row in decide(zone, deep, long, b'{"timestamp": 1e999, "event_name": "follow"}'))


def test_an_event_for_an_account_not_entered_yet_waits_and_is_named(commune, zone):
    body = body_of(commune, "user_send_text", recipient={"id": "999"})

    [row] = decide(zone, body)

    assert (row.state, row.attempt, row.error) == (State.PENDING, 0, "UnknownAccount: no such account here")
    assert timedelta(minutes=50) < row.next_at - timezone.now() <= timedelta(hours=1)
    with zone("owner"):
        OfficialAccount.objects.create(
            unit=commune.unit, app=cast.zalo_app(), oa_id="999", name="Mới nhập", connected_at=timezone.now()
        )
    with zone("vault"):
        InboundEvent.objects.update(next_at=timezone.now())
    take_in(zone)
    with zone("vault"):
        assert InboundEvent.objects.get().state == State.ACTED
        assert Message.objects.get().text == body["message"]["text"]


def test_after_a_month_an_unknown_account_is_left_to_a_person(commune, zone):
    body = body_of(commune, "user_send_text", recipient={"id": "999"})
    pk = put(zone, body)
    with zone("vault"):
        InboundEvent.objects.update(received_at=timezone.now() - timedelta(days=31))
        inbox.receive(pk)
        row = InboundEvent.objects.get()

    assert (row.state, row.next_at, row.error) == (State.POISON, None, "UnknownAccount: no such account here")
    del body["user_id_by_app"]
    assert json.loads(kept(row)) == body
    with zone("vault"):
        assert not Citizen.objects.exists()


def test_an_app_speaks_for_its_own_accounts_only(commune, zone):
    """Another app's secret signed an event that names our account."""
    with zone("owner"):
        ZaloApp.objects.create(app_id="777", name="Ứng dụng của nơi khác", sealed_secret=b"")
    pk = put(zone, body_of(commune, "user_send_text"), app_id="777")

    with zone("vault"):
        inbox.receive(pk)

        assert InboundEvent.objects.get(pk=pk).error == "UnknownAccount: no such account here"
        assert not Message.objects.exists()


def test_an_event_sealed_for_somebody_else_is_set_aside(commune, zone):
    one, two = put(zone, body_of(commune, "follow")), put(zone, body_of(commune, "unfollow"))
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE gateway_inboundevent SET sealed = (SELECT sealed FROM gateway_inboundevent WHERE id = %s)"
            " WHERE id = %s",
            [two, one],
        )

    with zone("vault"):
        inbox.receive(one)

        assert InboundEvent.objects.get(pk=one).error == "BadEvent: cannot be opened"


# --- events that break us ---------------------------------------------------------------------------------------------


@pytest.fixture
def no_stickers(commune):
    """Storing a sticker fails, every time, for a reason nobody foresaw."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE gateway_message ADD CONSTRAINT unforeseen CHECK (kind <> 'sticker') NOT VALID")
    yield commune
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE gateway_message DROP CONSTRAINT unforeseen")


@pytest.mark.alone
def test_an_event_that_breaks_us_is_set_aside_after_eight_tries_and_others_go_on(no_stickers, zone):
    commune, waits = no_stickers, []
    bad = put(zone, body_of(commune, "user_send_sticker"))
    good = [put(zone, fresh_ids(body_of(commune, "user_send_text"))) for _ in range(3)]

    with zone("vault"):
        for turn in range(8):
            for pk in queue.due(InboundEvent, "vault"):
                inbox.receive(pk)
            row = InboundEvent.objects.get(pk=bad)
            assert row.attempt == turn + 1
            if turn == 0:
                assert set(InboundEvent.objects.filter(pk__in=good).values_list("state", flat=True)) == {"acted"}
            if row.next_at:
                waits.append(math.ceil((row.next_at - timezone.now()).total_seconds()))
                InboundEvent.objects.filter(pk=bad).update(next_at=timezone.now())

    assert waits == [1, 5, 30, 300, 1800, 7200, 7200]
    assert (row.state, row.next_at, row.error) == (State.POISON, None, "IntegrityError")
    assert b"sticker" in kept(row)  # nothing is dropped: a person can still read it
    with zone("vault"):
        assert Message.objects.count() == 3


def test_a_failed_event_leaves_nothing_half_done(no_stickers, zone):
    before = effects()

    [row] = decide(zone, body_of(no_stickers, "user_send_sticker"))

    assert row.state == State.PENDING
    assert effects() == before


def test_nothing_of_an_event_is_logged(no_stickers, zone, caplog):
    body = body_of(no_stickers, "user_send_sticker")
    body["message"]["text"] = "Bí mật của tôi"
    with caplog.at_level("DEBUG"):
        decide(zone, body, b"Bi mat", body_of(no_stickers, "user_send_text", recipient={"id": "999"}))

    for secret in ("Bí mật", "Bi mat", "5512207788990011223", "Đèn đường"):
        assert secret not in caplog.text


def test_an_event_that_breaks_at_its_commit_does_not_stand_before_the_others(commune, zone, monkeypatch):
    for number in range(3):
        commune.hears(f"citizen {number}", f"Tin {number}")
    with zone("vault"):
        oldest = InboundEvent.objects.order_by("next_at").first().pk
    decide = inbox._decide_on

    def breaks(locked):
        with locked as event:
            if event is not None and event.pk == oldest:
                raise IntegrityError("at the commit")
        return decide(queue.locked(InboundEvent, event.pk)) if event is not None else False

    monkeypatch.setattr(inbox, "_decide_on", breaks)
    with zone("vault"):
        tasks.sweep_inbox()

        assert Message.objects.count() == 2

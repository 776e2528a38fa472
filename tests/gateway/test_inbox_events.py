"""Events beside a citizen's own words: receipts, calls, cards, what people tell of themselves, groups."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.gateway.conftest import echo, say, take_in
from tests.gateway.test_inbox import body_of, decide, fresh_ids
from zalopolice.gateway import inbox
from zalopolice.gateway.models import Attachment, ChatGroup, Citizen, InboundEvent, Message, OfficialAccount
from zalopolice.vault.models import Attribute, Route

PERSON = "5512207788990011223"


def stamp(moment):
    return str(int(moment.timestamp() * 1000))


def minutes_ago(number):
    return timezone.now() - timedelta(minutes=number)


# --- receipts -------------------------------------------------------------------------------------------------------


def sent_message(chat, msg_id="m-1"):
    message = say(chat, "Chúng tôi đã nhận tin.")
    with chat.zone("vault"):
        Message.objects.filter(pk=message.pk).update(state="sent", zalo_msg_id=msg_id, queue="", next_at=None)
    return message


def receipt(chat, event, at, *ids):
    body = body_of(chat, event, timestamp=stamp(at))
    body["message"] = {"msg_ids": list(ids)} if event == "user_seen_message" else {"msg_id": ids[0]}
    return body


def marks(chat, message):
    with chat.zone("vault"):
        row = Message.objects.get(pk=message.pk)
        return row.delivered_at, row.seen_at


def test_a_receipt_marks_our_message_whichever_comes_first(chat, zone):
    message, got, seen = sent_message(chat), minutes_ago(5), minutes_ago(3)

    decide(zone, receipt(chat, "user_seen_message", seen, "m-1", "other"))
    decide(zone, receipt(chat, "user_received_message", got, "m-1"))
    decide(zone, receipt(chat, "user_seen_message", minutes_ago(1), "m-1"))

    delivered, read = marks(chat, message)
    assert abs(delivered - got) < timedelta(milliseconds=2)
    assert abs(read - seen) < timedelta(milliseconds=2)


def test_a_receipt_that_is_quicker_than_the_answer_to_our_call_waits_for_it(chat, zone):
    message = say(chat, "Chúng tôi đã nhận tin.")
    body = receipt(chat, "user_received_message", timezone.now(), "m-7")

    [row] = decide(zone, body)

    assert (row.state, row.attempt, row.error) == ("pending", 0, "")
    with zone("vault"):
        Message.objects.filter(pk=message.pk).update(state="sent", zalo_msg_id="m-7", queue="", next_at=None)
        InboundEvent.objects.filter(pk=row.pk).update(next_at=timezone.now())
        inbox.receive(row.pk)
    assert marks(chat, message)[0] is not None


def test_a_citizens_own_message_is_never_marked_by_a_receipt(chat, zone):
    with zone("vault"):
        heard = Message.objects.get(direction="in")

    decide(zone, receipt(chat, "user_seen_message", minutes_ago(2), heard.zalo_msg_id))

    assert marks(chat, heard) == (None, None)


# --- calls and cards ------------------------------------------------------------------------------------------------


def call(commune, **changes):
    return body_of(commune, "user_call_oa", **({"timestamp": stamp(minutes_ago(1))} | changes))


@pytest.mark.parametrize(
    ("talk", "seconds"), [(36_000, 36), ("36000", 36), (36_001, 37), (0, 0), (-5, 0), ("x", None), (None, None)]
)
def test_a_call_is_a_line_without_the_number(commune, zone, talk, seconds):
    decide(zone, call(commune, talk_time=talk))

    with zone("vault"):
        row = Message.objects.get()
        assert (row.kind, row.text, row.direction, row.talk_seconds) == ("call", "", "in", seconds)
        assert (row.state, row.queue) == ("received", "worker")
        assert [one.value for one in Attribute.objects.filter(kind="phone")] == ["84900000001"]
        assert row.citizen.last_interaction_at is not None


def test_a_call_told_twice_is_one_and_both_directions_are_two(commune, zone):
    out = body_of(commune, "oa_call_user", timestamp=stamp(minutes_ago(1)))

    decide(zone, call(commune), call(commune, timestamp=stamp(minutes_ago(2))), out, out)

    with zone("vault"):
        assert sorted(Message.objects.values_list("direction", "state", "queue")) == [
            ("in", "received", "worker"),
            ("out", "sent", ""),
        ]
        assert Attribute.objects.count() == Citizen.objects.count() == 1


def test_calling_somebody_opens_no_window(commune, zone):
    decide(zone, body_of(commune, "oa_call_user"))

    with zone("vault"):
        assert Citizen.objects.get().last_interaction_at is None


@pytest.mark.parametrize("event", ["user_send_business_card", "user_send_group_business_card"])
def test_the_number_on_a_card_lies_in_the_vault_only(commune, zone, event):
    decide(zone, body_of(commune, event))

    with zone("vault"):
        card = Attachment.objects.get()
        assert (card.kind, card.state, card.detail) == ("card", "noted", "{}")
        kept = Attribute.objects.get()
        assert (kept.kind, kept.value, kept.object_id) == ("phone", "84900000001", card.message_id)


def test_a_broken_card_costs_no_message(commune, zone):
    body = body_of(commune, "user_send_business_card")
    body["message"]["attachments"][0]["payload"]["description"] = '{"phone'

    [row] = decide(zone, body)

    assert row.state == "acted"
    with zone("vault"):
        assert (Message.objects.count(), Attribute.objects.count()) == (1, 0)


# --- what people tell of themselves ---------------------------------------------------------------------------------

NEW = {"name": "Nguyễn Văn A", "phone": "84900000001", "full_address": {"user_city": "TP HCM", "user_address": "12 NH"}}
OLD = {"name": "Nguyễn Văn A", "phone": "84900000001", "address": "12 NH", "city": "TP HCM", "district": "Quận 1"}


@pytest.mark.parametrize("event", ["user_submit_info", "update_user_info"])
@pytest.mark.parametrize(("info", "address"), [(NEW, "12 NH, TP HCM"), (OLD, "12 NH, Quận 1, TP HCM")])
@pytest.mark.parametrize("part", ["info", "data"])
def test_a_name_goes_to_the_vault_and_never_to_the_thread(commune, zone, event, info, address, part):
    body = body_of(commune, event)
    body.pop("info", None)
    body[part] = info

    decide(zone, body, body | {"timestamp": stamp(timezone.now())})

    with zone("vault"):
        kept = {row.kind: row.value for row in Attribute.objects.all()}
        assert kept == {"name": "Nguyễn Văn A", "phone": "84900000001", "address": address}
        assert Attribute.objects.count() == 3
        assert not Message.objects.exists()


def test_who_withdraws_gets_nothing_unasked_and_the_duty_officer_a_line(commune, zone):
    body = body_of(commune, "user_withdraw", timestamp=stamp(minutes_ago(1)))

    decide(zone, body, body)

    with zone("vault"):
        assert Citizen.objects.get().wants_silence
        row = Message.objects.get()
        assert (row.kind, row.text, row.state) == ("withdraw", "", "received")


def test_a_revocation_older_than_the_grant_says_nothing(commune, zone):
    with zone("owner"):
        OfficialAccount.objects.update(connected_at=minutes_ago(5))
    old = body_of(commune, "permission_revoked", timestamp=stamp(minutes_ago(10)))

    decide(zone, old)
    with zone("vault"):
        assert OfficialAccount.objects.get().trouble == ""

    decide(zone, body_of(commune, "permission_revoked", timestamp=stamp(minutes_ago(1))))
    with zone("vault"):
        assert OfficialAccount.objects.get().trouble.startswith("OA đã thu hồi")


# --- the later word stays -------------------------------------------------------------------------------------------


def test_an_older_unfollow_that_comes_late_changes_nothing(commune, zone):
    follow = body_of(commune, "follow", timestamp=stamp(minutes_ago(5)))
    unfollow = body_of(commune, "unfollow", timestamp=stamp(minutes_ago(9)))

    decide(zone, follow, unfollow)

    with zone("vault"):
        citizen = Citizen.objects.get()
        assert citizen.follows is True
        assert abs(citizen.first_seen_at - minutes_ago(9)) < timedelta(seconds=30)


def test_a_groups_later_name_and_end_stay(commune, zone):
    told = [
        ("create_group", 9, {}),
        ("update_group_info", 4, {"group_name": "Tổ 3"}),
        ("update_group_info", 6, {"group_name": "Tổ cũ"}),
        ("disperse_group", 2, {}),
        ("create_group", 8, {}),
    ]
    bodies = [
        body_of(commune, "create_group", timestamp=stamp(minutes_ago(ago)), event_name=name, **more)
        for name, ago, more in told
    ]

    rows = decide(zone, *bodies)

    assert {row.state for row in rows} == {"acted"}
    assert rows[3].event_name == "delete_group"
    with zone("vault"):
        group = ChatGroup.objects.get()
        assert (group.name, group.is_active) == ("Tổ 3", False)
        assert abs(group.last_event_at - minutes_ago(2)) < timedelta(seconds=30)  # the newest, not the first to arrive


# --- groups ---------------------------------------------------------------------------------------------------------


def in_group(commune, text, at=None, person=PERSON, **more):
    body = fresh_ids(body_of(commune, "user_send_group_text", timestamp=stamp(at or timezone.now()), **more))
    body["sender"] = {"id": person}
    body["message"]["text"] = text
    return body


def test_words_in_a_group_are_kept_with_the_group_and_open_no_window(commune, zone):
    decide(zone, in_group(commune, f"[@{PERSON}] [@{commune.oa.oa_id}] tổ 3 mất nước", minutes_ago(3)))
    decide(zone, in_group(commune, "đúng rồi", minutes_ago(2), person="99"))

    with zone("vault"):
        group = ChatGroup.objects.get()
        rows = list(Message.objects.order_by("sent_at"))
        assert [row.text for row in rows] == ["@… @… tổ 3 mất nước", "đúng rồi"]
        assert {row.group_id for row in rows} == {group.pk}
        assert rows[0].citizen_id != rows[1].citizen_id
        assert abs(group.last_event_at - rows[1].sent_at) < timedelta(milliseconds=2)
        assert not Citizen.objects.exclude(last_interaction_at=None).exists()


def test_one_person_alone_in_a_group_and_in_another_group_is_three_citizens(commune, zone):
    decide(zone, in_group(commune, "một"), in_group(commune, "hai", recipient={"id": "g-2"}))
    alone = fresh_ids(body_of(commune, "user_send_text", timestamp=stamp(timezone.now()), sender={"id": PERSON}))
    decide(zone, alone, in_group(commune, "ba"))

    with zone("vault"):
        found = {row.text: row.citizen_id for row in Message.objects.all()}
        assert len(set(found.values())) == 3 and found["một"] == found["ba"]
        written_to = list(Citizen.objects.exclude(last_interaction_at=None).values_list("pk", flat=True))
        assert len(written_to) == 1 and written_to[0] not in {found["một"], found["hai"]}
        ids = [row.zalo_user_id for row in Route.objects.all()]
        assert [one for one in ids if not one.startswith("group:")] == [PERSON]


@pytest.mark.parametrize("name", ["user_send_group_bussiness_card", "User-Send Group Text", "user_send_group_hologram"])
def test_a_misspelt_or_new_kind_of_group_message_is_one_all_the_same(commune, zone, name):
    [row] = decide(zone, in_group(commune, "x", event_name=name))

    assert row.state == "acted"
    with zone("vault"):
        assert Message.objects.get().group_id == ChatGroup.objects.get().pk


def test_our_own_words_in_a_group_never_settle_a_private_message(chat, zone):
    say(chat, "Chúng tôi đã nhận tin.")
    body = body_of(chat, "oa_send_group_text")
    body["message"]["text"] = "Chúng tôi đã nhận tin."

    [row] = decide(zone, body)

    assert row.state == "recorded"
    with zone("vault"):
        assert Message.objects.get(direction="out").state == "queued"
        assert Message.objects.count() == 2


def test_words_of_a_group_nobody_names_are_never_taken_for_private_ones(commune, zone):
    [row] = decide(zone, in_group(commune, "x") | {"recipient": {}})

    assert (row.state, row.error) == ("poison", "BadEvent: no group in the event")
    with zone("vault"):
        assert not Message.objects.exists()


def test_the_same_group_in_two_accounts_is_two(commune, other_commune, zone):
    decide(zone, in_group(commune, "một"))
    decide(zone, in_group(other_commune, "hai"))

    with zone("vault"):
        assert sorted(ChatGroup.objects.values_list("unit", flat=True)) == sorted(
            [commune.unit.pk, other_commune.unit.pk]
        )


# --- what was found in Zalo's history -------------------------------------------------------------------------------


def test_what_history_tells_is_stored_once_and_by_the_same_rules(commune, zone):
    body = cast.event_body(commune.oa.oa_id, PERSON, "Từ lịch sử", at=minutes_ago(40))
    with zone("vault"):
        inbox.take(cast.APP_ID, body, timezone.now())
        inbox.take(cast.APP_ID, json.loads(json.dumps(body)), timezone.now())
        row = Message.objects.get()
        assert (row.text, row.queue) == ("Từ lịch sử", "worker")
        assert row.received_at - row.sent_at > timedelta(minutes=39)
        assert not InboundEvent.objects.exists()
        with pytest.raises(inbox.UnknownAccount):
            inbox.take(cast.APP_ID, cast.event_body("999", PERSON, "Ở đâu"), timezone.now())


def test_an_echo_of_what_was_typed_elsewhere_still_arrives(chat, zone):
    assert echo(chat, "Gõ trong trang quản trị", uuid.uuid4().hex).state == "acted"
    take_in(zone)

"""What the machine cannot read is shown to a person, who has it tried again or says what was done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from tests import cast
from tests.gateway.test_inbox import body_of, decide, fresh_ids, put
from tests.tips.scenes import client_of, entries, queries, text
from zalopolice.gateway import inbox, stuck, watch
from zalopolice.gateway.models import InboundEvent, Incident, Message, OfficialAccount, StuckEvent
from zalopolice.units.models import Alert

WORDS = "Cứu tôi với, nhà tôi bị trộm"


@pytest.fixture
def no_stickers(commune):
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE gateway_message ADD CONSTRAINT unforeseen CHECK (kind <> 'sticker') NOT VALID")
    yield commune
    mend()


def mend():
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE gateway_message DROP CONSTRAINT IF EXISTS unforeseen")


def break_one(commune, words=WORDS):
    body = fresh_ids(body_of(commune, "user_send_sticker"))
    body["message"]["text"] = words
    pk = put(commune.zone, body)
    with commune.zone("vault"):
        for _ in range(inbox.POISON_AFTER):
            InboundEvent.objects.filter(pk=pk).update(next_at=timezone.now())
            inbox.receive(pk)
    return pk


def only(commune):
    with commune.zone("vault"):
        row = StuckEvent.objects.get()
        _ = row.text, row.note
        return row


def test_poison_of_a_known_account_comes_before_the_duty_officer_with_its_words(no_stickers, zone):
    pk = break_one(no_stickers)

    row = only(no_stickers)

    assert (row.event_id, row.event_name, row.text) == (pk, "user_send_sticker", WORDS)
    assert (row.error, row.oa_id) == ("IntegrityError", no_stickers.oa.pk)
    page = client_of(no_stickers, "cuong").get("/")
    assert "1 tin cần xử lý tay" in text(page)
    assert "1 tin cần xử lý tay" in text(client_of(no_stickers, "cuong").get("/hop-tin/"))
    assert "tin cần xử lý tay" not in text(client_of(no_stickers, "an").get("/"))
    with zone("owner"):
        assert Alert.objects.get(kind="stuck_event").permission == "tray_read"


def test_many_are_one_alert(no_stickers, zone):
    for _ in range(3):
        break_one(no_stickers)

    with zone("owner"):
        assert (StuckEvent.objects.count(), Alert.objects.filter(kind="stuck_event").count()) == (3, 1)


def test_poison_of_nobody_is_counted_and_shown_to_no_unit(commune, zone):
    decide(zone, b"[]")

    with zone("vault"):
        assert (StuckEvent.objects.count(), stuck.unknown()) == (0, 1)


def test_what_waits_for_an_account_nobody_has_connected_is_told_after_minutes(commune, zone, broker):
    """The consent succeeded at Zalo, our next call failed: citizens write, and no unit's page can show it."""
    with zone("owner"):
        OfficialAccount.objects.update(connected_at=None)
    (row,) = decide(zone, fresh_ids(body_of(commune, "user_send_text")))
    with zone("vault"):
        assert (row.state, stuck.unknown()) == (InboundEvent.State.PENDING, 0)  # whoever connects just now
        InboundEvent.objects.update(received_at=timezone.now() - stuck.CONNECTING)
        assert stuck.unknown() == 1

        watch.watch()

        incident = Incident.objects.get(kind=Incident.Kind.EVENTS_STUCK)
        assert (incident.oa_id, incident.figure, incident.unit.kind) == (None, 1, "province")
        assert Alert.objects.get(kind="incident").permission == "set_up"  # nobody else rings for it

        OfficialAccount.objects.update(connected_at=timezone.now())
        inbox.wake(cast.APP_ID)
        inbox.receive(row.pk)
        watch.watch()
        assert Incident.objects.get(pk=incident.pk).ended_at


def test_an_event_that_is_tried_again_is_not_counted_as_nobodys(no_stickers, zone):
    pk = break_one(no_stickers)
    with zone("vault"):
        stuck.release(StuckEvent.objects.get(event_id=pk).pk)
        InboundEvent.objects.update(received_at=timezone.now() - timedelta(days=1))
        assert stuck.unknown() == 0


def test_the_page_shows_the_words_once_asked_and_writes_it_down(no_stickers):
    break_one(no_stickers)
    row, client = only(no_stickers), client_of(no_stickers, "cuong")

    listed, shown = text(client.get("/can-xu-ly-tay/")), text(client.get(f"/can-xu-ly-tay/{row.pk}/"))

    assert WORDS not in listed
    assert WORDS in shown and "nguy hiểm tính mạng" in shown
    assert len(entries(no_stickers, "stuck.viewed")) == 1
    assert client_of(no_stickers, "an").get(f"/can-xu-ly-tay/{row.pk}/").status_code == 404


def test_trying_again_reads_it_when_the_code_is_mended(no_stickers, zone, bell):
    break_one(no_stickers)
    row, client = only(no_stickers), client_of(no_stickers, "cuong")

    client.post(f"/can-xu-ly-tay/{row.pk}/thu-lai/")
    assert ("zalopolice.retry_event", str(row.pk), "vault") in bell
    with zone("vault"):
        inbox.retry(row.pk)
    assert (only(no_stickers).read_at, only(no_stickers).next_at) == (None, None)
    assert "Thử lại chưa được" in text(client.get(f"/can-xu-ly-tay/{row.pk}/"))

    mend()
    client.post(f"/can-xu-ly-tay/{row.pk}/thu-lai/")
    client.post(f"/can-xu-ly-tay/{row.pk}/thu-lai/")
    with zone("vault"):
        inbox.retry(row.pk)
        inbox.retry(row.pk)
        assert Message.objects.get().text == WORDS
        assert InboundEvent.objects.get().state == "acted"
    assert only(no_stickers).read_at is not None
    assert len(entries(no_stickers, "stuck.tried_again")) == 2
    assert "tin cần xử lý tay" not in text(client.get("/"))
    assert client.post(f"/can-xu-ly-tay/{row.pk}/thu-lai/").status_code == 409


def test_handling_needs_a_word_and_is_written_down(no_stickers, zone):
    break_one(no_stickers)
    row, client = only(no_stickers), client_of(no_stickers, "cuong")
    place = f"/can-xu-ly-tay/{row.pk}/da-xu-ly/"

    assert client.post(place, {"note": " "}).status_code == 422
    assert client.post(place, {"note": "Đã gọi lại cho bà Hoa"}).status_code == 302

    row = only(no_stickers)
    assert (row.note, row.handled_by_id) == ("Đã gọi lại cho bà Hoa", no_stickers.cuong.pk)
    assert len(entries(no_stickers, "stuck.handled")) == 1
    assert client.post(place, {"note": "Lần nữa"}).status_code == 409
    assert "Lê Mạnh Cường" in text(client.get("/can-xu-ly-tay/?muc=da-xong"))
    with zone("vault"):
        InboundEvent.objects.update(received_at=timezone.now() - timedelta(days=8))
        StuckEvent.objects.update(handled_at=timezone.now() - timedelta(days=8))
        assert inbox.forget_bodies() == 1


def test_the_list_asks_as_much_for_thirty_as_for_one(no_stickers, zone):
    with zone("vault"):
        for number in range(30):
            StuckEvent.objects.create(
                unit_id=no_stickers.unit.pk,
                oa=no_stickers.oa,
                event_id=cast.uuid.uuid4(),
                received_at=timezone.now() - timedelta(minutes=number),
                error="IntegrityError",
                text="x",
            )
    client = client_of(no_stickers, "cuong")
    many = queries(client, "/can-xu-ly-tay/")
    with zone("owner"):
        StuckEvent.objects.exclude(pk=StuckEvent.objects.first().pk).delete()

    assert queries(client, "/can-xu-ly-tay/") == many <= 12

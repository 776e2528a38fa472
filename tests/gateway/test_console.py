"""What was typed past the portal is told at once; what was ours is not taken for it (T20)."""

from __future__ import annotations

import random
import re
import time

import pytest
from django.urls import reverse
from django.utils import timezone

from tests import cast
from tests.fault_size import LONG, SEED
from tests.gateway.conftest import echo, say
from tests.gateway.sending import accepted_then, deliver, now
from tests.tips.scenes import client_of
from zalopolice.audit.models import Entry
from zalopolice.gateway import delivery
from zalopolice.gateway.models import Citizen, InboundEvent, Incident, Message
from zalopolice.gateway.verdicts import Outcome, Verdict
from zalopolice.units.models import Alert

State = Message.State
REPLIES = 200 if LONG else 25


def typed(commune, text, msg_id, citizen="dung"):
    """An echo with the id of whoever typed it in Zalo's own console."""
    body = cast.event_body(commune.oa.oa_id, commune.user_id(citizen), text, event_name="oa_send_text", msg_id=msg_id)
    body["sender"], body["recipient"] = body["recipient"] | {"admin_id": "4409917788123400567"}, body["sender"]
    return body


def told(zone, commune):
    with zone("owner"):
        alert = Alert.objects.filter(kind=Alert.Kind.CONSOLE_REPLY, unit=commune.unit).first()
        entries = Entry.objects.filter(kind="message.typed_in_console", unit_id=commune.unit.pk)
        incident = Incident.objects.filter(kind=Incident.Kind.CONSOLE_REPLY, oa=commune.oa).exists()
        return alert, entries.count(), incident


def test_t20_every_reply_typed_in_the_console_is_told(chat, zalo, zone, figures):
    """Among our own answers, some of whose outcomes are unclear; half of the echoes name who typed them."""
    choose = random.Random(SEED)
    begun, ours = time.monotonic(), 0
    for number in range(REPLIES):
        if choose.random() < 0.5:
            lost = choose.random() < 0.3
            zalo.script.append(accepted_then(lambda handler: handler.hang_up()) if lost else "ok")
            row = say(chat, f"Của ta {number}")
            deliver(zone, row)
            echo(chat, row.text, zalo.sent[-1]["message_id"])
            ours += 1
        if choose.random() < 0.5:
            echo(chat, f"Gõ {number}", f"c{number}")
        else:
            cast.store_event(zone, typed(chat, f"Gõ {number}", f"c{number}"))
            cast.work_inbox(zone)
    lasted = time.monotonic() - begun

    alert, entries, incident = told(zone, chat)
    with zone("vault"):
        console = Message.objects.filter(origin=Message.Origin.CONSOLE)
        assert sorted(console.values_list("zalo_msg_id", flat=True)) == sorted(f"c{n}" for n in range(REPLIES))
        assert alert.subject == Citizen.objects.get().pk
    assert (entries, incident) == (REPLIES, True)
    assert alert.permission == "tray_read"
    figures("T20", typed=REPLIES, told=entries, ours=ours, ours_told=0, seconds_each=round(lasted / REPLIES, 2))


def test_an_echo_that_names_its_author_does_not_wait_for_our_own_answer(chat, zalo, zone):
    """While a row is on its way any other echo waits; this one cannot be ours."""
    row = say(chat, "Chào bà")
    with zone("vault"):
        lease = timezone.now() + delivery.lease()
        Message.objects.filter(pk=row.pk).update(state=State.SENDING, attempt=1, next_at=lease)
    pk = cast.store_event(zone, typed(chat, "Chào bà", "c1"))
    cast.work_inbox(zone)

    with zone("vault"):
        assert InboundEvent.objects.get(pk=pk).state == "acted"
    assert told(zone, chat)[1] == 1


@pytest.mark.parametrize("words", ["Chúng tôi đã nhận tin của bà.", "Chúng  tôi đã nhận tin của bà. "])
def test_the_echo_of_an_answer_without_an_id_is_ours(waiting, chat, zalo, zone, words):
    zalo.script.append({"error": 0, "message": "Success", "data": {}})
    assert deliver(zone, waiting).zalo_msg_id == ""

    echo(chat, words, "m9")

    assert now(zone, waiting).zalo_msg_id == "m9"
    assert told(zone, chat)[:2] == (None, 0)


def test_what_turns_out_to_be_ours_is_taken_back(waiting, chat, zalo, zone):
    """Zalo worded its echo differently, and its answer to our call came later than its lease."""
    with zone("vault"):
        moment = timezone.now()
        row = {"state": State.UNKNOWN, "attempt": 1, "sending_since": moment, "next_at": moment}
        Message.objects.filter(pk=waiting.pk).update(**row)
    echo(chat, "Chúng tôi đã nhận… (liên kết)", "m7")
    assert told(zone, chat)[1] == 1

    with zone("vault"):
        slow = Message.objects.get(pk=waiting.pk)
        slow.state = State.SENDING
        delivery.record(slow, Outcome(Verdict.SENT, "m7"))
        assert not Message.objects.filter(origin=Message.Origin.CONSOLE).exists()
    assert now(zone, waiting).zalo_msg_id == "m7"
    with zone("owner"):
        assert Entry.objects.filter(kind="message.not_typed_in_console").count() == 1


def test_the_bell_leads_to_the_thread_and_the_thread_shows_it(chat, zalo, zone):
    cast.work_inbox(zone)
    echo(chat, "Gõ ngoài cổng", "c1")
    duty = client_of(chat, "cuong")

    page = duty.get(reverse("alerts")).content.decode()
    [href] = set(re.findall(r'href="(/hop-tin/[0-9a-f-]+/)"', page))
    assert "Có người trả lời ngoài hệ thống" in page
    thread = duty.get(href).content.decode()
    assert "Gõ ngoài cổng" in thread
    assert "ngoài cổng này" in thread

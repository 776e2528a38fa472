"""The first steps of routing: messages the machine files and does not talk about (said in a group, called instead of
written, written too fast, a day old or answered at Zalo when they came; danger to life rings in each of them), and the
code of a poster."""

from __future__ import annotations

import time
import unicodedata
import uuid
from datetime import timedelta

from django.utils import timezone

from tips import danger, intake, recognition
from tips.models import TrayItem
from zalopolice import faults, message_reading, written
from zalopolice.gateway import flood, incidents, outbox, sources
from zalopolice.gateway.models import Incident, Message
from zalopolice.units import hotline
from zalopolice.units.models import Unit

ANSWERED_WITHIN = timedelta(hours=24)
"""An automatic answer to what was said a day ago answers nobody."""
ANSWERED_AT_ZALO = """SELECT EXISTS (
    SELECT FROM gateway_message WHERE citizen_id = %s AND origin = 'console' AND sent_at > %s AND kind <> 'call')"""
SAID_ONCE_IN = timedelta(hours=24)
SAFETY_ONCE_IN = timedelta(minutes=30)
WORDLESS = {"call", "withdraw"}
STOP = {"stop", "dừng", "dừng lại", "hủy", "huỷ", "hủy đăng ký", "huỷ đăng ký"}
TOLD_EVERY = 60.0
_told: dict[uuid.UUID, float] = {}


def keep(message: Message) -> bool:
    if message.group_id is not None:
        _of_group(message)
        return True
    if message.kind in WORDLESS:
        _file(message)
        return True
    old = timezone.now() - message.sent_at > ANSWERED_WITHIN or _answered_at_zalo(message)
    excess = flood.measure(message)
    faults.point("routing.measured")
    if not (old or excess.person or excess.unit):
        return False
    if excess.unit:
        _tell_of_flood(message)
    if excess.person:
        message.is_flood = True
        message.save(update_fields=["is_flood"])
    _file_unanswered(message, old=old)
    return True


def _answered_at_zalo(message: Message) -> bool:
    """By somebody in Zalo's console, or by us in rows a restore has taken; a call answers nothing in writing."""
    return bool(written.value(ANSWERED_AT_ZALO, message.citizen_id, message.sent_at))


def source(message: Message) -> bool:
    """Before all else: the code of a poster is noted and taken off. Who sent nothing but the code is told how to go
    on, unless a person or a case already has this thread."""
    written = message.text
    tag = sources.read(message)
    if tag is None or not written or message.text or message.attachments.exists():
        return False
    if intake.open_case_of(message.citizen) or intake.waiting_item_of(message.citizen):
        return False
    outbox.answer(message, "source_greeting", unit=Unit.objects.values_list("name", flat=True).get(pk=message.unit_id))
    return True


def says_stop(message: Message) -> bool:
    """As written: without marks "dừng" is "đúng" and a first name."""
    words = " ".join(unicodedata.normalize("NFC", message.text.lower()).split()).strip(".! ")
    return words in STOP


def silence(message: Message) -> None:
    message.citizen.wants_silence = True
    message.citizen.save(update_fields=["wants_silence"])


def _of_group(message: Message) -> None:
    """Others read along: no answer goes out, and it is nobody's tip until an officer makes one of it. A cry for help
    does not wait for that; it must be named, for of all that neighbours say to each other too much sounds like one."""
    if danger.assess(message.text) is danger.Danger.EMERGENCY:
        intake.put_in_tray(message, kind=TrayItem.Kind.TIP, urgent=True)


def _file_unanswered(message: Message, *, old: bool) -> None:
    sources.read(message)
    if says_stop(message):
        silence(message)
    is_named = danger.assess(message.text) is danger.Danger.EMERGENCY
    if is_named or (message_reading.read(message).kind == "emergency" and not message_reading.is_half_said(message)):
        _alarm(message, old=old)
        return
    item = _file(message)
    if old or item is None:
        return
    if item.kind == TrayItem.Kind.TIP:
        # Only answers pause when a whole ward writes at once; who reports something still gets the code of it, and
        # inside a tip nothing else is said.
        if not item.tip_code:
            outbox.answer(message, "tip_received", code=intake.give_tip_code(item))
    elif message.is_flood and not _said(message, "flooding", SAID_ONCE_IN):
        outbox.answer(message, "flooding")


def _alarm(message: Message, *, old: bool) -> None:
    if not old and not (message.is_flood and _said(message, "safety", SAFETY_ONCE_IN)):
        outbox.answer(message, "safety", phone=hotline.duty_phone(message.unit_id))
    case = intake.open_case_of(message.citizen)
    if case is not None:
        intake.mark_urgent(case)
    intake.put_in_tray(message, kind=TrayItem.Kind.TIP, urgent=True)


def _file(message: Message) -> TrayItem | None:
    case = intake.open_case_of(message.citizen)
    if case is not None:
        intake.file_in_case(message, case, silently=message.is_flood)
        return None
    reports = recognition.wants_to_report(message.text)
    return intake.put_in_tray(message, kind=TrayItem.Kind.TIP if reports else "")


def _said(message: Message, name: str, lately: timedelta) -> bool:
    since = timezone.now() - lately
    said = Message.objects.filter(citizen=message.citizen, direction=Message.Direction.OUT, sent_at__gte=since)
    return said.filter(business_key__startswith=f"{name}:").exists()


def _tell_of_flood(message: Message) -> None:
    now = time.monotonic()
    if now - _told.get(message.unit_id, -TOLD_EVERY) >= TOLD_EVERY:
        _told[message.unit_id] = now
        incidents.begin(Incident.Kind.FLOOD, message.oa)

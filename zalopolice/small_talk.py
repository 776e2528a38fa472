"""Answers that are no procedure: whom to call, when it is open, thanks. From what the unit publishes, in our texts."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum, auto

from django.conf import settings
from django.utils import timezone

from procedures import conversation, sheet, topics
from procedures.conversation import Desk
from zalopolice.gateway import outbox
from zalopolice.gateway.models import Message
from zalopolice.units import hotline


class Said(Enum):
    NOTHING = auto()
    ANSWERED = auto()
    HANDED_OVER = auto()  # a person has to read it


TOPICS = conversation.SERVICES
HANDED_OVER = {"lookup_id_result": "own_file", "wanted_missing": "missing_person", "elsewhere": "elsewhere"}


def answer(message: Message, topic: str, desk: Desk) -> Said:
    if topic == "greeting_thanks":
        return _thanks(message)
    if topic == "hotline":
        return _hotline(message, desk)
    if topic == "appointment":
        return _hours(message, desk)
    outbox.answer(message, HANDED_OVER[topic], opening=hotline.opening_of(desk.office))
    return Said.HANDED_OVER


def _thanks(message: Message) -> Said:
    """Once: two machines being polite to each other never end. Hello is no thanks: it is asked what is wanted."""
    if not topics.is_thanks(message.text):
        return Said.NOTHING
    lately = timezone.now() - timedelta(hours=12)
    said = Message.objects.filter(citizen=message.citizen, business_key__startswith="thanks:", sent_at__gte=lately)
    if not said.exists():
        outbox.answer(message, "thanks")
    return Said.ANSWERED


def _hotline(message: Message, desk: Desk) -> Said:
    found = hotline.asked_for(message.text, hotline.of_unit(message.unit_id))
    if not found.contacts and desk.office is None:
        outbox.answer(message, "not_understood", opening=None)
        return Said.HANDED_OVER
    link = f"{settings.PUBLIC_URL}/don-vi/{desk.unit.code}/"
    values = {"unit": desk.unit.name, "contacts": found.contacts, "office": desk.office, "link": link}
    outbox.answer(message, "hotline", **values, area_known=found.area_known)
    return Said.ANSWERED


def _hours(message: Message, desk: Desk) -> Said:
    booking = topics.is_booking(message.text) or desk.office is None
    lines = sheet.opening(desk.office.hours) if desk.office else []
    opening = hotline.opening_of(desk.office)
    outbox.answer(
        message, "hours", unit=desk.unit.name, office=desk.office, lines=lines, opening=opening, booking=booking
    )
    return Said.HANDED_OVER if booking else Said.ANSWERED

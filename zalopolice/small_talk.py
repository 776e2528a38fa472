"""Answers that are no procedure: whom to call, who is on duty, whether an officer is genuine, what is new, when it is
open, thanks. From what the unit publishes, in our texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import Enum, auto

from django.conf import settings
from django.utils import timezone

from broadcasts import news
from procedures import sheet, topics
from procedures.conversation import Desk
from tips import intake
from zalopolice.gateway import official, outbox
from zalopolice.gateway.models import Message
from zalopolice.units import hotline, officer_check


class Said(Enum):
    NOTHING = auto()
    ANSWERED = auto()
    HANDED_OVER = auto()  # a person has to read it


HANDED_OVER = {"lookup_id_result": "own_file", "wanted_missing": "missing_person", "elsewhere": "elsewhere"}


def asked(text: str) -> str:
    """The one of ``ANSWERS`` that few words ask for plainly, whatever was learnt; ""."""
    return "genuine" if officer_check.is_check_code(text) else topics.plainly(text)


def answer(message: Message, topic: str, desk: Desk) -> Said:
    if topic in ANSWERS:
        return ANSWERS[topic](message, desk)
    outbox.answer(message, HANDED_OVER[topic], opening=hotline.opening_of(desk.office))
    return Said.HANDED_OVER


def _thanks(message: Message, _desk: Desk) -> Said:
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
    named = [(f"{one.title} {one.area.name if one.area else ''}", one.phone) for one in found.contacts]
    outbox.say_contacts(message, "hotline_contact", named)
    return Said.ANSWERED


def _on_duty(message: Message, desk: Desk) -> Said:
    shifts, phone = hotline.on_duty(message.unit_id), hotline.duty_phone(message.unit_id)
    outbox.answer(message, "on_duty", unit=desk.unit.name, on_duty=shifts, phone=phone)
    if phone:
        outbox.say_contact(message, "on_duty_contact", outbox.words("choice_duty_desk"), phone)
    return Said.ANSWERED


def _genuine(message: Message, desk: Desk) -> Said:
    """An officer's code is judged; without one, which accounts are official and how to ask an officer for a code."""
    code, values = officer_check.code_of(message.text), _about(desk)
    if code and message.text.replace(" ", "").isdigit() and intake.waiting_item_of(message.citizen) is not None:
        return Said.NOTHING  # an officer or the bot has asked for a number: of a file, of a receipt
    if not code:
        values |= {"link": f"{settings.PUBLIC_URL}/kiem-tra/{desk.unit.code}/"}
        outbox.answer(message, "genuine", accounts=official.accounts(message.unit_id), **values)
        return Said.ANSWERED
    verdict = officer_check.ask(message.unit_id, code, str(message.citizen_id))
    until = timezone.localtime(verdict.until) if verdict.until else None
    outbox.answer(message, f"check_{verdict.kind}", shown_as=verdict.shown_as, until=until, **values)
    # Whoever shows a wrong code may be cheating somebody at this moment.
    return Said.ANSWERED if verdict.kind == "yes" else Said.HANDED_OVER


def _about(desk: Desk) -> dict[str, str]:
    return {"unit": desk.unit.name, "phone": hotline.duty_phone(desk.unit.pk)}


def _news(message: Message, desk: Desk) -> Said:
    code = desk.unit.code
    newest, recent = news.glance(message.unit_id)
    pieces = [
        {"title": one.title, "on": timezone.localtime(one.changed_at), "link": news.link(one, code)} for one in newest
    ]
    values = {"unit": desk.unit.name, "link": news.page_of(code), "days": news.LATELY.days}
    outbox.answer(message, "news" if pieces else "news_none", pieces=pieces, recent=recent, **values)
    return Said.ANSWERED


def _hours(message: Message, desk: Desk) -> Said:
    booking = topics.is_booking(message.text) or desk.office is None
    lines = sheet.opening(desk.office.hours) if desk.office else []
    opening = hotline.opening_of(desk.office)
    outbox.answer(
        message, "hours", unit=desk.unit.name, office=desk.office, lines=lines, opening=opening, booking=booking
    )
    return Said.HANDED_OVER if booking else Said.ANSWERED


ANSWERS: dict[str, Callable[[Message, Desk], Said]] = {
    "greeting_thanks": _thanks,
    "hotline": _hotline,
    "appointment": _hours,
    "on_duty": _on_duty,
    "genuine": _genuine,
    "news": _news,
}

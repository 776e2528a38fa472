"""What the bot could not answer, kept for the editors (features F7 and F8): the words without whoever wrote them.

Zone worker. Also counts how asking for each procedure ended; the numbers hold nobody's words."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Protocol

from django.utils import timezone

from procedures.masking import masked
from procedures.models import Miss, MissWeek, Outcome
from zalopolice.gateway.models import Message
from zalopolice.vietnamese import fold

PRIVATE = {"tip", "emergency", "lookup_id_result", "wanted_missing"}
OWN_BUSINESS = {"no words", "a name and a number"}
"""Rules of a reading after which the words are somebody's person, not a question."""


class Reading(Protocol):
    """What is needed of ``zalopolice.reading``."""

    @property
    def kind(self) -> str: ...
    @property
    def candidates(self) -> tuple[tuple[str, float], ...]: ...
    @property
    def rule(self) -> str: ...
    @property
    def topic(self) -> str: ...


def note(message: Message, reading: Reading, about: str = "", *, is_asked_back: bool | None = None) -> None:
    """Keeps a question that was asked back or handed over. ``about``: the procedure whose card did not answer it.

    Not what may be a report or one's own file: these are for the duty officer alone, not for editors."""
    if reading.kind not in {"ask_back", "handoff"} or reading.topic not in {"", "elsewhere"}:
        return
    labels = [label for label, _ in reading.candidates]
    if is_asked_back is None:
        is_asked_back = reading.kind == "ask_back"
    if about or not is_asked_back:
        count(message.unit_id, about, Outcome.Kind.ASKED_BACK if is_asked_back else Outcome.Kind.HANDED_OVER)
    if reading.rule in OWN_BUSINESS or PRIVATE.intersection(labels[:2]):
        return
    kind = Miss.Kind.ASKED_BACK if is_asked_back else Miss.Kind.HANDED_OVER
    _keep(message, message.text, kind, [about, *labels] if about else labels)


def wrong(message: Message, slug: str, asked: str = "") -> None:
    """A citizen says that the card of ``slug`` was not it; ``asked``: the question that led to it."""
    count(message.unit_id, slug, Outcome.Kind.WRONG)
    _keep(message, asked, Miss.Kind.WRONG, [slug])


def count(unit: uuid.UUID, slug: str, kind: str) -> None:
    Outcome.objects.create(unit_id=unit, slug=slug, kind=kind, month=timezone.localdate().replace(day=1))


def _keep(message: Message, text: str, kind: str, labels: Sequence[str]) -> None:
    words = masked(text)
    if len(fold(words)) < 3:
        return
    today = timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    Miss.objects.create(unit_id=message.unit_id, monday=monday, kind=kind, labels=labels[:4], text=words)
    week = MissWeek(unit_id=message.unit_id, monday=monday, queue="worker", next_at=_night_after(monday))
    MissWeek.objects.bulk_create([week], ignore_conflicts=True)


def _night_after(monday: date) -> datetime:
    return datetime.combine(monday + timedelta(days=7), time(3), tzinfo=timezone.get_default_timezone())

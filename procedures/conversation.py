"""The bot's talk about procedures: ask which one, give the card, answer what is asked about it next.

Zone worker. Says things and keeps the dialogue; where a message is filed is decided by ``zalopolice/answering.py``.
A dialogue carries on what was said so far: ``heard`` (messages no officer has seen), ``item`` (the thread of the tray
that was opened only to ask what is wanted)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone

from procedures import answers, aspects, catalogue, flow_models, misses, sheet
from procedures.catalogue import Entry
from procedures.flow_models import Flow
from procedures.models import Outcome, UnitOverride
from procedures.topics import SERVICES
from procedures.turns import ABOUT, CHOOSING, OFFICER, TIP, WHICH, WRONG, Turn, number
from procedures.understanding import CHOICES
from zalopolice.gateway import dialogues, outbox
from zalopolice.gateway.models import Dialogue, Message, SharedFile
from zalopolice.units import calendar, hotline
from zalopolice.units.models import Office, Unit

LASTS = timedelta(hours=12)
AGAIN_AFTER = timedelta(minutes=2)
Carried = dict[str, Any]


class Desk:
    """What is published for one unit, read when it is needed: at most once a message."""

    def __init__(self, unit_id: Any) -> None:
        self.unit_id = unit_id

    @cached_property
    def unit(self) -> Unit:
        return Unit.objects.get(pk=self.unit_id)

    @cached_property
    def entries(self) -> list[Entry]:
        return catalogue.published(self.unit_id)

    @cached_property
    def flows(self) -> list[Flow]:
        return flow_models.published(self.unit_id)

    @cached_property
    def office(self) -> Office | None:
        return hotline.office_of(self.unit_id)

    def entry(self, slug: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.slug == slug), None)

    def place(self, entry: Entry) -> tuple[sheet.Place, Any]:
        """Where this procedure is done, and whether that is open now: unknown where it keeps hours of its own."""
        fields = ("hours", "address", "contact")
        own = UnitOverride.objects.filter(procedure=entry.procedure_id, unit=self.unit_id).values(*fields).first()
        office = (
            {name: getattr(self.office, name) for name in ("hours", "address", "phone", "note")} if self.office else {}
        )
        opening = None if own and own["hours"] else hotline.opening_of(self.office)
        return sheet.place(office, own), opening

    def days(self, asked: Sequence[date]) -> list[answers.Day]:
        """The office's hours on these days, holidays and days worked off included."""
        if self.office is None or not self.office.hours or not asked:
            return []
        decided, zone = calendar.decided(timezone.localdate()), timezone.get_default_timezone()
        return [
            answers.Day(
                datetime.combine(day, time(12), tzinfo=zone), tuple(calendar.spans(day, self.office.hours, decided))
            )
            for day in asked
        ]

    def files(self, entry: Entry) -> list[SharedFile]:
        """What an editor attached to the entry, in the editor's order; what was taken back is not there."""
        ids = answers.file_ids(entry)
        found = {str(file.pk): file for file in SharedFile.objects.filter(pk__in=ids, retired_at=None)} if ids else {}
        return [found[one] for one in ids if one in found]


def state_of(dialogue: Dialogue | None) -> Carried:
    return dict(json.loads(dialogue.state or "{}")) if dialogue else {}


def so_far(dialogue: Dialogue | None) -> Carried:
    """What goes on into the next dialogue; the choices and the procedure of this one do not."""
    return {name: value for name, value in state_of(dialogue).items() if name in {"heard", "item"}}


def ask_which(message: Message, carried: Carried) -> None:
    outbox.answer(message, "which_procedure")
    dialogues.begin(message.citizen, WHICH, carried, LASTS)


def ask_back(message: Message, slugs: Sequence[str], carried: Carried, desk: Desk, *, report: bool = False) -> None:
    """Up to four numbered choices and an officer; a report is the first of them when the words sound like one.

    ``slugs``: procedures, and what is none (``TIP``, ``SERVICES``)."""
    near = [TIP] * report + [slug for slug in slugs if slug != TIP or not report]
    names = {slug: name for slug in near if (name := _name(slug, desk))}
    offered = [*list(names)[:CHOICES], OFFICER]
    named = [*list(names.values())[:CHOICES], outbox.words("choice_officer")]
    if _has_just_asked(message, offered):
        return
    outbox.answer(message, "choose", choices=named, report=report)
    if first := next((slug for slug in names if desk.entry(slug)), ""):
        misses.count(message.unit_id, first, Outcome.Kind.ASKED_BACK)
    # What may be a report is for the duty officer alone: editors never read it (``misses.wrong``).
    state = {**carried, "offered": offered, "asked": "" if TIP in names else str(message.pk)}
    dialogues.begin(message.citizen, CHOOSING, state, LASTS)


def _name(slug: str, desk: Desk) -> str:
    if slug in (TIP, *SERVICES):
        return outbox.words(f"choice_{slug}")
    entry = desk.entry(slug)
    return entry.name if entry else ""


def _has_just_asked(message: Message, offered: list[str]) -> bool:
    """The same menu stands unanswered on the phone: who writes on has seen it, and needs none under each line."""
    asked = dialogues.current(message.citizen)
    if asked is None or asked.kind != CHOOSING or asked.expires_at - LASTS < timezone.now() - AGAIN_AFTER:
        return False
    return bool(json.loads(asked.state).get("offered") == offered)


def give(message: Message, slug: str, carried: Carried, desk: Desk) -> bool:
    """The card; of what took its place, when the law no longer knows the name."""
    entry = asked = desk.entry(slug)
    if asked is not None and asked.replaced_by:
        entry = desk.entry(asked.replaced_by)
    if asked is None:
        return False
    if entry is None or entry.is_former_name:
        return _explain(message, asked, carried, desk)
    place, opening = desk.place(entry)
    text = answers.card(
        entry.in_language(outbox.spoken()), place, timezone.localdate(), unit=desk.unit.name, unit_code=desk.unit.code,
        opening=opening, former=asked if asked is not entry else None,
    )  # fmt: skip
    outbox.say(message, "procedure", text)
    for file in desk.files(entry):
        if file.kind != SharedFile.Kind.FORM:
            outbox.say_file(message, "procedure_file", file)
    misses.count(message.unit_id, entry.slug, Outcome.Kind.ANSWERED)
    said = {"slug": entry.slug, "steps": answers.next_steps(entry), "asked": _question_of(message)}
    dialogues.begin(message.citizen, ABOUT, {**carried, **said}, LASTS)
    return True


def _explain(message: Message, former: Entry, carried: Carried, desk: Desk) -> bool:
    """An old name with nothing published in its place: a card of it would be empty."""
    text = answers.gone(former.in_language(outbox.spoken()), timezone.localdate(), desk.unit.code)
    outbox.say(message, "procedure", text)
    said = {"slug": former.slug, "steps": [OFFICER], "gone": True, "asked": _question_of(message)}
    dialogues.begin(message.citizen, ABOUT, {**carried, **said}, LASTS)
    return True


def _question_of(message: Message) -> str:
    """Id of the message that asked; this one may only be a number under a menu."""
    if not number(message.text):
        return str(message.pk)
    asked = dialogues.current(message.citizen)
    return str(json.loads(asked.state).get("asked") or message.pk) if asked else str(message.pk)


def follow_up(message: Message, turn: Turn, state: Carried, desk: Desk) -> str:
    """Answers what was said about the procedure just given: "said", or ``OFFICER``."""
    entry = desk.entry(state.get("slug", ""))
    if entry is None:
        return OFFICER
    if turn.where == OFFICER:
        misses.count(message.unit_id, entry.slug, Outcome.Kind.HANDED_OVER)
        return OFFICER
    if turn.where == WRONG:
        _note_wrong(message, entry, state)
        return "said"
    _say_part(message, turn.parts, entry, desk)
    dialogues.begin(message.citizen, ABOUT, state, LASTS)
    return "said"


def ask_more(message: Message, state: Carried, desk: Desk) -> None:
    """What may go on about the card and no part of it answers: all there is, the forms, an officer, or a report."""
    entry = desk.entry(state["slug"])
    steps = [step for step in state.get("steps", ()) if step != TIP]
    names = [*(outbox.words(f"next_{step}") for step in steps), outbox.words("choice_tip")]
    name = entry.in_language(outbox.spoken()).name if entry else ""
    outbox.answer(message, "procedure_more", name=name, steps_next=names)
    said = {"steps": [*steps, TIP], "offered_at": timezone.now().timestamp()}
    dialogues.begin(message.citizen, ABOUT, {**state, **said}, LASTS)


def _say_part(message: Message, wanted: Sequence[str], entry: Entry, desk: Desk) -> None:
    """What is asked of the entry; the forms come as files behind their names."""
    place, opening = desk.place(entry)
    today = timezone.localdate()
    asked = desk.days(aspects.days(message.text, today)) if "hours" in wanted and opening is not None else []
    files = [file for file in desk.files(entry) if file.kind == SharedFile.Kind.FORM] if answers.FORMS in wanted else []
    said = entry.in_language(outbox.spoken())
    text = answers.part(
        wanted, said, place, today, unit=desk.unit.name, unit_code=desk.unit.code, opening=opening, days=asked,
        has_files=bool(files),
    )  # fmt: skip
    outbox.say(message, f"procedure_{wanted[0]}", text)
    for file in files:
        outbox.say_file(message, "procedure_form", file)


def _note_wrong(message: Message, entry: Entry, state: Carried) -> None:
    """ "Chưa đúng" (feature F8): noted once a card with the question that led here, and an officer is offered."""
    if not state.get("noted"):
        key = state.get("asked")
        asked = Message.objects.filter(pk=key, citizen=message.citizen).first() if key else None
        misses.wrong(message, entry.slug, asked.text if asked else "")
    outbox.answer(message, "wrong_noted", name=entry.name)
    dialogues.begin(message.citizen, ABOUT, {**state, "steps": [OFFICER], "noted": True}, LASTS)

"""The bot's talk about procedures: ask which one, give the card, answer what is asked about it next.

Zone worker. Says things and keeps the dialogue; where a message is filed is decided by ``zalopolice/routing.py``.
A dialogue carries on what was said so far: ``heard`` (messages no officer has seen), ``item`` (the thread of the tray
that was opened only to ask what is wanted)."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone

from procedures import answers, catalogue, sheet
from procedures.catalogue import Entry
from procedures.models import UnitOverride
from procedures.understanding import CHOICES, features, understand
from zalopolice.gateway import dialogues, outbox
from zalopolice.gateway.models import Message
from zalopolice.units import hotline
from zalopolice.units.models import Office, Unit
from zalopolice.vietnamese import fold, spelled_out

CHOOSING, ABOUT, WHICH = "procedure_choosing", "procedure_about", "procedure_which"
TIP, OFFICER = "tip", "officer"
"""What somebody may choose besides a procedure."""
SERVICES = ("appointment", "lookup_id_result", "hotline", "wanted_missing")
LASTS = timedelta(hours=12)
AGAIN_AFTER = timedelta(minutes=2)
Carried = dict[str, Any]

WANTS_OFFICER = re.compile(
    r"(muon |cho |xin |can )?(gap|noi chuyen( voi)?|hoi) (can bo|nguoi that|cong an|truc ban)( truc ban)?( a| voi)?"
)
_ASPECTS = (
    ("costs", re.compile(r"\b(le phi|chi phi|ton|bao nhieu tien|bao nhieu|may tien|het nhieu tien|phi|mat tien)\b")),
    ("time", re.compile(r"\b(bao lau|may ngay|may hom|khi nao (co|xong|lay)|bao gio (co|xong)|thoi han|lau khong)\b")),
    ("place", re.compile(r"\b(o dau|cho nao|dia chi|may gio|nop dau|den dau|mo cua|noi nop)\b")),
    ("papers", re.compile(r"\b(mang( theo)? gi|can gi|giay to|ho so|chuan bi|mau don|to khai|can mang|nhung gi)\b")),
)
_ASKING_ON = frozenset({"nop", "mang", "het", "theo", "them", "nua", "lay", "thi", "tien"})
BRIEF = 9
"""Words. A longer message is a question of its own."""


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
    dialogues.begin(message.citizen, CHOOSING, {**carried, "offered": offered}, LASTS)


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
    if entry is not None and entry.replaced_by:
        entry = desk.entry(entry.replaced_by) or entry
    if entry is None or asked is None:
        return False
    place, opening = desk.place(entry)
    text = answers.card(
        entry, place, timezone.localdate(), unit_code=desk.unit.code, opening=opening,
        former=asked if asked is not entry else None,
    )  # fmt: skip
    outbox.say(message, "procedure", text)
    dialogues.begin(message.citizen, ABOUT, {**carried, "slug": entry.slug}, LASTS)
    return True


def chosen(text: str, state: Carried) -> str:
    """The slug, ``TIP``, ``OFFICER``, or "" when it is no answer to the choices."""
    offered: Collection[str] = state.get("offered", ())
    number = re.fullmatch(r"(?:so |cau |chon |y )?(\d)(?: a| nhe| nha| roi)?", fold(text))
    if number:
        place = int(number[1])
        return list(offered)[place - 1] if 1 <= place <= len(offered) else ""
    return OFFICER if wants_officer(text) else TIP if TIP in offered and fold(text) == "bao tin" else ""


def wants_officer(text: str) -> bool:
    return bool(WANTS_OFFICER.fullmatch(fold(text)))


def follow_up(message: Message, state: Carried, desk: Desk) -> str:
    """Answers a question about the procedure just given. "said", ``OFFICER``, or "" when it is about something else."""
    entry = desk.entry(state.get("slug", ""))
    wanted = answers.NEXT_STEPS.get(fold(message.text)) or _aspect(message.text, desk, entry)
    if entry is None or not wanted:
        return OFFICER if wants_officer(message.text) else ""
    if wanted == OFFICER:
        return OFFICER
    place, opening = desk.place(entry)
    text = answers.aspect(wanted, entry, place, timezone.localdate(), unit_code=desk.unit.code, opening=opening)
    outbox.say(message, f"procedure_{wanted}", text)
    dialogues.begin(message.citizen, ABOUT, state, LASTS)
    return "said"


def _aspect(text: str, desk: Desk, entry: Entry | None) -> str:
    plain = spelled_out(text)
    if entry is None or len(plain.split()) > BRIEF:
        return ""
    name, cue = next(((name, cue) for name, cue in _ASPECTS if cue.search(plain)), ("", None))
    if cue is None or not _names_more(cue.sub(" ", plain)):
        return name
    meant = understand(text, desk.entries)
    return "" if meant.action == "answer" and meant.candidates[0][0] != entry.slug else name


def _names_more(rest: str) -> bool:
    """Is a thing named besides the cue? "nộp ở đâu" asks on, "nộp pháo ở đâu" is a new question."""
    return bool(features(" ".join(word for word in rest.split() if word not in _ASKING_ON)))

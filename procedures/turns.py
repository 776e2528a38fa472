"""What a citizen's words mean while we wait for an answer: a number under a menu, a side of the procedure just given,
"chưa đúng", "gặp cán bộ". Pure. ``zalopolice/reading.py`` asks here, after danger and before anything new."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from procedures import aspects
from procedures.understanding import Known
from zalopolice.vietnamese import fold, spelled_out

ASK, WHICH, CHOOSING = "tip_or_question", "procedure_which", "procedure_choosing"
ABOUT, MENU, LANGUAGE = "procedure_about", "menu", "language_choosing"
"""What was asked: the kinds a ``Dialogue`` has."""
TIP, OFFICER, PROCEDURE = "tip", "officer", "procedure"
"""What somebody may want besides one of our procedures: to report, a person, a procedure still to be named."""
WRONG, MORE = "wrong", "more"
CHOSEN = "chosen"
"""The rule of what was offered and taken."""
FLOW = "flow:"
"""Before the slug of an editor's text or menu."""

WANTS_OFFICER = re.compile(
    r"(?:(?:toi|em|minh|chau|con) )?(?:(?:muon|cho|xin|can|duoc) )*(?:(?:toi|em|minh|chau) )?(?:duoc )?"
    r"(?:gap|noi chuyen(?: voi)?|hoi|chat voi) (?:(?:mot|anh|chi|cac) )*(?:can bo|nguoi that|cong an|truc ban|tong dai)"
    r"(?: truc(?: ban)?)?(?: (?:a|voi|nhe|di|duoc khong|nao))*"
)


State = Mapping[str, Any]
Entries = Callable[[], Sequence[Known]]


class Open(NamedTuple):
    """A dialogue as far as words need it. ``state`` is a ``Dialogue``'s: ``offered`` (places in the order they were
    numbered), ``slug`` and ``steps`` of the procedure just given, ``languages``."""

    kind: str
    state: State


class Turn(NamedTuple):
    where: str
    """A slug, ``TIP``, ``OFFICER``, ``PROCEDURE``, a topic of ``SERVICES``, "flow:<slug>", a language's code; under a
    card "" (``parts`` are asked), ``WRONG`` or ``MORE`` (something of it that no part answers)."""
    rule: str
    parts: tuple[str, ...] = ()  # of the procedure just given
    is_sure: bool = True
    """What is not may be something else: an editor's keyword goes before it, and a person sees it."""


def read(text: str, dialogue: Open, entries: Entries) -> Turn | None:
    """None for what answers nothing we asked: a message of its own."""
    return _READERS[dialogue.kind](text, dialogue.state, entries)


def more(text: str, state: State, of: Collection[str]) -> Turn:
    """Words that are nothing else we know, under a card: they go on about it, "ba em không đồng ý thì sao". ``of``: the
    parts they may ask for."""
    parts = () if state.get("gone") else tuple(part for part in aspects.sides(text) if part in of)
    if not parts:
        return Turn(MORE, "perhaps asks on", is_sure=False)
    return Turn("", f"perhaps asks on: {', '.join(parts)}", parts, is_sure=False)


def wants_officer(text: str) -> bool:
    return bool(WANTS_OFFICER.fullmatch(spelled_out(text)))


def number(text: str) -> int:
    """A number alone, from 1 on; 0 when it is none."""
    found = re.fullmatch(r"(?:so |cau |chon |y )?(\d)(?: a| nhe| nha| roi)?", fold(text))
    return int(found[1]) if found else 0


def _numbered(text: str, places: Sequence[str]) -> str:
    place = number(text)
    return places[place - 1] if 1 <= place <= len(places) else ""


def _to_officer(text: str, _state: State, _entries: Entries) -> Turn | None:
    return Turn(OFFICER, "wants an officer") if wants_officer(text) else None


def _tip_or_question(text: str, state: State, entries: Entries) -> Turn | None:
    said = {"bao tin": "1", "hoi thu tuc": "2", "thu tuc": "2"}.get(fold(text), fold(text))
    if said in {"1", "2", "3"}:
        return Turn((TIP, PROCEDURE, OFFICER)[int(said) - 1], CHOSEN)
    return _to_officer(text, state, entries)


def _choice(text: str, state: State, entries: Entries) -> Turn | None:
    offered = state.get("offered", ())
    if number(text):
        where = _numbered(text, offered)
        return Turn(where, CHOSEN) if where else None
    return _to_officer(text, state, entries) or (
        Turn(TIP, CHOSEN) if TIP in offered and fold(text) == "bao tin" else None
    )


def _menu(text: str, state: State, entries: Entries) -> Turn | None:
    """A number, an item's own words or "gặp cán bộ". A number that is not in the menu means the menu: it is shown
    again."""
    labels, said = [fold(label) for label in state.get("labels", ())], fold(text)
    if turn := _choice(text, state, entries):
        return turn
    if said in labels:
        return Turn(str(state["offered"][labels.index(said)]), CHOSEN)
    return Turn(f"{FLOW}{state.get('menu', '')}", "shown again") if said.isdigit() and len(said) <= 2 else None


def _about(text: str, state: State, entries: Entries) -> Turn | None:
    """More about the procedure just given."""
    known = entries()
    entry = next((one for one in known if one.slug == state.get("slug")), None)
    step = _numbered(text, state.get("steps", ())) if entry else ""
    if step in {OFFICER, TIP} or wants_officer(text):
        return Turn(TIP if step == TIP else OFFICER, CHOSEN if step else "wants an officer")
    if entry is None:
        return None
    if aspects.says_wrong(text):
        return Turn(WRONG, "says it is wrong")
    if state.get("gone"):  # an old name without an heir: it has no papers, no fee
        return None
    if step:
        return Turn("", CHOSEN, (step,))
    parts = tuple(aspects.wanted(text, entry, known))
    return Turn("", f"asks on: {', '.join(parts)}", parts) if parts else None


def _language(text: str, state: State, _entries: Entries) -> Turn | None:
    offered, said = state.get("languages", ()), fold(text)
    if not re.fullmatch(r"[1-9]", said) or int(said) > len(offered):
        return None
    return Turn(offered[int(said) - 1], CHOSEN)


_READERS: dict[str, Callable[[str, State, Entries], Turn | None]] = {
    ASK: _tip_or_question,
    WHICH: _to_officer,
    CHOOSING: _choice,
    ABOUT: _about,
    MENU: _menu,
    LANGUAGE: _language,
}

"""Menus and keywords an editor set up: which one a citizen's words call, what it says, and what a number then means.

``zalopolice/answering.py`` asks only when the words are no danger and no report, and never inside an open tip. What a
flow leads to is a *destination*: ``TIP``, ``OFFICER``, a topic of ``SERVICES``, a procedure's slug, or "flow:<slug>".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from django.utils.translation import gettext as _

from procedures import topics
from procedures.conversation import LASTS, Carried, Desk
from procedures.flow_models import Flow
from procedures.turns import FLOW, MENU, OFFICER, TIP
from zalopolice.gateway import dialogues, outbox
from zalopolice.gateway.models import Message
from zalopolice.vietnamese import fold, spelled_out

LONGEST = 15
"""Words. Who writes more tells something; a word of it is no command."""
DEEPEST = 3
"""Menus below each other. Further down nobody finds anything by number."""
MOST_ITEMS = 9
"""One digit each."""


class Reading(Protocol):
    """What is needed of ``zalopolice.reading``."""

    @property
    def kind(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def rule(self) -> str: ...


FOR_A_PERSON = {"report", *topics.FOR_A_PERSON}


def may_settle(read: Reading) -> bool:
    """May an answer be the end of what was read so? Never of danger, a report or what may be one, of somebody who is
    missed, nor of one's own file."""
    return not (read.kind in {"emergency", "tip"} or read.topic in FOR_A_PERSON)


def listens(read: Reading) -> bool:
    """May a fixed answer come first? Not before a procedure called by its very name."""
    return may_settle(read) and read.rule != "named"


def match(text: str, desk: Desk) -> Flow | None:
    return next((flow for _phrase, flow in heard(text, desk.flows)), None)


def heard(text: str, rows: Iterable[Flow]) -> list[tuple[str, Flow]]:
    """Every phrase that stands in the words, with its flow: the longest first, then in the order of ``rows``.

    Whole words, marks or not, abbreviations written out or not."""
    return Ear(rows).heard(text)


class Ear:
    """Knows the phrases of some flows, folded once, for many sentences."""

    def __init__(self, rows: Iterable[Flow]) -> None:
        known = [(*_sought(phrase), phrase, row) for row in rows for phrase in row.phrases]
        self.phrases = sorted(known, key=lambda one: -len(one[0]))

    def heard(self, text: str) -> list[tuple[str, Flow]]:
        said, spelled = _padded(text)
        if len(said.split()) > LONGEST:
            return []
        return [(phrase, row) for plain, full, phrase, row in self.phrases if plain in said or full in spelled]


def _padded(text: str) -> tuple[str, str]:
    return f" {fold(text)} ", f" {spelled_out(text)} "


def _sought(phrase: str) -> tuple[str, str]:
    """What folding leaves nothing of stands in no sentence: none has this letter."""
    plain, full = (part if part.strip() else "\0" for part in _padded(phrase))
    return plain, full


def destination(flow: Flow) -> str:
    return flow.goes_to if flow.does == Flow.Does.GOES else f"{FLOW}{flow.slug}"


def named(where: str, rows: Iterable[Flow]) -> Flow | None:
    slug = where.removeprefix(FLOW) if where.startswith(FLOW) else ""
    return next((row for row in rows if slug and row.slug == slug), None)


def label_of(where: str, rows: Iterable[Flow], names: Mapping[str, str]) -> str:
    """How an editor reads a destination; "" when it is no longer there. ``names``: procedures by slug."""
    if where in (TIP, OFFICER, *topics.SERVICES):
        return outbox.words(f"choice_{where}")
    flow = named(where, rows)
    return flow.name if flow else names.get(where, "")


# --- talking ---------------------------------------------------------------------------------------------------------


def say(message: Message, where: str, carried: Carried, desk: Desk) -> bool:
    """Gives the text or the menu that ``where`` names; False when it names none that has anything to say."""
    flow = named(where, desk.flows)
    if flow is None or flow.does == Flow.Does.GOES:
        return False
    if flow.does == Flow.Does.TEXT:
        outbox.say(message, "flow", flow.text)
        return True
    items = open_items(flow, desk)
    if not items:
        return False
    outbox.say(message, "flow", menu_text(flow.text, [item["label"] for item in items]))
    state = {**carried, "offered": [item["goes_to"] for item in items], "labels": [item["label"] for item in items]}
    dialogues.begin(message.citizen, MENU, state | {"menu": flow.slug}, LASTS)
    return True


def open_items(flow: Flow, desk: Desk) -> list[dict[str, str]]:
    """Without what is no longer published: nobody is sent to a place that is gone."""
    names = {entry.slug: entry.name for entry in desk.entries}
    return [item for item in flow.items if label_of(item["goes_to"], desk.flows, names)]


def menu_text(opening: str, labels: Sequence[str]) -> str:
    return outbox.words("menu", opening=opening, labels=labels)


# --- what may not be published ---------------------------------------------------------------------------------------


def trouble(flow: Flow, rows: Iterable[Flow]) -> str:
    """Why these menus cannot stand together with ``flow`` among them, in a sentence; "" when they can."""
    nodes = {row.slug: row for row in rows} | {flow.slug: flow}
    for path in (path for slug in nodes for path in _paths([slug], nodes) if flow.slug in path):
        names = " → ".join(nodes[slug].name for slug in path)
        if path[-1] in path[:-1]:
            return _("Menu quay vòng: %(names)s. Bỏ một chỗ dẫn để người dân đi tới được câu trả lời.") % {
                "names": names
            }
        if len(path) > DEEPEST:
            much = {"names": names, "most": DEEPEST}
            return _("Menu sâu quá %(most)s bậc: %(names)s. Gộp bớt một bậc.") % much
    return ""


def _paths(path: list[str], nodes: Mapping[str, Flow]) -> Iterator[list[str]]:
    """Ways down through menus, each followed until it ends, comes back to itself or is too deep."""
    flow = nodes[path[-1]]
    if flow.does != Flow.Does.MENU:
        return
    yield path
    if path[-1] not in path[:-1] and len(path) <= DEEPEST:
        for item in flow.items:
            below = named(item["goes_to"], nodes.values())
            if below is not None:
                yield from _paths([*path, below.slug], nodes)


def lacking(flow: Flow, rows: Sequence[Flow], names: Mapping[str, str]) -> list[str]:
    """What still keeps it from being shown to citizens. ``rows``: published flows."""
    found = [] if flow.phrases or flow.does != Flow.Does.GOES else [_("cụm từ để máy nhận ra")]
    places: list[tuple[Any, str]] = [(item["label"], item["goes_to"]) for item in flow.items]
    if flow.does == Flow.Does.GOES:
        places = [(flow.name, flow.goes_to)]
    if flow.does != Flow.Does.TEXT and not places:
        found.append(_("các dòng của menu"))
    if flow.does != Flow.Does.GOES and not flow.text:
        found.append(_("câu trả lời, hoặc câu mở đầu menu"))
    gone = [label for label, where in places if not label_of(where, rows, names)]
    return [*found, *(_("nơi đang công bố cho “%(label)s”") % {"label": label} for label in gone)]

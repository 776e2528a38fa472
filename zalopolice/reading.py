"""What a message is, before anything is done about it: pure, so that a file of questions can be judged by it.

Danger, then what answers a question of ours that is still open (under a card a report goes before it), then a report,
then everything else: an alarm or a tip is never answered as a procedure, nor as more about one. The hand-written rules
and what was learnt (``learned.py``) must agree before a card is given; where they do not, the citizen is asked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from procedures import aspects, topics, turns
from procedures.turns import Open, Turn
from procedures.understanding import CHOICES, Known, understand
from tips import danger, recognition
from tips.recognition import Report
from zalopolice import learned
from zalopolice.vietnamese import fold, spelled_out

Scores = tuple[tuple[str, float], ...]
HOW_TO_REPORT = "to-giac-tin-bao-ve-toi-pham"
ABOUT_PEOPLE = {HOW_TO_REPORT, "khieu-nai-to-cao"}
"""Procedures whose words accuse somebody; a score above 0 means them."""
OFFERED = {"tip", "other", *topics.SERVICES}
"""Besides procedures; "other" is the officer, whom every menu offers."""
# Distances from the boundary of a label, set on five-fold cross-validation of the training sentences (ALARM last with
# the held-out totals in sight, docs/understanding.md): the card's are those at which about two in a hundred of the
# hardest sentences get the wrong one.
CARD, CARD_LEAD = -0.6, 0.4
SURE_OF_TIP, TIP_LEAD = 0.0, 0.5
FAR_FROM_TIP, VERY_FAR_FROM_TIP = 0.7, 1.2
TOPIC, TOPIC_LEAD = -0.5, 0.4
ALARM, ALARM_NAMED = -0.05, -0.4
"""Of the distance from the boundary and half the lead. A false alarm costs a safety text and a look, a missed one a
life: what is likest to an alarm is one, it need not be the first choice, and less is enough where danger is named."""
ABOUT_ONE = {"papers", "who", "forms"}
"""Of ``aspects.CUES``: asked of a procedure. A fee, a place and hours are asked of every office."""
CRY = 7
"""Words: in so few, danger that is named is nearly always meant, and what is not named is nearly always not."""
SCRAP = 6
"""Words: so few that are nothing of ours may be half a thought; they are asked what they want, not sent elsewhere."""
NEAR, FARTHEST = 1.3, -1.0
"""What is offered: so far behind the first, and no farther than this."""
_NUMBER = re.compile(r"\d{9,}")
_THEY = re.compile(
    r"\b(?:nó|no|họ|thằng|thang|bọn|bon|hắn|gã|ổng|chúng|chung no|they|he|she|đòi|vòi)\b"
    r"|\bho (?:lay|bat|doi|lai|den|thu)\b"
    r"|\b(?:cán bộ|can bo|công an|cong an|police)(?: \w+){0,2} (?:bắt|bat|lấy|lay|thu|doi|voi|xin|gợi ý|goi y|asked)\b"
)
"""Somebody's deed, whatever it seems to ask: "nó ở đâu cũng theo em"."""
_ASKED = re.compile(
    r"\b(?:bao nhieu|nao|gi|o dau|sao|may (?:ban|to|bo|cai|ngay|hom|tuan|phut|gio|nguoi|nam|thang|lan))\b"
)
NAMED = 3
"""Words: so few name a part and tell nothing: "giờ làm việc"."""
BARE = 7
"""Words beside a long number that ask nothing: a name and an identity number alone."""


@dataclass(frozen=True)
class Reading:
    kind: str  # emergency | dialogue | tip | answer | ask_back | handoff
    label: str = "other"  # a procedure's slug, "tip", "emergency", or a topic
    candidates: Scores = ()  # label, score; the best first, at most four
    rule: str = ""  # why, for whoever tunes it
    topic: str = ""  # of procedures.topics or "elsewhere", when it is one to answer or hand over as such
    turn: Turn | None = None  # what it answers, of a dialogue

    @property
    def score(self) -> float:
        return self.candidates[0][1] if self.candidates else 0.0


def read(text: str, entries: Callable[[], Sequence[Known]], dialogue: Open | None = None) -> Reading:
    """``entries``: what is published; not asked when there are no words. ``dialogue``: what we asked and wait for."""
    first = read_alone(text, entries)
    return first if dialogue is None else go_on(text, entries, dialogue, first)


def go_on(text: str, entries: Callable[[], Sequence[Known]], dialogue: Open, first: Reading) -> Reading:
    """``first`` is how the words are read without the dialogue; it stands when they answer nothing we asked.

    Under a card, too, somebody may begin to tell what happened: that is never answered with a fee."""
    if first.kind == "emergency" or (dialogue.kind == turns.ABOUT and _tells(first) and not turns.wants_officer(text)):
        return first
    other_office = dialogue.kind == turns.ABOUT and first.rule == "elsewhere" and topics.is_elsewhere(text)
    turn = None if other_office else turns.read(text, dialogue, entries)
    if turn and turn.parts and turn.rule != turns.CHOSEN and not _asks_for_oneself(text):
        turn = None
    if turn is None and dialogue.kind == turns.ABOUT and dialogue.state.get("slug") in {one.slug for one in entries()}:
        turn = _perhaps_more(text, dialogue, first)
        first = _with_the_open_one(first, dialogue)
    if turn is None:
        return first
    is_of_card = dialogue.kind == turns.ABOUT and turn.where != turns.TIP
    label = str(dialogue.state.get("slug")) if is_of_card else turn.where
    if dialogue.kind == turns.LANGUAGE or label in {turns.OFFICER, turns.PROCEDURE} or label.startswith(turns.FLOW):
        label = "other"
    return Reading("dialogue", label, ((label, 1.0),), turn.rule, turn=turn)


def _perhaps_more(text: str, dialogue: Open, first: Reading) -> Turn | None:
    """What is nothing of ours alone is likely to be about the card above it; and its hours may not be the office's.

    Nothing is told where nothing is asked ("đầu hẻm có sòng bài ăn tiền"), where another procedure is near, or where
    another office is named: all of it is offered then."""
    if first.kind not in {"ask_back", "handoff"} or first.topic == "report" or topics.plainly(text):
        return None
    asks = _asks_for_oneself(text)
    if first.label == "appointment":
        turn = turns.more(text, dialogue.state, {"hours"} if asks else ())
        return turn if turn.parts else None
    if first.label != "other" or first.rule not in {"weak", "elsewhere"}:
        return None
    if topics.is_elsewhere(text):  # "có cần giấy khai sinh không" sends nobody to another office
        return turns.more(text, dialogue.state, ()) if "papers" in aspects.sides(text) else None
    if first.rule == "elsewhere":
        return turns.more(text, dialogue.state, ABOUT_ONE if asks and len(text.split()) <= aspects.BRIEF else ())
    open_one = dialogue.state.get("slug")
    is_near = any(label not in OFFERED and label != open_one for label, _ in first.candidates)
    return None if is_near else turns.more(text, dialogue.state, tuple(aspects.CUES) if asks else ())


def _asks_for_oneself(text: str) -> bool:
    """ "Cán bộ" is no "cần", though typed without marks it reads like it."""
    if _THEY.search(unicodedata.normalize("NFC", text.lower())):
        return False
    plain = re.sub(r"\bcan (?:bo|cuoc|ho)\b", " ", aspects.typed(text))
    is_named = len(plain.split()) <= NAMED or text.rstrip().endswith("?")
    return is_named or bool(_ASKED.search(plain)) or recognition.asks(plain)


def _with_the_open_one(first: Reading, dialogue: Open) -> Reading:
    """What is asked back offers the procedure just given, too."""
    slug = dialogue.state["slug"]
    if first.kind != "ask_back" or first.topic == "report" or slug in dict(first.candidates):
        return first
    others = [row for row in first.candidates[1:] if row[0] != "other"]  # every menu has the officer
    if len(others) > CHOICES - 2:
        others.remove([row for row in others if row[0] not in {"tip", "wanted_missing"}][-1])
    return replace(first, candidates=(first.candidates[0], (slug, 0.0), *others))


def _tells(first: Reading) -> bool:
    is_told = first.kind == "tip" or first.topic in {"report", "wanted_missing"}
    return is_told or (first.label in ABOUT_PEOPLE and first.score > 0)


def read_alone(text: str, entries: Callable[[], Sequence[Known]]) -> Reading:
    """A first message."""
    plain = spelled_out(text)
    if not plain or not re.search(r"[a-z]{2}", plain):
        label = "other" if plain else "greeting_thanks"
        return Reading("handoff", label, rule="no words", topic=topics.topic(text))
    heard = danger.assess(text)
    known = tuple(entries())
    ranked = learned.ranked(text, known)
    scores, first = dict(ranked), ranked[0][0]
    near = tuple(ranked[:CHOICES])
    report, words = recognition.read(text), len(plain.split())
    is_plain = heard is danger.Danger.NONE and words <= SCRAP and bool(topics.plainly(text))
    if not is_plain and _is_alarm(heard, words, scores["emergency"], ranked, report):
        return Reading("emergency", "emergency", _to_front("emergency", ranked), f"danger {heard.value}")
    if _NUMBER.search(plain) and words <= BARE and not recognition.asks(text):
        return Reading("handoff", "other", near, "a name and a number")
    published = {entry.slug for entry in known}
    if heard is not danger.Danger.EMERGENCY and (named := _named(text, known)):
        return Reading("answer", named, _to_front(named, ranked), "named")
    in_need, is_told = heard is danger.Danger.EMERGENCY, first in {"tip", "emergency"}
    if report is Report.NONE and not (in_need or is_told) and (new := _unlearned(text, known, scores)):
        return new
    lead, is_no_report = ranked[0][1] - ranked[1][1], _is_no_report(report, ranked[0][1] - scores["tip"])
    if report is Report.REPORT and first == HOW_TO_REPORT:
        return Reading("tip", "tip", _to_front("tip", ranked), "report")
    if is_told:
        sure = ranked[0][1] > SURE_OF_TIP and lead > TIP_LEAD
        if sure or report is Report.REPORT:
            return Reading("tip", "tip", _to_front("tip", ranked), "report" if report is Report.REPORT else "learned")
        return Reading("ask_back", first, _offered(ranked, published), "perhaps a report", "report")
    if first in published:
        if in_need:  # however clear the question
            return Reading("ask_back", first, _offered(ranked, published), "perhaps danger", "report")
        if ranked[0][1] > CARD and lead > CARD_LEAD and is_no_report:
            return Reading("answer", first, near, "clear")
        return Reading("ask_back", first, _offered(ranked, published), "close", _perhaps(report))
    if first in {*topics.SERVICES, "greeting_thanks"}:
        if first not in topics.FOR_A_PERSON and (in_need or not is_no_report):
            rule = "perhaps danger" if in_need else "perhaps a report"
            return Reading("ask_back", first, _offered(ranked, published), rule, "report")
        if ranked[0][1] > TOPIC and (lead > TOPIC_LEAD or first in topics.heard(text)):
            return Reading("handoff", first, near, "topic", first)
        return Reading("ask_back", first, _offered(ranked, published), "close", _perhaps(report))
    return _other(text, ranked, published, report, heard)


def _other(
    text: str, ranked: list[tuple[str, float]], published: set[str], report: Report, heard: danger.Danger
) -> Reading:
    """Nothing of ours, or nothing that is published."""
    (first, score), (second, behind) = ranked[:2]
    if report is Report.REPORT and second == "tip":
        return Reading("ask_back", first, _offered(ranked, published), "perhaps a report", "report")
    in_need, is_scrap = heard is not danger.Danger.NONE, first == "other" and len(text.split()) <= SCRAP
    is_clear = topics.is_elsewhere(text) or (first == "other" and score - behind > CARD_LEAD and not is_scrap)
    if is_clear and not (in_need and second in {"tip", "emergency"}):
        return Reading("handoff", first, tuple(ranked[:CHOICES]), "elsewhere", "elsewhere")
    if in_need:
        return Reading("ask_back", first, _offered(ranked, published), "perhaps danger", "report")
    offered = _offered(ranked, published)
    if is_scrap:  # nothing to choose from; that it may be a report is told
        offered = (ranked[0], *((("tip", behind),) if second in {"tip", "emergency"} else ()))
    return Reading("ask_back", first, offered, "weak", _perhaps(report))


def _is_alarm(heard: danger.Danger, words: int, score: float, ranked: list[tuple[str, float]], report: Report) -> bool:
    if heard is danger.Danger.EMERGENCY and (words <= CRY or ranked[0][0] == "emergency"):
        return True
    if ranked[0][0] == "emergency" and words > CRY and report is not Report.REPORT:
        return True
    other = next(behind for label, behind in ranked if label != "emergency")
    return score + (score - other) / 2 > (ALARM_NAMED if heard is danger.Danger.EMERGENCY else ALARM)


def _is_no_report(report: Report, ahead: float) -> bool:
    """A question, not somebody's deed told with a procedure's words."""
    if report is Report.REPORT:
        return ahead > VERY_FAR_FROM_TIP
    return report is Report.NONE or ahead > FAR_FROM_TIP


def _perhaps(report: Report) -> str:
    return "" if report is Report.NONE else "report"


def _offered(ranked: list[tuple[str, float]], published: set[str]) -> Scores:
    best = ranked[0][1]
    may = published | OFFERED
    near = [row for row in ranked if row[0] in may and row[1] > max(FARTHEST, best - NEAR)]
    return tuple(near[:CHOICES])


def _to_front(label: str, ranked: list[tuple[str, float]]) -> Scores:
    return tuple(sorted(ranked, key=lambda row: row[0] != label)[:CHOICES])


def _named(text: str, entries: tuple[Known, ...]) -> str:
    """The one entry whose name or synonym this is, word for word."""
    owners = _names(entries).get(fold(text), set())
    return next(iter(owners)) if len(owners) == 1 else ""


@lru_cache(maxsize=64)
def _names(entries: tuple[Known, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in entries:
        for phrase in (entry.name, *entry.synonyms):
            found.setdefault(fold(phrase), set()).add(entry.slug)
    return found


def _unlearned(text: str, entries: Sequence[Known], scores: dict[str, float]) -> Reading | None:
    """A procedure written since the last training is known by its names alone."""
    new = [entry for entry in entries if entry.slug not in scores]
    decision = understand(text, entries) if new else None
    if decision is None or not decision.candidates or decision.candidates[0][0] not in {entry.slug for entry in new}:
        return None
    if decision.action == "handoff":
        return None
    return Reading(decision.action, decision.candidates[0][0], decision.candidates, f"new: {decision.rule}")

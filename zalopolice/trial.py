"""What a change would do to the decisions, before it is saved: names and synonyms, and menus and keywords.

Pure. The sentences are those the machine learnt from (``data/questions.tsv``, the same choice on every machine) and
what a unit's editors keep; on sentences it has learnt the machine looks better than it is, so only changes are told."""

from __future__ import annotations

import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from procedures import flows
from procedures.flow_models import Flow
from procedures.understanding import Known, lexical_scores
from zalopolice import judging, learned
from zalopolice.judging import RIGHT, Line, Phrases
from zalopolice.reading import Reading
from zalopolice.vietnamese import fold

QUESTIONS = Path(__file__).resolve().parent / "data" / "questions.tsv"
OF_EACH, NEAR = 6, 200
"""Sentences of every label, and of those that share words with what is changed; of the procedure itself all."""
SECONDS, PATIENCE = 3.0, 8.0
"""Of work, and by the clock: a busy machine takes longer over the same sentences."""
Row = dict[str, str]


@lru_cache(maxsize=1)
def _questions() -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in judging.questions(QUESTIONS):
        found[row["label"]].append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (zlib.crc32(row["text"].encode()), row["text"]))
    return dict(sorted(found.items()))


def sample(slug: str, changed: Collection[str]) -> list[Row]:
    """What has most of the changed names' words in it, what asks for ``slug``, then some of every label, label by label
    in turn: a trial cut short has seen the likeliest first."""
    found = _questions()
    pairs = {pair for phrase in changed for pair in _pairs(phrase)}
    shared = [(len(pairs & _all_pairs(words)), row) for words, row in _folded()]
    near = sorted((hit for hit in shared if hit[0]), key=lambda hit: -hit[0])[:NEAR]
    others = [rows[:OF_EACH] for rows in found.values()]
    turns = (rows[at] for at in range(OF_EACH) for rows in others if at < len(rows))
    chosen = [*(row for _count, row in near), *found.get(slug, ()), *turns]
    return list({row["text"]: row for row in chosen}.values())


@lru_cache(maxsize=1)
def _folded() -> list[tuple[str, Row]]:
    return [(fold(row["text"]), row) for rows in _questions().values() for row in rows]


def _pairs(phrase: str) -> list[tuple[str, ...]]:
    words = fold(phrase).split()
    return list(zip(words, words[1:], strict=False)) or [(words[0],)]


def _all_pairs(folded: str) -> set[tuple[str, ...]]:
    """And its single words: asked of each sentence once, however many names have changed."""
    words = folded.split()
    return {*zip(words, words[1:], strict=False), *zip(words, strict=False)}


def phrases(entries: Iterable[Known]) -> tuple[Phrases, ...]:
    return tuple(Phrases(entry.slug, entry.name, tuple(entry.synonyms)) for entry in entries)


def with_draft(before: Sequence[Phrases], draft: Phrases) -> tuple[Phrases, ...]:
    """As if the draft were published."""
    if draft.slug in {entry.slug for entry in before}:
        return tuple(draft if entry.slug == draft.slug else entry for entry in before)
    return (*before, draft)


class Change(NamedTuple):
    before: Line
    after: Line

    @property
    def effect(self) -> str:
        was, now = self.before.verdict, self.after.verdict
        return "same" if was == now else "better" if now == RIGHT else "worse" if was == RIGHT else "other"

    @property
    def step(self) -> float:
        """How much farther the first choice is ahead of the second than before."""
        return round(lead(self.after.read) - lead(self.before.read), 3)


def lead(read: Reading) -> float:
    first, second = [*(score for _label, score in read.candidates), 0.0, 0.0][:2]
    return first - second


@dataclass
class Differences:
    """``tried`` of ``all`` sentences fitted into the time."""

    all: int
    tried: int = 0
    changes: list[Change] = field(default_factory=list)
    moved: list[Change] = field(default_factory=list)  # only how sure it is; the largest step first

    @property
    def effects(self) -> Counter[str]:
        return Counter(change.effect for change in self.changes)


def differences(
    rows: Sequence[Row], before: tuple[Phrases, ...], after: tuple[Phrases, ...], *, seconds: float = SECONDS
) -> Differences:
    """Which decisions change. That most do not is seen by their nearness to the names alone, in a fifth of the time."""
    found, unlike, is_over = Differences(len(rows)), _Unlike(before, after), _limit(seconds)
    for row in rows:
        if is_over():
            break
        found.tried += 1
        if unlike(row["text"]):
            was, now = (judging.judge([row], entries).lines[0] for entries in (before, after))
            change = Change(was, now)
            if _decision(was) != _decision(now):
                found.changes.append(change)
            elif change.step:
                found.moved.append(change)
    order = {"worse": 0, "other": 1, "better": 2, "same": 3}
    found.changes.sort(key=lambda change: order[change.effect])
    found.moved.sort(key=lambda change: -abs(change.step))
    return found


def _limit(seconds: float) -> Callable[[], bool]:
    worked, clock = time.thread_time() + seconds, time.monotonic() + PATIENCE
    return lambda: time.thread_time() > worked or time.monotonic() > clock


def _decision(line: Line) -> tuple[str, str, str]:
    return judging.action(line.read), line.read.label, line.verdict


class _Unlike:
    """May a sentence be read differently with these names? All that ``reading.read`` takes from the names is asked."""

    def __init__(self, before: tuple[Phrases, ...], after: tuple[Phrases, ...]) -> None:
        self.before, self.after = before, after
        self.changed = changed(before, after)
        known = {entry.slug for entry in before} ^ {entry.slug for entry in after}
        self.all = bool(known & set(learned.load().labels))  # what may be offered at all is not the same

    def __call__(self, text: str) -> bool:
        if self.all or fold(text) in self.changed:
            return True
        return lexical_scores(text, self.before)[:6] != lexical_scores(text, self.after)[:6]


def changed(before: Iterable[Phrases], after: Iterable[Phrases]) -> set[str]:
    """Names and synonyms of one side only."""
    return _names(before) ^ _names(after)


def _names(entries: Iterable[Phrases]) -> set[str]:
    """Without those of which folding leaves nothing, like "???" or Khmer letters: no sentence is near to them."""
    return {fold(phrase) for entry in entries for phrase in (entry.name, *entry.synonyms)} - {""}


# --- menus and keywords ----------------------------------------------------------------------------------------------


@dataclass
class Caught:
    """What of the sentences a flow would answer: ``lines`` with the phrase; ``left`` to danger and reports; ``more``
    had no time to be read, and of ``all`` but ``tried`` not even the phrases were looked for."""

    all: int
    tried: int = 0
    lines: list[tuple[str, Line]] = field(default_factory=list)
    left: list[tuple[str, Line]] = field(default_factory=list)
    more: int = 0

    @property
    def labels(self) -> list[tuple[str, int]]:
        return Counter(line.label for _phrase, line in self.lines).most_common()


def caught(
    flow: Flow, rows: Sequence[Flow], extra: Sequence[Row], entries: tuple[Phrases, ...], *, seconds: float = SECONDS
) -> Caught:
    """``rows``: all flows it would stand among, itself too; the first one heard answers, as for citizens.

    All sentences are tried: most have none of the phrases in them, which is seen at once."""
    questions = [*extra, *(row for label in _questions().values() for row in label)]
    found, ear, is_over = Caught(len(questions)), flows.Ear(rows), _limit(seconds)
    hits: list[tuple[str, Row]] = []
    for row in questions:
        if is_over():
            break
        found.tried += 1
        heard = ear.heard(row["text"])
        if heard and heard[0][1] is flow:
            hits.append((heard[0][0], row))
    for phrase, row in hits:
        if is_over():
            found.more += 1
        else:
            line = judging.judge([row], entries).lines[0]
            (found.lines if flows.listens(line.read) else found.left).append((phrase, line))
    return found

"""How well a file of labelled questions is read: what was right, what was not, and two figures that must be zero."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from procedures import turns
from procedures.turns import Open
from procedures.understanding import Known
from zalopolice import reading

CATALOGUE = Path(__file__).resolve().parent.parent / "procedures" / "data" / "procedures.json"
RIGHT, ASKED, HANDED_OVER, WRONG = "right", "asked back", "handed over", "wrong"
SMALL_TALK = {"greeting_thanks", "hotline", "appointment"}


class Phrases(NamedTuple):
    """An entry of the data file, as far as reading needs it."""

    slug: str
    name: str
    synonyms: tuple[str, ...]


class Line(NamedTuple):
    text: str
    label: str  # what a person says it is; "" when the file does not tell
    style: str
    read: reading.Reading
    verdict: str

    def as_json(self) -> dict[str, Any]:
        """What `understand --json` prints, the same for ever."""
        read = self.read
        return {
            "text": self.text,
            "label": read.label,
            "action": action(read),
            "candidates": [label for label, _ in read.candidates],
            "score": read.score,
            "rule": read.rule,
        }


def action(read: reading.Reading) -> str:
    """answer | ask_back | tip | emergency | dialogue | handoff | smalltalk."""
    return "smalltalk" if read.kind == "handoff" and read.topic in SMALL_TALK else read.kind


def tells(read: reading.Reading) -> bool:
    """Does it tell of a procedure: with its card, or a part of the one just given?"""
    return read.kind == "answer" or (read.turn is not None and bool(read.turn.parts))


def offers_all(read: reading.Reading) -> bool:
    """Under a card: no part of it answers, all of it, an officer and a report are offered."""
    return read.turn is not None and read.turn.where == turns.MORE


@dataclass
class Judgement:
    lines: list[Line] = field(default_factory=list)

    def by(self, name: str) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for line in self.lines:
            found[getattr(line, name)][line.verdict] += 1
        return dict(sorted(found.items()))

    def total(self) -> Counter[str]:
        return Counter(line.verdict for line in self.lines)

    def confusion(self) -> Counter[tuple[str, str]]:
        return Counter((line.label, line.read.label) for line in self.lines if line.label != line.read.label)

    def answered_as_procedure(self) -> list[Line]:
        """Tips and emergencies that got a card."""
        return [line for line in self._of("tip", "emergency") if tells(line.read)]

    def missed_emergencies(self) -> list[Line]:
        return [line for line in self._of("emergency") if line.read.kind != "emergency"]

    def false_alarms(self) -> list[Line]:
        return [line for line in self.lines if line.label != "emergency" and line.read.kind == "emergency"]

    def wrong_cards(self) -> list[Line]:
        return [line for line in self.lines if tells(line.read) and line.label != line.read.label]

    def figures(self) -> dict[str, float]:
        """Shares of the labelled lines; the names are those of docs/understanding.md."""
        number, total = len(self.lines) or 1, self.total()
        first = sum(line.label == line.read.label and not offers_all(line.read) for line in self.lines)
        alarms, tips = self._of("emergency"), self._of("tip")
        cards = sum(tells(line.read) for line in tips)
        found = {
            "first": first / number,
            "first_or_asked": (total[RIGHT] + total[ASKED]) / number,
            "wrong_card": len(self.wrong_cards()) / number,
            "emergencies_found": 1 - len(self.missed_emergencies()) / (len(alarms) or 1),
            "false_alarms": len(self.false_alarms()) / (number - len(alarms) or 1),
            "tips_as_procedure": cards / (len(tips) or 1),
        }
        return {name: round(value, 4) for name, value in found.items()}

    def _of(self, *labels: str) -> list[Line]:
        return [line for line in self.lines if line.label in labels]


def catalogue(path: Path = CATALOGUE) -> list[Phrases]:
    rows = json.loads(path.read_text(encoding="utf-8"))["procedures"]
    return [Phrases(row["slug"], row["name_vi"], tuple(row["synonyms_vi"])) for row in rows]


def questions(path: Path) -> list[dict[str, str]]:
    """A line with fewer columns than the first has "" in the others. ValueError when it is no such file.

    Windows puts a mark before the first letter of UTF-8; "utf-8-sig" reads with and without."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
        try:
            return list(rows)
        except UnicodeDecodeError:
            raise ValueError("is not UTF-8 text; save it as UTF-8, tab-separated") from None
        except csv.Error as error:
            raise ValueError(f"cannot be read after line {rows.line_num}: {error}") from None


def opened(written: str) -> Open | None:
    """What was asked before, as the column ``dialogue`` tells it: the kind, then what was offered, in order:
    "procedure_about:dang-ky-tam-tru:full,forms,officer", "procedure_choosing:tip,dang-ky-tam-tru", "tip_or_question".

    ValueError for another kind."""
    kind, first, second = (*written.split(":"), "", "")[:3]
    places = first.split(",") if first else []
    states: dict[str, dict[str, Any]] = {
        turns.ABOUT: {"slug": first, "steps": second.split(",") if second else []},
        turns.CHOOSING: {"offered": places},
        turns.MENU: {"offered": places},
        turns.LANGUAGE: {"languages": places},
        turns.ASK: {},
        turns.WHICH: {},
    }
    if kind and kind not in states:
        raise ValueError(f"names no dialogue we have: {kind}; one of {', '.join(states)}")
    return Open(kind, states[kind]) if kind else None


def judge(rows: Iterable[dict[str, Any]], entries: Sequence[Known]) -> Judgement:
    return Judgement([_line(row, entries) for row in rows])


def _line(row: dict[str, Any], entries: Sequence[Known]) -> Line:
    text, label = row["text"], row.get("label") or ""
    read = reading.read(text, lambda: entries, opened(row.get("dialogue") or ""))
    return Line(text, label, row.get("style") or "", read, _verdict(label, read) if label else "")


def _verdict(label: str, read: reading.Reading) -> str:
    if offers_all(read):
        return ASKED if label in {read.label, "tip"} else WRONG
    if read.kind == "ask_back":
        offered = {name for name, _ in read.candidates} | ({"tip"} if read.topic == "report" else set())
        return RIGHT if read.label == label else ASKED if label in offered else WRONG
    if read.label == label:
        return RIGHT
    return HANDED_OVER if read.kind == "handoff" and label not in {"tip", "emergency"} else WRONG

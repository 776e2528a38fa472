"""How well a file of labelled questions is read: what was right, what was not, and two figures that must be zero."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from procedures.understanding import Known
from zalopolice import reading

CATALOGUE = Path(__file__).resolve().parent.parent / "procedures" / "data" / "procedures.json"
RIGHT, ASKED, HANDED_OVER, WRONG = "right", "asked back", "handed over", "wrong"


class Phrases(NamedTuple):
    """An entry of the data file, as far as reading needs it."""

    slug: str
    name: str
    synonyms: tuple[str, ...]


class Line(NamedTuple):
    text: str
    label: str
    style: str
    said: str  # a slug, a topic, tip, emergency, ask_back, handoff
    verdict: str
    near: tuple[str, ...]
    rule: str


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
        return Counter((line.label, line.said) for line in self.lines if line.verdict != RIGHT)

    def answered_as_procedure(self) -> list[Line]:
        """Tips and emergencies that got a card: must be none."""
        slugs = {line.said for line in self.lines if line.rule == "clear"}
        return [line for line in self.lines if line.label in {"tip", "emergency"} and line.said in slugs]

    def missed_emergencies(self) -> list[Line]:
        return [line for line in self.lines if line.label == "emergency" and line.said != "emergency"]


def catalogue(path: Path = CATALOGUE) -> list[Phrases]:
    rows = json.loads(path.read_text(encoding="utf-8"))["procedures"]
    return [Phrases(row["slug"], row["name_vi"], tuple(row["synonyms_vi"])) for row in rows]


def questions(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def judge(rows: Iterable[dict[str, Any]], entries: Sequence[Known]) -> Judgement:
    return Judgement([_line(row, entries) for row in rows])


def _line(row: dict[str, Any], entries: Sequence[Known]) -> Line:
    text, label = row["text"], row.get("label") or ""
    read = reading.read(text, lambda: entries)
    near = tuple(slug for slug, _ in read.decision.candidates)
    said = near[0] if read.kind == "answer" else read.topic or read.kind if read.kind == "handoff" else read.kind
    offered = {*near, "tip"} if read.topic == "report" else set(near)
    verdict = _verdict(label, said, offered, {entry.slug for entry in entries}) if label else ""
    return Line(text, label, row.get("style") or "", said, verdict, near, read.decision.rule)


def _verdict(label: str, said: str, offered: set[str], slugs: set[str]) -> str:
    if said == label or (label == "other" and said in {"elsewhere", "handoff"}):
        return RIGHT
    if said == "ask_back":
        return ASKED if label in offered or label not in slugs | {"tip"} else WRONG
    if label in slugs | {"other"} and said in {"handoff", "elsewhere"}:
        return HANDED_OVER
    return HANDED_OVER if said not in slugs and label not in {"tip", "emergency"} | slugs else WRONG

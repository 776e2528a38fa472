"""What the phone will show, with the machine's findings marked in place, and what changed since the last version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from broadcasts.article import blocks
from broadcasts.checks import Finding
from broadcasts.models import PostVersion


@dataclass(frozen=True)
class Piece:
    """Text and, on the phone, the number of the finding it carries (from 1; 0: none); in a diff, its kind."""

    text: str
    finding: int = 0
    kind: str = "same"


@dataclass(frozen=True)
class Shown:
    """``anchor``: where a finding's link leads."""

    kind: str
    anchor: str
    lines: list[list[Piece]]


def phone(version: PostVersion, findings: Sequence[Finding]) -> dict[str, list[Piece] | list[Shown]]:
    numbered = list(enumerate(findings, 1))

    def marked(text: str, field: str, paragraph: int = 0, line: int = 0) -> list[Piece]:
        here = [
            (one.start, one.end, number)
            for number, one in numbered
            if (one.field, one.paragraph, one.line) == (field, paragraph, line)
        ]
        return _pieces(text, here)

    body = [
        Shown(
            block.kind,
            f"doan-{block.number}",
            [marked(line, "body", block.number, number) for number, line in enumerate(block.lines)],
        )
        for block in blocks(version.body)
    ]
    return {
        "title": marked(version.title, "title"),
        "description": marked(version.description, "description"),
        "body": body,
    }


def _pieces(text: str, marks: list[tuple[int, int, int]]) -> list[Piece]:
    found, at = [], 0
    for start, end, number in sorted(marks):
        if start < at or end <= start:
            continue  # two findings on the same words: the first one's mark stands for both
        found += [Piece(text[at:start]), Piece(text[start:end], number)]
        at = end
    return [piece for piece in [*found, Piece(text[at:])] if piece.text]


def anchor(finding: Finding) -> str:
    """The part of the preview a finding speaks of; "" when it speaks of the whole."""
    return (
        f"doan-{finding.paragraph}"
        if finding.paragraph
        else {"title": "tieu-de", "description": "mo-ta"}.get(finding.field, "")
    )


FOLD, EDGE = 320, 80
"""Unchanged text longer than this is folded, but for some words at its edges."""


@dataclass(frozen=True)
class Diff:
    pieces: list[Piece]
    added: int
    removed: int


def diff(before: PostVersion, after: PostVersion) -> Diff:
    old, new = (_tokens(version) for version in (before, after))
    bare_old, bare_new = ([token.strip(" ") for token in tokens] for tokens in (old, new))
    pieces: list[Piece] = []
    for act, a, b, c, d in SequenceMatcher(None, bare_old, bare_new, autojunk=False).get_opcodes():
        if act == "equal":
            pieces += _folded("".join(new[c:d]))
            continue
        pieces += _changed("".join(old[a:b]), "removed") + _changed("".join(new[c:d]), "added")
    return Diff(pieces, *(sum(piece.kind == kind for piece in pieces) for kind in ("added", "removed")))


def _changed(text: str, kind: str) -> list[Piece]:
    """The mark ends where the words end."""
    words = text.rstrip(" ")
    return ([Piece(words, kind=kind)] if words else []) + ([Piece(" ")] if len(words) < len(text) else [])


def _tokens(version: PostVersion) -> list[str]:
    text = re.sub(r"(?m)^##+ ?", "", "\n\n".join((version.title, version.description, version.body)))
    return re.findall(r"\w+[^\S\n]*|[^\w\s][^\S\n]*|\s+", text)


def _folded(text: str) -> list[Piece]:
    if len(text) <= FOLD:
        return [Piece(text)]
    start, end = text.find(" ", EDGE), text.rfind(" ", 0, len(text) - EDGE)
    if not 0 < start < end:
        return [Piece(text)]
    return [Piece(text[:start]), Piece(text[start:end], kind="folded"), Piece(text[end:])]

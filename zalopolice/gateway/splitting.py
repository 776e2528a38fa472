"""A long text as several messages: cut where a reader pauses, numbered, nothing lost and nothing said twice."""

from __future__ import annotations

import re

_PAUSES = (re.compile(r"\n\n+"), re.compile(r"\n"), re.compile(r"(?<=[.;!?]) "), re.compile(r" "))
_NUMBERED = len("(10/10)\n")


def parts(text: str, most: int) -> list[str]:
    """The text itself when it fits ``most`` characters, else parts of it that each begin with "(1/2)"."""
    text = text.strip()
    if len(text) <= most:
        return [text]
    cut = _cut(text, most - _NUMBERED, 0)
    return [f"({number}/{len(cut)})\n{part}" for number, part in enumerate(cut, 1)]


def _cut(text: str, room: int, level: int) -> list[str]:
    """Packs as many whole paragraphs as fit; a paragraph that is too long alone is cut at its lines, and so on."""
    if len(text) <= room:
        return [text]
    if level == len(_PAUSES):
        return [text[start : start + room] for start in range(0, len(text), room)]
    found: list[str] = []
    start, pause = 0, None
    for end in [*_PAUSES[level].finditer(text), None]:
        one = text[start : end.start() if end else len(text)]
        if found and pause is not None and len(found[-1]) + len(pause) + len(one) <= room:
            found[-1] += pause + one
        else:
            found += _cut(one, room, level + 1)
        start, pause = (end.end(), end[0]) if end else (start, None)
    return [part for part in found if part.strip()]

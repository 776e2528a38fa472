"""Vietnamese for the scenarios: sentences of phrases.yaml with their gaps filled, spelt as people spell on a phone."""

import re
import unicodedata
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import yaml

PHRASES = Path(__file__).with_name("phrases.yaml")
STYLES = {"plain": 55, "bare": 22, "teencode": 10, "lower": 7, "nfd": 3, "capitals": 3}
"""How many of a hundred write like this; ``bare`` without any accent, ``nfd`` letters as some phones send them."""
STYLE_NAMES, STYLE_SUMS = list(STYLES), list(accumulate(STYLES.values()))
GAP = re.compile(r"\{(\w+)\}")
SERIES = "BCDEFGHKLMNPSTVX"


@cache
def phrases() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(PHRASES.read_text(encoding="utf-8"))
    return found


def places() -> list[str]:
    return sorted(phrases()["places"])


def person(draw: Random) -> str:
    names = phrases()["names"]
    return " ".join(draw.choice(names[part]) for part in ("family", "middle", "given"))


def say(kind: str, place: str, draw: Random) -> str:
    """One message of this kind as somebody in this place would write it."""
    template = draw.choice(phrases()["kinds"][kind])
    text = GAP.sub(lambda gap: _fill(gap[1], place, draw), template)
    return spelt(text[:1].upper() + text[1:], draw.choices(STYLE_NAMES, cum_weights=STYLE_SUMS)[0])


def _fill(gap: str, place: str, draw: Random) -> str:
    known = phrases()
    words = known["places"][place].get(gap) or known["lists"].get(gap)
    return draw.choice(words) if words else DRAWN[gap](draw)


def _plate(draw: Random) -> str:
    letter = draw.choice(SERIES)
    return f"{draw.randint(11, 99)}{letter}{draw.randint(1, 9)}-{draw.randint(100, 999)}.{draw.randint(10, 99)}"


DRAWN = {
    "plate": _plate,
    "phone": lambda draw: f"09{draw.randint(0, 99_999_999):08d}",
    "money": lambda draw: str(draw.randint(2, 90)),
    "hour": lambda draw: f"{draw.randint(7, 17)} giờ",
    "night": lambda draw: draw.choice(("19 giờ", "20 giờ rưỡi", "22 giờ", "gần nửa đêm", "2 giờ sáng")),
    "date": lambda draw: f"mùng {draw.randint(1, 10)}",
    "number": lambda draw: str(draw.randint(2, 399)),
}


def spelt(text: str, style: str) -> str:
    if style == "bare":
        return bare(text)
    if style == "teencode":
        return _teencode(text)
    if style == "nfd":
        return unicodedata.normalize("NFD", text)
    return {"lower": text.lower(), "capitals": text.upper()}.get(style, text)


def bare(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _teencode(text: str) -> str:
    table: dict[str, str] = phrases()["teencode"]
    return _thumbs().sub(lambda word: table[word[1].lower()], text)


@cache
def _thumbs() -> re.Pattern[str]:
    found = "|".join(re.escape(word) for word in sorted(phrases()["teencode"], key=len, reverse=True))
    return re.compile(rf"(?<!\w)({found})(?!\w)", re.IGNORECASE)

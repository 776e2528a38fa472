"""Names, numbers and addresses in a citizen's sentence, hidden before an editor may read it: rather too much than too
little, as long as ordinary questions keep their words.

What is typed with marks is read with them: "vợ mình" is nobody called Võ Minh. Without, a short word that is also a
family name ("do", "ho", "le") needs two more words that are names."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Set
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from zalopolice.vietnamese import unmarked

LONGEST = 300
"""Characters kept of a sentence; whoever writes more tells a story, and a person reads it."""
HIDDEN = "…"

_READ = json.loads((Path(__file__).with_name("data") / "names.json").read_text("utf-8"))
_LISTS = {name: frozenset(words) for name, words in _READ.items()}
_COMMON, _RARE, _MIDDLE, _GIVEN = (_LISTS[name] for name in ("common", "rare", "middle", "given"))
_TOLD_ONLY = _LISTS["told_only"]
"""Family names believed only where somebody says so: "tôi là Giàng …"."""
_SURE = _LISTS["sure"]
"""Family names that one more name makes plain; after the others ("hồ", "lý", "tran") it takes two."""
_NO_NAMES = _LISTS["no_names"]
"""After "tên" no name begins so: "em tên trong khai sinh khác", "tên là gì"."""
_PAIRS = _LISTS["pairs"]
"""Two ordinary words that also look like a family name and a given one."""

_SURNAMES = "|".join(sorted(map(unmarked, _COMMON | _RARE)))
_NUMBER = re.compile(r"[a-z]{0,2}\d(?:[ .,/:+-]{0,2}\d){2,}|\d{3,}")
_ADDRESS = re.compile(r"\S+@\S+|(?:https?:|www\.|zalo\.me)\S*")
_CAPITALS = re.compile(r"\b[A-Z][a-z]*(?: [A-Z][a-z]*){1,4}\b")
_CALLED = re.compile(r"\b[tT]en(?: (?:la|toi la|em la|chau la|minh la))? ([A-Z][a-z]*(?: [A-Z][a-z]*){0,4})\b")
_MIDDLE_NAME = re.compile(
    rf"\b(?:{'|'.join(sorted(map(unmarked, _COMMON | _SURE)))})(?: [a-z]+)? (?:van|thi)(?: [a-z]+){{1,2}}\b"
)
"""Without marks amid words that have some: what MARKED knows no family name in."""
_THINGS = frozenset(("phi", "chieu", "khau", "so", "khai", "ky", "tinh", "vay", "phep", "cong"))
"""Second words after which the first is no family name: lệ phí, hộ chiếu, hồ sơ, tờ khai."""
_WHO = (
    "(?:tôi|toi|em|con|cháu|chau|mình|minh|tui|chồng|chong|vợ|vo|bố|mẹ|me|ba|má|ông|ong|bà|anh|chị|chi|cô|chú|bác|bac"
    "|cậu|dì|bé|trai|gái|gai|nội|noi|ngoại|ngoai|ruột|ruot)"
)
_TOLD = re.compile(
    rf"\b{_WHO} t[êe]n(?: th[ậa]t)?(?: l[àa])?[ :]+|\bt[êe]n(?:(?: c[ủu]a)? {_WHO}){{0,3}} l[àa][ :]+"
    rf"|\bt[êe]n(?: {_WHO}){{0,2}} ?: ?"
)
_IS = re.compile(rf"\b{_WHO} l[àa] ")
_HOUSE = re.compile(
    r"\b(?:tổ|ấp|thôn|xóm|phòng|hẻm|ngõ|ngách|kiệt|khu phố|dân phố|tdp|số nhà|nhà số|căn hộ|lô|tầng|đội"
    r"|to|ap|thon|xom|phong|hem|ngo|ngach|kiet|khu pho|dan pho|so nha|nha so|can ho)(?: số| so)? "
    r"([a-z]?\d+[a-gi-z]?(?:[/.-]\d+[a-z]?)*)\b(?! ?(?:người|nguoi|lần|lan|m2|mét|met|triệu|trieu|đứa|dua|tuổi|tuoi))"
    r"|\b(?:số|so) (\d+[a-z]?(?:/\d+)*)(?=,? (?:đường|duong|phố|pho|ngõ|ngo|ngách|ngach|hẻm|hem|kiệt|kiet)\b)"
)


class Word(NamedTuple):
    text: str  # lower case, with its marks
    start: int
    end: int


def masked(text: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", text).split())[:LONGEST]
    # Letter for letter, so that places agree.
    plain, small = "".join(map(_bare, text)), "".join(char.lower()[0] for char in text)
    lower = plain.lower()
    spans = [found.span() for cue in (_NUMBER, _ADDRESS) for found in cue.finditer(lower)]
    spans += [found.span() for found in _CAPITALS.finditer(plain) if _is_name(found[0])]
    spans += [found.span(1) for found in _CALLED.finditer(plain)]
    spans += [found.span(1 if found[1] else 2) for found in _HOUSE.finditer(small)]
    spans += _names(small)
    if not _is_plain(small):
        spans += [found.span() for found in _MIDDLE_NAME.finditer(small)]
    hidden = {place for start, end in spans for place in range(start, end)}
    kept = "".join(HIDDEN if place in hidden else char for place, char in enumerate(text))
    return re.sub(rf"{HIDDEN}(?:[ {HIDDEN}]*{HIDDEN})?", HIDDEN, kept).strip()


def _bare(char: str) -> str:
    return {"đ": "d", "Đ": "D"}.get(char) or unicodedata.normalize("NFD", char)[0]


def _is_name(words: str) -> bool:
    """Two and more capitals in a row, the first a family name."""
    parts = words.lower().split()
    return bool(re.fullmatch(_SURNAMES, parts[0])) and parts[1] not in _THINGS


# --- names in small letters ----------------------------------------------------------------------------------------


def _names(text: str) -> Iterator[tuple[int, int]]:
    lists = PLAIN if _is_plain(text) else MARKED
    words = [Word(found[0], *found.span()) for found in re.finditer(r"[^\W\d_]+(?:'[^\W\d_]+)?", text)]
    told, said = ({found.end() for found in cue.finditer(text)} for cue in (_TOLD, _IS))
    for place, word in enumerate(words):
        run = _run(words[place:])
        length = lists.told(run) if word.start in told else lists.whole(run, told=word.start in said)
        if length:
            yield word.start, run[length - 1].end


def _is_plain(text: str) -> bool:
    return all(char.isascii() for char in text if char.isalpha())


def _run(words: list[Word]) -> list[Word]:
    """Up to four words with nothing but a blank between them."""
    run = words[:1]
    for word in words[1:4]:
        if word.start != run[-1].end + 1:
            break
        run.append(word)
    return run


class Lists(NamedTuple):
    common: Set[str]
    surnames: Set[str]
    given: Set[str]

    def whole(self, run: list[Word], *, told: bool) -> int:
        """Words of a family name with what is given to it; 0 when it is no name. ``told``: behind "tôi là"."""
        first, *rest = (word.text for word in run)
        if " ".join((first, *rest[:1])) in _PAIRS:
            return 0
        more = len(list(takewhile(self.given.__contains__, rest)))
        middle = next((place for place, word in enumerate(rest[:2], 1) if word in _MIDDLE), 0)
        is_common = first in self.common or first in _SURE
        if middle and middle == more < len(rest) and (is_common or self is MARKED):
            more += unmarked(rest[middle]) not in _NO_NAMES
        if is_common or (first in self.surnames and (told or middle)):
            return 1 + more if more >= (1 if told or first in _SURE else 2) else 0
        return 0

    def told(self, run: list[Word]) -> int:
        """The same behind "tên là", where a name is expected and one word may be all of it."""
        known = self.given | self.surnames
        if unmarked(run[0].text) in _NO_NAMES and (self is PLAIN or run[0].text not in known):
            return 0
        more = len(list(takewhile(lambda word: word.text in known, run[1:])))
        return 1 + more


MARKED = Lists(_COMMON, _COMMON | _RARE | _TOLD_ONLY, _GIVEN)
PLAIN = Lists(*(frozenset(map(unmarked, words)) for words in MARKED))

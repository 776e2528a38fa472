"""Which procedure a question is about. Pure: the same words and entries give the same decision, on any machine.

Every name and synonym of an entry is a phrase. A phrase's score is how much of it the question says, and how much of
the question it explains, weighted by how rare the words are among the entries; neighbouring words count as one, because
"tạm trú" and "thường trú" differ in one syllable. Typing errors count as the word they come closest to.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from rapidfuzz import fuzz, process

from zalopolice.vietnamese import spelled_out

LONGEST = 400
"""Characters read. A question is short; a long story is somebody's, and a person should read it."""
CLEAR, LEAD, WORTH_ASKING = 0.60, 0.13, 0.34
"""Chosen so that asking back is likelier than a wrong card: on the labelled questions and, each left out in turn, on
the synonyms themselves."""
CHOICES = 4


class Known(Protocol):
    """What is needed of a published procedure."""

    @property
    def slug(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def synonyms(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Decision:
    action: str  # answer | ask_back | handoff
    candidates: tuple[tuple[str, float], ...] = ()  # slug, score; the best first
    rule: str = ""  # why, for whoever tunes it


# Words that carry no procedure: politeness, question words, persons.
_EMPTY_WORDS = (
    "a ah anh bac ban bao biet cac cai cau chau chi cho chu chua co con cua da dang de den di do duoc em gi gio "
    "giup ha hay hoi hong khi khong la lai lam len lo luc ma mai minh moi mot mua muon nao nay ne nen neu nha "
    "nhe nhieu nhu nhung o oi phai qua ra rang roi sao sau se tai the thi thoi toi tren tu va vay ve vi viec "
    "voi vua xin xong y"
)


def _sound(word: str) -> str:
    """Words that sound alike are typed alike: tr/ch, s/x, i/y, a final ng/n."""
    word = word.replace("y", "i")
    if word.startswith("tr"):
        word = "ch" + word[2:]
    elif word.startswith("s"):
        word = "x" + word[1:]
    return word[:-1] if word.endswith("ng") else word


_EMPTY = frozenset(map(_sound, _EMPTY_WORDS.split()))


@dataclass(frozen=True, eq=False)
class _Phrase:
    slug: str
    weight: float


class Index:
    """The phrases of one set of entries, ready to be asked."""

    def __init__(self, entries: Sequence[Known]) -> None:
        written = [(entry.slug, features(phrase)) for entry in entries for phrase in _phrases(entry)]
        owners: dict[str, set[str]] = {}
        for slug, found in written:
            for feature in found:
                owners.setdefault(feature, set()).add(slug)
        count = max(len(entries), 2)
        self.rarity = {name: math.log(1 + count / len(slugs)) * _share(name) for name, slugs in owners.items()}
        self.words = sorted(name for name in owners if " " not in name and len(name) >= 4)
        # A word no entry knows speaks against every entry, about as much as a word a third of them share.
        self.unknown = math.log(1 + 3) * 0.7
        self.owners = owners
        self.holders: dict[str, list[_Phrase]] = {}
        for slug, found in written:
            phrase = _Phrase(slug, self.weight(found))
            for name in found:
                self.holders.setdefault(name, []).append(phrase)

    def weight(self, found: Iterable[str]) -> float:
        return sum(self.rarity.get(name, 0.0) for name in found)

    def heard(self, text: str) -> frozenset[str]:
        """The features of a question, misspelt words replaced by the known ones they come closest to."""
        words = [self._nearest(word) for word in _words(text)]
        return _features(words)

    def _nearest(self, word: str) -> str:
        if len(word) < 4 or word in self.rarity or word.isdigit():
            return word
        hit = process.extractOne(word, self.words, scorer=fuzz.ratio, score_cutoff=80)
        return hit[0] if hit else word

    def scores(self, text: str) -> list[tuple[str, float]]:
        asked = self.heard(text)
        strange = sum(self.unknown for name in asked if " " not in name and name not in self.rarity)
        whole = (self.weight(asked) + strange) or 1.0
        common: dict[_Phrase, float] = {}
        said: dict[str, float] = {}
        for name in sorted(asked & self.rarity.keys()):
            for phrase in self.holders[name]:
                common[phrase] = common.get(phrase, 0.0) + self.rarity[name]
            for slug in self.owners[name]:
                said[slug] = said.get(slug, 0.0) + self.rarity[name]
        best: dict[str, float] = {}
        for phrase, weight in common.items():
            covered, explained = weight / phrase.weight, weight / whole
            best[phrase.slug] = max(best.get(phrase.slug, 0.0), 0.55 * covered + 0.45 * explained)
        # All phrases of an entry together explain more than one of them.
        total = {slug: 0.75 * score + 0.25 * said[slug] / whole for slug, score in best.items()}
        return sorted(((slug, round(score, 3)) for slug, score in total.items()), key=lambda row: (-row[1], row[0]))


def understand(text: str, entries: Sequence[Known]) -> Decision:
    if not entries:
        return Decision("handoff", rule="nothing published")
    if len(text) > LONGEST:
        return Decision("handoff", rule="long")
    found = _index(tuple(entries)).scores(text)[: CHOICES + 1]
    if not found or found[0][1] < WORTH_ASKING:
        return Decision("handoff", tuple(found[:CHOICES]), "nothing close")
    (_, first), second = found[0], found[1][1] if len(found) > 1 else 0.0
    if first >= CLEAR and first - second >= LEAD:
        return Decision("answer", tuple(found[:1]), "clear")
    near = [row for row in found if row[1] >= max(WORTH_ASKING, first - 0.3)]
    return Decision("ask_back", tuple(near[:CHOICES]), "close" if first >= CLEAR else "weak")


def lexical_scores(text: str, entries: Sequence[Known]) -> list[tuple[str, float]]:
    """How near each entry's names come to the words, 0 to 1; the best first."""
    return _index(tuple(entries)).scores(text[:LONGEST]) if entries else []


@lru_cache(maxsize=64)
def _index(entries: tuple[Known, ...]) -> Index:
    return Index(entries)


def _phrases(entry: Known) -> list[str]:
    return [entry.name.split("(")[0], entry.name, *entry.synonyms]


def features(text: str) -> frozenset[str]:
    return _features(_words(text))


def spelled_with_ages(text: str) -> str:
    return _ages(spelled_out(text))


def _words(text: str) -> list[str]:
    return [_sound(word) for word in spelled_with_ages(text).split()]


def _features(words: list[str]) -> frozenset[str]:
    pairs = (f"{first} {second}" for first, second in zip(words, words[1:], strict=False))
    return frozenset(word for word in words if word not in _EMPTY) | frozenset(
        pair for pair in pairs if not _EMPTY.issuperset(pair.split())
    )


def _share(feature: str) -> float:
    """A pair of neighbours says more than its words alone; an age decides between three entries."""
    return 1.6 if feature in _AGES else 1.0 if " " in feature else 0.7


_AGES = {"tuoi0", "tuoi6", "tuoi14"}
_UNDER = re.compile(r"\bduoi 0?6 tuoi\b")
_UNTIL = re.compile(r"\b(?:tu 0?6 (?:den|toi) )?duoi 14 tuoi\b|\btu 0?6 (?:den|toi) 1[34](?: tuoi)?\b")
_FROM = re.compile(r"\b(?:tu )?(?:du|tron) 14 tuoi\b")
_YEARS = re.compile(r"\b(\d{1,2}) tuoi\b")


def _ages(text: str) -> str:
    """The three ages of the identity card's law as one word each: 5 and "dưới 06 tuổi" are the same question."""
    text = _FROM.sub("tuoi14", _UNTIL.sub("tuoi6", _UNDER.sub("tuoi0", text)))
    return _YEARS.sub(lambda match: _age_word(int(match[1])), text)


def _age_word(years: int) -> str:
    return "tuoi0" if years < 6 else "tuoi6" if years < 14 else "tuoi14" if years < 20 else "tuoi"

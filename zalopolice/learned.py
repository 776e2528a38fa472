"""What a message is about, as learnt from the sentences in ``data/questions.tsv``. Pure, offline, no float is compared
that another machine could round differently: features are whole numbers, weights are bytes, a score is their sum.

The features are what is typed (pieces of words, words, words with their marks) and what the hand-written rules say of
it: the danger words, the signs of a report, the topics, the names and synonyms of the procedures. So a synonym an
editor adds moves the decision without any training. ``training.py`` makes the file; :func:`ranked` reads with it.
"""

from __future__ import annotations

import json
import math
import re
import struct
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from procedures import topics
from procedures.understanding import Known, lexical_scores, spelled_with_ages
from tips import danger, recognition

FILE = Path(__file__).resolve().parent / "data" / "understanding.model"
BUCKETS = 1 << 15
"""Features share this many rows; what shares one by chance is told apart by the others of the sentence."""
HEAD, TAIL = 700, 500
"""Characters read of a long story: how it begins, and its end, where the question often stands."""
ONE = 1024
"""The length of each block of features, as a whole number."""
LANE = 6
"""Bytes; a sum would have to be millions of times that of a long message to run over into the next label's."""
UNSIGNED = bytes(byte ^ 128 for byte in range(256))
"""A weight as a byte from 0 to 255: its own value and 128."""
RULES = 0.3
"""Of that, what one word of a rule weighs."""
PIECES = range(2, 6)
OFTEN = (16, 16, 27, 34, 38, 42)
"""A word said twice says little more than once: 1 + ln(times), in sixteenths."""


@dataclass(frozen=True)
class Model:
    labels: tuple[str, ...]
    bias: tuple[int, ...]
    scale: float
    """A sum divided by it is the distance from the boundary between a label and the rest: 0 on it, 1 clear."""
    rarity: bytes
    weights: bytes
    made_from: str
    """Digest of the sentences it was trained with."""

    @cached_property
    def rows(self) -> list[int]:
        """Per bucket its weights, a lane each; made once, for each message anew it cost a sixth of a decision."""
        width = len(self.labels) * LANE
        lanes = bytearray(BUCKETS * width)
        lanes[::LANE] = self.weights.translate(UNSIGNED)
        return [int.from_bytes(lanes[at : at + width], "little") for at in range(0, len(lanes), width)]

    def scores(self, features: Mapping[int, int]) -> list[tuple[str, float]]:
        """Each label with its score, the best first.

        A row of weights is one long number with a lane for each label, so that a feature is one multiplication."""
        packed = sum(value * self.rows[bucket] for bucket, value in features.items())
        lanes, lifted = packed.to_bytes(len(self.labels) * LANE, "little"), 128 * sum(features.values())
        sums = (int.from_bytes(lanes[at : at + LANE], "little") - lifted for at in range(0, len(lanes), LANE))
        totals = (total + bias for total, bias in zip(sums, self.bias, strict=True))
        found = zip(self.labels, (round(total / self.scale, 3) for total in totals), strict=True)
        return sorted(found, key=lambda row: (-row[1], row[0]))


def ranked(text: str, entries: Sequence[Known]) -> list[tuple[str, float]]:
    return load().scores(features(text, entries, load().rarity))


@lru_cache(maxsize=1)
def load() -> Model:
    raw = FILE.read_bytes()
    (length,) = struct.unpack_from(">I", raw)
    head = json.loads(raw[4 : 4 + length])
    body = zlib.decompress(raw[4 + length :])
    rarity, weights = body[:BUCKETS], body[BUCKETS:]
    return Model(tuple(head["labels"]), tuple(head["bias"]), head["scale"], rarity, weights, head["made_from"])


def save(model: Model) -> None:
    head = {"labels": model.labels, "bias": model.bias, "scale": model.scale, "made_from": model.made_from}
    written = json.dumps(head, sort_keys=True).encode()
    body = zlib.compress(model.rarity + model.weights, 9)
    FILE.write_bytes(struct.pack(">I", len(written)) + written + body)


def features(text: str, entries: Sequence[Known], rarity: bytes) -> dict[int, int]:
    """Bucket -> whole number. ``rarity``: per bucket, how much a feature found there tells."""
    found: defaultdict[int, int] = defaultdict(int)
    text = text if len(text) <= HEAD + TAIL else f"{text[:HEAD]} {text[-TAIL:]}"
    for block in blocks(text):
        weighed = {key: rarity[key] * OFTEN[min(times, 5)] for key, times in Counter(block).items()}
        length = math.isqrt(sum(value * value for value in weighed.values())) or 1
        for key, value in weighed.items():
            found[key] += value * ONE // length
    for name, weight in rules(text, entries):
        found[bucket("rule", name)] += round(weight * RULES * ONE)
    return found


def bucket(kind: str, feature: str) -> int:
    return next(_buckets(kind, [feature.encode()]))


def _buckets(kind: str, features: Iterable[bytes]) -> Iterator[int]:
    begun = zlib.crc32(f"{kind}|".encode())
    return (zlib.crc32(feature, begun) % BUCKETS for feature in features)


def blocks(text: str) -> Iterator[Iterator[int]]:
    plain = spelled_with_ages(text)
    words = plain.split()
    yield _buckets("piece", (piece for word in words for piece in _pieces(f" {word} ".encode())))
    runs = [" ".join(words[at : at + size]) for size in (1, 2, 3) for at in range(len(words) - size + 1)]
    yield _buckets("words", map(str.encode, runs))
    marked = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text.lower()))
    pairs = [" ".join(pair) for pair in zip(marked, marked[1:], strict=False)]
    yield _buckets("marked", map(str.encode, [*marked, *pairs]))


def _pieces(word: bytes) -> list[bytes]:
    """Words are without marks here: a byte is a letter."""
    return [word[at : at + size] for size in PIECES for at in range(len(word) - size + 1)]


def rules(text: str, entries: Sequence[Known]) -> Iterator[tuple[str, float]]:
    """What the hand-written rules say of it."""
    yield f"danger {danger.assess(text).value}", 1.0
    yield f"report {recognition.read(text).value}", 1.0
    yield f"topic {topics.topic(text)}", 1.0
    for cue in topics.heard(text):
        yield f"cue {cue}", 1.0
    if topics.is_elsewhere(text):
        yield "elsewhere", 1.0
    if recognition.asks(text):
        yield "asks", 1.0
    if "?" in text:
        yield "question mark", 1.0
    yield f"length {min(6, len(text.split()).bit_length())}", 1.0
    near = lexical_scores(text, entries)[:6]
    for slug, score in near:
        yield f"named {slug}", 1.5 * score
    if near:
        yield "named at all", near[0][1]

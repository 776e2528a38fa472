"""Makes ``data/understanding.model`` from the sentences of ``data/questions.tsv`` and the catalogue's own names.

A linear support vector machine, one label against the rest. scikit-learn is among the development requirements only:
the file it makes is in the repository, and reading a message needs nothing of it.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from procedures.understanding import Known
from zalopolice import judging, learned
from zalopolice.learned import BUCKETS, Model

SENTENCES = Path(__file__).resolve().parent / "data" / "questions.tsv"
SEED = 20261122
STRICTNESS = 1.0
"""LinearSVC's C: better than 0.2 and 0.5 in five-fold cross-validation, 2 is no better. Labels are not weighed by how
rare they are: that took from the border between alarms and reports."""
Labelled = tuple[str, str]


def sentences(entries: Iterable[Known]) -> list[Labelled]:
    written = [(row["text"], row["label"]) for row in judging.questions(SENTENCES)]
    return written + [(phrase, entry.slug) for entry in entries for phrase in (entry.name, *entry.synonyms)]


def train(examples: Sequence[Labelled], entries: Sequence[Known]) -> Model:
    import numpy
    from scipy.sparse import csr_matrix
    from sklearn.svm import LinearSVC

    rarity = _rarity([text for text, _ in examples])
    seen = partial(learned.features, entries=entries, rarity=rarity)
    with ProcessPoolExecutor() as cores:  # two thirds of the time; the order is kept
        rows = list(cores.map(seen, [text for text, _ in examples], chunksize=200))
    columns = [key for row in rows for key in row]
    values = numpy.array([value for row in rows for value in row.values()]) / learned.ONE
    ends = numpy.cumsum([0] + [len(row) for row in rows])
    matrix = csr_matrix((values, columns, ends), shape=(len(rows), BUCKETS))
    machine = LinearSVC(C=STRICTNESS, random_state=SEED, tol=1e-3)
    machine.fit(matrix, [label for _, label in examples])
    # One step for all labels, so that their scores stay comparable.
    step = float(numpy.abs(machine.coef_).max()) / 127
    weights = numpy.rint(machine.coef_.T / step).astype(numpy.int8)
    scale = learned.ONE / step
    bias = tuple(round(float(value) * scale) for value in machine.intercept_)
    return Model(
        tuple(str(label) for label in machine.classes_),
        bias,
        scale,
        rarity,
        weights.tobytes(),
        digest(examples, entries, rarity),
    )


def digest(examples: Sequence[Labelled], entries: Sequence[Known], rarity: bytes) -> str:
    """Tells whether a model was made from these sentences, read by these rules: of one sentence in forty, what is seen
    in it counts as well."""
    written = hashlib.sha256("\n".join(f"{text}\t{label}" for text, label in examples).encode())
    for text, _ in examples[::40]:
        written.update(repr(sorted(learned.features(text, entries, rarity).items())).encode())
    return written.hexdigest()


def _rarity(texts: Sequence[str]) -> bytes:
    """Per bucket: 1 + ln(texts / texts that have it), in sixteenths."""
    seen: Counter[int] = Counter()
    for text in texts:
        seen.update({key for block in learned.blocks(text) for key in block})
    common = [16 * (1 + math.log((1 + len(texts)) / (1 + seen[key]))) for key in range(BUCKETS)]
    return bytes(min(255, round(value)) for value in common)

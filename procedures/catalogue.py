"""What citizens may be told: the published entries of a unit and of the one above it. Read by the bot and the pages."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from dataclasses import field as _field
from datetime import date
from functools import lru_cache
from math import log
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures import languages
from procedures.models import Version
from zalopolice.units.models import Unit
from zalopolice.vietnamese import spelled_out

PUBLIC = (
    "unit", "number", "state", "name", "synonyms", "content", "sources", "checked_on", "imported", "published_at",
    "review_due",
)  # fmt: skip
"""Columns zone public may read of a version; more would be refused by the database."""
KEPT = 256  # units whose entries a process keeps; communes rarely have any of their own


@dataclass(frozen=True)
class Entry:
    """One published procedure. ``content`` has the shape of an entry of ``data/procedures.json``."""

    procedure_id: uuid.UUID
    version_id: uuid.UUID
    slug: str
    name: str
    field: str
    synonyms: tuple[str, ...]
    content: dict[str, Any] = _field(hash=False)
    replaced_by: str | None
    number: int
    published_on: date | None  # of a preview not yet
    is_reviewed: bool
    code: str
    sources: tuple[str, ...] = ()
    review_due: date | None = None
    language: str = languages.VIETNAMESE  # of the name and the words
    wanted: str = languages.VIETNAMESE  # the same, unless there is no translation
    lags: bool = False  # the Vietnamese has changed since this was translated

    def is_overdue(self, today: date) -> bool:
        """Its text should have been read again before now; who gives it says so."""
        return self.review_due is not None and self.review_due < today

    def in_language(self, code: str) -> Entry:
        return languages.translated(self, code)

    @property
    def is_former_name(self) -> bool:
        """People still ask for it, the law no longer knows it."""
        return self.replaced_by is not None


def of_unit(unit_id: uuid.UUID) -> QuerySet[Version]:
    """Published versions a unit's citizens get: its own and those of the unit above."""
    units = Unit.objects.filter(Q(pk=unit_id) | Q(children=unit_id))
    return Version.objects.filter(state=Version.State.PUBLISHED, unit__in=units.values("pk"))


def entry_of(version: Version) -> Entry:
    procedure = version.procedure
    content = version.content | {"name_vi": version.name, "field": procedure.field}
    day = timezone.localdate(version.published_at) if version.published_at else None
    return Entry(
        procedure.pk, version.pk, procedure.slug, version.name, procedure.field, tuple(version.synonyms), content,
        version.replaced_by, version.number, day, not version.imported and version.published_at is not None,
        procedure.code, tuple(version.sources), version.review_due,
    )  # fmt: skip


STAMPS = """
SELECT version.unit_id, md5(string_agg(version.id || ' ' || changed_at, ',' ORDER BY version.id))
FROM procedures_version AS version JOIN procedures_procedure AS procedure ON procedure.id = procedure_id
WHERE state = 'published' AND version.unit_id IN (
    SELECT id FROM units_unit WHERE id = %(unit)s UNION SELECT parent_id FROM units_unit WHERE id = %(unit)s
)
GROUP BY version.unit_id
"""
"""What :func:`of_unit` finds, as one digest a unit. Written out: every message of a citizen asks for it."""

_kept: OrderedDict[uuid.UUID, tuple[str, list[Entry]]] = OrderedDict()


def published(unit_id: uuid.UUID) -> list[Entry]:
    """All entries in the order of the catalogue; where both units have a slug, the upper one's words stand.

    Two queries at most: what is there by name (a digest of ids and change times), then what this process lacks.
    Kept by the unit that owns the words, so that all communes of a province share one copy."""
    with connection.cursor() as cursor:
        cursor.execute(STAMPS, {"unit": unit_id})
        stamps: dict[uuid.UUID, str] = dict(cursor.fetchall())
    known = {owner: _kept.get(owner) for owner in stamps}
    found = {owner: kept[1] for owner, kept in known.items() if kept and kept[0] == stamps[owner]}
    if lacking := stamps.keys() - found.keys():
        found |= _load(lacking)
        for owner in lacking:
            _kept[owner] = (stamps[owner], found[owner])
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    upper_last = sorted(found, key=lambda owner: owner != unit_id)
    return list({entry.slug: entry for owner in upper_last for entry in found[owner]}.values())


def _load(owners: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Entry]]:
    rows = Version.objects.filter(state=Version.State.PUBLISHED, unit__in=owners).select_related("procedure")
    fields = [f"procedure__{name}" for name in ("slug", "code", "field", "position", "changed_at")]
    found: dict[uuid.UUID, list[Entry]] = {owner: [] for owner in owners}
    for row in rows.only("procedure", *PUBLIC, *fields).order_by("procedure__position", "procedure__slug"):
        found[row.unit_id].append(entry_of(row))
    return found


def for_editors(entries: Iterable[Entry]) -> dict[str, str]:
    """Names by slug for an editor's list or select, where no badge can stand."""
    return {entry.slug: entry.name if entry.is_reviewed else unreviewed(entry.name) for entry in entries}


def unreviewed(name: str) -> str:
    return _("%(name)s (chưa thẩm định)") % {"name": name}


NEAR = 5
"""Guesses a search shows when nothing has all its words."""


def search(entries: Iterable[Entry], text: str) -> list[Entry]:
    """Entries that have every typed word, marks or not, in the name first, then in what people call it."""
    words = [f" {word}" for word in spelled_out(text).split()]
    hits = []
    for place, entry in enumerate(entries):
        name, everything = _spoken(entry)
        if all(word in everything for word in words):
            hits.append((not all(word in name for word in words), entry.is_former_name, place, entry))
    return [entry for *_, entry in sorted(hits, key=lambda hit: hit[:3])]


def near(entries: Collection[Entry], text: str) -> list[Entry]:
    """A few that share the rarest of the words, best first; none when they share only what half of all have."""
    words = {f" {word} " for word in spelled_out(text).split()}
    spoken = [(entry, f"{_spoken(entry)[1]} ") for entry in entries]
    worth = {word: log(len(spoken) / times) for word in words if (times := sum(word in said for _, said in spoken))}
    scored = [(sum(worth[word] for word in worth if word in said), entry) for entry, said in spoken]
    enough = max(log(2), max((score for score, _ in scored), default=0) / 2)
    best = sorted((one for one in scored if one[0] > enough), key=lambda one: -one[0])
    return [entry for _, entry in best[:NEAR]]


@lru_cache(maxsize=4096)
def _spoken(entry: Entry) -> tuple[str, str]:
    """The name, and everything it is called by; both with a blank before each word."""
    name = f" {spelled_out(entry.name)}"
    return name, " ".join([name, *map(spelled_out, (*entry.synonyms, entry.field, entry.code))])

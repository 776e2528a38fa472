"""Search in what one officer may read anyway: decrypt and scan inside the unit, no index (design D17).

Newest first and bounded twice, by rows and by time, so that a long history never holds the page up; the page says
where it stopped. Words match without marks: "cau say" finds "cầu Sậy"."""

from __future__ import annotations

import re
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tips.models import Case, CaseEntry, Filed, TrayItem
from tips.threads import warm
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission
from zalopolice.vietnamese import fold

LEAST = 2
"""Letters; one alone matches nearly everything."""
CASES, MESSAGES, LINES = 1000, 2000, 1000
"""The newest of each that are looked through (20,000 messages of 95 characters scan in about a second, design D17)."""
SECONDS = 1.5
FOUND = 40
BATCH = 250
AROUND = 60
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Match:
    """What was found, with a little of what stands around it."""

    before: str
    words: str
    after: str


@dataclass(frozen=True)
class Hit:
    case: Case | None
    item: TrayItem | None  # one of the two
    where: str | Promise
    at: datetime
    match: Match | None = None
    readable: bool = True

    @property
    def place(self) -> Case | TrayItem:
        found = self.case or self.item
        assert found is not None  # every hit lies somewhere
        return found


@dataclass
class Found:
    hits: list[Hit] = field(default_factory=list)
    is_cut: bool = False  # there are older rows that nobody looked at

    def add(self, hits: Iterable[Hit]) -> None:
        """One hit a place: the first, because the best kind is looked for first."""
        known = {hit.place for hit in self.hits}
        for hit in hits:
            if hit.place not in known and len(self.hits) < FOUND:
                known.add(hit.place)
                self.hits.append(hit)


def search(officer: Officer, words: str) -> Found:
    """Only what this officer may open, and nothing that hints at the rest."""
    found, wanted = Found(), fold(words)
    if len(wanted.replace(" ", "")) < LEAST or not officer.may(Permission.CASE_LIST):
        return found
    ends = time.monotonic() + SECONDS
    readable, tray = Case.objects.readable_by(officer), TrayItem.objects.visible_to(officer)
    found.add(_named(officer, words))
    cases = _newest(found, readable.order_by("-received_at", "-pk"), CASES, ends, lambda row: [row.pk])
    found.add(_in_cases(cases, wanted))
    here = Filed.objects.filter(Q(case__in=readable) | Q(case=None, tray_item__in=tray))
    here = here.select_related("message", "case", "tray_item__group").order_by("-message__sent_at", "-pk")
    found.add(_in_messages(_newest(found, here, MESSAGES, ends, lambda row: [row.message.citizen_id]), wanted))
    lines = CaseEntry.objects.filter(case__in=readable).exclude(kind=CaseEntry.Kind.RECEIVED)
    lines = lines.select_related("message", "case").order_by("-at", "-pk")
    found.add(_in_lines(_newest(found, lines, LINES, ends, lambda row: [row.case_id, row.case.citizen_id]), wanted))
    return found


def _newest(
    found: Found, rows: QuerySet[Row], limit: int, ends: float, owners: Callable[[Row], list[uuid.UUID]]
) -> Iterator[Row]:
    """Batch by batch with their keys, until the rows, the limit or the time end."""
    taken = list(rows[: limit + 1])
    if len(taken) > limit:
        found.is_cut = True
        taken.pop()
    for start in range(0, len(taken), BATCH):
        if time.monotonic() > ends:
            found.is_cut = True
            return
        batch = taken[start : start + BATCH]
        warm(owner for row in batch for owner in owners(row))
        yield from batch


CODE = re.compile(r"[0-9A-Z]{2,12}")


def _named(officer: Officer, words: str) -> Iterator[Hit]:
    """By alias, which everybody sees who sees that the thing exists; by the code a citizen quotes, which the desk must
    find too, although it reads no case: only as a whole."""
    code = re.sub(r"[\s-]", "", words.upper())
    if not CODE.fullmatch(code):
        return
    alias, tip = f"{code[:3]}-{code[3:]}", f"TN-{code.removeprefix('TN')[:4]}-{code.removeprefix('TN')[4:]}"
    cases = Case.objects.visible_to(officer)
    quoted = Q(tip_code=tip) if officer.may(Permission.TRAY_READ) else Q(tip_code=tip, claimed_by=officer)
    named = list(cases.filter(Q(alias=alias) | quoted).order_by("-received_at", "pk")[:FOUND])
    warm(case.pk for case in named)
    for case in named:
        yield Hit(case, None, _("Mã"), case.received_at, readable=case.readable_by(officer))
    items = TrayItem.objects.visible_to(officer).select_related("group").filter(Q(alias=alias) | Q(tip_code=tip))
    for item in items.order_by("-opened_at")[:FOUND]:
        yield Hit(None, item, _("Mã"), item.opened_at)


def _in_cases(rows: Iterator[Case], wanted: str) -> Iterator[Hit]:
    for case in rows:
        for where, text in ((_("Tiêu đề"), case.title), (_("Tóm tắt"), case.summary)):
            if match := find(wanted, text):
                yield Hit(case, None, where, case.received_at, match)
                break


def _in_messages(rows: Iterator[Filed], wanted: str) -> Iterator[Hit]:
    for row in rows:
        if match := find(wanted, row.message.text):
            yield Hit(row.case, None if row.case else row.tray_item, _("Tin nhắn"), row.message.sent_at, match)


def _in_lines(rows: Iterator[CaseEntry], wanted: str) -> Iterator[Hit]:
    for row in rows:
        if match := find(wanted, row.message.text if row.message else row.text):
            yield Hit(row.case, None, row.get_kind_display(), row.at, match)


WORD = re.compile(r"[^\W_]+")


def find(wanted: str, text: str) -> Match | None:
    """``wanted`` is folded; what is returned is the text as it was written, whole words marked."""
    text = unicodedata.normalize("NFC", text)
    spots: list[tuple[int, int, re.Match[str]]] = []
    length, folded = 0, []
    for word in WORD.finditer(text):
        plain = fold(word[0]).replace(" ", "")
        spots.append((length, length + len(plain), word))
        folded.append(plain)
        length += len(plain) + 1
    at = " ".join(folded).find(wanted)
    if at < 0:
        return None
    touched = [word for start, end, word in spots if start < at + len(wanted) and end > at]
    first, last = touched[0].start(), touched[-1].end()
    before, after = text[:first], text[last:]
    if len(before) > AROUND:
        before = "…" + before[-AROUND:].partition(" ")[2]
    if len(after) > AROUND:
        after = after[:AROUND].rpartition(" ")[0] + "…"
    return Match(before, text[first:last], after)

"""A published entry as an answer in the chat (design D26): its own words, what holds today, never a word of ours
about the law. Also the editor's preview."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from textwrap import shorten
from typing import Any

from django.conf import settings

from procedures import fees, sheet
from procedures.catalogue import Entry
from procedures.languages import VIETNAMESE
from procedures.sheet import Place
from procedures.turns import OFFICER
from zalopolice.gateway.outbox import TEXT_MAX, speaking, words
from zalopolice.units.calendar import Opening
from zalopolice.vietnamese import fold

FULL, FORMS = "full", "forms"
"""What the numbers under a card mean; booking a visit joins them when there is such a thing."""
SHORT_LIST, SHORT_WORDS = 4, 300


@dataclass(frozen=True)
class Fee:
    case: str
    amount: int | None

    @property
    def shown(self) -> str:
        return f"{self.amount:,}".replace(",", ".")

    @property
    def aside(self) -> str:
        """What the case tells besides the amount: "Không thu (…)" repeats it."""
        return re.sub(r"^Không thu(?: \((.*)\))?$", r"\1", self.case)


@dataclass(frozen=True)
class Day:
    """One day a citizen asks about, and when the office is open on it: not at all when there are no spans."""

    noon: datetime
    spans: tuple[tuple[datetime, datetime], ...]


def next_steps(entry: Entry) -> list[str]:
    """The numbered choices under a card, the first is 1. A procedure without forms offers none."""
    return [FULL, FORMS, OFFICER] if _forms(entry) or file_ids(entry) else [FULL, OFFICER]


def file_ids(entry: Entry) -> list[str]:
    """Ids of what an editor attached, in the editor's order."""
    return [str(row["id"]) for row in entry.content.get("files") or []]


def card(
    entry: Entry,
    office: Place | None,
    today: date,
    *,
    unit: str = "",
    unit_code: str = "",
    opening: Opening | None = None,
    former: Entry | None = None,
) -> str:
    """At most 1,900 characters. ``former``: the name people asked for, which the law no longer knows; ``unit``: whose
    office and hours are told, which need not be who decides."""
    values = _values(entry, office, today, unit_code, opening) | {"unit": unit}
    if former is not None:
        values["former"] = {"name": former.name.split("(")[0].strip(), "explanation": _told(former)}
    with speaking(entry.language):
        values["steps_next"] = [words(f"next_{step}") for step in next_steps(entry)]
        texts = (words("procedure", **values | details) for details in _shorter(entry))
        return next(text for text in texts if len(text) <= TEXT_MAX)


def gone(former: Entry, today: date, unit_code: str = "") -> str:
    """A name the law no longer knows, whose heir nobody has published here: what its editors say of it, no card."""
    name = former.content.get("name_vi") or former.name
    values = _values(former, None, today, unit_code, None) | {
        "name": name.split("(")[0].strip(),
        "explanation": _told(former),
    }
    with speaking(former.language):
        return words("procedure_gone", **values, steps_next=[words(f"next_{OFFICER}")])


def part(
    wanted: Sequence[str],
    entry: Entry,
    office: Place | None,
    today: date,
    *,
    unit: str = "",
    unit_code: str = "",
    opening: Opening | None = None,
    days: Sequence[Day] = (),
    has_files: bool = False,
) -> str:
    """These sides of an entry and nothing else: of ``aspects.CUES``, or everything (``FULL``). May be long enough for
    several messages."""
    content = entry.content
    values = _values(entry, office, today, unit_code, opening) | {
        "unit": unit,
        "days": days,
        "has_files": has_files,
        "documents": _documents(entry, with_notes=True),
        "forms": _forms(entry),
        "who": content.get("who_can_apply") or "",
        "proxy": [line for line in _lines(content) if _speaks_of_proxies(line)],
        "steps": content.get("steps") or [],
        "result": content.get("result_vi") or "",
        "notes": content.get("notes_vi") or [],
        "laws": sheet.laws(dict(content)),
        "blocks": [f"procedure_{name}.txt" for name in wanted],
    }
    with speaking(entry.language):
        return re.sub(r"\n{3,}", "\n\n", words("procedure_part", **values))


def link(entry: Entry, unit_code: str) -> str:
    spoken = f"{entry.language}/" if entry.language != VIETNAMESE else ""
    return f"{settings.PUBLIC_URL}/thu-tuc/{unit_code}/{entry.slug}/{spoken}"


def _values(entry: Entry, office: Place | None, today: date, unit_code: str, opening: Opening | None) -> dict[str, Any]:
    content, time = entry.content, entry.content.get("processing_time") or {}
    return {
        "name": entry.name,
        "name_vi": content.get("name_vi") if entry.language != VIETNAMESE else "",
        "remark": _remark(entry),
        "where": content.get("where") or "",
        "address": office.address if office else "",
        "hours": "; ".join(office.hours) if office else "",
        "opening": opening,
        "fees": [
            Fee(row.get("said") or row.get("case") or "", row.get("amount_vnd")) for row in fees.on(content, today)
        ],
        "time": time.get("text") or "",
        "days_needed": time.get("days"),
        "working_days": time.get("working_days"),
        "number": entry.number,
        "published": entry.published_on,
        "is_reviewed": entry.is_reviewed,
        "overdue": entry.review_due if entry.is_overdue(today) else None,
        "link": link(entry, unit_code),
    }


def _remark(entry: Entry) -> str:
    """In the language that was asked for: there is no translation, or the Vietnamese has changed since."""
    name = "translation_lags" if entry.lags else "translation_missing" if entry.wanted != entry.language else ""
    with speaking(entry.wanted):
        return words(name) if name else ""


def _shorter(entry: Entry) -> Iterator[dict[str, Any]]:
    """The papers, with less and less; the last fits whatever an editor wrote elsewhere."""
    plain = _documents(entry, with_notes=False)
    yield {"documents": plain}
    yield {"documents": plain[:SHORT_LIST], "left_out": max(0, len(plain) - SHORT_LIST)}
    where = shorten(entry.content.get("where") or "", SHORT_WORDS, placeholder="…")
    yield {"left_out": len(plain), "where": where}
    yield {"left_out": len(plain), "where": where, "time": "", "fees": None, "hours": "", "address": "", "former": None}


def _documents(entry: Entry, *, with_notes: bool) -> list[str]:
    return [_document(row, with_notes) for row in entry.content.get("documents") or []]


def _document(row: Mapping[str, Any], with_note: bool) -> str:
    name, form, note, copies = row.get("name_vi") or "", row.get("form_code"), row.get("note"), row.get("copies")
    named = f"{name} (mẫu {form})" if form else name
    if with_note and copies:
        named = f"{named}: {copies} bản"
    return f"{named}. {note}" if with_note and note else named


def _forms(entry: Entry) -> list[dict[str, str]]:
    """What a citizen fills in: the forms its papers name; of a version without any, all that it lists."""
    rows = entry.content.get("documents") or []
    filled = [{"code": row["form_code"], "name": row.get("name_vi") or ""} for row in rows if row.get("form_code")]
    listed = [
        {"code": row.get("code") or "", "name": row.get("name_vi") or ""} for row in entry.content.get("forms") or []
    ]
    return filled or listed


def _lines(content: Mapping[str, Any]) -> Iterator[str]:
    for row in content.get("documents") or []:
        yield row.get("name_vi") or ""
        yield row.get("note") or ""
    yield from content.get("notes_vi") or []
    yield from content.get("steps") or []


def _speaks_of_proxies(line: str) -> bool:
    plain = fold(line)
    return any(cue in plain for cue in ("uy quyen", "lam thay", "lam ho", "nop thay", "dai dien", "giam ho"))


def _told(former: Entry) -> str:
    return str(former.content.get("explanation") or "")

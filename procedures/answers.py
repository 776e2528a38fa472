"""A published entry as an answer in the chat (design D26): its own words, what holds today, never a word of ours
about the law. Also the editor's preview."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from textwrap import shorten
from typing import Any

from django.conf import settings

from procedures import fees
from procedures.catalogue import Entry
from procedures.sheet import Place
from zalopolice.gateway.outbox import TEXT_MAX, words
from zalopolice.units.calendar import Opening

PAPERS, COSTS, OFFICER = "papers", "costs", "officer"
NEXT_STEPS = {"1": PAPERS, "2": COSTS, "3": OFFICER}
"""What the numbers under a card mean."""
SHORT_LIST, SHORT_WORDS = 4, 300


@dataclass(frozen=True)
class Fee:
    case: str
    amount: int | None

    @property
    def shown(self) -> str:
        return f"{self.amount:,}".replace(",", ".")


def card(
    entry: Entry,
    office: Place | None,
    today: date,
    *,
    unit_code: str = "",
    opening: Opening | None = None,
    former: Entry | None = None,
) -> str:
    """At most 1,900 characters. ``former``: the name people asked for, which the law no longer knows."""
    values = _values(entry, office, today, unit_code, opening)
    if former is not None:
        values["former"] = {"name": former.name.split("(")[0].strip(), "explanation": _told(former)}
    return next(text for details in _shorter(entry) if len(text := words("procedure", **values | details)) <= TEXT_MAX)


def aspect(
    name: str, entry: Entry, office: Place | None, today: date, *, unit_code: str = "", opening: Opening | None = None
) -> str:
    """One side of an entry: papers, costs, time, place."""
    values = _values(entry, office, today, unit_code, opening)
    for with_notes in (True, False):
        text = words(f"procedure_{name}", **values, documents=_documents(entry, with_notes=with_notes))
        if len(text) <= TEXT_MAX:
            return text
    return words("procedure_link", **values)


def link(entry: Entry, unit_code: str) -> str:
    return f"{settings.PUBLIC_URL}/thu-tuc/{unit_code}/{entry.slug}/"


def _values(entry: Entry, office: Place | None, today: date, unit_code: str, opening: Opening | None) -> dict[str, Any]:
    content = entry.content
    return {
        "name": entry.name,
        "where": content.get("where") or "",
        "address": office.address if office else "",
        "hours": "; ".join(office.hours) if office else "",
        "opening": opening,
        "fees": [Fee(row.get("case") or "", row.get("amount_vnd")) for row in fees.on(content, today)],
        "time": (content.get("processing_time") or {}).get("text") or "",
        "number": entry.number,
        "published": entry.published_on,
        "link": link(entry, unit_code),
    }


def _shorter(entry: Entry) -> Iterator[dict[str, Any]]:
    """The papers, with less and less; the last fits whatever an editor wrote elsewhere."""
    plain = _documents(entry, with_notes=False)
    yield {"documents": plain}
    yield {"documents": plain[:SHORT_LIST], "left_out": max(0, len(plain) - SHORT_LIST)}
    where = shorten(entry.content.get("where") or "", SHORT_WORDS, placeholder="…")
    yield {"left_out": len(plain), "where": where}
    yield {"left_out": len(plain), "where": where, "time": "", "fees": (), "hours": "", "address": "", "former": None}


def _documents(entry: Entry, *, with_notes: bool) -> list[str]:
    return [_document(row, with_notes) for row in entry.content.get("documents") or []]


def _document(row: Mapping[str, Any], with_note: bool) -> str:
    name, form, note = row.get("name_vi") or "", row.get("form_code"), row.get("note")
    named = f"{name} (mẫu {form})" if form else name
    return f"{named}. {note}" if with_note and note else named


def _told(former: Entry) -> str:
    return str(former.content.get("explanation") or "")

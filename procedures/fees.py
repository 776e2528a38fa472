"""What a procedure costs on a day. Fees are dated: discounts and exemptions begin and end by circular."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

_DAY = r"(\d{1,2})/(\d{1,2})/(\d{4})"
_BETWEEN = re.compile(rf"từ {_DAY} đến (?:hết )?{_DAY}")
_USUAL = "mức quy định"


def on(content: Mapping[str, Any], day: date) -> list[Mapping[str, Any]]:
    """The rows in force; the usual amount is left out where a dated one of the same kind takes its place, and of
    one case the amount that began last stands."""
    rows = [row for row in content.get("fee") or [] if _in_force(row, day)]
    dated = {_kind(row) for row in rows if validity(row)}
    begun: dict[str, date] = {}
    for row in rows:
        begun[_case(row)] = max(_begin(row), begun.get(_case(row), date.min))
    return [
        row
        for row in rows
        if _begin(row) == begun[_case(row)] and not (_USUAL in row.get("case", "") and _kind(row) in dated)
    ]


def later(content: Mapping[str, Any], day: date) -> list[Mapping[str, Any]]:
    """The rows that begin after the day."""
    terms = [(validity(row), row) for row in content.get("fee") or []]
    return [row for term, row in terms if term and term[0] > day]


def named(row: Mapping[str, Any]) -> bool:
    """Whether the sentence itself says from when until when."""
    return _BETWEEN.search(row.get("case") or "") is not None


def validity(row: Mapping[str, Any]) -> tuple[date, date] | None:
    """From and until, of the fields ``valid_from`` and ``valid_until`` or of the sentence that names the days."""
    if row.get("valid_from") or row.get("valid_until"):
        first, last = row.get("valid_from"), row.get("valid_until")
        return date.fromisoformat(first or "0001-01-01"), date.fromisoformat(last or "9999-12-31")
    found = _BETWEEN.search(row.get("case", ""))
    return (_date(found.groups()[:3]), _date(found.groups()[3:])) if found else None


def _in_force(row: Mapping[str, Any], day: date) -> bool:
    term = validity(row)
    return term is None or term[0] <= day <= term[1]


def _begin(row: Mapping[str, Any]) -> date:
    term = validity(row)
    return term[0] if term else date.min


def _case(row: Mapping[str, Any]) -> str:
    return " ".join(str(row.get("case") or "").casefold().split())


def _kind(row: Mapping[str, Any]) -> str:
    return str(row.get("case", "")).split(" - ")[0]


def _date(found: Sequence[str]) -> date:
    day, month, year = map(int, found)
    return date(year, month, day)

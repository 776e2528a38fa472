"""What stands in a cell of a workbook, as its reader sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

FAILED = frozenset(("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"))
"""What Excel shows where a formula could not be worked out."""

READ: dict[str, Callable[[Any], Any]] = {
    "lines": lambda value: [one.strip() for one in str(value or "").split("\n") if one.strip()],
    "text": lambda value: "" if value is None else str(value),
    "yes": lambda value: str(value or "").strip().lower() not in {"", "0", "false", "không", "khong", "no"},
}


def value(found: Any) -> Any:
    """A cell as its reader sees it, and as JSON can carry it on."""
    if isinstance(found, datetime):
        return found.date().isoformat()
    if isinstance(found, date):
        return found.isoformat()
    if isinstance(found, time):
        return f"{found:%H:%M}"
    if isinstance(found, timedelta):
        minutes = round(found.total_seconds() / 60)
        return f"{'-' * (minutes < 0)}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    if isinstance(found, bool):
        return str(found).upper()
    if isinstance(found, float) and found.is_integer():
        return int(found)
    return found.strip() if isinstance(found, str) else found

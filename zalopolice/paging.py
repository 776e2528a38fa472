"""Lists page by key: the address holds the last row's place, so rows that come and go in between shift nothing."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

SIZE = 25
Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    rows: list[Row]
    following: str  # the place after which the next page begins; "" on the last one
    place: list[Any] | None  # where this page began


def page(rows: models.QuerySet[Row], order: tuple[str, ...], after: str | None, size: int = SIZE) -> Page[Row]:
    """``order`` names columns, "-" for descending, the last one unique. A place nobody gave out means the start."""
    place = _read(rows, order, after or "")
    if place is not None:
        rows = rows.filter(_beyond(order, place))
    found = list(rows.order_by(*order)[: size + 1])
    following = _write(found[size - 1], order) if len(found) > size else ""
    return Page(found[:size], following, place)


def _beyond(order: tuple[str, ...], place: list[Any]) -> Q:
    """Lexicographic: equal in the first columns, further in the next."""
    condition, equal = Q(), Q()
    for name, value in zip(order, place, strict=True):
        column = name.removeprefix("-")
        condition |= equal & Q(**{f"{column}__{'lt' if name != column else 'gt'}": value})
        equal &= Q(**{column: value})
    return condition


def _write(row: models.Model, order: tuple[str, ...]) -> str:
    values = [getattr(row, name.removeprefix("-")) for name in order]
    text = json.dumps([value if isinstance(value, bool) else str(value) for value in values])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(rows: models.QuerySet[Any], order: tuple[str, ...], text: str) -> list[Any] | None:
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return [_value(rows, name.removeprefix("-"), value) for name, value in zip(order, values, strict=True)]
    except (ValueError, TypeError, RecursionError, OverflowError, ValidationError):
        return None


def _value(rows: models.QuerySet[Any], column: str, value: Any) -> Any:
    field = _field(rows, column)
    if isinstance(value, str) and "\0" in value.encode().decode():  # half a surrogate pair does not encode
        raise ValueError
    found = field.to_python(value) if isinstance(value, bool | str) else None
    if found is None or (isinstance(found, datetime) and timezone.is_naive(found)):
        raise ValueError
    # PostgreSQL knows fewer time zones than there are offsets in Python.
    return found.astimezone(UTC) if isinstance(found, datetime) else found


def _field(rows: models.QuerySet[Any], column: str) -> Any:
    if column in rows.query.annotations:
        return rows.query.annotations[column].output_field
    return rows.model._meta.pk if column == "pk" else rows.model._meta.get_field(column)

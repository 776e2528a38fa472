"""Queries written out, for what every message pays for: Django takes ten times as long to write one as PostgreSQL to
answer it, and most of a message's processor time went there. Everywhere else the ORM asks.

Only what is asked is written by hand. The columns and what becomes of them are the model's, so that a new field needs
nothing here, and a row is the same row the ORM would have made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models

M = TypeVar("M", bound=models.Model)


def rows(model: type[M], which: str, *values: Any) -> list[M]:
    """The rows of ``model`` that ``which`` ("WHERE … ORDER BY …", with a ``%s`` for each value) picks."""
    columns, _, _ = _shape(model)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {model._meta.db_table} {which}", values)
        return [_made(model, row) for row in cursor.fetchall()]


def first(model: type[M], which: str, *values: Any) -> M | None:
    """The first of them; ``which`` needs no LIMIT unless it locks or there may be many."""
    found = rows(model, which, *values)
    return found[0] if found else None


def joined(tables: Sequence[type[models.Model]], which: str, *values: Any) -> tuple[Any, ...] | None:
    """One row of each model, as ``which`` ("FROM … JOIN … WHERE …") puts them side by side; None when there is none."""
    shapes = [_shape(model) for model in tables]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns for columns, _, _ in shapes)} {which}", values)
        row = cursor.fetchone()
    if row is None:
        return None
    found, at = [], 0
    for model, (_, names, _) in zip(tables, shapes, strict=True):
        found.append(_made(model, row[at : at + len(names)]))
        at += len(names)
    return tuple(found)


def value(question: str, *values: Any) -> Any:
    """The first column of the first row; None when there is no row."""
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        row = cursor.fetchone()
    return row[0] if row else None


@cache
def _shape(model: type[models.Model]) -> tuple[str, list[str], list[tuple[int, Callable[..., Any]]]]:
    """The columns as SQL, the attributes they fill, and what Django does to the values of some of them."""
    fields, table = model._meta.concrete_fields, model._meta.db_table
    columns = ", ".join(f'{table}."{field.column}"' for field in fields)
    converted = [(at, does) for at, field in enumerate(fields) for does in field.get_db_converters(connection)]
    return columns, [field.attname for field in fields], converted


def _made(model: type[M], row: Sequence[Any]) -> M:
    _, names, converted = _shape(model)
    filled = list(row)
    for at, does in converted:
        filled[at] = does(filled[at], None, connection)
    return model.from_db(DEFAULT_DB_ALIAS, names, filled)

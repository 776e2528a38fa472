"""State machines are tables (design D24): one ``move_to`` for all of them, drawn into ``docs/states.md``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.translation import gettext as _


class WrongState(Exception):
    """The row has moved on since the page was drawn; the message is the sentence the officer reads."""


def move_to(
    row: models.Model, status: str, *, field: str = "status", unchanged: Collection[str] = (), **changes: Any
) -> None:
    """Moves ``row`` along its model's ``TRANSITIONS`` by compare-and-set, together with ``changes``.

    Two people acting at once cannot both win: the update names the state that was read, and the values of the
    ``unchanged`` fields (the fence of a queue row).
    Raises WrongState when the table has no such arrow or somebody else moved the row first."""
    before = getattr(row, field)
    allowed: dict[str, set[str]] = row.TRANSITIONS  # type: ignore[attr-defined]  # every stateful model has one
    if status not in allowed.get(before, set()):
        names = {"before": _label(row, field, before), "after": _label(row, field, status)}
        raise WrongState(_("Không thể chuyển từ “%(before)s” sang “%(after)s”.") % names)
    changes[field] = status
    as_read = {name: getattr(row, name) for name in unchanged}
    rows = type(row)._default_manager.filter(pk=row.pk, **{field: before}, **as_read)
    if rows.update(**changes) != 1:
        raise WrongState(_("Người khác vừa thay đổi mục này. Hãy tải lại trang."))
    for name, value in changes.items():
        setattr(row, name, value)


def _label(row: models.Model, field: str, value: str) -> str:
    choices = dict(row._meta.get_field(field).flatchoices)  # type: ignore[union-attr]  # a plain column
    return str(choices.get(value, value))


def machines() -> Iterator[tuple[type[models.Model], str]]:
    for model in apps.get_models():
        if hasattr(model, "TRANSITIONS"):
            yield model, getattr(model, "STATE_FIELD", "status")


def drawing() -> str:
    """Mermaid diagrams of every machine, in a stable order."""
    parts = ["# States\n\nDrawn from the tables in the code by `./run manage draw_states`; do not edit.\n"]
    for model, field in sorted(machines(), key=lambda pair: pair[0]._meta.label):
        labels = dict(model._meta.get_field(field).flatchoices)  # type: ignore[union-attr]  # a plain column
        lines = [f"\n## {model._meta.label}\n\n```mermaid\nstateDiagram-v2"]
        lines += [f"    {state}: {state} ({label})" for state, label in labels.items()]
        for before, targets in model.TRANSITIONS.items():  # type: ignore[attr-defined]  # every stateful model has one
            lines += [f"    {before} --> {after}" for after in sorted(targets)]
        parts.append("\n".join([*lines, "```\n"]))
    return "".join(parts)

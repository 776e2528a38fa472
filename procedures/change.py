"""What a file that was read would do to the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from procedures.carried import Problem
from procedures.models import Procedure


@dataclass
class Change:
    """What an entry of the file would do. ``words``: what ``actions.save_draft`` takes."""

    slug: str
    name: str
    place: Mapping[str, Any]  # field, code, position
    words: dict[str, Any]
    procedure: Procedure | None = None
    differs: list[str] = field(default_factory=list)  # titles of the sections of the text
    lost: list[str] = field(default_factory=list)  # files and translations it would take out
    fees: list[str] = field(default_factory=list)  # amounts, old and new
    older: str = ""  # the file was taken out of a text that citizens no longer get

    @property
    def told(self) -> list[str]:
        return [*self.differs, *([_("Chỗ trong danh mục")] if self.moves else [])]

    @property
    def moves(self) -> bool:
        """Stands elsewhere in the catalogue than until now."""
        own = self.procedure
        return own is not None and any(getattr(own, name) != value for name, value in self.place.items())

    @property
    def same(self) -> bool:
        return self.procedure is not None and not self.differs and not self.moves


@dataclass
class Reading:
    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def moved(self) -> list[Change]:
        return [one for one in self.changes if one.moves]

    @property
    def new(self) -> list[Change]:
        return [one for one in self.changes if one.procedure is None]

    @property
    def changed(self) -> list[Change]:
        return [one for one in self.changes if one.procedure is not None and not one.same]

    @property
    def same(self) -> list[Change]:
        return [one for one in self.changes if one.same]

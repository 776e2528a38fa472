"""What editors see of content: their unit's rows and what the unit above publishes."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models

from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission

Row = TypeVar("Row", bound=models.Model, covariant=True)


class OwnAndInherited(models.QuerySet[Row]):
    """For rows of the unit and what the unit above publishes for it; row security hides the latter's drafts."""

    def visible_to(self, officer: Officer) -> Self:
        if not (officer.may(Permission.PROCEDURE_EDIT) or officer.may(Permission.PROCEDURE_REVIEW)):
            return self.none()
        return self.filter(unit__in=[officer.unit.pk, officer.unit.parent_id])


class Own(OwnAndInherited[Row]):
    """Citizens' words and what is counted of them: nobody inherits these."""

    def visible_to(self, officer: Officer) -> Self:
        return super().visible_to(officer).filter(unit=officer.unit.pk)

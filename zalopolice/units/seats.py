"""A seat: the one unit an officer acts in during a request, with the roles held there (design D12)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from zalopolice.units.models import Membership, Officer, Unit
from zalopolice.units.roles import DEPUTED, ROLE_PERMISSIONS, Permission, Role
from zalopolice.units.walls import unit_context

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSION_UNIT = "unit"


class OfficerRequest(HttpRequest):
    """A request behind LoginRequiredMiddleware: somebody is signed in."""

    user: Officer


@dataclass(frozen=True)
class Seat:
    unit: Unit
    roles: tuple[str, ...]
    deputed: bool = False  # in writing, by the chief

    @property
    def role_names(self) -> list[str]:
        return [str(Role(role).label) for role in self.roles]

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        return frozenset().union(*(ROLE_PERMISSIONS[role] for role in self.roles), DEPUTED if self.deputed else ())


def seats_of(officer: Officer) -> list[Seat]:
    """All seats the officer may take today, by unit code, exercises last. Own roles need no unit context."""
    with unit_context(None, officer.pk):
        rows = Membership.objects.current().filter(officer=officer).select_related("unit__parent")
        rows = rows.order_by("unit__is_training", "unit__code")
        units: dict[uuid.UUID, list[Membership]] = {}
        for row in rows:
            units.setdefault(row.unit_id, []).append(row)
    return [
        Seat(held[0].unit, tuple(dict.fromkeys(row.role for row in held)), any(row.deputation for row in held))
        for held in units.values()
    ]


def take_seat(officer: Officer, wanted: str | None) -> Seat | None:
    """Sits the officer in the wanted unit, else in the first; roles are read anew on every request."""
    seats = officer.seats = seats_of(officer)
    officer.seat = next((seat for seat in seats if str(seat.unit.pk) == wanted), seats[0] if seats else None)
    return officer.seat


@contextmanager
def acting(officer: Officer) -> Iterator[Officer]:
    """The unit context of a seated officer: one transaction that sees this unit only."""
    with unit_context(officer.unit.pk, officer.pk):
        yield officer


class SeatMiddleware:
    """Runs each view in the signed context of the officer's unit; an error rolls the whole request back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        officer = request.user
        if not isinstance(officer, Officer):
            return self.get_response(request)
        seat = take_seat(officer, request.session.get(SESSION_UNIT))
        context: AbstractContextManager[object] = acting(officer) if seat else nullcontext()
        with context:
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        # Django turns the exception into an answer below us; without this the half-done act would commit.
        if transaction.get_connection().in_atomic_block:
            transaction.set_rollback(True)

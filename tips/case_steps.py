"""The path of a case as steps: the states there really are, each with its moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tips.models import Case

Status = Case.Status


@dataclass(frozen=True)
class Step:
    label: str | Promise
    state: str  # done, now, next
    at: datetime | None


def steps_of(case: Case) -> list[Step]:
    """Tiếp nhận is always done; the state now is where the case stands."""
    stands = [None, Status.UNCLAIMED, Status.IN_PROGRESS, Status.CLOSING, Status.CLOSED].index(Status(case.status))
    labels = (_("Tiếp nhận"), _("Chờ người nhận"), _("Đang xác minh"), _("Chờ duyệt"), _("Kết thúc"))
    moments = (case.received_at, case.opened_at, case.claimed_at, case.proposed_at, case.closed_at)
    closed = case.status == Status.CLOSED

    def state(place: int) -> str:
        return "done" if place < stands or closed else "now" if place == stands else "next"

    shown = enumerate(zip(labels, moments, strict=True))
    return [Step(label, state(place), at if place <= stands else None) for place, (label, at) in shown]

"""How the unit's accounts stand, from what the vault has written: nobody's page waits for Zalo. Zone web."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zalopolice.gateway import rules
from zalopolice.gateway.models import Consent, OfficialAccount
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission


class Sign(NamedTuple):
    """A state in words, with the drawing and the tone beside them."""

    words: str | Promise
    icon: str
    tone: str


SIGNS = {
    "connected": Sign(_("Đã kết nối"), "check", "done"),
    "ending": Sign(_("Quyền sắp hết hạn"), "hourglass", "soon"),
    "connecting": Sign(_("Đang kết nối"), "hourglass", "info"),
    "new": Sign(_("Chưa kết nối"), "unplug", "soon"),
    "trouble": Sign(_("Cần kết nối lại"), "circle-alert", "late"),
}
RULES = ("reply_free_hours", "reply_paid_hours", "broadcast_from_hour", "broadcast_until_hour", "broadcast_user_day")
WARNING = "grant_warn_days"


@dataclass(frozen=True)
class Rules:
    """Zalo's rules of today, for people to read."""

    free_hours: int
    paid_days: int
    from_hour: int
    until_hour: int
    per_day: int
    warn: timedelta


@dataclass(frozen=True)
class AccountState:
    oa: OfficialAccount
    walk: Consent | None  # the latest
    at: datetime
    warn: timedelta

    @property
    def state(self) -> str:
        if self.walk and self.walk.answered_at and not self.walk.exchanged_at and not self.walk.error:
            return "connecting"
        if self.oa.trouble:
            return "trouble"
        if self.oa.connected_at is None:
            return "new"
        until = self.oa.token_refresh_until
        return "ending" if until and until - self.at <= self.warn else "connected"

    @property
    def works(self) -> bool:
        return self.state in ("connected", "ending")

    @property
    def sign(self) -> Sign:
        return SIGNS[self.state]

    @property
    def refusal(self) -> str:
        """Why the latest attempt to connect came to nothing."""
        return self.walk.error if self.walk else ""

    @property
    def days_left(self) -> int | None:
        """Whole days until Zalo may refuse to renew; 0 when that day has come."""
        until = self.oa.token_refresh_until
        return None if until is None else max(0, (until - self.at).days)


def rules_of(at: datetime) -> Rules:
    found = rules.values((*RULES, WARNING), at)
    free, paid, first, until, per_day = (found[name] for name in RULES)
    return Rules(free, paid // 24, first, until, per_day, timedelta(days=found[WARNING]))


def of(officer: Officer, today: Rules | None = None) -> list[AccountState]:
    """The unit's accounts, by name; none for officers who do not watch them. Three queries, two with ``today``."""
    if not (officer.may(Permission.OA_VIEW) or officer.may(Permission.OA_CONNECT)):
        return []
    now = timezone.now()
    today = today or rules_of(now)
    oas = list(OfficialAccount.objects.visible_to(officer))
    walks = Consent.objects.visible_to(officer).filter(oa__in=oas).order_by("oa_id", "-started_at").distinct("oa_id")
    latest = {walk.oa_id: walk for walk in walks}
    return [AccountState(oa, latest.get(oa.pk), now, today.warn) for oa in oas]

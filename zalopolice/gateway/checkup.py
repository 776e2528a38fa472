"""Asks Zalo once an hour how each account stands: profile, followers, allowance (zalo-oa-api.md 3.6, 5). Zone vault.

An account that cannot be asked keeps what was last known, with its time."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice.gateway import accounts, client, rules, tokens
from zalopolice.gateway.client import Account, Verdict
from zalopolice.gateway.models import OfficialAccount
from zalopolice.units.models import Alert
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)


def due() -> Iterable[uuid.UUID]:
    old = Q(checked_at=None) | Q(checked_at__lt=timezone.now() - EVERY)
    rows = OfficialAccount.objects.filter(old, connected_at__isnull=False).order_by("checked_at")
    return rows.values_list("pk", flat=True)


def check(pk: uuid.UUID) -> None:
    """Profile, followers and allowance of one connected account; warns before its grant ends."""
    oa = OfficialAccount.objects.select_related("app").filter(pk=pk, connected_at__isnull=False).first()
    if oa is None:
        return
    _warn_of_end(oa)
    try:
        account, version = tokens.account(oa)
        found = _ask(account)
    except tokens.NeedsConsent:
        accounts.report(oa, oa.trouble or _("OA đã mất kết nối. Trưởng đơn vị cần kết nối lại OA."))
    except DeadToken:
        _renew(oa, version)
    except client.Unreachable:
        log.info("account %s not checked: no answer", oa.pk)
    else:
        OfficialAccount.objects.filter(pk=oa.pk).update(checked_at=timezone.now(), **found)


class DeadToken(Exception):
    """Zalo refused the access token before its time."""


def _renew(oa: OfficialAccount, version: int) -> None:
    try:
        tokens.refresh(oa, version)
    except (tokens.NeedsConsent, client.Unreachable):
        log.info("account %s not checked: no token", oa.pk)


def _ask(account: Account) -> dict[str, Any]:
    profile = _read(account, "/v2.0/oa/getoa")
    query = json.dumps({"offset": 0, "count": 1, "is_follower": True})
    listed = _read(account, "/v3.0/oa/user/getlist", data=query)
    followers = _number(listed.get("total"), _number(profile.get("num_follower")))
    left, total = _allowance(account, listed.get("users"))
    package = str(profile.get("package_name") or "")[:80]
    return {"followers": followers, "package": package, "broadcast_left": left, "broadcast_total": total}


def _allowance(account: Account, users: Any) -> tuple[int | None, int | None]:
    """Zalo tells the month's broadcasts only beside some follower (3.6); that person's id goes nowhere else."""
    first = users[0] if isinstance(users, list) and users and isinstance(users[0], dict) else {}
    if not first.get("user_id"):
        return None, None
    outcome = client.call(account, "/v3.0/oa/quota/message", {"user_id": str(first["user_id"])})
    promotion = outcome.data.get("promotion")
    if outcome.verdict is not Verdict.SENT or not isinstance(promotion, dict):
        return None, None
    return _number(promotion.get("monthly_remain")), _number(promotion.get("monthly_total"))


def _number(value: Any, otherwise: int | None = None) -> int | None:
    """Zalo writes counters as numbers here and as strings there."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return otherwise
    return number if 0 <= number < 2**31 else otherwise


def _read(account: Account, path: str, **query: Any) -> dict[str, Any]:
    outcome = client.call(account, path, **query)
    if outcome.verdict is Verdict.TOKEN:
        raise DeadToken
    if outcome.verdict is not Verdict.SENT:
        raise client.Unreachable
    return outcome.data


def _warn_of_end(oa: OfficialAccount) -> None:
    if oa.token_refresh_until is None or oa.connected_at is None:
        return
    now = timezone.now()
    if oa.token_refresh_until - now > timedelta(days=rules.value("grant_warn_days", now)):
        return
    told = Alert.objects.filter(kind=Alert.Kind.OA_TROUBLE, subject=oa.pk, at__gte=oa.connected_at)
    if not told.exists():
        tell(Alert.Kind.OA_TROUBLE, oa.unit_id, oa.pk, permission=Permission.OA_VIEW)

"""Asks Zalo once an hour how each account stands: profile, followers, allowance (zalo-oa-api.md 3.6, 5). Zone vault.

An account that cannot be asked keeps what was last known, with its time."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice import queue
from zalopolice.gateway import accounts, client, followers, tokens
from zalopolice.gateway.client import Account, Verdict
from zalopolice.gateway.models import OfficialAccount, Setup

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
ASKING = timedelta(seconds=90)
QUESTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    # What each permission group of the app opens, asked in a way that changes nothing (zalo-oa-api.md 5, 6).
    "profile": ("/v2.0/oa/getoa", {}),
    "people": ("/v3.0/oa/user/getlist", {"data": json.dumps({"offset": 0, "count": 1, "is_follower": True})}),
    "messages": ("/v2.0/oa/listrecentchat", {"data": json.dumps({"offset": 0, "count": 1})}),
    "articles": ("/v2.0/article/getslice", {"offset": "0", "limit": "1", "type": "normal"}),
}
NO_TOKEN, NO_ANSWER, OTHER_ACCOUNT = 1, 2, 3
"""Findings that are no codes of Zalo, whose codes are negative; 0 is a yes."""


def due() -> Iterable[uuid.UUID]:
    old = Q(checked_at=None) | Q(checked_at__lt=timezone.now() - EVERY)
    rows = OfficialAccount.objects.filter(old, connected_at__isnull=False).order_by("checked_at")
    return rows.values_list("pk", flat=True)


def check(pk: uuid.UUID) -> None:
    """Profile, followers and allowance of one connected account."""
    oa = OfficialAccount.objects.select_related("app").filter(pk=pk, connected_at__isnull=False).first()
    if oa is None:
        return
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
        followers.sync(oa, account, found["followers"])


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
    total_now = _number(listed.get("total"), _number(profile.get("num_follower")))
    left, total = _allowance(account, listed.get("users"))
    package = str(profile.get("package_name") or "")[:80]
    return {"followers": total_now, "package": package, "broadcast_left": left, "broadcast_total": total}


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


def ask_again(pk: uuid.UUID) -> None:
    """The wizard's questions: is it this account, and which permissions does the app hold?"""
    own = Setup.objects.filter(oa__unit=F("unit"))  # no unit asks about another's account
    setup = own.select_related("oa__app").filter(pk=pk, queue="vault", next_at__lte=timezone.now()).first()
    if setup is None or not queue.claim(setup, ASKING):
        return
    queue.finish(setup, findings=_findings(setup.oa), checked_at=timezone.now())


def _findings(oa: OfficialAccount) -> dict[str, int]:
    try:
        account, _version = tokens.account(oa)
    except (tokens.NeedsConsent, client.Unreachable):
        return dict.fromkeys(QUESTIONS, NO_TOKEN)
    found = {}
    for name, (path, query) in QUESTIONS.items():
        outcome = client.call(account, path, **query)
        yes = outcome.verdict is Verdict.SENT
        found[name] = 0 if yes else outcome.code or NO_ANSWER
        if yes and name == "profile" and str(outcome.data.get("oa_id") or outcome.data.get("oaid")) != oa.oa_id:
            found[name] = OTHER_ACCOUNT
    return found

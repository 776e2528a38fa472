"""What sending costs: our own count by account and day, held against Zalo's (zalo-oa-api.md 3.1, 3.6). Zone vault.

A free reply costs nothing; a paid one is taken from the package, a purchased pack or the wallet. Zalo's number falls by
what was really sent; if it falls by more than we know of, somebody sends past this system."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from zalopolice.gateway import client, incidents, pace, rules, tokens
from zalopolice.gateway.client import Account, Verdict
from zalopolice.gateway.models import Incident, Message, OfficialAccount, QuotaDay

FREE, PACKAGE, PAID = "free", "package", "paid"
TIERS = {"reply": FREE, "sub_quota": PACKAGE}
QUESTION = {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}
SENT = Q(direction=Message.Direction.OUT, state=Message.State.SENT)


def expected(window: rules.Window) -> str:
    """What a message will cost, before Zalo has answered; it takes the package first."""
    return FREE if window is rules.Window.FREE else PACKAGE


def tier(before: str, data: dict[str, Any]) -> str:
    """What it did cost, by Zalo's answer; ``before`` as :func:`expected` said."""
    told = data.get("quota")
    kind = told.get("quota_type") if isinstance(told, dict) else None
    if isinstance(kind, str) and kind:
        return TIERS.get(kind, PAID)
    return FREE if before == FREE else PAID  # the wallet pays without a word


def due(day: date) -> Iterable[uuid.UUID]:
    """Connected accounts whose ``day`` has not been closed."""
    closed = QuotaDay.objects.filter(day=day).values("oa_id")
    rows = OfficialAccount.objects.filter(connected_at__isnull=False).exclude(pk__in=closed).order_by("pk")
    return rows.values_list("pk", flat=True)


def close_day(pk: uuid.UUID, day: date, broadcasts: int) -> None:
    """Counts what the account sent on ``day`` and asks Zalo what is left. Nobody to ask: the count stands alone."""
    oa = OfficialAccount.objects.select_related("app").get(pk=pk)
    pace.calm(oa.pk, timezone.now())
    counted = _count(oa, day)
    asked: dict[str, Any] = {"asked_at": timezone.now(), **told} if (told := _ask(oa)) else {}
    facts = {**counted, "broadcasts": broadcasts, **asked}
    row, _made = QuotaDay.objects.update_or_create(unit_id=oa.unit_id, oa=oa, day=day, defaults=facts)
    if row.left is not None:
        OfficialAccount.objects.filter(pk=oa.pk).update(reply_left=row.left, reply_total=row.total)
        _compare(oa, row)
    _warn_low(oa, row)


def _count(oa: OfficialAccount, day: date) -> dict[str, int]:
    begin = timezone.make_aware(datetime.combine(day, datetime.min.time()))
    rows = Message.objects.filter(SENT, unit_id=oa.unit_id, oa=oa)
    of_day = rows.filter(settled_at__gte=begin, settled_at__lt=begin + timedelta(days=1))
    console = Q(origin=Message.Origin.CONSOLE) & ~Q(kind="call")  # Zalo counts calls apart
    counts: dict[str, int] = of_day.aggregate(
        free=Count("pk", filter=Q(tier=FREE)),
        paid=Count("pk", filter=Q(tier__in=(PACKAGE, PAID))),
        console=Count("pk", filter=console),
    )
    return counts


def _ask(oa: OfficialAccount) -> dict[str, int]:
    try:
        account, _version = tokens.account(oa)
    except (tokens.NeedsConsent, client.Unreachable):
        return {}
    return read(account)


def read(account: Account) -> dict[str, int]:
    """``left`` and ``total`` of the package's replies; empty when Zalo does not say."""
    outcome = client.call(account, "/v3.0/oa/quota/message", QUESTION)
    if outcome.verdict is not Verdict.SENT or outcome.rows is None:
        return {}
    rows = [row for row in outcome.rows if isinstance(row, dict) and row.get("quota_type") == "sub_quota"]
    numbers = [(client.number(row.get("remain")), client.number(row.get("total"))) for row in rows]
    known = [(left, total) for left, total in numbers if left is not None and total is not None]
    if not known:
        return {}
    return {"left": sum(left for left, _total in known), "total": sum(total for _left, total in known)}


def _compare(oa: OfficialAccount, row: QuotaDay) -> None:
    earlier = QuotaDay.objects.filter(oa=oa, day__lt=row.day, left__isnull=False).order_by("-day").first()
    if earlier is None or earlier.left is None or row.left is None or row.left > earlier.left:
        return  # the first time, or a new month's allowance
    between = Q(settled_at__gt=earlier.asked_at, settled_at__lte=row.asked_at)
    ours = Message.objects.filter(SENT, between, unit_id=oa.unit_id, oa=oa, tier=PACKAGE).count()
    row.difference = earlier.left - row.left - ours
    QuotaDay.objects.filter(pk=row.pk).update(difference=row.difference)
    if row.difference:
        incidents.begin(Incident.Kind.QUOTA_DIFFERS, oa, figure=row.difference)
    else:
        incidents.end(Incident.Kind.QUOTA_DIFFERS, oa)


def _warn_low(oa: OfficialAccount, row: QuotaDay) -> None:
    pairs = ((row.left, row.total), (oa.broadcast_left, oa.broadcast_total))
    share = rules.value("quota_low_percent", timezone.now())
    low = [left for left, total in pairs if left is not None and total and left * 100 <= total * share]
    if low:
        incidents.begin(Incident.Kind.QUOTA_LOW, oa, figure=min(low))
    else:
        incidents.end(Incident.Kind.QUOTA_LOW, oa)


def exhausted(oa: OfficialAccount) -> None:
    """Zalo has just refused: nothing is left to pay with."""
    incidents.begin(Incident.Kind.QUOTA_LOW, oa, figure=0)

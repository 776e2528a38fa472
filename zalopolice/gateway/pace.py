"""How fast Zalo may be called: a bucket per account and one per app, as rows that every process shares. Zone vault.

Calls go evenly, one every ``1/rate`` seconds. The rate is the rule's (``pace_oa``, ``pace_app``) until Zalo says "too
fast" (-32, 429): then half of what it was, up again within seconds to a little below where it was refused, held there
for five minutes, and from then on slowly further. So the limit, which Zalo tells nobody, is found and seldom touched.
Nobody sleeps here: a row that must wait goes back to its queue until its turn, and rows of other accounts go on.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from zalopolice import written
from zalopolice.gateway import incidents, rules
from zalopolice.gateway.models import Incident, OfficialAccount, Pace

RULES = ("pace_oa", "pace_app")
IN_FLIGHT = timedelta(seconds=1)
"""Refusals so soon after a slowing belong to calls that had already left."""
UP, HOLD = 3.0, 300.0
"""Seconds of the way up, and of the rest below the limit: whoever hears the next no waits a minute for it."""
BELOW, REST = 0.95, 0.97
"""The ceiling, of the rate that was refused; the rest, of the ceiling."""
GROWTH = 0.001
"""Of the ceiling, a second, after the rest: so slowly that Zalo's no comes before a tenth too much."""
LEAST = 0.2
CATCH_UP = timedelta(seconds=0.1)
"""So much of a lost moment may be made good: a worker is never exactly in time."""
ABSURD = timedelta(minutes=1)
"""Even the slowest pace sets the next call no more than ten seconds away."""
COUNTED = """UPDATE gateway_pace SET free_at = given.free_at
    FROM (VALUES (%s::uuid, %s::timestamptz), (%s::uuid, %s::timestamptz)) AS given (id, free_at)
    WHERE gateway_pace.id = given.id"""
MANY, TOGETHER = 3, timedelta(seconds=10)
"""So many accounts of an app refused within so short a time: it is the app that is too fast."""


def rate(row: Pace, most: float, now: datetime) -> float:
    """Calls per second that ``row`` allows now."""
    if row.ceiling is None or row.slowed_at is None:
        return most
    since = (now - row.slowed_at).total_seconds()
    way_up = min(1.0, max(0.0, since) / UP)
    part = 0.5 + (REST - 0.5) * way_up + GROWTH * max(0.0, since - UP - HOLD)
    return max(LEAST, min(most, row.ceiling * part))


def take(oa: OfficialAccount) -> float:
    """Seconds this account's next call must wait; 0: it may go now, and is counted."""
    most = rules.values(RULES, timezone.now())
    with transaction.atomic():
        app, own = _rows(oa)
        now = timezone.now()
        gaps = [
            timedelta(seconds=1 / rate(row, most[name], now)) for row, name in ((app, "pace_app"), (own, "pace_oa"))
        ]
        if app.free_at <= now and own.free_at <= now:
            after = [max(row.free_at, now - CATCH_UP) + gap for row, gap in zip((app, own), gaps, strict=True)]
            with connection.cursor() as cursor:
                cursor.execute(COUNTED, [app.pk, after[0], own.pk, after[1]])
            turn = now
        else:
            # Behind those who were told to come back before: so hardly anybody comes in vain, however many wait. In
            # steps of the rest, where the rate is for minutes: turns in steps of a halved rate would be too few when
            # they come, and it has long risen again; in steps of the ceiling one in thirty came in vain.
            step = min(gaps[1], timedelta(seconds=1 / (own.ceiling * REST))) if own.ceiling else gaps[1]
            turn = max(own.turn_at + step, own.free_at, app.free_at)
            Pace.objects.filter(pk=own.pk).update(turn_at=turn)
    if own.ceiling is not None and rate(own, most["pace_oa"], now) >= most["pace_oa"]:
        _recovered(own, oa)
    return max(0.0, (turn - now).total_seconds())


def _rows(oa: OfficialAccount) -> tuple[Pace, Pace]:
    """The app's row and the account's; everybody locks the account's first."""
    rows = {row.pk: row for row in _locked(oa)}
    if len(rows) < 2:
        made = [Pace(pk=oa.app_id), Pace(pk=oa.pk, app_id=oa.app_id)]
        Pace.objects.bulk_create(made, ignore_conflicts=True)
        rows = {row.pk: row for row in _locked(oa)}
    for row in rows.values():
        _forget_a_wrong_clock(row)
    return rows[oa.app_id], rows[oa.pk]


def _forget_a_wrong_clock(row: Pace) -> None:
    """What was written while our clock was ahead must stop nobody until the time has caught up with it."""
    now = timezone.now()
    if max(row.free_at, row.slowed_at or row.free_at) > now + ABSURD:
        row.free_at = row.turn_at = now
        row.slowed_at = row.slowed_at and now
        Pace.objects.filter(pk=row.pk).update(free_at=now, turn_at=now, slowed_at=row.slowed_at)


def _locked(oa: OfficialAccount) -> list[Pace]:
    return written.rows(Pace, "WHERE id IN (%s, %s) ORDER BY app_id, id FOR UPDATE", oa.app_id, oa.pk)


def slow_down(oa: OfficialAccount) -> None:
    """Zalo said "too fast": half the rate of this moment for the account; of the app, when several heard it."""
    most = rules.values(RULES, timezone.now())
    with transaction.atomic():
        app, own = _rows(oa)
        now = timezone.now()
        if not _slow(own, most["pace_oa"], now):
            return
        together = Pace.objects.filter(app_id=oa.app_id, slowed_at__gte=now - TOGETHER).count()
        if together >= MANY:
            _slow(app, most["pace_app"], now)
    incidents.begin(Incident.Kind.PACED, oa)


def _slow(row: Pace, most: float, now: datetime) -> bool:
    refused_at = rate(row, most, now)
    old_enough = Q(slowed_at=None) | Q(slowed_at__lt=now - IN_FLIGHT)
    rows = Pace.objects.filter(old_enough, pk=row.pk)
    free_at = now + timedelta(seconds=2 / refused_at)
    # Zalo saves up what was not used, so its no comes late: the limit lies below the rate of this moment.
    return rows.update(ceiling=max(BELOW * refused_at, 2 * LEAST), slowed_at=now, free_at=free_at) == 1


def _recovered(own: Pace, oa: OfficialAccount) -> None:
    Pace.objects.filter(pk=own.pk, slowed_at=own.slowed_at).update(ceiling=None, slowed_at=None)
    incidents.end(Incident.Kind.PACED, oa)


def calm(oa: uuid.UUID, now: datetime) -> None:
    """Of an account that sends nothing: nobody would notice that its minute is long over."""
    long_ago = Pace.objects.filter(pk=oa, slowed_at__lt=now - timedelta(minutes=15))
    if long_ago.update(ceiling=None, slowed_at=None):
        incidents.end(Incident.Kind.PACED, OfficialAccount.objects.get(pk=oa))

"""When Zalo's history is compared with ours: after our webhook was away or an account silent, every night, and when the
chief asks."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import redis
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, F, Min, OuterRef
from django.db.models.functions import Coalesce
from django.utils import timezone

from zalopolice import queue
from zalopolice.audit import log
from zalopolice.gateway import gauges
from zalopolice.gateway.models import HistoryWalk, Incident, OfficialAccount
from zalopolice.units.models import Officer

Kind = HistoryWalk.Kind
FRESH = 60.0
"""Seconds: the webhook tells every second that it lives."""
AWAY = timedelta(minutes=30)
"""Zalo's third try of an event comes after half an hour; who was away shorter has missed none."""
SILENCE = timedelta(hours=2)
"""Zalo gives an event up after 1 h 51 m: who hears something more often has missed none."""
MARGIN = timedelta(minutes=10)
NIGHT_HOUR = 3
BACK, LONGEST = timedelta(hours=48), timedelta(days=14)
"""Of a night, and of one that makes up for walks that failed."""


def begin(oa: OfficialAccount, kind: str, since: datetime, *, by: Officer | None = None) -> HistoryWalk | None:
    """None when a walk through this account's history is under way."""
    now = timezone.now()
    walk = HistoryWalk(unit_id=oa.unit_id, oa=oa, kind=kind, since=since, started_at=now, queue="vault", next_at=now)
    try:
        with transaction.atomic():
            walk.save(force_insert=True)
            if by is not None:
                log.append("history.asked", walk, by=by)
            queue.ring("zalopolice.walk", walk.pk, "slow")
    except IntegrityError:
        return None
    return walk


def stop(walk: HistoryWalk, *, by: Officer) -> None:
    """It ends before its next page."""
    with transaction.atomic():
        if HistoryWalk.objects.filter(pk=walk.pk, ended_at=None, stop_asked=False).update(stop_asked=True):
            log.append("history.stopped", walk, by=by)


def after_downtime() -> None:
    """Zone vault. Notes until when the webhook listened; when it comes back after a while, looks at what it missed."""
    if not _listens():
        return
    now = timezone.now()
    back = _connected().filter(listening_at__lt=now - AWAY)
    missed = [oa.pk for oa in back if oa.listening_at and not _covered(oa, oa.listening_at - MARGIN, now)]
    _connected().exclude(pk__in=missed).update(listening_at=now)


def _listens() -> bool:
    """A webhook that lives and refuses what Zalo signs is as good as away."""
    try:
        lives = time.time() - gauges.webhook().get("at", 0.0) < FRESH
    except redis.RedisError:
        return False
    refuses = Incident.objects.filter(kind=Incident.Kind.SIGNATURE_REFUSED, ended_at=None)
    return lives and not refuses.exists()


def after_silence() -> None:
    """Zone vault. Where something is heard again after longer than Zalo repeats an event, looks at what was not heard.

    Zalo may have switched the webhook off, a proxy been dead or a certificate over: our process notices none of these.
    An account that is only quiet costs a call or two."""
    heard = _connected().annotate(before=Coalesce("heard_at", "connected_at"))
    for oa in heard.filter(last_event_at__gt=F("before") + SILENCE):
        if oa.last_event_at and _covered(oa, oa.before - MARGIN, oa.last_event_at):
            OfficialAccount.objects.filter(pk=oa.pk).update(heard_at=oa.last_event_at)
    lately = heard.filter(last_event_at__lte=F("before") + SILENCE)
    lately.exclude(heard_at=F("last_event_at")).update(heard_at=F("last_event_at"))


def _covered(oa: OfficialAccount, since: datetime, until: datetime) -> bool:
    """By a walk that begins now, or by one under way that reaches back as far and began late enough: none reads what is
    younger than itself. Else it is tried again in a minute."""
    if begin(oa, Kind.DOWNTIME, since) is not None:
        return True
    return HistoryWalk.objects.filter(oa=oa, ended_at=None, since__lte=since, started_at__gte=until).exists()


def nightly() -> None:
    """Zone vault. Once a night for every account: the last two days."""
    local = timezone.localtime()
    night = local.replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    if local < night:
        return
    done = HistoryWalk.objects.filter(kind=Kind.NIGHTLY, started_at__gte=night).values("oa")
    for oa in _connected().exclude(pk__in=done):
        begin(oa, Kind.NIGHTLY, min(timezone.now() - BACK, _whole_since(oa)))


def _whole_since(oa: OfficialAccount) -> datetime:
    """The earliest moment a walk that failed was to look at, and no later one has: Zalo may be away for days."""
    ended = HistoryWalk.objects.filter(ended_at__isnull=False)
    later = {"oa": OuterRef("oa"), "started_at__gt": OuterRef("started_at"), "since__lte": OuterRef("since")}
    failed = ended.filter(oa=oa, since__gt=timezone.now() - LONGEST).exclude(error="").exclude(kind=Kind.ASKED)
    owed = failed.exclude(Exists(ended.filter(error="", **later))).aggregate(at=Min("since"))["at"]
    return owed or timezone.now()


def _connected() -> models.QuerySet[OfficialAccount]:
    rows = OfficialAccount.objects.filter(connected_at__isnull=False, trouble="", unit__is_training=False)
    return rows.order_by("pk")

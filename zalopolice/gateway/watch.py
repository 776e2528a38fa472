"""Looks every half minute for what a person should know: opens incidents, ends them, leaves numbers. Zone vault.

Each check is one function that returns what is wrong now: account → size, or None → size for the installation. How
many queries a round asks does not depend on the number of accounts.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db.models import Count, Max, Q
from django.utils import timezone

from zalopolice import heartbeat, metrics
from zalopolice.gateway import clock, flood, gauges, incidents, media, rules, stuck
from zalopolice.gateway.models import (
    Attachment,
    ConsoleSeat,
    InboundEvent,
    Incident,
    Message,
    OfficialAccount,
    WebhookSecret,
)
from zalopolice.gateway.models import Snapshot as SnapshotRow
from zalopolice.gateway.models.accounts import ZaloApp

log = logging.getLogger(__name__)

Kind = Incident.Kind
Found = dict[OfficialAccount | None, int]

QUEUE_OLD = 60
REFUSED_A_MINUTE = 3
CALM: dict[str, timedelta] = {Kind.SIGNATURE_REFUSED: timedelta(minutes=10), Kind.SPOOL_FAILING: timedelta(minutes=10)}
"""Zalo repeats a refused event after minutes, so one quiet minute does not mean that it is taken now; and of several
webhook processes each tells of itself, in turn."""
CLOCK_OFF = 120
BACKUP_OLD = timedelta(hours=26)
BUSY_DAYS = 5
RULES = ("silent_hours", "seat_confirm_days", "grant_warn_days")


class Round:
    """What several checks need, read once."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.rules = rules.values(RULES, self.now)
        rows = OfficialAccount.objects.filter(unit__is_training=False)
        self.accounts = list(rows.order_by("pk"))
        self.open = {(one.kind, one.oa_id): one for one in Incident.objects.filter(ended_at=None, kind__in=CHECKS)}
        self.queues = gauges.queues(self.now)

    @property
    def connected(self) -> list[OfficialAccount]:
        return [oa for oa in self.accounts if oa.connected_at and not oa.trouble]


def watch() -> None:
    """One check that cannot look (Redis away) neither opens nor ends anything, and stops no other."""
    watched, still, gone = Round(), [], []
    for kind, check in CHECKS.items():
        try:
            found = check(watched)
        except (redis.RedisError, OSError) as error:
            log.warning("%s not checked: %s", kind, type(error).__name__)
            continue
        sizes = {oa.pk if oa else None: (oa, size) for oa, size in found.items()}
        for key, (oa, size) in sizes.items():
            if (kind, key) not in watched.open:
                incidents.begin(kind, oa, size)
        for (its_kind, key), incident in watched.open.items():
            if its_kind == kind and key in sizes:
                incident.figure, incident.last_seen_at = sizes[key][1], watched.now
                still.append(incident)
            elif its_kind == kind and incident.last_seen_at <= watched.now - CALM.get(kind, timedelta(0)):
                gone.append(incident.pk)
    Incident.objects.bulk_update(still, ["figure", "last_seen_at"])
    Incident.objects.filter(pk__in=gone).update(ended_at=watched.now)
    note_signing_keys(watched.now)
    _leave_numbers(watched)


# --- of an account -----------------------------------------------------------------------------------------------


def token_ending(watched: Round) -> Found:
    warn = timedelta(days=watched.rules["grant_warn_days"])
    ends = {oa: oa.token_refresh_until - watched.now for oa in watched.connected if oa.token_refresh_until}
    return {oa: max(0, left.days) for oa, left in ends.items() if left <= warn}


def consent_lost(watched: Round) -> Found:
    return {oa: 0 for oa in watched.accounts if oa.trouble}


def webhook_silent(watched: Round) -> Found:
    """A day without anything is news only where every day brings something; elsewhere it takes a week. Of an account
    that was never heard a day tells enough: whoever connects one tries it, and nobody else would notice."""
    hours = watched.rules["silent_hours"]
    quiet = [oa for oa in watched.connected if _hours(oa, watched.now) >= hours]
    if not quiet:
        return {}
    since = watched.now - timedelta(hours=hours, days=7)
    heard = Message.objects.filter(unit__in={oa.unit_id for oa in quiet}, direction="in", sent_at__gte=since)
    days: Counter[Any] = Counter()
    for oa, _day in heard.values_list("oa", "sent_at__date").distinct():
        days[oa] += 1
    found = {oa: _hours(oa, watched.now) for oa in quiet}
    return {
        oa: silent
        for oa, silent in found.items()
        if oa.last_event_at is None or days[oa.pk] >= BUSY_DAYS or silent >= hours * 7
    }


def _hours(oa: OfficialAccount, now: datetime) -> int:
    """Without a word; since the connecting, when there never was one."""
    since = oa.last_event_at or oa.connected_at or now
    return int((now - since).total_seconds() // 3600)


def seats_unconfirmed(watched: Round) -> Found:
    """Counted from the connecting where nobody was ever named."""
    limit = timedelta(days=watched.rules["seat_confirm_days"])
    seats = ConsoleSeat.objects.filter(ended_at=None).values("oa").annotate(at=Max("confirmed_at"))
    confirmed: dict[object, datetime] = {row["oa"]: row["at"] for row in seats}
    begun = ((oa, confirmed.get(oa.pk) or oa.connected_at or watched.now) for oa in watched.connected)
    return {oa: (watched.now - at).days for oa, at in begun if watched.now - at > limit}


# --- of the installation -----------------------------------------------------------------------------------------


def signature_refused(watched: Round) -> Found:
    """The webhook counts; what was added since a minute ago at most is what goes on now."""
    client = metrics.broker()
    known = {app for app in ZaloApp.objects.values_list("app_id", flat=True)}
    counts = {app: int(client.get(f"zp:webhook:refused:{app}") or 0) for app in known}
    before = {app: int(number) for app, number in client.hgetall("zp:watch:refused").items()}
    if counts and client.set("zp:watch:refused:lately", 1, nx=True, ex=55):
        client.hset("zp:watch:refused", mapping={app: str(number) for app, number in counts.items()})
    added = sum(max(0, number - before.get(app, number)) for app, number in counts.items())
    return {None: added} if added >= REFUSED_A_MINUTE else {}


def queue_old(watched: Round) -> Found:
    oldest = max((age for _, age in watched.queues.values()), default=0)
    return {None: oldest} if oldest > QUEUE_OLD else {}


def spool_used(watched: Round) -> Found:
    spooled = gauges.webhook().get("spool_records", 0)
    return {None: int(spooled)} if spooled else {}


def spool_failing(watched: Round) -> Found:
    """Minutes since the webhook had to answer 503: neither the database nor the spool took an event."""
    since = gauges.webhook().get("spool_failing_since", 0)
    return {None: int(watched.now.timestamp() - since) // 60} if since else {}


def spool_kept(watched: Round) -> Found:
    """Files with events PostgreSQL refused, or damaged ones: only a person can judge them."""
    kept = gauges.webhook().get("spool_kept", 0)
    return {None: int(kept)} if kept else {}


def worker_still(watched: Round) -> Found:
    """As the watchdog sees it, but by the wall clock: that is enough to tell a person."""
    client, now, still = metrics.broker(), time.time(), 0
    for program in heartbeat.PROGRAMS:
        rung = float(client.get(heartbeat.rang_key(program)) or 0)
        signs = heartbeat.children(client, program).values()
        limit = heartbeat.longest(program) if any(busy for _, busy, _ in signs) else heartbeat.SILENCE
        newest = max((at for at, _, _ in signs), default=0.0)
        still += now - rung < heartbeat.SILENCE and now - newest > limit
    return {None: still} if still else {}


def clock_wrong(watched: Round) -> Found:
    skew = metrics.broker().get(clock.KEY)
    return {None: int(float(skew))} if skew and abs(float(skew)) > CLOCK_OFF else {}


def backup_old(watched: Round) -> Found:
    """The backup's script touches a file when it has gone well; without the setting nobody asks."""
    if not settings.BACKUP_MARK:
        return {}
    mark = Path(settings.BACKUP_MARK)
    age = watched.now.timestamp() - mark.stat().st_mtime if mark.exists() else BACKUP_OLD.total_seconds() + 1
    return {None: int(age)} if age > BACKUP_OLD.total_seconds() else {}


def events_stuck(watched: Round) -> Found:
    """Of accounts nobody connected; those of a unit are on its duty officer's page."""
    number = stuck.unknown()
    return {None: number} if number else {}


def media_foreign(watched: Round) -> Found:
    """Files that wait until their host is entered. The fetcher opens it; entered or too old, none waits any more."""
    waits = Attachment.objects.filter(queue="vault", next_at__isnull=False, reason=media.FOREIGN)
    counted = dict(waits.order_by().values_list("message__oa").annotate(Count("pk")))
    return {oa: counted[oa.pk] for oa in watched.accounts if oa.pk in counted}


def flood_lasts(watched: Round) -> Found:
    """Routing opens it; here it only ends."""
    begun = [oa for oa in watched.accounts if (Kind.FLOOD, oa.pk) in watched.open]
    return {oa: 0 for oa in begun if flood.unit_is_flooded(oa.unit_id)}


CHECKS: dict[str, Callable[[Round], Found]] = {
    Kind.TOKEN_ENDING: token_ending,
    Kind.CONSENT_LOST: consent_lost,
    Kind.WEBHOOK_SILENT: webhook_silent,
    Kind.SEATS_UNCONFIRMED: seats_unconfirmed,
    Kind.SIGNATURE_REFUSED: signature_refused,
    Kind.QUEUE_OLD: queue_old,
    Kind.SPOOL_USED: spool_used,
    Kind.SPOOL_FAILING: spool_failing,
    Kind.SPOOL_KEPT: spool_kept,
    Kind.WORKER_STILL: worker_still,
    Kind.CLOCK_WRONG: clock_wrong,
    Kind.BACKUP_OLD: backup_old,
    Kind.EVENTS_STUCK: events_stuck,
    Kind.MEDIA_FOREIGN: media_foreign,
    Kind.FLOOD: flood_lasts,
}


# --- which secret signs, and the numbers ---------------------------------------------------------------------------


def note_signing_keys(now: datetime) -> None:
    """Which of an app's secrets fitted lately, so that its page can say which one Zalo uses."""
    latest = InboundEvent.objects.filter(received_at__gte=now - timedelta(minutes=2), signed_by__isnull=False)
    for secret, at in latest.order_by().values_list("signed_by").annotate(at=Max("received_at")):
        older = Q(last_used_at=None) | Q(last_used_at__lt=at)
        WebhookSecret.objects.filter(older, pk=secret).update(last_used_at=at)


def _leave_numbers(watched: Round) -> None:
    numbers = gauges.of(watched.queues, watched.accounts)
    SnapshotRow.objects.update_or_create(pk=1, defaults={"at": watched.now, "numbers": numbers})

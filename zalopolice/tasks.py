"""Celery tasks: one UUID in, one call. Each is safe to lose, to repeat and to run late (design D1)."""

from __future__ import annotations

import logging
import time
import uuid
import zlib
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import wraps

from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection
from django.utils import timezone

from broadcasts import leaving, sending
from broadcasts.models import Dispatch
from procedures import clusters
from procedures.models import MissWeek
from zalopolice import queue, routing
from zalopolice.audit import log as audit
from zalopolice.celery import app
from zalopolice.gateway import (
    checkup,
    consent,
    delivery,
    deriving,
    history,
    holding,
    inbox,
    keeping,
    media,
    offered,
    quota,
    tokens,
    walks,
    watch,
)
from zalopolice.gateway.models import Attachment, Consent, HistoryWalk, InboundEvent, Message, Setup, StuckEvent
from zalopolice.units import delays, hotline
from zalopolice.units.walls import job_context

log = logging.getLogger(__name__)

BATCH = 200
SOFT, HARD = 720, 750
"""Seconds: a video may take ten minutes; such tasks have processes of their own (queue "slow")."""
ROUND = 30.0
"""Seconds after which a round takes no new row. The next one goes on; the task's time limit must not cut a send."""


def one_at_a_time(sweep: Callable[[], None]) -> Callable[[], None]:
    """Rounds that piled up while a worker was away end at once; no clock is compared with another's."""

    @wraps(sweep)
    def guarded() -> None:
        number = zlib.crc32(sweep.__name__.encode())
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
            if not cursor.fetchone()[0]:
                return
        try:
            sweep()
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])

    return guarded


@app.task(name="zalopolice.receive")
def receive(pk: str) -> None:
    """The webhook rings once for many events: whatever waits, the oldest first."""
    _drain_inbox()


@app.task(name="zalopolice.route")
def route(pk: str) -> None:
    routing.route(uuid.UUID(pk))


@app.task(name="zalopolice.deliver")
def deliver(pk: str) -> None:
    delivery.deliver(uuid.UUID(pk))


@app.task(name="zalopolice.fetch", soft_time_limit=SOFT, time_limit=HARD)
def fetch(pk: str) -> None:
    media.fetch(uuid.UUID(pk))


@app.task(name="zalopolice.walk")
def walk(pk: str) -> None:
    history.step(uuid.UUID(pk))


@app.task(name="zalopolice.derive")
def derive(pk: str) -> None:
    _derive(uuid.UUID(pk))


def _derive(key: uuid.UUID) -> None:
    """Claims in one transaction, draws in the next: no row is locked while the child process works."""
    with job_context(Attachment, key) as unit:
        waiting = Attachment.objects.filter(pk=key, queue="worker", next_at__lte=timezone.now())
        attachment = waiting.first() if unit else None
        if attachment is None or not queue.claim(attachment, deriving.LEASE):
            return
    with job_context(Attachment, key) as unit:
        if unit is not None:
            deriving.derive(attachment)


@app.task(name="zalopolice.retry_event")
def retry_event(pk: str) -> None:
    inbox.retry(uuid.UUID(pk))


@app.task(name="zalopolice.connect")
def connect(pk: str) -> None:
    consent.exchange(uuid.UUID(pk))


@app.task(name="zalopolice.dispatch")
def dispatch(pk: str) -> None:
    sending.work(uuid.UUID(pk))


@app.task(name="zalopolice.check_account")
def check_account(pk: str) -> None:
    checkup.check(uuid.UUID(pk))


@app.task(name="zalopolice.sweep_inbox")
@one_at_a_time
def sweep_inbox() -> None:
    _drain_inbox()


forget_bodies = app.task(name="zalopolice.forget_bodies")(inbox.forget_bodies)


@app.task(name="zalopolice.sweep_vault")
@one_at_a_time
def sweep_vault() -> None:
    """Finds everything the vault has to do, whoever forgot to ring: the reason that losing Redis loses nothing."""
    until = time.monotonic() + ROUND
    tokens.find_lost()
    _each(consent.exchange, queue.due(Consent, "vault", 20), until)
    _each(inbox.retry, queue.due(StuckEvent, "vault", 20), until)


@app.task(name="zalopolice.sweep_media", soft_time_limit=SOFT, time_limit=HARD)
@one_at_a_time
def sweep_media() -> None:
    media.note_room()
    _each(media.fetch, queue.due(Attachment, "vault", 20))


@app.task(name="zalopolice.sweep_walks")
@one_at_a_time
def sweep_walks() -> None:
    _each(history.step, queue.due(HistoryWalk, "vault", 50))


@app.task(name="zalopolice.compare_history")
@one_at_a_time
def compare_history() -> None:
    walks.after_downtime()
    walks.after_silence()
    walks.nightly()


@app.task(name="zalopolice.sweep_files", soft_time_limit=SOFT, time_limit=HARD)
@one_at_a_time
def sweep_files() -> None:
    if not (holding.paused() or holding.restored_lately()):  # the rows are older than the files
        keeping.sweep()


@app.task(name="zalopolice.sweep_outbox")
@one_at_a_time
def sweep_outbox() -> None:
    """Of one account's rows one goes every so often (``gateway/pace.py``): the round waits for the next one's time as
    long as something is near, so that they go evenly, and holds nothing meanwhile."""
    if holding.paused():
        delivery.declare_dead()
        return
    until = time.monotonic() + ROUND
    _each(delivery.deliver, queue.due(Message, "vault", BATCH), until)
    while (pause := delivery.next_turn()) is not None and time.monotonic() + pause < until:
        time.sleep(pause)
        _each(delivery.deliver, queue.due(Message, "vault", BATCH), until)


@app.task(name="zalopolice.keep_watch")
@one_at_a_time
def keep_watch() -> None:
    holding.keep_watch()


@app.task(name="zalopolice.close_quota_day")
@one_at_a_time
def close_quota_day() -> None:
    """Each account's yesterday, once; the posts are counted here because the gateway does not know them."""
    day = timezone.localdate() - timedelta(days=1)

    def close(oa: uuid.UUID) -> None:
        sent = Dispatch.objects.filter(oa_id=oa, state=Dispatch.State.SENT, settled_at__date=day)
        quota.close_day(oa, day, sent.count())

    _each(close, quota.due(day))


@app.task(name="zalopolice.sweep_posts")
@one_at_a_time
def sweep_posts() -> None:
    """Posts step by step, one after the other: whatever Zalo does to them, a process is left for the replies."""
    if (pause := holding.current()) is not None and pause.reason == holding.Reason.RESTORED:
        leaving.hold_restored(pause.begun_at)
    _each(sending.work, queue.due(Dispatch, "vault", 50))


@app.task(name="zalopolice.check_accounts")
@one_at_a_time
def check_accounts() -> None:
    _each(checkup.check, checkup.due())


@app.task(name="zalopolice.watch")
@one_at_a_time
def watch_over() -> None:
    watch.watch()
    offered.seal()
    _each(checkup.ask_again, queue.due(Setup, "vault", 20))


@app.task(name="zalopolice.seal_secrets")
def seal_secrets(pk: str) -> None:
    """Whichever rang: all that wait."""
    offered.seal()


@app.task(name="zalopolice.ask_again")
def ask_again(pk: str) -> None:
    checkup.ask_again(uuid.UUID(pk))


@app.task(name="zalopolice.sweep_worker")
@one_at_a_time
def sweep_worker() -> None:
    until = time.monotonic() + ROUND
    _each(routing.route, due_anywhere(Message), until)
    _each(_derive, due_anywhere(Attachment, 20), until)


@app.task(name="zalopolice.put_misses_together")
@one_at_a_time
def put_misses_together() -> None:
    """Weeks that are over, of every unit."""
    _each(clusters.put_together, due_anywhere(MissWeek, 50))


def due_anywhere(model: type[queue.Job], limit: int = BATCH) -> list[uuid.UUID]:
    """Ids that wait for the worker in any unit; the database tells ids and nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT walls.due(%s, %s)", [model._meta.db_table, limit])
        return [row[0] for row in cursor.fetchall()]


seal_audit = app.task(name="zalopolice.seal_audit")(audit.seal)


forget_delays = app.task(name="zalopolice.forget_delays")(delays.forget)
remind_of_numbers = app.task(name="zalopolice.remind_of_numbers")(hotline.remind)


def _drain_inbox() -> None:
    until = time.monotonic() + ROUND
    try:
        while time.monotonic() < until and inbox.receive_next():
            pass
    except (OperationalError, SoftTimeLimitExceeded):
        raise
    except Exception as error:  # broken at its commit, it is the oldest still: the others go round it
        log.warning("the oldest event failed: %s", type(error).__name__)
        _each(inbox.receive, queue.due(InboundEvent, "vault", BATCH), until)


def _each(work: Callable[[uuid.UUID], None], keys: Iterable[uuid.UUID], until: float | None = None) -> None:
    """One row that breaks must not stand before the others; the database's own trouble stops the round."""
    until = until or time.monotonic() + ROUND
    for key in list(keys):
        if time.monotonic() > until:
            return
        try:
            work(key)
        except (OperationalError, SoftTimeLimitExceeded):
            raise
        except Exception as error:  # the row keeps waiting; its place and type are all a log may hold
            log.warning("%s of %s failed: %s", work.__name__, key, type(error).__name__)

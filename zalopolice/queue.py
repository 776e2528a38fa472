"""The one queue (design D1): rows in PostgreSQL are the truth, Celery carries one UUID as a doorbell.

A row waits while ``next_at`` is set and past. Two ways to work on one:

* database work only (inbox, routing): :func:`locked` – claim, effects and done are one transaction, so a crash
  undoes all of it;
* work that talks to the outside (media, sending, tokens): :func:`claim` commits first, so that no lock is held
  during the call. The claim pushes ``next_at`` into the future: that is the lease. ``attempt`` is the fence: what
  comes back late may write only if nobody has claimed the row since, or ended it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from zalopolice import written
from zalopolice.celery import app

log = logging.getLogger(__name__)

BACKOFF = (1, 5, 30, 300, 1800, 7200)
"""Seconds until the next try, by the number of tries so far."""


class Job(models.Model):
    """Columns of a row that waits to be worked on. ``queue`` names the zone that must do it."""

    queue = models.CharField(max_length=8, default="", db_default="")
    next_at = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        abstract = True


def due(model: type[Job], queue: str, limit: int = 200) -> Iterable[uuid.UUID]:
    """Ids that wait now, oldest first, as far as the current database role may see them."""
    rows = model._default_manager.filter(queue=queue, next_at__lte=timezone.now()).order_by("next_at")
    return rows.values_list("pk", flat=True)[:limit]


@contextmanager
def locked(model: type[Job], pk: uuid.UUID) -> Iterator[Job | None]:
    """Yields the waiting row locked, or None when it is done or somebody holds it; the caller ends it."""
    with transaction.atomic():
        yield _free(model, "id = %s", pk)


@contextmanager
def next_locked(model: type[Job], queue: str) -> Iterator[Job | None]:
    """Yields the row that has waited longest and nobody holds, locked: many processes never meet at one row."""
    with transaction.atomic():
        yield _free(model, "queue = %s", queue)


def _free(model: type[Job], which: str, wanted: object) -> Job | None:
    waits = f"WHERE {which} AND next_at <= %s ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED"
    return written.first(model, waits, wanted, timezone.now())


def claim(row: Job, lease: timedelta) -> bool:
    """Takes the row for ``lease``; False when another worker was faster."""
    now = timezone.now()
    rows = type(row)._default_manager.filter(pk=row.pk, attempt=row.attempt, next_at__lte=now)
    if rows.update(attempt=F("attempt") + 1, next_at=now + lease) != 1:
        return False
    row.attempt += 1
    row.next_at = now + lease
    return True


def finish(row: Job, **changes: object) -> bool:
    """Marks done, unless another worker has claimed or ended the row since (then nothing is written)."""
    return _write(row, {"next_at": None, "queue": "", **changes})


def again(row: Job, delay: float | None = None, **changes: object) -> bool:
    """Puts the row back; ``delay`` in seconds, by default the back-off of this attempt."""
    seconds = BACKOFF[min(max(row.attempt - 1, 0), len(BACKOFF) - 1)] if delay is None else delay
    return _write(row, {"next_at": timezone.now() + timedelta(seconds=seconds), **changes})


def _write(row: Job, changes: dict[str, object]) -> bool:
    rows = type(row)._default_manager.filter(pk=row.pk, attempt=row.attempt, next_at__isnull=False)
    written = rows.update(**changes) == 1
    for name, value in changes.items() if written else ():
        setattr(row, name, value)
    return written


def ring(task: str, pk: uuid.UUID, queue: str) -> None:
    """Rings once the transaction has committed. A lost ring costs at most one sweep, so no error leaves here."""
    transaction.on_commit(partial(_send, task, str(pk), queue))


def _send(task: str, pk: str, queue: str) -> None:
    try:
        app.send_task(task, [pk], queue=queue, retry=False, ignore_result=True)
    except Exception as error:  # the broker may be down in any way; the row is safe and the sweeper finds it
        log.warning("doorbell not rung: %s", type(error).__name__)


def waiting_index(name: str) -> models.Index:
    """The index every job table needs: what waits, by queue and time (used by :func:`due`)."""
    return models.Index(fields=["queue", "next_at"], name=name, condition=Q(next_at__isnull=False))

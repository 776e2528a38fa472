"""Celery tasks: one UUID in, one call. Each is safe to lose, to repeat and to run late (design D1)."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable

from django.db import OperationalError, connection

from zalopolice import queue, routing
from zalopolice.audit import log as audit
from zalopolice.celery import app
from zalopolice.gateway import consent, delivery, inbox, media
from zalopolice.gateway.models import Attachment, Consent, InboundEvent, Message
from zalopolice.units.walls import job_context

log = logging.getLogger(__name__)

BATCH = 200


@app.task(name="zalopolice.receive")
def receive(pk: str) -> None:
    inbox.receive(uuid.UUID(pk))
    # The webhook rings once for many events: take along whatever else waits.
    _each(inbox.receive, queue.due(InboundEvent, "vault", BATCH))


@app.task(name="zalopolice.route")
def route(pk: str) -> None:
    routing.route(uuid.UUID(pk))


@app.task(name="zalopolice.deliver")
def deliver(pk: str) -> None:
    delivery.deliver(uuid.UUID(pk))


@app.task(name="zalopolice.fetch")
def fetch(pk: str) -> None:
    media.fetch(uuid.UUID(pk))


@app.task(name="zalopolice.derive")
def derive(pk: str) -> None:
    _derive(uuid.UUID(pk))


def _derive(key: uuid.UUID) -> None:
    with job_context(Attachment, key) as unit:
        if unit is None:
            return
        with queue.locked(Attachment, key, done=False) as attachment:
            if isinstance(attachment, Attachment):
                media.derive(attachment)


@app.task(name="zalopolice.connect")
def connect(pk: str) -> None:
    consent.exchange(uuid.UUID(pk))


@app.task(name="zalopolice.sweep_vault")
def sweep_vault() -> None:
    """Finds everything the vault has to do, whoever forgot to ring: the reason that losing Redis loses nothing."""
    _each(inbox.receive, queue.due(InboundEvent, "vault", BATCH))
    _each(delivery.deliver, queue.due(Message, "vault", BATCH))
    _each(media.fetch, queue.due(Attachment, "vault", 20))
    _each(consent.exchange, queue.due(Consent, "vault", 20))


@app.task(name="zalopolice.sweep_worker")
def sweep_worker() -> None:
    _each(routing.route, due_anywhere(Message))
    _each(_derive, due_anywhere(Attachment, 20))


def due_anywhere(model: type[queue.Job], limit: int = BATCH) -> list[uuid.UUID]:
    """Ids that wait for the worker in any unit; the database tells ids and nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT walls.due(%s, %s)", [model._meta.db_table, limit])
        return [row[0] for row in cursor.fetchall()]


@app.task(name="zalopolice.seal_audit")
def seal_audit() -> None:
    audit.seal()


def _each(work: Callable[[uuid.UUID], None], keys: Iterable[uuid.UUID]) -> None:
    """One row that breaks must not stand before the others; the database's own trouble stops the round."""
    for key in list(keys):
        try:
            work(key)
        except OperationalError:
            raise
        except Exception as error:  # the row keeps waiting; its place and type are all a log may hold
            log.warning("%s of %s failed: %s", work.__name__, key, type(error).__name__)

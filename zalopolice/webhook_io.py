"""What the webhook process talks to: PostgreSQL, which keeps the events, and Redis, which only rings."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections import Counter, deque
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from celery import Celery
from psycopg.conninfo import make_conninfo

# Enough to let PostgreSQL flush several commits at once; with fewer, a slow disk is the limit (measured: 6 against 10).
CONNECTIONS = 10
# Zalo gives up after 2 s; this leaves the way there and back.
DEADLINE = 1.2
RING_PAUSE = 0.01
RING_LIMIT = 0.05

OWN_ROLE = "zp_webhook"
ROLE = """
SELECT r.rolname, r.rolsuper, r.rolbypassrls, coalesce(bool_or(pg_has_role(r.oid, c.relowner, 'MEMBER')), false),
       count(c.oid) = 2
  FROM pg_roles r
  LEFT JOIN pg_class c ON c.oid IN (to_regclass('gateway_inboundevent'), to_regclass('gateway_webhooksecret'))
 WHERE r.rolname = session_user
 GROUP BY r.oid, r.rolname, r.rolsuper, r.rolbypassrls
"""

log = logging.getLogger("zalopolice.webhook")


class Away(Exception):
    """PostgreSQL did not answer in time, or not with what was asked."""


class Unsafe(Exception):
    """The process may not run like this; the message names what is missing or wrong."""


def conninfo(url: str) -> str:
    """libpq's form of DATABASE_URL. Ours may name a socket folder: ``postgres://role:word@//folder/name``."""
    try:
        parts = urlsplit(url)
        folder, slash, name = parts.path[1:].rpartition("/")
        if parts.scheme not in {"postgres", "postgresql"}:
            raise Unsafe("DATABASE_URL must name PostgreSQL")
        if not slash:
            return make_conninfo(url)
        named = {"host": folder, "dbname": name, "user": parts.username, "password": parts.password}
        given = {key: unquote(value) for key, value in named.items() if value}
        return make_conninfo("", **given, **dict(parse_qsl(parts.query)))
    except (ValueError, TypeError, psycopg.ProgrammingError):
        raise Unsafe("DATABASE_URL cannot be read as an address") from None  # the error may quote the password


def _wrong(
    name: str = "?", superuser: bool = True, bypass: bool = True, owner: bool = True, found: bool = False
) -> str:
    """What is wrong with the database role, in words; nothing when it may be used."""
    too_much = (("superuser", superuser), ("BYPASSRLS", bypass), ("owner of the tables", owner))
    if words := ", ".join(word for word, bad in too_much if bad):
        return f"database role {name} is {words}; DATABASE_URL must name {OWN_ROLE}"
    if name != OWN_ROLE:
        return f"database role is {name}; DATABASE_URL must name {OWN_ROLE}"
    return "" if found else "the tables of the gateway are missing; run the migrations first"


class Store:
    """A few connections, each opened when it is needed and dropped when it breaks.

    Not psycopg_pool: it reconnects in ever longer pauses after an outage, while here the first event after
    PostgreSQL is back opens a connection itself, and while PostgreSQL is away the answer is immediate."""

    def __init__(self, url: str) -> None:
        self._conninfo = conninfo(url)
        self._free: asyncio.LifoQueue[psycopg.AsyncConnection[Any] | None] = asyncio.LifoQueue()
        for _ in range(CONNECTIONS):
            self._free.put_nowait(None)
        self._quiet_until = 0.0

    async def check(self) -> None:
        """Raises Unsafe for a role with too many rights. PostgreSQL may be away: every connection is checked."""
        try:
            async with asyncio.timeout(5):
                connection = await self._connect()
        except (psycopg.OperationalError, TimeoutError) as error:
            log.warning("webhook starts without PostgreSQL, answering 503 until it is back: %s", type(error).__name__)
            return
        self._free.get_nowait()
        self._free.put_nowait(connection)

    async def run(self, statement: str, values: tuple[object, ...] = ()) -> psycopg.AsyncCursor[Any]:
        """One statement, committed and on disk when this returns; raises Away within the deadline."""
        until = asyncio.get_running_loop().time() + DEADLINE
        try:
            async with asyncio.timeout_at(until):
                connection = await self._free.get()
        except TimeoutError:
            raise Away from None
        # A server that hangs cannot even be asked to cancel, so the work is left behind, not awaited. It gives
        # its connection back whenever it ends; an event stored after all meets its retry as a duplicate.
        work = asyncio.create_task(self._work(connection, statement, values))
        await asyncio.wait({work}, timeout=until - asyncio.get_running_loop().time())
        cursor = work.result() if work.done() else None
        if cursor is None:
            raise Away
        return cursor

    async def _work(
        self, connection: psycopg.AsyncConnection[Any] | None, statement: str, values: tuple[object, ...]
    ) -> psycopg.AsyncCursor[Any] | None:
        try:
            if connection is not None:
                try:
                    return await connection.execute(statement, values, prepare=True)
                except psycopg.errors.QueryCanceled:
                    raise
                except psycopg.OperationalError:
                    # Left over from before a restart of PostgreSQL. Safe to repeat: the key makes it one event.
                    await connection.close()
                    connection = None
            connection = await self._connect()
            return await connection.execute(statement, values, prepare=True)
        except (psycopg.Error, Unsafe) as error:
            self._note(error)
            if connection is not None:
                await connection.close()  # whatever was wrong with it, the next one starts clean
            return None
        finally:
            self._free.put_nowait(None if connection is None or connection.closed else connection)

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        connection = await psycopg.AsyncConnection.connect(
            self._conninfo,
            autocommit=True,
            application_name="zalopolice-webhook",
            connect_timeout=2,
            tcp_user_timeout=3000,
            # An answer of 200 promises a commit on disk, whatever the role's or the database's default says.
            options="-c synchronous_commit=on -c statement_timeout=1000",
        )
        try:
            wrong = _wrong(*(await (await connection.execute(ROLE)).fetchone() or ()))
        except psycopg.Error:
            await connection.close()
            raise
        if wrong:
            await connection.close()
            raise Unsafe(wrong)
        return connection

    def _note(self, error: Exception) -> None:
        """At most a line every five seconds; the text of a database error may quote the row, so it stays out."""
        if time.monotonic() < self._quiet_until:
            return
        self._quiet_until = time.monotonic() + 5
        words = error if isinstance(error, Unsafe) else getattr(error, "sqlstate", None) or ""
        log.error("webhook has no database: %s %s", type(error).__name__, words)

    async def close(self) -> None:
        while not self._free.empty():
            connection = self._free.get_nowait()
            if connection is not None:
                await connection.close()


class Doorbell(threading.Thread):
    """Tells the vault worker that events wait, from its own thread, so that no answer waits for Redis.

    At most one ring in 10 ms, naming the newest event; the worker takes every event that waits, and its sweeper
    finds them without any ring (design.md D1). It also counts refusals, for the alarm."""

    def __init__(self, broker: str) -> None:
        super().__init__(name="doorbell", daemon=True)
        limits = {"socket_timeout": RING_LIMIT, "socket_connect_timeout": RING_LIMIT, "retry_on_timeout": False}
        self._celery = Celery(broker=broker, broker_transport_options=limits, broker_connection_retry=False)
        self._newest: deque[uuid.UUID] = deque(maxlen=1)
        self._refused: deque[tuple[str, str]] = deque(maxlen=10_000)
        self._wake = threading.Event()
        self._stopping = False
        self._next_count = 0.0

    def ring(self, event_id: uuid.UUID) -> None:
        self._newest.append(event_id)
        self._wake.set()

    def refuse(self, app_id: str, reason: str) -> None:
        self._refused.append((app_id, reason))

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self.join(timeout=0.5)

    def run(self) -> None:
        while True:
            self._wake.wait(timeout=1.0)
            self._wake.clear()
            # Celery, kombu and redis each have their own errors, and none of them may end this thread.
            try:
                self._ring()
                self._count()
                pause = RING_PAUSE
            except Exception:
                pause = 1.0
            if self._stopping:
                return
            time.sleep(pause)

    def _ring(self) -> None:
        if self._newest:
            event_id = self._newest.pop()
            self._celery.send_task(
                "zalopolice.receive", args=[str(event_id)], queue="inbox", retry=False, ignore_result=True
            )

    def _count(self) -> None:
        if not self._refused or (time.monotonic() < self._next_count and not self._stopping):
            return
        self._next_count = time.monotonic() + 1
        found = Counter(self._refused.popleft() for _ in range(len(self._refused)))
        for (app_id, reason), times in found.items():
            log.warning("webhook refused %d of app %s: %s", times, app_id, reason)
        with self._celery.connection_for_write() as connection:
            channel: Any = connection.default_channel
            for (app_id, _), times in found.items():
                channel.client.incrby(f"zp:webhook:refused:{app_id}", times)

"""PostgreSQL as the webhook process sees it: many events in one statement, answered when the commit is on disk."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from psycopg.conninfo import make_conninfo

from zalopolice.spool import Record, Secret

# One writes, one replays, one reads the secrets; the others replace those that hang in a statement left behind.
CONNECTIONS = 6
# Zalo gives up after 2 s; this leaves time for the spool, and for the way there and back.
DEADLINE = 0.8

# Without a conflict target: naming dedupe_key would need the right to read it, and this role may only insert.
INSERT = """
INSERT INTO gateway_inboundevent (id, app_id, received_at, dedupe_key, signed_by, sealed)
SELECT id, app_id, to_timestamp(at), key, secret, sealed
  FROM unnest(%b::uuid[], %b::text[], %b::float8[], %b::bytea[], %b::uuid[], %b::bytea[])
    AS new (id, app_id, at, key, secret, sealed)
ON CONFLICT DO NOTHING
"""
# An empty one waits for the vault to seal it.
SECRETS = "SELECT id, app_id, sealed FROM gateway_webhooksecret WHERE sealed <> '' ORDER BY id"
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


class Unfit(Exception):
    """PostgreSQL is well and refuses these rows for what is in them."""


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

    Not psycopg_pool: it reconnects in ever longer pauses after an outage, while here whoever comes first after
    PostgreSQL is back opens a connection."""

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
            log.warning("webhook starts without PostgreSQL: %s", type(error).__name__)
            return
        self._free.get_nowait()
        self._free.put_nowait(connection)

    async def insert(self, records: Sequence[Record], until: float) -> int:
        """How many were new. Raises Away, or Unfit, and then none of them was stored for sure.

        In the order of their keys: of two processes that insert the same two messages, one waits for the other
        instead of each for each."""
        ordered = sorted(records, key=lambda record: record.dedupe_key)
        columns = zip(
            *((r.id, r.app_id, r.received_at, r.dedupe_key, r.signed_by, r.sealed) for r in ordered), strict=True
        )
        return (await self._run(INSERT, tuple(map(list, columns)), until)).rowcount

    async def secrets(self) -> list[Secret]:
        """Raises Away."""
        cursor = await self._run(SECRETS, (), asyncio.get_running_loop().time() + DEADLINE)
        return await cursor.fetchall()

    async def _run(self, statement: str, values: tuple[object, ...], until: float) -> psycopg.AsyncCursor[Any]:
        """One statement, committed and on disk when this returns; raises Away, at ``until`` at the latest."""
        try:
            async with asyncio.timeout_at(until):
                connection = await self._free.get()
        except TimeoutError:
            raise Away from None
        # A server that hangs cannot even be asked to cancel, so the work is left behind, not awaited. It gives
        # its connection back whenever it ends; an event stored after all meets its retry as a duplicate.
        work = asyncio.create_task(self._work(connection, statement, values))
        await asyncio.wait({work}, timeout=until - asyncio.get_running_loop().time())
        outcome = work.result() if work.done() else Away()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _work(
        self, connection: psycopg.AsyncConnection[Any] | None, statement: str, values: tuple[object, ...]
    ) -> psycopg.AsyncCursor[Any] | Away | Unfit:
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
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            self._note(error)
            return Unfit()
        except (psycopg.Error, Unsafe) as error:
            self._note(error)
            if connection is not None:
                await connection.close()  # whatever was wrong with it, the next one starts clean
            return Away()
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
            options="-c synchronous_commit=on -c statement_timeout=800",
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
        what = "a refused row" if isinstance(error, psycopg.DataError | psycopg.IntegrityError) else "no database"
        log.error("webhook has %s: %s %s", what, type(error).__name__, words)

    async def close(self) -> None:
        while not self._free.empty():
            connection = self._free.get_nowait()
            if connection is not None:
                await connection.close()

"""Wall 2 (design D13): PostgreSQL row-level security with a signed unit context.

The context is a setting of one transaction, ``zp.ctx = v1.<unit>.<officer>.<expires>.<mac>``. Policies believe it
only when the MAC is right for the login role, so SQL that slipped through a form cannot move to another unit.
``migrations/0002_walls.sql`` holds the functions; :class:`Walled` puts a table behind the wall in a migration.
"""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.operations.base import Operation

LIFETIME = 300
"""Seconds a context is believed; far longer than any request, far shorter than a stolen one is useful."""

EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
BY_CONTEXT = ("zp_web", "zp_worker", "zp_public")


def sign(key: bytes, unit: uuid.UUID | None, officer: uuid.UUID | None, expires: int) -> str:
    message = f"v1.{unit or ''}.{officer or ''}.{expires}"
    return f"{message}.{hmac.new(key, message.encode(), hashlib.sha256).hexdigest()}"


@contextmanager
def unit_context(unit: uuid.UUID | None, officer: uuid.UUID | None = None) -> Iterator[None]:
    """Opens a transaction that sees the rows of ``unit`` only. Zone ``web`` alone can sign one."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        outer = _current() if nested else ""
        _ask("SELECT set_config('zp.ctx', %s, true)", sign(settings.KEYS.context_key, unit, officer, _expiry()))
        try:
            yield
        finally:
            _restore(outer)


@contextmanager
def job_context(model: type[Any], pk: uuid.UUID) -> Iterator[uuid.UUID | None]:
    """Opens a transaction in the unit of one waiting row; the database looks the unit up and signs (worker).

    Yields the unit, or None when the row does not exist or does not wait: then nothing is visible."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        outer = _current() if nested else ""
        unit = _ask("SELECT walls.enter_job(%s, %s)", model._meta.db_table, pk)
        try:
            yield unit
        finally:
            _restore(outer)


def _expiry() -> int:
    return int(time.time()) + LIFETIME


def _current() -> str:
    return _ask("SELECT current_setting('zp.ctx', true)") or ""


def _ask(question: str, *values: object) -> Any:
    """One value. The server binds ``values``, as Django's own cursor would not: a context written into a statement
    could be read there (``pg_stat_activity``) by injected SQL of any other session of this login, and used."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        row = cursor.execute(question, values).fetchone()
    return row[0] if row else None


def _restore(outer: str) -> None:
    """A failed transaction ends with its rollback, which resets the setting by itself.

    The outermost context clears the session's setting too: injected SQL may have left one there."""
    if connection.needs_rollback or connection.connection is None or connection.connection.closed:
        return
    if connection.connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
        _ask("SELECT set_config('zp.ctx', %s, %s)", outer, bool(outer))


class Granted(Operation):
    """Grants on a table without a unit (accounts, sessions, dated rules)."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str, **grants: str) -> None:
        self.table, self.grants = table, grants

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.table], dict(self.grants)

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for zone, rights in self.grants.items():
            schema_editor.execute(f"GRANT {rights} ON {self.table} TO zp_{zone}")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for zone in self.grants:
            schema_editor.execute(f"REVOKE ALL ON {self.table} FROM zp_{zone}")

    def describe(self) -> str:
        return f"Grant on {self.table}"


class Walled(Granted):
    """Puts a table with ``unit_id`` behind the wall: row security forced, a policy per role, ``unit_id`` final.

    ``Walled("tips_case", web=EVERYTHING, worker="SELECT")``. Web, public and worker see the unit of their context;
    the vault and the auditor work across units and see every row of the few tables they are granted.
    ``also`` widens what a context may *read* (an officer's own roles before a unit is chosen).
    ``job=True`` lets the worker enter the unit of a waiting row of this table."""

    def __init__(self, table: str, *, also: str = "", job: bool = False, **grants: str) -> None:
        super().__init__(table, **grants)
        self.also, self.job = also, job

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.table], {"also": self.also, "job": self.job, **self.grants}

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        table, own = self.table, "unit_id = (SELECT walls.unit())"
        schema_editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        super().database_forwards(app_label, schema_editor, from_state, to_state)
        for role in (f"zp_{zone}" for zone in self.grants):
            rule = own if role in BY_CONTEXT else "true"
            schema_editor.execute(f"CREATE POLICY {role} ON {table} TO {role} USING ({rule}) WITH CHECK ({rule})")
            if self.also and role in BY_CONTEXT:
                schema_editor.execute(f"CREATE POLICY {role}_also ON {table} FOR SELECT TO {role} USING ({self.also})")
        schema_editor.execute(
            f"CREATE TRIGGER unit_is_final BEFORE UPDATE OF unit_id ON {table} FOR EACH ROW"
            " WHEN (OLD.unit_id IS DISTINCT FROM NEW.unit_id) EXECUTE FUNCTION walls.refuse_unit_change()"
        )
        if self.job:
            schema_editor.execute(f"INSERT INTO walls.job_table VALUES ('{table}')")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        schema_editor.execute(f"DELETE FROM walls.job_table WHERE name = '{self.table}'")
        schema_editor.execute(f"DROP TRIGGER unit_is_final ON {self.table}")
        for zone in self.grants:
            schema_editor.execute(f"DROP POLICY zp_{zone} ON {self.table}")
            schema_editor.execute(f"DROP POLICY IF EXISTS zp_{zone}_also ON {self.table}")
        super().database_backwards(app_label, schema_editor, from_state, to_state)
        schema_editor.execute(f"ALTER TABLE {self.table} DISABLE ROW LEVEL SECURITY")

    def describe(self) -> str:
        return f"Put {self.table} behind the wall"


class Published(Operation):
    """Lets zone public read the columns of a walled table, across units, in the rows ``rule`` allows; nothing else."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str, *, rule: str, columns: str) -> None:
        self.table, self.rule, self.columns = table, rule, columns

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.table], {"rule": self.rule, "columns": self.columns}

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        schema_editor.execute(f"GRANT SELECT ({self.columns}) ON {self.table} TO zp_public")
        schema_editor.execute(
            f"CREATE POLICY zp_public_published ON {self.table} FOR SELECT TO zp_public USING ({self.rule})"
        )

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        schema_editor.execute(f"DROP POLICY zp_public_published ON {self.table}")
        schema_editor.execute(f"REVOKE ALL ON {self.table} FROM zp_public")

    def describe(self) -> str:
        return f"Publish {self.table}"

"""Wall 2 with wall 1 removed: raw SQL on every walled table, with the real login of each zone (issue 2, row 3)."""

from __future__ import annotations

import os
import time
import uuid
from datetime import timedelta

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection
from psycopg import sql
from psycopg.types.json import Jsonb

from tests.units.conftest import login
from tests.units.test_walls_catalogue import PUBLISHED
from zalopolice.gateway.models import Attachment, Message
from zalopolice.units.models import Unit
from zalopolice.units.walls import job_context, sign, unit_context

SOON = 60


def token(unit, officer=None, *, key=None, lasts=SOON):
    return sign(key or settings.KEYS.context_key, unit, officer, int(time.time()) + lasts)


def resigned(text, **parts):
    """The token with a part replaced and its mac kept."""
    version, unit, officer, expires, mac = text.split(".")
    values = {"version": version, "unit": unit, "officer": officer, "expires": expires, "mac": mac} | parts
    return ".".join(str(value) for value in values.values())


HOSTILE = {
    "none": lambda mine, other: None,
    "empty": lambda mine, other: "",
    "expired": lambda mine, other: token(other, lasts=-1),
    "forged mac": lambda mine, other: resigned(token(other), mac="0" * 64),
    "last digit of the mac": lambda mine, other: token(other)[:-1] + ("0" if token(other)[-1] != "0" else "1"),
    "other key": lambda mine, other: token(other, key=os.urandom(32)),
    "empty key": lambda mine, other: token(other, key=b"\0"),
    "own mac, other unit": lambda mine, other: resigned(token(mine), unit=other),
    "own mac, longer life": lambda mine, other: resigned(token(other, lasts=-1), expires=int(time.time()) + SOON),
    "own mac, no unit": lambda mine, other: resigned(token(mine), unit=""),
    "truncated mac": lambda mine, other: token(other)[:-1],
    "without a mac": lambda mine, other: token(other).rsplit(".", 1)[0],
    "only a mac": lambda mine, other: token(other).rsplit(".", 1)[1],
    "one part more": lambda mine, other: token(other) + ".",
    "unknown version": lambda mine, other: resigned(token(other), version="v2"),
    "absurd expiry": lambda mine, other: resigned(token(other), expires="9" * 30),
    "expiry is no number": lambda mine, other: resigned(token(other), expires="now"),
    "the unit alone": lambda mine, other: str(other),
    "sql": lambda mine, other: f"v1.' OR unit_id = '{other}'.x.{int(time.time()) + SOON}.x",
}


def enter(cursor, context):
    if context is not None:
        cursor.execute("SELECT set_config('zp.ctx', %s, true)", [context])


def may(cursor, table, right):
    of = "any_column" if right == "SELECT" else "table"  # of some tables a login reads single columns
    return cursor.execute(f"SELECT has_{of}_privilege(%s, %s)", [table, right]).fetchone()[0]


def count(cursor, table, unit=None):
    """Rows of ``unit``, or all; None when this login may not even ask."""
    if not may(cursor, table, "SELECT"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), cursor.connection.transaction():
            cursor.execute(sql.SQL("SELECT 1 FROM {}").format(sql.Identifier(table)))
        return None
    query = sql.SQL("SELECT count(*) FROM {} WHERE %s::uuid IS NULL OR unit_id = %s").format(sql.Identifier(table))
    return cursor.execute(query, [unit, unit]).fetchone()[0]


def foreign_writes(cursor, table, other, copy):
    """Tries UPDATE, DELETE and INSERT on the other unit's rows; returns how many rows were hit."""
    name, hit = sql.Identifier(table), 0
    for right, statement, values in (
        ("UPDATE", sql.SQL("UPDATE {} SET id = id WHERE unit_id = %s").format(name), [other]),
        ("DELETE", sql.SQL("DELETE FROM {} WHERE unit_id = %s").format(name), [other]),
        (
            "INSERT",
            sql.SQL("INSERT INTO {} SELECT * FROM jsonb_populate_record(NULL::{}, %s)").format(name, name),
            [copy],
        ),
    ):
        # Seen or not: an UPDATE without WHERE needs no right to read.
        allowed = may(cursor, table, right)
        try:
            with cursor.connection.transaction():
                hit += cursor.execute(statement, values).rowcount
                assert right != "INSERT", f"{table}: a foreign row was inserted"
        except psycopg.errors.InsufficientPrivilege:
            assert not allowed or right == "INSERT", f"{table}: {right}"
        except psycopg.errors.CheckViolation:
            # A trigger speaks before the policy; that each policy checks what is written, the catalogue test says.
            assert right == "INSERT", f"{table}: {right}"
    return hit


def foreign_copies(walled, other):
    with login("owner") as owner:
        copies = {}
        for table in walled:
            query = sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE unit_id = %s LIMIT 1").format(sql.Identifier(table))
            copies[table] = Jsonb(owner.execute(query, [other]).fetchone()[0] | {"id": str(uuid.uuid4())})
        return copies


def waiting(zone, commune):
    with zone("vault"):
        message = Message.objects.filter(unit=commune.unit, direction="in").first()
        Message.objects.filter(pk=message.pk).update(queue="worker", next_at=message.sent_at)
        return message.pk


# --- rows ------------------------------------------------------------------------------------------------------------


def test_every_walled_table_has_rows_of_two_communes(both, walled):
    """Otherwise the tests below would prove nothing: extend ``fill`` for a new table."""
    with login("owner") as owner:
        empty = [
            (table, commune.unit.code)
            for table in walled
            for commune in both
            if not count(owner.cursor(), table, commune.unit.pk)
        ]
    assert empty == []
    assert len(walled) >= 20


@pytest.mark.parametrize("zone_name", ["web", "worker"])
def test_a_hostile_context_opens_no_row_of_any_table(both, walled, zone_name):
    mine, other = (commune.unit.pk for commune in both)
    copies, seen = foreign_copies(walled, other), 0

    with login(zone_name) as raw, raw.cursor() as cursor:
        for name, make in HOSTILE.items():
            for table in walled:
                with raw.transaction(force_rollback=True):
                    enter(cursor, make(mine, other))
                    rows = count(cursor, table)
                    assert rows in {0, None}, f"{name}: {table} shows {rows} rows"
                    assert foreign_writes(cursor, table, other, copies[table]) == 0, f"{name}: {table} was written"
                    seen += rows is not None
    assert seen > 0


@pytest.mark.parametrize("zone_name", ["public", "webhook"])
def test_citizen_pages_and_the_webhook_reach_no_walled_table_but_what_is_published(both, walled, zone_name):
    mine, other = (commune.unit.pk for commune in both)
    copies = foreign_copies(walled, other)

    with login(zone_name) as raw, raw.cursor() as cursor:
        enter(cursor, token(other))
        for table in walled:
            if zone_name != "public" or table not in PUBLISHED:
                assert count(cursor, table) is None
            assert foreign_writes(cursor, table, other, copies[table]) == 0


def test_an_officers_context_opens_its_own_unit_only(both, walled):
    mine, other = (commune.unit.pk for commune in both)
    copies, opened = foreign_copies(walled, other), []

    with login("web") as raw, raw.cursor() as cursor:
        for table in walled:
            with raw.transaction(force_rollback=True):
                enter(cursor, token(mine, both[0].cuong.pk))
                rows = count(cursor, table)
                if rows is not None:
                    assert rows == count(cursor, table, mine) > 0, table
                    opened.append(table)
                assert foreign_writes(cursor, table, other, copies[table]) == 0, table
    assert {"tips_case", "gateway_message", "units_contentkey", "audit_entry"} <= set(opened)


def test_a_jobs_context_opens_the_unit_of_its_row_only(both, walled, zone):
    mine, other = (commune.unit.pk for commune in both)
    copies, job = foreign_copies(walled, other), waiting(zone, both[0])

    with login("worker") as raw, raw.cursor() as cursor:
        for table in walled:
            with raw.transaction(force_rollback=True):
                assert cursor.execute("SELECT walls.enter_job('gateway_message', %s)", [job]).fetchone()[0] == mine
                rows = count(cursor, table)
                assert rows is None or rows == count(cursor, table, mine) > 0, table
                assert foreign_writes(cursor, table, other, copies[table]) == 0, table


def test_an_officer_without_a_unit_sees_the_own_roles_and_nothing_else(both, walled):
    officer = both[0].an.pk

    with login("web") as raw, raw.cursor() as cursor:
        enter(cursor, token(None, officer))
        rows = {table: count(cursor, table) for table in walled}
        own = cursor.execute("SELECT DISTINCT officer_id FROM units_membership").fetchall()
    assert own == [(officer,)]
    assert {table for table, number in rows.items() if number} == {"units_membership"}


def test_a_unit_is_final_for_everybody(both, walled, zone):
    mine, other = (commune.unit.pk for commune in both)
    job = waiting(zone, both[0])

    for zone_name in ("owner", "web", "worker", "vault"):
        with login(zone_name) as raw, raw.cursor() as cursor:
            for table in walled:
                if not may(cursor, table, "UPDATE"):
                    continue
                statement = sql.SQL("UPDATE {} SET unit_id = %s WHERE unit_id = %s").format(sql.Identifier(table))
                refused = "final|row-level|append-only|written by a person"
                with pytest.raises(psycopg.Error, match=refused), raw.transaction():
                    enter(cursor, token(mine))
                    if zone_name == "worker":
                        cursor.execute("SELECT walls.enter_job('gateway_message', %s)", [job])
                    cursor.execute(statement, [other, mine])


# --- connections that are used again ------------------------------------------------------------------------------


class Broken(Exception):
    pass


def visible():
    """Everything this connection shows right now, outside any context."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM tips_case) + (SELECT count(*) FROM gateway_message)")
        return cursor.fetchone()[0]


def units_seen():
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT unit_id FROM tips_case UNION SELECT unit_id FROM gateway_message")
        return {row[0] for row in cursor.fetchall()}


def backend():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_nothing_stays_open_after_a_request_or_its_failure(both):
    first, second = both
    with first.acting("cuong"):
        assert units_seen() == {first.unit.pk}
        process = backend()

    assert visible() == 0
    with pytest.raises(Broken), first.acting("cuong"):
        raise Broken
    assert visible() == 0
    with pytest.raises(DatabaseError), first.acting("cuong"), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    assert visible() == 0
    with second.acting("cuong"):
        assert units_seen() == {second.unit.pk}
    assert backend() == process  # it was the same connection all along


def test_an_inner_context_gives_way_to_the_outer_one(both):
    first, second = both
    with unit_context(first.unit.pk):
        with unit_context(second.unit.pk):
            assert units_seen() == {second.unit.pk}
        assert units_seen() == {first.unit.pk}
        with pytest.raises(Broken), unit_context(second.unit.pk):
            raise Broken
        assert units_seen() == {first.unit.pk}
    assert visible() == 0


@pytest.mark.parametrize(
    "injected",
    [
        "SELECT set_config('zp.ctx', current_setting('zp.ctx'), false)",
        "SET zp.ctx = 'v1.x.y.z.w'",
        "DO $$ BEGIN EXECUTE format('SET SESSION zp.ctx = %L', current_setting('zp.ctx')); END $$",
    ],
)
def test_a_context_left_in_the_session_by_injected_sql_opens_nothing_later(both, injected):
    first, second = both
    with first.acting("cuong"), connection.cursor() as cursor:
        cursor.execute(injected)

    assert visible() == 0
    with second.acting("cuong"):
        assert units_seen() == {second.unit.pk}
    assert visible() == 0


def test_a_context_of_ones_own_set_for_the_session_ends_with_the_next_request(both):
    """Outside any request somebody managed to set a live token of the first commune for the whole connection."""
    first, second = both
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('zp.ctx', %s, false)", [token(first.unit.pk)])

    with second.acting("cuong"):
        assert units_seen() == {second.unit.pk}
    assert visible() == 0


def test_one_session_cannot_read_anothers_context(both):
    """Injected SQL could otherwise take a live token of another commune out of ``pg_stat_activity`` and use it."""
    with both[1].acting("cuong"), login("web") as thief:
        shown = thief.execute("SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()").fetchall()
    assert any("zp.ctx" in (query or "") for (query,) in shown)
    assert not any(str(both[1].unit.pk) in (query or "") for (query,) in shown)


# --- the worker --------------------------------------------------------------------------------------------------


def test_a_worker_enters_only_what_waits_in_its_queue(both, zone):
    with zone("vault"):
        rows = Message.objects.filter(unit=both[0].unit, direction="in")
        row = rows.first()
    states = {
        "done": {"queue": "", "next_at": None},
        "waits for the vault": {"queue": "vault", "next_at": row.sent_at},
        "not waiting": {"queue": "worker", "next_at": None},
        "put off for a year": {"queue": "worker", "next_at": row.sent_at + timedelta(days=365)},
    }
    for name, values in states.items():
        with zone("vault"):
            rows.filter(pk=row.pk).update(**values)
        with zone("worker"), job_context(Message, row.pk) as unit:
            assert unit is None, name
            assert visible() == 0
    with zone("worker"):
        for model, pk in ((Message, uuid.uuid4()), (Attachment, row.pk)):
            with job_context(model, pk) as unit:
                assert unit is None
        with connection.cursor() as cursor:
            for table in ("tips_case", "vault_route", "nonsense", "gateway_message; DROP TABLE tips_case"):
                cursor.execute("SELECT walls.enter_job(%s, %s)", [table, row.pk])
                assert cursor.fetchone() == (None,)
                cursor.execute("SELECT walls.due(%s, 10)", [table])
                assert cursor.fetchall() == []
    waiting(zone, both[0])
    with zone("worker"), job_context(Message, row.pk) as unit:
        assert unit == both[0].unit.pk


def test_a_job_leaves_a_unit_when_it_ends(both, zone):
    job = waiting(zone, both[0])
    with zone("worker"):
        with job_context(Message, job):
            assert visible() > 0
        assert visible() == 0
        with pytest.raises(Broken), job_context(Message, job):
            raise Broken
        assert visible() == 0


def test_the_worker_cannot_sign_and_nobody_but_the_owner_reads_the_keys(both):
    for zone_name in ("web", "public", "worker", "vault", "audit", "webhook"):
        with login(zone_name) as raw:
            for statement in (
                "SELECT * FROM walls.context_key",
                "SELECT * FROM walls.job_table",
                "SELECT walls.mac(session_user, 'v1')",
                "SELECT walls.context()",
                "UPDATE walls.context_key SET inner_pad = '\\x00'",
                "INSERT INTO walls.job_table VALUES ('vault_route')",
                "SET ROLE zp_owner",
                "SET SESSION AUTHORIZATION zp_owner",
                "CREATE TABLE public.mine (id int)",
                "CREATE TEMP TABLE mine (id int)",
                "CREATE SCHEMA mine",
                "ALTER TABLE tips_case DISABLE ROW LEVEL SECURITY",
                "DROP POLICY zp_web ON tips_case",
                "DROP TRIGGER append_only ON audit_entry",
                "CREATE FUNCTION walls.unit() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege), raw.transaction():
                    raw.execute(statement)


def test_only_the_worker_enters_jobs(both, zone):
    job = waiting(zone, both[0])
    for zone_name in ("web", "public", "vault", "audit", "webhook"):
        with login(zone_name) as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
            raw.execute("SELECT walls.enter_job('gateway_message', %s)", [job])


def test_a_context_signed_for_the_web_opens_nothing_for_other_logins(both):
    for zone_name in ("worker", "public", "vault", "audit"):
        with login(zone_name) as raw, raw.cursor() as cursor:
            enter(cursor, token(both[0].unit.pk, both[0].binh.pk))
            assert cursor.execute("SELECT walls.unit(), walls.officer()").fetchone() == (None, None)


def test_the_web_context_is_what_the_database_believes(both):
    officer = both[0].an.pk
    with login("web") as raw, raw.cursor() as cursor:
        enter(cursor, token(both[0].unit.pk, officer))
        assert cursor.execute("SELECT walls.unit(), walls.officer()").fetchone() == (both[0].unit.pk, officer)
    assert Unit.objects.filter(pk=both[0].unit.pk).exists()

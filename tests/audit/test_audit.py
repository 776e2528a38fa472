"""The audit log: append-only, chained later, and every way of tampering with it found and named (issue 2, row 9)."""

from __future__ import annotations

import json
import threading
import time
import uuid
from contextlib import contextmanager
from io import StringIO

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, transaction

from tests.units.conftest import login
from zalopolice.audit import log
from zalopolice.audit.models import TECHNICAL, Entry
from zalopolice.units.walls import sign


@pytest.fixture
def checkpoints(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "CHECKPOINT_DIR", tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


@pytest.fixture
def book(commune, zone, checkpoints):
    """Eight sealed entries of one commune, a checkpoint after the fifth and after the eighth."""
    append(commune, 5)
    seal(zone)
    append(commune, 3)
    seal(zone)
    assert verify(zone)["ok"]
    return commune


def append(commune, number):
    for _ in range(number):
        with commune.acting("an") as officer:
            log.append("case.read", commune.area, by=officer, pages=1)


def seal(zone):
    with zone("worker"):
        return log.seal()


def verify(zone, *arguments):
    """What ``manage.py audit_verify --json`` says and how it ends."""
    out, code = StringIO(), 0
    with zone("audit"):
        try:
            call_command("audit_verify", "--json", *arguments, stdout=out)
        except SystemExit as end:
            code = end.code
    said = json.loads(out.getvalue())
    assert code == (0 if said["ok"] else 2)
    return said


@contextmanager
def above_the_law():
    """The owner of the tables, with the guards off: what somebody with root could do."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        try:
            yield cursor
        finally:
            cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")


REHASH = """
DO $$ DECLARE e public.audit_entry; h bytea := ''; BEGIN
    FOR e IN SELECT * FROM public.audit_entry WHERE seq IS NOT NULL ORDER BY unit_id, seq LOOP
        IF e.seq = 1 THEN h := ''; END IF;
        h := audit.digest(h, e.seq, e);
        UPDATE public.audit_entry SET hash = h WHERE id = e.id;
    END LOOP; END $$
"""


# --- writing ------------------------------------------------------------------------------------------------------


def test_an_entry_says_who_did_what_to_what_from_where(commune, zone):
    append(commune, 1)

    with zone("owner"):
        entry = Entry.objects.get()
    assert (entry.unit_id, entry.kind, entry.actor_id) == (commune.unit.pk, "case.read", commune.an.pk)
    assert (entry.zone, entry.object_kind, entry.object_id) == ("web", "units.area", commune.area.pk)
    assert (entry.detail, entry.seq) == ({"pages": 1}, None)


def test_an_officer_cannot_write_for_another_unit(commune, other_commune, zone):
    with commune.acting("an"), pytest.raises(DatabaseError, match="unit of the context"), transaction.atomic():
        log.append("case.read", other_commune.area)
    with pytest.raises(DatabaseError, match="unit of the context"), transaction.atomic():
        log.append("case.read", commune.area)  # outside any context

    with commune.acting("an") as officer, pytest.raises(PermissionError):
        log.append("case.read", other_commune.area, by=officer)
    with zone("owner"):
        assert not Entry.objects.exists()


def test_an_officer_cannot_write_as_another(commune, zone):
    with commune.acting("an"):
        log.append("case.read", commune.area, by=commune.binh)

    with zone("owner"):
        assert Entry.objects.get().actor_id == commune.an.pk


def test_an_entry_belongs_to_a_transaction(commune):
    with pytest.raises(RuntimeError):
        log.append("case.read", commune.area)


@pytest.mark.parametrize("zone_name", ["web", "worker", "vault", "audit", "public", "webhook"])
def test_no_login_touches_the_table_itself(book, zone_name):
    context = sign(settings.KEYS.context_key, book.unit.pk, book.an.pk, int(time.time()) + 60)
    with login(zone_name) as raw:
        for statement in (
            "INSERT INTO audit_entry (id, unit_id, at, kind, zone, object_kind, detail)"
            f" VALUES (gen_random_uuid(), '{book.unit.pk}', now(), 'x', 'web', '', '{{}}')",
            "UPDATE audit_entry SET kind = 'x'",
            "UPDATE audit_entry SET seq = 1, hash = '\\x00' WHERE seq IS NULL",
            "DELETE FROM audit_entry",
            "TRUNCATE audit_entry",
            "ALTER TABLE audit_entry DISABLE TRIGGER USER",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), raw.transaction():
                raw.execute("SELECT set_config('zp.ctx', %s, true)", [context])
                raw.execute(statement)


@pytest.mark.parametrize("zone_name", ["web", "vault", "audit", "public", "webhook"])
def test_only_the_worker_seals(book, zone_name):
    with login(zone_name) as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute("SELECT audit.seal()")


def test_even_the_owner_meets_the_guards(book):
    for statement in (
        "UPDATE audit_entry SET kind = 'x'",
        "UPDATE audit_entry SET seq = NULL, hash = NULL",
        "UPDATE audit_entry SET hash = '\\x00'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
    ):
        with login("owner") as raw, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            raw.execute(statement)


# --- sealing ------------------------------------------------------------------------------------------------------


def test_the_sealer_chains_each_unit_and_keeps_the_heads_elsewhere(book, other_commune, zone, checkpoints):
    append(other_commune, 2)
    with zone("vault"):
        log.append_technical("keys.rotation_started", level="root")

    assert seal(zone) == 3
    assert seal(zone) == 0

    said = verify(zone)
    assert {chain["unit"]: (chain["entries"], chain["unsealed"]) for chain in said["chains"]} == {
        str(book.unit.pk): (8, 0),
        str(other_commune.unit.pk): (2, 0),
        str(TECHNICAL): (1, 0),
    }
    [file] = checkpoints.iterdir()
    kept = [json.loads(line)["heads"] for line in file.read_text().splitlines()]
    assert [[seq for _, seq, _ in heads] for heads in kept[:2]] == [[5], [8]]
    assert sorted(seq for _, seq, _ in kept[2]) == [1, 2]  # the head that did not move is not written again


def test_one_unit_can_be_verified_alone(book, other_commune, zone):
    append(other_commune, 2)
    seal(zone)
    with above_the_law() as cursor:
        cursor.execute("UPDATE audit_entry SET kind = 'x' WHERE unit_id = %s", [other_commune.unit.pk])

    assert verify(zone, "--unit", book.unit.code)["ok"]
    assert not verify(zone, "--unit", other_commune.unit.code)["ok"]
    with pytest.raises(CommandError, match="khong-co"):
        verify(zone, "--unit", "khong-co")


def test_what_was_written_but_not_sealed_is_reported_after_a_minute(book, zone):
    append(book, 1)
    assert verify(zone)["ok"]
    with above_the_law() as cursor:
        cursor.execute("UPDATE audit_entry SET at = at - interval '61 seconds' WHERE seq IS NULL RETURNING id")
        late = str(cursor.fetchone()[0])

    said = verify(zone)

    assert said["findings"] == [
        {"unit": str(book.unit.pk), "seq": None, "entry": late, "what": "chưa niêm phong sau 60 giây"}
    ]


def test_eight_writers_and_two_sealers_at_once_break_no_link(commune, zone, checkpoints):
    each, errors, writing = 40, [], threading.Event()
    context = sign(settings.KEYS.context_key, commune.unit.pk, commune.an.pk, int(time.time()) + 60)

    def write():
        with login("web") as raw:
            for _ in range(each):
                with raw.transaction():
                    raw.execute("SELECT set_config('zp.ctx', %s, true)", [context])
                    raw.execute("SELECT audit.append(%s, 'load', NULL, '', NULL, '{}')", [commune.unit.pk])

    def keep_sealing():
        with login("worker") as raw:
            while not writing.is_set():
                with raw.transaction():
                    raw.execute("SELECT audit.seal()")

    def safely(work):
        try:
            work()
        except Exception as error:
            errors.append(error)

    writers = [threading.Thread(target=safely, args=[write]) for _ in range(8)]
    sealers = [threading.Thread(target=safely, args=[keep_sealing]) for _ in range(2)]
    for thread in writers + sealers:
        thread.start()
    for thread in writers:
        thread.join()
    writing.set()
    for thread in sealers:
        thread.join()
    seal(zone)

    assert errors == []
    said = verify(zone)
    assert said["ok"]
    assert said["chains"][0]["entries"] == 8 * each


# --- tampering ----------------------------------------------------------------------------------------------------


def of(book, seq):
    return {"unit": str(book.unit.pk), "seq": seq}


TAMPERED = {
    "a detail edited": ("UPDATE audit_entry SET detail = '{\"pages\": 2}' WHERE seq = 4", 4, "nội dung"),
    "the actor changed": (f"UPDATE audit_entry SET actor_id = '{uuid.uuid4()}' WHERE seq = 2", 2, "nội dung"),
    "the actor removed": ("UPDATE audit_entry SET actor_id = NULL WHERE seq = 2", 2, "nội dung"),
    "the time moved": ("UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE seq = 8", 8, "nội dung"),
    "words moved between columns": (
        "UPDATE audit_entry SET kind = kind || 'web', zone = '' WHERE seq = 3",
        3,
        "nội dung",
    ),
    "a hash changed": ("UPDATE audit_entry SET hash = sha256('x') WHERE seq = 6", 6, "nội dung"),
    "the first deleted": ("DELETE FROM audit_entry WHERE seq = 1", 1, "thiếu mục"),
    "one deleted": ("DELETE FROM audit_entry WHERE seq = 4", 4, "thiếu mục"),
    "three deleted": ("DELETE FROM audit_entry WHERE seq IN (3, 4, 5)", 3, "thiếu mục"),
    "one deleted and the gap closed": (
        "DELETE FROM audit_entry WHERE seq = 4;"
        "UPDATE audit_entry SET seq = -seq WHERE seq > 4; UPDATE audit_entry SET seq = -seq - 1 WHERE seq < 0",
        4,
        "nội dung",
    ),
    "one deleted, the rest hashed anew": (
        "DELETE FROM audit_entry WHERE seq = 4;"
        "UPDATE audit_entry SET seq = -seq WHERE seq > 4; UPDATE audit_entry SET seq = -seq - 1 WHERE seq < 0;"
        + REHASH,
        5,
        "khác với mốc",
    ),
    "two swapped": (
        "UPDATE audit_entry SET seq = -seq WHERE seq IN (3, 4);UPDATE audit_entry SET seq = 7 + seq WHERE seq < 0",
        3,
        "nội dung",
    ),
    "one inserted": (
        "UPDATE audit_entry SET seq = -seq WHERE seq > 4; UPDATE audit_entry SET seq = -seq + 1 WHERE seq < 0;"
        "INSERT INTO audit_entry (id, unit_id, at, kind, zone, object_kind, detail, seq, hash)"
        " SELECT gen_random_uuid(), unit_id, at, 'forged', zone, '', '{}', 5, hash FROM audit_entry WHERE seq = 4",
        5,
        "nội dung",
    ),
    "one inserted, the rest hashed anew": (
        "UPDATE audit_entry SET seq = -seq WHERE seq > 4; UPDATE audit_entry SET seq = -seq + 1 WHERE seq < 0;"
        "INSERT INTO audit_entry (id, unit_id, at, kind, zone, object_kind, detail, seq, hash)"
        " SELECT gen_random_uuid(), unit_id, at, 'forged', zone, '', '{}', 5, hash FROM audit_entry WHERE seq = 4;"
        + REHASH,
        5,
        "khác với mốc",
    ),
    "one edited, the rest hashed anew": (
        "UPDATE audit_entry SET kind = 'forged' WHERE seq = 2;" + REHASH,
        5,
        "khác với mốc",
    ),
    "the tail cut": ("DELETE FROM audit_entry WHERE seq > 6", 7, "đuôi sổ bị cắt: mốc đã lưu có 8 mục"),
    "the tail cut and taken back": (
        "DELETE FROM audit_entry WHERE seq > 6; UPDATE audit_entry SET seq = NULL, hash = NULL WHERE seq = 6",
        6,
        "đuôi sổ bị cắt",
    ),
    "everything deleted": ("DELETE FROM audit_entry", 1, "đuôi sổ bị cắt"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_is_found_and_the_first_bad_entry_named(book, zone, what):
    statements, seq, says = TAMPERED[what]
    with above_the_law() as cursor:
        cursor.execute(statements)

    first = verify(zone)["findings"][0]

    assert {"unit": first["unit"], "seq": first["seq"]} == of(book, seq)
    assert says in first["what"]


def test_a_cut_tail_is_found_even_when_new_entries_grow_over_it(book, zone):
    with above_the_law() as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE seq > 6")
    append(book, 4)
    seal(zone)

    first = verify(zone)["findings"][0]

    assert (first["seq"], first["what"]) == (8, "khác với mốc đã lưu")


def test_a_changed_checkpoint_is_reported_not_crashed_on(book, zone, checkpoints):
    [file] = checkpoints.iterdir()
    file.write_text(file.read_text() + '{"at": "2026-11-21T00:00:00", "heads": [["')

    first = verify(zone)["findings"][0]

    assert f"mốc không đọc được: {file.name} dòng 3" in first["what"]


def test_the_command_says_it_in_plain_words_too(book, zone):
    with above_the_law() as cursor:
        cursor.execute("UPDATE audit_entry SET kind = 'x' WHERE seq = 4 RETURNING id")
        entry = cursor.fetchone()[0]
    out = StringIO()

    with zone("audit"), pytest.raises(SystemExit) as end:
        call_command("audit_verify", stdout=out)

    assert end.value.code == 2
    assert f"HỎNG {book.unit.pk} mục 4 {entry}: nội dung hoặc thứ tự đã bị sửa" in out.getvalue()

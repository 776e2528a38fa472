"""Keys are rotated by real processes, some of them killed, while this process reads on with warm caches."""

from __future__ import annotations

import itertools
import json
import shutil
import signal
import threading
import time
import uuid
from dataclasses import dataclass
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from tests import cast, processes
from zalopolice import crypto
from zalopolice.gateway.models import Message
from zalopolice.units import keyring
from zalopolice.units.models import ContentKey
from zalopolice.units.walls import unit_context
from zalopolice.vault import rotation
from zalopolice.vault.models import Route, VaultKey

KILLED = """
import os, signal, django
django.setup()
from django.core.management import call_command
from zalopolice import crypto
from zalopolice.units import keyring
from zalopolice.vault import rotation

def dies(place, name, at):
    whole, calls = getattr(place, name), [0]
    def part(*args, **more):
        calls[0] += 1
        if calls[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(*args, **more)
    setattr(place, name, part)

rotation.BATCH = 2
dies({place}, "{name}", {at})
call_command("rotate_keys", "--level", "{level}")
"""


@pytest.fixture
def keys(tmp_path, monkeypatch):
    """A key folder of the test's own: a rotation changes it."""
    folder = tmp_path / "keys"
    shutil.copytree(processes.key_folder(), folder)
    monkeypatch.setenv("ZALOPOLICE_KEY_FILE", str(folder))
    return folder


@pytest.fixture
def words(keys, commune, other_commune, zone):
    """Six citizens of two communes have written; their words and ids are encrypted under both rings."""
    told = {}
    for number in range(3):
        for place in (commune, other_commune):
            told[place.hears(f"citizen {number}", f"Tin số {number} của {place.unit.code}")] = place.unit.code
    cast.work_inbox(zone)
    return told


def rotate(*arguments):
    """By the command as an operator runs it, in a process of its own."""
    return processes.manage(processes.environment("vault"), "rotate_keys", *arguments)


@dataclass
class Done:
    stdout: str
    refusal: str = ""


def rotate_here(zone, *arguments):
    """The same command inside this process: quicker, for what does not depend on the process."""
    out = StringIO()
    with zone("vault"):
        try:
            call_command("rotate_keys", *arguments, stdout=out)
        except CommandError as error:
            return Done(out.getvalue(), str(error))
    return Done(out.getvalue())


def everything_opens(zone):
    """What this very process reads, with or without warm caches: all texts and all Zalo ids, of all units."""
    rows = list(Message.objects.filter(direction="in"))
    assert sorted(row.text for row in rows) == sorted(
        f"Tin số {number} của {code}" for number in range(3) for code in ("tran-hung-dao", "dai-hong")
    )
    assert all(route.zalo_user_id.isdecimal() for route in Route.objects.all())
    return len(rows)


def until(true, patience=20.0):
    end = time.monotonic() + patience
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def waits_for_a_lock(role):
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND NOT l.granted AND a.usename = %s"
            " AND a.datname = current_database()",
            [role],
        )
        return cursor.fetchone()[0] > 0


def roots(folder, zone, ring="content"):
    return [item["id"] for item in json.loads((folder / f"{zone}.json").read_text())[f"{ring}_roots"]]


def counts():
    return {model.__name__: model.objects.count() for model in (ContentKey, VaultKey)}


def wrapped_by(level):
    return {
        model.__name__: set(model.objects.filter(level=level).values_list("wrapped_by", flat=True))
        for model in (ContentKey, VaultKey)
    }


def test_a_new_root_replaces_the_old_one_in_every_file_and_everything_opens(words, keys, zone):
    before = {ring: roots(keys, "vault", ring) for ring in ("content", "vault")}
    with zone("vault"):
        everything_opens(zone)  # warm caches, made under the old root
        had = counts()

        done = rotate("--level", "root")

        assert done.returncode == 0, done.stderr
        assert everything_opens(zone) == 6
        assert counts() == had
        keyring.forget()
        assert everything_opens(zone) == 6
        assert wrapped_by("unit") == {
            "ContentKey": {uuid.UUID(roots(keys, "vault")[0])},
            "VaultKey": {uuid.UUID(roots(keys, "vault", "vault")[0])},
        }
    for ring, old in before.items():
        assert len(roots(keys, "vault", ring)) == 1
        assert roots(keys, "vault", ring) != old
    assert roots(keys, "vault") == roots(keys, "web") == roots(keys, "worker")
    assert "kiểm tra: trước 2, sau 2, không mở được 0" in done.stdout
    for name in ("vault", "web", "worker"):
        crypto.load_keys(keys / f"{name}.json", zone=name)
        assert (keys / f"{name}.json").stat().st_mode & 0o777 == 0o600


def test_a_web_process_that_never_restarted_reads_and_writes_on(words, keys, zone, commune):
    with commune.acting("cuong") as officer:
        [message, *_] = Message.objects.filter(direction="in")
        assert message.text

    assert rotate("--level", "root").returncode == 0
    assert rotate("--level", "unit").returncode == 0

    # settings.KEYS of this process still hold the old root only.
    assert str(settings.KEYS.content_roots[0].id) not in roots(keys, "web")
    with commune.acting("cuong") as officer:
        assert all(row.text.startswith("Tin số") for row in Message.objects.filter(direction="in"))
        made = keyring.key_for("content", officer.unit.pk, uuid.uuid4())
        assert len(made.secret) == 32


def test_a_new_unit_key_replaces_the_old_one_and_everything_opens(words, keys, zone, commune):
    with zone("vault"):
        everything_opens(zone)
        had, old = counts(), wrapped_by("owner")

        done = rotate("--level", "unit")

        assert done.returncode == 0, done.stderr
        assert everything_opens(zone) == 6
        keyring.forget()
        assert everything_opens(zone) == 6
        assert counts() == had
        assert all(not (wrapped_by("owner")[name] & old[name]) for name in old)
        assert not ContentKey.objects.exclude(retired_at=None).exists()


def test_one_unit_can_be_rotated_alone(words, keys, zone, commune, other_commune):
    with zone("vault"):
        theirs = set(ContentKey.objects.filter(unit=other_commune.unit).values_list("wrapped_by", flat=True))

    done = rotate_here(zone, "--level", "unit", "--unit", commune.unit.code, "--ring", "content")

    assert "4 khóa đã được bọc lại" in done.stdout  # of three citizens, and of the unit: a question nobody answered
    with zone("vault"):
        now = set(ContentKey.objects.filter(unit=other_commune.unit).values_list("wrapped_by", flat=True))
        assert now == theirs
        assert everything_opens(zone) == 6


def everything_kept(keys):
    files = {path.name: path.read_bytes() for path in keys.iterdir()}
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT id, wrapped, wrapped_by, retired_at FROM units_contentkey ORDER BY id")
        content = cursor.fetchall()
        cursor.execute("SELECT id, wrapped, wrapped_by, retired_at FROM vault_vaultkey ORDER BY id")
        vault = cursor.fetchall()
        cursor.execute("SELECT count(*) FROM audit_entry")
        return files, content, vault, cursor.fetchone()


def test_a_dry_run_counts_and_changes_nothing(words, keys, zone):
    before = everything_kept(keys)

    root = rotate_here(zone, "--level", "root", "--dry-run")
    unit = rotate_here(zone, "--level", "unit", "--dry-run")

    assert "Vòng content: 2 khóa đơn vị, không dở dang" in root.stdout
    assert "Vòng content, dai-hong: 4 khóa, không dở dang" in unit.stdout
    assert everything_kept(keys) == before


POINTS = [
    ("root", "crypto", "write_keys", 1),  # before anything
    ("root", "crypto", "write_keys", 3),  # known in two of three files
    ("root", "crypto", "write_keys", 5),  # in use in one of three files
    ("root", "keyring", "rewrap", 2),  # one unit key of two, not committed
    ("root", "crypto", "write_keys", 7),  # wrapped anew, the old root still in the files
    ("root", "crypto", "write_keys", 8),  # the old root dropped from one file
    ("unit", "keyring", "insert", 1),  # before the swap
    ("unit", "keyring", "rewrap", 4),  # in the second batch of the first unit
    ("unit", "rotation", "_delete_retired", 1),  # all wrapped, the old row still there
    ("unit", "keyring", "insert", 3),  # between the units and the rings
]


class Killed(BaseException):
    pass


@pytest.mark.parametrize(("level", "place", "name", "at"), POINTS)
def test_a_rotation_cut_short_goes_on_where_it_was(words, keys, zone, monkeypatch, level, place, name, at):
    module = {"crypto": crypto, "keyring": keyring, "rotation": rotation}[place]
    whole, calls = getattr(module, name), itertools.count(1)

    def cut(*args, **more):
        if next(calls) == at:
            raise Killed
        return whole(*args, **more)

    monkeypatch.setattr(rotation, "BATCH", 2)
    with zone("vault"):
        had = counts()
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(module, name, cut)
        rotate_here(zone, "--level", level)
    reads_and_ends_well(zone, keys, level, had)


@pytest.mark.parametrize(("level", "place", "name", "at"), [POINTS[2], POINTS[3], POINTS[7]])
def test_a_killed_rotation_goes_on_where_it_was(words, keys, zone, level, place, name, at):
    script = KILLED.format(level=level, place=place, name=name, at=at)
    with zone("vault"):
        had = counts()
        everything_opens(zone)

        killed = processes.run(processes.environment("vault"), "-c", script)

        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert everything_opens(zone) == 6  # caches warm since before
    reads_and_ends_well(zone, keys, level, had)


def reads_and_ends_well(zone, keys, level, had):
    with zone("vault"):
        assert everything_opens(zone) == 6
    with zone("worker"):
        assert keyring.roots("content")  # every file is whole

    again = rotate_here(zone, "--level", level)

    assert again.refusal == ""
    with zone("vault"):
        assert everything_opens(zone) == 6
        assert counts() == had
        assert not ContentKey.objects.exclude(retired_at=None).exists()
        assert not VaultKey.objects.exclude(retired_at=None).exists()
    assert len(roots(keys, "vault")) == 1
    assert roots(keys, "vault") == roots(keys, "web") == roots(keys, "worker")


def test_rows_written_while_it_runs_are_not_left_under_the_old_keys(words, keys, zone, commune):
    """An officer's transaction that began before the rotation and commits in its middle."""
    owner, made, results = uuid.uuid4(), {}, []

    def run():
        results.append(rotate("--level", "unit"))

    with zone("web"), transaction.atomic(), unit_context(commune.unit.pk):
        made["key"] = keyring.key_for("content", commune.unit.pk, owner)  # wrapped by the key about to be retired
        elsewhere = threading.Thread(target=run)
        elsewhere.start()
        assert until(lambda: waits_for_a_lock("zp_vault"))
    elsewhere.join(60)

    assert results[0].returncode == 0, results[0].stderr
    with zone("vault"):
        keyring.forget()
        assert keyring.secret("content", made["key"].id) == made["key"].secret
        assert not ContentKey.objects.exclude(retired_at=None).exists()


def test_files_out_of_reach_are_named_and_nothing_is_wrapped_before_they_know(words, keys, zone):
    away = keys.parent / "elsewhere"
    away.mkdir()
    for name in ("web", "worker"):
        (keys / f"{name}.json").rename(away / f"{name}.json")

    stopped = rotate_here(zone, "--level", "root", "--ring", "content")

    old, new = roots(keys, "vault")
    assert "web, worker" in stopped.refusal
    assert new in stopped.refusal
    assert rotate_here(zone, "--level", "root", "--ring", "content") == stopped  # the same key, not a third
    with zone("vault"):
        assert wrapped_by("unit")["ContentKey"] == {uuid.UUID(old)}

    entry = json.loads((keys / "vault.json").read_text())["content_roots"][1]
    for name in ("web", "worker"):
        values = json.loads((away / f"{name}.json").read_text())
        values["content_roots"].insert(0, entry)
        (away / f"{name}.json").write_text(json.dumps(values))
    assert rotate_here(zone, "--level", "root", "--ring", "content", "--distributed", new).refusal == ""
    assert roots(keys, "vault") == [new, old]
    assert rotate_here(zone, "--level", "root", "--ring", "content", "--distributed", new).refusal == ""
    assert roots(keys, "vault") == [new, old]  # said twice, it stays
    assert rotate_here(zone, "--level", "root", "--ring", "content", "--retire").refusal == ""
    assert roots(keys, "vault") == [new]
    with zone("vault"):
        assert everything_opens(zone) == 6


def test_a_key_that_cannot_be_opened_is_named_and_keeps_the_old_root(words, keys, zone):
    with zone("vault"):
        bad = ContentKey.objects.filter(level="unit").order_by("pk").first()
        ContentKey.objects.filter(pk=bad.pk).update(wrapped=bytes(bad.wrapped)[:-16] + b"\x00" * 16)

    done = rotate_here(zone, "--level", "root", "--ring", "content")

    assert str(bad.pk) in done.refusal
    assert len(roots(keys, "vault")) == 2
    with zone("vault"):
        assert len(wrapped_by("unit")["ContentKey"]) == 2  # the others went on


def test_a_rotation_is_recorded_at_its_start_and_its_end(words, keys, zone):
    rotate_here(zone, "--level", "unit", "--ring", "content")

    with connections["audit"].cursor() as cursor:
        cursor.execute("SELECT unit_id, kind, zone, detail FROM audit_entry WHERE kind LIKE 'keys.%' ORDER BY at")
        start, end = cursor.fetchall()
    assert start[:3] == (uuid.UUID(int=0), "keys.rotation_started", "vault")
    assert end[1] == "keys.rotation_finished"
    assert json.loads(end[3])["rows"] == 8


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--level", "root", "--unit", "dai-hong"], "--unit"),
        (["--level", "unit", "--unit", "khong-co"], "khong-co"),
        (["--level", "unit", "--retire"], "--retire"),
        (["--level", "root", "--distributed", str(uuid.uuid4())], "--ring"),
        (["--level", "root", "--ring", "vault", "--distributed", "khong-co"], "khong-co"),
    ],
)
def test_a_wrong_call_is_refused_with_a_reason(words, keys, zone, arguments, says):
    before = everything_kept(keys)

    done = rotate_here(zone, *arguments)

    assert says in done.refusal
    assert everything_kept(keys)[:3] == before[:3]


def test_no_other_zone_rotates(words, keys, zone):
    with zone("web"), pytest.raises(CommandError, match="vault"):
        call_command("rotate_keys", "--level", "root")


def test_only_one_rotation_runs_at_a_time(words, keys, zone):
    done = []
    with connections["vault"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(24072)")
        elsewhere = threading.Thread(target=lambda: done.append(rotate("--level", "unit")))
        elsewhere.start()
        elsewhere.join()
        cursor.execute("SELECT pg_advisory_unlock(24072)")

    assert done[0].returncode == 1
    assert "đang chạy" in done[0].stderr


def test_not_one_text_is_encrypted_anew(words, keys, zone):
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT id, text FROM gateway_message ORDER BY id")
        before = cursor.fetchall()

        rotate_here(zone, "--level", "root")
        rotate_here(zone, "--level", "unit")

        cursor.execute("SELECT id, text FROM gateway_message ORDER BY id")
        assert cursor.fetchall() == before

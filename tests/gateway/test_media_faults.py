"""T05 (media) and T60: a full disk and a process that dies anywhere cost no file, no announcement and no text."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import resource
import shutil
import sys
import time
import traceback
from collections import Counter, namedtuple
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from tests.fault_size import LONG, SEED
from tests.gateway.conftest import take_in
from zalopolice import faults, tasks
from zalopolice.gateway import keeping, media
from zalopolice.gateway.models import Attachment, ChannelRule, Incident, Message

State = Attachment.State
pytestmark = pytest.mark.usefixtures("media")
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def send(commune, zalo, zone):
    """``send(kind, bytes)``: a citizen's message with one file; its row."""

    def sent(kind, content, citizen="dung"):
        number = len(zalo.files)
        zalo.files[f"/media/{number}"] = (200, {}, content)
        url = settings.ZALO_API_URL.replace("/openapi", f"/media/{number}")
        files = [{"type": kind, "payload": {"url": url, "name": "tep"}}]
        commune.hears(citizen, "Xem tệp này", attachments=files, event_name=f"user_send_{kind}")
        take_in(zone)
        with zone("vault"):
            return Attachment.objects.latest("message__received_at")

    return sent


def now(zone, row):
    with zone("vault"):
        Attachment.objects.filter(pk=row.pk).update(next_at=timezone.now())


def fetched(zone, row):
    with zone("vault"):
        media.fetch(row.pk)
        return Attachment.objects.get(pk=row.pk)


def age_everything():
    """As if two hours had passed for the sweep."""
    for path in settings.MEDIA_DIR.rglob("*.*"):
        os.utime(path, (time.time() - keeping.SETTLED - 60,) * 2)


def on_disk():
    return Counter(path.name.partition(".")[2].rpartition(".")[2] for path in settings.MEDIA_DIR.rglob("*.*"))


# --- T60 -------------------------------------------------------------------------------------------------------------


def in_a_child(work):
    """Runs ``work`` in a process of its own; its exit code, or minus the signal that ended it."""
    for name in connections:
        connections[name].close()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
            sys.__stderr__.flush()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


POINTS = ("claimed", "chunk", "chunk 3", "written", "written 2", "renamed", "renamed 2", "stored", "committed")


def kill_at(tmp_path, monkeypatch, order, work, part="media"):
    """``order``: a point, and at which reach of it ("chunk 3")."""
    point, _, reach = order.partition(" ")
    plan = tmp_path / "plan"
    plan.mkdir(exist_ok=True)
    monkeypatch.setattr(faults, "_plan", plan)
    monkeypatch.setattr(faults, "_idle", False)
    (plan / f"{part}.{point}").write_text(f"kill {reach}".strip())
    try:
        return in_a_child(work)
    finally:
        monkeypatch.setattr(faults, "_plan", type(plan)())
        shutil.rmtree(plan)


def test_t60_a_fetcher_that_dies_anywhere_loses_nothing(send, zone, tmp_path, monkeypatch, figures):
    picture = picture_of_some_size()
    orders = list(POINTS) * (6 if LONG else 1)
    random.Random(SEED).shuffle(orders)
    sent, killed = {}, 0
    for number, order in enumerate(orders):
        content, kind = (picture, "image") if number % 2 or " 2" in order else (os.urandom(300_000), "file")
        row = send(kind, content, citizen=f"c{number}")
        sent[row.pk] = content
        killed += kill_at(tmp_path, monkeypatch, order, lambda row=row: fetched(zone, row)) == -9
    assert killed == len(orders)

    bring_everything_to_its_end(zone)

    with zone("vault"):
        rows = list(Attachment.objects.all())
        assert {row.pk for row in rows} == set(sent)
        for row in rows:
            assert row.state in (State.STORED, State.AVAILABLE), (row.state, row.reason)
            original = keeping.read(row, "original")
            assert original == sent[row.pk] and row.sha256 == hashlib.sha256(original).hexdigest()
        age_everything()
        litter = on_disk()["part"]
        swept = keeping.sweep()
        kinds = Counter(row.kind for row in rows)
        assert on_disk() == {"original": len(rows), "screen": kinds["image"]}
        assert swept == litter > 0 and keeping.sweep() == 0
    figures("T60", kills=killed, announced=len(sent), lost=0, rehashed=len(rows), drafts_swept=litter)


def test_t60_a_worker_that_dies_while_drawing_loses_no_picture(send, zone, tmp_path, monkeypatch, figures):
    orders = ("written", "renamed")
    for number, order in enumerate(orders):
        row = send("image", picture_of_some_size(), citizen=f"c{number}")
        assert fetched(zone, row).state == State.STORED
        assert kill_at(tmp_path, monkeypatch, order, lambda row=row: drawn(zone, row)) == -9

    bring_everything_to_its_end(zone)

    with zone("vault"):
        assert {row.state for row in Attachment.objects.all()} == {State.AVAILABLE}
        age_everything()
        keeping.sweep()
    assert on_disk() == {"original": 2, "screen": 2}
    figures("T60", kills_while_drawing=len(orders), lost=0)


def drawn(zone, row):
    with zone("worker"):
        tasks.derive(str(row.pk))


def bring_everything_to_its_end(zone):
    with zone("vault"):
        Attachment.objects.filter(next_at__isnull=False).update(next_at=timezone.now())  # the leases are over
        for pk in list(Attachment.objects.filter(queue="vault").values_list("pk", flat=True)):
            media.fetch(pk)
        rows = list(Attachment.objects.filter(queue="worker"))
    for row in rows:
        drawn(zone, row)


def picture_of_some_size():
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    Image.frombytes("RGB", (320, 240), os.urandom(320 * 240 * 3)).save(out, "PNG")
    assert len(out.getvalue()) > 3 * 65_536
    return out.getvalue()


def test_a_late_fetcher_does_not_write_over_what_another_has_stored(send, zone, zalo, monkeypatch):
    """A process that slept through its lease comes back with half of the file."""
    row = send("file", b"the whole file")

    def meanwhile(chunk):
        now(zone, row)
        monkeypatch.setattr(faults, "point", lambda name: None)
        zalo.files["/media/0"] = (200, {}, b"the whole file")
        assert fetched(zone, row).state == State.STORED

    zalo.files["/media/0"] = (200, {}, b"half")
    monkeypatch.setattr(faults, "point", lambda name: meanwhile(name) if name == "media.chunk" else None)
    fetched(zone, row)

    with zone("vault"):
        kept = Attachment.objects.get(pk=row.pk)
        assert kept.state == State.STORED
        assert hashlib.sha256(keeping.read(kept, "original")).hexdigest() == kept.sha256


def test_the_sweep_leaves_alone_what_is_young_and_what_is_not_ours(send, zone):
    row = fetched(zone, send("file", b"content"))
    folder = keeping.path_of(row, "original").parent
    (folder / "ghi-chu.txt").write_text("a person's")
    (folder / f"{row.pk}.original.0123.part").write_text("being written")
    (folder / f"{row.pk}.screen").write_text("of no state")

    with zone("vault"):
        assert keeping.sweep() == 0
        age_everything()
        assert keeping.sweep() == 2
    assert sorted(path.name for path in folder.iterdir()) == sorted([f"{row.pk}.original", "ghi-chu.txt"])


# --- T05 -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(monkeypatch):
    """``disk(bytes)``: so much is free."""
    monkeypatch.setattr(settings, "MEDIA_FLOOR", 1_000_000)

    def free(size):
        monkeypatch.setattr(keeping.shutil, "disk_usage", lambda _: Usage(10**9, 0, size))

    free(10**9)
    return free


def test_t05_below_the_floor_files_wait_and_texts_do_not(send, zone, zalo, disk, commune, figures):
    disk(999_999)
    rows = [fetched(zone, send("file", b"content", citizen=f"c{number}")) for number in range(3)]

    assert zalo.gets == [] and on_disk() == {}
    for row in rows:
        assert (row.state, row.attempt, row.reason) == (State.ANNOUNCED, 0, media.WAITS_FOR_ROOM)
        assert row.next_at > timezone.now() + timedelta(minutes=4)
    with zone("vault"):
        incident = Incident.objects.get()
        assert (incident.kind, incident.figure, incident.ended_at) == (Incident.Kind.MEDIA_POSTPONED, 3, None)
        assert Message.objects.filter(direction="in").count() == 3  # every text is here

    disk(1_000_000)
    with zone("vault"):
        media.note_room()
        assert Incident.objects.get().ended_at is not None
    with zone("vault"):
        tasks.sweep_media()
        assert {row.state for row in Attachment.objects.all()} == {State.STORED}
    figures("T05", part="media", postponed=3, lost=0, texts_stored=3)


def test_t05_a_disk_that_fills_while_writing_leaves_no_torn_file(send, zone, figures):
    """The real thing: the kernel refuses the bytes after the first 100,000."""
    row = send("file", os.urandom(300_000))

    def work():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        fetched(zone, row)

    assert in_a_child(work) == 0

    with zone("vault"):
        waiting = Attachment.objects.get()
    assert (waiting.state, waiting.attempt, waiting.reason) == (State.ANNOUNCED, 0, media.WAITS_FOR_ROOM)
    assert on_disk() == {}
    now(zone, row)
    assert fetched(zone, row).state == State.STORED
    figures("T05", part="media, disk full while writing", torn_files=0, lost=0)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_t05_a_disk_that_is_full_is_no_try_of_the_file(send, zone, monkeypatch, code):
    row, real = send("file", b"content"), os.fsync

    def full(_):
        raise OSError(code, "no room")

    monkeypatch.setattr(keeping.os, "fsync", full)
    for _ in range(20):
        now(zone, row)
        waiting = fetched(zone, row)
    assert (waiting.state, waiting.attempt) == (State.ANNOUNCED, 0)

    monkeypatch.setattr(keeping.os, "fsync", real)
    now(zone, row)
    assert fetched(zone, row).state == State.STORED


# --- one person's files ----------------------------------------------------------------------------------------------


def rule(zone, name, value):
    with zone("owner"):
        row = ChannelRule.objects.get(name=name)
        before, row.value = row.value, value
        row.save()
    return before


@pytest.fixture
def limits(zone):
    before = {name: rule(zone, name, value) for name, value in ((media.PER_HOUR, 3), (media.PER_DAY, 1))}
    yield
    for name, value in before.items():
        rule(zone, name, value)


def test_one_person_s_files_wait_their_turn_and_are_not_dropped(send, zone, limits):
    rows = [fetched(zone, send("file", b"content")) for _ in range(5)]
    other = fetched(zone, send("file", b"content", citizen="hoa"))

    assert [row.state for row in rows] == [State.STORED] * 3 + [State.ANNOUNCED] * 2
    assert other.state == State.STORED
    assert rows[3].reason == media.WAITS_ITS_TURN
    wait = (rows[3].next_at - timezone.now()).total_seconds()
    assert 3500 < wait < 3700
    with zone("vault"):
        Attachment.objects.filter(fetched_at__isnull=False).update(fetched_at=timezone.now() - timedelta(minutes=61))
    for row in rows[3:]:
        now(zone, row)
        assert fetched(zone, row).state == State.STORED


def test_one_person_s_megabytes_of_a_day_are_counted(send, zone, limits):
    assert fetched(zone, send("file", bytes(999_999))).state == State.STORED
    assert fetched(zone, send("file", bytes(10))).state == State.STORED

    waiting = fetched(zone, send("file", b"one more"))

    assert waiting.state == State.ANNOUNCED
    assert 23 * 3600 < (waiting.next_at - timezone.now()).total_seconds() < 25 * 3600

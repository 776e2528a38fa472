"""What comes together is committed together, and nobody pays for another. No servers: both stores are played."""

import asyncio
import errno
import os
import time
import uuid

from zalopolice import webhook_intake
from zalopolice.spool import Record, Segment, Spool
from zalopolice.webhook_intake import FLUSHES, Intake
from zalopolice.webhook_io import Away, Unfit

BAD = b"bad"


class Table:
    def __init__(self, fault=None):
        self.batches, self.rows, self.fault = [], [], fault

    async def insert(self, records, until):
        self.batches.append(len(records))
        await asyncio.sleep(0.05)
        if self.fault:
            raise self.fault
        if any(record.sealed == BAD for record in records):
            raise Unfit
        self.rows += records
        return len(records)


class Disk:
    def __init__(self, seconds=0.0):
        self.records, self.seconds = [], seconds

    def append(self, records):
        time.sleep(self.seconds)
        self.records += records


def record(sealed=b"sealed"):
    return Record(uuid.uuid4(), "1", time.time(), os.urandom(32), uuid.uuid4(), sealed)


class Returning(Table):
    """PostgreSQL, away until it is said to be back."""

    away = True

    async def insert(self, records, until):
        if self.away:
            raise Away
        return await super().insert(records, until)

    async def secrets(self):
        if self.away:
            raise Away


def play(story, table, disk):
    async def scene():
        intake = Intake(table, disk)
        writers = [asyncio.create_task(intake.run()) for _ in range(FLUSHES)]
        try:
            return await story(intake)
        finally:
            for writer in writers:
                writer.cancel()

    return asyncio.run(scene())


async def together(intake, *records):
    return await asyncio.gather(*(intake.keep(one) for one in records))


async def behind_busy_writers(intake, *records):
    """The writers are each on their way with one record when these arrive."""
    early = []
    for _ in range(FLUSHES):
        early.append(asyncio.create_task(intake.keep(record())))
        await asyncio.sleep(0.005)
    return [*await together(intake, *records), *await asyncio.gather(*early)]


def test_a_lone_event_goes_at_once_and_a_crowd_in_one_statement():
    table, disk = Table(), Disk()
    kept = play(lambda intake: behind_busy_writers(intake, *(record() for _ in range(40))), table, disk)
    assert set(kept) == {True}
    assert table.batches == [1] * FLUSHES + [40]
    assert disk.records == []


def test_a_refused_row_goes_aside_alone():
    table, disk, bad = Table(), Disk(), record(BAD)
    good = [record() for _ in range(20)]
    kept = play(lambda intake: together(intake, *good[:7], bad, *good[7:]), table, disk)
    assert set(kept) == {True}
    assert disk.records == [bad]
    assert sorted(table.rows) == sorted(good)


def test_once_the_table_is_away_nobody_waits_for_it():
    table, disk = Table(Away()), Disk()

    async def story(intake):
        return [*await together(intake, record(), record()), *await together(intake, record()), intake.away_since > 0]

    assert play(story, table, disk) == [True] * 4
    assert len(disk.records) == 3
    assert table.batches == [2]


def test_a_disk_that_hangs_is_a_disk_that_is_gone():
    table, disk = Table(Away()), Disk(seconds=4.0)

    async def story(intake):
        began = time.monotonic()
        kept = await together(intake, record(), record())
        return kept, time.monotonic() - began, intake.failing_since > 0

    kept, seconds, failing = play(story, table, disk)
    assert (kept, failing) == ([False, False], True)
    assert seconds < 2  # Zalo waits so long


def test_a_spool_that_failed_is_told_until_it_has_room_again_and_somebody_can_have_heard(tmp_path, monkeypatch):
    """With PostgreSQL back nobody writes into the spool, so no write would ever say that it works again."""
    table, spool = Returning(), Spool(tmp_path, limit=0)

    async def story(intake):
        found = [await intake.keep(record()), intake.failing_since > 0]
        table.away = False
        await intake._mend_once()
        found.append(intake.failing_since > 0)
        monkeypatch.setattr(webhook_intake, "TOLD", 0.0)
        await intake._mend_once()
        found.append(intake.failing_since > 0)
        monkeypatch.setattr(spool, "_limit", 2 * 1024 * 1024)
        await intake._mend_once()
        return [*found, intake.failing_since > 0]

    assert play(story, table, spool) == [False, True, True, True, False]


def test_a_segment_that_cannot_be_read_keeps_nobody_from_postgresql(tmp_path, monkeypatch):
    """A bad place of the disk: the other segments are replayed, and new events go the short way again."""
    table, spool = Returning(), Spool(tmp_path, 1024 * 1024)
    lost, kept, new = record(b"on a bad place"), record(), record()
    read = Segment.read

    def bad_place(segment):
        found = read(segment)
        if lost in found[0]:
            raise OSError(errno.EIO, "Input/output error")
        return found

    monkeypatch.setattr(Segment, "read", bad_place)

    async def story(intake):
        for one in (lost, kept):
            assert await intake.keep(one)
            spool.let_go()
        assert intake.away_since
        table.away = False
        await intake._mend_once()
        assert not intake.away_since
        return await intake.keep(new)

    assert play(story, table, spool)
    assert table.rows == [kept, new]
    assert spool.usage().records == 1  # it stays, and is tried again

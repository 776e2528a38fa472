"""The files of the spool: a torn end, a full disk, two processes, a damaged place."""

import errno
import os
import uuid

import pytest

from zalopolice.spool import Full, Record, Spool, pack, unpack_all


def record(text=b"sealed", app_id="123"):
    return Record(uuid.uuid4(), app_id, 1795230000.25, os.urandom(32), uuid.uuid4(), text)


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool", 1024 * 1024)


def drain(spool):
    found = []
    while (segment := spool.next_segment()) is not None:
        records, damaged = segment.read()
        assert not damaged
        found += records
        segment.finish(keep=False)
    return found


def test_what_is_written_is_read_once(spool):
    records = [record(b"x" * size) for size in (0, 1, 5000)]
    spool.append(records[:2])
    spool.append(records[2:])
    usage = spool.usage()
    assert (usage.records, usage.kept) == (3, 0)
    assert usage.bytes == sum(len(pack(one)) for one in records)
    assert drain(spool) == records
    assert drain(spool) == []
    assert spool.usage().bytes == 0


@pytest.mark.parametrize("cut", [1, 5, 12, 60, 110])
def test_a_torn_end_costs_only_itself(cut):
    whole = [record(), record()]
    data = b"".join(map(pack, whole)) + pack(record(b"y" * 100))[:cut]
    assert unpack_all(data) == (whole, False)


def test_a_changed_byte_anywhere_costs_one_record_and_is_noticed():
    first, second, third = (pack(record(b"z" * 40)) for _ in range(3))
    for place in range(len(second)):
        changed = bytearray(first + second + third)
        changed[len(first) + place] ^= 1
        assert unpack_all(bytes(changed)) == (unpack_all(first + third)[0], True)


def test_t05_a_disk_that_fills_up_within_a_record_corrupts_nothing(spool, monkeypatch, figures):
    before, lost, after = record(), record(b"q" * 4000), record()
    spool.append([before])
    write, calls = os.write, []

    def half_full(descriptor, data):
        calls.append(len(data))
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, bytes(data)[:1000])

    monkeypatch.setattr(os, "write", half_full)
    with pytest.raises(OSError):
        spool.append([lost])
    monkeypatch.setattr(os, "write", write)
    spool.append([after])
    assert drain(spool) == [before, after]
    figures("T05", torn_writes=1, corrupted=0)


def test_a_half_record_that_cannot_be_cut_off_is_in_nobodys_way(spool, monkeypatch):
    before, after = record(), record()
    spool.append([before])
    write, cut = os.write, os.ftruncate
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data)[:7]) and broken())
    monkeypatch.setattr(os, "ftruncate", lambda *_: broken())
    with pytest.raises(OSError):
        spool.append([record()])
    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr(os, "ftruncate", cut)
    spool.append([after])
    assert drain(spool) == [before, after]


def broken():
    raise OSError(errno.EIO, "Input/output error")


def test_it_holds_no_more_than_it_may(tmp_path):
    spool = Spool(tmp_path, 3000)
    spool.append([record(b"x" * 1500)])
    with pytest.raises(Full):
        spool.append([record(b"x" * 1500)])
    spool.append([record(b"x" * 500)])
    assert not spool.room()
    assert len(drain(spool)) == 2


def test_nobody_replays_what_another_process_still_writes(spool):
    other = Spool(spool.folder, 1024 * 1024)
    spool.append([record()])
    assert other.next_segment() is None
    other.append([record()])
    mine = spool.next_segment()
    assert spool.next_segment() is None  # the one is mine already, the other is still written
    assert other.next_segment().path != mine.path
    mine.release()


def test_a_segment_removed_between_its_making_and_its_lock_is_not_written(spool, monkeypatch):
    """A replayer may find the new file first: empty, hence nothing to do, hence removed."""
    from zalopolice import faults

    monkeypatch.setattr(faults, "point", lambda name: name == "spool.created" and remove_first())
    removed = []

    def remove_first():
        if not removed:
            removed.extend(spool.folder.glob("*.seg"))
            removed[0].unlink()

    kept = record()
    spool.append([kept])
    assert removed
    assert drain(spool) == [kept]


def test_what_was_refused_is_kept_and_may_be_tried_again(spool):
    spool.append([record()])
    spool.next_segment().finish(keep=True)
    assert spool.next_segment() is None
    assert spool.usage().kept == 1
    (kept,) = spool.folder.glob("*.kept")
    kept.rename(kept.with_suffix(".seg"))
    assert len(drain(spool)) == 1


def test_a_segment_that_cannot_be_opened_holds_up_no_other(spool):
    (spool.folder / "00000000000000000001-deadbeef.seg").mkdir(parents=True)
    kept = record()
    spool.append([kept])
    assert drain(spool) == [kept]


def test_a_segment_called_broken_is_left_out_and_stays(spool):
    for text in (b"first", b"second"):
        spool.append([record(text)])
        spool.let_go()
    first = spool.next_segment()
    first.release()
    second = spool.next_segment({first.path.name})
    assert [one.sealed for one in second.read()[0]] == [b"second"]
    second.release()
    assert spool.next_segment().path == first.path


def test_secrets_are_kept_whole(spool):
    rows = [(uuid.uuid4(), "1", b"\x00\xff"), (uuid.uuid4(), "2", b"")]
    assert spool.kept_secrets() == []
    spool.keep_secrets(rows)
    assert spool.kept_secrets() == rows
    assert (spool.folder / "secrets.json").stat().st_mode & 0o077 == 0
    (spool.folder / "secrets.json").write_text('[["x", "y"')
    assert spool.kept_secrets() == []

"""Sealed events on the local disk while PostgreSQL is away or too slow (design.md D4).

Nothing here can be opened by this process or by whoever takes the disk: what is written was sealed before. Segments
are files that only grow. Each process writes one of its own, which it holds locked, so the kernel tells what is free
to be replayed: whatever nobody has locked, also after a kill. A segment goes when all its rows are committed; when a
crash comes between the two, its events meet themselves as duplicates.

| lies in the folder | what it is                                                                       |
|--------------------|----------------------------------------------------------------------------------|
| ``*.seg``          | waits to be replayed                                                             |
| ``*.kept``         | was replayed, but holds a record PostgreSQL refused, or damage in the middle: a  |
|                    | person must look. Renamed back to ``.seg`` it is tried again                     |
| ``secrets.json``   | the signing secrets as PostgreSQL holds them: sealed                             |
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import struct
import time
import uuid
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from zalopolice import faults

SEGMENT = 4 * 1024 * 1024
MAGIC = b"zpS1"
_HEAD = struct.Struct("<4sII")  # magic, length and CRC-32 of what follows
_FIXED = struct.Struct("<16s16sd32sB")  # event, secret that fitted, when it came, dedupe key, length of the app's id

Secret = tuple[uuid.UUID, str, bytes]
"""Id, app and sealed words of one signing secret."""


class Record(NamedTuple):
    """One verified and sealed event, ready for the table."""

    id: uuid.UUID
    app_id: str
    received_at: float
    dedupe_key: bytes
    signed_by: uuid.UUID
    sealed: bytes


class Full(OSError):
    """The folder holds as much as it may."""


@dataclass(frozen=True)
class Usage:
    bytes: int = 0
    records: int = 0
    oldest: float = 0.0
    kept: int = 0


def pack(record: Record) -> bytes:
    app = record.app_id.encode()
    fixed = (record.id.bytes, record.signed_by.bytes, record.received_at, record.dedupe_key, len(app))
    payload = _FIXED.pack(*fixed) + app + record.sealed
    return _HEAD.pack(MAGIC, len(payload), zlib.crc32(payload)) + payload


def _unpack(data: bytes, place: int) -> tuple[Record, int] | None:
    """The record at ``place`` and where it ends; nothing when it is torn or not one."""
    if place + _HEAD.size > len(data):
        return None
    magic, length, checksum = _HEAD.unpack_from(data, place)
    start, end = place + _HEAD.size, place + _HEAD.size + length
    if magic != MAGIC or end > len(data) or length < _FIXED.size or zlib.crc32(data[start:end]) != checksum:
        return None
    event, secret, at, key, size = _FIXED.unpack_from(data, start)
    app = start + _FIXED.size
    app_id = data[app : app + size].decode(errors="replace")
    record = Record(uuid.UUID(bytes=event), app_id, at, key, uuid.UUID(bytes=secret), data[app + size : end])
    return record, end


def unpack_all(data: bytes) -> tuple[list[Record], bool]:
    """All whole records, and whether some are damaged. A torn one at the end was never acknowledged: no damage."""
    found: list[Record] = []
    place, gap, damaged = 0, False, False
    while 0 <= place < len(data):
        if (read := _unpack(data, place)) is not None:
            found.append(read[0])
            damaged |= gap
            place, gap = read[1], False
        else:
            place, gap = data.find(MAGIC, place + 1), True
    return found, damaged


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Whether this process holds the file, and the file still has its name: its last reader may have removed it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return os.fstat(descriptor).st_nlink > 0


class Segment:
    """One that nobody writes any more, locked for the one who replays it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self._descriptor = path, descriptor

    def read(self) -> tuple[list[Record], bool]:
        faults.point("spool.reading")
        return unpack_all(self.path.read_bytes())

    def finish(self, *, keep: bool) -> None:
        """All its rows are committed, or refused for what they are (``keep``)."""
        faults.point("spool.replayed")
        if keep:
            self.path.rename(self.path.with_suffix(".kept"))
        else:
            self.path.unlink()
        faults.point("spool.removed")
        self.release()

    def release(self) -> None:
        os.close(self._descriptor)


class Spool:
    """``append``, ``let_go`` and ``next_segment`` belong to one thread: a disk may hang, and nothing else shall."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self._limit = folder, limit
        self._own: int | None = None
        self._counted: dict[str, tuple[int, int]] = {}

    # --- writing ---

    def append(self, records: Iterable[Record]) -> None:
        """On disk when this returns; OSError when it is not, and then nothing half-written is in anybody's way."""
        data = b"".join(map(pack, records))
        if sum(size for _, size in self._files()) + len(data) > self._limit:
            raise Full("the spool holds as much as it may")
        if self._own is None:
            self._own = self._new_segment()
        end = os.fstat(self._own).st_size
        try:
            faults.point("spool.begun")
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._own, rest) :]
            faults.point("spool.written")
        except BaseException:
            with contextlib.suppress(OSError):
                os.ftruncate(self._own, end)
            self.let_go()  # if the half record stayed, it is the last of its file, where readers expect one
            raise
        if end + len(data) >= SEGMENT:
            self.let_go()

    def _new_segment(self) -> int:
        """O_DSYNC: each write returns when it is on disk; the folder is synced for the file's name."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_DSYNC
        while True:
            path = self.folder / f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}.seg"
            descriptor = os.open(path, flags, 0o600)
            faults.point("spool.created")
            if _lock(descriptor, wait=True):
                self._sync_folder()
                return descriptor
            os.close(descriptor)  # a replayer was quicker, found it empty and removed it

    def let_go(self) -> None:
        """Ends the own segment: from now on it may be replayed."""
        if self._own is not None:
            os.close(self._own)
            self._own = None

    def _sync_folder(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    # --- replaying ---

    def next_segment(self, broken: Collection[str] = ()) -> Segment | None:
        """The oldest that is free and not ``broken``, also of a process that is gone; the own one when there is no
        other."""
        if (found := self._free_segment(broken)) is None and self._own is not None:
            self.let_go()
            found = self._free_segment(broken)
        return found

    def _free_segment(self, broken: Collection[str]) -> Segment | None:
        for name in sorted(name for name, _ in self._files() if name.endswith(".seg") and name not in broken):
            try:
                descriptor = os.open(self.folder / name, os.O_RDWR)
            except OSError:
                continue  # another process was quicker, or it cannot be opened: it must not hold up the others
            if _lock(descriptor, wait=False):
                return Segment(self.folder / name, descriptor)
            os.close(descriptor)
        return None

    # --- the signing secrets, for a start while PostgreSQL is away ---

    def keep_secrets(self, secrets: Sequence[Secret]) -> None:
        rows = [(str(row), app_id, base64.b64encode(sealed).decode()) for row, app_id, sealed in secrets]
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / f"secrets.{os.getpid()}.new"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(rows, file)
            file.flush()
            os.fsync(file.fileno())
        faults.point("spool.secrets_written")
        draft.replace(self.folder / "secrets.json")
        self._sync_folder()

    def kept_secrets(self) -> list[Secret]:
        try:
            rows = json.loads((self.folder / "secrets.json").read_text())
            return [(uuid.UUID(row), str(app_id), base64.b64decode(sealed)) for row, app_id, sealed in rows]
        except (OSError, ValueError, TypeError, AttributeError):
            return []

    # --- looking ---

    def _files(self) -> list[tuple[str, int]]:
        found = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    found.append((entry.name, entry.stat().st_size))
        return found

    def room(self) -> bool:
        """Whether an event would be taken now, as far as can be told without writing one."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            disk = os.statvfs(self.folder)
            used = sum(size for _, size in self._files())
        except OSError:
            return False
        writable = not disk.f_flag & os.ST_RDONLY and os.access(self.folder, os.W_OK)
        return writable and disk.f_bavail * disk.f_frsize > 1024 * 1024 and used + 1024 * 1024 <= self._limit

    def usage(self) -> Usage:
        """Counts on from where it stopped last time, so that a full spool costs nothing each second."""
        files = self._files()
        waiting = sorted((name, size) for name, size in files if name.endswith(".seg") and size)
        self._counted = {name: self._count(name, *self._counted.get(name, (0, 0))) for name, _ in waiting}
        return Usage(
            bytes=sum(size for _, size in files),
            records=sum(count for _, count in self._counted.values()),
            oldest=int(waiting[0][0].partition("-")[0]) / 1e9 if waiting else 0.0,
            kept=sum(name.endswith(".kept") for name, _ in files),
        )

    def _count(self, name: str, place: int, count: int) -> tuple[int, int]:
        with contextlib.suppress(OSError), (self.folder / name).open("rb") as file:
            file.seek(place)
            while len(head := file.read(_HEAD.size)) == _HEAD.size and head.startswith(MAGIC):
                place, count = place + _HEAD.size + _HEAD.unpack(head)[1], count + 1
                file.seek(place)
        return place, count

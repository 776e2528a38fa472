"""Rotating root and unit keys under running processes (design D17). Zone vault: the only one that holds both rings.

A new key is known everywhere before anybody uses it, and an old one goes only when no row names it any more:

* root: append to every key file → first place in every key file → wrap the unit keys anew → drop the old one;
* unit: swap the key in use → wrap the owner keys anew → delete the old row.

What to do next is read from the files and the rows, so a rotation killed anywhere goes on where it was.
``units/keyring.py`` holds the other half: how running processes notice.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from zalopolice import crypto
from zalopolice.units import keyring
from zalopolice.units.models import WrappedKey

BATCH = 500
Say = Callable[[str], None]


class Stopped(Exception):
    """The rotation cannot go on by itself; the message says what a person has to do."""


class KeyFiles:
    """The key files with the roots of one ring. Zones of other machines or users are out of our reach."""

    def __init__(self, own: Path, ring: str) -> None:
        self.name = f"{ring}_roots"
        self.paths = {zone: own.with_name(f"{zone}.json") for zone in crypto.ZONE_KEYS if self._holds(zone)}
        self.paths["vault"] = own
        self.away = sorted(zone for zone, path in self.paths.items() if not _writable(path))
        if "vault" in self.away:
            raise Stopped(f"Không ghi được tệp khóa {own.name}.")

    def _holds(self, zone: str) -> bool:
        return self.name in crypto.ZONE_KEYS[zone]

    def _read(self, zone: str) -> crypto.Keys:
        return crypto.load_keys(self.paths[zone], zone=zone)

    def roots(self) -> tuple[crypto.Key, ...]:
        """Ours, the one in use first, then any that only another zone's file knows."""
        known: dict[uuid.UUID, crypto.Key] = {}
        for zone in ("vault", *(zone for zone in self.paths if zone not in {"vault", *self.away})):
            known |= {key.id: key for key in getattr(self._read(zone), self.name) if key.id not in known}
        return tuple(known.values())

    def write(self, roots: tuple[crypto.Key, ...]) -> None:
        """Ours first: it tells a later run how far this one came."""
        for zone in ("vault", *(zone for zone in self.paths if zone not in {"vault", *self.away})):
            keys = self._read(zone)
            if getattr(keys, self.name) != roots:
                values: dict[str, object] = {name: getattr(keys, name) for name in crypto.ZONE_KEYS[zone]}
                crypto.write_keys(self.paths[zone], values | {self.name: roots})


def _writable(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK)


@dataclass
class Work:
    """Rows of one ring that have to be wrapped by one parent."""

    ring: str
    rows: models.QuerySet[WrappedKey]
    say: Say
    broken: set[uuid.UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.before = self._ids()

    def _ids(self) -> set[uuid.UUID]:
        return set(self.rows.values_list("pk", flat=True))

    def wrap(self, parent: crypto.Key) -> int:
        """Batch by batch, each committed; then every row is opened once more. Returns how many were wrapped."""
        done = 0
        while changed := self._batch(parent):
            done += changed
            self.say(f"  đã bọc lại {done}/{len(self.before)}")
        self._verify(parent)
        return done

    @transaction.atomic
    def _batch(self, parent: crypto.Key) -> int:
        waiting = self.rows.exclude(wrapped_by=parent.id).exclude(pk__in=self.broken)
        rows = list(waiting.select_for_update().order_by("pk")[:BATCH])
        for row in rows:
            try:
                keyring.rewrap(self.ring, row, parent)
            except crypto.CannotOpen:
                self.broken.add(row.pk)  # the others shall not wait for it; the old parent stays
        return len(rows)

    def _verify(self, parent: crypto.Key) -> None:
        for row in self.rows.exclude(pk__in=self.broken).iterator():
            keyring.unwrap(self.ring, row)
            if row.wrapped_by != parent.id or crypto.key_id(bytes(row.wrapped)) != parent.id:
                raise Stopped(f"Khóa {row.pk} (vòng {self.ring}) chưa được bọc lại; hãy chạy lại lệnh.")
        lost = self.before - self._ids()  # others may make keys meanwhile, none may go
        before, after = len(self.before), len(self.before) - len(lost)
        self.say(f"  kiểm tra: trước {before}, sau {after}, không mở được {len(self.broken)}")
        if self.broken:
            raise Stopped(f"Không mở được khóa {min(self.broken)} (vòng {self.ring}); khóa cũ được giữ lại.")
        if lost:
            raise Stopped(f"Khóa {min(lost)} (vòng {self.ring}) đã mất trong khi xoay; khóa cũ được giữ lại.")


def rows_of(ring: str, level: str, unit: uuid.UUID | None = None) -> models.QuerySet[WrappedKey]:
    model: type[WrappedKey] = apps.get_model(keyring.RINGS[ring])
    rows = model._default_manager.filter(level=level)
    return rows if unit is None else rows.filter(unit_id=unit)


# --- root ----------------------------------------------------------------------------------------------------------


def rotate_root(ring: str, files: KeyFiles, say: Say, *, distributed: str = "") -> int:
    """A new root for the unit keys of a ring, or the end of a rotation that was cut short.

    ``distributed`` is the id of the new root once a person has copied it into the files out of our reach."""
    if unfinished_root(ring, files):
        files.write(files.roots())  # a run cut short may have reached some files only
    elif distributed:
        _promote(files, distributed)
    else:
        _promote(files, str(_announce(files).id))
    return _wrap_unit_keys(ring, files, say, retire=not files.away)


def _announce(files: KeyFiles) -> crypto.Key:
    """The new root becomes known in every file before anybody uses it."""
    current, *others = files.roots()
    if files.away:
        newest = others[-1] if others else crypto.Key.new()
        files.write((current, newest))
        raise Stopped(_copy_by_hand(files, newest))
    # Others are leftovers of a run that was cut short; no row names them.
    newest = crypto.Key.new()
    files.write((current, newest))
    return newest


def _promote(files: KeyFiles, newest: str) -> None:
    roots = files.roots()
    first = tuple(key for key in roots if str(key.id) == newest)
    if not first:
        raise Stopped(f"Không có khóa gốc {newest} trong {files.paths['vault'].name}.")
    files.write(first + tuple(key for key in roots if str(key.id) != newest))


def _copy_by_hand(files: KeyFiles, newest: crypto.Key) -> str:
    return (
        f"Khóa gốc mới {newest.id} đã có trong {files.paths['vault'].name}, mục {files.name}.\n"
        f"Không với tới tệp khóa của: {', '.join(files.away)}. Hãy chép khóa đó vào ĐẦU mục {files.name} của từng "
        f"tệp ấy, giữ nguyên khóa cũ, rồi chạy lại lệnh này với --distributed {newest.id}."
    )


def _wrap_unit_keys(ring: str, files: KeyFiles, say: Say, *, retire: bool) -> int:
    with transaction.atomic():
        # Whoever began to make a unit key under the old root commits before this, whoever begins now reads the new.
        keyring.lock(ring, keyring.ROOT, shared=False)
    newest, *old = files.roots()
    done = Work(ring, rows_of(ring, "unit"), say).wrap(newest)
    if retire:
        files.write((newest,))
    for key in old:
        say(f"  khóa gốc cũ {key.id} không còn bọc khóa nào" + (", đã bỏ khỏi tệp khóa" if retire else ""))
    if files.away:
        say(f"  tệp khóa của {', '.join(files.away)}: chỉ giữ khóa gốc {newest.id}; sau đó chạy --retire")
    return done


def retire_roots(ring: str, files: KeyFiles, say: Say) -> int:
    """The last step where a person copies files: wraps what came late, then drops the old roots from our file."""
    return _wrap_unit_keys(ring, files, say, retire=True)


def unfinished_root(ring: str, files: KeyFiles) -> bool:
    return rows_of(ring, "unit").exclude(wrapped_by=files.roots()[0].id).exists()


# --- unit ----------------------------------------------------------------------------------------------------------


def rotate_unit(ring: str, unit: uuid.UUID, say: Say) -> int:
    """A new unit key for the owner keys of a unit, or the end of a rotation that was cut short."""
    work = Work(ring, rows_of(ring, "owner", unit), say)
    if not unfinished_unit(ring, unit):
        _swap(ring, unit)
    row = keyring.in_use(ring, unit, "unit", unit)
    if row is None:
        return 0  # nothing was ever encrypted here
    done = work.wrap(crypto.Key(row.pk, keyring.unwrap(ring, row)))
    _delete_retired(ring, unit)
    return done


def unfinished_unit(ring: str, unit: uuid.UUID) -> bool:
    return rows_of(ring, "unit", unit).filter(retired_at__isnull=False).exists()


@transaction.atomic
def _swap(ring: str, unit: uuid.UUID) -> None:
    # Waits for whoever makes owner keys under the old one; whoever comes later reads the new one.
    keyring.lock(ring, unit, shared=False)
    if rows_of(ring, "unit", unit).filter(retired_at=None).update(retired_at=timezone.now()):
        keyring.lock(ring, keyring.ROOT, shared=True)
        keyring.insert(ring, unit, "unit", unit, keyring.roots(ring)[0])


@transaction.atomic
def _delete_retired(ring: str, unit: uuid.UUID) -> None:
    for row in rows_of(ring, "unit", unit).filter(retired_at__isnull=False):
        if rows_of(ring, "owner", unit).filter(wrapped_by=row.pk).exists():
            raise Stopped(f"Vòng {ring}: còn khóa được bọc bằng khóa đơn vị cũ; chưa xóa được.")
        row.delete()

"""Where the bytes of a file lie: sealed, durable, under their name only when complete; and what litter is swept."""

from __future__ import annotations

import errno
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.conf import settings

from zalopolice import crypto, faults
from zalopolice.gateway.models import Attachment
from zalopolice.units import keyring

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SETTLED = 7200
"""Seconds after which nobody is writing a file any more; far longer than any lease."""


def path_of(attachment: Attachment, copy: str) -> Path:
    """``copy``: ``original`` (vault ring), ``transit`` (content ring, short-lived), ``screen`` (content ring)."""
    return settings.MEDIA_DIR / str(attachment.unit_id) / f"{attachment.pk}.{copy}"


def aad(attachment: Attachment, copy: str) -> bytes:
    return crypto.field_aad(attachment.unit_id, "media", copy, attachment.pk)


def has_room() -> bool:
    """Above the floor that stays free for texts: those are never put off."""
    settings.MEDIA_DIR.mkdir(parents=True, exist_ok=True)
    return bool(shutil.disk_usage(settings.MEDIA_DIR).free >= settings.MEDIA_FLOOR)


def is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in FULL


def write(attachment: Attachment, copy: str, key: crypto.Key, chunks: Iterator[bytes]) -> tuple[str, int]:
    """SHA-256 and size of what was written; on any error nothing is left under the name."""
    path = path_of(attachment, copy)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        with draft.open("wb") as out:
            result = crypto.encrypt_file(key, chunks, out, aad(attachment, copy))
            out.flush()
            faults.point("media.written")
            os.fsync(out.fileno())
        draft.replace(path)
        _sync(path.parent)
        faults.point("media.renamed")
    finally:
        draft.unlink(missing_ok=True)
    return result


def _sync(folder: Path) -> None:
    """The name too must survive a power cut, or a row says "stored" of a file that is not there."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(attachment: Attachment, copy: str) -> bytes:
    """The plaintext of a copy this zone holds the ring of."""
    ring = "vault" if copy == "original" else "content"
    with path_of(attachment, copy).open("rb") as source:
        chunks = crypto.decrypt_file(lambda id: keyring.secret(ring, id), source, aad(attachment, copy))
        return b"".join(chunks)


def sweep() -> int:
    """Zone vault: removes what a process that died has left behind, and returns how many files that were."""
    removed = 0
    for folder in sorted(settings.MEDIA_DIR.iterdir()) if settings.MEDIA_DIR.exists() else ():
        if folder.is_dir():
            for paths in _batches(_settled(folder)):
                removed += sum(_remove(path) for path in _litter(paths))
    return removed


def _settled(folder: Path) -> Iterator[Path]:
    before = time.time() - SETTLED
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < before:
                yield Path(entry.path)


def _batches(paths: Iterable[Path], size: int = 500) -> Iterator[list[Path]]:
    batch: list[Path] = []
    for path in paths:
        batch.append(path)
        if len(batch) == size:
            yield batch
            batch = []
    yield batch


def _litter(paths: list[Path]) -> list[Path]:
    """Drafts, and copies that no row vouches for."""
    rows = Attachment.objects.filter(pk__in={key for path in paths if (key := _key(path)) is not None})
    known = {row.pk: row for row in rows.only("pk", "unit_id", "state", "queue", "sha256")}
    return [path for path in paths if not _is_vouched(path, known)]


def _key(path: Path) -> uuid.UUID | None:
    try:
        return uuid.UUID(path.name.partition(".")[0])
    except ValueError:
        return None


def _is_vouched(path: Path, known: dict[uuid.UUID, Attachment]) -> bool:
    key, copy = _key(path), path.name.partition(".")[2]
    if key is None:
        return True  # none of ours: a person put it there
    row = known.get(key)
    if row is None or str(row.unit_id) != path.parent.name:
        return False
    wanted = {
        "original": bool(row.sha256),
        "transit": row.queue == "worker",
        "screen": row.queue == "worker" or row.state == Attachment.State.AVAILABLE,
    }
    return wanted.get(copy, False)


def _remove(path: Path) -> int:
    try:
        path.unlink()
    except OSError:
        return 0
    return 1

"""Recomputes every chain and compares it with the kept checkpoints."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import connection

UNSEALED_LIMIT = 60
"""Seconds after which an entry without a seal is a fault: the sealer runs every few seconds."""

_ROWS = """
SELECT unit_id, seq, id::text, (extract(epoch FROM at) * 1000000)::bigint::text, kind, actor_id::text, zone,
       object_kind, object_id::text, detail::text, hash, extract(epoch FROM clock_timestamp() - at)
FROM audit_entry WHERE %s IS NULL OR unit_id = %s ORDER BY unit_id, seq NULLS LAST, at, id
"""


@dataclass(frozen=True)
class Finding:
    unit: str
    seq: int | None
    entry: str | None
    what: str


@dataclass
class Chain:
    unit: str
    entries: int = 0
    unsealed: int = 0
    head: str = ""


def verify(folder: Path, unit: uuid.UUID | None = None) -> dict[str, Any]:
    """``{"ok", "chains": […], "findings": […]}``; findings are in order, the first is the first bad entry."""
    chains: dict[str, Chain] = {}
    hashes: dict[tuple[str, int], str] = {}
    findings: list[Finding] = []
    for row in _entries(unit):
        chain = chains.setdefault(str(row[0]), Chain(str(row[0])))
        findings += _check(chain, row, hashes)
    findings += list(_against_checkpoints(folder, chains, hashes, unit))
    return {
        "ok": not findings,
        "chains": [asdict(chain) for chain in chains.values()],
        "findings": [asdict(finding) for finding in findings],
    }


def _entries(unit: uuid.UUID | None) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [unit, unit])
        while rows := cursor.fetchmany(5000):
            yield from rows


def _check(chain: Chain, row: tuple[Any, ...], hashes: dict[tuple[str, int], str]) -> Iterator[Finding]:
    _, seq, entry, *fields, stored, age = row
    if seq is None:
        chain.unsealed += 1
        if age > UNSEALED_LIMIT:
            yield Finding(chain.unit, None, entry, "chưa niêm phong sau 60 giây")
        return
    if seq != chain.entries + 1:
        yield Finding(chain.unit, chain.entries + 1, None, "thiếu mục")
        chain.entries = seq - 1
    previous = bytes.fromhex(chain.head)
    chain.entries += 1
    digest = hashlib.sha256(b"\x00" + previous + b"".join(map(_field, [str(seq), entry, chain.unit, *fields])))
    if digest.digest() != bytes(stored or b""):
        yield Finding(chain.unit, seq, entry, "nội dung hoặc thứ tự đã bị sửa")
    chain.head = bytes(stored or b"").hex()
    hashes[chain.unit, seq] = chain.head


def _field(value: str | None) -> bytes:
    if value is None:
        return b"\xff\xff\xff\xff"
    data = value.encode()
    return len(data).to_bytes(4, "big") + data


def _against_checkpoints(
    folder: Path, chains: dict[str, Chain], hashes: dict[tuple[str, int], str], unit: uuid.UUID | None
) -> Iterator[Finding]:
    reported: set[str] = set()
    for place, heads in _checkpoints(folder):
        if heads is None:
            yield Finding("", None, None, f"mốc không đọc được: {place}")
        for name, seq, digest in heads or ():
            if name in reported or (unit is not None and name != str(unit)):
                continue
            kept = chains[name].entries if name in chains else 0
            if seq > kept:
                reported.add(name)
                yield Finding(name, kept + 1, None, f"đuôi sổ bị cắt: mốc đã lưu có {seq} mục")
            elif hashes.get((name, seq), digest) != digest:  # a gap has been reported as such
                reported.add(name)
                yield Finding(name, seq, None, "khác với mốc đã lưu")


def _checkpoints(folder: Path) -> Iterator[tuple[str, list[tuple[str, int, str]] | None]]:
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            try:
                heads = [(str(name), int(seq), str(digest)) for name, seq, digest in json.loads(line)["heads"]]
            except (ValueError, KeyError, TypeError):
                yield f"{path.name} dòng {number}", None
            else:
                yield "", heads

"""The import: an entry of the data file becomes an imported version. The one act on versions without a person."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils import timezone

from procedures import languages
from procedures.models import Procedure, Version
from zalopolice.audit import log
from zalopolice.units.models import Unit

State = Version.State
CONTENT = (
    "who_can_apply", "where", "documents", "forms", "processing_time", "fee", "result_vi", "steps", "legal_basis",
    "notes_vi", "status", "redirect_slug", "explanation",
)  # fmt: skip


def carry_in(unit: Unit, entry: Mapping[str, Any], position: int, checked_on: str, *, publish: bool) -> str:
    """Returns what happened: new, renewed, unchanged, or left to the people who have written since."""
    fields = {"code": entry["code"] or "", "field": entry["field"], "position": position}
    procedure, made = Procedure.objects.get_or_create(unit=unit, slug=entry["slug"], defaults=fields)
    newest = Version.objects.filter(procedure=procedure).order_by("-number").first()
    if newest is not None and (newest.writers or not newest.imported):
        return "do người soạn giữ"
    words = _words(entry, checked_on)
    same = newest is not None and all(_plain(getattr(newest, name)) == _plain(words[name]) for name in words)
    if newest is None or (not same and newest.state != State.DRAFT):
        newest = Version(unit=unit, procedure=procedure, number=newest.number + 1 if newest else 1, imported=True)
    if not same:
        for name, value in words.items():
            setattr(newest, name, value)
        newest.save()
        log.append("procedure.imported", newest, number=newest.number)
    if publish and newest.state == State.DRAFT:
        _publish(procedure, newest)
    return "mới" if made else "không đổi" if same else "cập nhật"


def _words(entry: Mapping[str, Any], checked_on: str) -> dict[str, Any]:
    return {
        "name": entry["name_vi"],
        "synonyms": entry["synonyms_vi"],
        "content": languages.brought_in(
            entry["name_vi"], {name: entry[name] for name in CONTENT}, entry.get("languages") or {}
        ),
        "sources": entry["sources"],
        "confidence": Decimal(str(entry["confidence"])),
        "checked_on": checked_on,
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, list | dict) else str(value if not isinstance(value, Decimal) else float(value))


def _publish(procedure: Procedure, version: Version) -> None:
    now = timezone.now()
    current = Version.objects.filter(procedure=procedure, state=State.PUBLISHED)
    current.update(state=State.SUPERSEDED, ended_at=now)
    Version.objects.filter(pk=version.pk).update(state=State.PUBLISHED, published_at=now)
    Procedure.objects.filter(pk=procedure.pk).update(changed_at=now)
    log.append("procedure.published", version, number=version.number, imported=True)

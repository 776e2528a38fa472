"""The files that came with words, as a thread shows them."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, Func, OuterRef, TextField, Value
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from zalopolice.gateway.models import Attachment, Message


@dataclass(frozen=True)
class File:
    row: Attachment
    words: str

    @property
    def is_heard(self) -> bool:
        return self.row.state == Attachment.State.AVAILABLE and self.row.kind == Attachment.Kind.AUDIO

    @property
    def is_shown(self) -> bool:
        return self.row.state == Attachment.State.AVAILABLE and not self.is_heard

    @property
    def length(self) -> str:
        """Of a sound, as a player writes it."""
        return f"{(self.row.seconds or 0) // 60}:{(self.row.seconds or 0) % 60:02}"

    @property
    def says_all(self) -> bool:
        """It is not here (yet), and its reason tells everything about that."""
        return self.row.state in (Attachment.State.ANNOUNCED, Attachment.State.UNFETCHABLE) and bool(self.row.reason)

    @property
    def is_sealed(self) -> bool:
        """Kept, of a kind nothing clean can be made of yet."""
        sealed = (Attachment.Kind.VIDEO, Attachment.Kind.FILE)
        return self.row.state == Attachment.State.STORED and self.row.kind in sealed


SHOWN_OF_FILES = ("id", "kind", "state", "width", "height", "seconds", "size", "reason")


def beside(message: str) -> ArraySubquery:
    """The files of each message of a page, beside it: no query of their own. What is encrypted comes as hex."""
    rows = Attachment.objects.filter(unit=OuterRef("unit"), message=OuterRef(message)).order_by("pk")
    detail = Func(F("detail"), Value("hex"), function="encode", output_field=TextField())
    columns = JSONObject(**{name: F(name) for name in SHOWN_OF_FILES}, detail=detail)
    return ArraySubquery(rows.values(columns=columns))


def files_of(message: Message, columns_of: list[dict[str, Any]]) -> list[File]:
    found = []
    for columns in columns_of:
        row = Attachment(unit_id=message.unit_id, citizen_id=message.citizen_id, message=message)
        for name in SHOWN_OF_FILES:
            setattr(row, name, columns[name])
        row.id, row.detail = uuid.UUID(columns["id"]), bytes.fromhex(columns["detail"])  # type: ignore[assignment]
        found.append(File(row, _file_words(row)))
    return found


def _file_words(row: Attachment) -> str:
    """What may be said of a file. A link is never made clickable: who sent it is a stranger."""
    detail = _detail(row)
    if row.kind == Attachment.Kind.LOCATION:
        return ", ".join(filter(None, [detail.get("latitude"), detail.get("longitude")]))
    if row.kind == Attachment.Kind.LINK:
        return " · ".join(filter(None, [detail.get("title"), detail.get("url")]))
    if row.kind == Attachment.Kind.CARD:
        return _("Số trên danh thiếp được giữ trong kho danh tính.")
    return detail.get("name", "")


def _detail(row: Attachment) -> dict[str, str]:
    try:
        found = json.loads(row.detail or "{}")
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items() if value} if isinstance(found, dict) else {}

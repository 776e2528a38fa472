"""A procedure as people read it: the sheet on the citizens' page, in the editor's preview and in a diff."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from procedures import fees as dated
from procedures.catalogue import Entry
from zalopolice.templatetags.look import grouped


@dataclass(frozen=True)
class Fee:
    amount: str
    case: str
    is_free: bool
    term: str = ""  # from when until when, where the case does not say so itself


@dataclass(frozen=True)
class Law:
    name: str
    number: str
    effective: date | None


@dataclass(frozen=True)
class Place:
    """Where to go: what the unit says of this procedure, else of its office; empty when neither is known."""

    hours: tuple[str, ...] = ()
    address: str = ""
    contact: str = ""
    note: str = ""

    @property
    def tel(self) -> str:
        """The contact as a telephone dials it; "" when it is more than a number."""
        return re.sub(r"[ .()-]", "", self.contact) if re.fullmatch(r"[0-9+ .()-]{3,20}", self.contact) else ""


def fees(content: dict[str, Any]) -> list[Fee]:
    return [_fee(row) for row in content.get("fee") or []]


def _fee(row: dict[str, Any]) -> Fee:
    amount, term = row.get("amount_vnd"), "" if dated.named(row) else _term(row)
    return Fee(_amount(amount), row.get("said") or row.get("case") or "", amount == 0, term)


def _term(row: dict[str, Any]) -> str:
    since, until = (_day(row.get(key)) for key in ("valid_from", "valid_until"))
    days = {"since": f"{since:%d/%m/%Y}" if since else "", "until": f"{until:%d/%m/%Y}" if until else ""}
    if since and until:
        return _("từ %(since)s đến hết %(until)s") % days
    return _("từ %(since)s") % days if since else _("đến hết %(until)s") % days if until else ""


def _amount(dong: int | None) -> str:
    if dong is None:
        return _("Hỏi nơi nhận hồ sơ")
    return _("%(dong)s đ") % {"dong": grouped(dong)} if dong else _("Miễn phí")


def laws(content: dict[str, Any]) -> list[Law]:
    rows = content.get("legal_basis") or []
    return [Law(row.get("name") or "", row.get("number") or "", _day(row.get("effective_date"))) for row in rows]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def read(entry: Entry) -> dict[str, Any]:
    """What the sheet's template needs of an entry; fees as they are today, and those that are decided already."""
    content, today = entry.content, timezone.localdate()
    paid = fees({"fee": dated.on(content, today)})
    return {
        "entry": entry,
        "content": content,
        "charges": [fee for fee in paid if not fee.is_free] or paid,
        "free": [fee for fee in paid if fee.is_free] if any(not fee.is_free for fee in paid) else [],
        "later": fees({"fee": dated.later(content, today)}),
        "laws": laws(content),
        "time": (content.get("processing_time") or {}).get("text") or _("Hỏi nơi nhận hồ sơ"),
    }


def place(office: Mapping[str, Any] | None, override: Mapping[str, Any] | None) -> Place:
    """Each of hours, address and contact is the procedure's own where the unit has said so, else the office's."""
    office, own = office or {}, override or {}
    hours = (own["hours"],) if own.get("hours") else tuple(opening(office.get("hours") or []))
    contact = own.get("contact") or office.get("phone") or ""
    return Place(hours, own.get("address") or office.get("address") or "", contact, office.get("note") or "")


DAYS = (_lazy("thứ Hai"), _lazy("thứ Ba"), _lazy("thứ Tư"), _lazy("thứ Năm"), _lazy("thứ Sáu"), _lazy("thứ Bảy"),
        _lazy("Chủ nhật"))  # fmt: skip


def opening(hours: list[list[list[str]]]) -> list[str]:
    """Seven days' hours as few lines: days in a row that are alike share one."""
    lines, start = [], 0
    for day in range(1, len(hours) + 1):
        if day < len(hours) and hours[day] == hours[start]:
            continue
        if hours[start]:
            spans = ", ".join("–".join(span) for span in hours[start])
            said = {"from": DAYS[start], "to": DAYS[day - 1], "hours": spans}
            line = _("%(from)s: %(hours)s") if start == day - 1 else _("%(from)s đến %(to)s: %(hours)s")
            lines.append(line % said)
        start = day
    return [line[:1].upper() + line[1:] for line in lines]

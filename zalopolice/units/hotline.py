"""Whom to call in a unit, where it is, when it opens: for the citizens' page and for the bot."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from zalopolice.units import calendar
from zalopolice.units.calendar import Opening
from zalopolice.units.models import HotlineContact, Office
from zalopolice.vietnamese import fold, spelled_out

Kind = HotlineContact.Kind
SHOWN = 6
"""Contacts in one answer of the bot; the page has them all."""
_AREA = r"(?:to dan pho|to|tdp|khu pho|khu|thon|ap|xom|ban|khom|buon)"


@dataclass(frozen=True)
class Found:
    contacts: tuple[HotlineContact, ...]
    area_known: bool  # False: an area was asked for that has no officer here


def office_of(unit_id: uuid.UUID) -> Office | None:
    return Office.objects.filter(unit=unit_id).first()


def opening_of(office: Office | None) -> Opening | None:
    if office is None or not office.hours:
        return None
    now = timezone.now()
    return calendar.opening(office.hours, now, calendar.decided(timezone.localdate(now)))


def of_unit(unit_id: uuid.UUID) -> list[HotlineContact]:
    return list(HotlineContact.objects.filter(unit=unit_id, is_public=True).select_related("area"))


def asked_for(text: str, contacts: Sequence[HotlineContact]) -> Found:
    """The officer of the area that is named, the chief, or the duty desk; without a hint the first few."""
    plain = spelled_out(text)
    of_area = [one for one in contacts if one.kind == Kind.AREA]
    if named := [one for one in of_area if one.area and _names(plain, fold(one.area.name))]:
        return Found(tuple(named[:SHOWN]), True)
    desk = [one for one in contacts if one.kind == Kind.DUTY_DESK]
    if _names_an_area(plain) or re.search(r"\b(khu vuc|phu trach|dia ban)\b", plain):
        return Found(tuple((desk + of_area)[:SHOWN]), not _names_an_area(plain))
    if re.search(r"\b(truong|pho|chi huy|lanh dao)\b", plain):
        return Found(tuple([one for one in contacts if one.kind == Kind.CHIEF] or desk), True)
    if re.search(r"\btruc ban\b", plain):
        return Found(tuple(desk), True)
    return Found(tuple([one for one in contacts if one.kind != Kind.AREA][:SHOWN]), True)


def _names(plain: str, area: str) -> bool:
    """ "Tổ dân phố 3" is also "tổ 3"; "Thôn Ngọc Kinh Đông" also "Ngọc Kinh Đông"."""
    core = re.sub(rf"^{_AREA} ", "", area)
    wanted = rf"{_AREA} (?:so )?{core}" if core.isdigit() or len(core) < 3 else core
    return bool(re.search(rf"\b{wanted}\b", plain))


def _names_an_area(plain: str) -> bool:
    return bool(re.search(rf"\b{_AREA} (?:so )?(?:\d+|[a-z]+)\b", re.sub(r"\b(to bao ve|khu vuc)\b", "", plain)))

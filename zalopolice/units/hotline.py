"""Whom to call in a unit, where it is, when it opens: for the citizens' page and for the bot."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone

from zalopolice.audit import log
from zalopolice.units import calendar
from zalopolice.units.calendar import Opening
from zalopolice.units.models import DutyShift, HotlineContact, Office, Officer
from zalopolice.units.roles import Permission
from zalopolice.vietnamese import fold, spelled_out

Kind = HotlineContact.Kind
SHOWN = 6
"""Contacts in one answer of the bot; the page has them all."""
VERIFIED_FOR = timedelta(days=30)
"""After this somebody should call the number again; ``migrations/0006_hotline.sql`` rings the bell by the same rule."""
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
    """What anybody may know; which account of ours a name belongs to stays out of the citizens' zone."""
    shown = HotlineContact.objects.filter(unit=unit_id, is_public=True)
    return list(shown.select_related("area").defer("officer"))


@dataclass(frozen=True)
class OnDuty:
    contact: HotlineContact
    post: str
    until: datetime


def on_duty(unit_id: uuid.UUID) -> list[OnDuty]:
    """Who is on duty this minute and stands in the published directory; of the others nobody learns the name."""
    shifts = DutyShift.objects.filter(unit=unit_id).at(timezone.now()).order_by("-post", "starts_at", "pk")
    held = {shift.officer_id: shift for shift in reversed(shifts)}
    named = HotlineContact.objects.filter(unit=unit_id, is_public=True, officer__in=held).exclude(name="")
    contacts = {one.officer_id: one for one in reversed(named.select_related("area"))}
    on = [(shift, contacts[officer]) for officer, shift in reversed(held.items()) if officer in contacts]
    return [OnDuty(contact, shift.get_post_display(), timezone.localtime(shift.ends_at)) for shift, contact in on]


def duty_phone(unit_id: uuid.UUID) -> str:
    """The number that is answered day and night, "" when the unit has published none."""
    desk = HotlineContact.objects.filter(unit=unit_id, is_public=True, kind=Kind.DUTY_DESK)
    office = Office.objects.filter(unit=unit_id)
    return desk.values_list("phone", flat=True).first() or office.values_list("phone", flat=True).first() or ""


def is_stale(contact: HotlineContact, today: date) -> bool:
    return contact.is_public and contact.verified_on < today - VERIFIED_FOR


@transaction.atomic
def verify(contact: HotlineContact, *, by: Officer) -> None:
    """Somebody has called the number today and the right person answered. A second press of the day changes nothing."""
    if contact.unit_id != by.unit.pk or not by.may(Permission.HOTLINE_EDIT):
        raise PermissionDenied
    today = timezone.localdate()
    if HotlineContact.objects.filter(pk=contact.pk).exclude(verified_on=today).update(verified_on=today):
        log.append("hotlinecontact.verified", contact, by=by)


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


def remind() -> None:
    """Rings where a published number was not called for a month (zone worker, every unit at once)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT walls.remind_of_numbers()")


def _names(plain: str, area: str) -> bool:
    """ "Tổ dân phố 3" is also "tổ 3"; "Thôn Ngọc Kinh Đông" also "Ngọc Kinh Đông"."""
    core = re.sub(rf"^{_AREA} ", "", area)
    wanted = rf"{_AREA} (?:so )?{core}" if core.isdigit() or len(core) < 3 else core
    return bool(re.search(rf"\b{wanted}\b", plain))


def _names_an_area(plain: str) -> bool:
    return bool(re.search(rf"\b{_AREA} (?:so )?(?:\d+|[a-z]+)\b", re.sub(r"\b(to bao ve|khu vuc)\b", "", plain)))

"""Demo data for citizens (zone owner): offices with hours and numbers to call, for the three demo communes. Idempotent.

Names are the demo's own officers; the numbers begin with 0900 000, which no person has."""

from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from zalopolice.units.models import Area, HotlineContact, Membership, Office, Officer, Unit
from zalopolice.units.roles import Role

VERIFIED = date(2026, 11, 2)
DAY = [["07:30", "11:30"], ["13:30", "17:00"]]
HOURS = [DAY, DAY, DAY, DAY, DAY, [["07:30", "11:30"]], []]
OFFICES = {
    "tran-hung-dao": ("Số 0 phố Trình Diễn, phường Trần Hưng Đạo, tỉnh Hà Nam", "0900 000 101"),
    "dai-hong": ("Thôn Đông Phước, xã Đại Hồng (địa chỉ trình diễn)", "0900 000 201"),
    "my-hanh-bac": ("Ấp Mới 1, xã Mỹ Hạnh Bắc (địa chỉ trình diễn)", "0900 000 301"),
}
NOTE = "Trực ban làm việc ngày đêm. Chiều thứ Năm hằng tuần, chỉ huy tiếp công dân."
Kind = HotlineContact.Kind


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO or settings.ZONE != "owner":
            raise CommandError("seed_public is for the demo only, in zone owner: ZALOPOLICE_DEMO, ZALOPOLICE_ZONE")
        with transaction.atomic():
            for unit in Unit.objects.filter(code__in=OFFICES):
                _seed(unit, *OFFICES[unit.code])
        self.stdout.write(f"{HotlineContact.objects.count()} số điện thoại, {Office.objects.count()} trụ sở.")


def _seed(unit: Unit, address: str, phone: str) -> None:
    office = {"address": address, "phone": phone, "hours": HOURS, "note": NOTE}
    Office.objects.get_or_create(unit=unit, defaults=office)
    _contact(unit, 0, Kind.DUTY_DESK, "Trực ban", None, phone)
    for place, role in enumerate((Role.CHIEF, Role.DEPUTY_CHIEF), 1):
        held = Membership.objects.filter(unit=unit, role=role).select_related("officer").order_by("pk").first()
        if held is not None:
            _contact(unit, place, Kind.CHIEF, held.officer.position, held.officer, _number(phone, place))
    beat = Membership.objects.filter(unit=unit, role=Role.OFFICER).select_related("officer").order_by("pk").first()
    for place, area in enumerate(Area.objects.filter(unit=unit), 10):
        officer = beat.officer if beat else None
        _contact(unit, place, Kind.AREA, "Cảnh sát khu vực", officer, _number(phone, place), area=area)


def _contact(
    unit: Unit, place: int, kind: str, title: str, officer: Officer | None, phone: str, area: Area | None = None
) -> None:
    named = {"title": title, "name": str(officer or ""), "officer": officer}
    fields = {**named, "phone": phone, "area": area, "verified_on": VERIFIED}
    HotlineContact.objects.get_or_create(unit=unit, kind=kind, position=place, defaults=fields)


def _number(phone: str, place: int) -> str:
    return f"{phone[:-2]}{place + 1:02}"

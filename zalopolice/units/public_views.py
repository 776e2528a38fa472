"""A unit as citizens see it, zone public: nobody is signed in, only what is published can be read."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from zalopolice import drawn
from zalopolice.units import calendar, hotline
from zalopolice.units.models import CalendarDay, HotlineContact, Office, Unit

OFFICE = JSONObject(address="address", phone="phone", hours="hours", note="note", map_url="map_url")
DAY = JSONObject(day="day", is_working="is_working")


@require_safe
def unit_page(request: HttpRequest, code: str) -> HttpResponse:
    """Three queries, whatever the unit has: the unit with its office and the days decided, contacts, the account."""
    now = timezone.localtime()
    unit = get_object_or_404(_units(now.date()), code=code)
    office: dict[str, Any] = getattr(unit, "office", None) or {}
    hours = office.get("hours") or []
    decided = {date.fromisoformat(row["day"]): row["is_working"] for row in getattr(unit, "decided", ())}
    opening = calendar.opening(hours, now, decided) if any(hours) else None
    contacts = hotline.of_unit(unit.pk)
    areas = [one for one in contacts if one.kind == HotlineContact.Kind.AREA]
    context = {
        "unit": unit,
        "office": office,
        "week": [(calendar.DAYS[day], spans, day == now.weekday()) for day, spans in enumerate(hours)],
        "opening": opening,
        "opens_on": calendar.DAYS[opening.opens_at.weekday()] if opening and opening.opens_at else "",
        "is_holiday": bool(hours and hours[now.weekday()]) and not calendar.spans(now.date(), hours, decided),
        "desk": [one for one in contacts if one not in areas],
        "areas": areas,
        "verified_on": min((one.verified_on for one in contacts), default=None),
    }
    return drawn.page(request, "public/unit.html", lambda: context)


def _units(today: date) -> Any:
    office = Office.objects.filter(unit=OuterRef("pk")).order_by().values_list(OFFICE)
    near = CalendarDay.objects.filter(day__range=(today, today + timedelta(days=calendar.HORIZON))).order_by()
    return (
        Unit.objects.for_citizens(today)
        .select_related("parent")
        .annotate(office=Subquery(office[:1]), decided=ArraySubquery(near.values_list(DAY)))
    )

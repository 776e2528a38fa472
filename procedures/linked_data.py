"""A procedure as machines read it: schema.org GovernmentService, of what is published and no more. Nor what people call
it: editors take that from what citizens have written, and are told that nobody sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils import timezone

from procedures import fees
from procedures.catalogue import Entry
from procedures.sheet import Place
from zalopolice.units.models import Unit

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def service(entry: Entry, unit: Unit, place: Place, address: str, hours: Sequence[Any] = ()) -> dict[str, Any]:
    content, account = entry.content, getattr(unit, "oa_id", None)
    office = {
        "@type": "GovernmentOffice",
        "name": unit.name,
        "url": f"{settings.PUBLIC_URL}/don-vi/{unit.code}/",
        "address": place.address,
        "telephone": place.tel,
        "openingHoursSpecification": opening(hours),
        "parentOrganization": {"@type": "GovernmentOrganization", "name": unit.parent.name} if unit.parent else None,
    }
    channel = {
        "@type": "ServiceChannel",
        "serviceUrl": f"https://zalo.me/{account}" if account else address,
        "serviceLocation": {"@type": "Place", "address": place.address} if place.address else None,
        "processingTime": _duration(content.get("processing_time") or {}),
    }
    return _said({
        "@context": "https://schema.org",
        "@type": "GovernmentService",
        "@id": address,
        "url": address,
        "name": entry.name,
        "identifier": entry.code,
        "serviceType": entry.field,
        "inLanguage": "vi",
        "audience": {"@type": "Audience", "audienceType": content["who_can_apply"]}
        if content.get("who_can_apply")
        else None,
        "serviceOutput": {"@type": "Thing", "name": content["result_vi"]} if content.get("result_vi") else None,
        "provider": _said(office),
        "availableChannel": _said(channel),
        "offers": [_offer(row) for row in fees.on(content, timezone.localdate()) if row.get("amount_vnd") is not None],
    })  # fmt: skip


def opening(hours: Sequence[Any]) -> list[dict[str, Any]]:
    """Seven lists of spans, as an office keeps them."""
    return [
        {"@type": "OpeningHoursSpecification", "dayOfWeek": f"https://schema.org/{day}", "opens": start, "closes": end}
        for day, spans in zip(DAYS, hours, strict=False)
        for start, end in spans
    ]


def _offer(row: Mapping[str, Any]) -> dict[str, Any]:
    term = fees.validity(row)
    return _said({
        "@type": "Offer",
        "description": row.get("case"),
        "price": str(row["amount_vnd"]),
        "priceCurrency": "VND",
        "validThrough": term[1] if term and term[1].year < 9999 else None,
    })  # fmt: skip


def _duration(time: Mapping[str, Any]) -> str | None:
    """Working days are not days of the calendar: only the latter have a length that ISO 8601 can say."""
    return f"P{time['days']}D" if time.get("days") and not time.get("working_days") else None


def _said(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value not in (None, "", [], {})}

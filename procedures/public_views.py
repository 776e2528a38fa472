"""The catalogue for citizens, zone public: nobody is signed in, only what is published can be read."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from procedures import catalogue, languages, linked_data, sheet
from procedures.catalogue import Entry
from procedures.models import UnitOverride
from zalopolice import drawn
from zalopolice.gateway.models import OfficialAccount, SharedFile
from zalopolice.units.models import Office, Unit

OFFICE = JSONObject(hours="hours", address="address", phone="phone", note="note")
OVERRIDE = JSONObject(procedure="procedure_id", hours="hours", address="address", contact="contact")


def units() -> QuerySet[Unit]:
    """Units that work today, with what each says of its office and the id of its connected account."""
    office = Office.objects.filter(unit=OuterRef("pk")).order_by().values_list(OFFICE)
    account = OfficialAccount.objects.filter(unit=OuterRef("pk"), connected_at__isnull=False)
    return (
        Unit.objects.for_citizens(timezone.localdate())
        .select_related("parent")
        .annotate(office=Subquery(office[:1]), oa_id=Subquery(account.order_by("pk").values("oa_id")[:1]))
    )


@require_safe
def catalogue_page(request: HttpRequest, code: str) -> HttpResponse:
    unit = get_object_or_404(units(), code=code)
    entries = catalogue.published(unit.pk)
    asked = request.GET.get("tim", "").strip()[:100]
    current = [entry for entry in entries if not entry.is_former_name]

    def context() -> dict[str, Any]:
        found = catalogue.search(entries, asked) if asked else []
        return {
            "unit": unit,
            "asked": asked,
            "found": found,
            "near": [] if found or not asked else catalogue.near(entries, asked),
            "fields": [(name, list(rows)) for name, rows in groupby(_by_field(current), key=lambda entry: entry.field)],
            "count": len(current),
        }

    facts = (_said_of(unit), [(entry.version_id, entry.name, entry.field) for entry in current])
    return drawn.page(request, "procedures/catalogue.html", context, facts)


def _by_field(entries: list[Entry]) -> list[Entry]:
    """Fields in the order of their first entry, entries in theirs."""
    first: dict[str, int] = {}
    for place, entry in enumerate(entries):
        first.setdefault(entry.field, place)
    return sorted(entries, key=lambda entry: first[entry.field])


@require_safe
def procedure_page(request: HttpRequest, code: str, slug: str, language: str = "") -> HttpResponse:
    """Two queries when the process has the catalogue, one more where an editor has attached files."""
    unit = get_object_or_404(with_overrides(), code=code)
    entries = {entry.slug: entry for entry in catalogue.published(unit.pk)}
    entry = entries.get(slug)
    if entry is None or (language and language not in languages.written(entry.content)):
        raise Http404
    now, own, offered = entries.get(entry.replaced_by or ""), override(unit, entry), files(entry.content)

    def context() -> dict[str, Any]:
        pictures = [file.path for _, file in offered if file.kind == SharedFile.Kind.PICTURE]
        more = {"now": now, "files": offered, "shared_picture": "".join(pictures[:1])}
        return _reading(unit, entry, own, language or languages.VIETNAMESE) | more

    facts = (
        _said_of(unit), entry.version_id, entry.name, entry.field, entry.code, entry.review_due, own,
        now and (now.slug, now.name), [file.pk for _, file in offered], timezone.localdate(),
    )  # fmt: skip
    return _spoken(language, lambda: drawn.page(request, "procedures/page.html", context, facts))


def _spoken(language: str, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """In a language the portal speaks a page is in it, headings and all, whatever its reader has chosen elsewhere."""
    spoken = language if language in dict(settings.LANGUAGES) else translation.get_language()
    with translation.override(spoken):
        response = answer()
    response.headers["Content-Language"] = spoken
    return response


def _said_of(unit: Unit) -> tuple[object, ...]:
    above = unit.parent.name if unit.parent else ""
    return unit.pk, unit.code, unit.name, above, getattr(unit, "office", None), getattr(unit, "oa_id", None)


def _reading(unit: Unit, entry: Entry, own: dict[str, str], language: str) -> dict[str, Any]:
    office = getattr(unit, "office", None) or {}
    place, account = sheet.place(office, own), getattr(unit, "oa_id", None)
    address = f"{settings.PUBLIC_URL}{reverse('public_procedure', args=[unit.code, entry.slug])}"
    hours = [] if own.get("hours") else office.get("hours") or []
    return {
        "unit": unit,
        "place": place,
        "address": address,
        "qr": qr(address),
        "qr_zalo": qr(f"https://zalo.me/{account}") if account else "",
        "linked": linked_data.service(entry, unit, place, address, hours),
        "tongues": _tongues(entry, address),
        "rest": languages.LANGUAGES[language].rest,
        "overdue": entry.is_overdue(timezone.localdate()),
        **sheet.read(entry.in_language(language)),
    }


def _tongues(entry: Entry, address: str) -> list[dict[str, str]]:
    """Vietnamese and what the entry is translated into; empty where there is no choice."""
    others = languages.written(entry.content)
    rows = [{"code": languages.VIETNAMESE, "address": address}]
    rows += [{"code": code, "address": f"{address}{code}/"} for code in others]
    named = [row | {"own": languages.LANGUAGES[row["code"]].own, "path": urlsplit(row["address"]).path} for row in rows]
    return named if others else []


def files(content: dict[str, Any]) -> list[tuple[str, SharedFile]]:
    """What an editor has attached, by title, in the editor's order; row security leaves out what was retired."""
    titles = {str(row["id"]): row["title"] for row in content.get("files") or []}
    if not titles:
        return []
    found = SharedFile.objects.filter(pk__in=titles).only("name", "content_type", "size", "sha256", "kind")
    by_id = {str(file.pk): file for file in found}
    return [(title, by_id[pk]) for pk, title in titles.items() if pk in by_id]


def with_overrides() -> QuerySet[Unit]:
    """Units with what each says of its own in procedures: hours, address, contact."""
    own = UnitOverride.objects.filter(unit=OuterRef("pk")).order_by().values_list(OVERRIDE)
    return units().annotate(overrides=ArraySubquery(own))


def override(unit: Unit, entry: Entry) -> dict[str, str]:
    said = getattr(unit, "overrides", ())
    return next((one for one in said if one["procedure"] == str(entry.procedure_id)), {})


@lru_cache(maxsize=1024)  # drawing one costs more than the rest of the page
def qr(address: str) -> SafeString:
    code = segno.make(address, error="m", micro=False)
    drawing: str = code.svg_inline(scale=4, border=2, svgclass=None, lineclass=None, omitsize=True, dark="#16201b")
    return mark_safe(drawing)  # the library's own drawing of an address of ours

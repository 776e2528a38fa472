"""The catalogue for citizens, zone public: nobody is signed in, only what is published can be read."""

from __future__ import annotations

from itertools import groupby

import segno
from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from procedures import catalogue, sheet
from procedures.catalogue import Entry
from procedures.models import UnitOverride, Version
from zalopolice.gateway.models import OfficialAccount
from zalopolice.units.models import Office, Unit

OFFICE = JSONObject(hours="hours", address="address", phone="phone", note="note")
OVERRIDE = JSONObject(hours="hours", address="address", contact="contact")


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
@cache_control(public=True, max_age=60)
def catalogue_page(request: HttpRequest, code: str) -> HttpResponse:
    unit = get_object_or_404(units(), code=code)
    entries = catalogue.published(unit.pk)
    asked = request.GET.get("tim", "").strip()[:100]
    found = catalogue.search(entries, asked) if asked else []
    current = [entry for entry in entries if not entry.is_former_name]
    context = {
        "unit": unit,
        "asked": asked,
        "found": found,
        "fields": [(name, list(rows)) for name, rows in groupby(_by_field(current), key=lambda entry: entry.field)],
        "count": len(current),
    }
    return render(request, "procedures/catalogue.html", context)


def _by_field(entries: list[Entry]) -> list[Entry]:
    """Fields in the order of their first entry, entries in theirs."""
    first: dict[str, int] = {}
    for place, entry in enumerate(entries):
        first.setdefault(entry.field, place)
    return sorted(entries, key=lambda entry: first[entry.field])


@require_safe
@cache_control(public=True, max_age=60)
def procedure_page(request: HttpRequest, code: str, slug: str) -> HttpResponse:
    unit = get_object_or_404(units(), code=code)
    version = one(unit, slug)
    if version is None:
        raise Http404
    entry = catalogue.entry_of(version)
    now = one(unit, entry.replaced_by) if entry.replaced_by else None
    address = f"{settings.PUBLIC_URL}{request.path}"
    context = {
        "unit": unit,
        "place": sheet.place(getattr(unit, "office", None), getattr(version, "override", None)),
        "now": catalogue.entry_of(now) if now else None,
        "address": address,
        "qr": qr(address),
        **sheet.read(entry),
    }
    return render(request, "procedures/page.html", context)


def one(unit: Unit, slug: str) -> Version | None:
    """The published words of one slug, the upper unit's before the unit's own, and what the unit says of its own."""
    own = UnitOverride.objects.filter(unit=unit.pk, procedure=OuterRef("procedure")).order_by().values_list(OVERRIDE)
    fields = [f"procedure__{name}" for name in ("slug", "code", "field", "position", "changed_at")]
    rows = catalogue.of_unit(unit.pk).filter(procedure__slug=slug).select_related("procedure")
    found = rows.annotate(override=Subquery(own[:1])).only("procedure", *catalogue.PUBLIC, *fields)
    return max(found, key=lambda version: version.unit_id != unit.pk, default=None)


def qr(address: str) -> SafeString:
    code = segno.make(address, error="m", micro=False)
    drawing: str = code.svg_inline(scale=4, border=2, svgclass=None, lineclass=None, omitsize=True, dark="#16201b")
    return mark_safe(drawing)  # the library's own drawing of an address of ours

"""``sitemap.xml``: every page of every commune, in parts of at most 50,000 addresses (sitemaps.org)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.conf import settings
from django.db.models import OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from broadcasts.models import PostVersion
from procedures.models import Version
from zalopolice.citizens import units
from zalopolice.units.models import Unit

SIZE = 100  # communes a page, with some 50 procedures each
MOST = 10_000  # pages; the database counts no farther than 64 bits
POSTS = 200  # of a unit, so that a page stays below the 50,000 addresses
KIND = "application/xml; charset=utf-8"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<{0} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{1}\n</{0}>\n'
)
Address = tuple[str, date | None]


@require_safe
@cache_control(public=True, max_age=3600)
@conditional_page
def index(request: HttpRequest) -> HttpResponse:
    pages = max(1, -(-units().count() // SIZE))
    addresses = (reverse("sitemap_page", args=[number]) for number in range(1, pages + 1))
    return _answer("sitemapindex", "sitemap", ((address, None) for address in addresses))


@require_safe
@cache_control(public=True, max_age=3600)
@conditional_page
def page(request: HttpRequest, number: int) -> HttpResponse:
    """Three queries, whatever the communes publish."""
    if number > MOST:
        raise Http404
    rows = list(units()[(number - 1) * SIZE : number * SIZE]) if number else []
    if not rows and number != 1:
        raise Http404
    own = [("/", None), (reverse("accessibility"), None)] if number == 1 else []
    return _answer("urlset", "url", [*own, *_of_units(rows)])


def _of_units(rows: list[Unit]) -> Iterable[Address]:
    published = _published({unit.pk for unit in rows} | {unit.parent_id for unit in rows if unit.parent_id})
    posts = _posts([unit.pk for unit in rows])
    for unit in rows:
        yield reverse("public_unit", args=[unit.code]), None
        catalogue = reverse("public_catalogue", args=[unit.code])
        found = published[unit.pk] | (published[unit.parent_id] if unit.parent_id else {})
        yield catalogue, max(found.values(), default=None)
        for slug in sorted(found):
            yield f"{catalogue}{slug}/", found[slug]
        if posts[unit.pk]:
            news = reverse("public_news", args=[unit.code])
            yield news, max(posts[unit.pk].values())
            yield from ((f"{news}{post}/", day) for post, day in posts[unit.pk].items())


def _published(owners: set[uuid.UUID]) -> dict[uuid.UUID, dict[str, date]]:
    """By the unit that owns the words: the name of each procedure in addresses, and when it last changed."""
    rows = Version.objects.filter(state=Version.State.PUBLISHED, unit__in=owners).order_by()
    found: dict[uuid.UUID, dict[str, date]] = defaultdict(dict)
    for owner, slug, changed in rows.values_list("unit", "procedure__slug", "procedure__changed_at"):
        found[owner][slug] = timezone.localdate(changed)
    return found


def _posts(owners: list[uuid.UUID]) -> dict[uuid.UUID, dict[uuid.UUID, date]]:
    """What was sent to everybody, the newest of each unit."""
    newest = PostVersion.objects.filter(unit=OuterRef("unit"), status=PostVersion.Status.DISPATCHED, is_latest=True)
    shown = newest.order_by("-changed_at").values("pk")[:POSTS]
    rows = PostVersion.objects.filter(unit__in=owners, pk__in=shown).order_by("-changed_at")
    found: dict[uuid.UUID, dict[uuid.UUID, date]] = defaultdict(dict)
    for owner, pk, changed in rows.values_list("unit", "pk", "changed_at"):
        found[owner][pk] = timezone.localdate(changed)
    return found


def _answer(root: str, element: str, addresses: Iterable[Address]) -> HttpResponse:
    """Addresses are made of slugs: there is no letter in them that XML would have to escape."""
    rows = (
        f"<{element}><loc>{settings.PUBLIC_URL}{path}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</{element}>"
        for path, day in addresses
    )
    return HttpResponse(HEAD.format(root, "\n".join(rows)), content_type=KIND)

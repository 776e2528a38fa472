"""Pages of zone public that belong to no feature: the first one, how everybody gets in, what machines ask first."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from zalopolice import drawn
from zalopolice.gateway import domain
from zalopolice.units.models import Unit
from zalopolice.vietnamese import fold

FEW = 60
"""Communes that stand on the first page together; where there are more, one province's at a time."""


def units() -> QuerySet[Unit]:
    """Provinces and communes, in the order of their names in addresses."""
    return Unit.objects.for_citizens(timezone.localdate()).exclude(kind=Unit.Kind.TEAM).order_by("code")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("tim", "").strip()[:60]
    provinces = list(units().filter(kind=Unit.Kind.PROVINCE))
    few = list(units().filter(kind=Unit.Kind.COMMUNE)[: FEW + 1])
    is_many = len(few) > FEW
    shown = provinces if asked or not is_many or len(provinces) == 1 else _chosen(request, provinces)
    communes = _called(asked) if asked else few if not is_many else _of(shown)
    below = [(one, [unit for unit in communes if unit.parent_id == one.pk]) for one in shown]
    context: dict[str, Any] = {
        "asked": asked,
        "is_many": is_many,
        "provinces": [(one, rows) for one, rows in below if rows or not asked or one in communes],
        "others": [] if asked else [one for one in provinces if one not in shown],
        "domain_codes": domain.codes(),
    }
    return drawn.page(request, "public/home.html", lambda: context)


def _chosen(request: HttpRequest, provinces: list[Unit]) -> list[Unit]:
    return [one for one in provinces if one.code == request.GET.get("tinh")]


def _of(provinces: list[Unit]) -> list[Unit]:
    return list(units().filter(kind=Unit.Kind.COMMUNE, parent__in=provinces)) if provinces else []


def _called(asked: str) -> list[Unit]:
    """Communes and provinces. Names are few and short: read them all rather than keep a folded copy of each."""
    words = fold(asked).split()
    named = units().values_list("pk", "name")
    found = [pk for pk, name in named if all(f" {word}" in f" {fold(name)}" for word in words)]
    return list(units().filter(pk__in=found[:FEW])) if words else []


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return drawn.page(request, "public/accessibility.html", dict, facts=())


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "public/404.html", status=404)


@require_safe
@cache_control(public=True, max_age=3600)
def robots(request: HttpRequest) -> HttpResponse:
    """Machines may read everything that is for everybody; a choice, a search and a poster's code are for one reader."""
    closed = ("/tuy-chon/", "/q/", "/*?tim=")
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in closed),
        "",
        f"Sitemap: {settings.PUBLIC_URL}/sitemap.xml",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")

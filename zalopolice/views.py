"""Pages that belong to no feature: home, health, and what every answer carries."""

from __future__ import annotations

from collections.abc import Callable

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_safe

from broadcasts import actions as posts
from procedures.models import Version
from tips import waiting
from tips.today import today
from zalopolice import metrics
from zalopolice.gateway import health, status
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest


def private_pages(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Nothing an officer sees may stay in a browser's or a proxy's cache."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        return response

    return middleware


@require_GET
def home(request: OfficerRequest) -> HttpResponse:
    """What waits for this officer; for roles without work here, a calm word on what is theirs and what is not."""
    if request.user.seat is None:
        return render(request, "units/no_seat.html")
    officer = request.user
    incidents = health.to_do(officer)
    context = {
        "works": officer.may(Permission.CASE_LIST),
        "desk": waiting.desk(officer),
        "posts": posts.waiting_list(officer),
        "may_approve": officer.may(Permission.POST_APPROVE),
        "oa": status.of(officer),
        "incidents": incidents[: health.SHOWN],
        "more_incidents": len(incidents) > health.SHOWN,
        "chart": today(officer),
        "at": "home",
    }
    if not context["works"]:
        context["procedures"] = _procedures(officer)
    return render(request, "home.html", context)


def _procedures(officer: Officer) -> list[Version]:
    """For editors: what others wrote and they may review, and their own drafts."""
    own = Q(writers__contains=[officer.pk])
    asked = (Q(state=Version.State.IN_REVIEW) & ~own) | (Q(state=Version.State.DRAFT) & own)
    rows = Version.objects.visible_to(officer).filter(asked, unit=officer.unit)
    return list(rows.order_by("-state", "number", "pk")[: waiting.SHOWN])


@require_GET
def frame(request: OfficerRequest) -> HttpResponse:
    """The counters, the red strip and the bell alone, for the page that stays open (it asks every 30 seconds)."""
    return render(request, "parts/frame.html")


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; says nothing about the database."""
    return HttpResponse("ok\n", content_type="text/plain")


_migrated = False


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Database and broker answer, the database holds what this code expects; no details, because anybody may ask."""
    try:
        ready = _ready()
    except (DatabaseError, InterfaceError, redis.RedisError):
        ready = False
    return HttpResponse("ready\n" if ready else "not ready\n", content_type="text/plain", status=200 if ready else 503)


def _ready() -> bool:
    global _migrated
    if not _migrated:  # read once: a running process never sees its migrations taken back
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if settings.ZONE != "public":  # which rings for nobody
        metrics.broker().ping()
    return _migrated

"""How the accounts stand and what went wrong when; the numbers for Prometheus."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from zalopolice import metrics
from zalopolice.gateway import health
from zalopolice.gateway.models import Snapshot
from zalopolice.gateway.pause_views import may_resume
from zalopolice.paging import page
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

LOOPBACK = ("127.0.0.1", "::1")


@require_GET
def oa_health(request: OfficerRequest) -> HttpResponse:
    if not health.watches(request.user):
        raise Http404
    found = health.rows(request.user)
    context = {
        "rows": found,
        "ill": sum(row.sign.tone == "late" for row in found),
        "soon": sum(row.sign.tone == "soon" for row in found),
        "installation": health.installation(request.user),
        "open_count": health.open_now(request.user).count(),
        "may_set_up": request.user.may(Permission.SET_UP),
        "may_resume": may_resume(request.user),
        "at": _place(request),
    }
    return render(request, "gateway/health.html", context)


@require_GET
def incidents(request: OfficerRequest) -> HttpResponse:
    """Open ones, or those that are over; newest first."""
    if not health.watches(request.user):
        raise Http404
    over = request.GET.get("muc") == "qua"
    rows = health.history(request.user).filter(ended_at__isnull=not over)
    found = page(rows, ("-started_at", "pk"), request.GET.get("sau"))
    lines = [health.Line(one, one.unit_name) for one in found.rows]
    context = {"lines": lines, "following": found.following, "over": over, "at": _place(request)}
    return render(request, "gateway/incidents.html", context)


def _place(request: OfficerRequest) -> str:
    """Which part of the rail this page belongs to: who watches everything has a place of its own."""
    return "health" if request.user.may(Permission.HEALTH_VIEW) else "accounts"


@login_not_required
@require_safe
def prometheus(request: HttpRequest) -> HttpResponse:
    """For a program on this machine, or one that knows the token; for anybody else there is no such page."""
    if not _may_read_numbers(request):
        raise Http404
    snapshot = Snapshot.objects.filter(pk=1).first()
    gauges: dict[str, Any] = dict(snapshot.numbers) if snapshot else {}
    if snapshot:
        gauges["snapshot_age_seconds"] = {"": (timezone.now() - snapshot.at).total_seconds()}
    body = metrics.text(gauges, metrics.counted())
    return HttpResponse(body, content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_read_numbers(request: HttpRequest) -> bool:
    """Behind a proxy of this machine everybody comes from 127.0.0.1, so there only the token counts."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return secrets.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    direct = settings.TRUSTED_PROXIES == 0 and "X-Forwarded-For" not in request.headers
    return direct and request.META.get("REMOTE_ADDR") in LOOPBACK

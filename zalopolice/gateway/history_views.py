"""The unit's walks through Zalo's history: what was compared, what was missing, and the button that begins one."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zalopolice.gateway import walks
from zalopolice.gateway.models import HistoryWalk, OfficialAccount
from zalopolice.paging import page
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

DAYS = (2, 7)
"""How far back the chief may ask; Zalo keeps pictures seven days."""


@require_GET
def history(request: OfficerRequest) -> HttpResponse:
    if not request.user.may(Permission.OA_VIEW):
        raise Http404
    rows = HistoryWalk.objects.visible_to(request.user).select_related("oa")
    found = page(rows, ("-started_at", "pk"), request.GET.get("sau"))
    context = {
        "running": list(rows.filter(ended_at=None)),
        "walks": [walk for walk in found.rows if walk.ended_at],
        "following": found.following,
        "accounts": OfficialAccount.objects.visible_to(request.user).filter(connected_at__isnull=False),
        "days": DAYS,
        "may_ask": request.user.may(Permission.OA_CONNECT),
        "at": "accounts",
    }
    return render(request, "gateway/history.html", context)


@require_POST
def history_ask(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    oa = get_object_or_404(_watched(request), pk=pk)
    if not request.user.may(Permission.OA_CONNECT):
        raise PermissionDenied
    asked = request.POST.get("days", "")
    days = int(asked) if asked in map(str, DAYS) else DAYS[0]
    walk = walks.begin(oa, HistoryWalk.Kind.ASKED, timezone.now() - timedelta(days=days), by=request.user)
    said = _("Đang đối chiếu với Zalo.") if walk else _("OA này đang được đối chiếu, hãy đợi lần đó xong.")
    messages.info(request, said)
    return redirect("history")


@require_POST
def history_stop(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    walk = get_object_or_404(HistoryWalk.objects.visible_to(request.user), pk=pk)
    if not request.user.may(Permission.OA_CONNECT):
        raise PermissionDenied
    walks.stop(walk, by=request.user)
    messages.info(request, _("Lần đối chiếu sẽ dừng sau trang đang xem."))
    return redirect("history")


def _watched(request: OfficerRequest) -> QuerySet[OfficialAccount]:
    if not request.user.may(Permission.OA_VIEW):
        raise Http404
    return OfficialAccount.objects.visible_to(request.user).filter(connected_at__isnull=False)

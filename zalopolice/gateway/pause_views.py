"""Sending is paused: what waits, and the one button that lets it go on."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zalopolice.gateway import holding
from zalopolice.gateway.models import SendingPause
from zalopolice.units.fresh import fresh_sign_in
from zalopolice.units.models import Officer, Unit
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest


def may_resume(officer: Officer) -> bool:
    """It is the whole installation's: its administrator, or the chief of the province."""
    chief = officer.may(Permission.OA_CONNECT) and officer.unit.kind == Unit.Kind.PROVINCE
    return officer.may(Permission.SET_UP) or chief


@require_GET
def sending_pause(request: OfficerRequest) -> HttpResponse:
    if not may_resume(request.user):
        raise Http404
    return _page(request)


@require_POST
def sending_resume(request: OfficerRequest) -> HttpResponse:
    if not may_resume(request.user):
        raise Http404
    return _resume(request)


@fresh_sign_in
def _resume(request: OfficerRequest) -> HttpResponse:
    if not holding.resume(by=request.user):
        return _page(request, _("Không có gì đang tạm ngừng. Có thể người khác vừa cho gửi lại."), 409)
    messages.success(request, _("Đã cho gửi lại. Tin đang chờ bắt đầu đi trong ít giây."))
    return redirect("sending_pause")


def _page(request: OfficerRequest, refusal: str = "", code: int = 200) -> HttpResponse:
    pause = holding.current()
    context = {
        "pause": pause,
        "rows": holding.waiting(),
        "restored": pause is not None and pause.reason == SendingPause.Reason.RESTORED,
        "refusal": refusal,
        "at": "health" if request.user.may(Permission.HEALTH_VIEW) else "accounts",
    }
    return render(request, "gateway/sending_pause.html", context, status=code)

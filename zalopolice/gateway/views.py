"""The unit's Official Accounts: their state, and the walk through Zalo's permission page."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zalopolice.gateway import consent, followers, status
from zalopolice.gateway.models import OfficialAccount
from zalopolice.units.fresh import fresh_sign_in
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

ANSWER_MAX = 2048


def _page(request: OfficerRequest, refusal: str = "", code: int = 200) -> HttpResponse:
    today = status.rules_of(timezone.now())
    context = {
        "accounts": status.of(request.user, today),
        "rules": today,
        "months": followers.months(request.user),
        "may_connect": request.user.may(Permission.OA_CONNECT),
        "refusal": refusal,
        "at": "accounts",
    }
    return render(request, "gateway/accounts.html", context, status=code)


@require_GET
def accounts(request: OfficerRequest) -> HttpResponse:
    if not request.user.may(Permission.OA_VIEW):
        raise Http404
    return _page(request)


@require_POST
def connect(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    if not request.user.may(Permission.OA_VIEW):
        raise Http404
    oa = get_object_or_404(OfficialAccount.objects.visible_to(request.user).select_related("app"), pk=pk)
    if not request.user.may(Permission.OA_CONNECT):
        raise PermissionDenied
    return _start(request, oa)


@fresh_sign_in
def _start(request: OfficerRequest, oa: OfficialAccount) -> HttpResponse:
    try:
        return redirect(consent.start(oa, by=request.user))
    except consent.ConsentRefused as refusal:
        return _page(request, str(refusal), 409)


@require_GET
def callback(request: OfficerRequest) -> HttpResponse:
    """Zalo's page sends the chief back here; a code that was taken leaves the address bar at once.

    Needs no fresh sign-in of its own: it goes on only with a walk this officer began freshly minutes ago."""
    if not request.user.may(Permission.OA_CONNECT):
        raise Http404
    state, code, oa_id = (request.GET.get(name, "")[:ANSWER_MAX] for name in ("state", "code", "oa_id"))
    try:
        if not (state and code and oa_id):
            raise consent.ConsentRefused(_("Zalo trả về thiếu thông tin. Làm lại bước kết nối ở dưới."))
        consent.answer(state, code, oa_id, by=request.user)
    except consent.ConsentRefused as refusal:
        return _page(request, str(refusal), 409)
    at = timezone.localtime()
    messages.info(request, _("Zalo đã trả lời lúc %(time)s. Đang kết nối…") % {"time": f"{at:%H:%M}"})
    return redirect("accounts")

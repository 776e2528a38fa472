"""The unit's Official Accounts: their state, and the walk through Zalo's permission page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zalopolice.gateway import consent
from zalopolice.gateway.models import Consent, OfficialAccount
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

ANSWER_MAX = 2048


@dataclass(frozen=True)
class Account:
    oa: OfficialAccount
    walk: Consent | None  # the latest

    @property
    def state(self) -> str:
        """``connecting``, ``refused`` (the latest try failed), ``trouble``, ``connected`` or ``new``."""
        walk = self.walk
        if walk and walk.answered_at and not walk.exchanged_at:
            return "refused" if walk.error else "connecting"
        if self.oa.trouble:
            return "trouble"
        return "connected" if self.oa.connected_at else "new"


def _accounts(officer: Officer) -> list[Account]:
    oas = list(OfficialAccount.objects.visible_to(officer))
    walks = Consent.objects.filter(unit=officer.unit, oa__in=oas).order_by("oa_id", "-started_at").distinct("oa_id")
    latest = {walk.oa_id: walk for walk in walks}
    return [Account(oa, latest.get(oa.pk)) for oa in oas]


def _refuse_strangers(officer: Officer) -> None:
    if not officer.may(Permission.OA_CONNECT):
        raise Http404


@require_GET
def accounts(request: OfficerRequest) -> HttpResponse:
    _refuse_strangers(request.user)
    return render(request, "gateway/accounts.html", {"accounts": _accounts(request.user), "at": "accounts"})


@require_POST
def connect(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    oa = get_object_or_404(OfficialAccount.objects.visible_to(request.user).select_related("app"), pk=pk)
    return redirect(consent.start(oa, by=request.user))


@require_GET
def callback(request: OfficerRequest) -> HttpResponse:
    """Zalo's page sends the chief back here; a code that was taken leaves the address bar at once."""
    _refuse_strangers(request.user)
    state, code, oa_id = (request.GET.get(name, "")[:ANSWER_MAX] for name in ("state", "code", "oa_id"))
    try:
        if not (state and code and oa_id):
            raise consent.ConsentRefused(_("Zalo trả về thiếu thông tin. Hãy bấm “Kết nối” lại."))
        consent.answer(state, code, oa_id, by=request.user)
    except consent.ConsentRefused as refusal:
        context = {"accounts": _accounts(request.user), "refusal": str(refusal), "at": "accounts"}
        return render(request, "gateway/accounts.html", context, status=409)
    at = timezone.localtime()
    messages.info(request, _("Zalo đã trả lời lúc %(time)s. Đang kết nối…") % {"time": f"{at:%H:%M}"})
    return redirect("accounts")

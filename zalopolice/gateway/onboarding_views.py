"""The steps from a new account to one that works; each can be looked at again and done again."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zalopolice.forms import attempt
from zalopolice.gateway import onboarding, steps
from zalopolice.gateway.models import ConsoleSeat, OfficialAccount
from zalopolice.gateway.onboarding_forms import Account, Holder
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest


def _may_declare(request: OfficerRequest) -> bool:
    return request.user.may(Permission.OA_CONNECT) or request.user.may(Permission.SET_UP)


@require_http_methods(["GET", "POST"])
def account_new(request: OfficerRequest) -> HttpResponse:
    if not _may_declare(request):
        raise Http404
    form, status = Account(request.POST if request.method == "POST" else None), 200
    form.fields["app"].queryset = onboarding.apps_for(request.user).order_by("name")  # type: ignore[attr-defined]
    if form.is_bound:
        status = attempt(form, lambda: onboarding.declare(**form.cleaned_data, by=request.user))
        if status == 0:
            made = OfficialAccount.objects.visible_to(request.user).get(oa_id=form.cleaned_data["oa_id"])
            return redirect("oa_setup", made.pk)
    return render(request, "gateway/account_new.html", {"form": form, "at": "accounts"}, status=status)


@require_GET
def setup(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _page(request, _account(request, pk))


@require_POST
def setup_confirm(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    oa, point = _own(request, pk), request.POST.get("point", "")
    if point in onboarding.POINTS:
        onboarding.confirm(oa, point, by=request.user)
    return redirect("oa_setup", pk)


@require_POST
def setup_ask(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    onboarding.ask_zalo(_own(request, pk), by=request.user)
    messages.info(request, _("Đang hỏi Zalo. Ít giây nữa tải lại trang để xem."))
    return redirect("oa_setup", pk)


@require_POST
def seat_new(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    oa, form = _own(request, pk), Holder(request.POST)
    status = attempt(form, lambda: onboarding.seat(oa, form.cleaned_data["holder"], by=request.user))
    return _page(request, oa, form, status) if status else redirect("oa_setup", pk)


@require_POST
def seat_end(request: OfficerRequest, pk: uuid.UUID, seat: uuid.UUID) -> HttpResponse:
    oa = _own(request, pk)
    held = ConsoleSeat.objects.visible_to(request.user).filter(oa=oa, ended_at=None)
    onboarding.end_seat(get_object_or_404(held, pk=seat), by=request.user)
    return redirect("oa_setup", pk)


@require_POST
def seats_confirm(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    onboarding.confirm_seats(_own(request, pk), by=request.user)
    return redirect("oa_setup", pk)


def _account(request: OfficerRequest, pk: uuid.UUID) -> OfficialAccount:
    if not (request.user.may(Permission.OA_VIEW) or _may_declare(request)):
        raise Http404
    return get_object_or_404(OfficialAccount.objects.visible_to(request.user).select_related("app"), pk=pk)


def _own(request: OfficerRequest, pk: uuid.UUID) -> OfficialAccount:
    """Who watches may look; who connects or sets up may act."""
    oa = _account(request, pk)
    if not _may_declare(request):
        raise PermissionDenied
    return oa


def _page(request: OfficerRequest, oa: OfficialAccount, form: Any = None, status: int = 200) -> HttpResponse:
    context = {
        "oa": oa,
        "form": form or Holder(),
        "may_act": _may_declare(request),
        "may_connect": request.user.may(Permission.OA_CONNECT),
        "may_set_up": request.user.may(Permission.SET_UP),
        "at": "accounts",
        **steps.of(oa, request.user),
    }
    return render(request, "gateway/setup.html", context, status=status)

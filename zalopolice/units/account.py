"""One's own account: password, second factors, devices."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zalopolice.units import actions, devices, factors
from zalopolice.units.forms import AppCode, NewKey, NewPassword
from zalopolice.units.fresh import fresh_sign_in
from zalopolice.units.models import Device, Officer, OfficerSession
from zalopolice.units.seats import OfficerRequest


def seated(request: OfficerRequest) -> Officer:
    if request.user.seat is None:
        raise Http404
    return request.user


@require_GET
def account(request: OfficerRequest) -> HttpResponse:
    officer = seated(request)
    held = factors.of(officer)
    by_type = {kind: [row for row in held if row.type == kind] for kind in factors.Type}
    context = {
        "at": "account",
        "apps": by_type[factors.Type.TOTP],
        "keys": [row.wrap() for row in by_type[factors.Type.WEBAUTHN]],
        "papers": by_type[factors.Type.RECOVERY_CODES],
        "left": factors.papers_left(by_type[factors.Type.RECOVERY_CODES]),
        "missing": factors.missing(request, officer),
        "sessions": OfficerSession.objects.visible_to(officer).count(),
    }
    return render(request, "units/account.html", context)


@require_http_methods(["GET", "POST"])
@fresh_sign_in
@sensitive_post_parameters("password", "again")
def password(request: OfficerRequest) -> HttpResponse:
    officer = seated(request)
    form = NewPassword(request.POST if request.method == "POST" else None, officer=officer)
    if form.is_valid():
        actions.change_password(request, form.cleaned_data["password"], by=officer)
        messages.success(request, _("Đã đổi mật khẩu. Các thiết bị khác đã được đăng xuất."))
        return redirect("account")
    return render(request, "units/password.html", {"form": form, "at": "account"}, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@fresh_sign_in
@sensitive_post_parameters("code")
def totp(request: OfficerRequest) -> HttpResponse:
    officer = seated(request)
    if factors.has_app(officer):
        return redirect("account")
    form = AppCode(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if actions.add_app(request, form.cleaned_data["code"], by=officer):
            return _first_codes(request, officer)
        form.add_error("code", _("Mã chưa đúng. Kiểm tra giờ của điện thoại rồi nhập mã mới hiện."))
    secret = factors.new_secret(request, officer, keep=form.is_bound)
    context = {
        "form": form,
        "at": "account",
        "drawing": factors.drawing(request, officer, secret),
        "secret": " ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
    }
    return render(request, "units/totp.html", context, status=422 if form.is_bound else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@fresh_sign_in
def passkey_add(request: OfficerRequest) -> HttpResponse:
    officer = seated(request)
    form = NewKey(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if actions.add_key(request, form.cleaned_data["name"], form.cleaned_data["key"], by=officer):
            return _first_codes(request, officer)
        form.add_error(None, _("Chưa nhận được khóa. Hãy thử lại."))
    context = {
        "form": form,
        "at": "account",
        "options": factors.start_key(request, officer),
        "by_number": _is_number(request.get_host()),
    }
    return render(request, "units/passkey.html", context, status=422 if form.is_bound else 200)


def _is_number(host: str) -> bool:
    """Browsers make keys for names only, never for a number such as 127.0.0.1."""
    return host.rpartition(":")[0].replace(".", "").isdigit() or host.startswith("[")


def _first_codes(request: OfficerRequest, officer: Officer) -> HttpResponse:
    """With the first factor come the codes for the day it is lost."""
    if factors.papers_left([row for row in factors.of(officer) if row.type == factors.Type.RECOVERY_CODES]):
        messages.success(request, _("Đã thêm xác thực hai bước."))
        return redirect("account")
    return _show_codes(request, officer)


def _show_codes(request: OfficerRequest, officer: Officer) -> HttpResponse:
    codes = actions.new_recovery_codes(request, by=officer)
    context = {"codes": [f"{code[:4]} {code[4:]}" for code in codes], "at": "account"}
    return render(request, "units/recovery_codes.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@fresh_sign_in
def recovery_codes(request: OfficerRequest) -> HttpResponse:
    officer = seated(request)
    if not factors.has_one(officer):
        return redirect("account")
    if request.method == "POST":
        return _show_codes(request, officer)
    held = [row for row in factors.of(officer) if row.type == factors.Type.RECOVERY_CODES]
    return render(request, "units/recovery_codes_new.html", {"left": factors.papers_left(held), "at": "account"})


@require_POST
@fresh_sign_in
def factor_remove(request: OfficerRequest) -> HttpResponse:
    officer, chosen = seated(request), request.POST.get("factor", "")
    row = next((row for row in factors.of(officer) if str(row.pk) == chosen), None)
    if row is None or row.type == factors.Type.RECOVERY_CODES:
        raise Http404
    if factors.needed(officer) and factors.count(officer) == 1:
        sentence = _("Vai trò của đồng chí cần xác thực hai bước. Hãy thêm cách khác trước khi gỡ cách này.")
        return render(request, "units/refused.html", {"sentence": sentence, "at": "account"}, status=409)
    actions.remove_factor(request, row, by=officer)
    messages.success(request, _("Đã gỡ."))
    return redirect("account")


@require_GET
def device_list(request: OfficerRequest) -> HttpResponse:
    officer = seated(request)
    sessions = OfficerSession.objects.visible_to(officer).select_related("device").order_by("-expire_date")
    rows = [devices.Line(row, devices.is_this(row, request)) for row in sessions[:50]]
    rows.sort(key=lambda line: not line.this)
    return render(request, "units/devices.html", {"rows": rows, "at": "account"})


@require_POST
def devices_end(request: OfficerRequest) -> HttpResponse:
    """One device, named by its id, or every other one."""
    officer, chosen = seated(request), request.POST.get("device", "")
    device = None
    if chosen:
        try:
            device = get_object_or_404(Device.objects.visible_to(officer), pk=uuid.UUID(chosen)).pk
        except ValueError:
            raise Http404 from None
    devices.end(request, by=officer, device=device)
    messages.success(
        request, _("Đã đăng xuất trên thiết bị đó.") if device else _("Đã đăng xuất trên các thiết bị khác.")
    )
    return redirect("devices")

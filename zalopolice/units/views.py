"""Signing in and out, and changing the seat."""

from __future__ import annotations

from django.contrib import auth
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from zalopolice.audit import log
from zalopolice.units.forms import SignIn
from zalopolice.units.models import Officer
from zalopolice.units.seats import SESSION_UNIT, OfficerRequest, acting, take_seat


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    form = SignIn(request.POST if request.method == "POST" else None)
    if form.is_valid():
        officer = auth.authenticate(request, **form.cleaned_data)
        if not isinstance(officer, Officer):
            form.add_error(None, _("Tên đăng nhập hoặc mật khẩu chưa đúng."))
        elif take_seat(officer, None) is None:
            form.add_error(None, _("Tài khoản chưa được phân công vào đơn vị nào. Hãy báo chỉ huy đơn vị."))
        else:
            return _enter(request, officer)
    next_page = request.POST.get("next", request.GET.get("next", ""))
    context = {"form": form, "next": next_page}
    return render(request, "units/sign_in.html", context, status=422 if form.is_bound else 200)


def _enter(request: HttpRequest, officer: Officer) -> HttpResponseRedirect:
    with acting(officer):
        auth.login(request, officer)
        log.append("officer.signed_in", officer, by=officer, unit=officer.unit.pk)
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return redirect(wanted if safe else "home")


@require_POST
def sign_out(request: OfficerRequest) -> HttpResponse:
    officer = request.user
    if officer.seat is not None:
        log.append("officer.signed_out", officer, by=officer, unit=officer.unit.pk)
    auth.logout(request)
    return redirect("sign_in")


@require_POST
def change_seat(request: OfficerRequest) -> HttpResponse:
    """Moves to another unit of the same officer; the next request acts there."""
    officer = request.user
    seat = next((one for one in officer.seats if str(one.unit.pk) == request.POST.get("unit")), None)
    if seat is None:
        raise Http404
    officer.seat = seat
    with acting(officer):
        log.append("officer.seat_taken", officer, by=officer, unit=seat.unit.pk)
    request.session[SESSION_UNIT] = str(seat.unit.pk)
    return redirect("home")

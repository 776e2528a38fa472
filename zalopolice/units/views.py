"""Signing in and out, and changing the seat."""

from __future__ import annotations

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zalopolice.audit import log
from zalopolice.units import delays, factors, kept, sign_in
from zalopolice.units.first_things import RESEND, safe_page
from zalopolice.units.forms import Code, KeyAnswer, SignIn
from zalopolice.units.models import Officer
from zalopolice.units.seats import SESSION_UNIT, OfficerRequest, acting, take_seat


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    form, status = SignIn(request.POST if request.method == "POST" else None), 200
    if form.is_bound:
        answer, status = _judge(request, form)
        if answer is not None:
            return answer
    context = {
        "form": form,
        "next": safe_page(request, request.POST.get("next", request.GET.get("next", ""))),
        "resend": request.GET.get(RESEND, ""),
    }
    return form.answered(render(request, "units/sign_in.html", context, status=status))


def _judge(request: HttpRequest, form: SignIn) -> tuple[HttpResponse | None, int]:
    """The way on, or the errors in the form and their status."""
    if not form.is_valid():
        return None, 422
    name = form.cleaned_data["username"]
    counters = sign_in.counters(request, name)
    if seconds := delays.charge(*counters):
        return None, form.wait(seconds)
    officer = auth.authenticate(request, **form.cleaned_data)
    if not isinstance(officer, Officer):
        delays.failed(*counters)
        sign_in.record_failure("officer.sign_in_failed", name)
        form.add_error(None, _("Tên đăng nhập hoặc mật khẩu chưa đúng."))
        return None, 422
    delays.right(*counters)
    if take_seat(officer, None) is None:
        form.add_error(None, _("Tài khoản chưa được phân công vào đơn vị nào. Hãy báo chỉ huy đơn vị."))
        return None, 422
    way_on = sign_in.ask_second_factor if factors.has_one(officer) else sign_in.enter
    return way_on(request, officer, request.POST.get("next", "")), 302


@login_not_required
@never_cache
@sensitive_post_parameters("code", "key")
@require_http_methods(["GET", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The code of an app, one from paper, or a key; after the password."""
    officer = sign_in.half_signed_in(request)
    if officer is None:
        return redirect("home" if request.user.is_authenticated else "sign_in")
    form, status = Code(request.POST if request.method == "POST" else None), 200
    if form.is_bound:
        factor, status = _judge_code(request, form, officer)
        if factor:
            return sign_in.enter(request, officer, sign_in.next_page(request), factor=factor)
    types = {row.type for row in factors.of(officer)}
    key = factors.ask_key(request, officer) if factors.Type.WEBAUTHN in types else ""
    context = {"form": form, "options": key, "app": factors.Type.TOTP in types}
    return form.answered(render(request, "units/sign_in_code.html", context, status=status))


def _judge_code(request: HttpRequest, form: Code, officer: Officer) -> tuple[str, int]:
    if not form.is_valid():
        return "", 422
    counters = sign_in.code_counters(request, officer)
    if seconds := delays.charge(*counters):
        return "", form.wait(seconds)
    factor = proved_by(request, form, officer)
    if not factor or take_seat(officer, None) is None:
        delays.failed(*counters)
        sign_in.record_failure("officer.code_failed", officer.username)
        form.add_error("code", _("Mã chưa đúng hoặc đã dùng rồi. Mỗi mã chỉ dùng một lần."))
        return "", 422
    delays.right(*counters)
    if factor == factors.Type.RECOVERY_CODES:
        left = factors.papers_left([row for row in factors.of(officer) if row.type == factor])
        messages.warning(request, _("Đã dùng một mã dự phòng, còn %(left)d mã.") % {"left": left})
    return factor, 302


def proved_by(request: HttpRequest, form: Code, officer: Officer) -> str:
    key = form.cleaned_data["key"]
    if key:
        return factors.Type.WEBAUTHN if factors.check_key(request, officer, key) else ""
    return factors.check_code(request, officer, form.cleaned_data["code"]) or ""


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_key(request: HttpRequest) -> HttpResponse:
    """A key alone: it is held, and it has seen a finger or a PIN, so it is two factors in one."""
    if request.user.is_authenticated:
        return redirect("home")
    sign_in.sweep_strangers()
    form, status = KeyAnswer(request.POST if request.method == "POST" else None), 200
    wanted = safe_page(request, request.POST.get("next", request.GET.get("next", "")))
    if form.is_bound:
        officer, status = _judge_key(request, form)
        if officer is not None:
            return sign_in.enter(request, officer, wanted, factor=factors.Type.WEBAUTHN)
    context = {"form": form, "options": factors.ask_key(request, None), "next": wanted}
    return form.answered(render(request, "units/sign_in_key.html", context, status=status))


def _judge_key(request: HttpRequest, form: KeyAnswer) -> tuple[Officer | None, int]:
    if not form.is_valid():
        return None, 422
    counter = delays.network(request)
    if seconds := delays.charge(counter):
        return None, form.wait(seconds)
    officer = factors.check_key(request, None, form.cleaned_data["key"])
    if officer is None or take_seat(officer, None) is None:
        delays.failed(counter)
        sign_in.record_failure("officer.code_failed", "")
        form.add_error(None, _("Khóa này chưa mở được. Hãy thử lại hoặc dùng mật khẩu."))
        return None, 422
    delays.right(counter)
    return officer, 302


@never_cache
@require_GET
def resume(request: OfficerRequest) -> HttpResponse:
    """What was sent too late, for the officer who wrote it; one button sends it again."""
    found, wanted = kept.of(request, request.user), safe_page(request, request.GET.get("next", ""))
    if found is None or found.seat != request.user.seat:
        return redirect(wanted or "home")
    return render(request, "units/resume.html", {"kept": found, "next": wanted or "/"})


@require_POST
def sign_out(request: OfficerRequest) -> HttpResponse:
    return sign_in.leave(request, request.user)


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

"""Grave acts ask once more who is there: an unlocked screen is not its officer (issue 3, row 2).

``@fresh_sign_in`` lets a request through when this session proved a password, a code or a key at most five minutes ago.
Otherwise it shows a page that carries the posted fields along and posts them back to the same address together with
the proof, so that nothing typed is lost. Put it outermost on views that only answer GET: the proof comes by POST.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import ResolverMatch
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from zalopolice.audit import log
from zalopolice.units import delays, factors
from zalopolice.units.forms import Confirm
from zalopolice.units.seats import OfficerRequest

SESSION_FRESH = "fresh_at"
LIFETIME = 5 * 60
MARKER = "fresh_for"
OWN = {MARKER, "fresh_password", "fresh_code", "csrfmiddlewaretoken"}
"""Fields of the page itself; the view behind never sees them."""

MARK = "asks_fresh_sign_in"
GRAVE = frozenset(
    {
        "connect",
        "dispatch_settle",
        "post_approve",
        "post_release",
        "role_depute",
        "role_end",
        "role_grant",
        "sending_resume",
        "zalo_proof_drop",
        "zalo_proof_new",
        "zalo_secret_new",
        "zalo_secret_remove",
    }
)
"""Addresses whose views look first at who asks and only then at how fresh; the others carry the mark themselves."""

View = Callable[..., HttpResponse]


def is_fresh(request: HttpRequest) -> bool:
    proved_at = request.session.get(SESSION_FRESH)
    return isinstance(proved_at, (int, float)) and 0 <= time.time() - proved_at <= LIFETIME


def mark_fresh(request: HttpRequest) -> None:
    request.session[SESSION_FRESH] = time.time()


def fresh_sign_in(view: View) -> View:
    @sensitive_post_parameters("fresh_password", "fresh_code")
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_fresh(request):
            if cast(OfficerRequest, request).user.seat is None:
                raise Http404
            refused = _confirm(cast(OfficerRequest, request))
            if refused is not None:
                return refused
        if request.method == "POST" and MARKER in request.POST:
            if request.POST[MARKER] == "GET":
                return HttpResponseRedirect(request.get_full_path())
            request.POST = _without_own(request.POST)
        return view(request, *args, **kwargs)

    setattr(guarded, MARK, True)
    return guarded


def asks(match: ResolverMatch | None) -> bool:
    """Whether what is posted to this address may have to wait for a proof of who is there."""
    return match is not None and (match.url_name in GRAVE or getattr(match.func, MARK, False))


def _confirm(request: OfficerRequest) -> HttpResponse | None:
    """The page that asks, or None when what was posted proves who is there."""
    asked = request.method == "POST" and MARKER in request.POST
    form = Confirm(request.POST if asked else None, with_code=factors.has_app(request.user))
    status = _judge(request, form) if asked else 200
    if status == 0:
        return None
    context = {
        "form": form,
        "carried": [(name, one) for name, many in _without_own(request.POST).lists() for one in many],
        "method": request.POST.get(MARKER, request.method),
        "files": bool(request.FILES),
    }
    page = form.answered(render(request, "units/fresh.html", context, status=status))
    page["HX-Retarget"], page["HX-Reswap"] = "body", "innerHTML"  # for forms that htmx sends
    return page


def _judge(request: OfficerRequest, form: Confirm) -> int:
    """0 when the officer is proved, else the status of the page that asks again."""
    if not form.is_valid():
        return 422
    officer, counter = request.user, delays.counter("fresh", request.user.pk)
    if seconds := delays.charge(counter):
        return form.wait(seconds)
    password, code = form.cleaned_data["fresh_password"], form.cleaned_data.get("fresh_code")
    right = officer.check_password(password) if password else factors.check_code(request, officer, str(code))
    if not right:
        delays.failed(counter)
        log.append("officer.confirm_failed", officer, by=officer, unit=officer.unit.pk)
        wrong = _("Mật khẩu chưa đúng.") if password else _("Mã chưa đúng hoặc đã dùng rồi.")
        form.add_error("fresh_password" if password else "fresh_code", wrong)
        return 422
    delays.right(counter)
    request.session.cycle_key()
    mark_fresh(request)
    log.append("officer.confirmed", officer, by=officer, unit=officer.unit.pk)
    return 0


def _without_own(posted: Any) -> Any:
    rest = posted.copy()
    for name in OWN & set(rest):
        del rest[name]
    return rest

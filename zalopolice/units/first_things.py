"""What comes before any page: signing in, a password of one's own, a second factor for who commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from zalopolice.units import factors, kept, unsaved
from zalopolice.units.models import Officer

RESEND = "gui-lai"
"""Says on the door's address that a form was sent after the session had ended: 1 it is lost, 2 it is kept."""

PASSWORD_FIRST = {"password", "sign_out", "preferences", "healthz", "readyz"}
FACTOR_FIRST = PASSWORD_FIRST | {"account", "totp", "passkey_add", "recovery_codes", "devices", "frame"}


def safe_page(request: HttpRequest, wanted: str) -> str:
    """The address when it is one of ours, else nothing."""
    hosts = {request.get_host()}
    ours = wanted and url_has_allowed_host_and_scheme(wanted, hosts, require_https=request.is_secure())
    return wanted if ours else ""


def door(request: HttpRequest, resend: str = "") -> str:
    """Where one signs in, and then comes back to the page the form stood on."""
    said = {}
    came_from = safe_page(request, request.headers.get("Referer", ""))
    if came_from:
        parts = urlsplit(came_from)
        page = safe_page(request, parts.path + (f"?{parts.query}" if parts.query else ""))
        said = {"next": page} if page else {}
    if resend:
        said[RESEND] = resend
    return reverse("sign_in") + (f"?{urlencode(said)}" if said else "")


class AuthRequired(LoginRequiredMiddleware):
    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        """Whoever sent a form comes back to the page of the form: its own address may not be one to look at."""
        if request.method in {"GET", "HEAD"}:
            return super().handle_no_permission(request, view_func)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and kept.keep(request):
            return redirect(door(request, "2"))
        shown = unsaved.page(request, door(request), 401)
        return shown or redirect(door(request, "1" if settings.SESSION_COOKIE_NAME in request.COOKIES else ""))


class FirstThings:
    """Leads an officer to what has to come first; inside the seat, because the roles decide it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        officer, here = request.user, request.resolver_match.url_name if request.resolver_match else ""
        if not isinstance(officer, Officer) or officer.seat is None:
            return None
        if officer.must_change_password and here not in PASSWORD_FIRST:
            return redirect("password")
        if here not in FACTOR_FIRST and factors.missing(request, officer):
            return redirect("account")
        return None

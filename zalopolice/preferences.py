"""Light or dark, Vietnamese or English: cookies of this browser, no row in a database, no account needed.

The server writes the choice into the page, so that none flashes in the other theme. What the browser asks for
(Accept-Language) is not heeded: most offices' machines run an English Windows that nobody chose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

THEME_COOKIE = "zp_theme"
THEMES = ("light", "dark")
YEAR = 365 * 24 * 60 * 60


def language_of(request: HttpRequest) -> str:
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def theme_of(request: HttpRequest) -> str:
    """Empty without a choice: then the page follows what the machine prefers."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def respond(request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        with translation.override(language):
            response = get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Language", language)
            patch_vary_headers(response, ("Cookie", "Save-Data"))
        return response

    return respond


def context(request: HttpRequest) -> dict[str, Any]:
    """For templates: what to write into ``<html>``, and which choice is pressed."""
    saves_data = request.headers.get("Save-Data", "").lower() == "on"
    shown = {"theme": theme_of(request), "language": language_of(request), "saves_data": saves_data}
    return {"preferences": shown | {"languages": settings.LANGUAGES, "here": request.get_full_path()}}


@csrf_exempt  # citizens' pages carry no token and stay cacheable; the worst a foreign page could do is turn on a light
@login_not_required
@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return HttpResponseForbidden()
    wanted = request.POST.get("next", "")
    hosts = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(wanted, hosts, require_https=request.is_secure())
    response = redirect(wanted if safe else "/")
    _remember(response, THEME_COOKIE, request.POST.get("theme"), THEMES)
    _remember(response, settings.LANGUAGE_COOKIE_NAME, request.POST.get("language"), dict(settings.LANGUAGES))
    return response


def _remember(response: HttpResponse, cookie: str, chosen: str | None, allowed: Any) -> None:
    if chosen in allowed:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(cookie, str(chosen), max_age=YEAR, secure=secure, httponly=True, samesite="Lax")
    elif chosen is not None:
        response.delete_cookie(cookie, samesite="Lax")

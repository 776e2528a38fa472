"""Every refusal of the machinery is a page in the design that says what to do next."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from zalopolice import preferences
from zalopolice.units import first_things, unsaved

log = logging.getLogger(__name__)

WORDED = {403, 405, 413, 414, 429}
"""Answers some layer gives without a body; a browser would show an empty page."""
LONGEST_QUERY = 4000
"""Bytes after the "?" of a citizens' address; officers' pages read what they are asked. The server refuses only longer
ones, and in its own bare words (deploy/local/zones.py)."""


def _named(name: str | int) -> str:
    """Citizens have pages in their own look and words: no officers' style sheets, no “đồng chí”."""
    return f"public/{name}.html" if settings.ZONE == "public" else f"{name}.html"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    too_big = isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent)
    status = 413 if too_big else 400
    return render(request, _named(status), status=status)


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, _named(403), status=403)


def foreign_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """``reason`` is for developers (CSRF_FAILURE_VIEW); it begins with CSRF where the form came from a page of ours."""
    inside = getattr(getattr(request.resolver_match, "func", None), "login_required", True)
    if inside and reason.startswith("CSRF"):
        shown = unsaved.page(request, first_things.door(request), 403)
        if shown:
            return shown
    return render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """The number on the page stands in the log right before the trace; it says nothing by itself."""
    number = f"L-{secrets.token_hex(2).upper()}"
    log.error("error page %s for the failure logged next", number)
    return _failed(request, "500.html", number=number)


def citizens_error(request: HttpRequest) -> HttpResponse:
    """No number: a citizen has nobody to tell it to."""
    return _failed(request, "public/500.html")


def _failed(request: HttpRequest, template: str, **words: str) -> HttpResponse:
    """Drawn without the context processors: they ask who is signed in, and the database may be what failed."""
    return HttpResponse(render_to_string(template, preferences.context(request) | words), status=500)


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def respond(request: HttpRequest) -> HttpResponse:
        is_too_long = settings.ZONE == "public" and len(request.META.get("QUERY_STRING", "")) > LONGEST_QUERY
        response = HttpResponse(status=414) if is_too_long else get_response(request)
        if response.status_code not in WORDED or response.streaming or response.content:
            return response
        if request.method == "HEAD" or not request.accepts("text/html"):
            return response
        page = render(request, _named(response.status_code), status=response.status_code)
        for name, value in response.headers.items():
            if name not in {"Content-Type", "Content-Length"}:
                page.headers[name] = value
        return page

    return respond

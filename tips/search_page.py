"""The search page. The words are posted: a name an officer looks for must not stay in addresses and logs."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tips.search import LEAST, MESSAGES, Found, search
from zalopolice.audit import log
from zalopolice.units.seats import OfficerRequest
from zalopolice.vietnamese import fold

LONGEST = 80


@require_http_methods(["GET", "POST"])
def page(request: OfficerRequest) -> HttpResponse:
    words = " ".join(request.POST.get("q", "").replace("\x00", "").split())[:LONGEST]
    context: dict[str, object] = {"searched": words, "limit": MESSAGES, "at": "search"}
    status = 200
    if request.method == "POST" and len(fold(words).replace(" ", "")) < LEAST:
        context["error"] = _("Gõ ít nhất 2 chữ hoặc số.")
        status = 422
    elif request.method == "POST":
        context["found"] = found = search(request.user, words)
        _record(request, found)
    return render(request, "tips/search.html", context, status=status)


def _record(request: OfficerRequest, found: Found) -> None:
    """Reading an excerpt is reading: which places were shown, never the words that were looked for."""
    officer = request.user
    if officer.seat is None:
        return
    shown = [str(hit.place.pk) for hit in found.hits if hit.match]
    log.append("search.shown", officer, by=officer, unit=officer.unit.pk, places=shown)

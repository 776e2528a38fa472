"""One page, one large button: the code an officer shows at a door, for whoever asks whether this is the police."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from zalopolice.units import officer_check
from zalopolice.units.account import seated
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest


@never_cache
@require_http_methods(["GET", "POST"])
def code(request: OfficerRequest) -> HttpResponse:
    """The answer to the press is the only page that ever shows the code."""
    by = _who_shows_codes(request)
    opened = officer_check.open_code(by=by) if request.method == "POST" else None
    context = {
        "opened": opened,
        "current": opened.row if opened else officer_check.current(by),
        "shown_as": officer_check.shown_as(by),
        "minutes": int(officer_check.LASTS.total_seconds() // 60),
        "at": "officer_check",
    }
    return render(request, "units/officer_check.html", context)


@require_POST
def end(request: OfficerRequest) -> HttpResponse:
    officer_check.end_code(by=_who_shows_codes(request))
    messages.success(request, _("Mã đã kết thúc."))
    return redirect("officer_check")


def _who_shows_codes(request: OfficerRequest) -> Officer:
    by = seated(request)
    if not by.may(Permission.SHOW_CODE):
        raise Http404
    return by

"""“Có phải công an thật không?”, zone public: which accounts are official, and whether an officer's code is genuine."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from zalopolice import drawn
from zalopolice.gateway import official
from zalopolice.units import delays, hotline, officer_check
from zalopolice.units.models import Unit

TEMPLATE = "public/genuine.html"


@csrf_exempt  # nobody is signed in, and another page could neither read the answer nor change anything by asking
@require_http_methods(["GET", "HEAD", "POST"])
def genuine(request: HttpRequest, unit: str) -> HttpResponse:
    units = Unit.objects.for_citizens(timezone.localdate()).select_related("parent")
    of = get_object_or_404(units, code=unit)
    facts = {"unit": of, "accounts": official.accounts(of.pk), "phone": hotline.duty_phone(of.pk)}
    if request.method == "POST":
        return _judged(request, of, facts)
    return drawn.page(request, TEMPLATE, lambda: facts, (of.name, facts["accounts"], facts["phone"]))


def _judged(request: HttpRequest, of: Unit, facts: dict[str, Any]) -> HttpResponse:
    """The answer is never kept by anybody on the way, and the code stands in no address."""
    typed = request.POST.get("code", "")[:40]
    code = re.sub(r"[\s.-]", "", typed)
    if not re.fullmatch(r"[0-9]{6}", code):
        error = _("Gõ đúng 6 chữ số cán bộ cho xem.")
        return render(request, TEMPLATE, facts | {"typed": typed, "error": error}, status=422)
    verdict = officer_check.ask(of.pk, code, delays.origin(request))
    status = 429 if verdict.kind == "wait" else 200
    return render(request, TEMPLATE, facts | {"verdict": verdict}, status=status)

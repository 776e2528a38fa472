"""Where the QR code of a poster leads, zone public: which words to send, and to whom."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from zalopolice.gateway.models import OfficialAccount, SourceTag
from zalopolice.units.models import Unit

SHOWN = ("code", "kind", "label", "oa")


@require_safe
@cache_control(public=True, max_age=60)
def source(request: HttpRequest, unit: str, code: str) -> HttpResponse:
    """Three queries. An old poster still leads to the unit's account, only without a code."""
    of = get_object_or_404(Unit.objects.for_citizens(timezone.localdate()), code=unit)
    tag = SourceTag.objects.filter(unit=of, code=code.upper()).only(*SHOWN).first()
    connected = OfficialAccount.objects.filter(unit=of, connected_at__isnull=False).only("oa_id", "name")
    account = (connected.filter(pk=tag.oa_id) if tag else connected.order_by("pk")).first()
    context = {"unit": of, "tag": tag, "account": account}
    answer = render(request, "public/source.html", context, status=200 if tag else 404)
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer

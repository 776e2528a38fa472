"""Zone public: where the QR code of a poster leads (which words to send, and to whom), and files for citizens."""

from __future__ import annotations

import uuid
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from zalopolice.gateway.models import OfficialAccount, SharedFile, SourceTag
from zalopolice.units.models import Unit

FILE_HEADERS = {
    # Never changes under its address, but may be taken back: whoever keeps a copy asks once a day whether it stands.
    "Cache-Control": "public, max-age=86400",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
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


@require_safe
def shared_file(request: HttpRequest, pk: uuid.UUID, name: str) -> HttpResponse:
    """One query; row-level security leaves what is not retired. Another name at this address is nobody's file."""
    known = ("id", "unit", "name", "content_type", "size", "sha256")
    file = SharedFile.objects.filter(pk=pk).only(*known).first()
    if file is None or name != file.plain_name:
        raise Http404
    etag = f'"{file.sha256}"'
    headers = {**FILE_HEADERS, "ETag": etag}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers=headers)
    headers["Content-Disposition"] = f"attachment; filename=\"{file.plain_name}\"; filename*=UTF-8''{quote(file.name)}"
    content = b"" if request.method == "HEAD" else bytes(file.content)
    answer = HttpResponse(content, content_type=file.content_type, headers=headers)
    answer["Content-Length"] = str(file.size)
    return answer

"""The clean copies of what citizens send: each look and each listening is on record before a byte leaves."""

from __future__ import annotations

import re
import uuid

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from tips import evidence
from zalopolice import crypto
from zalopolice.audit import log
from zalopolice.gateway import keeping
from zalopolice.gateway.models import Attachment
from zalopolice.units.seats import OfficerRequest

GUARDED = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@require_GET
def picture(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(evidence.pictures_visible_to(request.user), pk=pk)
    return HttpResponse(_recorded(request, row, "file.viewed"), content_type="image/jpeg", headers=_named(row))


@require_GET
def sound(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    """In one piece or from where the officer has dragged the player to."""
    row = get_object_or_404(evidence.sounds_visible_to(request.user), pk=pk)
    content = _recorded(request, row, "file.heard")
    headers = _named(row) | {"Accept-Ranges": "bytes"}
    asked = re.fullmatch(r"bytes=(\d{0,12})-(\d{0,12})", request.headers.get("Range", ""))
    if asked is None or not any(asked.groups()):
        return HttpResponse(content, content_type="audio/mpeg", headers=headers)
    first, last = _span(asked[1], asked[2], len(content))
    if first > last:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return HttpResponse(content[first : last + 1], status=206, content_type="audio/mpeg", headers=headers)


def _span(first: str, last: str, size: int) -> tuple[int, int]:
    """First and last byte asked for; ``-500`` means the last 500. Nothing to give: the first is the greater."""
    if not first:
        return max(size - int(last), 0), size - 1 if int(last) else -1
    return int(first), min(int(last), size - 1) if last else size - 1


def _recorded(request: OfficerRequest, row: Attachment, act: str) -> bytes:
    with transaction.atomic():
        log.append(act, row, by=request.user)
    try:
        return keeping.read(row, "screen")
    except (FileNotFoundError, crypto.CannotOpen):
        raise Http404 from None


def _named(row: Attachment) -> dict[str, str]:
    return GUARDED | {"Content-Disposition": f'inline; filename="{evidence.file_name(row)}"'}

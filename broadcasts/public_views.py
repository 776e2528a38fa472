"""The picture Zalo fetches. Only of posts that a leader has approved: before that nobody outside may see it, and
afterwards everybody who follows the account will. Its name is its content, so it never changes."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from broadcasts.models import PostImage
from broadcasts.views import PICTURE_HEADERS


@require_safe
def picture(request: HttpRequest, sha256: str) -> HttpResponse:
    """Two units may show the same picture; row-level security leaves published ones only."""
    data = PostImage.objects.filter(sha256=sha256, published_at__isnull=False).values_list("data", flat=True).first()
    if data is None:
        raise Http404
    headers = {
        **PICTURE_HEADERS,
        "Cache-Control": "public, max-age=31536000, immutable",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return HttpResponse(bytes(data), content_type="image/jpeg", headers=headers)

"""Posts for citizens, zone public: what has left, and the picture Zalo fetches."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from broadcasts import article, news
from broadcasts.models import PostImage, PostVersion
from broadcasts.views import PICTURE_HEADERS
from zalopolice import drawn
from zalopolice.paging import page
from zalopolice.units.models import Unit

SIZE = 10
LINE = ("unit", "status", "title", "description", "changed_at")
WHOLE = (*LINE, "author", "body", "cover_sha256")


@require_safe
def news_page(request: HttpRequest, unit: str) -> HttpResponse:
    """Two queries, however much the unit has written."""
    of = _unit(unit)
    found = page(news.published(of.pk).only(*LINE), news.ORDER, request.GET.get("sau"), SIZE)
    facts = (of.name, [(one.pk, one.title) for one in found.rows], found.following)
    return drawn.page(request, "public/news.html", lambda: {"unit": of, "page": found}, facts)


@require_safe
def post_page(request: HttpRequest, unit: str, pk: uuid.UUID) -> HttpResponse:
    of = _unit(unit)
    post: PostVersion = get_object_or_404(news.published(of.pk).only(*WHOLE), pk=pk)
    pictures = PostImage.objects.filter(unit=of, sha256=post.cover_sha256, published_at__isnull=False)
    picture = pictures.only("sha256", "width", "height").first()
    context = {"unit": of, "post": post, "blocks": article.blocks(post.body), "picture": picture}
    if picture is not None:
        context["shared_picture"] = reverse("post_picture", args=[picture.sha256])
    facts = (of.name, post.pk, picture and picture.sha256)
    return drawn.page(request, "public/post.html", lambda: context, facts)


def _unit(code: str) -> Unit:
    return get_object_or_404(Unit.objects.for_citizens(timezone.localdate()).select_related("parent"), code=code)


@require_safe
def picture(request: HttpRequest, sha256: str) -> HttpResponse:
    """Only of posts that a leader has approved: before that nobody outside may see it, and afterwards everybody who
    follows the account will. Its name is its content, so it never changes; two units may show the same one."""
    data = PostImage.objects.filter(sha256=sha256, published_at__isnull=False).values_list("data", flat=True).first()
    if data is None:
        raise Http404
    headers = {
        **PICTURE_HEADERS,
        "Cache-Control": "public, max-age=31536000, immutable",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return HttpResponse(bytes(data), content_type="image/jpeg", headers=headers)

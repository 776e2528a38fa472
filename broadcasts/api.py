"""Posts that have left, under /api/v1/, zone public: what the citizens' pages show."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from broadcasts import news
from broadcasts.models import PostVersion
from zalopolice.interface import AFTER, CODE, SIZE, Reading, following
from zalopolice.paging import page
from zalopolice.units.models import Unit


class PostShape(serializers.Serializer[PostVersion]):
    title = serializers.CharField()
    description = serializers.CharField()
    published_at = serializers.DateTimeField(source="changed_at")
    url = serializers.URLField()


class PostPage(serializers.Serializer[Any]):
    results = PostShape(many=True)
    next = serializers.URLField(allow_null=True)


class Posts(Reading):
    @extend_schema(operation_id="posts", responses=PostPage, parameters=[CODE, AFTER], tags=["Tin"])
    def get(self, request: Request, code: str) -> Response:
        """Tin đơn vị đã đăng, mới nhất trước."""
        unit = get_object_or_404(Unit.objects.for_citizens(timezone.localdate()), code=code)
        rows = news.published(unit.pk).only("unit", "status", "title", "description", "changed_at")
        found = page(rows, news.ORDER, request.GET.get("after"), SIZE)
        results = [
            {"title": post.title, "description": post.description, "changed_at": post.changed_at,
             "url": news.link(post, unit.code)}
            for post in found.rows
        ]  # fmt: skip
        return Response(PostPage({"results": results, "next": following(request, found.following)}).data)

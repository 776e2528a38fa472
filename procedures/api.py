"""The public interface under /api/v1/, zone public: units and published procedures, to read and nothing else."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils import translation
from django.utils.cache import patch_cache_control
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from procedures import catalogue, public_views, sheet
from procedures.catalogue import Entry
from zalopolice.paging import page
from zalopolice.units.models import Unit

SIZE = 25


class UnitShape(serializers.Serializer[Unit]):
    code = serializers.CharField(help_text="Mã đơn vị, dùng trong địa chỉ")
    name = serializers.CharField()
    kind = serializers.CharField(help_text="province, commune, team")
    parent = serializers.CharField(allow_null=True, help_text="Mã đơn vị cấp trên")
    oa_id = serializers.CharField(allow_null=True, help_text="Mã trang Zalo (OA) của đơn vị")


class UnitPage(serializers.Serializer[Any]):
    results = UnitShape(many=True)
    next = serializers.URLField(allow_null=True)


class ProcedureShape(serializers.Serializer[Entry]):
    slug = serializers.SlugField()
    code = serializers.CharField(help_text="Mã thủ tục quốc gia, có thể trống")
    name = serializers.CharField()
    field = serializers.CharField(help_text="Lĩnh vực")
    version = serializers.IntegerField(source="number")
    published_on = serializers.DateField()
    is_reviewed = serializers.BooleanField(help_text="false: dữ liệu trình diễn, chưa thẩm định")
    replaced_by = serializers.CharField(allow_null=True, help_text="Tên cũ: thủ tục thay thế")
    url = serializers.URLField()


class ProcedurePage(serializers.Serializer[Any]):
    results = ProcedureShape(many=True)
    next = serializers.URLField(allow_null=True)


class PlaceShape(serializers.Serializer[sheet.Place]):
    hours = serializers.ListField(child=serializers.CharField())
    address = serializers.CharField()
    contact = serializers.CharField()
    note = serializers.CharField()


class ProcedureDetail(ProcedureShape):
    content = serializers.DictField(
        help_text="who_can_apply, where, documents, forms, processing_time, fee, steps, result_vi, legal_basis, …"
    )
    place = PlaceShape(help_text="Giờ, nơi nhận hồ sơ, liên hệ của đơn vị")
    sources = serializers.ListField(child=serializers.URLField())


AFTER = OpenApiParameter("after", str, description="Vị trí từ “next” của trang trước")
CODE = OpenApiParameter("code", str, OpenApiParameter.PATH, description="Mã đơn vị")


class Reading(APIView):
    """Caches may keep an answer for a minute; an error none at all."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code == 200:
            patch_cache_control(response, public=True, max_age=60)
        return response


class Units(Reading):
    @extend_schema(operation_id="units", responses=UnitPage, parameters=[AFTER], tags=["Đơn vị"])
    def get(self, request: Request) -> Response:
        """Đơn vị đang hoạt động, theo mã."""
        rows = public_views.units().exclude(kind=Unit.Kind.TEAM)
        found = page(rows, ("code", "pk"), request.GET.get("after"), SIZE)
        results = [
            {"code": unit.code, "name": unit.name, "kind": unit.kind, "oa_id": getattr(unit, "oa_id", None),
             "parent": unit.parent.code if unit.parent else None}
            for unit in found.rows
        ]  # fmt: skip
        return Response(UnitPage({"results": results, "next": _next(request, found.following)}).data)


class Procedures(Reading):
    @extend_schema(operation_id="procedures", responses=ProcedurePage, parameters=[CODE, AFTER], tags=["Thủ tục"])
    def get(self, request: Request, code: str) -> Response:
        """Thủ tục đang công bố của đơn vị, gồm cả của tỉnh, theo tên trong địa chỉ."""
        unit = _unit(code)
        after = request.GET.get("after", "")
        entries = sorted(catalogue.published(unit.pk), key=lambda entry: entry.slug)
        rest = [entry for entry in entries if entry.slug > after]
        results = [_row(entry, code) for entry in rest[:SIZE]]
        following = rest[SIZE - 1].slug if len(rest) > SIZE else ""
        return Response(ProcedurePage({"results": results, "next": _next(request, following)}).data)


class OneProcedure(Reading):
    @extend_schema(operation_id="procedure", responses=ProcedureDetail, parameters=[CODE], tags=["Thủ tục"])
    def get(self, request: Request, code: str, slug: str) -> Response:
        """Một thủ tục đầy đủ, với giờ và nơi nhận hồ sơ của đơn vị."""
        unit = _unit(code)
        version = public_views.one(unit, slug)
        if version is None:
            raise Http404
        entry = catalogue.entry_of(version)
        with translation.override(settings.LANGUAGE_CODE):  # one answer for all readers: caches keep it
            place = sheet.place(getattr(unit, "office", None), getattr(version, "override", None))
        detail = _row(entry, code) | {"content": entry.content, "place": place, "sources": entry.sources}
        return Response(ProcedureDetail(detail).data)


def _unit(code: str) -> Unit:
    unit: Unit | None = public_views.units().filter(code=code).first()
    if unit is None:
        raise Http404
    return unit


def _row(entry: Entry, code: str) -> dict[str, Any]:
    names = ("slug", "code", "name", "field", "number", "published_on", "is_reviewed", "replaced_by")
    address = f"{settings.PUBLIC_URL}/thu-tuc/{code}/{entry.slug}/"
    return {name: getattr(entry, name) for name in names} | {"url": address}


def _next(request: Request, after: str) -> str | None:
    return f"{settings.PUBLIC_URL}{request.path}?after={after}" if after else None

"""The public interface under /api/v1/, zone public: units and published procedures, to read and nothing else."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from django.utils import translation
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from procedures import catalogue, public_views, sheet
from procedures.catalogue import Entry
from zalopolice.gateway.models import SharedFile
from zalopolice.interface import AFTER, CODE, SIZE, Reading, following
from zalopolice.paging import page
from zalopolice.units import hotline
from zalopolice.units.models import HotlineContact, Unit

WORDS = OpenApiParameter("q", str, description="Tìm: có dấu hay không dấu; kết quả trong một trang, đúng nhất trước")


class UnitShape(serializers.Serializer[Unit]):
    code = serializers.CharField(help_text="Mã đơn vị, dùng trong địa chỉ")
    name = serializers.CharField()
    kind = serializers.CharField(help_text="province, commune, team")
    parent = serializers.CharField(allow_null=True, help_text="Mã đơn vị cấp trên")
    oa_id = serializers.CharField(allow_null=True, help_text="Mã trang Zalo (OA) của đơn vị")


class OfficeShape(serializers.Serializer[Any]):
    address = serializers.CharField()
    phone = serializers.CharField(help_text="Trực ban ngày đêm")
    hours = serializers.ListField(
        child=serializers.ListField(child=serializers.ListField(child=serializers.CharField())),
        help_text="Bảy ngày từ thứ Hai, mỗi ngày các khoảng [mở, đóng]; ngày trống là nghỉ",
    )
    note = serializers.CharField()


class ContactShape(serializers.Serializer[HotlineContact]):
    kind = serializers.CharField(help_text="duty_desk, chief, area, other")
    title = serializers.CharField()
    name = serializers.CharField()
    phone = serializers.CharField()
    area = serializers.CharField(source="area.name", default=None, allow_null=True, help_text="Địa bàn phụ trách")
    verified_on = serializers.DateField(help_text="Ngày gọi kiểm tra số")


class UnitDetail(UnitShape):
    office = OfficeShape(allow_null=True)
    contacts = ContactShape(many=True)
    url = serializers.URLField()


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


class FileShape(serializers.Serializer[Any]):
    title = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField(help_text="form, picture, voice")
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="byte")
    sha256 = serializers.CharField()
    url = serializers.URLField(source="link")


class ProcedureDetail(ProcedureShape):
    content = serializers.DictField(
        help_text="who_can_apply, where, documents, forms, processing_time, fee, steps, result_vi, legal_basis, …"
    )
    place = PlaceShape(help_text="Giờ, nơi nhận hồ sơ, liên hệ của đơn vị")
    sources = serializers.ListField(child=serializers.URLField())
    files = FileShape(many=True, help_text="Mẫu đơn, ảnh hướng dẫn, bản đọc")
    review_due = serializers.DateField(allow_null=True, help_text="Đã qua ngày này: nội dung quá hạn xem lại")


class Units(Reading):
    @extend_schema(operation_id="units", responses=UnitPage, parameters=[AFTER], tags=["Đơn vị"])
    def get(self, request: Request) -> Response:
        """Đơn vị đang hoạt động, theo mã."""
        rows = public_views.units().exclude(kind=Unit.Kind.TEAM)
        found = page(rows, ("code", "pk"), request.GET.get("after"), SIZE)
        results = [_unit_row(unit) for unit in found.rows]
        return Response(UnitPage({"results": results, "next": following(request, found.following)}).data)


class OneUnit(Reading):
    @extend_schema(operation_id="unit", responses=UnitDetail, parameters=[CODE], tags=["Đơn vị"])
    def get(self, request: Request, code: str) -> Response:
        """Một đơn vị: trụ sở, giờ tiếp dân, số điện thoại đã công bố."""
        unit = _unit(code)
        address = f"{settings.PUBLIC_URL}/don-vi/{unit.code}/"
        detail = {"office": getattr(unit, "office", None), "contacts": hotline.of_unit(unit.pk), "url": address}
        return Response(UnitDetail(_unit_row(unit) | detail).data)


class Procedures(Reading):
    @extend_schema(
        operation_id="procedures", responses=ProcedurePage, parameters=[CODE, AFTER, WORDS], tags=["Thủ tục"]
    )
    def get(self, request: Request, code: str) -> Response:
        """Thủ tục đang công bố của đơn vị, gồm cả của tỉnh, theo tên trong địa chỉ."""
        unit = _unit(code)
        after, words = request.GET.get("after", ""), request.GET.get("q", "").strip()[:100]
        entries = catalogue.published(unit.pk)
        if words:
            found = catalogue.search(entries, words) or catalogue.near(entries, words)
            return Response(ProcedurePage({"results": [_row(entry, code) for entry in found], "next": None}).data)
        entries = sorted(entries, key=lambda entry: entry.slug)
        rest = [entry for entry in entries if entry.slug > after]
        results = [_row(entry, code) for entry in rest[:SIZE]]
        last = rest[SIZE - 1].slug if len(rest) > SIZE else ""
        return Response(ProcedurePage({"results": results, "next": following(request, last)}).data)


class OneProcedure(Reading):
    @extend_schema(operation_id="procedure", responses=ProcedureDetail, parameters=[CODE], tags=["Thủ tục"])
    def get(self, request: Request, code: str, slug: str) -> Response:
        """Một thủ tục đầy đủ, với giờ và nơi nhận hồ sơ của đơn vị."""
        unit = _unit(code, public_views.with_overrides())
        entry = next((one for one in catalogue.published(unit.pk) if one.slug == slug), None)
        if entry is None:
            raise Http404
        with translation.override(settings.LANGUAGE_CODE):  # one answer for all readers: caches keep it
            place = sheet.place(getattr(unit, "office", None), public_views.override(unit, entry))
        words = {name: value for name, value in entry.content.items() if name != "files"}
        files = [_file(title, file) for title, file in public_views.files(entry.content)]
        detail = _row(entry, code) | {"content": words, "place": place, "sources": entry.sources, "files": files}
        detail["review_due"] = entry.review_due
        return Response(ProcedureDetail(detail).data)


def _unit(code: str, rows: QuerySet[Unit] | None = None) -> Unit:
    unit: Unit | None = (public_views.units() if rows is None else rows).filter(code=code).first()
    if unit is None:
        raise Http404
    return unit


def _unit_row(unit: Unit) -> dict[str, Any]:
    above, account = unit.parent.code if unit.parent else None, getattr(unit, "oa_id", None)
    return {"code": unit.code, "name": unit.name, "kind": unit.kind, "parent": above, "oa_id": account}


def _file(title: str, file: SharedFile) -> dict[str, Any]:
    names = ("name", "kind", "content_type", "size", "sha256", "link")
    return {"title": title} | {name: getattr(file, name) for name in names}


def _row(entry: Entry, code: str) -> dict[str, Any]:
    names = ("slug", "code", "name", "field", "number", "published_on", "is_reviewed", "replaced_by")
    address = f"{settings.PUBLIC_URL}/thu-tuc/{code}/{entry.slug}/"
    return {name: getattr(entry, name) for name in names} | {"url": address}

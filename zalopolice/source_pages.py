"""Codes for posters and notices: the list with what each brought, a new one, the sheet to print."""

from __future__ import annotations

import re
import uuid
from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tips import origins
from zalopolice.forms import Plain, Words, attempt
from zalopolice.gateway import sources
from zalopolice.gateway.models import OfficialAccount, SourceTag
from zalopolice.paging import page
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

ORDER = ("-created_at", "-pk")
NUMBER = re.compile(r"\d(?:[ .-]?\d){7,}")
SMALL = 8


class Place(Plain):
    """Where the poster hangs. It is printed and public."""

    kind = forms.ChoiceField(label=gettext_lazy("Loại"), choices=SourceTag.Kind.choices)
    label = Words(
        label=gettext_lazy("Nơi đặt"),
        help_text=gettext_lazy("Nơi công cộng, ví dụ: Áp phích cổng chợ Đồng Văn. Người dân đọc được dòng này."),
        missing=gettext_lazy("Ghi nơi đặt để sau này biết tin từ đâu tới."),
        limit=80,
    )
    oa: Any = forms.ModelChoiceField(None, label=gettext_lazy("OA nhận tin"), empty_label=None)

    def __init__(self, *args: Any, by: Officer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = OfficialAccount.objects.visible_to(by)
        fields: dict[str, Any] = self.fields
        fields["oa"].queryset = accounts
        fields["oa"].error_messages = dict.fromkeys(("required", "invalid_choice"), _("Chọn OA của đơn vị."))
        fields["kind"].error_messages = dict.fromkeys(("required", "invalid_choice"), _("Chọn một loại."))

    def clean_label(self) -> str:
        label: str = self.cleaned_data["label"]
        if NUMBER.search(label):
            raise ValidationError(_("Không ghi số điện thoại hay số giấy tờ: dòng này công khai."))
        return label


def _by(request: OfficerRequest) -> Officer:
    if not request.user.may(Permission.POST_READ):
        raise Http404
    return request.user


@require_GET
def source_tags(request: OfficerRequest) -> HttpResponse:
    by = _by(request)
    found = page(origins.counted(SourceTag.objects.visible_to(by)), ORDER, request.GET.get("sau"))
    context = {"rows": found.rows, "following": found.following, "writes": by.may(Permission.POST_WRITE)}
    return render(request, "sources/list.html", context | {"at": "sources"})


@require_http_methods(["GET", "POST"])
def source_new(request: OfficerRequest) -> HttpResponse:
    by = _by(request)
    if not by.may(Permission.POST_WRITE):
        raise PermissionDenied
    made: list[SourceTag] = []
    form, status = Place(by=by), 200
    if request.method == "POST":
        form = Place(request.POST, by=by)
        status = attempt(form, lambda: made.append(sources.create(**form.cleaned_data, by=by)))
        if made:
            messages.success(request, _("Đã tạo mã %(code)s. In tờ dán ở dưới.") % {"code": made[0].code})
            return redirect("source_tag", made[0].pk)
    accounts = form.fields["oa"].queryset  # type: ignore[attr-defined]
    return render(request, "sources/new.html", {"form": form, "accounts": accounts, "at": "sources"}, status=status)


def _tag(request: OfficerRequest, pk: uuid.UUID) -> SourceTag:
    rows = origins.counted(SourceTag.objects.visible_to(_by(request)))
    return get_object_or_404(rows.select_related("oa", "created_by", "unit"), pk=pk)


@require_GET
def source_tag(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _page(request, _tag(request, pk))


def _page(request: OfficerRequest, tag: SourceTag, status: int = 200, **bound: Any) -> HttpResponse:
    context = {"tag": tag, "address": address(tag), "writes": request.user.may(Permission.POST_WRITE), "at": "sources"}
    return render(request, "sources/tag.html", context | bound, status=status)


@require_POST
def source_retire(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    tag, form = _tag(request, pk), Plain(request.POST)
    if not request.user.may(Permission.POST_WRITE):
        raise PermissionDenied
    if status := attempt(form, lambda: sources.retire(tag, by=request.user)):
        return _page(request, tag, status, form=form)
    messages.success(request, _("Mã %(code)s đã ngừng. Gỡ tờ dán khi tiện.") % {"code": tag.code})
    return redirect("source_tag", pk)


@require_GET
def source_sheet(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    """What is printed: one poster on A4, or eight small ones to cut."""
    tag = _tag(request, pk)
    small = request.GET.get("co") == "nho"
    context = {"tag": tag, "address": address(tag), "qr": qr(address(tag)), "copies": range(SMALL if small else 1)}
    return render(request, "sources/sheet.html", context | {"small": small})


def address(tag: SourceTag) -> str:
    return f"{settings.PUBLIC_URL}/q/{tag.unit.code}/{tag.code}/"


def qr(text: str) -> SafeString:
    """Error correction Q: a poster in the rain loses corners."""
    drawing: str = segno.make(text, error="q", micro=False).svg_inline(
        scale=4, border=2, svgclass=None, lineclass=None, omitsize=True
    )
    return mark_safe(drawing)  # the library's own drawing of an address of ours

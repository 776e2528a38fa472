"""The catalogue as a file: taken out, and brought in again after a trial that writes nothing."""

from __future__ import annotations

import codecs
import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from procedures import actions, exchange, workbook
from procedures.change import Reading
from procedures.exchange import Unreadable
from zalopolice.forms import Plain, attempt
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEAVY = 900_000
"""Bytes of a file, and of what was read in it: the second form carries that, and a form takes one megabyte."""


def to_excel(request: OfficerRequest) -> HttpResponse:
    return _file(request, workbook.write(exchange.entries(request.user)), EXCEL, "xlsx")


def to_json(request: OfficerRequest) -> HttpResponse:
    return _file(request, exchange.to_json(exchange.entries(request.user)).encode(), "application/json", "json")


def _file(request: OfficerRequest, data: bytes, content_type: str, extension: str) -> HttpResponse:
    name = f"thu-tuc-{request.user.unit.code}-{timezone.localdate():%Y-%m-%d}.{extension}"
    return HttpResponse(
        data, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


class Trial(Plain):
    """Reads a file; nothing is written."""

    upload = forms.FileField(
        label=_lazy("Tệp Excel hoặc JSON"),
        help_text=_lazy("Tệp .xlsx hoặc .json như tệp xuất ra từ trang này, tối đa 900 KB."),
        error_messages={"required": _lazy("Chọn tệp."), "empty": _lazy("Tệp này trống.")},
    )

    def __init__(self, *args: Any, by: Officer) -> None:
        super().__init__(*args)
        self.by, self.reading, self.carried = by, Reading(), ""

    def clean_upload(self) -> None:
        upload = self.cleaned_data["upload"]
        if upload.size > HEAVY:
            raise ValidationError(_("Tệp lớn hơn 900 KB. Chia làm nhiều tệp."))
        self._read(upload.read(), upload.name)

    def _read(self, data: bytes, name: str = "") -> None:
        is_json = data.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[")
        try:
            if data[:2] == b"PK" or (name.lower().endswith(".xlsx") and not is_json):
                rows, lost = workbook.read(data)
            else:
                rows, lost = exchange.of_json(data.decode("utf-8-sig")), []
            self.reading = exchange.read(rows, lost, by=self.by)
        except (UnicodeDecodeError, RecursionError):
            raise ValidationError(_("Tệp này không phải Excel (.xlsx) hay JSON đọc được.")) from None
        except Unreadable as error:
            raise ValidationError(str(error)) from None
        self.carried = json.dumps(rows, ensure_ascii=False)
        if len(self.carried.encode()) > HEAVY:
            raise ValidationError(_("Tệp có quá nhiều chữ. Chia làm nhiều tệp."))


class Held(Trial):
    """What a trial has read, on its way to be written; judged again, for it was in other hands."""

    upload = None  # type: ignore[assignment]  # Django's way to leave a field out
    held = forms.CharField(widget=forms.HiddenInput, strip=False)

    def clean_held(self) -> None:
        self._read(self.cleaned_data["held"].encode())


def bring_in(request: OfficerRequest) -> HttpResponse:
    by = request.user
    if not by.may(Permission.PROCEDURE_EDIT):
        raise PermissionDenied
    if "held" not in request.POST:
        form = Trial(request.POST, request.FILES, by=by) if request.method == "POST" else Trial(by=by)
        return _page(request, form, 422 if form.is_bound and not _right(form) else 200)
    made, form = 0, Held(request.POST, by=by)

    def verb() -> None:
        nonlocal made
        made = actions.bring_in(form.reading.changes, by=by)

    status = 422 if form.is_valid() and form.reading.problems else attempt(form, verb)
    if status:
        return _page(request, form, status)
    if moved := len(form.reading.moved):
        messages.success(request, _("Đã xếp lại %(n)s thủ tục trong danh mục.") % {"n": moved})
    if made or not moved:
        messages.success(request, _("Đã nhập %(n)s bản soạn. Xem từng bản rồi trình thẩm định.") % {"n": made})
    return redirect(f"{reverse('content:procedures_procedure_changelist')}?muc=soan")


def _right(form: Trial) -> bool:
    return form.is_valid() and not form.reading.problems


def _page(request: OfficerRequest, form: Trial, status: int) -> HttpResponse:
    reading = form.reading if form.is_bound and not form.errors else None
    chooser = form if not isinstance(form, Held) else Trial(by=request.user)
    context = {
        "form": chooser,
        "refused": form if isinstance(form, Held) else None,
        "reading": reading,
        "held": form.carried,
    }
    return render(request, "procedures/admin/import.html", context | {"at": "procedures"}, status=status)

"""Forms of the set-up tables. Opening hours are seven lines, one a day, as people write them."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.units import duty
from zalopolice.units.models import Area, CalendarDay, HotlineContact, Office
from zalopolice.units.seated_admin import SeatedForm

DAYS = (
    _("Thứ Hai"), _("Thứ Ba"), _("Thứ Tư"), _("Thứ Năm"), _("Thứ Sáu"), _("Thứ Bảy"), _("Chủ nhật"),
)  # fmt: skip
_SPAN = re.compile(r"(\d{1,2})[:h](\d{2})\s*[-–]\s*(\d{1,2})[:h](\d{2})")
_PHONE = re.compile(r"[0-9+ .()-]+")
SHORTEST, LONGEST = 3, 15
"""Digits of a telephone number, from 113 to one abroad with its country."""


class Spans(forms.CharField):
    """ "07:30-11:30, 13:30-17:00" is [["07:30", "11:30"], ["13:30", "17:00"]]; nothing is a closed day."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=60, **kwargs)

    def to_python(self, value: Any) -> Any:
        text, spans = super().to_python(value) or "", []
        for part in filter(None, (one.strip() for one in text.split(","))):
            match = _SPAN.fullmatch(part)
            if match is None:
                raise ValidationError(_("Ghi giờ như 07:30-11:30, 13:30-17:00; để trống nếu nghỉ cả ngày."))
            start, end = (f"{int(match[at]):02}:{match[at + 1]}" for at in (1, 3))
            if max(start, end) > "23:59" or match[2] > "59" or match[4] > "59":
                raise ValidationError(_("Giờ từ 00:00 đến 23:59."))
            if start >= end:
                raise ValidationError(_("Giờ đóng cửa phải sau giờ mở cửa, trong một ngày."))
            spans.append([start, end])
        if any(after[0] < before[1] for before, after in zip(spans, spans[1:], strict=False)):
            raise ValidationError(_("Các khoảng giờ không được chồng lên nhau; ghi theo thứ tự trong ngày."))
        return spans

    def validate(self, value: Any) -> None:
        """Said above."""

    def run_validators(self, value: Any) -> None:
        """Said above."""


class PhoneForm(SeatedForm):
    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if not _PHONE.fullmatch(phone):
            raise ValidationError(_("Số điện thoại chỉ có chữ số, dấu cộng, dấu cách và dấu chấm."))
        if not SHORTEST <= sum(one.isdigit() for one in phone) <= LONGEST:
            digits = {"few": SHORTEST, "many": LONGEST}
            raise ValidationError(_("Số điện thoại có từ %(few)s đến %(many)s chữ số.") % digits)
        return phone


class OfficeForm(PhoneForm):
    map_url = forms.URLField(
        label=_("Đường dẫn bản đồ (nếu có)"), required=False, max_length=200, assume_scheme="https"
    )

    class Meta:
        model = Office
        fields = ("address", "phone", "note", "map_url")
        error_messages: ClassVar[dict[str, Any]] = {
            "address": {"required": _("Ghi địa chỉ để người dân biết nơi đến.")},
            "phone": {"required": _("Ghi số trực ban.")},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [*(self.instance.hours or []), *([[]] * 7)][:7]
        for number, (day, spans) in enumerate(zip(DAYS, known, strict=True)):
            initial = ", ".join("-".join(span) for span in spans)
            self.fields[f"day_{number}"] = Spans(label=day, initial=initial)
        self.fields["day_0"].help_text = _("Giờ tiếp dân, ví dụ 07:30-11:30, 13:30-17:00. Để trống nếu nghỉ.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.instance.hours = [cleaned.get(f"day_{number}") or [] for number in range(7)]
        return cleaned


class HotlineForm(PhoneForm):
    class Meta:
        model = HotlineContact
        fields = ("kind", "title", "name", "phone", "area", "officer", "position", "verified_on", "is_public")
        widgets: ClassVar[dict[str, Any]] = {"verified_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
        error_messages: ClassVar[dict[str, Any]] = {
            "kind": {"required": _("Chọn loại.")},
            "title": {"required": _("Ghi chức danh, ví dụ “Trực ban”.")},
            "phone": {"required": _("Ghi số để người dân gọi.")},
            "verified_on": {"required": _("Gọi thử số này rồi ghi ngày đã gọi.")},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds: Any = self.fields["kind"]
        kinds.choices = [("", _("Chọn…")), *HotlineContact.Kind.choices]
        areas: Any = self.fields["area"]
        areas.queryset = Area.objects.filter(unit=self.by.unit, is_active=True)
        areas.empty_label = _("Không theo địa bàn")
        officers: Any = self.fields["officer"]
        officers.queryset = duty.members(self.by)
        officers.empty_label = _("Không phải của một cán bộ")
        officers.help_text = _("Chọn thì người dân hỏi “ai đang trực” được biết tên và số này khi người đó trực.")

    def clean_verified_on(self) -> Any:
        day = self.cleaned_data["verified_on"]
        if day > timezone.localdate():
            raise ValidationError(_("Ngày kiểm tra số không thể ở tương lai."))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") == HotlineContact.Kind.AREA and not cleaned.get("area"):
            self.add_error("area", _("Chọn địa bàn người này phụ trách."))
        return cleaned


class AreaForm(SeatedForm):
    class Meta:
        model = Area
        fields = ("name", "is_active")
        error_messages: ClassVar[dict[str, Any]] = {"name": {"required": _("Ghi tên địa bàn.")}}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if Area.objects.filter(unit=self.by.unit, name=name).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("Đơn vị đã có địa bàn tên này."))
        return name


class CalendarDayForm(SeatedForm):
    class Meta:
        model = CalendarDay
        fields = ("day", "is_working", "name", "source")
        widgets: ClassVar[dict[str, Any]] = {"day": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
        error_messages: ClassVar[dict[str, Any]] = {
            "day": {"required": _("Chọn ngày."), "unique": _("Ngày này đã có trong danh sách.")},
            "name": {"required": _("Ghi tên ngày, ví dụ “Làm bù Tết”.")},
            "source": {"required": _("Ghi số văn bản quy định ngày này.")},
        }

"""Fields of the editors' forms: text in NFC, days, numbers, one thing a line; complaints say what to do."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _


class Line(forms.CharField):
    """Text in NFC without control characters; ``many``: several lines."""

    def __init__(self, *, limit: int, many: int = 0, required: bool = False, **kwargs: Any) -> None:
        if many:
            kwargs["widget"] = forms.Textarea(attrs={"rows": many})
        super().__init__(required=required, **kwargs)
        self.limit = limit

    def to_python(self, value: Any) -> str:
        text = unicodedata.normalize("NFC", str(value or "").replace("\r\n", "\n").replace("\r", "\n"))
        return super().to_python(text) or ""

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > self.limit:
            much = {"limit": self.limit, "over": len(value) - self.limit}
            raise ValidationError(_("Thừa %(over)s ký tự; viết gọn lại trong %(limit)s ký tự.") % much)

    def run_validators(self, value: str) -> None:
        if "\x00" in value:
            raise ValidationError(_("Có ký tự máy không đọc được. Xóa đoạn vừa dán rồi gõ lại."))


class Day(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.error_messages["invalid"] = _("Ghi ngày như 01/07/2026.")
        self.input_formats = ["%Y-%m-%d", "%d/%m/%Y"]


class Number(forms.IntegerField):
    def __init__(self, most: int, **kwargs: Any) -> None:
        super().__init__(required=False, min_value=0, max_value=most, **kwargs)
        self.error_messages["invalid"] = _("Ghi một số nguyên, không dấu chấm.")


class Lines(Line):
    """One thing a line."""

    def __init__(self, *, each: int, many: int = 4, **kwargs: Any) -> None:
        super().__init__(limit=8000, many=many, **kwargs)
        self.each = each

    def clean(self, value: Any) -> Any:
        lines = list(dict.fromkeys(filter(None, (line.strip() for line in super().clean(value).split("\n")))))
        if any(len(line) > self.each for line in lines):
            raise ValidationError(_("Mỗi dòng tối đa %(each)s ký tự.") % {"each": self.each})
        return lines


class Addresses(Lines):
    def clean(self, value: Any) -> Any:
        lines = super().clean(value)
        for number, line in enumerate(lines, 1):
            try:
                URLValidator(["https", "http"])(line)
            except ValidationError:
                raise ValidationError(_("Dòng %(number)s chưa phải địa chỉ trang web.") % {"number": number}) from None
        return lines

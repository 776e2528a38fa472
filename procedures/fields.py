"""Fields of the editors' forms besides words: days, numbers, one thing a line; complaints say what to do."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from zalopolice.forms import Words


class Day(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, *, missing: Any = "", **kwargs: Any) -> None:
        super().__init__(required=bool(missing), **kwargs)
        self.error_messages |= {"invalid": _("Ghi ngày như 01/07/2026."), "required": missing}
        self.input_formats = ["%Y-%m-%d", "%d/%m/%Y"]


class Number(forms.IntegerField):
    def __init__(self, most: int, **kwargs: Any) -> None:
        super().__init__(required=False, min_value=0, max_value=most, **kwargs)
        self.error_messages["invalid"] = _("Ghi một số nguyên, không dấu chấm.")


class LawNumber(Words):
    """A document's number in one spelling, so that the same document is found again: "68/2020/QH14"."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(limit=60, **kwargs)

    def to_python(self, value: Any) -> str:
        return "".join(super().to_python(value).split()).upper()


class Lines(Words):
    """One thing a line."""

    def __init__(self, *, each: int, rows: int = 4, **kwargs: Any) -> None:
        super().__init__(limit=8000, rows=rows, **kwargs)
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

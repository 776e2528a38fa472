"""The form that marks a legal document as changed."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from procedures import reviewing
from procedures.fields import Day, LawNumber
from procedures.models import LawChange
from zalopolice.units.seated_admin import SeatedForm


class LawChangeForm(SeatedForm):
    number = LawNumber(
        label=_("Số hiệu văn bản đã đổi"), missing=_("Ghi số hiệu, ví dụ 75/2022/TT-BTC."),
        help_text=_("Như ghi ở mục Căn cứ pháp lý của thủ tục."),
    )  # fmt: skip
    changed_by = LawNumber(label=_("Số hiệu văn bản sửa đổi, thay thế"), missing=_("Ghi số hiệu văn bản mới."))
    effective_on = Day(label=_("Có hiệu lực từ"), missing=_("Ghi ngày văn bản mới có hiệu lực."))

    class Meta:
        model = LawChange
        fields = ("number", "changed_by", "effective_on", "note")
        error_messages = {"__all__": {"unique_together": _("Thay đổi này đã ghi rồi.")}}

    def clean_number(self) -> str:
        number: str = self.cleaned_data["number"]
        if not reviewing.citing(number).exists() and not reviewing.is_cited_below(number):
            raise ValidationError(_("Không thủ tục nào dẫn số hiệu này. Xem lại số hiệu."))
        return number

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("number") and given.get("number") == given.get("changed_by"):
            self.add_error("changed_by", _("Văn bản mới phải khác văn bản cũ."))
        return given

"""What every form of the officers' pages shares. Complaints say what to do; nothing typed is ever lost."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from zalopolice.refusals import Refused

UNREADABLE: tuple[tuple[type[forms.Field], Any], ...] = (
    (forms.IntegerField, _("Nhập một số, chỉ gồm chữ số.")),
    (forms.DateField, _("Ngày này không có. Viết như 31/12/2026.")),
    (forms.URLField, _("Ghi địa chỉ trang web đầy đủ, như https://example.vn/ban-do.")),
)
DAYS = ("%Y-%m-%d", "%d/%m/%Y")
"""As the browser's calendar sends a day, and as people write it."""


def in_our_words(form: forms.BaseForm) -> None:
    """Sentences that say what to write instead of Django's; what a field says of its own stays."""
    for field in form.fields.values():
        for kind, said in UNREADABLE:
            if isinstance(field, kind) and field.error_messages["invalid"] is kind.default_error_messages["invalid"]:
                field.error_messages["invalid"] = said
        if isinstance(field, forms.DateField) and field.input_formats is forms.DateField.input_formats:
            field.input_formats = DAYS


class Plain(forms.Form):
    """Sentences of ours instead of the browser's bubbles, which speak the browser's language."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        in_our_words(self)


class Words(forms.CharField):
    """Text in NFC with plain line ends, so that its length is what Zalo and the reader count.

    ``rows``: several lines; ``missing``: what is said of an empty field, which may be empty without it."""

    def __init__(self, *, limit: int, missing: Any = "", rows: int = 0, **kwargs: Any) -> None:
        if rows:
            kwargs["widget"] = forms.Textarea(attrs={"rows": rows} | kwargs.pop("attrs", {}))
        super().__init__(required=bool(missing), **kwargs)
        self.limit = limit
        self.error_messages["required"] = missing

    def to_python(self, value: Any) -> str:
        text = unicodedata.normalize("NFC", str(value or "").replace("\r\n", "\n").replace("\r", "\n"))
        return super().to_python(text) or ""

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > self.limit:
            much = {"limit": self.limit, "over": len(value) - self.limit}
            raise ValidationError(_("Thừa %(over)s ký tự; viết gọn lại trong %(limit)s ký tự.") % much)
        if "\x00" in value:
            raise ValidationError(_("Có ký tự máy không đọc được. Xóa đoạn vừa dán rồi gõ lại."))

    def run_validators(self, value: str) -> None:
        """All said above, in our words."""


def attempt(form: forms.Form, verb: Callable[[], object]) -> int:
    """Runs the verb on a valid form. 0 when it is done, else the status of the page that says why not."""
    if not form.is_valid():
        _focus(form)
        return 422
    try:
        verb()
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return 409
    return 0


def _focus(form: forms.Form) -> None:
    """The page comes back with the cursor in the first field to mend."""
    for name, field in form.fields.items():
        if name in form.errors and not field.widget.is_hidden:
            field.widget.attrs["autofocus"] = True
            return

"""Forms of the set-up. A secret is typed once, shown to nobody, and never sent back into a page."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from zalopolice.forms import Plain, Words
from zalopolice.gateway.models import WebhookSecret, ZaloApp

DIGITS = re.compile(r"[0-9]{5,32}")
SECRET = re.compile(r"[!-~]{8,128}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Number(Words):
    """An id of Zalo: digits only, however it was pasted."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value).replace(" ", "")
        if not DIGITS.fullmatch(text):
            raise ValidationError(_("Mã chỉ gồm chữ số. Chép lại từ trang quản trị của Zalo."))
        return text


class Secret(Words):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})
        super().__init__(limit=128, missing=_("Nhập khóa."), widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        text: str = super().clean(value).strip()
        if not SECRET.fullmatch(text):
            raise ValidationError(_("Khóa thừa hoặc thiếu ký tự. Chép lại từ trang quản trị của Zalo."))
        return text


class App(Plain):
    name = Words(label=_("Tên gọi trong hệ thống"), limit=120, missing=_("Nhập tên gọi."))
    app_id = Number(label=_("App ID"), limit=40, missing=_("Nhập App ID."))
    app_secret = Secret(label=_("App Secret"))
    pkce = forms.ChoiceField(
        label=_("Mã kiểm tra khi kết nối (PKCE)"),
        choices=ZaloApp.Pkce.choices,
        initial=ZaloApp.Pkce.REQUEST,
        error_messages={"required": _("Chọn một cách."), "invalid_choice": _("Chọn một cách.")},
    )
    verifier = Words(
        label=_("Code verifier"),
        help_text=_("Chỉ khi chọn mã cố định: 43 đến 128 ký tự."),
        limit=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("pkce") == ZaloApp.Pkce.FIXED and not VERIFIER.fullmatch(given.get("verifier") or ""):
            self.add_error("verifier", _("Code verifier dài 43 đến 128 ký tự, chỉ gồm chữ, số và . _ ~ -"))
        return given


class NewSecret(Plain):
    kind = forms.ChoiceField(
        label=_("Khóa nào"),
        choices=WebhookSecret.Kind.choices,
        error_messages={"required": _("Chọn loại khóa."), "invalid_choice": _("Chọn loại khóa.")},
    )
    secret = Secret(label=_("Khóa mới"))


class Proof(Plain):
    name = Words(
        label=_("Tên tệp"), help_text=_("Bỏ trống nếu Zalo cho thẻ meta. Ví dụ zalo_verifierAbCd.html"), limit=75
    )
    content = Words(
        label=_("Thẻ meta hoặc nội dung tệp"),
        limit=500,
        rows=3,
        missing=_("Dán thẻ meta hoặc nội dung tệp Zalo đưa."),
    )


class Account(Plain):
    app = forms.ModelChoiceField(
        ZaloApp.objects.none(),
        label=_("Ứng dụng"),
        empty_label=None,
        error_messages={"required": _("Chọn ứng dụng."), "invalid_choice": _("Chọn ứng dụng.")},
    )
    oa_id = Number(label=_("Mã OA"), limit=40, missing=_("Nhập mã OA."))
    name = Words(label=_("Tên OA"), limit=160, missing=_("Nhập tên OA."))


class Holder(Plain):
    holder = Words(label=_("Họ tên, chức vụ"), limit=120, missing=_("Nhập họ tên."))

"""The forms of signing in, of one's own account, and of the roles in a unit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zalopolice.forms import Plain
from zalopolice.units.models import Officer
from zalopolice.units.roles import GRANTED_BY_CHIEF

CODE_FIELD: dict[str, Any] = {"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}


def _password(label: Any, empty: Any, autocomplete: str = "current-password") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=1024,
        strip=False,
        error_messages={"required": empty, "max_length": _("Mật khẩu không dài tới vậy.")},
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


class TriedForm(Plain):
    seconds = 0  # until the next try is heard

    def wait(self, seconds: int) -> int:
        """Says how long, and answers with the status of the page."""
        self.seconds = seconds
        words = _("Vừa có lần nhập chưa đúng. Hãy chờ %(seconds)d giây rồi thử lại.")
        self.add_error(None, words % {"seconds": seconds})
        return 429

    def answered(self, page: HttpResponse) -> HttpResponse:
        if self.seconds:
            page["Retry-After"] = str(self.seconds)
        return page


class SignIn(TriedForm):
    username = forms.CharField(
        label=_("Tên đăng nhập"),
        max_length=64,
        error_messages={"required": _("Nhập tên đăng nhập."), "max_length": _("Tên đăng nhập không dài tới vậy.")},
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = _password(_("Mật khẩu"), _("Nhập mật khẩu."))


class Code(TriedForm):
    """Six digits of an app or eight from paper; or what a key has answered, put here by the page's script."""

    code = forms.CharField(
        label=_("Mã xác thực"),
        max_length=32,
        required=False,
        error_messages={"max_length": _("Mã không dài tới vậy.")},
        widget=forms.TextInput(attrs=CODE_FIELD),
    )
    key = forms.CharField(max_length=20_000, required=False, widget=forms.HiddenInput)

    def clean_code(self) -> str:
        return "".join(self.cleaned_data["code"].split())

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if not found.get("code") and not found.get("key") and not self.errors:
            self.add_error("code", _("Nhập mã xác thực."))
        return found


class KeyAnswer(TriedForm):
    key = forms.CharField(
        max_length=20_000,
        widget=forms.HiddenInput,
        error_messages={"required": _("Thiết bị chưa trả lời. Bấm nút rồi làm theo lời của thiết bị.")},
    )


class Confirm(TriedForm):
    """Who is there, once more: the password, or a code of one's app."""

    fresh_password = _password(_("Mật khẩu"), _("Nhập mật khẩu."))
    fresh_code = forms.CharField(
        label=_("Hoặc mã 6 số từ ứng dụng"),
        max_length=32,
        required=False,
        error_messages={"max_length": _("Mã không dài tới vậy.")},
        widget=forms.TextInput(attrs=CODE_FIELD),
    )

    def __init__(self, *args: Any, with_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if with_code:
            self.fields["fresh_password"].required = False
        else:
            del self.fields["fresh_code"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if "fresh_code" in self.fields and not self.errors and not any(found.values()):
            self.add_error("fresh_password", _("Nhập mật khẩu hoặc mã."))
        return found


class NewPassword(TriedForm):
    password = _password(_("Mật khẩu mới"), _("Nhập mật khẩu mới."), "new-password")
    again = _password(_("Nhập lại mật khẩu mới"), _("Nhập lại mật khẩu mới."), "new-password")

    def __init__(self, *args: Any, officer: Officer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.officer = officer

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self.officer)
        if self.officer.check_password(password):
            raise ValidationError(_("Đây là mật khẩu đang dùng. Hãy chọn mật khẩu khác."))
        return password

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if self.cleaned_data.get("password", again) != again:
            raise ValidationError(_("Hai lần nhập chưa giống nhau."))
        return again


class AppCode(TriedForm):
    code = forms.CharField(
        label=_("Mã 6 số từ ứng dụng"),
        max_length=32,
        error_messages={"required": _("Nhập mã 6 số."), "max_length": _("Mã không dài tới vậy.")},
        widget=forms.TextInput(attrs=CODE_FIELD),
    )

    def clean_code(self) -> str:
        return "".join(self.cleaned_data["code"].split())


class NewKey(TriedForm):
    name = forms.CharField(
        label=_("Đặt tên cho khóa"),
        max_length=60,
        help_text=_("Ví dụ: điện thoại của tôi, khóa USB ở cơ quan."),
        error_messages={"required": _("Đặt tên cho khóa."), "max_length": _("Tên không dài tới vậy.")},
    )
    key = forms.CharField(
        max_length=50_000,
        widget=forms.HiddenInput,
        error_messages={"required": _("Thiết bị chưa trả lời. Bấm nút rồi làm theo lời của thiết bị.")},
    )


def _day(label: Any, **more: Any) -> forms.DateField:
    wrong = {"required": _("Chọn ngày."), "invalid": _("Ngày chưa đúng.")}
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, error_messages=wrong, widget=widget, **more)


class _Term(TriedForm):
    since = _day(_("Từ ngày"))
    until = _day(_("Đến hết ngày"), required=False)

    def clean_since(self) -> Any:
        if self.cleaned_data["since"] < timezone.localdate():
            raise ValidationError(_("Không giao vai trò cho những ngày đã qua."))
        return self.cleaned_data["since"]

    def clean_until(self) -> Any:
        since, until = self.cleaned_data.get("since"), self.cleaned_data["until"]
        if since and until and until < since:
            raise ValidationError(_("Ngày cuối phải từ ngày đầu trở đi."))
        return until


class Grant(_Term):
    username = forms.CharField(
        label=_("Tên đăng nhập của cán bộ"),
        max_length=64,
        error_messages={"required": _("Nhập tên đăng nhập."), "max_length": _("Tên đăng nhập không dài tới vậy.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    role = forms.ChoiceField(
        label=_("Vai trò"),
        choices=[(role.value, role.label) for role in GRANTED_BY_CHIEF],
        error_messages={"required": _("Chọn vai trò."), "invalid_choice": _("Chọn một vai trò trong danh sách.")},
    )
    field_order = ("username", "role", "since", "until")

    def clean_username(self) -> str:
        officer = Officer.objects.named(self.cleaned_data["username"]).filter(is_active=True).first()
        if officer is None:
            raise ValidationError(_("Chưa có tài khoản nào mang tên này. Quản trị hệ thống tạo tài khoản."))
        self.officer = officer
        return officer.username


class Depute(_Term):
    deputation = forms.CharField(
        label=_("Số văn bản ủy quyền"),
        max_length=80,
        help_text=_("Ví dụ: Quyết định 12/QĐ-CAX."),
        error_messages={"required": _("Nhập số văn bản."), "max_length": _("Số văn bản không dài tới vậy.")},
    )
    until = _day(_("Đến hết ngày"))
    field_order = ("deputation", "since", "until")

from django import forms
from django.utils.translation import gettext_lazy as _


class SignIn(forms.Form):
    use_required_attribute = False

    username = forms.CharField(
        label=_("Tên đăng nhập"),
        max_length=64,
        error_messages={"required": _("Nhập tên đăng nhập."), "max_length": _("Tên đăng nhập không dài tới vậy.")},
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("Mật khẩu"),
        max_length=1024,
        strip=False,
        error_messages={"required": _("Nhập mật khẩu."), "max_length": _("Mật khẩu không dài tới vậy.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

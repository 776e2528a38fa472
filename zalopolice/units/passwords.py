"""What a password may be: long, and not what everybody tries first. Nothing about capitals, digits or age."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from zalopolice.units.models import Officer
from zalopolice.vietnamese import unmarked

SHORTEST, LONGEST = 15, 128
LEFT_OVER, DIFFERENT = 8, 5
"""Characters that must remain when everybody's first ideas are taken out, and how many of them differ."""

LOCAL = (
    "cong an nhan dan, cong an, canh sat khu vuc, canh sat, an ninh, vi an ninh to quoc, phuong, xa, thi tran, huyen,"
    " tinh, thanh pho, to dan pho, mat khau, zalo, police, password, viet nam, ha nam, ha noi, ho chi minh, bac ho,"
    " truong, pho, can bo, truc ban, chu tich, dang nhap, quan tri, admin, qwertyuiop, qwerty, asdfgh, zxcvbn,"
    " iloveyou, anh yeu em, em yeu anh, khong biet, abc, xyz"
)


class Length:
    def validate(self, password: str, user: Any = None) -> None:
        if len(password) < SHORTEST:
            short = _("Mật khẩu cần ít nhất %(count)d ký tự. Một câu bốn, năm từ là đủ và dễ nhớ.") % {
                "count": SHORTEST
            }
            raise ValidationError(short, code="too_short")
        if len(password) > LONGEST:
            raise ValidationError(_("Mật khẩu dài nhất %(count)d ký tự.") % {"count": LONGEST}, code="too_long")

    def get_help_text(self) -> str:
        return _("Từ %(least)d đến %(most)d ký tự, ký tự nào cũng được, kể cả dấu cách và chữ có dấu.") % {
            "least": SHORTEST,
            "most": LONGEST,
        }


class NotCommon(CommonPasswordValidator):
    def get_error_message(self) -> str:
        return _("Mật khẩu này có trong danh sách nhiều người dùng. Hãy chọn câu khác.")

    def get_help_text(self) -> str:
        return _("Không dùng mật khẩu phổ biến.")


class NotLocal:
    """“CongAnPhuong@113113” is long and the first thing anybody tries here."""

    def validate(self, password: str, user: Any = None) -> None:
        rest = _plain(password)
        for word in sorted(self._words(user), key=len, reverse=True):
            rest = rest.replace(word, " ")
        rest = re.sub(r"\d{2,}|\s", "", rest)
        if len(rest) < LEFT_OVER or len(set(rest)) < DIFFERENT:
            raise ValidationError(
                _("Mật khẩu này dễ đoán: bỏ tên đơn vị, tên người, các từ và số quen dùng thì còn quá ít."),
                code="local",
            )

    def get_help_text(self) -> str:
        return _("Không ghép từ tên đơn vị, tên người, “công an”, “113” và những từ ai cũng thử đầu tiên.")

    def _words(self, user: Any) -> set[str]:
        words = {_plain(word) for word in LOCAL.split(",")}
        if isinstance(user, Officer):
            names = [user.full_name, user.username]
            for seat in user.seats:
                names += [seat.unit.name, seat.unit.code]
            for name in names:
                words |= {_plain(name), *(_plain(part) for part in re.split(r"[\s.\-_]+", name))}
        return {word for word in words if len(word) >= 2}


def _plain(text: str) -> str:
    """Without accents, capitals and gaps, so that “Công an” and “cong-an” are one word; other signs count."""
    return re.sub(r"[\s.\-_]+", "", unmarked(text))

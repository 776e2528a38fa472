"""The places of the portal, in the order of the rail: which an officer may enter decides the seat."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission as May

ON_A_PHONE = 4
"""Places in the bar at the foot of a phone, before "Thêm"."""


@dataclass(frozen=True)
class Place:
    slug: str
    icon: str
    label: str | Promise
    about: str | Promise
    address: str
    needs: May | None = None

    @property
    def href(self) -> str:
        return reverse(self.address)


PLACES = (
    Place("home", "list-checks", _("Cần làm"), _("Việc cần làm ngay, sắp hết hạn xếp trước."), "home"),
    Place("tray", "inbox", _("Hộp tin"), _("Tin người dân nhắn, chờ xếp."), "tray", May.TRAY_READ),
    Place("cases", "folder-open", _("Vụ việc"), _("Của đơn vị và của đồng chí."), "cases", May.CASE_LIST),
    Place("posts", "newspaper", _("Bài đăng"), _("Soạn, duyệt, lịch gửi tới bà con."), "posts", May.POST_READ),
    Place("sources", "qr-code", _("Mã áp phích"), _("Tin đến từ áp phích nào."), "source_tags", May.POST_READ),
    Place("groups", "users-round", _("Nhóm"), _("Tin trong các nhóm Zalo của đơn vị."), "chat_groups", May.TRAY_READ),
    Place("procedures", "book-open-check", _("Thủ tục"), _("Soạn và thẩm định."), "content:index", May.PROCEDURE_EDIT),
    Place("accounts", "radio-tower", _("Zalo OA"), _("Kết nối, hạn mức, lỗi."), "accounts", May.OA_VIEW),
    Place("health", "activity", _("Sức khỏe OA"), _("Mọi OA, tệ nhất trước; sự cố."), "oa_health", May.HEALTH_VIEW),
    Place("duty", "calendar-clock", _("Lịch trực"), _("Ai trực, từ giờ nào tới giờ nào."), "duty"),
    Place("officer_check", "shield-check", _("Mã cán bộ"), _("Cho dân kiểm tra."), "officer_check", May.SHOW_CODE),
    Place("people", "users", _("Cán bộ"), _("Vai trò và quyền trong đơn vị."), "people", May.ROLE_GRANT),
)


def places_of(officer: Officer) -> list[Place]:
    seat = officer.seat
    may = seat.permissions if seat is not None else frozenset()
    return [place for place in PLACES if (place.needs is None or place.needs in may) and _exists(place)]


def _exists(place: Place) -> bool:
    try:
        return bool(place.href)
    except NoReverseMatch:
        return False

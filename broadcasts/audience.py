"""Whom a broadcast can be narrowed to: Zalo's own groups and its list of provinces from before 2025 (3.4)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from broadcasts.models import PostVersion
from zalopolice.gateway.models import OfficialAccount
from zalopolice.units.models import Officer

AGES = (
    (0, gettext_lazy("Dưới 13 tuổi")),
    (1, gettext_lazy("13 – 17 tuổi")),
    (2, gettext_lazy("18 – 24 tuổi")),
    (3, gettext_lazy("25 – 34 tuổi")),
    (4, gettext_lazy("35 – 44 tuổi")),
    (5, gettext_lazy("45 – 54 tuổi")),
    (6, gettext_lazy("55 – 64 tuổi")),
    (7, gettext_lazy("Từ 65 tuổi")),
)
_NAMES = (
    "Đồng Tháp|Bình Phước|Ninh Bình|Bạc Liêu|Hồ Chí Minh|Vĩnh Long|Lâm Đồng|Yên Bái|Hà Nam|Hà Nội|Hải Dương|"
    "Hậu Giang|An Giang|Trà Vinh|Tiền Giang|Tây Ninh|Đồng Nai|Đắk Lắk|Bình Định|Kon Tum|Đà Nẵng|Bắc Giang|"
    "Bắc Kạn|Điện Biên|Hòa Bình|Thái Bình|Vĩnh Phúc|Hà Giang|Kiên Giang|Bình Dương|Bình Thuận|Đắk Nông|"
    "Khánh Hòa|Gia Lai|Quảng Nam|Quảng Trị|Hà Tĩnh|Hưng Yên|Quảng Ninh|Thanh Hóa|Phú Thọ|Lai Châu|"
    "Thái Nguyên|Cao Bằng|Cà Mau|Cần Thơ|Sóc Trăng|Bến Tre|Long An|Bà Rịa Vũng Tàu|Ninh Thuận|Phú Yên|"
    "Quảng Ngãi|Thừa Thiên Huế|Quảng Bình|Nghệ An|Nam Định|Hải Phòng|Lạng Sơn|Lào Cai|Sơn La|Bắc Ninh|"
    "Tuyên Quang|Ngoài Việt Nam"
)
"""By Zalo's number, from 0; proper names stay as they are in every language."""
CITIES = tuple(enumerate("".join(_NAMES).split("|")))


def accounts_of(officer: Officer) -> list[OfficialAccount]:
    """The unit's accounts, by name."""
    return list(OfficialAccount.objects.filter(unit=officer.unit).order_by("name", "pk"))


@dataclass(frozen=True)
class Reach:
    """How many people follow the accounts of a version; None when Zalo has not told for one of them."""

    people: int | None
    accounts: int
    narrowed: bool


def reach(version: PostVersion, accounts: Collection[OfficialAccount]) -> Reach:
    chosen = [account for account in accounts if account.oa_id in version.oa_ids]
    numbers = [account.followers for account in chosen]
    people = sum(number or 0 for number in numbers) if numbers and None not in numbers else None
    return Reach(people, len(chosen), bool(version.gender or version.ages or version.cities))


def words(version: PostVersion) -> list[str]:
    """The audience in words, one narrowing a line."""
    if not (version.gender or version.ages or version.cities):
        return [_("Tất cả người quan tâm")]
    found = [str(version.get_gender_display())] if version.gender else []
    if version.ages:
        found.append(", ".join(str(label) for number, label in AGES if number in version.ages))
    if version.cities:
        found.append(", ".join(name for number, name in CITIES if number in version.cities))
    return found

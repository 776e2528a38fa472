"""One permission enum, one role map (design D21). Which officer holds which role where is data: ``Membership``."""

from __future__ import annotations

from enum import StrEnum, auto

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(models.TextChoices):
    OFFICER = "officer", pgettext_lazy("một người", "Cán bộ")
    DUTY_OFFICER = "duty_officer", _("Trực ban")
    DEPUTY_CHIEF = "deputy_chief", _("Phó Trưởng")
    CHIEF = "chief", _("Trưởng")
    PROVINCE_INSPECTOR = "province_inspector", _("Thanh tra tỉnh")
    CONTENT_EDITOR = "content_editor", _("Biên tập nội dung")
    SYSTEM_ADMINISTRATOR = "system_administrator", _("Quản trị hệ thống")


GRANTED_BY_CHIEF = (Role.OFFICER, Role.DUTY_OFFICER, Role.DEPUTY_CHIEF, Role.CONTENT_EDITOR)
"""Not the chief's own role, not those of the province, not the administrator's: these come with the set-up."""


class Permission(StrEnum):
    TRAY_READ = auto()
    CASE_LIST = auto()
    CASE_OPEN = auto()
    CASE_CLAIM = auto()
    CASE_ASSIGN = auto()
    CASE_READ_ALL = auto()
    CASE_WORK_ALL = auto()
    CASE_CLOSE = auto()
    OA_CONNECT = auto()
    OA_VIEW = auto()
    POST_READ = auto()
    POST_WRITE = auto()
    POST_APPROVE = auto()
    PROCEDURE_EDIT = auto()
    PROCEDURE_REVIEW = auto()
    HOTLINE_EDIT = auto()
    DUTY_PLAN = auto()
    ROLE_GRANT = auto()
    SET_UP = auto()
    HEALTH_VIEW = auto()
    SHOW_CODE = auto()


_OFFICER = {Permission.CASE_LIST, Permission.CASE_CLAIM, Permission.SHOW_CODE}
_DUTY = {
    Permission.CASE_LIST,
    Permission.CASE_CLAIM,
    Permission.TRAY_READ,
    Permission.CASE_OPEN,
    Permission.CASE_ASSIGN,
    Permission.SHOW_CODE,
}
_CONTENT = {
    Permission.POST_READ,
    Permission.POST_WRITE,
    Permission.PROCEDURE_EDIT,
    Permission.PROCEDURE_REVIEW,
    Permission.HOTLINE_EDIT,
}
_COMMAND = (
    _DUTY
    | _CONTENT
    | {
        Permission.CASE_READ_ALL,
        Permission.CASE_WORK_ALL,
        Permission.CASE_CLOSE,
        Permission.OA_VIEW,
        Permission.DUTY_PLAN,
    }
)
DEPUTED = frozenset({Permission.POST_APPROVE})
"""What a deputy chief may besides, while deputed in writing."""

ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.OFFICER: frozenset(_OFFICER),
    Role.DUTY_OFFICER: frozenset(_DUTY),
    Role.DEPUTY_CHIEF: frozenset(_COMMAND),
    Role.CHIEF: frozenset(_COMMAND | {Permission.OA_CONNECT, Permission.POST_APPROVE, Permission.ROLE_GRANT}),
    # Counts and clocks of all units come with the reports; of a commune's cases these three see nothing.
    Role.PROVINCE_INSPECTOR: frozenset({Permission.HEALTH_VIEW}),
    Role.CONTENT_EDITOR: frozenset(_CONTENT),
    Role.SYSTEM_ADMINISTRATOR: frozenset({Permission.SET_UP, Permission.HEALTH_VIEW}),
}


class Rank(models.TextChoices):
    """Ranks of the People's Public Security (Law on the People's Public Security Forces, art. 21)."""

    NONE = "", _("—")
    SERGEANT = "trung_si", _("Trung sĩ")
    STAFF_SERGEANT = "thuong_si", _("Thượng sĩ")
    SECOND_LIEUTENANT = "thieu_uy", _("Thiếu úy")
    LIEUTENANT = "trung_uy", _("Trung úy")
    SENIOR_LIEUTENANT = "thuong_uy", _("Thượng úy")
    CAPTAIN = "dai_uy", _("Đại úy")
    MAJOR = "thieu_ta", _("Thiếu tá")
    LIEUTENANT_COLONEL = "trung_ta", _("Trung tá")
    SENIOR_LIEUTENANT_COLONEL = "thuong_ta", _("Thượng tá")
    COLONEL = "dai_ta", _("Đại tá")

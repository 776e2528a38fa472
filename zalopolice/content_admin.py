"""The editors' site at /noi-dung/: content and set-up, never a case, a person, a message or a token (design D20)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import pgettext_lazy

from procedures.admin import LawChangeAdmin, OverrideAdmin, ProcedureAdmin, VersionAdmin
from procedures.flow_admin import FlowAdmin
from procedures.miss_pages import MissClusterAdmin, OutcomeAdmin
from procedures.models import Flow, LawChange, MissCluster, Outcome, Procedure, SampleQuestion, UnitOverride, Version
from zalopolice.console import SampleAdmin
from zalopolice.units.models import Area, CalendarDay, HotlineContact, Office, Unit
from zalopolice.units.roles import Permission
from zalopolice.units.seated_admin import SeatedAdmin, SeatedSite
from zalopolice.units.setting_up_forms import AreaForm, CalendarDayForm, HotlineForm, OfficeForm


class OfficeAdmin(SeatedAdmin):
    rights = frozenset({Permission.HOTLINE_EDIT})
    form = OfficeForm
    about = _lazy("Địa chỉ, điện thoại trực ban và giờ tiếp dân mà người dân thấy.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.allowed(request) and not self.get_queryset(request).exists()

    def line(self, row: Any) -> str:
        return str(row.phone)


class HotlineAdmin(SeatedAdmin):
    rights = frozenset({Permission.HOTLINE_EDIT})
    form = HotlineForm
    deletable = True
    order = ("position", "pk")
    title = _lazy("danh bạ cho người dân")
    about = _lazy("Những số người dân được gọi: trực ban, chỉ huy, cán bộ phụ trách địa bàn.")

    def line(self, row: Any) -> str:
        seen = _("người dân thấy") if row.is_public else _("chưa cho người dân thấy")
        said = {"kind": row.get_kind_display(), "seen": seen, "day": f"{row.verified_on:%d/%m/%Y}"}
        return _("%(kind)s · %(seen)s · kiểm tra số ngày %(day)s") % said


class AreaAdmin(SeatedAdmin):
    rights = frozenset({Permission.HOTLINE_EDIT, Permission.SET_UP})
    form = AreaForm
    order = ("name", "pk")
    title = pgettext_lazy("nhiều", "địa bàn")
    about = _lazy("Thôn, ấp, tổ dân phố: nhãn để giao việc và ghi danh bạ.")

    def line(self, row: Any) -> str:
        return "" if row.is_active else _("không còn dùng")


class CalendarDayAdmin(SeatedAdmin):
    """Days are the same for every unit, so they are set up from the province."""

    rights = frozenset({Permission.SET_UP})
    form = CalendarDayForm
    deletable = True
    key = int
    order = ("-day", "pk")
    about = _lazy("Ngày nghỉ và ngày làm bù khác với lịch chung. Áp dụng cho mọi đơn vị trong tỉnh.")

    def allowed(self, request: HttpRequest) -> bool:
        return super().allowed(request) and request.user.unit.kind == Unit.Kind.PROVINCE  # type: ignore[union-attr]

    def get_queryset(self, request: HttpRequest) -> Any:
        return CalendarDay.objects.all()

    def line(self, row: Any) -> str:
        return _("làm việc") if row.is_working else _("nghỉ")


site = SeatedSite(name="content")
site.register(Procedure, ProcedureAdmin)
site.register(Version, VersionAdmin)
site.register(UnitOverride, OverrideAdmin)
site.register(LawChange, LawChangeAdmin)
site.register(MissCluster, MissClusterAdmin)
site.register(Outcome, OutcomeAdmin)
site.register(Flow, FlowAdmin)
site.register(SampleQuestion, SampleAdmin)
site.register(Office, OfficeAdmin)
site.register(HotlineContact, HotlineAdmin)
site.register(Area, AreaAdmin)
site.register(CalendarDay, CalendarDayAdmin)

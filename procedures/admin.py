"""The catalogue in the editors' site, registered by ``zalopolice/content_admin.py``; pages in ``editing.py``."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from procedures import editing, exchange_pages, languages_admin, version_pages
from procedures.law_form import LawChangeForm
from procedures.models import LawChange
from zalopolice.units.roles import Permission
from zalopolice.units.seated_admin import SeatedAdmin

EDITORS = frozenset({Permission.PROCEDURE_EDIT, Permission.PROCEDURE_REVIEW})


class ProcedureAdmin(SeatedAdmin):
    rights = EDITORS
    title = pgettext_lazy("nhiều", "thủ tục")
    about = _("Soạn, thẩm định và công bố từng bản; xem trước như người dân thấy.")

    def get_urls(self) -> list[URLPattern]:
        return [
            self._path("thu-tuc/", "changelist", editing.listing, "GET"),
            self._path("thu-tuc/moi/", "add", editing.add, "GET", "POST"),
            self._path("thu-tuc/xuat.xlsx", "excel", exchange_pages.to_excel, "GET"),
            self._path("thu-tuc/xuat.json", "json", exchange_pages.to_json, "GET"),
            self._path("thu-tuc/nhap/", "import", exchange_pages.bring_in, "GET", "POST"),
            self._path("thu-tuc/<uuid:pk>/", "change", editing.procedure, "GET"),
            self._path("thu-tuc/<uuid:pk>/danh-muc/", "arrange", editing.arrange, "POST"),
            self._path("thu-tuc/<uuid:pk>/rieng/", "override", editing.override, "POST"),
            self._path("thu-tuc/<uuid:pk>/soan/", "draft", editing.draft, "POST"),
        ]


class VersionAdmin(SeatedAdmin):
    rights = EDITORS
    listed = False

    def get_urls(self) -> list[URLPattern]:
        return [
            self._path("ban/<uuid:pk>/", "change", version_pages.version, "GET"),
            self._path("ban/<uuid:pk>/in/", "printout", version_pages.printout, "GET"),
            self._path("ban/<uuid:pk>/sua/", "edit", version_pages.edit, "GET", "POST"),
            self._path("ban/<uuid:pk>/tieng/<slug:code>/", "translate", languages_admin.page, "GET", "POST"),
            self._path("ban/<uuid:pk>/tep/", "attach", version_pages.attach, "POST"),
            self._path("ban/<uuid:pk>/tep/<uuid:file>/bo/", "detach", version_pages.detach, "POST"),
            self._path("ban/<uuid:pk>/tep/<uuid:file>/thu-hoi/", "retire", version_pages.retire, "GET", "POST"),
            self._path("ban/<uuid:pk>/trinh/", "submit", version_pages.submit, "POST"),
            self._path("ban/<uuid:pk>/rut/", "withdraw", version_pages.withdraw, "POST"),
            self._path("ban/<uuid:pk>/bo/", "discard", version_pages.discard, "GET", "POST"),
            self._path("ban/<uuid:pk>/tra-lai/", "return", version_pages.return_, "POST"),
            self._path("ban/<uuid:pk>/cong-bo/", "publish", version_pages.publish, "POST"),
            self._path("ban/<uuid:pk>/het-hieu-luc/", "expire", version_pages.expire, "POST"),
        ]


class OverrideAdmin(SeatedAdmin):
    """What the unit says of its own; a list here, written on the page of the procedure (``actions.override``)."""

    rights = frozenset({Permission.PROCEDURE_EDIT})
    about = _("Giờ, nơi nhận hồ sơ và người liên hệ khác với thông tin chung của đơn vị.")

    def get_urls(self) -> list[URLPattern]:
        return [self._path("rieng/", "changelist", editing.overrides, "GET")]


class LawChangeAdmin(SeatedAdmin):
    """A document somebody has seen changed; what cites it is listed until somebody has looked (``reviewing.py``)."""

    rights = frozenset({Permission.PROCEDURE_EDIT})
    form = LawChangeForm
    deletable = True
    order = ("-effective_on", "pk")
    about = _("Ghi văn bản mới sửa, thay văn bản cũ: mọi thủ tục dẫn văn bản cũ hiện ở mục “Luật đã đổi”.")

    def get_queryset(self, request: HttpRequest) -> Any:
        by: Any = request.user
        return LawChange.objects.visible_to(by).filter(unit=by.unit)  # those of the unit above show in the lists only

    def line(self, row: Any) -> str:
        said = {"by": row.changed_by, "day": f"{row.effective_on:%d/%m/%Y}", "note": row.note}
        return (_("đổi theo %(by)s từ %(day)s · %(note)s") if row.note else _("đổi theo %(by)s từ %(day)s")) % said

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        messages.success(request, _("Đã ghi. Các thủ tục dẫn %(number)s ở dưới đây.") % {"number": obj.number})
        return redirect(f"{reverse('content:procedures_procedure_changelist')}?muc=luat")

"""The catalogue in the editors' site, registered by ``zalopolice/content_admin.py``; pages in ``editing.py``."""

from __future__ import annotations

from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from procedures import editing
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
            self._path("ban/<uuid:pk>/", "change", editing.version, "GET"),
            self._path("ban/<uuid:pk>/sua/", "edit", editing.edit, "GET", "POST"),
            self._path("ban/<uuid:pk>/trinh/", "submit", editing.submit, "POST"),
            self._path("ban/<uuid:pk>/tra-lai/", "return", editing.return_, "POST"),
            self._path("ban/<uuid:pk>/cong-bo/", "publish", editing.publish, "POST"),
            self._path("ban/<uuid:pk>/het-hieu-luc/", "expire", editing.expire, "POST"),
        ]


class OverrideAdmin(SeatedAdmin):
    """What the unit says of its own; a list here, written on the page of the procedure (``actions.override``)."""

    rights = frozenset({Permission.PROCEDURE_EDIT})
    about = _("Giờ, nơi nhận hồ sơ và người liên hệ khác với thông tin chung của đơn vị.")

    def get_urls(self) -> list[URLPattern]:
        return [self._path("rieng/", "changelist", editing.overrides, "GET")]

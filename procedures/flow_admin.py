"""Menus and keywords in the editors' site (``zalopolice/content_admin.py``); pages in ``flow_pages.py``."""

from __future__ import annotations

from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from procedures import flow_pages as pages
from procedures.admin import EDITORS
from zalopolice.units.seated_admin import SeatedAdmin


class FlowAdmin(SeatedAdmin):
    rights = EDITORS
    title = _("menu và từ khóa")
    about = _("Máy trả lời gì khi người dân nhắn một cụm từ hoặc chọn số trong menu.")

    def get_urls(self) -> list[URLPattern]:
        return [
            self._path("menu/", "changelist", pages.listing, "GET"),
            self._path("menu/moi/", "add", pages.add, "GET", "POST"),
            self._path("menu/<uuid:pk>/", "change", pages.change, "GET"),
            self._path("menu/<uuid:pk>/sua/", "edit", pages.edit, "GET", "POST"),
            self._path("menu/<uuid:pk>/soan/", "draft", pages.new_draft, "POST"),
            self._path("menu/<uuid:pk>/trinh/", "submit", pages.submit, "POST"),
            self._path("menu/<uuid:pk>/rut/", "withdraw", pages.withdraw, "POST"),
            self._path("menu/<uuid:pk>/tra-lai/", "return", pages.return_, "POST"),
            self._path("menu/<uuid:pk>/cong-bo/", "publish", pages.publish, "POST"),
            self._path("menu/<uuid:pk>/thoi-dung/", "end", pages.end, "POST"),
        ]

"""Django admin behind the seat (design D20): rights come from the roles held in the unit, writing goes through verbs.

What an officer may not edit does not exist (404); there is no log table of Django's own and no offset paging."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from zalopolice.forms import in_our_words
from zalopolice.paging import page
from zalopolice.units import setting_up
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission


class SeatedSite(AdminSite):
    """An admin site without sign-in, password, log or search pages of its own."""

    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return any(one.has_module_permission(request) for one in self._registry.values())

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request):
                raise Http404
            return view(request, *args, **kwargs)

        return inner

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {"at": "procedures"}

    def get_urls(self) -> list[URLPattern | URLResolver]:
        urls: list[URLPattern | URLResolver] = [path("", require_GET(self.admin_view(self.overview)), name="index")]
        for one in self._registry.values():
            urls += one.get_urls()
        return urls

    def overview(self, request: HttpRequest) -> HttpResponse:
        parts: list[Any] = [one for one in self._registry.values() if one.has_module_permission(request)]
        listed = [(one, one.address_of("changelist")) for one in parts if one.listed]
        return render(request, "admin/index.html", {**self.each_context(request), "parts": listed})


class SeatedForm(forms.ModelForm):
    """A new row is the unit's from the start, so that "already there" is said beside the field."""

    use_required_attribute = False
    by: ClassVar[Officer]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        in_our_words(self)
        if getattr(self.instance, "unit_id", True) is None:
            self.instance.unit = self.by.unit

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"unit"}  # type: ignore[misc]  # Django's own, untyped


class SeatedAdmin(ModelAdmin):
    """List, add, change and perhaps delete; ``rights``: any of these permissions opens it."""

    rights: ClassVar[frozenset[Permission]]
    deletable: ClassVar[bool] = False
    listed: ClassVar[bool] = True
    key: ClassVar[type] = str  # converter of the primary key in addresses
    order: ClassVar[tuple[str, ...]] = ("pk",)
    title: ClassVar[Any] = ""
    about: ClassVar[Any] = ""
    form = SeatedForm

    # --- who may ---

    def allowed(self, request: HttpRequest) -> bool:
        officer = request.user
        return isinstance(officer, Officer) and any(officer.may(right) for right in self.rights)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return not isinstance(request.user, AnonymousUser) and self.allowed(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.allowed(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.allowed(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.allowed(request)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.deletable and self.allowed(request)

    # --- addresses and pages ---

    @property
    def name(self) -> Any:
        return self.title or self.opts.verbose_name

    def name_of(self, act: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{act}"

    def address_of(self, act: str) -> str:
        return f"{self.admin_site.name}:{self.name_of(act)}"

    def get_urls(self) -> list[URLPattern]:
        where, key = f"{self.opts.model_name}", "uuid" if self.key is str else "int"
        return [
            self._path(f"{where}/", "changelist", self.changelist_view, "GET"),
            self._path(f"{where}/moi/", "add", self.add_page, "GET", "POST"),
            self._path(f"{where}/<{key}:pk>/", "change", self.change_page, "GET", "POST"),
            *(
                [self._path(f"{where}/<{key}:pk>/xoa/", "delete", self.delete_page, "GET", "POST")]
                if self.deletable
                else ()
            ),
        ]

    def _path(self, route: str, act: str, view: Callable[..., HttpResponse], *methods: str) -> URLPattern:
        """The method is judged before the right: 405 tells nobody what exists."""

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.allowed(request):
                raise Http404
            return view(request, *args, **kwargs)

        return path(
            route, require_http_methods(list(methods))(self.admin_site.admin_view(inner)), name=self.name_of(act)
        )

    def get_queryset(self, request: Any) -> Any:
        """Through the funnel where the model has one, else the unit's."""
        rows: Any = self.model._default_manager
        if hasattr(rows, "visible_to"):
            return rows.visible_to(request.user)
        return rows.filter(unit=request.user.unit)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        found = page(self.get_queryset(request), self.order, request.GET.get("sau"))
        context = {**self.admin_site.each_context(request), "part": self, "page": found, "opts": self.opts}
        context["lines"] = [(row, self.line(row)) for row in found.rows]
        context["may_add"] = self.has_add_permission(request)
        context |= {"add": self.address_of("add"), "change": self.address_of("change")}
        return render(request, "admin/change_list.html", context)

    def line(self, row: models.Model) -> str:
        """What the list says below the row's name."""
        return ""

    def add_page(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise Http404
        return self.add_view(request)

    def change_page(self, request: HttpRequest, pk: object) -> HttpResponse:
        return self.change_view(request, str(pk))

    def delete_page(self, request: HttpRequest, pk: object) -> HttpResponse:
        return self.delete_view(request, str(pk))

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404

    def render_change_form(self, request: HttpRequest, context: Any, *_args: Any, **kwargs: Any) -> HttpResponse:
        form, row = context["adminform"].form, kwargs.get("obj") if kwargs.get("change") else None
        context |= {"part": self, "opts": self.opts, "form": form, "row": row, "list": self.address_of("changelist")}
        context["delete"] = self.address_of("delete") if self.deletable and row is not None else ""
        answer = render(request, "admin/change_form.html", context)
        answer.status_code = 422 if form.errors else 200
        return answer

    def render_delete_form(self, request: HttpRequest, context: Any) -> HttpResponse:
        return render(request, "admin/delete_confirmation.html", context | {"change": self.address_of("change")})

    # --- forms: plain fields, errors in our words; nothing of admin's own scripts ---

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return db_field.formfield(**kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        made = super().get_form(request, obj, change, **kwargs)
        return type(made.__name__, (made,), {"by": request.user})

    # --- writing ---

    def save_model(self, request: Any, obj: models.Model, form: Any, change: bool) -> None:
        setting_up.keep(obj, by=request.user, rights=self.rights, changed=form.changed_data)

    def delete_model(self, request: Any, obj: models.Model) -> None:
        setting_up.remove(obj, by=request.user, rights=self.rights)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """The verbs have written the audit entry; Django's log table does not exist."""

    log_change = log_addition  # type: ignore[assignment]

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        """As above."""

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        messages.success(request, _("Đã lưu."))
        return redirect(self.address_of("changelist"))

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self.response_add(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        messages.success(request, _("Đã xóa."))
        return redirect(self.address_of("changelist"))

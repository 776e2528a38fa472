"""Editors' pages of the catalogue, mounted by ``procedures/admin.py``: read through the funnel, form, verb, page."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from procedures import actions, difference, forms, preview
from procedures.models import Procedure, UnitOverride, Version
from zalopolice.forms import attempt
from zalopolice.paging import page
from zalopolice.refusals import Refused
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest
from zalopolice.vietnamese import fold

State = Version.State
TABS = {
    "": (_lazy("Tất cả"), lambda: Q()),
    "soan": (_lazy("Đang soạn"), lambda: Q(state=State.DRAFT)),
    "cho": (_lazy("Chờ thẩm định"), lambda: Q(state=State.IN_REVIEW)),
    "chua": (_lazy("Chưa thẩm định"), lambda: Q(state=State.PUBLISHED, imported=True)),
    "hen": (_lazy("Đến hạn xem lại"), lambda: Q(state=State.PUBLISHED, review_due__lte=timezone.localdate())),
}


def listing(request: OfficerRequest) -> HttpResponse:
    """Procedures of the unit and the province's, each with its newest and its published version."""
    versions = Version.objects.visible_to(request.user).filter(procedure=OuterRef("pk"))
    facts = JSONObject(pk="pk", name="name", number="number", state="state", imported="imported", due="review_due")
    shown = versions.filter(state=State.PUBLISHED)
    rows = Procedure.objects.visible_to(request.user).annotate(
        newest=Subquery(versions.order_by("-number").values_list(facts)[:1]),
        shown=Subquery(shown.values_list(facts)[:1]),
    )
    tab = request.GET.get("muc") if request.GET.get("muc") in TABS else ""
    if tab:
        rows = rows.filter(Exists(versions.filter(TABS[tab][1]())))
    asked = request.GET.get("tim", "").strip()[:100]
    if asked:
        rows = rows.filter(pk__in=_named(request, asked))
    context = {
        "page": page(rows, ("unit_id", "position", "slug", "pk"), request.GET.get("sau")),
        "tabs": [(slug, label) for slug, (label, _condition) in TABS.items()],
        "tab": tab,
        "asked": asked,
        "at": "procedures",
    }
    return render(request, "procedures/admin/listing.html", context)


def _named(request: OfficerRequest, asked: str) -> set[uuid.UUID]:
    """Marks or not; a catalogue has some hundred names at most."""
    rows = Version.objects.visible_to(request.user).values_list("procedure", "name", "procedure__slug")
    words = fold(asked).split()
    return {pk for pk, name, slug in rows if all(word in f"{fold(name)} {fold(slug)}" for word in words)}


def overrides(request: OfficerRequest) -> HttpResponse:
    """Where the unit's hours, address or contact differ from what its office says."""
    rows = UnitOverride.objects.visible_to(request.user).filter(unit=request.user.unit).select_related("procedure")
    name = Version.objects.filter(procedure=OuterRef("procedure"), state=State.PUBLISHED).values("name")[:1]
    found = page(rows.annotate(name=Subquery(name)), ("pk",), request.GET.get("sau"))
    return render(request, "procedures/admin/overrides.html", {"page": found, "at": "procedures"})


def _procedure(request: OfficerRequest, pk: uuid.UUID) -> Procedure:
    return get_object_or_404(Procedure.objects.visible_to(request.user), pk=pk)


def _version(request: OfficerRequest, pk: uuid.UUID) -> Version:
    people = ("written_by", "submitted_by", "returned_by", "published_by", "ended_by")
    rows = Version.objects.visible_to(request.user).select_related("procedure", *people)
    return get_object_or_404(rows, pk=pk)


def add(request: OfficerRequest) -> HttpResponse:
    form = forms.New(request.POST if request.method == "POST" else None)
    if request.method == "POST" and (form.is_valid()):
        values = form.cleaned_data | {"position": form.cleaned_data["position"] or 0}
        try:
            version = actions.add(**values, by=request.user)
        except Refused as refusal:
            form.add_error("slug", str(refusal))
        else:
            return redirect("content:procedures_version_edit", version.pk)
    context = {"form": form, "at": "procedures"}
    return render(request, "procedures/admin/add.html", context, status=422 if form.is_bound else 200)


def procedure(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _procedure_page(request, pk)


def _procedure_page(request: OfficerRequest, pk: uuid.UUID, status: int = 200, **bound: Form) -> HttpResponse:
    row, by = _procedure(request, pk), request.user
    own = UnitOverride.objects.visible_to(by).filter(unit=by.unit, procedure=row).first()
    said = {name: getattr(own, name, "") for name in ("hours", "address", "contact")}
    place = {name: getattr(row, name) for name in ("field", "code", "position")}
    versions = list(Version.objects.visible_to(by).filter(procedure=row).select_related("written_by", "published_by"))
    context = {
        "procedure": row,
        "versions": versions,
        "going": any(one.state in {State.DRAFT, State.IN_REVIEW} and not one.imported for one in versions),
        "mine": row.unit_id == by.unit.pk,
        "own": bound.get("own", forms.Own(initial=said, auto_id="own_%s")),
        "arrange": bound.get("arrange", forms.Arrange(initial=place, auto_id="arrange_%s")),
        "at": "procedures",
    }
    return render(request, "procedures/admin/procedure.html", context, status=status)


def arrange(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row, form = _procedure(request, pk), forms.Arrange(request.POST, auto_id="arrange_%s")

    def verb() -> None:
        values = form.cleaned_data | {"position": form.cleaned_data["position"] or 0}
        actions.arrange(row, **values, by=request.user)

    if row.unit_id != request.user.unit.pk:
        raise PermissionDenied
    if status := attempt(form, verb):
        return _procedure_page(request, pk, status, arrange=form)
    messages.success(request, _("Đã lưu chỗ của thủ tục trong danh mục."))
    return redirect("content:procedures_procedure_change", pk)


def override(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row, form = _procedure(request, pk), forms.Own(request.POST, auto_id="own_%s")
    if status := attempt(form, lambda: actions.override(row, **form.cleaned_data, by=request.user)):
        return _procedure_page(request, pk, status, own=form)
    messages.success(request, _("Đã lưu giờ, địa chỉ riêng của đơn vị."))
    return redirect("content:procedures_procedure_change", pk)


def draft(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row = _procedure(request, pk)
    version = actions.new_draft(row, by=request.user)
    going = version.state == State.DRAFT
    return redirect("content:procedures_version_edit" if going else "content:procedures_version_change", version.pk)


# --- one version ---------------------------------------------------------------------------------------------------


def version(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _version_page(request, pk)


def _version_page(request: OfficerRequest, pk: uuid.UUID, status: int = 200, **bound: Form) -> HttpResponse:
    row, by = _version(request, pk), request.user
    earlier = Version.objects.visible_to(by).filter(procedure=row.procedure, number__lt=row.number)
    before = earlier.filter(published_at__isnull=False).order_by("-number").first()
    mine = row.unit_id == by.unit.pk
    wrote = by.pk in row.writers or by.pk == row.submitted_by_id
    context = {
        "version": row,
        "before": before,
        "changes": difference.between(before, row) if before else [],
        "may_edit": mine and by.may(Permission.PROCEDURE_EDIT),
        "may_review": mine and by.may(Permission.PROCEDURE_REVIEW),
        "wrote": wrote,
        "missing": actions.missing(row) if row.state == State.DRAFT else [],
        "return": bound.get("return", forms.Reason(auto_id="return_%s")),
        "expire": bound.get("expire", forms.End(auto_id="expire_%s")),
        "refused": bound.get("refused"),
        "at": "procedures",
        **preview.of(row, by.unit),
    }
    return render(request, "procedures/admin/version.html", context, status=status)


def edit(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row = _version(request, pk)
    if row.unit_id != request.user.unit.pk or not request.user.may(Permission.PROCEDURE_EDIT):
        raise PermissionDenied
    if row.state != State.DRAFT:
        return redirect("content:procedures_version_change", row.pk)
    if request.method == "GET":
        return _form_page(request, row, None, status=200)
    if request.POST.get("more") in forms.KINDS:
        return _form_page(request, row, forms.with_more(request.POST), status=200)
    return _save(request, row, request.POST)


def _form_page(request: OfficerRequest, row: Version, data: Any, status: int, said: str = "") -> HttpResponse:
    words, rows = forms.Texts(data, version=row), forms.rows_of(row, data)
    if status == 200 and data is not None:
        # Only rows were asked for: what is not finished yet is no mistake yet.
        for form in (words, *(one for kind in rows.values() for one in kind.forms)):
            form._errors = {}
    wrong = any(kind.is_bound and not kind.is_valid() for kind in rows.values()) and status != 200
    context = {"version": row, "form": words, "rows": rows, "said": said, "wrong": wrong, "at": "procedures"}
    return render(request, "procedures/admin/edit.html", context, status=status)


def _save(request: OfficerRequest, row: Version, data: Any) -> HttpResponse:
    words, rows = forms.Texts(data, version=row), forms.rows_of(row, data)
    if not all([words.is_valid(), *(one.is_valid() for one in rows.values())]):
        return _form_page(request, row, data, status=422)
    if words.cleaned_data["base"] != forms.fingerprint(row):
        said = _("Đ/c khác vừa lưu bản soạn này. Mở bản đó ở thẻ khác, chép phần của đồng chí vào rồi lưu lại.")
        return _form_page(request, row, data, status=409, said=said)
    try:
        actions.save_draft(row, words.words(rows), by=request.user)
        if "submit" in data:
            actions.submit(row, by=request.user)
    except Refused as refusal:
        return _form_page(request, row, data, status=409, said=str(refusal))
    done = _("Đã lưu và trình thẩm định.") if "submit" in data else _("Đã lưu bản soạn.")
    messages.success(request, done)
    return redirect("content:procedures_version_change", row.pk)


def _act(request: OfficerRequest, row: Version, name: str, form: Form, verb: Callable[[], object], said: str) -> Any:
    if status := attempt(form, verb):
        return _version_page(request, row.pk, status, **{name: form})
    messages.success(request, said)
    return redirect("content:procedures_version_change", row.pk)


def submit(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row, form = _version(request, pk), Form(request.POST)
    said = _("Đã trình thẩm định. Người thẩm định được báo.")
    return _act(request, row, "refused", form, lambda: actions.submit(row, by=request.user), said)


def return_(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row, form = _version(request, pk), forms.Reason(request.POST, auto_id="return_%s")

    def verb() -> None:
        actions.return_with_reason(row, reason=form.cleaned_data["reason"], by=request.user)

    return _act(request, row, "return", form, verb, _("Đã trả lại. Người trình được báo."))


def publish(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row, form = _version(request, pk), Form(request.POST)
    said = _("Đã công bố. Trang của người dân và máy trả lời dùng bản này từ bây giờ.")
    return _act(request, row, "refused", form, lambda: actions.publish(row, by=request.user), said)


def expire(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row, form = _version(request, pk), forms.End(request.POST, auto_id="expire_%s")

    def verb() -> None:
        actions.expire(row, reason=form.cleaned_data["reason"], by=request.user)

    return _act(request, row, "expire", form, verb, _("Đã cho hết hiệu lực. Người dân không còn thấy bản này."))

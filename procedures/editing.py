"""Editors' pages of the catalogue, mounted by ``procedures/admin.py``: read through the funnel, form, verb, page."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, Subquery
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from procedures import actions, difference, flow_models, forms, reviewing, sheet
from procedures.models import Procedure, UnitOverride, Version
from zalopolice.forms import attempt
from zalopolice.paging import page
from zalopolice.refusals import Refused
from zalopolice.units.models import Office, Officer
from zalopolice.units.seats import OfficerRequest
from zalopolice.vietnamese import fold

State = Version.State
TABS: dict[str, tuple[Any, Callable[[Officer], Q]]] = {
    "": (_lazy("Tất cả"), lambda by: Q()),
    "can": (_lazy("Cần xem lại"), reviewing.any_reason),
    "soan": (_lazy("Đang soạn"), lambda by: Q(state=State.DRAFT)),
    "cho": (_lazy("Chờ thẩm định"), lambda by: Q(state=State.IN_REVIEW)),
    "chua": (_lazy("Chưa thẩm định"), reviewing.REASONS["chua"]),
    "hen": (_lazy("Đến hạn xem lại"), reviewing.REASONS["hen"]),
    "luat": (_lazy("Luật đã đổi"), reviewing.REASONS["luat"]),
    "phi": (_lazy("Lệ phí sắp hết hạn"), reviewing.REASONS["phi"]),
}


def listing(request: OfficerRequest) -> HttpResponse:
    """Procedures of the unit and the province's, each with its newest and its published version."""
    versions = reviewing.explained(Version.objects.visible_to(request.user).filter(procedure=OuterRef("pk")))
    facts, shown = reviewing.facts(request.user), versions.filter(state=State.PUBLISHED)
    rows = Procedure.objects.visible_to(request.user).annotate(
        newest=Subquery(versions.order_by(reviewing.DISCARDED_LAST, "-number").values_list(facts)[:1]),
        shown=Subquery(shown.values_list(facts)[:1]),
        told=Exists(UnitOverride.objects.filter(unit=request.user.unit, procedure=OuterRef("pk"))),
    )
    tab = request.GET.get("muc") if request.GET.get("muc") in TABS else ""
    if tab:
        rows = rows.filter(Exists(versions.filter(TABS[tab][1](request.user))))
    asked = request.GET.get("tim", "").strip()[:100]
    if asked:
        rows = rows.filter(pk__in=_named(request, asked))
    found = page(rows, ("unit_id", "position", "slug", "pk"), request.GET.get("sau"))
    context = {
        "page": found,
        "lines": [(row, reviewing.said(row.shown)) for row in found.rows],  # type: ignore[attr-defined]  # annotated
        "tabs": [(slug, label) for slug, (label, _condition) in TABS.items()],
        "tab": tab,
        "asked": asked,
        "at": "procedures",
    }
    return render(request, "procedures/admin/listing.html", context | _elsewhere(request, tab))


def _elsewhere(request: OfficerRequest, tab: str | None) -> dict[str, Any]:
    """What stands above the first page of a list: what is to be read again and is no procedure of the unit."""
    by = request.user
    if request.GET.get("sau") or request.GET.get("tim"):
        return {}
    below = reviewing.below(by) if tab in {"can", "luat"} else []
    return {"below": below, "clashes": flow_models.clashing(by) if tab == "can" else []}


def _named(request: OfficerRequest, asked: str) -> set[uuid.UUID]:
    """Marks or not; a catalogue has some hundred names at most."""
    rows = Version.objects.visible_to(request.user).values_list("procedure", "name", "procedure__slug")
    words = fold(asked).split()
    return {pk for pk, name, slug in rows if all(word in f"{fold(name)} {fold(slug)}" for word in words)}


def overrides(request: OfficerRequest) -> HttpResponse:
    """Where the unit's hours, address or contact differ from what its office says: both, side by side."""
    by = request.user
    rows = UnitOverride.objects.visible_to(by).filter(unit=by.unit).select_related("procedure")
    shown = Version.objects.filter(procedure=OuterRef("procedure"), state=State.PUBLISHED)
    named = rows.annotate(name=Subquery(shown.values("name")[:1]), imported=Subquery(shown.values("imported")[:1]))
    found = page(named, ("pk",), request.GET.get("sau"))
    office = Office.objects.filter(unit=by.unit).values("hours", "address", "phone", "note").first()
    usual = sheet.place(office, None)
    lines = [(row, difference.of_place(usual, row)) for row in found.rows]
    return render(request, "procedures/admin/overrides.html", {"page": found, "lines": lines, "at": "procedures"})


def _procedure(request: OfficerRequest, pk: uuid.UUID) -> Procedure:
    rows = Procedure.objects.visible_to(request.user)
    return get_object_or_404(rows.annotate(facts=reviewing.facts_of("pk", request.user)), pk=pk)


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
        "reasons": reviewing.why(row),
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

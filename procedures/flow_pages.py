"""Editors' pages of menus and keywords, mounted by ``procedures/flow_admin.py``."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from procedures import catalogue, flow_actions, flow_forms, flow_models, flows, forms, two_people
from procedures.flow_models import Flow
from zalopolice.forms import attempt
from zalopolice.paging import page
from zalopolice.refusals import Refused
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

State = Flow.State


def listing(request: OfficerRequest) -> HttpResponse:
    """What is used or being written, and of what is over nothing."""
    rows = Flow.objects.visible_to(request.user).exclude(state=State.ENDED)
    found = page(rows, ("slug", "number", "pk"), request.GET.get("sau"))
    return render(request, "procedures/admin/flows.html", {"page": found, "at": "procedures"})


def add(request: OfficerRequest) -> HttpResponse:
    form = flow_forms.New(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        flow = flow_actions.add(**form.cleaned_data, by=request.user)
        return redirect("content:procedures_flow_edit", flow.pk)
    context = {"form": form, "at": "procedures"}
    return render(request, "procedures/admin/flow_add.html", context, status=422 if form.is_bound else 200)


def flow_of(request: OfficerRequest, pk: uuid.UUID) -> Flow:
    people = ("written_by", "submitted_by", "returned_by", "published_by", "ended_by")
    return get_object_or_404(Flow.objects.visible_to(request.user).select_related(*people), pk=pk)


def _names(request: OfficerRequest) -> dict[str, str]:
    return catalogue.for_editors(catalogue.published(request.user.unit.pk))


def change(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return flow_page(request, flow_of(request, pk))


def flow_page(
    request: OfficerRequest, flow: Flow, status: int = 200, trial: object = None, **bound: Form
) -> HttpResponse:
    """``trial``: the sentences it would answer, once somebody has asked."""
    by, names, public = request.user, _names(request), flow_models.published(request.user.unit.pk)
    mine = flow.unit_id == by.unit.pk
    lines = [(item["label"], flows.label_of(item["goes_to"], public, names)) for item in flow.items]
    context = {
        "flow": flow,
        "lines": lines,
        "goes_to": flows.label_of(flow.goes_to, public, names),
        "said": flows.menu_text(flow.text, [item["label"] for item in flow.items]) if flow.items else flow.text,
        "before": Flow.objects.visible_to(by).filter(unit=flow.unit_id, slug=flow.slug).exclude(pk=flow.pk).first(),
        "hides": flow_models.clashing(by).filter(pk=flow.pk).first() if mine else None,
        "clash": flow_actions.clash(flow, by=by) if mine and flow.state in {State.DRAFT, State.IN_REVIEW} else "",
        "may_edit": mine and by.may(Permission.PROCEDURE_EDIT),
        "may_review": mine and by.may(Permission.PROCEDURE_REVIEW),
        "wrote": by.pk in flow.writers or by.pk == flow.submitted_by_id,
        "may_withdraw": two_people.is_authors(flow, by),
        "seen": flow_actions.fingerprint(flow),
        "missing": flows.lacking(flow, public, names) if flow.state == State.DRAFT else [],
        "return": bound.get("return", forms.Reason(auto_id="return_%s")),
        "refused": bound.get("refused"),
        "trial": trial,
        "at": "procedures",
    }
    return render(request, "procedures/admin/flow.html", context, status=status)


@dataclass
class Editing:
    """The form of a draft with what was typed into it, saved or not."""

    flow: Flow
    words: flow_forms.Texts
    items: Any
    said: str = ""

    @property
    def is_valid(self) -> bool:
        both = [self.words.is_valid(), self.items.is_valid()]
        return all(both) and flow_forms.complain(self.words, self.items)

    @property
    def typed(self) -> Flow:
        """The draft as typed, saved nowhere."""
        given = self.words.words(self.items)
        return Flow(unit_id=self.flow.unit_id, slug=self.flow.slug, state=self.flow.state, **given)


def editing(request: OfficerRequest, pk: uuid.UUID, data: Any = None) -> Editing:
    flow = flow_of(request, pk)
    if flow.unit_id != request.user.unit.pk or not request.user.may(Permission.PROCEDURE_EDIT):
        raise PermissionDenied
    names, others = _names(request), flow_actions.standing(flow, by=request.user)
    clash = flow_actions.clash(flow, by=request.user)
    words = flow_forms.Texts(data, flow=flow, names=names, others=others, clash=clash)
    return Editing(flow, words, flow_forms.items_of(flow, flow_forms.destinations(names, others), data))


def edit(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    draft = editing(request, pk, request.POST if request.method == "POST" else None)
    if draft.flow.state != State.DRAFT:
        return redirect("content:procedures_flow_change", draft.flow.pk)
    if request.method == "GET":
        return edit_page(request, draft)
    if not draft.is_valid:
        return edit_page(request, draft, 422)
    if draft.words.cleaned_data["base"] != flow_actions.fingerprint(draft.flow):
        draft.said = _("Đ/c khác vừa lưu bản soạn này. Mở bản đó ở thẻ khác, chép phần của đồng chí vào rồi lưu lại.")
        return edit_page(request, draft, 409)
    return _save(request, draft)


def _save(request: OfficerRequest, draft: Editing) -> HttpResponse:
    try:
        flow_actions.save_draft(draft.flow, draft.words.words(draft.items), by=request.user)
        if "submit" in request.POST:
            flow_actions.submit(draft.flow, by=request.user)
    except Refused as refusal:
        draft.said = str(refusal)
        return edit_page(request, draft, 409)
    done = two_people.handed_in(draft.flow, request.user) if "submit" in request.POST else _("Đã lưu bản soạn.")
    messages.success(request, done)
    return redirect("content:procedures_flow_change", draft.flow.pk)


def edit_page(request: OfficerRequest, draft: Editing, status: int = 200, **more: Any) -> HttpResponse:
    wrong = bool(draft.words.errors) or (draft.items.is_bound and not draft.items.is_valid())
    context = {"draft": draft, "flow": draft.flow, "form": draft.words, "menu_rows": draft.items}
    context |= {"wrong": wrong and draft.words.is_bound, "at": "procedures"}
    return render(request, "procedures/admin/flow_edit.html", context | more, status=status)


def new_draft(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    flow = flow_actions.new_draft(flow_of(request, pk), by=request.user)
    going = flow.state == State.DRAFT
    return redirect("content:procedures_flow_edit" if going else "content:procedures_flow_change", flow.pk)


def _act(
    request: OfficerRequest, pk: uuid.UUID, name: str, form: Form, verb: Callable[[Flow], object], said: str
) -> Any:
    flow = flow_of(request, pk)
    if status := attempt(form, lambda: verb(flow)):
        now = flow_of(request, pk)
        if name == "return" and now.state != Flow.State.IN_REVIEW:
            name = "refused"  # the page no longer has the field to say it beside
        return flow_page(request, now, status, **{name: form})
    messages.success(request, said)
    return redirect("content:procedures_flow_change", pk)


def submit(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    said = two_people.handed_in(flow_of(request, pk), request.user)
    return _act(
        request, pk, "refused", Form(request.POST), lambda flow: flow_actions.submit(flow, by=request.user), said
    )


def withdraw(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    verb = partial(flow_actions.withdraw, by=request.user)
    return _act(request, pk, "refused", Form(request.POST), verb, _("Đã rút về. Đồng chí soạn tiếp được."))


def return_(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    form = forms.Reason(request.POST, auto_id="return_%s")

    def verb(flow: Flow) -> None:
        flow_actions.return_with_reason(flow, reason=form.cleaned_data["reason"], by=request.user)

    return _act(request, pk, "return", form, verb, _("Đã trả lại. Người trình được báo."))


def publish(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    said = _("Đã công bố. Máy trả lời dùng từ bây giờ.")
    verb = partial(flow_actions.publish, seen=request.POST.get("seen", ""), by=request.user)
    return _act(request, pk, "refused", Form(request.POST), verb, said)


def end(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    said = _("Đã thôi dùng. Menu dẫn tới mục này tự bỏ dòng đó.")
    return _act(request, pk, "refused", Form(request.POST), lambda flow: flow_actions.end(flow, by=request.user), said)

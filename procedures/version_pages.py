"""Editors' pages of one version: read, changed, attached to, submitted, judged. Mounted by ``procedures/admin.py``."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Exists, OuterRef, Subquery
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from procedures import actions, catalogue, difference, forms, preview, reviewing, two_people
from procedures.models import Procedure, Version
from zalopolice.forms import attempt
from zalopolice.gateway import shared_files
from zalopolice.gateway.models import SharedFile
from zalopolice.refusals import Refused
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

State = Version.State
GOING = (*reviewing.OPEN, State.PUBLISHED)


def version_of(request: OfficerRequest, pk: uuid.UUID) -> Version:
    people = ("written_by", "submitted_by", "returned_by", "published_by", "ended_by")
    rows = Version.objects.visible_to(request.user).select_related("procedure", *people)
    return get_object_or_404(rows.annotate(facts=reviewing.facts_of("procedure", request.user)), pk=pk)


def version(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return version_page(request, version_of(request, pk))


def version_page(
    request: OfficerRequest, row: Version, status: int = 200, trial: object = None, **bound: Form
) -> HttpResponse:
    """``row``: of ``version_of``; ``trial``: what its names and synonyms would change, once somebody has asked."""
    by = request.user
    others = list(Version.objects.visible_to(by).filter(procedure=row.procedure).exclude(pk=row.pk).defer("content"))
    before = _compared(request, row, others)
    mine, files = row.unit_id == by.unit.pk, _files(row, by)
    context = {
        "version": row,
        "reasons": reviewing.why(row) if row.state in GOING else [],
        "others": others,
        "before": before,
        "changes": difference.between(before, row) if before else [],
        "may_edit": mine and by.may(Permission.PROCEDURE_EDIT),
        "may_review": mine and by.may(Permission.PROCEDURE_REVIEW),
        "wrote": by.pk in row.writers or by.pk == row.submitted_by_id,
        "began": by.pk == row.written_by_id,
        "may_withdraw": two_people.is_authors(row, by),
        "seen": actions.fingerprint(row),
        "missing": actions.missing(row) if row.state == State.DRAFT else [],
        "files": files,
        "offered": [(one["title"], one["file"]) for one in files if one["file"]],
        "attach": bound.get("attach", forms.Attach(auto_id="attach_%s")),
        "return": bound.get("return", forms.Reason(auto_id="return_%s")),
        "expire": bound.get("expire", forms.End(auto_id="expire_%s")),
        "refused": bound.get("refused"),
        "trial": trial,
        "at": "procedures",
        **preview.of(row, by.unit),
    }
    return render(request, "procedures/admin/version.html", context, status=status)


def _compared(request: OfficerRequest, row: Version, others: list[Version]) -> Version | None:
    """The version somebody chose to compare with, else the one citizens saw before this one."""
    chosen = [one for one in others if str(one.number) == request.GET.get("so")]
    return next(iter(chosen or [one for one in others if one.number < row.number and one.published_at]), None)


def _files(row: Version, by: Officer) -> list[dict[str, Any]]:
    """What is attached, each with the row of the file where it still is."""
    named: list[dict[str, Any]] = row.content.get("files") or []
    rows = SharedFile.objects.visible_to(by).offered().in_bulk([one["id"] for one in named]) if named else {}
    return [one | {"file": rows.get(uuid.UUID(one["id"]))} for one in named]


def printout(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    """The version as it will lie on the counter: one sheet, with the unit's own place."""
    row = version_of(request, pk)
    return render(request, "procedures/admin/printout.html", {"version": row, **preview.of(row, request.user.unit)})


def edit(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row = own(request, pk)
    if row.state != State.DRAFT:
        return redirect("content:procedures_version_change", row.pk)
    if request.method == "GET":
        return form_page(request, row, None, status=200)
    if request.POST.get("more") in forms.KINDS:
        return form_page(request, row, forms.with_more(request.POST), status=200)
    return _save(request, row, request.POST)


def own(request: OfficerRequest, pk: uuid.UUID) -> Version:
    row = version_of(request, pk)
    if row.unit_id != request.user.unit.pk or not request.user.may(Permission.PROCEDURE_EDIT):
        raise PermissionDenied
    return row


def _names(by: Officer) -> dict[str, str]:
    """Every procedure an old name may stand for, by slug."""
    versions = Version.objects.filter(procedure=OuterRef("pk"))
    newest = versions.order_by("-number").values("name")[:1]
    judged = Exists(versions.filter(state=State.PUBLISHED, published_by__isnull=False))
    rows = Procedure.objects.visible_to(by).annotate(name=Subquery(newest), judged=judged)
    named = rows.values_list("slug", "name", "judged")
    return {slug: name if judged or not name else catalogue.unreviewed(name) for slug, name, judged in named}


def _texts(request: OfficerRequest, row: Version, data: Any) -> forms.Texts:
    laws = reviewing.to_compare(row, request.user)
    return forms.Texts(data, version=row, names=_names(request.user), laws=laws)


def form_page(
    request: OfficerRequest, row: Version, data: Any, status: int, said: str = "", **more: Any
) -> HttpResponse:
    """``more``: what a trial of the typed words has found."""
    words, rows = _texts(request, row, data), forms.rows_of(row, data)
    if status == 200 and data is not None:
        # Only rows were asked for: what is not finished yet is no mistake yet.
        for form in (words, *(one for kind in rows.values() for one in kind.forms)):
            form._errors = {}
    wrong = any(kind.is_bound and not kind.is_valid() for kind in rows.values()) and status != 200
    context = {"version": row, "form": words, "rows": rows, "said": said, "wrong": wrong, "at": "procedures"}
    context["reasons"] = reviewing.why(row)
    return render(request, "procedures/admin/edit.html", context | more, status=status)


def _save(request: OfficerRequest, row: Version, data: Any) -> HttpResponse:
    words, rows = _texts(request, row, data), forms.rows_of(row, data)
    if not all([words.is_valid(), *(one.is_valid() for one in rows.values())]):
        return form_page(request, row, data, status=422)
    if words.cleaned_data["base"] != actions.fingerprint(row):
        said = _("Đ/c khác vừa lưu bản soạn này. Mở bản đó ở thẻ khác, chép phần của đồng chí vào rồi lưu lại.")
        return form_page(request, row, data, status=409, said=said)
    try:
        found = {name: kind.found for name, kind in rows.items()}
        actions.save_draft(row, words.words(row, found), by=request.user)
        if "submit" in data:
            actions.submit(row, by=request.user)
    except Refused as refusal:
        return form_page(request, row, data, status=409, said=str(refusal))
    done = two_people.handed_in(row, request.user) if "submit" in data else _("Đã lưu bản soạn.")
    messages.success(request, done)
    return redirect("content:procedures_version_change", row.pk)


def attach(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row, form = own(request, pk), forms.Attach(request.POST, request.FILES, auto_id="attach_%s")

    def verb() -> None:
        try:
            actions.attach(row, **form.cleaned_data, by=request.user)
        except ValidationError as error:
            form.add_error("upload", error)

    if status := attempt(form, verb) or (422 if form.errors else 0):
        return version_page(request, version_of(request, pk), status, attach=form)
    messages.success(request, _("Đã đính tệp."))
    return redirect("content:procedures_version_change", row.pk)


def detach(request: OfficerRequest, pk: uuid.UUID, file: uuid.UUID) -> HttpResponse:
    row, form = own(request, pk), Form(request.POST)
    verb = partial(actions.detach, row, file, by=request.user)
    return _act(request, row, "refused", form, verb, _("Đã bỏ tệp khỏi bản này."))


def retire(request: OfficerRequest, pk: uuid.UUID, file: uuid.UUID) -> HttpResponse:
    """Takes a wrong file from citizens at once, in every version that has it; a page asks first."""
    row, by = own(request, pk), request.user
    named = [one for one in row.content.get("files") or [] if one["id"] == str(file)]
    kept = get_object_or_404(SharedFile.objects.visible_to(by).filter(unit=by.unit), pk=file if named else None)
    if request.method == "GET":
        context = {"version": row, "file": kept, "title": named[0]["title"], "at": "procedures"}
        return render(request, "procedures/admin/retire.html", context)
    verb = partial(shared_files.retire, kept, by=by)
    return _act(request, row, "refused", Form(request.POST), verb, _("Đã thu hồi tệp. Người dân không nhận được nữa."))


def _act(request: OfficerRequest, row: Version, name: str, form: Form, verb: Callable[[], object], said: str) -> Any:
    if status := attempt(form, verb):
        return version_page(request, version_of(request, row.pk), status, **{name: form})
    messages.success(request, said)
    return redirect("content:procedures_version_change", row.pk)


def submit(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row, form = version_of(request, pk), Form(request.POST)
    said = two_people.handed_in(row, request.user)
    return _act(request, row, "refused", form, lambda: actions.submit(row, by=request.user), said)


def withdraw(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row = version_of(request, pk)
    verb = partial(actions.withdraw, row, by=request.user)
    return _act(request, row, "refused", Form(request.POST), verb, _("Đã rút về. Đồng chí soạn tiếp được."))


def discard(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    """A page asks first."""
    row = own(request, pk)
    if request.method == "GET" and row.state == State.DRAFT and row.written_by_id == request.user.pk:
        return render(request, "procedures/admin/discard.html", {"version": row, "at": "procedures"})
    if request.method == "GET":
        return redirect("content:procedures_version_change", row.pk)
    verb = partial(actions.discard, row, by=request.user)
    return _act(request, row, "refused", Form(request.POST), verb, _("Đã bỏ bản soạn. Bản này được giữ để tra lại."))


def return_(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row, form = version_of(request, pk), forms.Reason(request.POST, auto_id="return_%s")
    waits = row.state == State.IN_REVIEW  # else the page has no field to say it beside
    name, asked = ("return", form) if waits else ("refused", Form(request.POST))

    def verb() -> None:
        actions.return_with_reason(row, reason=asked.cleaned_data.get("reason", ""), by=request.user)

    return _act(request, row, name, asked, verb, _("Đã trả lại. Người trình được báo."))


def publish(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row, form, seen = version_of(request, pk), Form(request.POST), request.POST.get("seen", "")
    said = _("Đã công bố. Trang của người dân và máy trả lời dùng bản này từ bây giờ.")
    return _act(request, row, "refused", form, partial(actions.publish, row, seen=seen, by=request.user), said)


def expire(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    row, form = version_of(request, pk), forms.End(request.POST, auto_id="expire_%s")

    def verb() -> None:
        actions.expire(row, reason=form.cleaned_data["reason"], by=request.user)

    return _act(request, row, "expire", form, verb, _("Đã cho hết hiệu lực. Người dân không còn thấy bản này."))

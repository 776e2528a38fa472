"""Cases: fetch through ``visible_to``, form, verb, message, redirect. The rules are in the verbs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tips import actions, canned, desk, forms, page_rows, threads
from tips.case_steps import steps_of
from tips.forms import half_written, kept_words
from tips.models import Case
from zalopolice.audit import log
from zalopolice.forms import attempt
from zalopolice.gateway import outbox, rules
from zalopolice.paging import page
from zalopolice.units.models import Membership, Officer
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

Status = Case.Status


# --- cases -------------------------------------------------------------------------------------------------------


@require_GET
def cases(request: OfficerRequest) -> HttpResponse:
    if not request.user.may(Permission.CASE_LIST):
        raise Http404
    tab = desk.tab(request.GET.get("muc"))
    rows = Case.objects.visible_to(request.user).filter(tab.condition(request.user))
    found = page(rows.select_related("area", "claimed_by"), tab.order, request.GET.get("sau"))
    readable = {row.pk for row in found.rows if row.readable_by(request.user)}
    threads.warm(readable)
    numbers = desk.counts(request.user)
    context = {
        "rows": [(row, row.pk in readable) for row in found.rows],
        "following": found.following,
        "tab": tab,
        "tabs": [(one, numbers[one.slug]) for one in desk.TABS],
        "at": "cases",
    }
    return render(request, "tips/cases.html", context)


def _case(request: OfficerRequest, pk: uuid.UUID) -> Case:
    return get_object_or_404(page_rows.cases(request.user), pk=pk)


@require_GET
def case(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _case_page(request, pk)


def _case_page(request: OfficerRequest, pk: uuid.UUID, status: int = 200, **bound: Form) -> HttpResponse:
    case, by = _case(request, pk), request.user
    readable = case.readable_by(by)
    log.append("case.viewed", case, by=by, words=readable)
    context: dict[str, Any] = {"case": case, "steps": steps_of(case), "at": "cases"}
    if case.status == Status.UNCLAIMED and by.may(Permission.CASE_ASSIGN):
        context["assign"] = bound.pop("assign", forms.Assign(case=case, auto_id="assign_%s"))
    context["may_hand_on"] = _may_hand_on(case, by)
    typed = half_written(request.POST)
    if not readable:
        context |= {"refused": list(bound.values()), "kept": kept_words(bound.values(), *typed.values())}
        return render(request, "tips/case_outside.html", context, status=status)
    if case.unread_since and case.claimed_by_id == by.pk:
        # Before the timeline is read: a message that is filed at this moment marks the case anew.
        Case.objects.visible_to(by).filter(pk=case.pk).update(unread_since=None)
    context["in_group"] = rules.only_in_group(case.citizen)
    context |= forms.on_case(bound, typed, is_open=case.status != Status.CLOSED and not context["in_group"])
    if case.status == Status.CLOSING and by.may(Permission.CASE_CLOSE):
        context["confirm"] = bound.pop("confirm", forms.Confirm(auto_id="confirm_%s"))
        # Read with the case, before the timeline: what arrives in between is on the page and still not seen.
        context["seen"] = " ".join(str(one) for one in vars(case)["received_ids"])
        context["told"] = outbox.words("case_closed", code=case.tip_code, result=case.result)
    context |= {
        "thread": threads.timeline(case, request.GET.get("sau")),
        "window": page_rows.window(case),
        "canned": canned.REPLIES,
        "refused": list(bound.values()),  # acts whose place on the page is gone
    }
    return render(request, "tips/case.html", context, status=status)


def _act(
    request: OfficerRequest, case: Case, allowed: bool, name: str, form: Form, verb: Callable[[], object], said: str
) -> HttpResponse:
    """An act on a case one may see: 403 without the right, the page again when it cannot be done.

    Whoever was writing when the case went to somebody else reads who has it now, and keeps the words."""
    if not allowed:
        return _too_late(request, case, name, form)
    try:
        status = attempt(form, verb)
    except PermissionDenied:
        return _too_late(request, case, name, form)
    if status:
        return _case_page(request, case.pk, status, **{name: form})
    messages.success(request, said)
    return _with_the_rest(request, case, name) or redirect("case", case.pk)


def _with_the_rest(request: OfficerRequest, case: Case, sent: str) -> HttpResponse | None:
    """After a reply the note that was half written beside it is still there, and the other way round."""
    blank = {"reply": forms.Reply, "note": forms.Note}
    rest = half_written(request.POST).keys() - {sent}
    if sent not in blank or not rest:
        return None
    left = (
        _("Ghi chú đang viết chưa lưu, còn ở dưới.")
        if "note" in rest
        else _("Câu trả lời đang viết chưa gửi, còn ở dưới.")
    )
    messages.warning(request, left)
    form: Form = blank[sent](auto_id=f"{sent}_%s")
    return _case_page(request, case.pk, 200, **{sent: form})


def _too_late(request: OfficerRequest, case: Case, name: str, form: Form) -> HttpResponse:
    if not kept_words([form], *half_written(request.POST).values()):
        raise PermissionDenied
    case = _case(request, case.pk)  # handed on while the page was being checked
    form.is_valid()
    holder = case.claimed_by.full_name if case.claimed_by else ""
    text = _("Đ/c %(name)s đang giữ vụ việc này. Chưa có gì được gửi hay lưu; lời đồng chí viết còn ở dưới.")
    form.add_error(None, text % {"name": holder} if holder else _("Vụ việc này chưa ai nhận; hãy nhận trước."))
    return _case_page(request, case.pk, 409, **{name: form})


def _may_hand_on(case: Case, by: Officer) -> bool:
    return by.may(Permission.CASE_ASSIGN) and case.status not in {Status.UNCLAIMED, Status.CLOSED}


@require_POST
def claim(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    case, by = _case(request, pk), request.user
    form = Form(request.POST)
    said = _("Đồng chí đã nhận vụ việc này.")
    return _act(request, case, by.may(Permission.CASE_CLAIM), "claim", form, lambda: actions.claim(case, by=by), said)


@require_POST
def assign(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    case, by = _case(request, pk), request.user
    form = forms.Assign(request.POST, case=case, auto_id="assign_%s")

    def verb() -> None:
        actions.assign(case, form.cleaned_data["officer"], by=by)

    return _act(request, case, by.may(Permission.CASE_ASSIGN), "assign", form, verb, _("Đã phân công vụ việc."))


@require_http_methods(["GET", "POST"])
def reassign(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    """A page of its own: it is rare, and says what it does before it is done."""
    case, by = _case(request, pk), request.user
    if not by.may(Permission.CASE_ASSIGN):
        raise PermissionDenied
    form = forms.Reassign(request.POST or None, case=case, auto_id="reassign_%s")
    status = 200

    def verb() -> None:
        actions.reassign(case, form.cleaned_data["officer"], by=by, reason=form.cleaned_data["reason"])

    if request.method == "POST":
        if not (status := attempt(form, verb)):
            messages.success(request, _("Đã giao lại vụ việc."))
            return redirect("case", pk)
        case = _case(request, pk)
    context = {"case": case, "form": form, "open": _may_hand_on(case, by), "at": "cases"}
    return render(request, "tips/handing.html", context, status=status)


@require_POST
def reply(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    case, by = _case(request, pk), request.user
    if case.workable_by(by) and (filled := canned.filled(request.POST)):
        return _case_page(request, pk, reply=filled)
    form = forms.Reply(request.POST, auto_id="reply_%s")
    said = _("Câu trả lời đang chờ gửi. Kết quả gửi hiện dưới tin.")

    def verb() -> None:
        actions.reply(case, by=by, **form.cleaned_data)

    return _act(request, case, case.workable_by(by), "reply", form, verb, said)


def _unsent(
    request: OfficerRequest, pk: uuid.UUID, message: uuid.UUID, verb: Callable[..., None], said: str
) -> HttpResponse:
    case, by = _case(request, pk), request.user
    if not case.workable_by(by):
        raise PermissionDenied
    row = get_object_or_404(threads.ours(case), pk=message)
    return _act(request, case, True, "unsent", Form(request.POST), lambda: verb(case, row, by=by), said)


@require_POST
def resend(request: OfficerRequest, pk: uuid.UUID, message: uuid.UUID) -> HttpResponse:
    return _unsent(request, pk, message, actions.resend, _("Tin đang chờ gửi lại."))


@require_POST
def acknowledge(request: OfficerRequest, pk: uuid.UUID, message: uuid.UUID) -> HttpResponse:
    return _unsent(request, pk, message, actions.acknowledge, _("Đã ghi nhận tin chưa gửi được."))


@require_POST
def note(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    case, by = _case(request, pk), request.user
    form = forms.Note(request.POST, auto_id="note_%s")

    def verb() -> None:
        actions.note(case, by=by, **form.cleaned_data)

    return _act(request, case, case.workable_by(by), "note", form, verb, _("Đã lưu ghi chú."))


@require_POST
def propose_closing(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    case, by = _case(request, pk), request.user
    form = forms.Propose(request.POST, auto_id="propose_%s")
    said = _("Đã đề nghị kết thúc. Lãnh đạo đơn vị sẽ duyệt.")
    if not Membership.objects.visible_to(by).others_who_may(Permission.CASE_CLOSE, by).exists():
        said = _(
            "Đã đề nghị kết thúc. Trong đơn vị chưa có lãnh đạo khác để duyệt: Trưởng đơn vị vào “Cán bộ và vai trò” "
            "giao vai trò Phó Trưởng cho một đồng chí."
        )
    return _act(
        request,
        case,
        case.workable_by(by),
        "propose",
        form,
        lambda: actions.propose_closing(case, by=by, **form.cleaned_data),
        said,
    )


@require_POST
def return_to_work(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    case, by = _case(request, pk), request.user
    form = forms.Return(request.POST, auto_id="back_%s")

    def verb() -> None:
        actions.return_to_work(case, reason=form.cleaned_data["reason"], by=by)

    said = _("Vụ việc trở lại với cán bộ đang xử lý.")
    return _act(request, case, by.may(Permission.CASE_CLOSE), "back", form, verb, said)


@require_POST
def close(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    case, by = _case(request, pk), request.user
    form = forms.Confirm(request.POST, auto_id="confirm_%s")

    def verb() -> None:
        actions.close(case, by=by, **form.cleaned_data)

    said = _("Vụ việc đã kết thúc. Kết quả đang được báo cho nguồn tin.")
    if rules.only_in_group(case.citizen):
        said = _("Vụ việc đã kết thúc.")
    return _act(request, case, by.may(Permission.CASE_CLOSE), "confirm", form, verb, said)

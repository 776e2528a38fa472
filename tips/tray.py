"""The pages of the tray: what nobody has sorted yet."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tips import actions, desk, forms, threads
from tips.forms import attempt
from tips.models import Case, TrayItem
from zalopolice.audit import log
from zalopolice.gateway import rules
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest


@require_GET
def tray(request: OfficerRequest) -> HttpResponse:
    if not request.user.may(Permission.TRAY_READ):
        raise Http404
    rows, following = desk.tray_rows(request.user, request.GET.get("sau"))
    return render(request, "tips/tray.html", {"rows": rows, "following": following, "at": "tray"})


def _item(request: OfficerRequest, pk: uuid.UUID) -> TrayItem:
    return get_object_or_404(TrayItem.objects.visible_to(request.user).listed().select_related("citizen"), pk=pk)


@require_GET
def tray_item(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _tray_page(request, pk)


def _tray_page(request: OfficerRequest, pk: uuid.UUID, status: int = 200, **bound: Form) -> HttpResponse:
    item = _item(request, pk)
    log.append("tray.viewed", item, by=request.user)
    thread = threads.tray_thread(item, request.GET.get("sau"))
    context = {
        "item": item,
        "thread": thread,
        "waiting": item.status == TrayItem.Status.WAITING,
        "sort": bound.get("sort") or forms.Sort(item=item, by=request.user),
        "reply": bound.get("reply") or forms.Reply(auto_id="reply_%s"),
        "put_away": bound.get("put_away") or forms.PutAway(auto_id="put_away_%s"),
        "seen": " ".join(map(str, item.unsorted_ids)),  # read before the thread: what arrives in between is unseen
        "refused": [bound["unsent"]] if "unsent" in bound else [],
        "window": rules.window_ends(item.citizen, timezone.now()),
        "at": "tray",
    }
    return render(request, "tips/tray_item.html", context, status=status)


@require_POST
def open_case(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    item = _item(request, pk)
    form = forms.Sort(request.POST, item=item, by=request.user)
    opened: list[Case] = []

    def verb() -> None:
        asked = form.cleaned_data
        names = ("title", "classification", "area")
        opened.append(
            actions.open_case(item, asked["messages"], by=request.user, **{name: asked[name] for name in names})
        )

    if status := attempt(form, verb):
        return _tray_page(request, pk, status, sort=form)
    text = _("Đã mở vụ việc %(code)s của nguồn tin %(alias)s.")
    messages.success(request, text % {"code": opened[0].tip_code, "alias": opened[0].alias})
    return redirect("case", opened[0].pk)


@require_POST
def add_to_case(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    item = _item(request, pk)
    form = forms.Sort(request.POST, item=item, by=request.user, act="add")

    def verb() -> None:
        actions.add_to_case(item, form.cleaned_data["messages"], form.cleaned_data["case"], by=request.user)

    if status := attempt(form, verb):
        return _tray_page(request, pk, status, sort=form)
    messages.success(request, _("Đã thêm tin vào vụ việc %(code)s.") % {"code": form.cleaned_data["case"].tip_code})
    return redirect("case", form.cleaned_data["case"].pk)


@require_POST
def answer(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    item = _item(request, pk)
    form = forms.Reply(request.POST, auto_id="reply_%s")
    if status := attempt(form, lambda: actions.answer_from_tray(item, by=request.user, **form.cleaned_data)):
        return _tray_page(request, pk, status, reply=form)
    messages.success(request, _("Câu trả lời đang chờ gửi. Kết quả gửi hiện dưới tin."))
    return redirect("tray_item", pk)


@require_POST
def sort_out(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    item = _item(request, pk)
    form = forms.PutAway(request.POST, auto_id="put_away_%s")
    if status := attempt(form, lambda: actions.sort_out(item, by=request.user, seen=form.cleaned_data["seen"])):
        return _tray_page(request, pk, status, put_away=form)
    messages.success(request, _("Đã xếp mục của người nhắn %(alias)s.") % {"alias": item.alias})
    return redirect("tray")


def _unsent(
    request: OfficerRequest, pk: uuid.UUID, message: uuid.UUID, verb: Callable[..., None], said: str
) -> HttpResponse:
    item = _item(request, pk)
    row, form = get_object_or_404(threads.ours(item), pk=message), Form(request.POST)
    if status := attempt(form, lambda: verb(item, row, by=request.user)):
        return _tray_page(request, pk, status, unsent=form)
    messages.success(request, said)
    return redirect("tray_item", pk)


@require_POST
def resend(request: OfficerRequest, pk: uuid.UUID, message: uuid.UUID) -> HttpResponse:
    return _unsent(request, pk, message, actions.resend, _("Tin đang chờ gửi lại."))


@require_POST
def acknowledge(request: OfficerRequest, pk: uuid.UUID, message: uuid.UUID) -> HttpResponse:
    return _unsent(request, pk, message, actions.acknowledge, _("Đã ghi nhận tin chưa gửi được."))

"""The pages of the tray: what nobody has sorted yet, and what was put away."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tips import actions, canned, danger, desk, forms, page_rows, rows, threads, tray_actions
from tips.models import Case, TrayItem
from zalopolice.audit import log
from zalopolice.forms import attempt
from zalopolice.gateway import rules
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest


def _list(request: OfficerRequest, item: TrayItem | None = None) -> dict[str, object]:
    """The left pane: one page of one tab, its words still closed."""
    slug = request.GET.get("muc") or (item and item.status == TrayItem.Status.SORTED and "da-cat") or None
    tab = desk.tray_tab(slug)
    items, following = rows.tray_rows(request.user, tab, request.GET.get("tiep"))
    return {"tab": tab, "tabs": desk.TRAY_TABS, "items": items, "following": following, "at": "tray"}


@require_GET
def tray(request: OfficerRequest) -> HttpResponse:
    if not request.user.may(Permission.TRAY_READ):
        raise Http404
    context = _list(request)
    items = context["items"]
    assert isinstance(items, list)
    threads.warm(item.citizen_id for item in items)
    return render(request, "tips/tray.html", context | {"rows": [rows.opened(item) for item in items]})


def _item(request: OfficerRequest, pk: uuid.UUID) -> TrayItem:
    return get_object_or_404(page_rows.items(request.user), pk=pk)


@require_GET
def tray_item(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _tray_page(request, pk)


def _tray_page(request: OfficerRequest, pk: uuid.UUID, status: int = 200, **bound: Form) -> HttpResponse:
    item = _item(request, pk)
    log.append("tray.viewed", item, by=request.user)
    context = _list(request, item)
    items = context["items"]
    assert isinstance(items, list)
    thread = threads.tray_thread(item, request.GET.get("sau"), also=[one.citizen_id for one in items])
    context |= {
        "rows": [rows.opened(one) for one in items],
        "item": item,
        "thread": thread,
        "alarm": _alarm(thread),
        "waiting": item.status == TrayItem.Status.WAITING,
        "sort": bound.get("sort") or forms.Sort(item=item, by=request.user),
        "reply": bound.get("reply") or forms.Reply(auto_id="reply_%s"),
        "canned": canned.REPLIES,
        "put_away": bound.get("put_away") or forms.PutAway(auto_id="put_away_%s"),
        "seen": " ".join(map(str, item.unsorted_ids)),  # read before the thread: what arrives in between is unseen
        "refused": [bound[name] for name in ("unsent", "take", "put_back") if name in bound],
        "window": page_rows.window(item),
        "in_group": rules.only_in_group(item.citizen),
    }
    return render(request, "tips/tray_item.html", context, status=status)


def _alarm(thread: threads.Thread) -> list[str]:
    """The dangerous words on this page of the thread, as they were written."""
    words = [word for line in thread.lines if line.is_danger for word in danger.reasons(line.text)]
    return list(dict.fromkeys(words))[:4]


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
    if filled := canned.filled(request.POST):
        return _tray_page(request, pk, reply=filled)
    form = forms.Reply(request.POST, auto_id="reply_%s")
    if status := attempt(form, lambda: tray_actions.answer_from_tray(item, by=request.user, **form.cleaned_data)):
        return _tray_page(request, pk, status, reply=form)
    messages.success(request, _("Câu trả lời đang chờ gửi. Kết quả gửi hiện dưới tin."))
    return redirect("tray_item", pk)


def _plain(request: OfficerRequest, pk: uuid.UUID, name: str, verb: Callable[..., None], said: str) -> HttpResponse:
    """An act of one button."""
    item, form = _item(request, pk), Form(request.POST)
    if status := attempt(form, lambda: verb(item, by=request.user)):
        return _tray_page(request, pk, status, **{name: form})
    messages.success(request, said % {"alias": item.alias})
    return redirect("tray_item", pk)


@require_POST
def take(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _plain(request, pk, "take", tray_actions.take, _("Đồng chí đã nhận người nhắn %(alias)s."))


@require_POST
def put_back(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _plain(request, pk, "put_back", tray_actions.put_back, _("Người nhắn %(alias)s đã trở lại hộp tin."))


@require_POST
def sort_out(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    item = _item(request, pk)
    form = forms.PutAway(request.POST, auto_id="put_away_%s")
    if status := attempt(form, lambda: tray_actions.sort_out(item, by=request.user, seen=form.cleaned_data["seen"])):
        return _tray_page(request, pk, status, put_away=form)
    text = _("Đã cất mục của người nhắn %(alias)s; tìm lại ở “Đã cất”.")
    messages.success(request, text % {"alias": item.alias})
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

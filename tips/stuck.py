"""The pages of what the machine could not read: a person looks, has it tried again, or says how it was dealt with."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tips import danger, threads
from zalopolice.audit import log
from zalopolice.forms import Plain, Words, attempt
from zalopolice.gateway import events, stuck
from zalopolice.gateway.models import StuckEvent
from zalopolice.paging import page
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest


class Handled(Plain):
    note = Words(
        label=gettext_lazy("Đã xử lý thế nào"),
        limit=500,
        rows=3,
        missing=gettext_lazy("Ghi ngắn gọn đã làm gì với tin này."),
    )


def kind_of(event: StuckEvent) -> str:
    """What it was, as far as its name tells."""
    if event.event_name.startswith(("user_send_", "anonymous_send_")):
        return _("Tin nhắn của người dân")
    if event.event_name in events.CALLS:
        return _("Cuộc gọi qua Zalo")
    return _("Zalo báo việc khác")


@require_GET
def stuck_events(request: OfficerRequest) -> HttpResponse:
    if not request.user.may(Permission.TRAY_READ):
        raise Http404
    rows = StuckEvent.objects.visible_to(request.user).select_related("handled_by")
    done = request.GET.get("muc") == "da-xong"
    rows = rows.exclude(handled_at=None, read_at=None) if done else rows.open()
    found = page(rows, ("-received_at", "-pk"), request.GET.get("sau"))
    context = {
        "events": [(row, kind_of(row)) for row in found.rows],
        "following": found.following,
        "done": done,
        "at": "tray",
    }
    return render(request, "tips/stuck_events.html", context)


@require_GET
def stuck_event(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _page(request, _event(request, pk))


def _event(request: OfficerRequest, pk: uuid.UUID) -> StuckEvent:
    return get_object_or_404(StuckEvent.objects.visible_to(request.user).select_related("handled_by", "oa"), pk=pk)


def _page(request: OfficerRequest, event: StuckEvent, status: int = 200, **bound: Form) -> HttpResponse:
    log.append("stuck.viewed", event, by=request.user)
    threads.warm([event.pk])
    context: dict[str, Any] = {
        "event": event,
        "kind": kind_of(event),
        "is_open": event.handled_at is None and event.read_at is None,
        "form": bound.get("form") or Handled(),
        "refused": [bound[name] for name in ("retry",) if name in bound],
        "alarm": danger.reasons(event.text),
        "at": "tray",
    }
    return render(request, "tips/stuck_event.html", context, status=status)


@require_POST
def retry(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    event, form = _event(request, pk), Form(request.POST)
    if status := attempt(form, lambda: stuck.try_again(event, by=request.user)):
        return _page(request, _event(request, pk), status, retry=form)
    messages.success(request, _("Máy đang đọc lại. Đọc được thì tin vào hộp tin."))
    return redirect("stuck_event", pk)


@require_POST
def handle(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    event, form = _event(request, pk), Handled(request.POST)
    if status := attempt(form, lambda: stuck.handle(event, note=form.cleaned_data["note"], by=request.user)):
        return _page(request, _event(request, pk), status, form=form)
    messages.success(request, _("Đã ghi nhận tin được xử lý tay."))
    return redirect("stuck_events")

"""The pages of Zalo groups: what is said there, and a tip made of it."""

from __future__ import annotations

import hashlib
import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tips import group_actions, threads
from zalopolice.audit import log
from zalopolice.gateway.models import ChatGroup, Message
from zalopolice.paging import page
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest
from zalopolice.vault.aliases import ALPHABET


@require_GET
def chat_groups(request: OfficerRequest) -> HttpResponse:
    if not request.user.may(Permission.TRAY_READ):
        raise Http404
    found = page(ChatGroup.objects.visible_to(request.user), ("-last_event_at", "-pk"), request.GET.get("sau"))
    context = {"groups": found.rows, "following": found.following, "at": "groups"}
    return render(request, "tips/chat_groups.html", context)


@require_GET
def chat_group(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    group = get_object_or_404(ChatGroup.objects.visible_to(request.user), pk=pk)
    log.append("group.viewed", group, by=request.user)
    thread = threads.group_thread(group, request.GET.get("sau"), member_of)
    context = {"group": group, "thread": thread, "at": "groups"}
    return render(request, "tips/chat_group.html", context)


@require_POST
def make_tip(request: OfficerRequest, pk: uuid.UUID, message: uuid.UUID) -> HttpResponse:
    group = get_object_or_404(ChatGroup.objects.visible_to(request.user), pk=pk)
    row = get_object_or_404(Message.objects.filter(unit=group.unit_id, group=group), pk=message)
    place = group_actions.make_tip(row, by=request.user)
    if place.case is not None:
        return redirect("case", place.case.pk)
    assert place.tray_item is not None
    messages.success(request, _("Tin này nằm ở mục của người nhắn %(alias)s.") % {"alias": place.tray_item.alias})
    return redirect("tray_item", place.tray_item.pk)


def member_of(group: ChatGroup, citizen: uuid.UUID) -> str:
    """Tells one speaker of a group from another, and joins them to nothing outside it."""
    digest = hashlib.sha256(group.pk.bytes + citizen.bytes).digest()
    return "".join(ALPHABET[byte % 32] for byte in digest[:4])

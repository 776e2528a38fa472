"""The unit's directory for its own officers: who can be called, and since when nobody has tried the number."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zalopolice.paging import page
from zalopolice.units import hotline
from zalopolice.units.account import seated
from zalopolice.units.models import HotlineContact
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

ORDER = ("verified_on", "position", "pk")


@require_GET
def directory(request: OfficerRequest) -> HttpResponse:
    """What was not tried for the longest time stands first."""
    by, today = seated(request), timezone.localdate()
    rows = HotlineContact.objects.visible_to(by).select_related("area", "officer")
    found = page(rows, ORDER, request.GET.get("sau"))
    lines = [(one, hotline.is_stale(one, today)) for one in found.rows]
    context = {"lines": lines, "following": found.following, "today": today, "at": "duty"}
    return render(request, "units/hotline.html", context | {"may_edit": by.may(Permission.HOTLINE_EDIT)})


@require_POST
def verify(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    by = seated(request)
    contact = get_object_or_404(HotlineContact.objects.visible_to(by), pk=pk)
    if not by.may(Permission.HOTLINE_EDIT):
        raise PermissionDenied
    hotline.verify(contact, by=by)
    messages.success(request, _("Đã ghi: số %(phone)s gọi được hôm nay.") % {"phone": contact.phone})
    return redirect("hotline")

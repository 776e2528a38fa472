"""Who holds which role in the unit; the chief gives and takes them back."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zalopolice.paging import page
from zalopolice.states import WrongState
from zalopolice.units import actions
from zalopolice.units.forms import Depute, Grant
from zalopolice.units.fresh import fresh_sign_in
from zalopolice.units.models import Membership, Officer
from zalopolice.units.roles import GRANTED_BY_CHIEF, Permission, Role
from zalopolice.units.seats import OfficerRequest

ORDER = ("officer_id", "role", "deputation", "since", "pk")
COMMAND_FIRST: list[str] = [
    Role.CHIEF,
    Role.DEPUTY_CHIEF,
    *(role for role in Role if role not in {Role.CHIEF, Role.DEPUTY_CHIEF}),
]


def chief(request: OfficerRequest) -> Officer:
    """The page exists for whoever may grant roles; for everybody else it does not."""
    if not request.user.may(Permission.ROLE_GRANT):
        raise Http404
    return request.user


def _list(request: OfficerRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    officer, today = chief(request), timezone.localdate()
    rows = Membership.objects.visible_to(officer).not_over(today).select_related("officer")
    found = page(rows, ORDER, request.GET.get("sau"))
    people: dict[uuid.UUID, list[Membership]] = {}
    chosen, given = forms.get("membership"), forms.get("depute")
    for row in found.rows:
        people.setdefault(row.officer_id, []).append(row)
        if row.role == Role.DEPUTY_CHIEF and not row.deputation:
            blank = Depute(initial={"since": today}, auto_id=f"{row.pk}-%s")
            row.form = given if row == chosen else blank  # type: ignore[attr-defined]  # for the page
    context = {
        "people": sorted(people.values(), key=_place),
        "page": found,
        "today": today,
        "grantable": GRANTED_BY_CHIEF,
        "grant": forms.get("grant") or Grant(initial={"since": today}),
        "at": "people",
    }
    return render(request, "units/people.html", context, status=status)


def _place(held: list[Membership]) -> tuple[int, str]:
    """Within a page: chief, deputies, then the others, by name."""
    return min(COMMAND_FIRST.index(row.role) for row in held), held[0].officer.full_name


@require_GET
def people(request: OfficerRequest) -> HttpResponse:
    return _list(request)


@require_POST
def role_grant(request: OfficerRequest) -> HttpResponse:
    chief(request)
    return _grant(request)


@fresh_sign_in
def _grant(request: OfficerRequest) -> HttpResponse:
    form = Grant(request.POST)
    if not form.is_valid():
        return _list(request, status=422, grant=form)
    given = form.cleaned_data
    try:
        actions.grant_role(
            form.officer, role=given["role"], since=given["since"], until=given["until"], by=request.user
        )
    except PermissionDenied:
        form.add_error("username", _("Không ai tự giao vai trò cho mình."))
        return _list(request, status=422, grant=form)
    except WrongState as refusal:
        form.add_error(None, str(refusal))
        return _list(request, status=409, grant=form)
    messages.success(request, _("Đã giao vai trò; có hiệu lực từ ngày đã chọn."))
    return redirect("people")


def _membership(request: OfficerRequest, pk: uuid.UUID) -> Membership:
    rows = Membership.objects.visible_to(chief(request)).select_related("officer")
    return get_object_or_404(rows, pk=pk)


@require_POST
def role_end(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _end(request, _membership(request, pk))


@fresh_sign_in
def _end(request: OfficerRequest, membership: Membership) -> HttpResponse:
    try:
        actions.end_role(membership, by=request.user)
    except WrongState as refusal:
        return render(request, "units/refused.html", {"sentence": str(refusal), "at": "people"}, status=409)
    messages.success(request, _("Đã thu hồi vai trò; có hiệu lực ngay."))
    return redirect("people")


@require_POST
def role_depute(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    membership = _membership(request, pk)
    if membership.role != Role.DEPUTY_CHIEF:
        raise PermissionDenied
    return _depute(request, membership)


@fresh_sign_in
def _depute(request: OfficerRequest, membership: Membership) -> HttpResponse:
    form = Depute(request.POST, auto_id=f"{membership.pk}-%s")
    if not form.is_valid():
        return _list(request, status=422, depute=form, membership=membership)
    try:
        actions.depute(membership, by=request.user, **form.cleaned_data)
    except WrongState as refusal:
        form.add_error(None, str(refusal))
        return _list(request, status=409, depute=form, membership=membership)
    messages.success(request, _("Đã ghi ủy quyền."))
    return redirect("people")

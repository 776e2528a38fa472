"""Decisions about a post. Each has a page of its own that repeats what will happen, and the button that names it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from broadcasts import actions, guards, reading
from broadcasts.forms import Decide, Reason, Settle
from broadcasts.models import Dispatch, PostVersion
from broadcasts.views import latest
from zalopolice.forms import Plain, attempt
from zalopolice.units.fresh import fresh_sign_in
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

Status = PostVersion.Status


@dataclass(frozen=True)
class Act:
    """``says``: what will happen, in sentences; ``why_not``: why it cannot, or ""."""

    permission: Permission
    title: Any
    says: Callable[[PostVersion, Officer], str]
    button: Any
    done: Any
    icon: str
    form: type[Form]
    verb: Callable[[PostVersion, Officer, dict[str, Any]], object]
    why_not: Callable[[PostVersion, Officer], str] = lambda version, by: ""
    warns: Callable[[PostVersion, Officer], str] = lambda version, by: ""
    main: bool = False


def _approve(version: PostVersion, by: Officer, given: dict[str, Any]) -> None:
    found = {finding.kind for finding in reading.findings(version, by)}
    actions.approve(version, by=by, seen=given["seen"], findings=found)


def _why_not_approve(version: PostVersion, by: Officer) -> str:
    if version.status != Status.SUBMITTED:
        return _("Bản này không còn chờ duyệt.")
    return reading.why_not_approve(version, by)


def _still_open(version: PostVersion, by: Officer) -> str:
    number = len(reading.findings(version, by))
    words = ngettext(
        "Còn %(n)s điều máy soát chưa sửa. Nếu vẫn duyệt, tên đồng chí được ghi kèm.",
        "Còn %(n)s điều máy soát chưa sửa. Nếu vẫn duyệt, tên đồng chí được ghi kèm.",
        number,
    )
    return words % {"n": number} if number else ""


APPROVE = Act(
    Permission.POST_APPROVE,
    gettext_lazy("Duyệt bản %(number)s?"),
    reading.consequence,
    gettext_lazy("Duyệt bản %(number)s"),
    gettext_lazy("Đã duyệt bản %(number)s. Bài tự gửi khi tới giờ."),
    "stamp",
    Decide,
    _approve,
    _why_not_approve,
    _still_open,
    main=True,
)
RETURN = Act(
    Permission.POST_APPROVE,
    gettext_lazy("Trả lại bản %(number)s?"),
    lambda version, by: _(
        "Người soạn thấy lý do, sửa thành bản mới rồi gửi duyệt lại. Chưa có gì được gửi cho bà con."
    ),
    gettext_lazy("Trả lại bản %(number)s"),
    gettext_lazy("Đã trả lại bản %(number)s."),
    "undo-2",
    Reason,
    lambda version, by, given: actions.return_(version, by=by, **given),
)
HOLD = Act(
    Permission.POST_WRITE,
    gettext_lazy("Giữ bài lại?"),
    lambda version, by: _(
        "Những OA chưa gửi sẽ dừng. Bài đã gửi thì không thu hồi được. Lãnh đạo có thể cho gửi tiếp."
    ),
    gettext_lazy("Giữ bài lại"),
    gettext_lazy("Đã giữ bài lại."),
    "hand",
    Reason,
    lambda version, by, given: actions.hold(version, by=by, **given),
)


def _why_not_release(version: PostVersion, by: Officer) -> str:
    held = version.dispatches.filter(state=Dispatch.State.HELD).select_related("oa")
    return reading.sentence(guards.require_releasable, version, held)


RELEASE = Act(
    Permission.POST_APPROVE,
    gettext_lazy("Cho gửi tiếp?"),
    lambda version, by: (
        _("Bài được gửi %(time)s, đúng như đã duyệt. Gửi rồi không thu hồi được.") % {"time": reading.leaves(version)}
    ),
    gettext_lazy("Cho gửi tiếp bản %(number)s"),
    gettext_lazy("Bài đã trở lại hàng chờ gửi."),
    "send",
    Plain,
    lambda version, by, given: actions.release(version, by=by),
    _why_not_release,
    main=True,
)
WITHDRAW = Act(
    Permission.POST_WRITE,
    gettext_lazy("Rút bài này?"),
    lambda version, by: _("Bài không gửi nữa và không duyệt được nữa. Lời văn còn giữ để soạn lại thành bài mới."),
    gettext_lazy("Rút bài"),
    gettext_lazy("Đã rút bài."),
    "archive",
    Reason,
    lambda version, by, given: actions.withdraw(version, by=by, **given),
)


def _act(request: OfficerRequest, pk: uuid.UUID, act: Act) -> HttpResponse:
    version, by = latest(request, pk), request.user
    if not by.may(act.permission):
        raise PermissionDenied
    posted = request.method == "POST"
    form = act.form(request.POST if posted else None, initial={"seen": version.digest})
    status, why_not = 200, act.why_not(version, by)
    if posted:
        status = attempt(form, lambda: act.verb(version, by, form.cleaned_data))
        if not status:
            messages.success(request, act.done % {"number": version.number})
            return redirect("post", pk)
    number = {"number": version.number}
    context = {"act": act, "version": version, "form": form, "why_not": why_not, "says": act.says(version, by)}
    context["warns"] = act.warns(version, by)
    context |= {"title": act.title % number, "button": act.button % number, "at": "posts"}
    return render(request, "broadcasts/act.html", context, status=status or 409)


@fresh_sign_in
def _decided(request: OfficerRequest, pk: uuid.UUID, act: Act) -> HttpResponse:
    return _act(request, pk, act)


@require_http_methods(["GET", "POST"])
def approve(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    """Reading what will happen needs no password; making it happen does."""
    _refuse_outsiders(request, pk, APPROVE)
    return (_decided if request.method == "POST" else _act)(request, pk, APPROVE)


@require_http_methods(["GET", "POST"])
def release(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    _refuse_outsiders(request, pk, RELEASE)
    return (_decided if request.method == "POST" else _act)(request, pk, RELEASE)


def _refuse_outsiders(request: OfficerRequest, pk: uuid.UUID, act: Act) -> None:
    """Before the password is asked: a page that asks for one would tell that there is something."""
    latest(request, pk)
    if not request.user.may(act.permission):
        raise PermissionDenied


@require_http_methods(["GET", "POST"])
def return_(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _act(request, pk, RETURN)


@require_http_methods(["GET", "POST"])
def hold(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _act(request, pk, HOLD)


@require_http_methods(["GET", "POST"])
def withdraw(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    return _act(request, pk, WITHDRAW)


@require_POST
def copy(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    version, by = latest(request, pk), request.user
    if not by.may(Permission.POST_WRITE):
        raise PermissionDenied
    made = actions.copy(version, by=by)
    messages.success(request, _("Đã chép thành bài mới. Chọn giờ gửi rồi gửi duyệt."))
    return redirect("post_edit", made.post_id)


# --- one account of a post ---------------------------------------------------------------------------------------


def _of(version: PostVersion, pk: uuid.UUID) -> Dispatch:
    return get_object_or_404(version.dispatches.select_related("oa", "version"), pk=pk)


@require_http_methods(["GET", "POST"])
def cancel(request: OfficerRequest, pk: uuid.UUID, dispatch: uuid.UUID) -> HttpResponse:
    row = _of(latest(request, pk), dispatch)
    act = Act(
        Permission.POST_WRITE,
        gettext_lazy("Không gửi qua OA này?"),
        lambda version, by: _("Bài không gửi qua OA %(name)s. Các OA khác vẫn gửi.") % {"name": row.oa.name},
        gettext_lazy("Bỏ OA này"),
        gettext_lazy("Đã bỏ OA này khỏi lượt gửi."),
        "circle-slash",
        Reason,
        lambda version, by, given: actions.cancel(row, by=by, **given),
    )
    return _act(request, pk, act)


@require_http_methods(["GET", "POST"])
def settle(request: OfficerRequest, pk: uuid.UUID, dispatch: uuid.UUID) -> HttpResponse:
    row = _of(latest(request, pk), dispatch)
    act = Act(
        Permission.POST_APPROVE,
        gettext_lazy("Bài chưa rõ đã gửi: kết luận"),
        lambda version, by: (
            _(
                "Mở OA Manager của %(name)s, vào mục bài đã gửi, tìm bài này rồi chọn ở dưới. "
                "Máy chỉ ghi lại, không gửi gì."
            )
            % {"name": row.oa.name}
        ),
        gettext_lazy("Ghi kết luận"),
        gettext_lazy("Đã ghi kết luận."),
        "circle-question-mark",
        Settle,
        lambda version, by, given: actions.settle(row, sent=given["sent"] == "yes", reason=given["reason"], by=by),
        main=True,
    )
    _refuse_outsiders(request, pk, act)
    return (_decided if request.method == "POST" else _act)(request, pk, act)

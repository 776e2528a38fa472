"""The roster of a week: everybody in the unit reads it, command writes it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods

from zalopolice.forms import Plain
from zalopolice.refusals import Refused
from zalopolice.units import duty
from zalopolice.units.account import seated
from zalopolice.units.models import DutyShift, Officer
from zalopolice.units.roles import Permission
from zalopolice.units.seats import OfficerRequest

FARTHEST = timedelta(days=366)


class Day(forms.CharField):
    """A day as people write or paste it: 21/11, 21-11-2026, 2026-11-21."""

    def to_python(self, value: Any) -> date | None:  # type: ignore[override]
        text = str(value or "").strip()
        if not text:
            return None
        today = timezone.localdate()
        numbers = [int(one) for one in re.findall(r"\d{1,4}", text)]
        if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text):
            numbers.reverse()
        try:
            day, month, *year = numbers
            if len(year) > 1 or re.search(r"[^\d\s./-]", text):
                raise ValueError
            found = date(year[0] if year else today.year, month, day)
            # Written without a year, in December, for January.
            return found if year or found > today - timedelta(days=180) else found.replace(year=today.year + 1)
        except ValueError:
            raise ValidationError(_("Ghi ngày và tháng, ví dụ 21/11.")) from None


class Clock(forms.CharField):
    """A time as people write or paste it: 19:00, 19h, 7h30, 19.30."""

    def to_python(self, value: Any) -> time | None:  # type: ignore[override]
        text = str(value or "").strip().lower()
        if not text:
            return None
        found = re.fullmatch(r"(\d{1,2})(?:\s*[:h.g]\s*(\d{2})?)?", text)
        try:
            if found is None:
                raise ValueError
            return time(int(found[1]), int(found[2] or 0))
        except ValueError:
            raise ValidationError(_("Ghi giờ và phút, ví dụ 19:00.")) from None


class Plan(Plain):
    officer = forms.ChoiceField(
        label=pgettext_lazy("một người", "Cán bộ"), error_messages={"required": _("Chọn cán bộ trực.")}
    )
    post = forms.ChoiceField(label=_("Vị trí"), choices=DutyShift.Post.choices)
    day = Day(label=_("Ngày bắt đầu"), help_text=_("Ngày/tháng, ví dụ 21/11."))
    starts = Clock(label=_("Từ giờ"))
    ends = Clock(label=_("Đến giờ"), help_text=_("Nhỏ hơn giờ bắt đầu là sang hôm sau."))

    def __init__(self, *args: Any, people: Iterable[Officer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(one.pk): one for one in people}
        fields: dict[str, Any] = self.fields
        fields["officer"].choices = [("", _("Chọn…")), *((pk, str(one)) for pk, one in self.people.items())]
        fields["officer"].error_messages["invalid_choice"] = _("Cán bộ này không còn trong đơn vị. Chọn lại.")
        missing = {"day": _("Ghi ngày."), "starts": _("Ghi giờ bắt đầu."), "ends": _("Ghi giờ hết ca.")}
        for name, words in missing.items():
            fields[name].error_messages["required"] = words
            fields[name].widget.attrs |= {"autocomplete": "off", "maxlength": 20}

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if abs(day - timezone.localdate()) > FARTHEST:
            raise ValidationError(_("Chọn ngày cách hôm nay không quá một năm."))
        return day

    def moments(self) -> tuple[datetime, datetime]:
        given = self.cleaned_data
        starts = timezone.make_aware(datetime.combine(given["day"], given["starts"]))
        ends = timezone.make_aware(datetime.combine(given["day"], given["ends"]))
        return starts, ends if ends > starts else ends + timedelta(days=1)


@dataclass(frozen=True)
class DayOfWeek:
    day: date
    shifts: list[DutyShift]


@require_http_methods(["GET", "POST"])
def roster(request: OfficerRequest) -> HttpResponse:
    by = seated(request)
    if request.method == "GET":
        return _page(request)
    if not by.may(Permission.DUTY_PLAN):
        raise PermissionDenied
    form = Plan(request.POST, people=duty.members(by))
    if not form.is_valid():
        return _page(request, form, 422)
    starts, ends = form.moments()
    try:
        duty.plan(form.people[form.cleaned_data["officer"]], form.cleaned_data["post"], starts, ends, by=by)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, form, 409)
    messages.success(request, _("Đã thêm ca trực."))
    return redirect(f"{request.path}?tuan={form.cleaned_data['day']:%Y-%m-%d}")


@require_http_methods(["GET", "POST"])
def remove(request: OfficerRequest, pk: uuid.UUID) -> HttpResponse:
    """A page of its own that says whose shift goes: one press beside the wrong name would be no repair."""
    rows = DutyShift.objects.visible_to(seated(request)).select_related("officer")
    shift = get_object_or_404(rows, pk=pk)
    if not request.user.may(Permission.DUTY_PLAN):
        raise PermissionDenied
    if request.method == "GET":
        return render(request, "units/duty_remove.html", {"shift": shift, "at": "duty"})
    day = timezone.localdate(shift.starts_at)
    try:
        duty.remove(shift, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _page(request, status=409)
    messages.success(request, _("Đã bỏ ca trực."))
    return redirect(f"/truc-ban/?tuan={day:%Y-%m-%d}")


def _page(request: OfficerRequest, form: Plan | None = None, status: int = 200) -> HttpResponse:
    by, monday = request.user, _monday(request.GET.get("tuan", ""))
    first = timezone.make_aware(datetime.combine(monday, time()))
    shifts = DutyShift.objects.visible_to(by).filter(starts_at__lt=first + timedelta(days=7), ends_at__gt=first)
    rows = list(shifts.select_related("officer").order_by("starts_at", "post", "pk"))
    days = [monday + timedelta(days=number) for number in range(7)]
    may = by.may(Permission.DUTY_PLAN)
    if may and form is None:
        form = Plan(people=duty.members(by), initial={"day": f"{max(monday, timezone.localdate()):%d/%m/%Y}"})
    context = {
        "days": [DayOfWeek(day, [row for row in rows if _first_day(row, monday) == day]) for day in days],
        "monday": monday,
        "sunday": days[-1],
        "earlier": monday - timedelta(days=7),
        "later": monday + timedelta(days=7),
        "form": form if may else None,
        "now": timezone.now(),
        "today": timezone.localdate(),
        "at": "duty",
    }
    return render(request, "units/duty.html", context, status=status)


def _first_day(shift: DutyShift, monday: date) -> date:
    """A night shift of the Sunday before stands under Monday."""
    return max(timezone.localdate(shift.starts_at), monday)


def _monday(text: str) -> date:
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        day = timezone.localdate()
    day = min(max(day, date(2000, 1, 3)), date(2100, 1, 4))
    return day - timedelta(days=day.weekday())

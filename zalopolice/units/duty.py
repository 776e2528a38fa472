"""The duty roster: who may plan, what is refused."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice.audit import log
from zalopolice.refusals import Refused
from zalopolice.units.models import DutyShift, Membership, Officer
from zalopolice.units.roles import Permission

LONGEST = timedelta(hours=24)


def members(officer: Officer) -> QuerySet[Officer]:
    """Whom the roster of this officer's unit may name: whoever works there today and may read its cases' list."""
    held = (
        Membership.objects.current()
        .filter(unit=officer.unit)
        .exclude(role__in=("province_inspector", "content_editor", "system_administrator"))
    )
    return Officer.objects.filter(is_active=True, pk__in=held.values("officer")).order_by("full_name", "pk")


@transaction.atomic
def plan(to: Officer, post: str, starts_at: datetime, ends_at: datetime, *, by: Officer) -> DutyShift:
    """Puts a shift into the roster. One officer has one place at a time."""
    if not by.may(Permission.DUTY_PLAN):
        raise PermissionDenied
    if to not in members(by):
        raise Refused(_("Chỉ xếp lịch cho cán bộ đang làm việc trong đơn vị."))
    if ends_at <= timezone.now():
        raise Refused(_("Ca này đã qua. Xem lại ngày và giờ."))
    if ends_at - starts_at > LONGEST:
        raise Refused(_("Một ca dài nhất 24 giờ. Ca dài hơn thì xếp thành nhiều ca."))
    _alone(to)
    same = {"officer": to, "post": post, "starts_at": starts_at, "ends_at": ends_at}
    shifts = DutyShift.objects.visible_to(by)
    if known := shifts.filter(**same).first():
        return known  # the second press of the same button
    clash = shifts.filter(officer=to, starts_at__lt=ends_at, ends_at__gt=starts_at).first()
    if clash is not None:
        said = {"name": to.full_name, "from": _clock(clash.starts_at), "to": _clock(clash.ends_at)}
        raise Refused(_("Đ/c %(name)s đã có ca từ %(from)s đến %(to)s. Chọn giờ khác hoặc bỏ ca kia trước.") % said)
    shift = DutyShift.objects.create(unit=by.unit, planned_by=by, **same)
    log.append("duty.planned", shift, by=by, officer=str(to.pk), post=post)
    return shift


@transaction.atomic
def remove(shift: DutyShift, *, by: Officer) -> None:
    """What has been done stays on record; only what is still to come or running can be taken out."""
    if not by.may(Permission.DUTY_PLAN):
        raise PermissionDenied
    if shift.ends_at <= timezone.now():
        raise Refused(_("Ca đã qua được giữ lại trong sổ."))
    log.append("duty.removed", shift, by=by, officer=str(shift.officer_id), post=shift.post)
    shift.delete()


def _alone(officer: Officer) -> None:
    """Two chiefs planning the same officer at one moment see each other's shift."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"duty {officer.pk}"])


def _clock(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M %d/%m}"

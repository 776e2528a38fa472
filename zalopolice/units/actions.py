"""What officers do to their own account, and chiefs to roles. Every verb writes its audit entry."""

from __future__ import annotations

from datetime import date

from allauth.mfa.models import Authenticator
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice.audit import log
from zalopolice.states import WrongState
from zalopolice.units import devices, factors
from zalopolice.units.models import Alert, Membership, Officer
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import GRANTED_BY_CHIEF, Permission, Role

# --- one's own account -----------------------------------------------------------------------------------------------


def change_password(request: HttpRequest, password: str, *, by: Officer) -> None:
    by.set_password(password)
    by.must_change_password = False
    by.save(update_fields=["password", "must_change_password"])
    update_session_auth_hash(request, by)
    log.append("officer.password_changed", by, by=by, unit=by.unit.pk)
    devices.end(request, by=by)


def add_app(request: HttpRequest, code: str, *, by: Officer) -> bool:
    made = factors.add_totp(request, by, code)
    if made is not None:
        _added(request, made, by=by)
    return made is not None


def add_key(request: HttpRequest, name: str, answer: str, *, by: Officer) -> bool:
    made = factors.add_key(request, by, name, answer)
    if made is not None:
        _added(request, made, by=by)
    return made is not None


def _added(request: HttpRequest, made: Authenticator, *, by: Officer) -> None:
    """Sessions that were opened without the factor end: they would go on without it."""
    request.session[factors.SESSION_FACTOR] = made.type
    request.session.cycle_key()
    log.append("officer.factor_added", by, by=by, unit=by.unit.pk, factor=made.type)
    devices.end(request, by=by)


def remove_factor(request: HttpRequest, row: Authenticator, *, by: Officer) -> None:
    kind = row.type
    factors.remove(row, by)
    log.append("officer.factor_removed", by, by=by, unit=by.unit.pk, factor=kind)


def new_recovery_codes(request: HttpRequest, *, by: Officer) -> list[str]:
    codes = factors.new_recovery_codes(request, by)
    log.append("officer.recovery_codes_made", by, by=by, unit=by.unit.pk)
    return codes


# --- roles -----------------------------------------------------------------------------------------------------------


def grant_role(officer: Officer, *, role: str, since: date, until: date | None, by: Officer) -> Membership:
    """A chief gives the roles below their own, never to themselves."""
    _refuse(officer, by)
    if role not in GRANTED_BY_CHIEF:
        raise PermissionDenied
    return _give(officer, role, since, until, "", by)


def depute(membership: Membership, *, deputation: str, since: date, until: date, by: Officer) -> Membership:
    """The chief lets a deputy approve posts, in writing, from a day to a day (design D21)."""
    _refuse(membership.officer, by)
    if membership.role != Role.DEPUTY_CHIEF:
        raise PermissionDenied
    return _give(membership.officer, Role.DEPUTY_CHIEF, since, until, deputation, by)


def _give(officer: Officer, role: str, since: date, until: date | None, deputation: str, by: Officer) -> Membership:
    fields = {"role": role, "since": since, "until": until, "deputation": deputation}
    try:
        with transaction.atomic():
            row = Membership.objects.create(unit=by.unit, officer=officer, **fields)
    except IntegrityError:
        raise WrongState(_("Cán bộ đã có vai trò này từ ngày đó.")) from None
    kind = "role.deputed" if deputation else "role.granted"
    log.append(kind, row, by=by, officer=str(officer.pk), role=role)
    tell(Alert.Kind.ROLE_CHANGED, by.unit.pk, row.pk, officer=officer)
    return row


def end_role(membership: Membership, *, by: Officer) -> None:
    """Takes back at once; with a deputy's role goes the deputation."""
    _refuse(membership.officer, by)
    if membership.role not in GRANTED_BY_CHIEF:
        raise PermissionDenied
    today, now = timezone.localdate(), timezone.now()
    rows = Membership.objects.visible_to(by).not_over(today).filter(pk=membership.pk)
    if membership.role == Role.DEPUTY_CHIEF and not membership.deputation:
        rows |= (
            Membership.objects.visible_to(by)
            .not_over(today)
            .filter(officer_id=membership.officer_id, role=Role.DEPUTY_CHIEF)
            .exclude(deputation="")
        )
    if not rows.update(ended_at=now):
        raise WrongState(_("Vai trò này đã hết từ trước."))
    log.append("role.ended", membership, by=by, officer=str(membership.officer_id), role=membership.role)
    tell(Alert.Kind.ROLE_CHANGED, by.unit.pk, membership.pk, officer=membership.officer)


def _refuse(officer: Officer, by: Officer) -> None:
    if not by.may(Permission.ROLE_GRANT) or officer.pk == by.pk:
        raise PermissionDenied

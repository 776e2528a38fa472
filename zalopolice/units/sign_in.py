"""From the door to a seat: password, second factor, session. What is wrong costs time, and says nothing else."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from zalopolice.audit import log
from zalopolice.audit.models import TECHNICAL
from zalopolice.units import delays, devices, factors, kept
from zalopolice.units.first_things import safe_page
from zalopolice.units.fresh import mark_fresh
from zalopolice.units.models import Officer, OfficerSession
from zalopolice.units.models.people import normal_name
from zalopolice.units.seats import SESSION_UNIT, acting, seats_of, take_seat
from zalopolice.units.sessions import BEFORE_SIGN_IN
from zalopolice.units.walls import unit_context

SESSION_HALF = "half"
"""Who has given the password and still owes a code: {officer, at, next}."""


class OfficerBackend(BaseBackend):
    """Knows passwords only. Rights come from the seat, never from the account."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Officer | None:
        username, password = credentials.get("username"), credentials.get("password")
        if not username or not password:
            return None
        officer = Officer.objects.named(username).first()
        if officer is None:
            make_password(password)  # the same work as for a known name, so that time tells nothing
            return None
        return officer if officer.check_password(password) and officer.is_active else None

    def get_user(self, user_id: Any) -> Officer | None:
        return Officer.objects.filter(pk=user_id, is_active=True).first()


def counters(request: HttpRequest, username: str) -> tuple[delays.Counter, ...]:
    """A browser the officer is known by has a counter of its own; everybody else shares those of name and network."""
    device = devices.known(request, username)
    if device is not None:
        return (delays.counter("device", device.pk),)
    return delays.counter("account", normal_name(username)), delays.network(request)


def code_counters(request: HttpRequest, officer: Officer) -> tuple[delays.Counter, ...]:
    device = devices.known(request, officer.username)
    return (delays.counter("code", officer.pk, device.pk if device else ""),)


def record_failure(kind: str, username: str) -> None:
    """In the chain of the officer's unit when there is such an officer, else in the technical one, without the name."""
    officer = Officer.objects.named(username).first()
    seats = seats_of(officer) if officer else []
    with unit_context(seats[0].unit.pk if seats else TECHNICAL):
        if officer and seats:
            log.append(kind, officer, unit=seats[0].unit.pk)
        else:
            log.append_technical(kind)


# --- between password and code -----------------------------------------------------------------------------------


def ask_second_factor(request: HttpRequest, officer: Officer, next_page: str) -> HttpResponse:
    waiting = request.session.get(kept.SESSION_KEPT)
    request.session.flush()
    if waiting:
        request.session[kept.SESSION_KEPT] = waiting
    request.session[SESSION_HALF] = {"officer": str(officer.pk), "at": time.time(), "next": next_page}
    return redirect("sign_in_code")


def half_signed_in(request: HttpRequest) -> Officer | None:
    half = request.session.get(SESSION_HALF)
    if not half or not 0 <= time.time() - half["at"] <= BEFORE_SIGN_IN:
        return None
    return Officer.objects.filter(pk=uuid.UUID(half["officer"]), is_active=True).first()


def next_page(request: HttpRequest) -> str:
    half = request.session.get(SESSION_HALF) or {}
    return str(half.get("next", ""))


# --- inside --------------------------------------------------------------------------------------------------------


def enter(request: HttpRequest, officer: Officer, wanted: str, *, factor: str = "") -> HttpResponse:
    """The session begins, under a new key. Nobody without a seat comes here."""
    page = safe_page(request, wanted)
    response = redirect(page or "home")
    take_seat(officer, None)
    if waiting := kept.of(request, officer):
        response = redirect(f"{reverse('resume')}?{urlencode({'next': page})}")
        officer.seat = waiting.seat
    with acting(officer):
        auth.login(request, officer)
        request.session.pop(SESSION_HALF, None)
        # Not left to be "the first one": a role that begins tomorrow must not move a running session elsewhere.
        request.session[SESSION_UNIT] = str(officer.unit.pk)
        mark_fresh(request)
        if factor:
            request.session[factors.SESSION_FACTOR] = factor
        devices.recognise(request, response, officer)
        log.append(
            "officer.signed_in", officer, by=officer, unit=officer.unit.pk, **({"with": factor} if factor else {})
        )
    # Ended ones stay a while: by them a form that comes too late finds its officer (units/kept.py).
    OfficerSession.objects.filter(expire_date__lt=timezone.now() - timedelta(hours=12)).delete()
    sweep_strangers()
    return response


def sweep_strangers() -> None:
    """Sessions of nobody that ended unused (``BEFORE_SIGN_IN``): any stranger can make as many as they like."""
    OfficerSession.objects.filter(officer=None, expire_date__lt=timezone.now()).delete()


def leave(request: HttpRequest, officer: Officer) -> HttpResponse:
    if officer.seat is not None:
        log.append("officer.signed_out", officer, by=officer, unit=officer.unit.pk)
    auth.logout(request)
    response = redirect(settings.LOGOUT_REDIRECT_URL)
    # Not the cookies: they are the browser's name and its language, not the session.
    response["Clear-Site-Data"] = '"cache", "storage"'
    return cast(HttpResponse, response)

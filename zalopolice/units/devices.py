"""Browsers an officer is known by, and the sessions in them."""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from zalopolice.audit import log
from zalopolice.units.models import Alert, Device, Officer, OfficerSession
from zalopolice.units.models.alerts import tell
from zalopolice.units.sessions import SESSION_DEVICE, stored

NOBODY = uuid.UUID(int=0)
COOKIE_AGE = 400 * 24 * 60 * 60  # the longest browsers keep one
SYSTEMS = (
    (r"iPhone|iPad|iPod", "iOS"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"CrOS", "ChromeOS"),
    (r"Linux", "Linux"),
)
BROWSERS = (
    (r"Zalo", "Zalo"),
    (r"coc_coc", "Cốc Cốc"),
    (r"Edg[A-Za-z]*/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser", "Samsung Internet"),
    (r"Firefox/|FxiOS", "Firefox"),
    (r"Chrome/|CriOS", "Chrome"),
    (r"Safari/", "Safari"),
)


def name_of(agent: str) -> str:
    """“Chrome · Windows”: enough to tell one's own devices apart; the rest of the header is not kept."""
    found = [next((name for pattern, name in names if re.search(pattern, agent)), "") for names in (BROWSERS, SYSTEMS)]
    return " · ".join(name for name in found if name) or "?"


def _cookie_hash(request: HttpRequest) -> str:
    cookie = request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")
    return hashlib.sha256(cookie.encode()).hexdigest() if 20 <= len(cookie) <= 100 else ""


def known(request: HttpRequest, username: str) -> Device | None:
    """The device of the officer with this name, by the cookie an earlier sign-in left in this browser."""
    cookie = _cookie_hash(request)
    return Device.objects.filter(cookie=cookie, officer__in=Officer.objects.named(username)).first() if cookie else None


def recognise(request: HttpRequest, response: HttpResponse, officer: Officer) -> None:
    """Remembers the browser at a sign-in. A new one rings the bell of an officer who is known by others already."""
    cookie, now = _cookie_hash(request), timezone.now()
    if not cookie:
        secret = secrets.token_urlsafe(32)
        cookie = hashlib.sha256(secret.encode()).hexdigest()
        _leave(response, secret)
    new_among_others = Device.objects.visible_to(officer).exists()
    fields = {"browser": name_of(request.headers.get("User-Agent", "")), "last_at": now}
    device, made = Device.objects.update_or_create(officer=officer, cookie=cookie, defaults=fields)
    if made and new_among_others:
        tell(Alert.Kind.NEW_DEVICE, officer.unit.pk, device.pk, officer=officer)
    request.session[SESSION_DEVICE] = str(device.pk)


def _leave(response: HttpResponse, secret: str) -> None:
    secure = settings.SESSION_COOKIE_SECURE
    name = settings.DEVICE_COOKIE_NAME
    response.set_cookie(name, secret, max_age=COOKIE_AGE, secure=secure, httponly=True, samesite="Lax")


@dataclass(frozen=True)
class Line:
    """A session as the list shows it."""

    session: OfficerSession
    this: bool

    @property
    def seen_at(self) -> datetime:
        """The end follows the last act at a fixed distance, but for the last minutes of a long day."""
        return self.session.expire_date - timedelta(seconds=settings.SESSION_IDLE)


def is_this(session: OfficerSession, request: HttpRequest) -> bool:
    return session.pk == stored(request.session.session_key or "")


def end(request: HttpRequest, *, by: Officer, device: uuid.UUID | None = None) -> int:
    """Ends the other sessions of this officer, or those of one device, and forgets the browsers they ran in."""
    others = OfficerSession.objects.visible_to(by).exclude(pk=stored(request.session.session_key or ""))
    browsers = Device.objects.visible_to(by).exclude(pk=request.session.get(SESSION_DEVICE, NOBODY))
    if device is not None:
        others, browsers = others.filter(device=device), browsers.filter(pk=device)
    ended, _rows = others.delete()
    browsers.delete()
    log.append("officer.sessions_ended", by, by=by, unit=by.unit.pk, count=ended)
    return ended

"""What an officer sent after the session had ended, kept for that officer until they are back.

Somebody who writes a note for sixteen minutes makes no request meanwhile. The fields wait in the new, empty session of
the same browser, sealed for the officer whose session ended there, with the unit it acted in: whoever else signs in
finds nothing. Nor is a grave act kept (units/fresh.py): the very next thing would be a sign-in, which counts as fresh,
and so whoever sat at the open browser could have prepared the act for its officer to send."""

from __future__ import annotations

import base64
import binascii
import json
import time
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from zalopolice import crypto
from zalopolice.units import fresh
from zalopolice.units.models import Officer, OfficerSession
from zalopolice.units.seats import SESSION_UNIT, Seat, seats_of
from zalopolice.units.sessions import stored

SESSION_KEPT = "kept"
LIFETIME = 60 * 60
LARGEST = 64 * 1024
SECRET = {"password", "again", "csrfmiddlewaretoken"}
SECRET_PREFIX = "fresh_"
"""Never kept. Codes and answers of keys are asked for by grave acts only; elsewhere "code" is a procedure's number."""


@dataclass(frozen=True)
class Kept:
    """A form to be sent again: where, what, and by whom in which unit."""

    address: str
    fields: list[tuple[str, str]]
    seat: Seat


def _key(officer: uuid.UUID) -> crypto.Key:
    return crypto.Key(officer, crypto.keyed_hash(settings.SECRET_KEY.encode(), b"zp-kept", officer.bytes))


def keep(request: HttpRequest) -> bool:
    """Whether the posted fields could be kept; files cannot, grave acts must not."""
    cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    ended = OfficerSession.objects.filter(pk=stored(cookie), officer__isnull=False).select_related("officer").first()
    if ended is None or ended.officer is None or request.FILES or fresh.asks(request.resolver_match):
        return False
    unit = _unit(request, ended, ended.officer)
    page = {"at": time.time(), "to": request.get_full_path(), "unit": unit, "fields": fields(request)}
    content = json.dumps(page).encode()
    if not unit or len(content) > LARGEST:
        return False
    sealed = crypto.encrypt(_key(ended.officer.pk), content, b"zp-kept")
    request.session[SESSION_KEPT] = base64.b64encode(sealed).decode()
    return True


def _unit(request: HttpRequest, ended: OfficerSession, officer: Officer) -> str:
    """The unit the ended session acted in; sessions from before sign-in noted it took the first."""
    chosen = request.session.decode(ended.session_data).get(SESSION_UNIT, "")
    return chosen or next((str(seat.unit.pk) for seat in seats_of(officer)), "")


def fields(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.POST.lists() for value in values if not _is_secret(name)]


def _is_secret(name: str) -> bool:
    return name in SECRET or name.startswith(SECRET_PREFIX)


def of(request: HttpRequest, officer: Officer) -> Kept | None:
    """What waits here for this officer, as long as the seat it was written in is still held."""
    try:
        sealed = base64.b64decode(request.session.get(SESSION_KEPT, ""))
        content = json.loads(crypto.decrypt(lambda _: _key(officer.pk).secret, sealed, b"zp-kept"))
    except (crypto.CannotOpen, binascii.Error, ValueError):
        return None
    seat = next((one for one in officer.seats if str(one.unit.pk) == content.get("unit")), None)
    if seat is None or not 0 <= time.time() - content["at"] <= LIFETIME:
        return None
    return Kept(content["to"], [(name, value) for name, value in content["fields"]], seat)

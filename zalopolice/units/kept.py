"""What an officer sent after the session had ended, kept for that officer until they are back.

Somebody who writes a note for sixteen minutes makes no request meanwhile. The fields wait in the new, empty session of
the same browser, sealed for the officer whose session ended there: whoever else signs in finds nothing."""

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
from zalopolice.units.models import Officer, OfficerSession
from zalopolice.units.sessions import stored

SESSION_KEPT = "kept"
LIFETIME = 60 * 60
LARGEST = 64 * 1024
SECRET = ("password", "again", "code", "key", "csrf", "fresh_")
"""Parts of field names that are never kept."""


@dataclass(frozen=True)
class Kept:
    """A form to be sent again: where, and what."""

    address: str
    fields: list[tuple[str, str]]

    @property
    def words(self) -> list[str]:
        """What a person wrote, as far as one can tell from outside."""
        return [value for _, value in self.fields if " " in value.strip()]


def _key(officer: uuid.UUID) -> crypto.Key:
    return crypto.Key(officer, crypto.keyed_hash(settings.SECRET_KEY.encode(), b"zp-kept", officer.bytes))


def keep(request: HttpRequest) -> bool:
    """Whether the posted fields could be kept; files cannot."""
    cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    ended = OfficerSession.objects.filter(pk=stored(cookie), officer__isnull=False).first()
    if ended is None or ended.officer_id is None or request.FILES:
        return False
    fields = [(name, value) for name, values in request.POST.lists() for value in values if not _is_secret(name)]
    content = json.dumps({"at": time.time(), "to": request.get_full_path(), "fields": fields}).encode()
    if len(content) > LARGEST:
        return False
    sealed = crypto.encrypt(_key(ended.officer_id), content, b"zp-kept")
    request.session[SESSION_KEPT] = base64.b64encode(sealed).decode()
    return True


def _is_secret(name: str) -> bool:
    return any(part in name for part in SECRET)


def of(request: HttpRequest, officer: Officer) -> Kept | None:
    """What waits here for this officer."""
    try:
        sealed = base64.b64decode(request.session.get(SESSION_KEPT, ""))
        content = json.loads(crypto.decrypt(lambda _: _key(officer.pk).secret, sealed, b"zp-kept"))
    except (crypto.CannotOpen, binascii.Error, ValueError):
        return None
    if not 0 <= time.time() - content["at"] <= LIFETIME:
        return None
    return Kept(content["to"], [(name, value) for name, value in content["fields"]])

"""Sessions in PostgreSQL under the hash of their key: a row somebody reads is not a cookie somebody can use.

The end of a session is a moment in its row: fifteen minutes after the last act of its officer, and never later than
ten hours after signing in. What pages ask by themselves (``QUIET_PATHS``) is no act.
"""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

PROBES = {"/healthz", "/readyz"}
SESSION_DEVICE = "device"
SESSION_BEGAN = "began"
BEFORE_SIGN_IN = 10 * 60
"""Seconds a session lives in which nobody is signed in yet: between the password and the code."""
TOUCH = timedelta(seconds=60)
"""Closer together than this, acts do not move the end of a session: reading pages should not write rows."""


def stored(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()[:40]  # the column holds 40 characters


class SessionStore(db.SessionStore):
    quiet = False
    row: Any = None

    @classmethod
    def get_model_class(cls) -> Any:
        from zalopolice.units.models import OfficerSession  # the settings name this module before models exist

        return OfficerSession

    def _get_session_from_db(self) -> Any:
        """The parent looks up its own key and forgets it when the session is gone: lend it the hash meanwhile."""
        cookie = self.session_key
        if cookie is None:
            return None
        self._session_key = stored(cookie)
        self.row = super()._get_session_from_db()  # type: ignore[misc]  # the stubs leave it out
        self._session_key = cookie if self.row is not None else None
        return self.row

    def exists(self, session_key: str) -> bool:
        return super().exists(stored(session_key))

    def create_model_instance(self, data: Any) -> Any:
        if SESSION_KEY in data:
            data.setdefault(SESSION_BEGAN, int(time.time()))
        row: Any = super().create_model_instance(data)
        row.session_key = stored(row.session_key)
        row.officer_id, row.device_id = data.get(SESSION_KEY), data.get(SESSION_DEVICE)
        if SESSION_BEGAN in data:
            row.began_at = datetime.fromtimestamp(data[SESSION_BEGAN], UTC)
        same = self.quiet and self.row is not None
        row.expire_date = self.row.expire_date if same else _end(row)
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            super().delete(stored(key))

    def touch(self) -> None:
        """An act of the officer: the session lives on."""
        if self.row is None or self.row.officer_id is None or self.quiet:
            return
        end = _end(self.row)
        if end - self.row.expire_date >= TOUCH:
            self.model._default_manager.filter(pk=self.row.pk, expire_date__gt=timezone.now()).update(expire_date=end)


def _end(row: Any) -> datetime:
    now = timezone.now()
    if row.began_at is None:
        return now + timedelta(seconds=BEFORE_SIGN_IN)
    idle = now + timedelta(seconds=settings.SESSION_IDLE)
    return min(idle, row.began_at + timedelta(seconds=settings.SESSION_COOKIE_AGE))


class Sessions(SessionMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        if request.path in PROBES:  # they answer without the database, so nobody is signed in there
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        super().process_request(request)
        request.session.quiet = request.path in settings.QUIET_PATHS  # type: ignore[attr-defined]  # our store

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        answer = super().process_response(request, response)
        if not request.session.modified:  # saving has moved the end already
            request.session.touch()  # type: ignore[attr-defined]  # our store
        return answer

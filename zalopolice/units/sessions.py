"""Sessions in PostgreSQL under the hash of their key: a row somebody reads is not a cookie somebody can use."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession


def stored(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()[:40]  # the column holds 40 characters


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Any:
        """The parent looks up its own key and forgets it when the session is gone: lend it the hash meanwhile."""
        cookie = self.session_key
        if cookie is None:
            return None
        self._session_key = stored(cookie)
        found = super()._get_session_from_db()  # type: ignore[misc]  # the stubs leave it out
        self._session_key = cookie if found is not None else None
        return found

    def exists(self, session_key: str) -> bool:
        return super().exists(stored(session_key))

    def create_model_instance(self, data: Any) -> AbstractBaseSession:
        row = super().create_model_instance(data)
        row.session_key = stored(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            super().delete(stored(key))

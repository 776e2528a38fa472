"""Password sign-in for the spine; passkeys and one-time codes come with the portal issue."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from zalopolice.units.models import Officer


class OfficerBackend(BaseBackend):
    """Knows passwords only. Rights come from the seat, never from the account."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Officer | None:
        username, password = credentials.get("username"), credentials.get("password")
        if not username or not password:
            return None
        officer = Officer.objects.filter(username__iexact=username).first()
        if officer is None:
            make_password(password)  # the same work as for a known name, so that time tells nothing
            return None
        return officer if officer.check_password(password) and officer.is_active else None

    def get_user(self, user_id: Any) -> Officer | None:
        return Officer.objects.filter(pk=user_id, is_active=True).first()

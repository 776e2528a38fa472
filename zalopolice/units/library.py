"""What django-allauth asks of us: no accounts by sign-up, secrets under our keys, names in our words."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.utils.translation import gettext as _

from zalopolice import crypto
from zalopolice.units import keyring
from zalopolice.units.models import Officer
from zalopolice.units.walls import unit_context

_whose: ContextVar[Officer] = ContextVar("whose")


@contextmanager
def asked(request: HttpRequest, officer: Officer | None = None) -> Iterator[None]:
    """The library looks for the request, and the adapter for the officer, around it: its functions take neither."""
    token = _whose.set(officer) if officer else None
    try:
        with context.request_context(request):
            yield
    finally:
        if token:
            _whose.reset(token)


class Accounts(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """Officers have no e-mail here."""


class Factors(DefaultMFAAdapter):
    """Secrets lie under a key of the officer's own (ring ``content``) in the unit where they were made: rotation
    reaches them like everything else, and a stolen table opens nothing. The unit stands before the ciphertext,
    because an officer who has moved on must still be able to sign in."""

    def encrypt(self, text: str) -> str:
        officer = _whose.get()
        unit = officer.unit.pk
        with unit_context(unit, officer.pk):
            key = keyring.key_for("content", unit, officer.pk)
            sealed = crypto.encrypt(key, text.encode(), _place(unit, officer))
        return f"{unit}:{base64.b64encode(sealed).decode()}"

    def decrypt(self, encrypted_text: str) -> str:
        officer = _whose.get()
        try:
            name, _colon, sealed = encrypted_text.partition(":")
            unit, envelope = uuid.UUID(name), base64.b64decode(sealed)
        except (ValueError, binascii.Error):
            raise crypto.CannotOpen("not a sealed secret") from None
        with unit_context(unit, officer.pk):
            return crypto.decrypt(lambda id: keyring.secret("content", id), envelope, _place(unit, officer)).decode()

    def build_totp_svg(self, url: str) -> str:
        drawing: str = segno.make(url, error="m").svg_inline(
            scale=5, border=4, light="#fff", dark="#000", omitsize=True
        )
        return drawing

    def get_totp_issuer(self) -> str:
        return "Zalo an ninh"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        host: str = context.request.get_host().partition(":")[0]
        return {"id": host, "name": _("Cổng tiếp nhận tin báo")}


def _place(unit: uuid.UUID, officer: Officer) -> bytes:
    return crypto.field_aad(unit, "mfa_authenticator", "data", officer.pk)

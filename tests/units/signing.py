"""Steps of signing in that several tests take."""

from __future__ import annotations

import re
import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.test import Client

from tests import cast
from tests.tips.scenes import text


def sign_in(commune: cast.Commune, name: str = "an", client: Client | None = None, **changes: Any) -> Any:
    """Posts the right words, or those in ``changes``."""
    extra = {key: changes.pop(key) for key in list(changes) if key.isupper()}
    form = {"username": commune.officers[name].username, "password": cast.PASSWORD} | changes
    return (client or Client()).post("/dang-nhap/", form, **extra)


def is_in(client: Client, address: str = "/tai-khoan/") -> bool:
    return client.get(address).status_code == 200


def code_now(secret: str, step: int = 0) -> str:
    """What the app shows now, or ``step`` half minutes later. Of the one before there are seconds left to use it."""
    while step < 0 and time.time() % 30 > 20:
        time.sleep(1)
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + step))


def shown_secret(page: Any) -> str:
    found = re.search(r'data-testid="secret">([A-Z2-7 ]+)<', text(page))
    assert found
    return found[1].replace(" ", "")


def shown_codes(page: Any) -> list[str]:
    return [code.replace(" ", "") for code in re.findall(r"<li>(\d{4} \d{4})</li>", text(page))]


def enrol(client: Client) -> tuple[str, list[str]]:
    """Adds an app to the account of a freshly signed-in client; its secret and the codes on paper."""
    cast.make_fresh(client)
    secret = shown_secret(client.get("/tai-khoan/ung-dung/"))
    page = client.post("/tai-khoan/ung-dung/", {"code": code_now(secret)})
    assert page.status_code == 200
    return secret, shown_codes(page)


def stored_secret(officer: Any) -> str:
    """The ciphertext of the officer's app."""
    return str(Authenticator.objects.get(user=officer, type="totp").data["secret"])

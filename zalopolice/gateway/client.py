"""HTTP to Zalo: the calls we use, and one verdict for every way they can end. Zone vault.

Business errors come with HTTP 200 and a negative ``error`` (zalo-oa-api.md 8). Headers carry underscores as Zalo
wants them. Nothing here retries: that is decided where the row is.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import requests
from django.conf import settings
from django.utils.translation import gettext_noop

CONNECT_TIMEOUT = 3.0


class Verdict(Enum):
    SENT = "sent"
    NOT_SENT = "not_sent"  # certainly not: may go again
    TOKEN = "token"  # certainly not: the token is dead
    REFUSED = "refused"  # Zalo will not, whatever we do
    UNCLEAR = "unclear"  # nobody knows


@dataclass(frozen=True)
class Outcome:
    verdict: Verdict
    message_id: str = ""
    code: int = 0
    wait: float | None = None  # seconds, for NOT_SENT
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Account:
    """What a call needs: the app's secret signs the token (``appsecret_proof``, 1.6)."""

    token: str
    app_secret: str

    def headers(self) -> dict[str, str]:
        proof = hmac.new(self.app_secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()
        return {"access_token": self.token, "appsecret_proof": proof}


class OAuthRefused(Exception):
    """Zalo's OAuth host said no; ``code`` as in zalo-oa-api.md 1.5."""

    def __init__(self, code: int) -> None:
        super().__init__(f"OAuth error {code}")
        self.code = code


class Unreachable(Exception):
    """No usable answer; nothing is known about what happened on the other side."""


TOKEN_CODES = {-216, -220, -124}
WAIT_CODES = {-32: 60.0, -218: 3600.0, -211: 3600.0, -200: None, -214: 30.0}
REASONS = {
    -213: gettext_noop("Người dân chưa quan tâm OA."),
    -217: gettext_noop("Người dân đã chặn OA."),
    -227: gettext_noop("Tài khoản Zalo của người dân bị khóa hoặc ngừng hoạt động."),
    -230: gettext_noop("Đã quá 7 ngày từ lần tương tác cuối; Zalo chỉ cho trả lời khi người dân nhắn lại."),
    -232: gettext_noop("Người dân chưa tương tác hoặc đã hết hạn; Zalo chỉ cho trả lời khi người dân nhắn lại."),
    -244: gettext_noop("Người dân đã hạn chế nhận loại tin này."),
    -201: gettext_noop("Zalo không nhận nội dung này."),
    -221: gettext_noop("OA chưa được xác thực."),
    -224: gettext_noop("Gói dịch vụ của OA không cho gửi."),
    -320: gettext_noop("OA chưa liên kết ví ZCA."),
    -321: gettext_noop("Ví ZCA của OA hết tiền."),
}


def send_text(account: Account, user_id: str, text: str) -> Outcome:
    """One consultation message (3.2), or an anonymous one (3.3) when ``user_id`` says so."""
    if user_id.startswith("anonymous:"):
        _, person, conversation = user_id.split(":", 2)
        recipient, path = {"anonymous_id": person, "conversation_id": conversation}, "/v2.0/oa/message"
    else:
        recipient, path = {"user_id": user_id}, "/v3.0/oa/message/cs"
    return call(account, path, {"recipient": recipient, "message": {"text": text}})


def call(account: Account, path: str, body: dict[str, Any] | None = None, **query: Any) -> Outcome:
    """POST ``body`` as JSON, or GET without one; every way it can end is a verdict, nothing is raised."""
    try:
        answer = requests.request(
            "GET" if body is None else "POST",
            settings.ZALO_API_URL + path,
            headers=account.headers(),
            timeout=(CONNECT_TIMEOUT, settings.ZALO_TIMEOUT),
            allow_redirects=False,
            json=body,
            params=query or None,
        )
    except requests.exceptions.ConnectTimeout:
        return Outcome(Verdict.NOT_SENT)
    except requests.exceptions.ConnectionError as error:
        # "Refused" happens before a byte of the message leaves; anything later may have arrived.
        return Outcome(Verdict.NOT_SENT if _never_connected(error) else Verdict.UNCLEAR)
    except requests.exceptions.RequestException:
        return Outcome(Verdict.UNCLEAR)
    return _verdict(answer)


def _never_connected(error: Exception) -> bool:
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _verdict(answer: requests.Response) -> Outcome:
    if answer.status_code == 429:
        return Outcome(Verdict.NOT_SENT, wait=60.0)
    body = _json(answer)
    if answer.status_code != 200 or body is None or not isinstance(body.get("error"), int):
        return Outcome(Verdict.UNCLEAR)
    code: int = body["error"]
    if code == 0:
        data = body.get("data")
        known = data if isinstance(data, dict) else {}
        return Outcome(Verdict.SENT, str(known.get("message_id") or ""), data=known)
    if code in TOKEN_CODES:
        return Outcome(Verdict.TOKEN, code=code)
    if code in WAIT_CODES:
        return Outcome(Verdict.NOT_SENT, code=code, wait=WAIT_CODES[code])
    return Outcome(Verdict.REFUSED, code=code)


def _json(answer: requests.Response) -> dict[str, Any] | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def reason(code: int) -> str:
    return REASONS.get(code, gettext_noop("Zalo từ chối (mã %(code)s).") % {"code": code})


def history(account: Account, user_id: str, offset: int = 0) -> list[dict[str, Any]]:
    """Ten messages of a conversation, newest first (5.4): ``src`` 0 is the account; ``time`` in milliseconds.

    Raises Unreachable when the answer cannot be trusted: an empty list must mean an empty conversation."""
    query = {"data": json.dumps({"user_id": user_id, "offset": offset, "count": 10})}
    try:
        answer = requests.get(
            settings.ZALO_API_URL + "/v2.0/oa/conversation",
            headers=account.headers(),
            params=query,
            timeout=(CONNECT_TIMEOUT, settings.ZALO_TIMEOUT),
            allow_redirects=False,
        )
    except requests.exceptions.RequestException:
        raise Unreachable from None
    body = _json(answer)
    if answer.status_code != 200 or body is None or body.get("error") != 0 or not isinstance(body.get("data"), list):
        raise Unreachable
    return [row for row in body["data"] if isinstance(row, dict)]


def own_oa_id(account: Account) -> str:
    """The id of the account a token belongs to (5.5); Unreachable when it cannot be told."""
    data = call(account, "/v2.0/oa/getoa").data
    if not data:
        raise Unreachable
    return str(data.get("oa_id") or data.get("oaid") or "")


@dataclass(frozen=True)
class Pair:
    access: str
    refresh: str
    seconds: int


def exchange_code(app_id: str, app_secret: str, code: str, verifier: str) -> Pair:
    fields = {"app_id": app_id, "grant_type": "authorization_code", "code": code}
    return _token(app_secret, fields | ({"code_verifier": verifier} if verifier else {}), keep="")


def refresh_pair(app_id: str, app_secret: str, refresh: str) -> Pair:
    """A new pair for a refresh token, which this burns. An answer without a refresh token keeps the old one."""
    fields = {"app_id": app_id, "grant_type": "refresh_token", "refresh_token": refresh}
    return _token(app_secret, fields, keep=refresh)


def _token(app_secret: str, fields: dict[str, str], *, keep: str) -> Pair:
    url, timeout = settings.ZALO_OAUTH_URL + "/v4/oa/access_token", (CONNECT_TIMEOUT, settings.ZALO_TIMEOUT)
    try:
        headers = {"secret_key": app_secret}
        answer = requests.post(url, data=fields, headers=headers, timeout=timeout, allow_redirects=False)
    except requests.exceptions.RequestException:
        raise Unreachable from None
    body = _json(answer)
    if answer.status_code != 200 or body is None:
        raise Unreachable
    try:
        if body.get("error"):
            raise OAuthRefused(int(body["error"]))
        return Pair(str(body["access_token"]), str(body.get("refresh_token") or keep), int(body["expires_in"]))
    except (KeyError, ValueError, TypeError):
        raise Unreachable from None

"""HTTP to Zalo: the calls we use; ``verdicts.py`` says what every way they can end means. Zone vault.

Business errors come with HTTP 200 and a negative ``error`` (zalo-oa-api.md 8). Headers carry underscores as Zalo
wants them. Nothing here retries: that is decided where the row is.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from urllib3.filepost import encode_multipart_formdata

from zalopolice.gateway import hosts, verdicts, wire
from zalopolice.gateway.verdicts import Outcome, Verdict
from zalopolice.gateway.wire import CONNECT_TIMEOUT
from zalopolice.vault import routes

__all__ = ["CONNECT_TIMEOUT", "Account", "Outcome", "Verdict"]

REFRESH_PATIENCE = 3.5
"""Times as long as any other call: a pair whose answer is not waited for is lost, and with it the grant."""
HOUR = 3600


@dataclass(frozen=True)
class Account:
    """What a call needs: the app's secret signs the token (``appsecret_proof``, 1.6)."""

    token: str
    app_secret: str
    is_training: bool = False  # lives on the simulator

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


class TokenRefused(Unreachable):
    """The access token is dead, so nothing was told."""


class TooFast(Unreachable):
    """Zalo wants fewer calls."""


class AnswerLost(Unreachable):
    """A refresh token reached Zalo, or may have, and what came back cannot be read: the new pair may be lost."""


def send(account: Account, user_id: str, message: dict[str, Any]) -> Outcome:
    """One consultation message (3.2), or an anonymous one (3.3) when ``user_id`` says so; none to a group's people.

    ``message``: the object of that name, ``{"text": …}`` or one with an attachment."""
    if user_id.startswith(routes.GROUP):
        return Outcome(Verdict.REFUSED)
    if user_id.startswith(routes.ANONYMOUS):
        _, person, conversation = user_id.split(":", 2)
        recipient, path = {"anonymous_id": person, "conversation_id": conversation}, "/v2.0/oa/message"
    else:
        recipient, path = {"user_id": user_id}, "/v3.0/oa/message/cs"
    outcome = call(account, path, {"recipient": recipient, "message": message})
    for name in ("user_id", "anonymous_id"):
        if name in recipient and str(outcome.data.get(name) or recipient[name]) != recipient[name]:
            return Outcome(Verdict.UNCLEAR)  # an answer about somebody else's message tells nothing of ours
    return outcome


def upload(account: Account, what: str, name: str, content: bytes, content_type: str) -> Outcome:
    """Hands a file to Zalo (4), ``what`` being "image" or "file"; ``data`` names it. Nobody is told of an upload, so it
    may be repeated. Sent piece by piece: the time allowed for one write is short, a form is large."""
    body, mime = encode_multipart_formdata({"file": (name, content, content_type)})
    more = {"headers": {**account.headers(), "Content-Type": mime}, "data": io.BytesIO(body)}
    return _asked(account, "POST", f"/v2.0/oa/upload/{what}", more)


def call(account: Account, path: str, body: dict[str, Any] | None = None, **query: Any) -> Outcome:
    """POST ``body`` as JSON, or GET without one; every way it can end is a verdict, nothing is raised."""
    method, more = ("GET", {"params": query or None}) if body is None else ("POST", {"json": body, "params": query})
    return _asked(account, method, path, {"headers": account.headers(), **more})


def _asked(account: Account, method: str, path: str, request: dict[str, Any]) -> Outcome:
    try:
        url = hosts.api(account.is_training) + path
        status, raw = wire.exchange(method, url, patience=settings.ZALO_TIMEOUT, **request)
    except (hosts.NoTraining, wire.NothingLeft):
        return Outcome(Verdict.NOT_SENT)
    except wire.NoAnswer:
        return Outcome(Verdict.UNCLEAR)
    return verdicts.of_status(status) or verdicts.of_body(_parsed(raw))


def _parsed(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def history(account: Account, user_id: str, offset: int = 0) -> list[dict[str, Any]]:
    """Ten messages of a conversation, newest first (5.4): ``src`` 0 is the account; ``time`` in milliseconds.

    Raises Unreachable when the answer cannot be trusted: an empty list must mean an empty conversation, and whether
    Zalo shows an anonymous one nobody has written down."""
    if user_id.startswith((routes.ANONYMOUS, routes.GROUP)):
        raise Unreachable
    query = json.dumps({"user_id": user_id, "offset": offset, "count": 10})
    return [row for row in _listed(account, "/v2.0/oa/conversation", data=query) if isinstance(row, dict)]


def recent_chats(account: Account, offset: int = 0) -> list[dict[str, Any]]:
    """The last message of each of ten conversations, the latest first (5.4); raises Unreachable as above."""
    query = json.dumps({"offset": offset, "count": 10})
    return [row for row in _listed(account, "/v2.0/oa/listrecentchat", data=query) if isinstance(row, dict)]


def tags(account: Account) -> list[str]:
    """Names of the tags given in Zalo's console (5.3); Unreachable when they cannot be told."""
    return [name for name in _listed(account, "/v2.0/oa/tag/gettagsofoa") if isinstance(name, str)]


def _listed(account: Account, path: str, **query: Any) -> list[Any]:
    outcome = call(account, path, **query)
    if outcome.verdict is Verdict.TOKEN:
        raise TokenRefused
    if outcome.too_fast:
        raise TooFast
    if outcome.verdict is not Verdict.SENT or not isinstance(outcome.rows, list):
        raise Unreachable
    return outcome.rows


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
    refresh_seconds: int | None = None  # some answers tell how long the refresh token lives


def exchange_code(app_id: str, app_secret: str, code: str, verifier: str, *, is_training: bool = False) -> Pair:
    fields = {"app_id": app_id, "grant_type": "authorization_code", "code": code}
    fields |= {"code_verifier": verifier} if verifier else {}
    return _token(app_secret, fields, keep="", is_training=is_training)


def refresh_pair(app_id: str, app_secret: str, refresh: str, *, is_training: bool = False) -> Pair:
    """A new pair for a refresh token, which this burns. An answer without a refresh token keeps the old one.

    Raises AnswerLost when the token may well have been burnt for nothing, another Unreachable when it most likely was
    not: no connection, or a page or an error of what stands before Zalo (docs/decisions/0008)."""
    fields = {"app_id": app_id, "grant_type": "refresh_token", "refresh_token": refresh}
    return _token(app_secret, fields, keep=refresh, is_training=is_training)


def _token(app_secret: str, fields: dict[str, str], *, keep: str, is_training: bool) -> Pair:
    patience = settings.ZALO_TIMEOUT * REFRESH_PATIENCE
    try:
        url = hosts.oauth(is_training) + "/v4/oa/access_token"
        status, raw = wire.exchange("POST", url, patience=patience, headers={"secret_key": app_secret}, data=fields)
    except (hosts.NoTraining, wire.NothingLeft):
        raise Unreachable from None
    except wire.NoAnswer:
        raise AnswerLost from None
    if status == 504:
        raise AnswerLost  # what stands before Zalo did not wait for an answer that may have been a pair
    if status != 200 or raw.lstrip().startswith(b"<"):
        raise Unreachable  # of something in between, which most likely granted nothing; if it did, Zalo's next no tells
    body = _parsed(raw)
    if body is None:
        raise AnswerLost
    return _pair(body, keep)


def _pair(body: object, keep: str) -> Pair:
    known = body if isinstance(body, dict) else {}
    if isinstance(code := known.get("error"), int) and code:
        raise OAuthRefused(code)
    access, refresh, seconds = known.get("access_token"), known.get("refresh_token"), number(known.get("expires_in"))
    if not (isinstance(access, str) and access and (refresh or seconds)):
        raise AnswerLost  # JSON comes from Zalo itself, which has had the token
    # A new pair whose length of life cannot be read is used for an hour rather than thrown away.
    lives = number(known.get("refresh_token_expires_in"))
    return Pair(access, str(refresh or keep), seconds or HOUR, lives)


def number(value: Any) -> int | None:
    """Zalo writes counters as numbers here and as strings there."""
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if 0 <= found < 2**31 else None

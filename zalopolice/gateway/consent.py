"""Connecting an account through Zalo's permission page (OAuth v4, zalo-oa-api.md 1).

Zone web starts the walk and takes the answer, but reads neither the verifier nor the code: both are sealed to the
vault, which exchanges them. Zalo never calls back with an error, so a walk that was refused just stays unanswered.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from datetime import timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice import crypto, queue
from zalopolice.audit import log
from zalopolice.gateway import client, hosts, inbox, rules, tokens
from zalopolice.gateway.models import Consent, OfficialAccount, Token, TokenJournal, ZaloApp
from zalopolice.units.models import Officer

VALID = timedelta(minutes=10)


class ConsentRefused(Exception):
    """The answer does not belong to a walk of this unit; the message is the sentence the chief reads."""


def redirect_uri() -> str:
    return f"{settings.WEB_URL}/oa/callback"


@transaction.atomic
def start(oa: OfficialAccount, *, by: Officer) -> str:
    """Begins a walk; returns the address of Zalo's page."""
    state, verifier, challenge = secrets.token_urlsafe(32), b"", oa.app.challenge
    if oa.app.pkce == ZaloApp.Pkce.REQUEST:
        text = secrets.token_urlsafe(32)
        digest = hashlib.sha256(text.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        verifier = crypto.seal_to(settings.KEYS.vault_public, text.encode(), b"zp-verifier")
    elif oa.app.pkce == ZaloApp.Pkce.FIXED:
        verifier = bytes(oa.app.sealed_verifier)
    consent = Consent.objects.create(
        unit_id=oa.unit_id, oa=oa, state_hash=_hash(state), sealed_verifier=verifier, started_by=by
    )
    log.append("oa.consent_started", consent, by=by)
    try:
        page = hosts.oauth(oa.unit.is_training)
    except hosts.NoTraining:
        raise ConsentRefused(_("Máy chủ này chưa có máy mô phỏng cho đơn vị tập huấn.")) from None
    query = {"app_id": oa.app.app_id, "redirect_uri": redirect_uri(), "state": state}
    return f"{page}/v4/oa/permission?" + urlencode(query | ({"code_challenge": challenge} if challenge else {}))


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()


@transaction.atomic
def answer(state: str, code: str, oa_id: str, *, by: Officer) -> Consent:
    """Takes what Zalo's page sent back, once, and leaves it to the vault."""
    rows = Consent.objects.select_for_update(of=("self",)).select_related("oa")
    consent = rows.filter(unit=by.unit, started_by=by, state_hash=_hash(state), answered_at=None).first()
    if consent is None or consent.started_at < timezone.now() - VALID:
        raise ConsentRefused(_("Lượt kết nối này không còn hiệu lực. Làm lại bước kết nối ở dưới."))
    if consent.oa.oa_id != oa_id:
        raise ConsentRefused(_("Đồng chí đã chọn một OA khác với OA của đơn vị. Làm lại và chọn đúng OA."))
    consent.sealed_code = crypto.seal_to(settings.KEYS.vault_public, code.encode(), _aad(consent))
    consent.answered_at = consent.next_at = timezone.now()
    consent.queue = "vault"
    consent.save(update_fields=["sealed_code", "answered_at", "next_at", "queue"])
    log.append("oa.consent_answered", consent, by=by)
    queue.ring("zalopolice.connect", consent.pk, "vault")
    return consent


def _aad(consent: Consent) -> bytes:
    return b"zp-code|" + consent.pk.bytes


def exchange(pk: uuid.UUID) -> None:
    """Turns the code into the first token pair (zone vault). A code works once, so it is never tried twice."""
    rows = Consent.objects.select_related("oa__app", "unit")
    consent = rows.filter(pk=pk, queue="vault", next_at__lte=timezone.now(), exchanged_at=None).first()
    if consent is None or not queue.claim(consent, timedelta(seconds=60)):
        return
    if consent.attempt > 1:
        queue.finish(consent, error=_("Việc kết nối bị ngắt giữa chừng. Làm lại bước kết nối."))
        return
    error = _exchange(consent)
    queue.finish(consent, error=error, exchanged_at=None if error else timezone.now(), sealed_code=b"")


def _exchange(consent: Consent) -> str:
    oa, private = consent.oa, settings.KEYS.vault_private
    is_training = consent.unit.is_training
    secret = tokens.app_secret(oa.app)
    code = crypto.open_sealed(private, bytes(consent.sealed_code), _aad(consent)).decode()
    sealed = bytes(consent.sealed_verifier)
    verifier = crypto.open_sealed(private, sealed, b"zp-verifier").decode() if sealed else ""
    try:
        pair = client.exchange_code(oa.app.app_id, secret, code, verifier, is_training=is_training)
        if client.own_oa_id(client.Account(pair.access, secret, is_training)) != oa.oa_id:
            return _("Zalo trả về quyền của một OA khác. Làm lại và chọn đúng OA.")
    except client.OAuthRefused as error:
        return _("Zalo từ chối kết nối (mã %(code)s). Làm lại bước kết nối.") % {"code": error.code}
    except client.Unreachable:
        return _("Chưa liên lạc được với Zalo. Ít phút nữa làm lại bước kết nối.")
    latest = Token.objects.filter(oa=oa).values_list("version", flat=True).first() or 0
    TokenJournal.objects.filter(oa=oa).delete()  # a new consent kills whatever pair was kept there
    tokens.store(oa, pair, latest + 2)  # a refresh that is under way, and of the old grant, may still take the next
    now = timezone.now()
    until = now + timedelta(days=rules.value("grant_days", now))
    OfficialAccount.objects.filter(pk=oa.pk).update(connected_at=now, token_refresh_until=until)
    inbox.wake(oa.app.app_id)
    queue.ring("zalopolice.check_account", oa.pk, "vault")
    return ""

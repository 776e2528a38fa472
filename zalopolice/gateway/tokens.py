"""The token pair of an account: one refresh at a time, the new pair journalled before it is used. Zone vault.

A refresh token works once. Two refreshes at once, or an answer lost after Zalo burnt the old one, cost the grant and
a chief's new consent; so the right to refresh is a lease by compare-and-set, and no lock is held while Zalo answers.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice import crypto
from zalopolice.gateway import accounts, client
from zalopolice.gateway.models import OfficialAccount, Token, TokenJournal, ZaloApp

REFRESH_BELOW = timedelta(hours=6)
"""A failed refresh at 6 of 25 hours leaves a working day for the chief to consent anew."""
LEASE = timedelta(seconds=30)
PATIENCE = 5.0
"""Seconds a sender with a dead token waits for somebody else's refresh before the message goes back to the queue."""
REFUSED = timedelta(minutes=10)
"""After Zalo's no: only a person can help, and nobody should knock or wait meanwhile."""


class NeedsConsent(Exception):
    """The account has no living token; only its administrator can give one."""


def app_secret(app: ZaloApp) -> str:
    aad = b"zp-app|" + app.app_id.encode()
    return crypto.open_sealed(settings.KEYS.vault_private, bytes(app.sealed_secret), aad).decode()


def account(oa: OfficialAccount) -> tuple[client.Account, int]:
    """The access token to call with, and its version; refreshes early when it runs out soon."""
    token = Token.objects.filter(oa=oa).first()
    if token is None:
        raise NeedsConsent
    left = token.expires_at - timezone.now()
    if left < REFRESH_BELOW:
        # Early: whoever does not get the lease, or gets no new pair, goes on with the token that still works.
        dead = left <= timedelta(0)
        try:
            token = refresh(oa, token.version, wait=dead)
        except (NeedsConsent, client.Unreachable):
            if dead:
                raise
    return client.Account(token.access, app_secret(oa.app)), token.version


def refresh(oa: OfficialAccount, seen: int, *, wait: bool = True) -> Token:
    """The token after version ``seen``: refreshed by us, or by whoever holds the lease.

    Raises NeedsConsent when Zalo refuses the refresh token, Unreachable when nobody could refresh in time."""
    patience = time.monotonic() + PATIENCE
    while True:
        token = Token.objects.select_related("oa").get(oa=oa)
        if token.version > seen:
            return token
        if _take_lease(token):
            return _refresh_now(oa, token)
        if not wait:
            return token
        if token.oa.trouble:
            raise NeedsConsent
        if time.monotonic() > patience:
            raise client.Unreachable
        time.sleep(0.1)


def _take_lease(token: Token) -> bool:
    now = timezone.now()
    free = Q(refreshing_until=None) | Q(refreshing_until__lt=now)
    rows = Token.objects.filter(free, pk=token.pk, version=token.version)
    return rows.update(refreshing_until=now + LEASE) == 1


def _refresh_now(oa: OfficialAccount, token: Token) -> Token:
    kept = TokenJournal.objects.filter(oa=oa, version=token.version + 1).first()
    if kept is not None:
        return store(oa, client.Pair(kept.access, kept.refresh, 0), kept.version, journal=kept)
    try:
        pair = client.refresh_pair(oa.app.app_id, app_secret(oa.app), token.refresh)
    except client.OAuthRefused as error:
        late = Token.objects.filter(oa=oa, version__gt=token.version).first()
        if late is not None:
            return late  # who held the lease before us was only slow, and used the refresh token
        Token.objects.filter(pk=token.pk, version=token.version).update(refreshing_until=timezone.now() + REFUSED)
        said = _("Zalo không gia hạn quyền (mã %(code)s). Trưởng đơn vị cần kết nối lại OA.") % {"code": error.code}
        accounts.report(oa, said)
        raise NeedsConsent from None
    return store(oa, pair, token.version + 1)


def store(oa: OfficialAccount, pair: client.Pair, version: int, *, journal: TokenJournal | None = None) -> Token:
    """Keeps a pair: first in the journal, in a transaction of its own, then as the token in use."""
    if journal is None:
        expires = timezone.now() + timedelta(seconds=pair.seconds)
        journal = TokenJournal(unit_id=oa.unit_id, oa=oa, version=version, expires_at=expires)
        journal.access, journal.refresh = pair.access, pair.refresh
        journal.save()
    with transaction.atomic():
        token = Token.objects.filter(oa=oa).first() or Token(unit_id=oa.unit_id, oa=oa)
        token.access, token.refresh, token.version = pair.access, pair.refresh, version
        token.expires_at, token.obtained_at, token.refreshing_until = journal.expires_at, timezone.now(), None
        token.save()
        TokenJournal.objects.filter(oa=oa, version__lt=version).delete()
        OfficialAccount.objects.filter(pk=oa.pk).update(trouble="", token_obtained_at=token.obtained_at)
    return token

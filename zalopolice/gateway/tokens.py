"""The token pair of an account: one refresh at a time, the new pair kept in three places. Zone vault.

A refresh token works once. Two refreshes at once, or an answer lost after Zalo burnt the old one, cost the grant and
a chief's new consent; so the right to refresh is a lease by compare-and-set, and no lock is held while Zalo answers.

That a token leaves for Zalo is committed before the call (``asked_at``). The new pair goes first into a sealed file, so
that a database that has just gone away costs nothing, then into the journal, then into the row. Whoever finds a token
that was asked with looks for the pair in file and journal; without it the answer was lost, and the token is never sent
again: only the chief's consent helps, and that is said at once. A page or an error of what stands before Zalo most
likely granted nothing: then the token is sent once more (docs/decisions/0008).
"""

from __future__ import annotations

import contextlib
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice import crypto, faults, written
from zalopolice.gateway import accounts, client, holding, incidents, vault_files
from zalopolice.gateway.models import Incident, OfficialAccount, Token, TokenJournal, ZaloApp
from zalopolice.units.models import Unit

REFRESH_BELOW = timedelta(hours=6)
"""A failed refresh at 6 of 25 hours leaves a working day for the chief to consent anew."""
OF_ACCOUNT = "FROM gateway_token JOIN units_unit ON units_unit.id = unit_id WHERE oa_id = %s"
LEASE = timedelta(seconds=45)
"""Longer than the most patient wait for an answer: who still holds it then is dead, or its answer is in the file."""
PATIENCE = 5.0
"""Seconds a sender with a dead token waits for somebody else's refresh before the message goes back to the queue."""
REFUSED = timedelta(minutes=10)
"""After Zalo's no: only a person can help, and nobody should knock or wait meanwhile."""
BURNT = frozenset({-14014, -14020})
"""This refresh token is used up or revoked; the other refusals may pass once somebody has mended the app."""


class NeedsConsent(Exception):
    """The account has no living token; only its administrator can give one."""


def app_secret(app: ZaloApp) -> str:
    aad = b"zp-app|" + app.app_id.encode()
    return crypto.open_sealed(settings.KEYS.vault_private, bytes(app.sealed_secret), aad).decode()


def account(oa: OfficialAccount) -> tuple[client.Account, int]:
    """The access token to call with, and its version; refreshes early when it runs out soon."""
    found = written.joined((Token, Unit), OF_ACCOUNT, oa.pk)
    if found is None:
        raise NeedsConsent
    token, is_training = found[0], found[1].is_training
    left = token.expires_at - timezone.now()
    if left < REFRESH_BELOW:
        # Early: whoever does not get the lease, or gets no new pair, goes on with the token that still works.
        dead = left <= timedelta(0)
        try:
            token = refresh(oa, token.version, wait=dead)
        except (NeedsConsent, client.Unreachable):
            if dead:
                raise
    return client.Account(token.access, app_secret(oa.app), is_training), token.version


def refresh(oa: OfficialAccount, seen: int, *, wait: bool = True) -> Token:
    """The token after version ``seen``: refreshed by us, or by whoever holds the lease.

    Raises NeedsConsent when Zalo refuses the refresh token, Unreachable when nobody could refresh in time."""
    patience = time.monotonic() + PATIENCE
    while True:
        token = Token.objects.select_related("oa", "unit").get(oa=oa)
        if token.version > seen:
            return token
        if holding.paused():
            raise client.Unreachable  # the token of a copied database may be the one that is in use elsewhere
        faults.point("token.lease")
        if _take_lease(token):
            faults.point("token.leased")
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
    if kept := _kept(oa, token):
        return kept
    if token.asked_at is not None:
        raise _lost(oa, token)
    secret, burnt = app_secret(oa.app), token.refresh
    _rows(token).update(asked_at=timezone.now())
    faults.point("token.asking")
    try:
        pair = client.refresh_pair(oa.app.app_id, secret, burnt, is_training=token.unit.is_training)
    except client.OAuthRefused as error:
        return _refused(oa, token, error.code)
    except client.AnswerLost:
        raise _lost(oa, token) from None
    except client.Unreachable:
        _rows(token).update(asked_at=None)  # most likely not used; if it was, Zalo's next no is the alarm
        raise
    faults.point("token.answered")
    return store(oa, pair, token.version + 1)


def _rows(token: Token) -> QuerySet[Token]:
    """The row, unless somebody has put a newer pair there."""
    return Token.objects.filter(pk=token.pk, version=token.version)


def _kept(oa: OfficialAccount, token: Token) -> Token | None:
    """A newer pair that reached the file or the journal and not the row."""
    file = vault_files.kept_pair(oa)
    if file and file.version > token.version and file.at >= token.obtained_at:
        return _store(oa, file.pair, file.version, file.expires_at)
    row = TokenJournal.objects.filter(oa=oa, version__gt=token.version).order_by("-version").first()
    return _store(oa, client.Pair(row.access, row.refresh, 0), row.version, row.expires_at) if row else None


def _refused(oa: OfficialAccount, token: Token, code: int) -> Token:
    """Who held the lease before us may only have been slow, and have used the refresh token: then nothing is wrong."""
    late = Token.objects.filter(oa=oa, version__gt=token.version).first() or _kept(oa, token)
    if late is not None:
        return late
    asked = timezone.now() if code in BURNT else None
    _rows(token).update(refreshing_until=timezone.now() + REFUSED, asked_at=asked)
    _lose(oa, _("Zalo không gia hạn quyền (mã %(code)s). Trưởng đơn vị cần kết nối lại OA.") % {"code": code})
    raise NeedsConsent


def _lost(oa: OfficialAccount, token: Token) -> NeedsConsent:
    _rows(token).update(refreshing_until=timezone.now() + REFUSED)
    if not oa.trouble:
        _lose(oa, _("Mất câu trả lời của Zalo khi gia hạn quyền. Trưởng đơn vị cần kết nối lại OA."))
    return NeedsConsent()


def _lose(oa: OfficialAccount, said: str) -> None:
    with transaction.atomic():
        accounts.report(oa, said)
        incidents.begin(Incident.Kind.CONSENT_LOST, oa)


def find_lost() -> None:
    """Pairs whose holder died on the way to Zalo or back: found again, or told at once, not when somebody sends."""
    asked = Token.objects.filter(asked_at__isnull=False, refreshing_until__lt=timezone.now(), oa__trouble="")
    for token in asked.select_related("oa__app"):
        with contextlib.suppress(NeedsConsent, client.Unreachable):
            refresh(token.oa, token.version, wait=False)


def store(oa: OfficialAccount, pair: client.Pair, version: int) -> Token:
    """Keeps a new pair: in the file, in the journal (a transaction of its own), then as the token in use."""
    expires_at = timezone.now() + timedelta(seconds=pair.seconds)
    vault_files.keep_pair(oa, pair, version, expires_at)
    faults.point("token.filed")
    return _store(oa, pair, version, expires_at)


def _store(oa: OfficialAccount, pair: client.Pair, version: int, expires_at: datetime) -> Token:
    if not TokenJournal.objects.filter(oa=oa, version=version).exists():
        journal = TokenJournal(unit_id=oa.unit_id, oa=oa, version=version, expires_at=expires_at)
        journal.access, journal.refresh = pair.access, pair.refresh
        journal.save()
    faults.point("token.journalled")
    with transaction.atomic():
        token = Token.objects.select_for_update().filter(oa=oa).first()
        if token is not None and token.version > version:
            return token  # a new consent was given while Zalo answered: that pair lives, ours is of the old grant
        token = token or Token(unit_id=oa.unit_id, oa=oa)
        token.access, token.refresh, token.version = pair.access, pair.refresh, version
        token.expires_at, token.obtained_at = expires_at, timezone.now()
        token.refreshing_until = token.asked_at = None
        token.save()
        TokenJournal.objects.filter(oa=oa, version__lt=version).delete()
        OfficialAccount.objects.filter(pk=oa.pk).update(trouble="", token_obtained_at=token.obtained_at)
        if pair.refresh_seconds:
            until = token.obtained_at + timedelta(seconds=pair.refresh_seconds)
            OfficialAccount.objects.filter(pk=oa.pk).update(token_refresh_until=until)
        incidents.end(Incident.Kind.CONSENT_LOST, oa)
        faults.point("token.row")
    faults.point("token.stored")
    return token

"""One post to one account, a step at a time (design D5, D6). Zone vault.

Article made → looked at by Zalo → broadcast. What a crash may cut in two is committed before each call. Making an
article may be repeated; the broadcast goes out at most once: what nobody knows becomes ``unknown`` and stays so until
a person has looked into OA Manager."""

from __future__ import annotations

import logging
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from broadcasts import leaving, schedule
from broadcasts.article import article, target
from broadcasts.guards import Refusal, What
from broadcasts.models import Dispatch
from zalopolice import faults, queue
from zalopolice.gateway import accounts, articles, client, holding, pace, tokens
from zalopolice.gateway.client import Account, Outcome, Verdict
from zalopolice.states import WrongState, move_to

log = logging.getLogger(__name__)

State = Dispatch.State
LOCK = zlib.crc32(b"broadcasts.sending") - 2**31
POLL, POLL_MAX = 3, 30
RETRY, PAUSED = 10, 15
LOOK_AFTER = 20
"""Seconds Zalo gets to list an article whose making had no clear end, before it is looked for and made again."""
PICTURE_PATIENCE = timedelta(minutes=10)
MANY_FAULTS = 40


def lease() -> timedelta:
    """Longer than any call: a row found ``sending`` after it belongs to a dead process."""
    return timedelta(seconds=client.CONNECT_TIMEOUT + settings.ZALO_TIMEOUT + 5)


def work(pk: uuid.UUID) -> None:
    """Takes one waiting dispatch further, up to where it must wait; safe to call at any time, by anybody, twice.

    At most one call to Zalo that makes something: the rows of others come in between."""
    rows = Dispatch.objects.select_related("version", "oa__app")
    dispatch = rows.filter(pk=pk, queue="vault", next_at__lte=timezone.now()).first()
    if dispatch is None:
        return
    with _turn(dispatch.oa_id) as ours:
        if not ours:
            return  # one call at a time per account; the next round finds this row again
        try:
            while _step(dispatch):
                pass
        except WrongState:
            return  # a person or another worker was faster; the row says what holds now
        except (OperationalError, SoftTimeLimitExceeded):
            raise
        except Exception as error:  # a row that cannot be built or opened must not circle in silence
            log.warning("dispatch %s: %s", dispatch.pk, type(error).__name__)
            _broken(dispatch.pk)


@contextmanager
def _turn(oa: uuid.UUID) -> Iterator[bool]:
    """A lock of this database session: it ends with the process, however that ends."""
    key = [LOCK, zlib.crc32(oa.bytes) - 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        ours = bool(cursor.fetchone()[0])
    try:
        yield ours
    finally:
        if ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _step(dispatch: Dispatch) -> bool:
    """True when the next step may follow at once."""
    if dispatch.state == State.SENDING:
        _nobody_knows(dispatch)
        return False
    if holding.paused():
        queue.again(dispatch, PAUSED)
        return False
    if refusal := leaving.guard_before_send(dispatch):
        _refused(dispatch, refusal)
        return False
    try:
        account, version = tokens.account(dispatch.oa)
    except tokens.NeedsConsent:
        _cut_off(dispatch)
        return False
    except client.Unreachable:
        queue.again(dispatch, RETRY)
        return False
    if wait := pace.take(dispatch.oa):
        queue.again(dispatch, wait)
        return False
    faults.point("dispatch.turn")
    if not queue.claim(dispatch, lease()):
        return False
    faults.point("dispatch.claimed")
    before = dispatch.state
    steps = {State.WAITING: _prepare, State.CREATING: _look_first, State.VERIFYING: _verify, State.READY: _send}
    outcome = steps[State(before)](dispatch, account)
    faults.point("dispatch.stepped")
    if outcome is not None and outcome.verdict is Verdict.TOKEN:
        _renew(dispatch, version)
    return dispatch.state != before and dispatch.next_at is not None and dispatch.next_at <= timezone.now()


def _refused(dispatch: Dispatch, refusal: Refusal) -> None:
    if refusal.what is What.WAIT:
        until = refusal.until or timezone.now() + timedelta(seconds=60)
        queue.again(dispatch, max(1.0, (until - timezone.now()).total_seconds()))
    elif refusal.what is What.HOLD:
        leaving.hold_dispatch(dispatch, refusal.reason)
    else:
        leaving.fail_dispatch(dispatch, refusal.reason)


def _cut_off(dispatch: Dispatch) -> None:
    said = _("OA %(name)s đã mất kết nối. Trưởng đơn vị kết nối lại OA rồi cho gửi tiếp.") % {"name": dispatch.oa.name}
    leaving.hold_dispatch(dispatch, said)


def _renew(dispatch: Dispatch, version: int) -> None:
    """Zalo refused the token, so nothing happened there; the row waits while we ask for a new one."""
    try:
        tokens.refresh(dispatch.oa, version)
    except tokens.NeedsConsent:
        _cut_off(dispatch)
    except client.Unreachable:
        queue.again(dispatch, 60)
    else:
        queue.again(dispatch, 1)


def _go(dispatch: Dispatch, state: str, delay: float = 0, **facts: Any) -> None:
    when = timezone.now() + timedelta(seconds=delay)
    move_to(dispatch, state, field="state", unchanged=("attempt",), next_at=when, **facts)


# --- the article -------------------------------------------------------------------------------------------------


def _prepare(dispatch: Dispatch, account: Account) -> Outcome | None:
    """A post that was held goes on from where it had got to."""
    if dispatch.article_id:
        _go(dispatch, State.READY)
        return None
    move_to(dispatch, State.CREATING, field="state", unchanged=("attempt",))
    if dispatch.article_token:
        _go(dispatch, State.VERIFYING)
        return None
    return _look_first(dispatch, account) if dispatch.attempt > 1 else _create(dispatch, account)


def _look_first(dispatch: Dispatch, account: Account) -> Outcome | None:
    """The call may have been made before and its answer lost. Zalo's own list tells."""
    used = Dispatch.objects.filter(oa_id=dispatch.oa_id).exclude(article_id="")
    try:
        known = set(used.values_list("article_id", flat=True))
        found = articles.find(account, article(dispatch.version), known)
    except client.Unreachable:
        queue.again(dispatch, RETRY)
        return None
    if not found:
        return _create(dispatch, account)
    _go(dispatch, State.WAITING, article_id=found)
    return None


def _create(dispatch: Dispatch, account: Account) -> Outcome:
    faults.point("dispatch.creating")
    outcome = articles.create(account, article(dispatch.version))
    faults.point("dispatch.created")
    if outcome.verdict is Verdict.SENT:
        _go(dispatch, State.VERIFYING, POLL, article_token=outcome.data["token"])
    elif outcome.verdict is Verdict.UNCLEAR:
        queue.again(dispatch, LOOK_AFTER)
    else:
        _go(dispatch, State.WAITING, RETRY)
        _not_accepted(dispatch, outcome)
    return outcome


def _verify(dispatch: Dispatch, account: Account) -> Outcome:
    outcome = articles.verify(account, dispatch.article_token)
    faults.point("dispatch.verified")
    if outcome.verdict is Verdict.SENT:
        _go(dispatch, State.READY, article_id=outcome.data["id"], article_token="")
    elif outcome.code == articles.PROCESSING:
        queue.again(dispatch, min(POLL + dispatch.attempt, POLL_MAX))
    elif outcome.code == articles.PICTURE:
        # A picture that could not be fetched a moment ago may be there now; only a new article is fetched anew.
        _go(dispatch, State.WAITING, 60, article_token="")
        if timezone.now() > dispatch.due_at + PICTURE_PATIENCE:
            leaving.hold_dispatch(dispatch, articles.reason(outcome.code))
    elif outcome.code == articles.BAD_FIELD:
        _go(dispatch, State.WAITING, RETRY, article_token="")
        leaving.hold_dispatch(dispatch, articles.reason(outcome.code))
    elif outcome.verdict is Verdict.UNCLEAR:
        queue.again(dispatch, POLL)
    else:
        _not_accepted(dispatch, outcome)
    return outcome


def _not_accepted(dispatch: Dispatch, outcome: Outcome) -> None:
    """Zalo has surely done nothing; the row is in a state from which it may wait, be held, or end."""
    if outcome.verdict is Verdict.TOKEN:
        queue.again(dispatch, 60)
    elif outcome.code in articles.MENDABLE and outcome.code != articles.PICTURE:
        leaving.hold_dispatch(dispatch, articles.reason(outcome.code))
    elif outcome.verdict is Verdict.REFUSED:
        leaving.fail_dispatch(dispatch, articles.reason(outcome.code))
    else:
        if outcome.too_fast:
            pace.slow_down(dispatch.oa)
        wait = outcome.wait if outcome.wait is not None else RETRY
        queue.again(dispatch, wait)
        if outcome.wait is not None:
            _slow_down(dispatch, wait)


def _slow_down(dispatch: Dispatch, seconds: float) -> None:
    """Zalo counts calls per account: the account's other posts wait with this one."""
    until = timezone.now() + timedelta(seconds=seconds)
    others = Dispatch.objects.filter(oa_id=dispatch.oa_id, queue="vault", state__in=Dispatch.BEFORE_SENDING)
    others.filter(next_at__lt=until).update(next_at=until)


# --- the call that cannot be taken back --------------------------------------------------------------------------


def _send(dispatch: Dispatch, account: Account) -> Outcome | None:
    audience = target(dispatch.version)
    if refusal := leaving.start_sending(dispatch):
        _refused(dispatch, refusal)
        return None
    faults.point("dispatch.begun")
    outcome = articles.broadcast(account, dispatch.article_id, audience)
    faults.point("dispatch.answered")
    _record(dispatch, outcome)
    faults.point("dispatch.recorded")
    return outcome


def _record(dispatch: Dispatch, outcome: Outcome) -> None:
    if outcome.verdict is Verdict.SENT:
        leaving.settled(dispatch, State.SENT, message_id=outcome.message_id)
        accounts.note_broadcast(dispatch.oa_id)
    elif outcome.verdict is Verdict.UNCLEAR:
        _nobody_knows(dispatch)
    elif outcome.verdict is Verdict.REFUSED and outcome.code not in articles.MENDABLE | {articles.NIGHT: ""}:
        leaving.settled(dispatch, State.FAILED, error=articles.reason(outcome.code))
    else:
        leaving.settled(dispatch, State.READY)
        if outcome.code == articles.NIGHT:
            _wait_for_morning(dispatch)
        else:
            _not_accepted(dispatch, outcome)


def _wait_for_morning(dispatch: Dispatch) -> None:
    """By Zalo's clock it is night, whatever ours says; the guard decides anew when the time comes."""
    now = timezone.now()
    until = max(schedule.next_allowed(now), now + timedelta(minutes=15))
    queue.again(dispatch, (until - now).total_seconds())


def _nobody_knows(dispatch: Dispatch) -> None:
    said = _(
        "Chưa rõ Zalo đã gửi bài hay chưa. Máy không tự gửi lại. Mở OA Manager, xem mục bài đã gửi, "
        "rồi ghi kết luận ở đây."
    )
    leaving.settled(dispatch, State.UNKNOWN, error=said)


def _broken(pk: uuid.UUID) -> None:
    """Something in us failed. Before the call the row tries again, and in the end asks a person; after it, its lease
    runs out and it becomes ``unknown``."""
    row = Dispatch.objects.select_related("version", "oa").filter(pk=pk).first()
    if row is None or row.state not in Dispatch.BEFORE_SENDING:
        return
    if row.attempt >= MANY_FAULTS:
        leaving.hold_dispatch(row, _("Máy gặp lỗi khi gửi bài này. Báo quản trị hệ thống."))
    else:
        queue.again(row, 60, attempt=row.attempt + 1)

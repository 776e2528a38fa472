"""Sending the outbox (design D5). Zone vault. Every way an HTTP call can end has one consequence here.

``sending`` is committed before the call. What nobody can know afterwards becomes ``unknown`` and is settled by Zalo's
echo, then by the conversation's history; only when the history says it was not sent is it sent once more.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from datetime import timedelta
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from zalopolice import faults, metrics, queue, written
from zalopolice.gateway import accounts, client, echoes, holding, pace, quota, rules, settling, tokens, verdicts
from zalopolice.gateway.client import Outcome, Verdict
from zalopolice.gateway.models import Citizen, Message, OfficialAccount, ZaloApp
from zalopolice.gateway.settling import tell_unsent
from zalopolice.gateway.uploads import instead, left_out, message_of
from zalopolice.states import WrongState, move_to
from zalopolice.vault import routes

log = logging.getLogger(__name__)

State = Message.State
WAITING = (State.QUEUED, State.RETRY)
MAX_ATTEMPTS = 8
HELD_UP = timedelta(seconds=60)
NEAR = timedelta(seconds=1)
TOGETHER = 10.0
"""Seconds one citizen's rows may follow each other; the rest find the next round, before a time limit cuts a call."""
FENCE = ("attempt",)
WAITS = """FROM gateway_message JOIN gateway_citizen ON gateway_citizen.id = gateway_message.citizen_id
    JOIN gateway_officialaccount ON gateway_officialaccount.id = gateway_message.oa_id
    JOIN gateway_zaloapp ON gateway_zaloapp.id = gateway_officialaccount.app_id
    WHERE gateway_message.id = %s AND gateway_message.queue = 'vault' AND gateway_message.next_at <= %s"""
AHEAD = """SELECT state FROM gateway_message
    WHERE citizen_id = %s AND direction = 'out' AND sent_at < %s AND queue = 'vault'
        AND (state = 'sending' OR state IN ('queued', 'retry') AND next_at <= %s) ORDER BY sent_at, id LIMIT 1"""
NEXT = """SELECT id FROM gateway_message
    WHERE citizen_id = %s AND state IN ('queued', 'retry') AND queue = 'vault' AND next_at <= %s
    ORDER BY sent_at, id LIMIT 1"""


def lease() -> timedelta:
    """Longer than nearly every call: a row found ``sending`` after it belongs to a dead process, or to a very slow
    answer, which :func:`_sent` still takes."""
    return timedelta(seconds=client.CONNECT_TIMEOUT + settings.ZALO_TIMEOUT + 5)


def deliver(pk: uuid.UUID) -> None:
    """Looks at one outbound row: sends it, settles it, or declares it unknown; then the citizen's next one."""
    message, until = _load(pk), time.monotonic() + TOGETHER
    while message is not None and time.monotonic() < until:
        faults.point("outbox.loaded")
        if message.state != State.SENDING and holding.paused():
            return  # it stays as it is, and due, until a person lets sending go on
        if message.state in WAITING:
            message = _first_in_turn(message)
        if message is None or not _work_on(message):
            return
        message = _next_of(message)


def _work_on(message: Message) -> bool:
    """False when this citizen's row is somebody else's now, must wait, or cannot be worked on."""
    try:
        if message.state == State.SENDING:
            _declare_unknown(message)
        elif message.state == State.UNKNOWN:
            settling.settle(message)
        else:
            return send(message)
        return True
    except WrongState:
        return False  # somebody settled it between our look and our write
    except (OperationalError, SoftTimeLimitExceeded):
        raise  # the database's trouble and the task's, not the row's
    except Exception as error:  # a row that cannot be opened or built: the officer must learn of it
        log.warning("message %s not sent: %s", message.pk, type(error).__name__)
        _failed(message)
        return False


def _failed(message: Message) -> None:
    """A row that was on its way finds its end as ``unknown``; one that waits tries again, but not for ever."""
    row = Message.objects.filter(pk=message.pk).first()
    if row is None or row.state not in {*WAITING, State.UNKNOWN}:
        return
    if row.state == State.UNKNOWN and row.attempt >= 2 * MAX_ATTEMPTS:
        end(row, State.FAILED, gettext_noop("Chưa rõ đã gửi hay chưa; hãy xem trên Zalo trước khi gửi lại."))
    elif row.state in WAITING and row.attempt + 1 >= MAX_ATTEMPTS:
        end(row, State.FAILED, gettext_noop("Không gửi được vì lỗi của hệ thống."))
    elif row.state in WAITING:
        queue.again(row, queue.BACKOFF[min(row.attempt, 5)], attempt=row.attempt + 1)


def _load(pk: uuid.UUID | None) -> Message | None:
    if pk is None:
        return None
    found = written.joined((Message, Citizen, OfficialAccount, ZaloApp), WAITS, pk, timezone.now())
    if found is None:
        return None
    message: Message
    message, message.citizen, message.oa, message.oa.app = found
    return message


def _first_in_turn(message: Message) -> Message | None:
    """A citizen reads our messages in the order they were written: the first one that waits, None to wait with it.

    An earlier one that comes back only after a long pause holds nobody up."""
    while (ahead := _ahead(message)) is not None:
        first = _next_of(message)
        if first is None or first.pk == message.pk:
            if ahead in WAITING:
                queue.again(message, 5)  # behind the rows of others, which must not wait for this one
            return None
        message = first
    return message


def _ahead(message: Message) -> str | None:
    """The state of the first row that goes before this one."""
    state: str | None = written.value(AHEAD, message.citizen_id, message.sent_at, timezone.now() + HELD_UP)
    return state


def _next_of(message: Message) -> Message | None:
    return _load(written.value(NEXT, message.citizen_id, timezone.now()))


def send(message: Message) -> bool:
    """Sends a waiting row; False when another worker has it or it must wait."""
    now, person = timezone.now(), routes.zalo_user_id(message.citizen_id)
    if person.startswith(routes.GROUP):
        return end(message, State.BLOCKED, verdicts.IN_GROUP)
    window = rules.reply_window(message.citizen, now)
    if window is rules.Window.CLOSED:
        return end(message, State.BLOCKED, verdicts.reason(-230))
    if not message.asked:
        if message.citizen.wants_silence:
            return end(message, State.BLOCKED, gettext_noop("Người dân đã nhắn STOP, không muốn nhận thêm tin."))
        if morning := rules.quiet_until(now):
            queue.again(message, (morning - now).total_seconds())
            return False
    # Opened before it takes its turn and is on its way: what cannot be built is certainly not sent.
    assert message.text
    if wait := pace.take(message.oa):
        queue.again(message, wait)
        return False
    faults.point("outbox.turn")
    try:
        account, version = tokens.account(message.oa)
    except tokens.NeedsConsent:
        queue.again(message, 60, error=gettext_noop("OA chưa được kết nối hoặc đã mất quyền."))
        return False
    except client.Unreachable:
        queue.again(message, 10)
        return False
    faults.point("outbox.token")
    content = message_of(message, account, version)
    if content is None or not _begin(message, window):
        return False
    faults.point("outbox.begun")
    outcome = client.send(account, person, content)
    faults.point("outbox.answered")
    if outcome.verdict is Verdict.TOKEN:
        return _renew(message, version)
    if not account.is_training:
        metrics.count("sends", outcome.verdict.value)
    record(message, outcome)
    faults.point("outbox.recorded")
    return True


def _renew(message: Message, version: int) -> bool:
    """Zalo refused the token, so nothing was sent: the row waits again before the refresh, which may take longer
    than its lease, and goes at once when there is a new token, unless that has not helped before."""
    record(message, Outcome(Verdict.NOT_SENT, wait=60.0))
    try:
        tokens.refresh(message.oa, version)
    except (tokens.NeedsConsent, client.Unreachable):
        return False
    if message.state == State.RETRY and message.attempt == 1:
        queue.again(message, 0)
    return True


def _begin(message: Message, window: rules.Window) -> bool:
    """The claim of ``queue.py`` and the step to ``sending`` in one: both or none."""
    now = timezone.now()
    begun: dict[str, Any] = {"sending_since": now, "tier": quota.expected(window)}
    claimed: dict[str, Any] = {"attempt": message.attempt + 1, "next_at": now + lease()}
    try:
        move_to(message, State.SENDING, field="state", unchanged=("attempt", "next_at"), **claimed, **begun)
    except WrongState:
        return False
    return True


def record(message: Message, outcome: Outcome) -> None:
    """Writes what came of a call, unless the echo or another worker has settled the row meanwhile."""
    now = timezone.now()
    try:
        if outcome.verdict is Verdict.SENT:
            _sent(message, outcome)
        elif outcome.verdict is Verdict.UNCLEAR:
            wait = now + timedelta(seconds=settings.ZALO_ECHO_WAIT)
            move_to(message, State.UNKNOWN, field="state", unchanged=FENCE, next_at=wait)
        elif _final(message, outcome):
            if not instead(message, outcome):
                end(message, State.BLOCKED, verdicts.reason(outcome.code))
        elif message.attempt >= MAX_ATTEMPTS + (settling.PATIENT if message.resends else 0):
            tried = gettext_noop("Đã thử 8 lần, Zalo chưa nhận.")
            end(message, State.FAILED, verdicts.reason(outcome.code) if outcome.code else tried)
        else:
            back = now + timedelta(seconds=_wait(message, outcome))
            said = verdicts.reason(outcome.code) if outcome.code else ""
            move_to(message, State.RETRY, field="state", unchanged=FENCE, next_at=back, error=said)
    except WrongState:
        return  # settled by its echo; what it says is at least as true as our answer
    if outcome.too_fast:
        pace.slow_down(message.oa)
    if outcome.code in verdicts.EXHAUSTED:
        quota.exhausted(message.oa)


def _final(message: Message, outcome: Outcome) -> bool:
    """A refusal is believed at once, one that may pass at its last try."""
    may_pass = outcome.tries > 1
    return message.attempt >= outcome.tries if may_pass else outcome.verdict is Verdict.REFUSED


def _wait(message: Message, outcome: Outcome) -> float:
    now = timezone.now()
    morning = verdicts.wait_until(outcome.code, now, rules.quiet_until(now))
    backoff = queue.BACKOFF[min(message.attempt - 1, len(queue.BACKOFF) - 1)]
    return next(seconds for seconds in (morning, outcome.wait, backoff) if seconds is not None)


def _sent(message: Message, outcome: Outcome) -> None:
    msg_id = outcome.message_id
    done: dict[str, Any] = {"settled_at": timezone.now(), "next_at": None, "queue": "", "error": ""}
    done["tier"] = quota.tier(message.tier, outcome.data)
    rows = Message.objects.filter(unit_id=message.unit_id, oa_id=message.oa_id)
    with transaction.atomic():
        if msg_id and echoes.is_here(message.unit_id, message.oa_id, msg_id):
            # An echo that Zalo worded differently was taken for somebody's typing in the console: it was this.
            echoes.not_typed(rows.filter(zalo_msg_id=msg_id))
            msg_id = "" if rows.filter(zalo_msg_id=msg_id).exists() else msg_id
        done["zalo_msg_id"] = msg_id
        faults.point("outbox.recording")
        try:
            move_to(message, State.SENT, field="state", unchanged=FENCE, **done)
        except WrongState:
            # Declared unknown while we waited for a slow answer: now it is known, unless it went out anew.
            late = rows.filter(pk=message.pk, state=State.UNKNOWN, resends=message.resends, zalo_msg_id="")
            late.update(state=State.SENT, **done)
    accounts.note_sent(message.oa_id)


def end(message: Message, state: str, error: str) -> bool:
    """Not sent, and nobody tries again by itself: whoever keeps the tray must see that. One bell for all of them."""
    if left_out(message, error):
        return True
    done = {"error": error, "next_at": None, "queue": "", "settled_at": timezone.now()}
    with transaction.atomic():
        move_to(message, state, field="state", unchanged=FENCE, **done)
        tell_unsent(message)
    return True


def _declare_unknown(message: Message) -> None:
    """Found ``sending`` after its lease: the process died somewhere around the call."""
    wait = timezone.now() + timedelta(seconds=settings.ZALO_ECHO_WAIT)
    move_to(message, State.UNKNOWN, field="state", unchanged=FENCE, next_at=wait)


def declare_dead() -> None:
    """While sending is paused: rows whose process died may have arrived or not, and wait as such."""
    for message in Message.objects.filter(queue="vault", state=State.SENDING, next_at__lte=timezone.now()):
        with contextlib.suppress(WrongState):
            _declare_unknown(message)


def next_turn() -> float | None:
    """Seconds until the next row's time, when it is so near that a round may wait for it: rows of one account go
    evenly (``pace.py``), a fifth of a second apart, and the next round would come too late for most of them."""
    now = timezone.now()
    rows = Message.objects.filter(queue="vault", next_at__gt=now, next_at__lte=now + NEAR).order_by("next_at")
    soonest = rows.values_list("next_at", flat=True).first()
    return None if soonest is None else max(0.01, (soonest - timezone.now()).total_seconds())

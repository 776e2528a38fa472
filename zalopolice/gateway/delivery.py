"""Sending the outbox (design D5). Zone vault. Every way an HTTP call can end has one consequence here.

``sending`` is committed before the call. What nobody can know afterwards becomes ``unknown`` and is settled by Zalo's
echo, then by the conversation's history; only when the history says it was not sent is it sent once more.
"""

from __future__ import annotations

import logging
import uuid
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone

from zalopolice import queue
from zalopolice.gateway import client, echoes, rules, tokens
from zalopolice.gateway.client import Outcome, Verdict
from zalopolice.gateway.models import Message
from zalopolice.states import WrongState, move_to
from zalopolice.vault import routes

log = logging.getLogger(__name__)

State = Message.State
WAITING = (State.QUEUED, State.RETRY)
MAX_ATTEMPTS = 8
PAGES = 5
FENCE = ("attempt",)


def lease() -> timedelta:
    """Longer than the longest call, so that a row found ``sending`` after it belongs to a dead process."""
    return timedelta(seconds=client.CONNECT_TIMEOUT + settings.ZALO_TIMEOUT + 5)


def deliver(pk: uuid.UUID) -> None:
    """Looks at one outbound row: sends it, settles it, or declares it unknown; then the citizen's next one."""
    message = _load(pk)
    try:
        while message is not None and _work_on(message):
            message = _next_of(message)
    except WrongState:
        return  # somebody settled it between our look and our write
    except OperationalError:
        raise
    except Exception as error:  # a row that cannot be opened or built: the officer must learn of it
        log.warning("message %s not sent: %s", pk, type(error).__name__)
        _failed(pk)


def _failed(pk: uuid.UUID) -> None:
    """Only for rows that were not on their way; those find their end as ``unknown``."""
    message = Message.objects.filter(pk=pk, state__in=WAITING).first()
    if message is None:
        return
    if message.attempt + 1 >= MAX_ATTEMPTS:
        _end(message, State.FAILED, "Không gửi được vì lỗi của hệ thống.")
    else:
        queue.again(message, queue.BACKOFF[min(message.attempt, 5)], attempt=message.attempt + 1)


def _work_on(message: Message) -> bool:
    """False when this citizen's row is somebody else's now, or must wait."""
    if message.state == State.SENDING:
        _declare_unknown(message)
        return True
    if message.state == State.UNKNOWN:
        settle(message)
        return True
    if _in_turn(message):
        return send(message)
    first = _next_of(message)
    return first is not None and first.pk != message.pk and send(first)


def _load(pk: uuid.UUID) -> Message | None:
    rows = Message.objects.select_related("oa__app", "citizen")
    return rows.filter(pk=pk, queue="vault", next_at__lte=timezone.now()).first()


def _in_turn(message: Message) -> bool:
    """A citizen reads our messages in the order they were written: an earlier one must not be on its way."""
    earlier = Message.objects.filter(
        citizen_id=message.citizen_id, direction=Message.Direction.OUT, sent_at__lt=message.sent_at
    )
    return not earlier.filter(state__in=[State.QUEUED, State.SENDING], queue="vault").exists()


def _next_of(message: Message) -> Message | None:
    rows = Message.objects.select_related("oa__app", "citizen").filter(
        citizen_id=message.citizen_id, state__in=WAITING, queue="vault", next_at__lte=timezone.now()
    )
    return rows.order_by("sent_at", "pk").first()


def send(message: Message) -> bool:
    """Sends a waiting row; False when another worker has it or it must wait."""
    if rules.reply_window(message.citizen, timezone.now()) is rules.Window.CLOSED:
        return _end(message, State.BLOCKED, client.reason(-230))
    try:
        account, version = tokens.account(message.oa)
    except tokens.NeedsConsent:
        queue.again(message, 60, error="OA chưa được kết nối hoặc đã mất quyền.")
        return False
    except client.Unreachable:
        queue.again(message, 10)
        return False
    if not _begin(message):
        return False
    person = routes.zalo_user_id(message.citizen_id)
    outcome = client.send_text(account, person, message.text)
    if outcome.verdict is Verdict.TOKEN:
        outcome = _with_new_token(message, person, version)
    record(message, outcome)
    return True


def _begin(message: Message) -> bool:
    try:
        with transaction.atomic():
            if not queue.claim(message, lease()):
                return False
            move_to(message, State.SENDING, field="state", sending_since=timezone.now())
    except WrongState:
        return False
    return True


def _with_new_token(message: Message, person: str, version: int) -> Outcome:
    """Zalo refused the token, so nothing was sent: refresh once and try once more."""
    try:
        tokens.refresh(message.oa, version)
        account, _ = tokens.account(message.oa)
    except (tokens.NeedsConsent, client.Unreachable):
        return Outcome(Verdict.NOT_SENT, wait=60.0)
    outcome = client.send_text(account, person, message.text)
    return Outcome(Verdict.NOT_SENT, wait=60.0) if outcome.verdict is Verdict.TOKEN else outcome


def record(message: Message, outcome: Outcome) -> None:
    """Writes what came of a call, unless the echo or another worker has settled the row meanwhile."""
    now = timezone.now()
    try:
        if outcome.verdict is Verdict.SENT:
            done = {"zalo_msg_id": outcome.message_id, "settled_at": now, "next_at": None, "queue": "", "error": ""}
            move_to(message, State.SENT, field="state", unchanged=FENCE, **done)
        elif outcome.verdict is Verdict.UNCLEAR:
            wait = now + timedelta(seconds=settings.ZALO_ECHO_WAIT)
            move_to(message, State.UNKNOWN, field="state", unchanged=FENCE, next_at=wait)
        elif outcome.verdict is Verdict.REFUSED:
            _end(message, State.BLOCKED, client.reason(outcome.code))
        elif message.attempt >= MAX_ATTEMPTS:
            _end(message, State.FAILED, "Đã thử 8 lần, Zalo chưa nhận.")
        else:
            seconds = outcome.wait if outcome.wait is not None else queue.BACKOFF[min(message.attempt - 1, 5)]
            back = now + timedelta(seconds=seconds)
            move_to(message, State.RETRY, field="state", unchanged=FENCE, next_at=back)
    except WrongState:
        return  # settled by its echo; what it says is at least as true as our answer


def _end(message: Message, state: str, error: str) -> bool:
    done = {"error": error, "next_at": None, "queue": "", "settled_at": timezone.now()}
    move_to(message, state, field="state", unchanged=FENCE, **done)
    return True


def _declare_unknown(message: Message) -> None:
    """Found ``sending`` after its lease: the process died somewhere around the call."""
    wait = timezone.now() + timedelta(seconds=settings.ZALO_ECHO_WAIT)
    move_to(message, State.UNKNOWN, field="state", unchanged=FENCE, next_at=wait)


def settle(message: Message) -> None:
    """No echo came: asks the conversation's history. Not there → once more; still unclear after that → a person."""
    if not queue.claim(message, lease()):
        return
    try:
        found = _in_history(message)
    except (client.Unreachable, tokens.NeedsConsent):
        if message.attempt >= 2 * MAX_ATTEMPTS:
            _end(message, State.FAILED, "Chưa rõ đã gửi hay chưa; hãy xem trên Zalo trước khi gửi lại.")
        else:
            queue.again(message, 30)
        return
    if found:
        echoes.confirm(message, found)
    elif message.resends == 0:
        move_to(message, State.RETRY, field="state", resends=1, next_at=timezone.now())
    else:
        _end(message, State.FAILED, "Đã gửi hai lần mà Zalo không ghi nhận; cần người kiểm tra.")


def _in_history(message: Message) -> str:
    """The Zalo id of this very message, or "" when the history shows it was never sent."""
    account, _ = tokens.account(message.oa)
    person, text = routes.zalo_user_id(message.citizen_id), message.text
    since = (message.sending_since or message.sent_at) - timedelta(seconds=30)
    for page in range(PAGES):
        rows = client.history(account, person, offset=page * 10)
        for row in rows:
            if str(row.get("src")) == "0" and row.get("message") == text and _at(row) >= since:
                msg_id = str(row.get("message_id") or "")
                taken = Message.objects.filter(unit_id=message.unit_id, oa_id=message.oa_id, zalo_msg_id=msg_id)
                if msg_id and not taken.exists():
                    return msg_id
        if len(rows) < 10 or _at(rows[-1]) < since:
            return ""
    raise client.Unreachable  # more messages than we read: we do not know


def _at(row: dict[str, object]) -> datetime:
    try:
        return datetime.fromtimestamp(int(str(row.get("time"))) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return timezone.now()

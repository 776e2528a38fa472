"""From a sealed event to a citizen's message (zone vault). Each event is decided once, in one transaction."""

from __future__ import annotations

import json
import logging
import uuid
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice import crypto, faults, metrics, queue
from zalopolice.gateway import accounts, echoes, events, storing, stuck, training
from zalopolice.gateway.models import InboundEvent, OfficialAccount, StuckEvent
from zalopolice.gateway.storing import NotYet
from zalopolice.gateway.stuck import UnknownAccount

log = logging.getLogger(__name__)

POISON_AFTER = 8
UNKNOWN_WAITS = timedelta(days=30)
BODIES_KEPT = timedelta(days=7)
STATES = {
    events.ACT: InboundEvent.State.ACTED,
    events.RECORD: InboundEvent.State.RECORDED,
    events.IGNORE: InboundEvent.State.IGNORED,
}


def receive(pk: uuid.UUID) -> None:
    _decide_on(queue.locked(InboundEvent, pk))


def receive_next() -> bool:
    """The event that waits longest and nobody works on; False when there is none."""
    return _decide_on(queue.next_locked(InboundEvent, "vault"))


def _decide_on(locked: AbstractContextManager[queue.Job | None]) -> bool:
    decided = ""
    with locked as event:
        if not isinstance(event, InboundEvent):
            return False
        faults.point("inbox.locked")
        try:
            with transaction.atomic():
                decided, name, kept = _decide(event)
                queue.finish(event, state=decided, event_name=name, sealed=kept, error="")
                faults.point("inbox.finished")
        except NotYet as wait:
            queue.again(event, wait.seconds)
        except OperationalError:
            raise  # the database's trouble, not the event's: it stays as it is
        except Exception as error:  # whatever an event does to us, the others must go on
            _set_aside(event, error)
    faults.point("inbox.committed")
    if event.app_id != training.APP_ID:
        metrics.count("events", decided or "later")
    return True


def take(app_id: str, body: dict[str, Any], received_at: datetime) -> None:
    """Acts on an event we did not get from the webhook but found ourselves (in Zalo's history). The rules are the
    same: what is here already is not stored again, and routing answers nothing that is a day old.

    Raises what :func:`receive` would set aside, and ``NotYet``; nothing is stored then."""
    with transaction.atomic():
        parsed = events.read(body, received_at)
        if parsed.decision == events.ACT:
            _act(parsed, app_id, received_at, told=False)


def wake(app_id: str) -> None:
    """An account of this app was connected: what waits for it may be read now. The bodies are sealed, so all that waits
    for an account of the app is tried."""
    stuck.waiting().filter(app_id=app_id).update(next_at=timezone.now())


def _set_aside(event: InboundEvent, error: Exception) -> None:
    log.warning("event %s failed: %s", event.pk, type(error).__name__)
    attempt, where = event.attempt + 1, f"{type(error).__name__}: {error}" if isinstance(error, events.BadEvent) else ""
    changes: dict[str, Any] = {"error": (where or type(error).__name__)[:120], "attempt": attempt}
    if isinstance(error, UnknownAccount) and timezone.now() - event.received_at < UNKNOWN_WAITS:
        queue.again(event, 3600, **changes | {"attempt": 0})
    elif attempt >= POISON_AFTER or isinstance(error, events.BadEvent):
        raw = _readable(event)
        _show(event, raw, changes["error"])
        kept = bytes(event.sealed) if raw is None else _sealed(event, raw, _json(raw))
        queue.finish(event, state=InboundEvent.State.POISON, sealed=kept, **changes)
    else:
        queue.again(event, queue.BACKOFF[min(attempt - 1, len(queue.BACKOFF) - 1)], **changes)


def _show(event: InboundEvent, raw: bytes | None, error: str) -> None:
    try:
        with transaction.atomic():
            stuck.keep(event, raw, error)
    except OperationalError:
        raise
    except Exception as worse:  # it must end all the same, or it would be tried for ever; the incident counts it
        log.warning("event %s not shown: %s", event.pk, type(worse).__name__)


def retry(pk: uuid.UUID) -> None:
    """One more try for what a person wants tried again: the code may have been mended meanwhile."""
    event = stuck.release(pk)
    if event is not None:
        receive(event)


def _open(event: InboundEvent) -> bytes:
    try:
        return crypto.open_sealed(settings.KEYS.vault_private, bytes(event.sealed), _aad(event))
    except crypto.CannotOpen:
        raise events.BadEvent("cannot be opened") from None


def _readable(event: InboundEvent) -> bytes | None:
    try:
        return _open(event)
    except events.BadEvent:
        return None


def _aad(event: InboundEvent) -> bytes:
    return b"zp-event|" + event.pk.bytes


def _decide(event: InboundEvent) -> tuple[str, str, bytes]:
    raw = _open(event)
    faults.point("inbox.opened")
    parsed = events.parse(raw, event.received_at)
    if parsed.decision == events.ACT:
        _act(parsed, event.app_id, event.received_at)
        faults.point("inbox.acted")
    if event.error:
        stuck.was_read(event)
    return STATES[parsed.decision], parsed.name, _sealed(event, raw, parsed.body)


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _sealed(event: InboundEvent, raw: bytes, body: object) -> bytes:
    if isinstance(body, dict) and "user_id_by_app" in body:
        # It joins one person across communes; nothing here may ever do that (design D16).
        raw = json.dumps({name: value for name, value in body.items() if name != "user_id_by_app"}).encode()
    return crypto.seal_to(settings.KEYS.vault_public, raw, _aad(event))


def _act(event: events.Event, app_id: str, received_at: datetime, *, told: bool = True) -> None:
    # The app whose secret signed the event speaks for its own accounts only.
    parties = [party for party in event.parties if party]
    oa = stuck.owner(parties, app_id)
    if oa is None:
        raise UnknownAccount("no such account here")
    faults.point("inbox.account_found")
    if told:  # what we found ourselves is no sign of life of the webhook
        accounts.note_event(oa.pk)
    if event.name == "permission_revoked":
        _revoked(oa, event)
    elif event.name in events.RECEIPTS:
        storing.receipt(oa, event)
    elif event.name in events.GROUPS:
        storing.group_of(oa, event)
    else:
        _of_a_person(oa, event, received_at)


def _revoked(oa: OfficialAccount, event: events.Event) -> None:
    if oa.connected_at is None or event.sent_at >= oa.connected_at:  # the grant it speaks of may be gone already
        accounts.report(oa, _("OA đã thu hồi quyền của ứng dụng. Trưởng đơn vị cần kết nối lại OA."))


def _of_a_person(oa: OfficialAccount, event: events.Event, received_at: datetime) -> None:
    citizen = storing.citizen_of(oa, event)
    faults.point("inbox.citizen_found")
    if event.is_echo:
        said = (event.msg_id, echoes.words_of(event), event.kind, event.sent_at)
        if not echoes.settle(oa, citizen, *said, typed=event.is_typed):
            raise NotYet
        return
    if event.name in events.PERSONAL:
        storing.about_person(citizen, event)
        return
    if event.name != "oa_call_user":
        storing.touch(citizen, event)
    if event.is_message:
        storing.message(oa, citizen, event, received_at)
    elif event.name in events.CALLS:
        storing.call(oa, citizen, event, received_at)
    elif event.name == "user_withdraw":
        storing.withdrawal(oa, citizen, event, received_at)


def forget_bodies() -> int:
    """Empties the sealed bodies of events that ended a week ago: their words live in the message now, or a person
    has dealt with them."""
    settled = StuckEvent.objects.filter(handled_at__lt=timezone.now() - BODIES_KEPT).values("event_id")
    ended = Q(state__in=[InboundEvent.State.ACTED, InboundEvent.State.IGNORED])
    done = InboundEvent.objects.filter(ended | Q(state=InboundEvent.State.POISON, pk__in=settled))
    return done.filter(received_at__lt=timezone.now() - BODIES_KEPT).exclude(sealed=b"").update(sealed=b"")

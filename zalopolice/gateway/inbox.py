"""From a sealed event to a citizen's message (zone vault). Each event is decided once, in one transaction."""

from __future__ import annotations

import json
import logging
import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice import crypto, queue
from zalopolice.gateway import accounts, echoes, events
from zalopolice.gateway.models import Attachment, Citizen, InboundEvent, Message, OfficialAccount
from zalopolice.vault import routes

log = logging.getLogger(__name__)

POISON_AFTER = 8
UNKNOWN_WAITS = timedelta(days=30)
BODIES_KEPT = timedelta(days=7)
STATES = {
    events.ACT: InboundEvent.State.ACTED,
    events.RECORD: InboundEvent.State.RECORDED,
    events.IGNORE: InboundEvent.State.IGNORED,
}


class NotYet(Exception):
    """The event must wait for something that is still happening; it is no failure."""


class UnknownAccount(events.BadEvent):
    """Signed by an app of ours for an account nobody has entered yet: it waits until somebody does."""


def receive(pk: uuid.UUID) -> None:
    with queue.locked(InboundEvent, pk) as event:
        if not isinstance(event, InboundEvent):
            return
        try:
            with transaction.atomic():
                decided, name, kept = _decide(event)
                queue.finish(event, state=decided, event_name=name, sealed=kept, error="")
        except NotYet:
            queue.again(event, 1.0)
        except OperationalError:
            raise  # the database's trouble, not the event's: it stays as it is
        except Exception as error:  # whatever an event does to us, the others must go on
            _set_aside(event, error)


def _set_aside(event: InboundEvent, error: Exception) -> None:
    log.warning("event %s failed: %s", event.pk, type(error).__name__)
    attempt, where = event.attempt + 1, f"{type(error).__name__}: {error}" if isinstance(error, events.BadEvent) else ""
    changes: dict[str, Any] = {"error": (where or type(error).__name__)[:120], "attempt": attempt}
    if isinstance(error, UnknownAccount) and timezone.now() - event.received_at < UNKNOWN_WAITS:
        queue.again(event, 3600, **changes | {"attempt": 0})
    elif attempt >= POISON_AFTER or isinstance(error, events.BadEvent):
        queue.finish(event, state=InboundEvent.State.POISON, sealed=_readable_later(event), **changes)
    else:
        queue.again(event, queue.BACKOFF[min(attempt - 1, len(queue.BACKOFF) - 1)], **changes)


def _open(event: InboundEvent) -> bytes:
    try:
        return crypto.open_sealed(settings.KEYS.vault_private, bytes(event.sealed), _aad(event))
    except crypto.CannotOpen:
        raise events.BadEvent("cannot be opened") from None


def _aad(event: InboundEvent) -> bytes:
    return b"zp-event|" + event.pk.bytes


def _decide(event: InboundEvent) -> tuple[str, str, bytes]:
    raw = _open(event)
    parsed = events.parse(raw, event.received_at)
    if parsed.decision == events.ACT:
        _act(parsed, event.app_id)
    return STATES[parsed.decision], parsed.name, _sealed(event, raw, parsed.body)


def _sealed(event: InboundEvent, raw: bytes, body: object) -> bytes:
    if isinstance(body, dict) and "user_id_by_app" in body:
        # It joins one person across communes; nothing here may ever do that (design D16).
        raw = json.dumps({name: value for name, value in body.items() if name != "user_id_by_app"}).encode()
    return crypto.seal_to(settings.KEYS.vault_public, raw, _aad(event))


def _readable_later(event: InboundEvent) -> bytes:
    """What a person finds of an event that was set aside."""
    try:
        raw = _open(event)
        return _sealed(event, raw, json.loads(raw))
    except (events.BadEvent, ValueError, RecursionError):
        return bytes(event.sealed)


def _act(event: events.Event, app_id: str) -> None:
    # The app whose secret signed the event speaks for its own accounts only.
    parties = [party for party in event.parties if party]
    oa = OfficialAccount.objects.filter(oa_id__in=parties, app__app_id=app_id).first()
    if oa is None:
        raise UnknownAccount("no such account here")
    accounts.note_event(oa.pk)
    if event.name == "permission_revoked":
        accounts.report(oa, _("OA đã thu hồi quyền của ứng dụng. Trưởng đơn vị cần kết nối lại OA."))
        return
    citizen = _citizen(oa, event)
    if event.is_echo:
        if not echoes.settle(oa, citizen, event.msg_id, event.text, event.kind, event.sent_at):
            raise NotYet
        return
    _touch(citizen, event)
    if event.is_message:
        _store(oa, citizen, event)


def _citizen(oa: OfficialAccount, event: events.Event) -> Citizen:
    person = event.person(oa.oa_id)
    index = routes.lock(oa.unit_id, oa.oa_id, person)
    known = routes.citizen_of(oa.unit_id, index)
    if known is not None:
        return Citizen.objects.get(pk=known)
    citizen = Citizen.objects.create(unit_id=oa.unit_id, oa=oa, first_seen_at=event.sent_at)
    routes.remember(oa.unit_id, index, citizen.pk, person)
    return citizen


def _touch(citizen: Citizen, event: events.Event) -> None:
    """Every interaction opens Zalo's reply window anew; late events must not close it."""
    changes: list[str] = []
    if event.name != "unfollow" and (citizen.last_interaction_at or event.sent_at) <= event.sent_at:
        citizen.last_interaction_at = event.sent_at
        changes.append("last_interaction_at")
    if event.name in {"follow", "unfollow"}:
        citizen.follows = event.name == "follow"
        changes.append("follows")
    if changes:
        citizen.save(update_fields=changes)


def _store(oa: OfficialAccount, citizen: Citizen, event: events.Event) -> None:
    if event.msg_id and Message.objects.filter(unit_id=oa.unit_id, oa=oa, zalo_msg_id=event.msg_id).exists():
        return  # the same message under another envelope
    message = Message.objects.create(
        unit_id=oa.unit_id,
        oa=oa,
        citizen=citizen,
        direction=Message.Direction.IN,
        origin=Message.Origin.CITIZEN,
        kind=event.kind[:16],
        text=event.text,
        zalo_msg_id=event.msg_id,
        sent_at=event.sent_at,
        state=Message.State.RECEIVED,
        queue="worker",
        next_at=timezone.now(),
    )
    for file in events.files(event):
        _attach(message, file)
    queue.ring("zalopolice.route", message.pk, "worker")


def _attach(message: Message, file: events.File) -> None:
    fetched = file.kind in events.FETCHED and bool(file.url)
    attachment = Attachment.objects.create(
        unit_id=message.unit_id,
        message=message,
        citizen_id=message.citizen_id,
        kind=file.kind,
        state=Attachment.State.ANNOUNCED if fetched else Attachment.State.NOTED,
        source=file.url,
        detail=json.dumps(file.detail, ensure_ascii=False),
        queue="vault" if fetched else "",
        next_at=timezone.now() if fetched else None,
    )
    if fetched:
        queue.ring("zalopolice.fetch", attachment.pk, "vault")


def forget_bodies() -> int:
    """Empties the sealed bodies of events that became messages a week ago: their words live in the message now."""
    done = InboundEvent.objects.filter(state__in=[InboundEvent.State.ACTED, InboundEvent.State.IGNORED])
    return done.filter(received_at__lt=timezone.now() - BODIES_KEPT).exclude(sealed=b"").update(sealed=b"")

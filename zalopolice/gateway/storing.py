"""What an event of a known account leaves behind: the citizen, the message with its files, the group (zone vault).

Everything here may come twice, late and in any order: rows are found before they are made, and of two words about the
same thing the one with Zalo's later time stays."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from zalopolice import faults, queue, written
from zalopolice.gateway import echoes, events, followers
from zalopolice.gateway.models import Attachment, ChatGroup, Citizen, Message, OfficialAccount
from zalopolice.vault import attributes, routes
from zalopolice.vault.models import Attribute

IN_FLIGHT = timedelta(minutes=1)
REACHED = """UPDATE gateway_message
    SET delivered_at = LEAST(delivered_at, %s::timestamptz), seen_at = LEAST(seen_at, %s::timestamptz)
    WHERE unit_id = %s AND oa_id = %s AND direction = 'out' AND zalo_msg_id = ANY(%s) AND zalo_msg_id <> ''"""
"""Of two times the earlier; of none and one the one (``LEAST``). Not empty: see ``echoes.HERE``."""


class NotYet(Exception):
    """The event must wait for something that is still happening; it is no failure."""

    def __init__(self, seconds: float = 1.0) -> None:
        super().__init__()
        self.seconds = seconds


def citizen_of(oa: OfficialAccount, event: events.Event) -> Citizen:
    person = event.person(oa.oa_id)
    index = routes.lock(oa.unit_id, oa.oa_id, person)
    faults.point("inbox.person_locked")
    known = routes.citizen_of(oa.unit_id, index)
    if known is not None:
        citizen = written.first(Citizen, "WHERE id = %s", known)
        if citizen is None:
            raise Citizen.DoesNotExist
        if event.sent_at < citizen.first_seen_at:
            citizen.first_seen_at = event.sent_at
            citizen.save(update_fields=["first_seen_at"])
        return citizen
    citizen = Citizen.objects.create(unit_id=oa.unit_id, oa=oa, first_seen_at=event.sent_at)
    faults.point("inbox.citizen_made")
    routes.remember(oa.unit_id, index, citizen.pk, person)
    faults.point("inbox.route_kept")
    return citizen


def touch(citizen: Citizen, event: events.Event) -> None:
    """Every interaction opens Zalo's reply window anew; late events must not close it."""
    before, at = vars(citizen).copy(), event.sent_at
    if event.name != "unfollow" and not event.group_id:
        citizen.last_interaction_at = max(citizen.last_interaction_at or at, at)
    if event.name in {"follow", "unfollow"} and at >= (citizen.follows_since or at):
        follows = event.name == "follow"
        if citizen.follows != follows:
            followers.note(citizen.oa, event.name, at)
        citizen.follows, citizen.follows_since = follows, at
    changed = [name for name, value in vars(citizen).items() if before.get(name, value) != value]
    if changed:
        citizen.save(update_fields=changed)
        faults.point("inbox.touched")


def message(oa: OfficialAccount, citizen: Citizen, event: events.Event, received_at: datetime) -> Message | None:
    """The message, waiting to be routed; None when it is here already, maybe in another envelope."""
    group = group_of(oa, event) if event.group_id else None
    row = _new(oa, citizen, event.msg_id, event, received_at, text=event.text, group=group)
    if row is None:
        return None
    for file in events.files(event):
        _attach(row, file)
        faults.point("inbox.attached")
        for phone in events.phones_on(file) if file.kind == Attachment.Kind.CARD else ():
            attributes.keep(citizen.unit_id, citizen.pk, Attribute.Kind.PHONE, phone, about=row.pk)
    return row


def call(oa: OfficialAccount, citizen: Citizen, event: events.Event, received_at: datetime) -> None:
    """A line in the thread; the number is somebody's identity and stays in the vault."""
    if event.phone:
        attributes.keep(citizen.unit_id, citizen.pk, Attribute.Kind.PHONE, event.phone)
        faults.point("inbox.phone_kept")
    talked: dict[str, Any] = {"kind": "call", "talk_seconds": event.talk_seconds}
    if event.name == "oa_call_user":
        done = {"state": Message.State.SENT, "settled_at": timezone.now(), "queue": "", "next_at": None}
        talked |= {"direction": Message.Direction.OUT, "origin": Message.Origin.CONSOLE, **done}
    _new(oa, citizen, event.call_id, event, received_at, **talked)


def withdrawal(oa: OfficialAccount, citizen: Citizen, event: events.Event, received_at: datetime) -> None:
    """They take back that the account may use their data. What the law lets a person delete, a person decides: the
    duty officer gets it in the tray; from now on nothing goes to them that they did not ask for."""
    citizen.wants_silence = True
    citizen.save(update_fields=["wants_silence"])
    faults.point("inbox.silenced")
    _new(
        oa,
        citizen,
        f"withdraw:{event.sent_at.timestamp():.3f}:{citizen.pk.hex[:12]}",
        event,
        received_at,
        kind="withdraw",
    )


def about_person(citizen: Citizen, event: events.Event) -> None:
    for kind, value in event.about_person.items():
        attributes.keep(citizen.unit_id, citizen.pk, kind, value)
        faults.point("inbox.attribute_kept")


def receipt(oa: OfficialAccount, event: events.Event) -> None:
    """It reached the phone, or was read there. Who reads has received, whichever of the two Zalo tells first."""
    ids, at = event.told_of, event.sent_at
    seen_at = at if event.name == "user_seen_message" else None
    with connection.cursor() as cursor:
        cursor.execute(REACHED, [at, seen_at, oa.unit_id, oa.pk, ids])
        known = cursor.rowcount
    if known < len(set(ids)) and timezone.now() - at < IN_FLIGHT:
        raise NotYet(10.0)  # our own call may not have told us the id yet; receipts of a broadcast have no row at all


def group_of(oa: OfficialAccount, event: events.Event) -> ChatGroup:
    """The group, up to date with what this event says of it."""
    at, key = event.sent_at, {"unit_id": oa.unit_id, "oa": oa, "zalo_group_id": event.group_id}
    first = {"last_event_at": at}
    group, _made = ChatGroup.objects.select_for_update(of=("self",)).get_or_create(**key, defaults=first)
    faults.point("inbox.group_found")
    group.last_event_at = max(group.last_event_at, at)  # of every kind: a group may have no message yet
    if event.group_name and at >= (group.named_at or at):
        group.name, group.named_at = event.group_name, at
    if event.name in {"create_group", "delete_group"} and at >= (group.active_at or at):
        group.is_active, group.active_at = event.name == "create_group", at
    group.save()
    return group


def _new(
    oa: OfficialAccount, citizen: Citizen, msg_id: str, event: events.Event, received_at: datetime, **more: Any
) -> Message | None:
    if msg_id and echoes.is_here(oa.unit_id, oa.pk, msg_id):
        return None
    columns: dict[str, Any] = {
        "direction": Message.Direction.IN,
        "origin": Message.Origin.CITIZEN,
        "kind": event.kind[:16],
        "state": Message.State.RECEIVED,
        "queue": "worker",
        "next_at": timezone.now(),
        **more,
    }
    row = Message.objects.create(
        unit_id=oa.unit_id,
        oa=oa,
        citizen=citizen,
        zalo_msg_id=msg_id,
        sent_at=event.sent_at,
        received_at=received_at,
        **columns,
    )
    faults.point("inbox.message_made")
    if row.queue:
        queue.ring("zalopolice.route", row.pk, "worker")
    return row


def _attach(row: Message, file: events.File) -> None:
    fetched = file.kind in events.FETCHED and bool(file.url)
    attachment = Attachment.objects.create(
        unit_id=row.unit_id,
        message=row,
        citizen_id=row.citizen_id,
        kind=file.kind,
        state=Attachment.State.ANNOUNCED if fetched else Attachment.State.NOTED,
        source=file.url,
        detail=json.dumps(file.detail, ensure_ascii=False),
        queue="vault" if fetched else "",
        next_at=timezone.now() if fetched else None,
    )
    if fetched:
        queue.ring("zalopolice.fetch", attachment.pk, "slow")

"""What a unit holds, without ids, aliases and moments of ours: two runs of the same events can be compared."""

from __future__ import annotations

import os
import re
import signal
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db import connections
from django.utils import timezone

from tests import cast
from tips.models import Filed, TrayItem
from zalopolice import faults, tasks
from zalopolice.gateway import inbox
from zalopolice.gateway.models import Attachment, ChatGroup, Citizen, Dialogue, InboundEvent, Message, StuckEvent
from zalopolice.units.models import Alert
from zalopolice.vault.models import Attribute, Route

CODE = re.compile("TN-[0-9A-Z]{4}-[0-9A-Z]{3}")
ID = re.compile("[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$")


def people(commune: cast.Commune) -> dict[uuid.UUID, str]:
    """Citizen → Zalo id."""
    with commune.zone("vault"):
        return {row.citizen_id: row.zalo_user_id for row in Route.objects.filter(unit_id=commune.unit.pk)}


def heard(commune: cast.Commune) -> dict[str, Any]:
    """What came in, as the vault keeps it."""
    who, unit = people(commune), {"unit_id": commune.unit.pk}
    with commune.zone("vault"):
        names = {row.pk: _named(row, who) for row in Message.objects.filter(**unit)}
        inbound = Message.objects.filter(**unit).exclude(origin="bot").select_related("group")
        return {
            "citizens": sorted(
                (who[row.pk], row.first_seen_at, row.last_interaction_at, row.follows, row.follows_since)
                for row in Citizen.objects.filter(**unit)
            ),
            "messages": sorted(
                (names[row.pk], row.direction, row.origin, row.kind, row.text, row.sent_at, row.talk_seconds or 0)
                + (row.group.zalo_group_id if row.group else "", str(row.delivered_at), str(row.seen_at), row.state)
                for row in inbound
            ),
            "files": sorted(
                (names[row.message_id], row.kind, row.state, row.source, row.detail)
                for row in Attachment.objects.filter(**unit)
            ),
            "attributes": sorted(
                (who[row.citizen_id], row.kind, row.value) for row in Attribute.objects.filter(**unit)
            ),
            "groups": sorted(
                (row.zalo_group_id, row.name, row.is_active, row.last_event_at)
                for row in ChatGroup.objects.filter(**unit)
            ),
            "stuck": sorted((row.event_name, row.error, row.text) for row in StuckEvent.objects.filter(**unit)),
        }


def told(commune: cast.Commune) -> dict[str, Any]:
    """What routing made of it."""
    who, unit = people(commune), {"unit_id": commune.unit.pk}
    with commune.zone("vault"):
        names = {row.pk: _named(row, who) for row in Message.objects.filter(**unit)}
        answers = sorted(
            (who[row.citizen_id], _key(row.business_key, names), _plain(commune, row.text))
            for row in Message.objects.filter(**unit, origin="bot")
        )
    with commune.zone("owner"):
        items = TrayItem.objects.filter(**unit).select_related("group")
        owners = {row.pk: who[row.citizen_id] for row in items}
        return {
            "answers": answers,
            "items": sorted(
                (who[row.citizen_id], row.kind, row.status, row.is_urgent, row.opened_at, str(row.urgent_since))
                + (row.is_answered, bool(row.tip_code), row.group.zalo_group_id if row.group else "")
                + (None if row.is_answered else row.waits_since,)
                for row in items
            ),
            "filed": sorted(
                (names[row.message_id], owners[row.tray_item_id], row.is_danger) for row in Filed.objects.filter(**unit)
            ),
            "dialogues": sorted((who[row.citizen_id], row.kind) for row in Dialogue.objects.filter(**unit)),
            "silent": sorted(
                who[pk] for pk in Citizen.objects.filter(**unit, wants_silence=True).values_list("pk", flat=True)
            ),
            "alerts": Counter(Alert.objects.filter(**unit).values_list("kind", flat=True)),
        }


def everything(commune: cast.Commune) -> dict[str, Any]:
    return heard(commune) | told(commune)


def _plain(commune: cast.Commune, text: str) -> str:
    return CODE.sub("TN", text.replace(commune.unit.name, "Công an phường").replace(commune.unit.code, "phuong"))


def _named(row: Message, who: dict[uuid.UUID, str]) -> str:
    """Zalo's id; of a withdrawal, whose id we made ourselves, the person and the moment."""
    known = "" if row.kind == "withdraw" else row.zalo_msg_id
    return known or f"{who[row.citizen_id]}|{row.kind}|{row.sent_at.isoformat()}"


def _key(key: str, names: dict[uuid.UUID, str]) -> str:
    found = ID.search(key)
    return key.replace(found[0], names.get(uuid.UUID(found[0]), "?")) if found else key


def work_off(commune: cast.Commune) -> None:
    """Works until nothing waits; whatever waits for later is due now."""
    with commune.zone("vault"):
        for _ in range(inbox.POISON_AFTER + 1):
            waiting = InboundEvent.objects.filter(next_at__isnull=False)
            waiting.update(next_at=timezone.now())
            keys = list(waiting.order_by("received_at").values_list("pk", flat=True))
            if not keys:
                break
            for pk in keys:
                inbox.receive(pk)
    route_all(commune)


def route_all(commune: cast.Commune) -> None:
    with commune.zone("worker"):
        while keys := tasks.due_anywhere(Message):
            for pk in keys:
                tasks.route(str(pk))


def killed_at(point: str, work: Callable[[], None]) -> bool:
    """Runs ``work`` in a process that is killed (SIGKILL) where it reaches ``point``; whether it got there."""
    for connection in connections.all():
        connection.close()  # the child opens its own
    pid = os.fork()
    if pid == 0:
        try:
            faults.point = lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == point else None
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL

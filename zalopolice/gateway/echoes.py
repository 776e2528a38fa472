"""Echo events ``oa_send_*``: Zalo's word that a message of ours was sent (design D5). Zone vault."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from zalopolice.gateway.models import Citizen, Message, OfficialAccount
from zalopolice.states import move_to


def settle(oa: OfficialAccount, citizen: Citizen, msg_id: str, text: str, kind: str, sent_at: datetime) -> bool:
    """Matches an echo with the outbox. False: the answer to our own call is still on its way, come back.

    While a row is ``sending`` its worker may still learn the id from the answer, and two rows may carry equal words;
    guessing now could give one row the other's id. Once it is ``unknown`` nobody else will."""
    if msg_id and Message.objects.filter(unit_id=oa.unit_id, oa=oa, zalo_msg_id=msg_id).exists():
        return True
    sent = Message.objects.filter(citizen=citizen, direction=Message.Direction.OUT, zalo_msg_id="")
    rows = sent.filter(state__in=[Message.State.SENDING, Message.State.UNKNOWN]).order_by("sent_at", "pk")
    same = [row for row in rows if row.text == text]
    unclear = next((row for row in same if row.state == Message.State.UNKNOWN), None)
    if unclear is None and same:
        return False
    if unclear is not None:
        confirm(unclear, msg_id)
    else:
        _typed_elsewhere(oa, citizen, msg_id, text, kind, sent_at)
    return True


def confirm(message: Message, msg_id: str) -> None:
    """An unclear outcome is clear: it was sent."""
    done: dict[str, Any] = {"zalo_msg_id": msg_id, "settled_at": timezone.now(), "next_at": None, "queue": "", "error": ""}
    move_to(message, Message.State.SENT, field="state", **done)


def _typed_elsewhere(
    oa: OfficialAccount, citizen: Citizen, msg_id: str, text: str, kind: str, sent_at: datetime
) -> None:
    """Nothing of ours reads like it: somebody with a seat in Zalo's console wrote past the portal."""
    Message.objects.create(
        unit_id=oa.unit_id,
        oa=oa,
        citizen=citizen,
        direction=Message.Direction.OUT,
        origin=Message.Origin.CONSOLE,
        kind=kind[:16],
        text=text,
        zalo_msg_id=msg_id,
        sent_at=sent_at,
        state=Message.State.SENT,
        settled_at=timezone.now(),
    )

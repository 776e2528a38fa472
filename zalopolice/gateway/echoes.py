"""Echo events ``oa_send_*``: Zalo's word that a message of ours was sent (design D5). Zone vault."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any

from django.utils import timezone

from zalopolice.gateway.models import Citizen, Message, OfficialAccount
from zalopolice.states import move_to

UNSETTLED = [Message.State.UNKNOWN, Message.State.RETRY, Message.State.FAILED]


def settle(oa: OfficialAccount, citizen: Citizen, msg_id: str, text: str, kind: str, sent_at: datetime) -> bool:
    """Matches an echo with the outbox. False: the answer to our own call is still on its way, come back.

    While any row to this person is ``sending`` its worker may still learn the id from the answer, and two rows may
    carry equal words; guessing now could give one row the other's id. Once it is ``unknown`` nobody else will. A row
    that was sent before and waits, or was given up, may be the echo's as well: it must not go out once more."""
    if msg_id and Message.objects.filter(unit_id=oa.unit_id, oa=oa, zalo_msg_id=msg_id).exists():
        return True
    sent = Message.objects.filter(citizen=citizen, direction=Message.Direction.OUT, zalo_msg_id="")
    if sent.filter(state=Message.State.SENDING).exists():
        return False
    open_rows = sent.filter(state__in=UNSETTLED, sending_since__isnull=False).order_by("sent_at", "pk")
    same = [row for row in open_rows if same_words(row.text, text)]
    if same:
        # Rows whose outcome is unclear first: they were waiting for just this.
        confirm(min(same, key=lambda row: row.state != Message.State.UNKNOWN), msg_id)
    else:
        _typed_elsewhere(oa, citizen, msg_id, text, kind, sent_at)
    return True


def same_words(ours: str, theirs: str) -> bool:
    """Zalo may fold white space or compose marks its own way; that must not make one message two."""
    one, other = (" ".join(unicodedata.normalize("NFC", text).split()) for text in (ours, theirs))
    return one == other


def confirm(message: Message, msg_id: str) -> None:
    """An unclear outcome is clear: it was sent."""
    done: dict[str, Any] = {
        "zalo_msg_id": msg_id,
        "settled_at": timezone.now(),
        "next_at": None,
        "queue": "",
        "error": "",
    }
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

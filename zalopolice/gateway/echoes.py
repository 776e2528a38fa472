"""Echo events ``oa_send_*``: Zalo's word that a message of ours was sent (design D5). Zone vault."""

from __future__ import annotations

import unicodedata
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from zalopolice import faults, written
from zalopolice.audit import log as audit
from zalopolice.gateway import events, incidents
from zalopolice.gateway.models import Attachment, Citizen, Incident, Message, OfficialAccount
from zalopolice.states import move_to
from zalopolice.units.models import Alert
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission

HERE = """SELECT EXISTS (SELECT FROM gateway_message
    WHERE unit_id = %s AND oa_id = %s AND zalo_msg_id = %s AND zalo_msg_id <> '')"""
"""Not empty, said once more: only so a plan that is kept for any id may use the index, which has no empty ones."""
UNSETTLED = [Message.State.UNKNOWN, Message.State.RETRY, Message.State.FAILED]
NAMELESS = timedelta(days=1)
"""So long the echo of a message may come to whose sending Zalo said yes without naming its id."""


def is_here(unit: uuid.UUID, oa: uuid.UUID, msg_id: str) -> bool:
    """Whether we have a message that Zalo names so."""
    return bool(written.value(HERE, unit, oa, msg_id))


def settle(
    oa: OfficialAccount, citizen: Citizen, msg_id: str, text: str, kind: str, sent_at: datetime, *, typed: bool = False
) -> bool:
    """Matches an echo with the outbox. False: the answer to our own call is still on its way, come back.

    ``typed``: the echo names the person who typed it in Zalo's console (``sender.admin_id``), so it is none of ours.

    While any row to this person is ``sending`` its worker may still learn the id from the answer, and two rows may
    carry equal words; guessing now could give one row the other's id. Once it is ``unknown`` nobody else will. A row
    that was sent before and waits, or was given up, may be the echo's as well: it must not go out once more."""
    if msg_id and is_here(oa.unit_id, oa.pk, msg_id):
        return True
    if typed:
        _typed_elsewhere(oa, citizen, msg_id, text, kind, sent_at)
        return True
    sent = Message.objects.filter(citizen=citizen, direction=Message.Direction.OUT, zalo_msg_id="")
    if sent.filter(state=Message.State.SENDING).exists():
        return False
    unsettled = Q(state__in=UNSETTLED) | Q(state=Message.State.SENT, settled_at__gte=timezone.now() - NAMELESS)
    open_rows = sent.filter(unsettled, sending_since__isnull=False).order_by("sent_at", "pk")
    same = [row for row in open_rows if same_words(row.text, text)]
    if same:
        # Rows whose outcome is unclear first: they were waiting for just this.
        confirm(min(same, key=lambda row: row.state != Message.State.UNKNOWN), msg_id)
    else:
        _typed_elsewhere(oa, citizen, msg_id, text, kind, sent_at)
    return True


def words_of(event: events.Event) -> str:
    """What an echo says was said: of a file that is its name, of buttons the words above them."""
    named = (file.detail.get("name", "") for file in events.files(event) if file.kind == Attachment.Kind.FILE)
    return event.text or next(named, "")


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
    if message.state == Message.State.SENT:
        Message.objects.filter(pk=message.pk, zalo_msg_id="").update(zalo_msg_id=msg_id)
        return
    move_to(message, Message.State.SENT, field="state", **done)
    faults.point("outbox.settled")


def _typed_elsewhere(
    oa: OfficialAccount, citizen: Citizen, msg_id: str, text: str, kind: str, sent_at: datetime
) -> None:
    """Nothing of ours reads like it: somebody with a seat in Zalo's console wrote past the portal.

    The unit is told in the same transaction: the bell of whoever keeps the tray, an incident, an entry in the log."""
    message = Message.objects.create(
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
    with transaction.atomic():
        audit.append("message.typed_in_console", message)
        tell(Alert.Kind.CONSOLE_REPLY, oa.unit_id, citizen.pk, permission=Permission.TRAY_READ)
        incidents.begin(Incident.Kind.CONSOLE_REPLY, oa)


def not_typed(rows: QuerySet[Message]) -> None:
    """What was taken for somebody's typing turns out to be ours, worded differently by Zalo: the line goes, the log
    tells why. The bell has rung and stays."""
    for row in rows.filter(origin=Message.Origin.CONSOLE):
        audit.append("message.not_typed_in_console", row)
        # Nothing of a case points to such a row, and the vault may not look there whether it does.
        rows.filter(pk=row.pk)._raw_delete(rows.db)

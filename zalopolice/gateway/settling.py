"""What became of a message whose sending had no clear end (design D5). Zone vault.

The echo had its time (``echoes.py``). Now the conversation's history is asked. There → sent; surely not there → once
more; whatever is not sure is a person's decision, because a second message cannot be recalled.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from zalopolice import faults, queue
from zalopolice.gateway import client, echoes, pace, tokens, uploads
from zalopolice.gateway.models import Message
from zalopolice.states import move_to
from zalopolice.units.models import Alert
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission
from zalopolice.vault import routes

State = Message.State
ALL = UUID(int=0)
"""One alert for everything that did not arrive: the first page lists what it is."""
PAGES = 5
CLOCKS = timedelta(minutes=10)
"""So far ours and Zalo's may differ; what was really said before costs a person a look, not a citizen a double."""
PATIENT = 16
"""Tries to get a sure answer, half a minute apart, before a person is asked."""


class NotSure(Exception):
    """The history does not tell whether the message is there."""


def settle(message: Message) -> None:
    if wait := pace.take(message.oa):
        queue.again(message, wait)
        return
    if not queue.claim(message, lease()):
        return
    faults.point("outbox.settling")
    try:
        found = _in_history(message)
    except tokens.NeedsConsent:
        # No try: the chief may come tomorrow, and whoever waits must not be given up for it.
        queue.again(message, 60, attempt=message.attempt - 1)
        return
    except (client.Unreachable, NotSure) as error:
        if isinstance(error, client.TooFast):
            pace.slow_down(message.oa)
        if message.attempt >= PATIENT:
            _give_up(message, gettext_noop("Chưa rõ đã gửi hay chưa; hãy xem trên Zalo trước khi gửi lại."))
        else:
            queue.again(message, 30)
        return
    faults.point("outbox.history")
    if found:
        echoes.confirm(message, found)
    elif message.resends == 0:
        again = {"resends": 1, "next_at": timezone.now()}
        move_to(message, State.RETRY, field="state", unchanged=("attempt", "resends"), **again)
    else:
        _give_up(message, gettext_noop("Đã gửi hai lần mà Zalo không ghi nhận; cần người kiểm tra."))


def lease() -> timedelta:
    """Longer than reading every page at its slowest; whoever outlives it is stopped by the fence."""
    return timedelta(seconds=PAGES * (client.CONNECT_TIMEOUT + settings.ZALO_TIMEOUT) + 10)


def _give_up(message: Message, error: str) -> None:
    if uploads.left_out(message, error):
        return
    done = {"error": error, "next_at": None, "queue": "", "settled_at": timezone.now()}
    with transaction.atomic():
        move_to(message, State.FAILED, field="state", unchanged=("attempt", "resends"), **done)
        tell_unsent(message)


def tell_unsent(message: Message) -> None:
    tell(Alert.Kind.UNSENT, message.unit_id, ALL, permission=Permission.TRAY_READ)


def _in_history(message: Message) -> str:
    """The Zalo id of this very message, or "" when the history shows it was never sent.

    Raises NotSure while another message to this person is on its way (the same words may be its), and when the
    account said something in that time which no row of ours explains (it may be ours, worded differently)."""
    if Message.objects.filter(citizen_id=message.citizen_id, state=State.SENDING).exists():
        raise NotSure
    said = _said_since(message)
    ours = Message.objects.filter(
        unit_id=message.unit_id, oa_id=message.oa_id, zalo_msg_id__in=[key for key, _ in said]
    )
    origins, console = dict(ours.values_list("zalo_msg_id", "origin")), Message.Origin.CONSOLE
    # An echo that Zalo worded differently was taken for somebody's typing in the console: it may be this one.
    unexplained = [(msg_id, text) for msg_id, text in said if origins.get(msg_id, console) == console]
    for msg_id, text in unexplained:
        if msg_id and msg_id not in origins and echoes.same_words(text, message.text):
            return msg_id
    if unexplained:
        raise NotSure
    return ""


def _said_since(message: Message) -> list[tuple[str, str]]:
    """(id, text) of what the account said since this message was first on its way; Unreachable if it is too much."""
    account, version = tokens.account(message.oa)
    try:
        return _told(account, message)
    except client.TokenRefused:
        tokens.refresh(message.oa, version)
        raise client.Unreachable from None  # asked again with the new one


def _told(account: client.Account, message: Message) -> list[tuple[str, str]]:
    person = routes.zalo_user_id(message.citizen_id)
    since = (message.sending_since or message.sent_at) - CLOCKS
    said: list[tuple[str, str]] = []
    for page in range(PAGES):
        rows = client.history(account, person, offset=page * 10)
        recent = [row for row in rows if _at(row) >= since]
        said += [(str(row.get("message_id") or ""), _words(row)) for row in recent if _ours(row)]
        if len(rows) < 10 or len(recent) < len(rows):
            return said
    raise client.Unreachable


def _words(row: dict[str, object]) -> str:
    """What stands under a picture is called otherwise (5.4)."""
    return str(row.get("message") or row.get("description") or "")


def _ours(row: dict[str, object]) -> bool:
    return str(row.get("src")) == "0"


def _at(row: dict[str, object]) -> datetime:
    try:
        return datetime.fromtimestamp(int(str(row.get("time"))) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return timezone.now()

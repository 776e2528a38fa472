"""Restore mode: a database that is older than the vault remembers must not send by itself. Zone vault.

Each minute the vault leaves a new mark in the database, then in a file of its own. The file's newest mark is therefore
always in the database, unless somebody has put an older one there; what "went out" since then it does not know, and
would send again. A new machine has no file, but a database full of marks: the same. Then nothing is sent, nothing is
settled and no refresh token is used, until a person lets it go on; and what waited in the backup goes only when Zalo's
history shows that it has not gone before. What came in meanwhile is stored as ever.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice import faults
from zalopolice.audit import log as audit
from zalopolice.gateway import accounts, incidents, vault_files
from zalopolice.gateway.models import Incident, Message, SendingPause, Token, VaultMark
from zalopolice.states import WrongState, move_to
from zalopolice.units.models import Officer

Reason = SendingPause.Reason
MARKS_KEPT = 3000
"""Two days of running; the file's mark is one of the last few."""
LOCK = 24073
NOTICED = timedelta(minutes=1)
"""Within this all processes have seen the same restore."""
UNDONE_WITHIN = timedelta(days=14)
WAITING = (Message.State.QUEUED, Message.State.RETRY)
UNDECIDED = (Message.State.SENDING, Message.State.UNKNOWN)
OPEN = (*WAITING, *UNDECIDED)
QUESTION = """SELECT EXISTS (SELECT FROM gateway_sendingpause WHERE ended_at IS NULL),
    EXISTS (SELECT FROM gateway_vaultmark WHERE id = %s), EXISTS (SELECT FROM gateway_vaultmark)"""


def paused() -> bool:
    """Asked before every call that sends: one short query, one short file."""
    mark = vault_files.read_mark()
    with connection.cursor() as cursor:
        cursor.execute(QUESTION, [mark])
        held, known, any_mark = cursor.fetchone()
    if any_mark if mark is None else not known:
        _begin_restored(mark)
        return True
    return bool(held)


def _begin_restored(mark: uuid.UUID | None) -> None:
    """From here on the database knows the file's mark: one pause for one restore."""
    pause(Reason.RESTORED)
    if mark is None:
        leave_mark()
    else:
        VaultMark.objects.get_or_create(pk=mark)


@transaction.atomic
def pause(reason: str, note: str = "") -> None:
    """Begins a pause, unless there is one. Rows found ``sending`` become ``unknown`` by their lease, as ever."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    open_now, now = SendingPause.objects.filter(ended_at=None), timezone.now()
    # One that came back with the backup knows nothing of this restore, which begins it anew.
    same = open_now.filter(reason=reason, begun_at__gt=now - NOTICED) if reason == Reason.RESTORED else open_now
    if same.exists():
        return
    if not open_now.update(reason=reason, begun_at=now, waiting=count_waiting()):
        SendingPause.objects.create(reason=reason, note=note[:255], waiting=count_waiting())
    if reason == Reason.RESTORED:
        _doubt_tokens()
        _doubt_messages()
    audit.append_technical("sending.paused", reason=reason)
    incidents.begin(Incident.Kind.SENDING_PAUSED)


def _doubt_tokens() -> None:
    """The refresh token of a backup has most likely been used since; a newer pair may lie in the vault's file."""
    said = _("Dữ liệu vừa được khôi phục; quyền kết nối với Zalo có thể đã hết. Trưởng đơn vị cần kết nối lại OA.")
    for token in Token.objects.select_related("oa"):
        kept = vault_files.kept_pair(token.oa)
        if kept is None or kept.version < token.version:
            accounts.report(token.oa, said)


def _doubt_messages() -> None:
    """What waits in a backup has most likely gone out since. So its end is unclear, and when sending goes on Zalo is
    asked about each before it may go (``settling.py``)."""
    waiting = Message.objects.filter(direction=Message.Direction.OUT, queue="vault", state__in=WAITING)
    for message in waiting.only("state", "sending_since", "sent_at"):
        with suppress(WrongState):
            began = message.sending_since or message.sent_at
            move_to(message, Message.State.UNKNOWN, field="state", sending_since=began)


def count_waiting() -> list[dict[str, Any]]:
    """By unit, whoever has waited longest first: ids, numbers and times."""
    rows = Message.objects.filter(direction=Message.Direction.OUT, queue="vault", state__in=OPEN)
    unclear = Count("pk", filter=Q(state__in=UNDECIDED))
    counted = rows.values("unit_id").annotate(waiting=Count("pk"), unclear=unclear, oldest=Min("sent_at"))
    return [
        {
            "unit": str(row["unit_id"]),
            "waiting": row["waiting"],
            "unclear": row["unclear"],
            "oldest": row["oldest"].isoformat(),
        }
        for row in counted.order_by("oldest")
    ]


def resume(*, by: Officer | None, note: str = "") -> bool:
    """Lets sending go on; False when nothing was paused. ``by`` in zone web, an operator's ``note`` in the vault."""
    with transaction.atomic():
        open_now = SendingPause.objects.filter(ended_at=None)
        ended = open_now.update(ended_at=timezone.now(), ended_by=by) == 1
        if ended and by is not None:
            audit.append("sending.resumed", by, by=by, unit=by.unit.pk)
        elif ended:
            audit.append_technical("sending.resumed", note=note)
    return ended


def keep_watch() -> None:
    """Each minute: a new mark; while paused the numbers for the page; the incident's end."""
    if paused():
        SendingPause.objects.filter(ended_at=None).update(waiting=count_waiting())
    else:
        incidents.end(Incident.Kind.SENDING_PAUSED)
    leave_mark()


def leave_mark() -> None:
    """In the database first: a file that is ahead of its own database would stop everything."""
    mark = VaultMark.objects.create()
    faults.point("outbox.mark")
    vault_files.write_mark(mark.pk)
    old = VaultMark.objects.order_by("-at").values_list("at", flat=True)[MARKS_KEPT : MARKS_KEPT + 1].first()
    if old is not None:
        VaultMark.objects.filter(at__lte=old).delete()


def restored_lately() -> bool:
    """A restore may be undone, or done again with a newer backup: until then no file is litter."""
    since = timezone.now() - UNDONE_WITHIN
    return SendingPause.objects.filter(reason=Reason.RESTORED, begun_at__gt=since).exists()


def current() -> SendingPause | None:
    """For the pages (zone web), which may not read what every unit has waiting."""
    return SendingPause.objects.defer("waiting").filter(ended_at=None).first()


def waiting() -> list[dict[str, Any]]:
    """Of the own unit and, for a province, of those below it (zone web)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT unit, name, waiting, unclear, oldest FROM walls.sending_waits()")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

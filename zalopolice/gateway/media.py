"""Files that come with messages: fetched and sealed by the vault, which reads none of their content. Zone vault.

The original goes encrypted, chunk by chunk, into local storage with its SHA-256. Pictures and sounds take a second
way: a transit copy under the content ring, from which the worker's child process draws what officers see and hear
(``deriving.py``). Nothing that goes wrong here touches the message itself.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from zalopolice import faults, queue
from zalopolice.gateway import fetching, incidents, keeping, rules
from zalopolice.gateway.models import Attachment, Incident
from zalopolice.states import move_to
from zalopolice.units import keyring

log = logging.getLogger(__name__)

State, Kind = Attachment.State, Attachment.Kind
LIMITS = {"image": 25, "gif": 25, "audio": 30, "file": 50, "video": 300}
"""Megabytes by kind."""
SECONDS = {"video": 600.0}
OTHERS = 50.0
"""Seconds for a whole file; the lease is longer."""
LADDER = (10, 60, 300, 1800, 7200, *(14_400,) * 5)
"""Seconds until the next try: the last comes after some 23 hours."""
GONE_TRIES = 6
"""Zalo's router answers 404 to networks it dislikes and for files not yet copied: no first answer counts."""
NO_ROOM = 300.0
FOREIGN_EVERY, FOREIGN_KEPT = 3600.0, timedelta(days=7)
"""A host of Zalo's that nobody has entered yet: Zalo keeps files for days, and so long somebody may enter it. Looking
again knocks nowhere."""
FOREIGN = str(fetching.Foreign())
DERIVED = {Kind.IMAGE, Kind.GIF, Kind.AUDIO}
PER_HOUR, PER_DAY = "media_files_hour", "media_mb_day"
WAITS_FOR_ROOM = gettext_noop("Ổ đĩa máy chủ gần đầy; máy sẽ tải tiếp khi có chỗ.")
WAITS_ITS_TURN = gettext_noop("Người này gửi nhiều tệp; máy sẽ tải tiếp sau.")
LOST = gettext_noop("Mất ở nguồn: không tải được từ Zalo. Hãy nhờ người dân gửi lại.")
GONE = gettext_noop("Mất ở nguồn: Zalo không còn giữ tệp này. Hãy nhờ người dân gửi lại.")


def fetch(pk: uuid.UUID) -> None:
    """Brings one announced file in; tries again on what may pass, says why on what will not."""
    rows = Attachment.objects.filter(pk=pk, queue="vault", state=State.ANNOUNCED, next_at__lte=timezone.now())
    attachment = rows.select_related("message__oa", "unit").first()
    if attachment is None or _put_off(attachment) or not queue.claim(attachment, lease(attachment)):
        return
    faults.point("media.claimed")
    try:
        digest, size = _bring_in(attachment)
    except fetching.Refused as error:
        _refuse(attachment, error)
    except fetching.Gone:
        _try_again(attachment, GONE_TRIES, GONE)
    except Exception as error:  # the network, the disk, a time limit: none may make a file try for ever
        log.warning("file %s not fetched: %s", pk, type(error).__name__)
        if keeping.is_full(error):
            _wait_for_room(attachment, attempt=attachment.attempt - 1)  # the disk's trouble is no try of the file's
        else:
            _try_again(attachment, len(LADDER) + 1, LOST)
    else:
        _stored(attachment, digest, size)


def lease(attachment: Attachment) -> timedelta:
    """Longer than the slowest download with its writing; whoever outlives it is stopped by the fence."""
    return timedelta(seconds=_seconds(attachment) + 90)


def _seconds(attachment: Attachment) -> float:
    return SECONDS.get(attachment.kind, OTHERS)


# --- what must wait -----------------------------------------------------------------------------------------------


def _put_off(attachment: Attachment) -> bool:
    """For want of room, or because one person's files must not crowd out everybody's; nothing is dropped."""
    if not keeping.has_room():
        _wait_for_room(attachment)
        return True
    turn = _turn(attachment)
    if turn is not None:
        queue.again(attachment, turn, reason=WAITS_ITS_TURN)
    return turn is not None


def _wait_for_room(attachment: Attachment, **changes: Any) -> None:
    queue.again(attachment, NO_ROOM, reason=WAITS_FOR_ROOM, **changes)
    incidents.begin(Incident.Kind.MEDIA_POSTPONED, figure=_put_off_rows().count())


def _put_off_rows() -> models.QuerySet[Attachment]:
    return Attachment.objects.filter(state=State.ANNOUNCED, queue="vault", reason=WAITS_FOR_ROOM)


def note_room() -> None:
    """The other end of the incident: what waited for room goes on at once."""
    if keeping.has_room():
        _put_off_rows().update(next_at=timezone.now(), reason="")
        incidents.end(Incident.Kind.MEDIA_POSTPONED)


def _turn(attachment: Attachment) -> float | None:
    """Seconds until this person's next file may be fetched; None: now."""
    now = timezone.now()
    limit = rules.values((PER_HOUR, PER_DAY), now)
    rows = Attachment.objects.filter(unit_id=attachment.unit_id, citizen_id=attachment.citizen_id)
    rows = rows.filter(fetched_at__gt=now - timedelta(days=1)).order_by("-fetched_at")
    day = [(at, size or 0) for at, size in rows.values_list("fetched_at", "size") if at]
    hour = [at for at, _ in day if at > now - timedelta(hours=1)]
    waits = [0.0]
    if len(hour) >= limit[PER_HOUR]:
        waits.append((hour[limit[PER_HOUR] - 1] + timedelta(hours=1) - now).total_seconds())
    room = limit[PER_DAY] * 1_000_000
    for at, size in day:
        room -= size
        if room <= 0:
            waits.append((at + timedelta(days=1) - now).total_seconds())
            break
    return max(waits) + 1 if max(waits) > 0 else None


# --- what becomes of it -------------------------------------------------------------------------------------------


def _try_again(attachment: Attachment, tries: int, reason: str) -> None:
    if attachment.attempt >= tries:
        _give_up(attachment, State.UNFETCHABLE, reason)
    else:
        queue.again(attachment, LADDER[min(attachment.attempt, len(LADDER)) - 1], reason="")


def _refuse(attachment: Attachment, error: fetching.Refused) -> None:
    if isinstance(error, fetching.Foreign):
        # A host of Zalo's that we do not know yet looks like this, so a person must see it.
        incidents.begin(Incident.Kind.MEDIA_FOREIGN, oa=attachment.message.oa)
        if timezone.now() - attachment.message.sent_at < FOREIGN_KEPT:
            # No try of the file's, like one without room: when the host is entered, its ladder is whole.
            queue.again(attachment, FOREIGN_EVERY, attempt=attachment.attempt - 1, reason=FOREIGN)
            return
    _give_up(attachment, State.REJECTED, str(error))


def _give_up(attachment: Attachment, state: str, reason: str) -> None:
    move_to(attachment, state, field="state", unchanged=("attempt",), reason=reason, next_at=None, queue="")
    for copy in ("transit", "original"):  # of a try that died half-way; only after the fence has let us through
        keeping.path_of(attachment, copy).unlink(missing_ok=True)


def _stored(attachment: Attachment, digest: str, size: int) -> None:
    derived, now = attachment.kind in DERIVED, timezone.now()
    done: dict[str, Any] = {"queue": "", "next_at": None, "sha256": digest, "size": size, "fetched_at": now}
    if derived:
        done |= {"queue": "worker", "next_at": now}
    with transaction.atomic():
        move_to(attachment, State.STORED, field="state", unchanged=("attempt",), attempt=0, reason="", **done)
        faults.point("media.stored")
        if derived:
            queue.ring("zalopolice.derive", attachment.pk, "worker")
    faults.point("media.committed")


def _bring_in(attachment: Attachment) -> tuple[str, int]:
    limit = LIMITS[attachment.kind] * 1_000_000
    is_training = attachment.unit.is_training
    found = fetching.download(attachment.source, limit, _seconds(attachment), is_training=is_training)
    chunks = _while_ours(attachment, found)
    original = keyring.key_for("vault", attachment.unit_id, attachment.citizen_id)
    if attachment.kind not in DERIVED:
        return keeping.write(attachment, "original", original, chunks)
    content = b"".join(chunks)
    transit = keyring.key_for("content", attachment.unit_id, attachment.citizen_id)
    keeping.write(attachment, "transit", transit, _while_ours(attachment, iter([content])))
    return keeping.write(attachment, "original", original, _while_ours(attachment, iter([content])))


def _while_ours(attachment: Attachment, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Whoever comes back from a long sleep must not write over what another has stored meanwhile."""
    yield from chunks
    if not Attachment.objects.filter(pk=attachment.pk, attempt=attachment.attempt).exists():
        raise fetching.Trouble("somebody else's by now")

"""What the vault does when a post's hour has come: the verbs around the call that cannot be taken back (design D5, D6).

A step takes one dispatch (``queue.claim`` first), asks :func:`guard_before_send`, and does one thing. The call that
sends is framed: :func:`start_sending` commits "sending" before it, :func:`settled` writes how it ended."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from broadcasts.guards import Refusal, at_rest, guard_before_send
from broadcasts.models import Dispatch, PostVersion, Remark
from zalopolice import queue
from zalopolice.audit import log
from zalopolice.states import WrongState, move_to
from zalopolice.units.models import Alert, Officer
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission

__all__ = [
    "dispatch_due",
    "fail_dispatch",
    "guard_before_send",
    "hold_dispatch",
    "hold_restored",
    "settled",
    "start_sending",
]

State = Dispatch.State
Status = PostVersion.Status
UNDER_WAY = (*Dispatch.BEFORE_SENDING, State.SENDING, State.SENT, State.UNKNOWN)


def dispatch_due(limit: int = 200) -> Iterable[uuid.UUID]:
    return queue.due(Dispatch, "vault", limit)


@transaction.atomic
def start_sending(dispatch: Dispatch) -> Refusal | None:
    """Writes "sending" if, this very moment, everything still holds; must be committed before the call to Zalo.

    The version is locked, so that a hand that stops the post comes either before this or too late, never in between.
    Raises WrongState when the row moved or another worker claimed it."""
    version = PostVersion.objects.select_for_update(of=("self",)).get(pk=dispatch.version_id)
    if refusal := guard_before_send(dispatch):
        return refusal
    now = timezone.now()
    move_to(dispatch, State.SENDING, field="state", unchanged=("attempt",), started_at=now)
    if version.status == Status.SCHEDULED:
        move_to(version, Status.DISPATCHED, changed_at=now)
    log.append("post.sending", dispatch)
    return None


@transaction.atomic
def settled(dispatch: Dispatch, state: str, *, message_id: str = "", error: str = "") -> None:
    """How the call ended: SENT, UNKNOWN (never again by itself), FAILED; READY when it certainly did not arrive and
    may go again, which the caller then schedules with ``queue.again``."""
    facts: dict[str, Any] = {"error": error[:255]}
    if state != State.READY:
        facts |= {"message_id": message_id, "settled_at": timezone.now(), "queue": "", "next_at": None}
    move_to(dispatch, state, field="state", unchanged=("attempt",), **facts)
    log.append(f"post.{state}", dispatch)
    kinds = {State.UNKNOWN: Alert.Kind.POST_UNCLEAR, State.FAILED: Alert.Kind.POST_HELD}
    if state in kinds:
        _tell(kinds[State(state)], dispatch)


@transaction.atomic
def hold_dispatch(dispatch: Dispatch, reason: str) -> None:
    """The machine stops and asks a person. A post none of whose dispatches is under way any more is held as a whole."""
    version = PostVersion.objects.select_for_update(of=("self",)).get(pk=dispatch.version_id)
    move_to(dispatch, State.HELD, field="state", unchanged=("attempt",), **at_rest(reason))
    if version.status == Status.SCHEDULED and not version.dispatches.filter(state__in=UNDER_WAY).exists():
        move_to(version, Status.HELD, changed_at=timezone.now())
    Remark.objects.create(
        unit_id=version.unit_id, post_id=version.post_id, version=version, kind=Remark.Kind.HELD, text=reason
    )
    log.append("post.dispatch_held", dispatch)
    _tell(Alert.Kind.POST_HELD, dispatch)


def hold_restored(begun_at: datetime) -> None:
    """After a restore: posts whose hour had come may be on people's phones, and the rows that knew it are gone."""
    said = _(
        "Dữ liệu vừa được khôi phục nên chưa rõ bài này đã gửi hay chưa. "
        "Mở OA Manager, xem mục bài đã gửi, rồi mới cho gửi tiếp."
    )
    rows = Dispatch.objects.filter(state__in=Dispatch.BEFORE_SENDING, due_at__lte=begun_at)
    for dispatch in rows.select_related("version"):
        with suppress(WrongState):  # a person was faster
            hold_dispatch(dispatch, said)


@transaction.atomic
def fail_dispatch(dispatch: Dispatch, reason: str) -> None:
    """Ends a dispatch that has certainly not left and never will."""
    changes = at_rest(reason) | {"settled_at": timezone.now()}
    move_to(dispatch, State.FAILED, field="state", unchanged=("attempt",), **changes)
    log.append("post.failed", dispatch)
    _tell(Alert.Kind.POST_HELD, dispatch)


def _tell(kind: str, dispatch: Dispatch) -> None:
    """Whoever may decide, and whoever handed it in."""
    version = dispatch.version
    tell(kind, version.unit_id, version.post_id, permission=Permission.POST_APPROVE)
    if version.submitted_by_id:
        # By id: the vault may not read who officers are.
        tell(kind, version.unit_id, version.post_id, officer=Officer(pk=version.submitted_by_id))

"""What people do with posts. Each verb checks the right and writes its audit entry, without a word of the text, in the
same transaction. What the vault does at the hour of sending is in ``broadcasts/leaving.py``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from broadcasts import guards, schedule
from broadcasts.digest import digest
from broadcasts.guards import locked, move, require
from broadcasts.leaving import dispatch_due, guard_before_send
from broadcasts.models import Dispatch, Draft, Post, PostImage, PostVersion, Remark
from zalopolice import queue
from zalopolice.audit import log
from zalopolice.refusals import Refused
from zalopolice.units.models import Alert, Officer
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission

__all__ = ["Draft", "Refused", "dispatch_due", "guard_before_send"]

Status = PostVersion.Status
State = Dispatch.State
Kind = Remark.Kind


# --- writing -----------------------------------------------------------------------------------------------------


@transaction.atomic
def create(draft: Draft, *, by: Officer) -> PostVersion:
    require(by, Permission.POST_WRITE)
    post = Post.objects.create(unit=by.unit, created_by=by)
    version = PostVersion.objects.create(unit=by.unit, post=post, number=1, writers=[by.pk], **asdict(draft))
    log.append("post.created", version, by=by)
    return version


@transaction.atomic
def edit(version: PostVersion, draft: Draft, *, by: Officer, revision: int) -> PostVersion:
    """Writes into a draft; anything else stays as it is and gets a new version, which voids an approval.

    ``revision``: of the page the officer wrote on; somebody else's save or submission in between must be read first."""
    require(by, Permission.POST_WRITE)
    version = guards.unmoved(version, revision)
    if version.status != Status.DRAFT:
        return _next_version(version, draft, by)
    if all(getattr(version, name) == value for name, value in asdict(draft).items()):
        return version
    changes = {**asdict(draft), "writers": sorted({*version.writers, by.pk}), "changed_at": timezone.now()}
    PostVersion.objects.filter(pk=version.pk).update(revision=revision + 1, **changes)
    log.append("post.edited", version, by=by, number=version.number)
    return PostVersion.objects.get(pk=version.pk)


def _next_version(before: PostVersion, draft: Draft, by: Officer) -> PostVersion:
    guards.require_not_begun(before)
    if before.status == Status.WITHDRAWN:
        raise Refused(_("Bài này đã rút. Bấm “Soạn lại thành bài mới”."))
    if before.status != Status.RETURNED:
        _withdraw(before, by, gettext_noop("Có bản mới."))
    PostVersion.objects.filter(pk=before.pk).update(is_latest=False, revision=before.revision + 1)
    version = PostVersion.objects.create(
        unit_id=before.unit_id,
        post_id=before.post_id,
        number=before.number + 1,
        writers=sorted({*before.writers, by.pk}),
        **asdict(draft),
    )
    log.append("post.edited", version, by=by, number=version.number)
    return version


@transaction.atomic
def copy(version: PostVersion, *, by: Officer) -> PostVersion:
    """A new post of the same words, for the accounts that did not get it; it needs an approval of its own."""
    require(by, Permission.POST_WRITE)
    sent = {*Dispatch.BEFORE_SENDING, State.SENT, State.SENDING, State.UNKNOWN}  # or on their way
    reached = set(version.dispatches.filter(state__in=sent).values_list("oa__oa_id", flat=True))
    rest = [oa_id for oa_id in version.oa_ids if oa_id not in reached]
    words = {name: getattr(version, name) for name in asdict(Draft())}
    made = create(Draft(**words | {"oa_ids": rest or version.oa_ids, "send_at": None}), by=by)
    PostVersion.objects.filter(pk=made.pk).update(writers=sorted({*version.writers, by.pk}))
    return made


@transaction.atomic
def submit(version: PostVersion, *, by: Officer, revision: int) -> None:
    """Makes the version final and asks whoever may approve."""
    require(by, Permission.POST_WRITE)
    version = guards.unmoved(version, revision)
    if version.status != Status.DRAFT:
        raise Refused(_("Bản này không còn là nháp."))
    guards.require_whole(version)
    now = timezone.now()
    facts = {"digest": digest(version), "submitted_by": by, "submitted_at": now}
    move(version, Status.SUBMITTED, changed_at=now, revision=revision + 1, **facts)
    _remark(version, Kind.SUBMITTED, by)
    log.append("post.submitted", version, by=by, number=version.number, digest=version.digest[:12])
    tell(Alert.Kind.POST_SUBMITTED, version.unit_id, version.post_id, permission=Permission.POST_APPROVE, by=by)


@transaction.atomic
def withdraw(version: PostVersion, *, by: Officer, reason: str = "") -> None:
    """Takes a post back for good, as long as nothing of it has left."""
    require(by, Permission.POST_WRITE)
    version = locked(version)
    guards.require_not_begun(version)
    _withdraw(version, by, reason)


def _withdraw(version: PostVersion, by: Officer, reason: str) -> None:
    stopped = _stop(version, State.CANCELLED, gettext_noop("Bài đã rút."), also=(State.HELD,))
    move(version, Status.WITHDRAWN, changed_at=timezone.now(), revision=version.revision + 1)
    _remark(version, Kind.WITHDRAWN, by, reason)
    log.append("post.withdrawn", version, by=by, number=version.number, dispatches=stopped)


@transaction.atomic
def say(version: PostVersion, text: str, *, by: Officer) -> None:
    """Talks about a post with colleagues; nothing of it is ever sent."""
    require(by, Permission.POST_READ)
    _remark(version, Kind.SAID, by, text)
    log.append("post.said", version, by=by)


# --- deciding ----------------------------------------------------------------------------------------------------


@transaction.atomic
def return_(version: PostVersion, *, reason: str, by: Officer) -> None:
    require(by, Permission.POST_APPROVE)
    version = guards.submitted(version)
    move(version, Status.RETURNED, changed_at=timezone.now(), revision=version.revision + 1)
    _remark(version, Kind.RETURNED, by, reason)
    log.append("post.returned", version, by=by, number=version.number)
    tell(Alert.Kind.POST_RETURNED, version.unit_id, version.post_id, officer=version.submitted_by, by=by)


@transaction.atomic
def approve(version: PostVersion, *, by: Officer, seen: str, findings: Collection[str] = ()) -> None:
    """Lets exactly these words, this picture, these receivers leave at this time. It cannot be recalled afterwards.

    ``seen``: the digest on the page the approver read; ``findings``: kinds of what the machine named there."""
    require(by, Permission.POST_APPROVE)
    version = guards.submitted(version)
    guards.require_other_hand(version, by)
    if not version.digest == seen == digest(version):
        raise Refused(_("Nội dung đã khác bản đồng chí đọc. Đọc lại trước khi duyệt."))
    accounts = guards.require_sendable(version)
    now = timezone.now()
    due = version.send_at or schedule.next_allowed(now)
    accepted = sorted(set(findings))
    facts = {"approved_by": by, "approved_at": now, "accepted_findings": accepted, "due_at": due}
    # The database writes the role; any word satisfies the constraint until its trigger has looked.
    move(version, Status.SCHEDULED, changed_at=now, revision=version.revision + 1, approved_as="?", **facts)
    PostImage.objects.filter(unit_id=version.unit_id, sha256=version.cover_sha256).update(published_at=now)
    for account in accounts:
        row = Dispatch.objects.create(
            unit_id=version.unit_id, version=version, oa=account, due_at=due, queue="vault", next_at=due
        )
        _ring(row)
    _remark(version, Kind.APPROVED, by)
    told: dict[str, Any] = {
        "number": version.number,
        "digest": version.digest[:12],
        "findings": accepted,
        "accounts": len(accounts),
    }
    log.append("post.approved", version, by=by, **told)
    tell(Alert.Kind.POST_APPROVED, version.unit_id, version.post_id, officer=version.submitted_by, by=by)


# --- between approval and the hour of sending --------------------------------------------------------------------


@transaction.atomic
def hold(version: PostVersion, *, reason: str, by: Officer) -> None:
    """Stops what has not left yet. Whoever writes posts may: stopping harms nobody."""
    require(by, Permission.POST_WRITE)
    version = locked(version)
    stopped = _stop(version, State.HELD, gettext_noop("Đồng chí %(name)s giữ lại.") % {"name": by.full_name})
    if version.status == Status.SCHEDULED:
        move(version, Status.HELD, changed_at=timezone.now(), revision=version.revision + 1)
    elif not stopped:
        raise Refused(_("Không còn gì để giữ lại: bài đã gửi hết hoặc chưa được duyệt."))
    _remark(version, Kind.HELD, by, reason)
    log.append("post.held", version, by=by, dispatches=stopped)
    tell(Alert.Kind.POST_HELD, version.unit_id, version.post_id, permission=Permission.POST_APPROVE, by=by)
    tell(Alert.Kind.POST_HELD, version.unit_id, version.post_id, officer=version.submitted_by, by=by)


@transaction.atomic
def release(version: PostVersion, *, by: Officer) -> None:
    """Lets what was held leave after all, at the time approved; for another time somebody must approve anew."""
    require(by, Permission.POST_APPROVE)
    version = locked(version)
    held = list(version.dispatches.select_for_update(of=("self",)).filter(state=State.HELD).select_related("oa"))
    guards.require_releasable(version, held)
    if version.status == Status.HELD:
        move(version, Status.SCHEDULED, changed_at=timezone.now(), revision=version.revision + 1)
    for row in held:
        move(row, State.WAITING, **row.resumed())
        _ring(row)
    _remark(version, Kind.RELEASED, by)
    log.append("post.released", version, by=by, dispatches=len(held))


@transaction.atomic
def cancel(dispatch: Dispatch, *, reason: str, by: Officer) -> None:
    """This account does not send it; the others do."""
    require(by, Permission.POST_WRITE)
    version = locked(dispatch.version)
    row = Dispatch.objects.select_for_update().get(pk=dispatch.pk)
    move(row, State.CANCELLED, **guards.at_rest(gettext_noop("Đồng chí %(name)s bỏ OA này.") % {"name": by.full_name}))
    _remark(version, Kind.CANCELLED, by, reason)
    log.append("post.dispatch_cancelled", row, by=by)


@transaction.atomic
def settle(dispatch: Dispatch, *, sent: bool, reason: str, by: Officer) -> None:
    """A person looked into OA Manager and says how an unclear broadcast ended. It is never sent again from here."""
    require(by, Permission.POST_APPROVE)
    version = locked(dispatch.version)
    row = Dispatch.objects.select_for_update().get(pk=dispatch.pk)
    if row.state != State.UNKNOWN:
        raise Refused(_("Lượt gửi này đã rõ kết quả."))
    error = (
        "" if sent else gettext_noop("Đồng chí %(name)s đã xem trong OA Manager: bài chưa đi.") % {"name": by.full_name}
    )
    move(row, State.SENT if sent else State.FAILED, settled_by=by, settled_at=timezone.now(), error=error)
    _remark(version, Kind.SETTLED, by, reason)
    log.append("post.dispatch_settled", row, by=by, sent=sent)


def _stop(version: PostVersion, state: str, why: str, also: Sequence[str] = ()) -> int:
    """Moves each row that has not left; one that leaves at this moment keeps its own way."""
    stoppable = (*Dispatch.BEFORE_SENDING, *also)
    rows = list(version.dispatches.select_for_update().filter(state__in=stoppable))
    for row in rows:
        move(row, state, **guards.at_rest(why))
    return len(rows)


def _ring(row: Dispatch) -> None:
    if row.next_at and row.next_at <= timezone.now():  # otherwise the sweeper finds it when its hour has come
        queue.ring("zalopolice.dispatch", row.pk, "vault")


def _remark(version: PostVersion, kind: str, by: Officer, text: str = "") -> None:
    Remark.objects.create(
        unit_id=version.unit_id, post_id=version.post_id, version=version, kind=kind, officer=by, text=text
    )


# --- what waits for whom -----------------------------------------------------------------------------------------


def waiting(officer: Officer) -> Q:
    """Posts this officer should decide on, and those that came back to whoever wrote them."""
    mine = Q(status=Status.RETURNED, writers__contains=[officer.pk])
    if not officer.may(Permission.POST_APPROVE):
        return mine
    return mine | (Q(status=Status.SUBMITTED) & ~Q(writers__contains=[officer.pk]) & ~Q(submitted_by=officer))


def waiting_for(officer: Officer) -> int:
    """One query; 0 without one for officers who have nothing to do with posts."""
    if not officer.may(Permission.POST_READ):
        return 0
    return PostVersion.objects.visible_to(officer).filter(waiting(officer), is_latest=True).count()


def waiting_list(officer: Officer, limit: int = 5) -> list[PostVersion]:
    """For home: the longest waiting first; titles, states, ``submitted_by`` and ``submitted_at`` are loaded."""
    if not officer.may(Permission.POST_READ):
        return []
    rows = PostVersion.objects.visible_to(officer).filter(waiting(officer), is_latest=True)
    return list(rows.select_related("submitted_by").order_by("changed_at", "pk")[:limit])

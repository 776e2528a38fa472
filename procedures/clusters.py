"""Questions nobody answered, put together by the week; an editor makes a draft of what is asked often (feature F7).

Putting together is the worker's, the verbs below an officer's. The same sentences give the same clusters anywhere."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures import actions, catalogue
from procedures.misses import HIDDEN
from procedures.models import Miss, MissCluster, MissWeek, Outcome, Procedure, Version
from zalopolice import queue
from zalopolice.audit import log
from zalopolice.refusals import Refused
from zalopolice.states import WrongState, move_to
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission
from zalopolice.units.walls import job_context
from zalopolice.vietnamese import fold, spelled_out

MOST = 3000
"""Sentences of a week that are compared; a unit with more has its answer in those."""
ALIKE, ALIKE_OF_ONE_LABEL = 0.55, 0.4
"""Share of three-letter pieces two sentences have in common; less is enough where both were taken for the same."""
KEPT = timedelta(days=180)
PHRASE = 120
SHOWN = 20
"""Sentences of a cluster an editor reads: those written most, and no other goes into a draft or up."""
State = MissCluster.State


@dataclass
class Group:
    label: str
    pieces: frozenset[str]
    misses: list[Miss] = field(default_factory=list)


def put_together(pk: uuid.UUID) -> None:
    """One week of one unit; also forgets what is old and folds the counts of past months."""
    with job_context(MissWeek, pk) as unit:
        week = MissWeek.objects.select_for_update(skip_locked=True).filter(pk=pk, queue="worker").first()
        if unit is None or week is None or week.next_at is None or week.next_at > timezone.now():
            return
        published = {entry.slug for entry in catalogue.published(unit)}
        for group in grouped(Miss.objects.filter(monday=week.monday, cluster=None).order_by("pk")[:MOST]):
            slug, size = _likeliest(group.misses, published), len(group.misses)
            _settle(group, MissCluster.objects.create(unit_id=unit, monday=week.monday, size=size, slug=slug))
        _forget(week)
        _fold()
        queue.finish(week)


def _settle(group: Group, cluster: MissCluster) -> None:
    """Of sentences written alike one is kept, with how often: the one with marks, which sort behind plain letters."""
    same: dict[str, list[Miss]] = {}
    for miss in sorted(group.misses, key=lambda miss: miss.text, reverse=True):
        same.setdefault(spelled_out(miss.text), []).append(miss)
    for first, *others in same.values():
        Miss.objects.filter(pk=first.pk).update(cluster=cluster, times=1 + len(others))
        Miss.objects.filter(pk__in=[miss.pk for miss in others]).delete()


def grouped(misses: Iterable[Miss]) -> list[Group]:
    """Greedy: the sentence written most often leads, each other one joins the first leader it is alike to."""
    same: dict[str, list[Miss]] = {}
    for miss in misses:
        same.setdefault(spelled_out(miss.text), []).append(miss)
    groups: list[Group] = []
    for plain, found in sorted(same.items(), key=lambda row: (-len(row[1]), row[0])):
        label, pieces = _likeliest(found), _pieces(plain)
        group = next((one for one in groups if _are_alike(one, label, pieces)), None)
        if group is None:
            groups.append(group := Group(label, pieces))
        group.misses += found
    return groups


def _pieces(plain: str) -> frozenset[str]:
    padded = f" {plain} "
    return frozenset(padded[place : place + 3] for place in range(len(padded) - 2))


def _are_alike(group: Group, label: str, pieces: frozenset[str]) -> bool:
    common = 2 * len(group.pieces & pieces) / ((len(group.pieces) + len(pieces)) or 1)
    return common >= (ALIKE_OF_ONE_LABEL if label and label == group.label else ALIKE)


def _likeliest(misses: Sequence[Miss], among: set[str] | None = None) -> str:
    """What most of them were taken for first; of equals the first by name."""
    firsts = [next((label for label in miss.labels if among is None or label in among), "") for miss in misses]
    counted = Counter(label for label in firsts if label)
    return min(counted, key=lambda label: (-counted[label], label), default="")


def _forget(week: MissWeek) -> None:
    before = week.monday - KEPT
    Miss.objects.filter(monday__lt=before).delete()
    MissCluster.objects.filter(monday__lt=before).delete()
    MissWeek.objects.filter(monday__lt=before).delete()


def _fold() -> None:
    """One row for all of a past month's, procedure's and kind's."""
    past = Outcome.objects.filter(month__lt=timezone.localdate().replace(day=1))
    keys = ("unit_id", "month", "slug", "kind")
    with transaction.atomic():
        rows = list(past.order_by().values(*keys).annotate(sum=Sum("times")))
        past.delete()
        Outcome.objects.bulk_create(Outcome(times=row.pop("sum"), **row) for row in rows)


# --- what an editor does with a cluster ----------------------------------------------------------------------------


def proposals(misses: Iterable[Miss]) -> list[str]:
    """The sentences as synonyms: each once, nothing hidden in them, as long as a synonym may be."""
    written = (" ".join(miss.text.replace(HIDDEN, " ").split()).strip(" .,;:?!") for miss in misses)
    found: dict[str, str] = {}
    for words in written:
        if 3 <= len(words) <= PHRASE:
            found.setdefault(fold(words), words)
    return list(found.values())


@transaction.atomic
def draft(cluster: MissCluster, *, by: Officer) -> Version:
    """A draft with the sentences as proposed synonyms; somebody reads it before anybody sees it.

    Of the procedure they come closest to when it is the unit's own, of a new one when they come close to none."""
    _require(by)
    if cluster.unit_id == by.unit.pk and cluster.state != State.NEW:
        raise Refused(_("Nhóm câu này đã được xem. Tải lại trang."))
    phrases = _phrases(cluster)
    version = _version_for(cluster, phrases[0], by)
    if version.state != Version.State.DRAFT:
        raise Refused(_("Thủ tục này đang có bản chờ thẩm định. Đợi công bố hoặc trả lại rồi làm tiếp."))
    known = {fold(word) for word in version.synonyms}
    added = [phrase for phrase in phrases if fold(phrase) not in known]
    actions.save_draft(version, {"synonyms": [*version.synonyms, *added]}, by=by)
    if cluster.unit_id == by.unit.pk:
        _move(cluster, State.DRAFTED, phrases=phrases)
    log.append("procedure.misses_drafted", version, by=by, number=version.number, sentences=len(added))
    return version


def _version_for(cluster: MissCluster, name: str, by: Officer) -> Version:
    slug = cluster.slug or slug_of_new(cluster, name)
    procedure = Procedure.objects.filter(unit=by.unit.pk, slug=slug).first()
    if procedure is not None:
        return actions.new_draft(procedure, by=by)
    if cluster.slug:
        raise Refused(_("Thủ tục này do cấp trên soạn. Dùng nút “Đề nghị cấp trên bổ sung”."))
    return actions.add(slug=slug, field=_("Chưa xếp lĩnh vực"), name=name, by=by)


def slug_of_new(cluster: MissCluster, name: str) -> str:
    """The same every time: a cluster from below stays in the list, and to press twice must not make two procedures."""
    return f"{fold(name).replace(' ', '-')[:55].strip('-')}-{cluster.pk.hex[-8:]}".strip("-")


@transaction.atomic
def propose(cluster: MissCluster, *, by: Officer) -> None:
    """Passes the sentences, masked and read by an editor, up to the editors of the unit above."""
    _require(by, cluster)
    _move(cluster, State.PROPOSED, phrases=_phrases(cluster))
    log.append("procedure.misses_proposed", cluster, by=by, sentences=len(cluster.phrases))


@transaction.atomic
def drop(cluster: MissCluster, *, by: Officer) -> None:
    _require(by, cluster)
    _move(cluster, State.DROPPED)
    log.append("procedure.misses_dropped", cluster, by=by)


def _require(by: Officer, cluster: MissCluster | None = None) -> None:
    if not by.may(Permission.PROCEDURE_EDIT) or (cluster is not None and cluster.unit_id != by.unit.pk):
        raise PermissionDenied


def _phrases(cluster: MissCluster) -> list[str]:
    phrases = cluster.phrases or proposals(Miss.objects.filter(cluster=cluster).order_by("-times", "pk")[:SHOWN])
    if not phrases:
        raise Refused(_("Các câu này dài hoặc bị che nhiều nên không làm từ gợi ý được. Tạo thủ tục mới nếu cần."))
    return phrases


def _move(cluster: MissCluster, state: str, **changes: Any) -> None:
    try:
        move_to(cluster, state, field="state", **changes)
    except WrongState:
        raise Refused(_("Nhóm câu này đã được xem. Tải lại trang.")) from None

"""Questions nobody answered, put together by the week; an editor makes a draft of what is asked often (feature F7).

The worker's; what an editor then does stands in ``cluster_actions.py``. The same sentences give the same clusters
anywhere."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from procedures import catalogue
from procedures.models import Miss, MissCluster, MissWeek, Outcome
from zalopolice import queue
from zalopolice.units.walls import job_context
from zalopolice.vietnamese import spelled_out

MOST = 3000
"""Sentences of a week that are compared; a unit with more has its answer in those."""
ALIKE, ALIKE_OF_ONE_LABEL = 0.55, 0.4
"""Share of three-letter pieces two sentences have in common; less is enough where both were taken for the same."""
KEPT = timedelta(days=180)


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

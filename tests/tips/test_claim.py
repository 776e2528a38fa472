"""Two hundred officers press the same button at once (issue 2, row 8)."""

from __future__ import annotations

import uuid
from collections import Counter

from django.utils import timezone

from tests.crowd import crowd
from tests.tips.scenes import case_at
from tips import actions
from tips.models import Case, CaseEntry
from zalopolice.audit.models import Entry
from zalopolice.gateway.models import Citizen
from zalopolice.units.walls import unit_context

CASES, CLAIMS, AT_ONCE = 50, 200, 40
NAMES = ("an", "em", "cuong", "binh")


def many_cases(commune):
    with commune.zone("vault"):
        citizen = Citizen.objects.create(unit=commune.unit, oa=commune.oa)
    with commune.acting("cuong") as officer:
        return [
            Case.objects.create(
                id=uuid.uuid4(),
                unit=commune.unit,
                citizen=citizen,
                classification=Case.Classification.SECURITY,
                title=f"Vụ việc {number}",
                received_at=timezone.now(),
                opened_by=officer,
            )
            for number in range(CASES)
        ]


def claims(commune, case, name):
    def job():
        with commune.acting(name) as officer:
            mine = Case.objects.get(pk=case.pk)
            try:
                actions.claim(mine, by=officer)
            except actions.Refused as refusal:
                return str(refusal)
        return True

    return job


def test_two_hundred_claims_on_fifty_cases_find_fifty_owners(commune):
    cases = many_cases(commune)
    wishes = [(case, name) for case in cases for name in NAMES]  # neighbours in time want the same case
    assert len(wishes) == CLAIMS

    results = []
    for start in range(0, CLAIMS, AT_ONCE):
        results += crowd("web", [claims(commune, case, name) for case, name in wishes[start : start + AT_ONCE]])

    assert Counter(type(result) for result in results) == {bool: 50, str: 150}
    with unit_context(commune.unit.pk):
        owners = {case.pk: case.claimed_by for case in Case.objects.select_related("claimed_by")}
        assert set(Case.objects.values_list("status", flat=True)) == {Case.Status.IN_PROGRESS}
        lines = CaseEntry.objects.filter(kind=CaseEntry.Kind.CLAIMED)
        assert dict(lines.values_list("case_id", "officer_id")) == {pk: owner.pk for pk, owner in owners.items()}
        assert lines.count() == CASES
    for (case, name), result in zip(wishes, results, strict=True):
        winner = owners[case.pk]
        if result is True:
            assert winner.pk == commune.officers[name].pk
        else:
            assert f"Đ/c {winner} đã nhận vụ việc này lúc " in result
    with commune.zone("owner"):
        entries = Entry.objects.filter(kind="case.claimed")
        assert {entry.object_id: entry.actor_id for entry in entries} == {pk: owner.pk for pk, owner in owners.items()}
        assert entries.count() == CASES


def test_whoever_comes_late_learns_who_and_when(commune):
    case = case_at(commune)
    with commune.acting("an") as officer:
        actions.claim(Case.objects.get(pk=case.pk), by=officer)

    said = claims(commune, case, "em")()

    with commune.acting("an"):
        at = timezone.localtime(Case.objects.get(pk=case.pk).claimed_at)
    assert said == f"Đ/c {commune.an} đã nhận vụ việc này lúc {at:%H:%M %d/%m}."


def test_claim_and_assignment_at_once_find_one_owner(commune):
    case = case_at(commune)

    def assigns():
        with commune.acting("cuong") as officer:
            try:
                actions.assign(Case.objects.get(pk=case.pk), commune.em, by=officer)
            except actions.Refused as refusal:
                return str(refusal)
        return True

    results = crowd("web", [claims(commune, case, "an"), assigns, claims(commune, case, "binh"), assigns])

    assert Counter(result is True for result in results) == {True: 1, False: 3}
    assert all(result is True or "đã nhận vụ việc này" in result for result in results)

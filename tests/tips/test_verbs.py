"""Every verb leaves its trace in its own transaction: without the trace, nothing happened."""

import pytest

from tests import cast
from tests.tips.scenes import case_at, waiting_item
from tips import actions, tray_actions
from tips.models import Case, CaseEntry, TrayItem
from zalopolice.audit import log

pytestmark = pytest.mark.usefixtures("commune")


class NoAudit(Exception):
    pass


def _broken(*args, **kwargs):
    raise NoAudit


def state_of(commune):
    """Everything a verb may change, comparable."""
    with commune.zone("owner"):
        items = sorted(TrayItem.objects.values_list("pk", "status", "sorted_by"))
        cases = sorted(Case.objects.values_list("pk", "status", "result", "summary", "claimed_by", "closed_by"))
        return items, cases, CaseEntry.objects.count(), len(cast.outbound(commune.zone))


ON_ITEMS = {
    "open_case": lambda item, by: actions.open_case(
        item, list(item.unsorted_messages()), title="x", classification="vphc", area=None, by=by
    ),
    "answer": lambda item, by: tray_actions.answer_from_tray(item, "x", by=by),
    "sort_out": lambda item, by: tray_actions.sort_out(item, by=by),
}
ON_CASES = {
    "claim": ("unclaimed", lambda case, by: actions.claim(case, by=by)),
    "assign": ("unclaimed", lambda case, by: actions.assign(case, by, by=by)),
    "reply": ("in_progress", lambda case, by: actions.reply(case, "x", by=by)),
    "note": ("in_progress", lambda case, by: actions.note(case, "x", by=by)),
    "propose": ("in_progress", lambda case, by: actions.propose_closing(case, result="warned", summary="x", by=by)),
    "return": ("closing", lambda case, by: actions.return_to_work(case, reason="x", by=by)),
    "close": ("closing", lambda case, by: actions.close(case, by=by)),
}


@pytest.mark.parametrize("name", ON_ITEMS)
def test_on_a_thread_nothing_happens_without_its_trace(commune, monkeypatch, name):
    item = waiting_item(commune)
    before = state_of(commune)
    monkeypatch.setattr(log, "append", _broken)

    with commune.acting("binh") as chief, pytest.raises(NoAudit):
        ON_ITEMS[name](item, chief)

    assert state_of(commune) == before


@pytest.mark.parametrize("name", ON_CASES)
def test_on_a_case_nothing_happens_without_its_trace(commune, monkeypatch, name):
    status, verb = ON_CASES[name]
    case = case_at(commune, status)
    before = state_of(commune)
    monkeypatch.setattr(log, "append", _broken)

    with commune.acting("binh") as chief, pytest.raises(NoAudit):
        verb(case, chief)

    assert state_of(commune) == before

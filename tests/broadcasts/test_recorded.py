"""An act that cannot be recorded does not happen (design D25); and what is recorded holds no word of a post."""

from __future__ import annotations

import inspect

import pytest
from django.db import DatabaseError, transaction

from broadcasts import actions
from broadcasts.models import Dispatch
from tests.audit.test_acts_are_recorded import everything, unwritable_log
from tests.broadcasts.scenes import BODY, TITLE, Status, draft, fresh, post_at, tomorrow
from zalopolice.audit.models import Entry

# Verb → state the post is in, who acts, what is done.
ACTS = {
    "create": (Status.DRAFT, "giang", lambda version, by: actions.create(version.words, by=by)),
    "edit": (Status.DRAFT, "giang", lambda version, by: actions.edit(version, version.words, by=by, revision=1)),
    "copy": (Status.SCHEDULED, "giang", lambda version, by: actions.copy(version, by=by)),
    "submit": (Status.DRAFT, "giang", lambda version, by: actions.submit(version, by=by, revision=1)),
    "withdraw": (Status.SCHEDULED, "giang", lambda version, by: actions.withdraw(version, by=by)),
    "say": (Status.SUBMITTED, "binh", lambda version, by: actions.say(version, "Được", by=by)),
    "return_": (Status.SUBMITTED, "binh", lambda version, by: actions.return_(version, reason="Sửa", by=by)),
    "approve": (Status.SUBMITTED, "binh", lambda version, by: actions.approve(version, by=by, seen=version.digest)),
    "hold": (Status.SCHEDULED, "giang", lambda version, by: actions.hold(version, reason="Chờ", by=by)),
    "release": (Status.HELD, "binh", lambda version, by: actions.release(version, by=by)),
    "cancel": (Status.SCHEDULED, "giang", lambda version, by: actions.cancel(version.row, reason="Bỏ", by=by)),
    "settle": (Status.SCHEDULED, "binh", lambda version, by: actions.settle(version.row, sent=True, reason="x", by=by)),
}


def test_every_verb_is_here():
    verbs = {
        name
        for name, function in inspect.getmembers(actions, inspect.isfunction)
        if function.__module__ == actions.__name__ and "by" in inspect.signature(function).parameters
    }
    assert {name for name in verbs if not name.startswith("_")} == set(ACTS)


@pytest.mark.parametrize("name", ACTS)
def test_a_verb_writes_its_entry_or_nothing(commune, zone, name):
    status, who, act = ACTS[name]
    version = post_at(commune, status)
    version.words = draft(commune, title="Khác", send_at=tomorrow())
    if name == "settle":
        with zone("owner"):
            for state in ("creating", "verifying", "ready", "sending", "unknown"):
                Dispatch.objects.filter(version=version).update(state=state)
    if status == Status.SCHEDULED:
        with commune.acting("giang"):
            version.row = Dispatch.objects.select_related("version").get(version=version)
    before = everything()
    with unwritable_log(), commune.acting(who) as officer, pytest.raises(DatabaseError), transaction.atomic():
        act(version, officer)
    assert everything() == before
    with commune.acting(who) as officer:
        act(fresh(version) if not hasattr(version, "row") and name not in {"create", "edit"} else version, officer)
    with zone("owner"):
        entries = list(Entry.objects.order_by("at"))
    assert entries[-1].kind.startswith("post.")
    assert entries[-1].actor_id == commune.officers[who].pk
    assert not [one for one in entries if any(word in str(one.detail) for word in (TITLE, BODY, "Khác", "Sửa", "Chờ"))]

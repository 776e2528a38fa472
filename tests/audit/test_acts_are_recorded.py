"""An act that cannot be recorded does not happen: one test for each verb of the features (design D25)."""

from __future__ import annotations

import inspect
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connections

from tests.tips.scenes import case_at, waiting_item
from tips import actions, tray_actions
from tips.models import Case, CaseEntry, Filed, TrayItem
from zalopolice.gateway.models import Message

Status = Case.Status


@contextmanager
def unwritable_log():
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry ADD CONSTRAINT nothing_more CHECK (false) NOT VALID")
        try:
            yield
        finally:
            cursor.execute("ALTER TABLE audit_entry DROP CONSTRAINT nothing_more")


def everything():
    """A digest of the rows of every table."""
    found = {}
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t")
            found[table] = cursor.fetchone()[0]
    return found


def fresh(row):
    return type(row)._default_manager.get(pk=row.pk)


def words_in(item):
    return list(Message.objects.filter(filed__tray_item=item, direction="in"))


def open_case(commune):
    item, kind = waiting_item(commune), Case.Classification.SECURITY
    return "cuong", lambda by: actions.open_case(
        fresh(item), words_in(item), title="Đánh bạc", classification=kind, area=None, by=by
    )


def add_to_case(commune):
    """A thread of the same source that waits although a case is open."""
    case = case_at(commune)
    with commune.zone("owner"):
        message = Message.objects.filter(direction="in").get()
        item = TrayItem.objects.create(unit=commune.unit, citizen_id=case.citizen_id, opened_at=message.sent_at)
        Filed.objects.filter(message=message).update(tray_item=item, case=None)
        CaseEntry.objects.filter(message=message).delete()
    return "cuong", lambda by: actions.add_to_case(fresh(item), words_in(item), fresh(case), by=by)


def lost_reply(commune):
    case = case_at(commune, Status.IN_PROGRESS)
    with commune.acting("an") as officer:
        message = actions.reply(case, "Đã nhận tin", by=officer)
    with commune.zone("owner"):
        Message.objects.filter(pk=message.pk).update(state="failed", queue="", next_at=None)
    return case, message


def resend(commune):
    case, message = lost_reply(commune)
    return "an", lambda by: actions.resend(fresh(case), fresh(message), by=by)


def on_item(verb, *arguments):
    def prepare(commune):
        item = waiting_item(commune)
        return "cuong", lambda by: verb(fresh(item), *arguments, by=by)

    return prepare


def put_back(commune):
    item = waiting_item(commune)
    with commune.acting("cuong") as officer:
        tray_actions.sort_out(item, by=officer)
    return "cuong", lambda by: tray_actions.put_back(fresh(item), by=by)


def on_case(verb, status, who, *arguments, **more):
    def prepare(commune):
        case = case_at(commune, status)
        return who, lambda by: verb(fresh(case), *arguments, by=by, **more)

    return prepare


def assign(commune):
    case = case_at(commune)
    return "cuong", lambda by: actions.assign(fresh(case), commune.an, by=by)


def reassign(commune):
    case = case_at(commune, Status.IN_PROGRESS)
    return "cuong", lambda by: actions.reassign(fresh(case), commune.em, by=by, reason="Đi học")


def acknowledge(commune):
    case, message = lost_reply(commune)
    return "an", lambda by: actions.acknowledge(fresh(case), fresh(message), by=by)


VERBS = {
    "open_case": open_case,
    "add_to_case": add_to_case,
    "answer_from_tray": on_item(tray_actions.answer_from_tray, "Chúng tôi đã nhận."),
    "sort_out": on_item(tray_actions.sort_out),
    "take": on_item(tray_actions.take),
    "put_back": put_back,
    "claim": on_case(actions.claim, Status.UNCLAIMED, "an"),
    "assign": assign,
    "reply": on_case(actions.reply, Status.IN_PROGRESS, "an", "Chúng tôi đã nhận."),
    "resend": resend,
    "reassign": reassign,
    "acknowledge": acknowledge,
    "note": on_case(actions.note, Status.IN_PROGRESS, "an", "Đã gọi tổ trưởng."),
    "propose_closing": on_case(
        actions.propose_closing, Status.IN_PROGRESS, "an", result=Case.Result.WARNED, summary="Đã nhắc nhở"
    ),
    "return_to_work": on_case(actions.return_to_work, Status.CLOSING, "binh", reason="Chưa rõ"),
    "close": on_case(actions.close, Status.CLOSING, "binh"),
}


def test_every_verb_is_listed_here():
    verbs = {
        name
        for module in (actions, tray_actions)
        for name, found in inspect.getmembers(module, inspect.isfunction)
        if found.__module__ == module.__name__ and not name.startswith("_")
        if "by" in inspect.signature(found).parameters
    }

    assert verbs == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_leaves_nothing_behind_when_its_entry_cannot_be_written(commune, verb, bell):
    who, act = VERBS[verb](commune)
    before = everything()
    bell.clear()

    with unwritable_log(), commune.acting(who) as officer, pytest.raises(DatabaseError):
        act(officer)  # the request goes on and commits; the verb alone must undo itself

    assert everything() == before
    assert bell == []

    with commune.acting(who) as officer:
        act(officer)  # and it does happen once the log can be written
    assert everything()["audit_entry"] != before["audit_entry"]

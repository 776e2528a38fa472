"""Row 2: what is approved is what is sent. Page, ORM and SQL as the app's own login meet the same wall."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from broadcasts import actions, guards
from broadcasts.digest import digest
from broadcasts.models import Dispatch, Post, PostImage, PostVersion
from tests.broadcasts.scenes import COVER, Status, connect, cover, dispatch_of, draft, fresh, post_at, tomorrow
from zalopolice.units.models import Membership
from zalopolice.units.roles import DEPUTED, ROLE_PERMISSIONS, Permission, Role
from zalopolice.units.walls import unit_context

CHANGES = {
    "title": "Cảnh báo giả danh công an gọi video.",
    "description": "Khác một chữ",
    "author": "Công an xã",
    "body": "Khác",
    "cover_sha256": "0" * 64,
    "gender": 1,
    "ages": [2],
    "cities": [8],
    "oa_ids": ["1"],
    "send_at": None,
}
AFTER_SUBMISSION = (Status.SUBMITTED, Status.RETURNED, Status.SCHEDULED, Status.HELD)


def by_orm_save(version, name, value):
    row = fresh(version)
    setattr(row, name, value)
    row.save()


def by_update(version, name, value):
    PostVersion.objects.filter(pk=version.pk).update(**{name: value})


def by_sql(version, name, value):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE broadcasts_postversion SET {name} = %s WHERE id = %s", [value, version.pk])


@pytest.mark.parametrize("status", AFTER_SUBMISSION)
def test_no_door_changes_a_submitted_version(commune, status):
    version = post_at(commune, status)
    for officer in ("giang", "binh"):
        for name, value in CHANGES.items():
            for change in (by_orm_save, by_update, by_sql):
                with commune.acting(officer), pytest.raises(DatabaseError), transaction.atomic():
                    change(version, name, value)
    with commune.acting("binh"):
        assert digest(fresh(version)) == version.digest


def test_words_changed_past_every_trigger_still_do_not_leave(commune, zone):
    """Somebody with the owner's rights, or a restored backup: the digest is asked again at the hour of sending."""
    version = post_at(commune, Status.SCHEDULED)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE broadcasts_postversion DISABLE TRIGGER USER")
        try:
            cursor.execute("UPDATE broadcasts_postversion SET body = body || '.' WHERE id = %s", [version.pk])
        finally:
            cursor.execute("ALTER TABLE broadcasts_postversion ENABLE TRIGGER USER")
    with zone("vault"):
        assert guards.guard_before_send(dispatch_of(commune, version)).what == guards.What.VOID


def test_a_picture_is_its_name_and_never_changes(commune):
    post_at(commune, Status.SCHEDULED)
    with commune.acting("giang") as editor:
        with pytest.raises(DatabaseError), transaction.atomic():
            PostImage.objects.filter(sha256=COVER).update(data=b"other")
        with pytest.raises(DatabaseError), transaction.atomic():
            PostImage.objects.create(
                unit=commune.unit, sha256="1" * 64, data=b"other", width=1, height=1, created_by=editor
            )


def test_editing_what_is_approved_voids_the_approval(commune, zone):
    version = post_at(commune, Status.SCHEDULED)
    with commune.acting("giang") as editor:
        newer = actions.edit(version, draft(commune, title="Tiêu đề khác"), by=editor, revision=version.revision)
        assert (newer.number, newer.status, newer.approved_by_id, newer.digest) == (2, Status.DRAFT, None, "")
        assert fresh(version).status == Status.WITHDRAWN
        assert [row.state for row in version.dispatches.all()] == ["cancelled"]
    with zone("vault"):
        assert guards.guard_before_send(dispatch_of(commune, version)).what == guards.What.VOID


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.RETURNED])
def test_what_was_void_does_not_come_back(commune, status):
    version = post_at(commune, Status.SUBMITTED)
    with commune.acting("binh") as chief:
        if status == Status.RETURNED:
            actions.return_(version, reason="Sửa", by=chief)
        else:
            actions.withdraw(version, by=chief)
        for to in set(Status.values) - {status, Status.WITHDRAWN}:
            with pytest.raises(DatabaseError), transaction.atomic():
                by_update(version, "status", to)


APPROVAL = {"status": "scheduled", "approved_as": "chief", "accepted_findings": []}


def approved_by(officer):
    return {**APPROVAL, "approved_by": officer, "approved_at": timezone.now(), "due_at": tomorrow()}


@pytest.mark.parametrize("writer", ["binh", "dung"])
def test_nobody_approves_a_post_he_wrote_or_handed_in(commune, zone, writer):
    with zone("owner"):
        Membership.objects.filter(officer=commune.dung).update(deputation="Số 12/QĐ-CAP")
    version = post_at(commune, Status.SUBMITTED, writer=writer)
    with commune.acting(writer) as officer:
        with pytest.raises(actions.Refused):
            actions.approve(version, by=officer, seen=version.digest)
        with pytest.raises(DatabaseError), transaction.atomic():
            PostVersion.objects.filter(pk=version.pk).update(**approved_by(officer))
        with pytest.raises(DatabaseError), transaction.atomic():
            row = fresh(version)
            for name, value in approved_by(officer).items():
                setattr(row, name, value)
            row.save()
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            # Forgetting that one wrote it does not help either.
            cursor.execute("UPDATE broadcasts_postversion SET writers = %s WHERE id = %s", [[uuid.uuid4()], version.pk])
        # Nor does signing with the other leader's name.
        other = commune.binh if writer == "dung" else commune.dung
        with pytest.raises(DatabaseError), transaction.atomic():
            PostVersion.objects.filter(pk=version.pk).update(**approved_by(other))


def test_a_writer_of_an_earlier_version_does_not_approve_a_later_one(commune):
    first = post_at(commune, Status.RETURNED, writer="dung")
    with commune.acting("giang") as editor:
        again = actions.edit(
            first, draft(commune, title="Khác", send_at=tomorrow()), by=editor, revision=first.revision
        )
        actions.submit(again, by=editor, revision=again.revision)
        assert commune.dung.pk in fresh(again).writers


def test_sql_that_writes_is_a_writer(commune):
    """The officer of the signed context is put among the writers, whatever the statement says."""
    version = post_at(commune)
    with commune.acting("binh") as chief:
        by_sql(version, "title", "Tiêu đề của trưởng")
        assert chief.pk in fresh(version).writers
        with pytest.raises(DatabaseError), transaction.atomic():
            by_sql(version, "writers", [commune.giang.pk])
        Post.objects.create(unit=commune.unit, created_by=chief)
    with commune.acting("giang") as editor, pytest.raises(DatabaseError), transaction.atomic():
        PostVersion.objects.create(
            unit=commune.unit,
            post=version.post,
            number=9,
            is_latest=False,
            writers=[editor.pk],
            submitted_by=editor,
            submitted_at=timezone.now(),
            digest="0" * 64,
            title="x",
            body="x",
            oa_ids=["1"],
            **approved_by(commune.binh),
        )


@pytest.mark.parametrize("name", ["giang", "dung", "an", "cuong"])
def test_who_may_not_approve_may_not_by_sql_either(commune, name):
    version = post_at(commune, Status.SUBMITTED, writer="giang" if name != "giang" else "dung")
    with commune.acting(name) as officer, pytest.raises(DatabaseError), transaction.atomic():
        PostVersion.objects.filter(pk=version.pk).update(**approved_by(officer))


def test_the_database_and_the_role_map_agree_on_who_approves(commune, zone):
    version = post_at(commune, Status.SUBMITTED)
    with connections["owner"].cursor() as cursor:
        for role in Role:
            for deputation in ("", "Số 12/QĐ-CAP"):
                if deputation and role != Role.DEPUTY_CHIEF:
                    continue
                with zone("owner"):
                    Membership.objects.filter(officer=commune.an).update(role=role, deputation=deputation)
                cursor.execute("SELECT posts.approves_as(%s, %s)", [commune.unit.pk, commune.an.pk])
                may = Permission.POST_APPROVE in ROLE_PERMISSIONS[role] | (DEPUTED if deputation else frozenset())
                assert (cursor.fetchone()[0] == role) is may, (role, deputation)
    assert version.approved_as == ""


def test_a_deputy_approves_only_while_deputed(commune, zone):
    version = post_at(commune, Status.SUBMITTED)
    with commune.acting("dung") as deputy, pytest.raises(PermissionDenied), transaction.atomic():
        actions.approve(version, by=deputy, seen=version.digest)
    with zone("owner"):
        Membership.objects.filter(officer=commune.dung).update(deputation="Số 12/QĐ-CAP")
    with commune.acting("dung") as deputy:
        actions.approve(version, by=deputy, seen=version.digest)
        assert fresh(version).approved_as == Role.DEPUTY_CHIEF


def test_the_table_of_states_in_the_database_is_the_one_in_the_code():
    import re
    from pathlib import Path

    sql = Path("broadcasts/migrations/0002_bound.sql").read_text()
    for model, function in ((PostVersion, "posts.changed_version"), (Dispatch, "posts.changed_dispatch")):
        body = sql.split(f"CREATE FUNCTION {function}()")[1].split("END $$")[0]
        listed = set(re.findall(r"'(\w+>\w+)'", body)) - {"draft>draft"}
        assert listed == {f"{one}>{to}" for one, targets in model.TRANSITIONS.items() for to in targets}


# --- dispatches --------------------------------------------------------------------------------------------------


def test_the_portal_cannot_send_twice_or_unapproved(commune, zone):
    version = post_at(commune, Status.SCHEDULED)
    row = dispatch_of(commune, version)
    submitted = post_at(commune, Status.SUBMITTED)
    with commune.acting("binh"):
        with pytest.raises(DatabaseError), transaction.atomic():
            Dispatch.objects.create(unit=commune.unit, version=submitted, oa=commune.oa, due_at=tomorrow())
        with pytest.raises(DatabaseError), transaction.atomic():
            Dispatch.objects.create(unit=commune.unit, version=version, oa=commune.oa, due_at=row.due_at)
        with pytest.raises(DatabaseError), transaction.atomic():
            Dispatch.objects.filter(pk=row.pk).delete()
        with pytest.raises(DatabaseError), transaction.atomic():
            Dispatch.objects.filter(pk=row.pk).update(due_at=timezone.now())
    with zone("owner"):
        for state in ("creating", "verifying", "ready", "sending"):
            Dispatch.objects.filter(pk=row.pk).update(state=state)
    with commune.acting("binh"):
        for state in set(Dispatch.State.values) - {"sending"}:
            with pytest.raises(DatabaseError), transaction.atomic():
                Dispatch.objects.filter(pk=row.pk).update(state=state)
    for end in ("sent", "unknown", "failed"):
        with zone("vault"), transaction.atomic():
            Dispatch.objects.filter(pk=row.pk).update(state=end)
            for state in ("waiting", "creating", "verifying", "ready", "sending", "held"):
                with pytest.raises(DatabaseError), transaction.atomic():
                    Dispatch.objects.filter(pk=row.pk).update(state=state)
            transaction.set_rollback(True)


def test_the_vault_sends_nothing_whose_approval_is_gone(commune, zone):
    version = post_at(commune, Status.HELD)
    with zone("vault"), pytest.raises(DatabaseError), transaction.atomic():
        Dispatch.objects.filter(version=version).update(state="waiting")
    with zone("vault"), pytest.raises(DatabaseError), transaction.atomic():
        PostVersion.objects.filter(pk=version.pk).update(approved_by=None)


def test_what_has_left_gets_no_new_version_and_is_not_withdrawn(commune, zone):
    version = post_at(commune, Status.SCHEDULED)
    with zone("owner"):
        for state in ("creating", "verifying", "ready", "sending", "sent"):
            Dispatch.objects.filter(version=version).update(state=state)
        PostVersion.objects.filter(pk=version.pk).update(status="dispatched")
    with commune.acting("giang") as editor:
        for act in (
            lambda: actions.edit(version, draft(commune, title="Khác"), by=editor, revision=version.revision),
            lambda: actions.withdraw(version, by=editor),
        ):
            with pytest.raises(actions.Refused), transaction.atomic():
                act()
        with pytest.raises(DatabaseError), transaction.atomic():
            PostVersion.objects.create(
                unit=commune.unit, post=version.post, number=2, is_latest=False, writers=[editor.pk]
            )


# --- at once -----------------------------------------------------------------------------------------------------


def at_once(zone, *acts):
    """Runs the acts in threads of their own; returns what each said."""
    said, gate = [], threading.Barrier(len(acts))

    def run(act):
        try:
            gate.wait(timeout=10)
            said.append(act() or "done")
        except Exception as error:
            said.append(type(error).__name__)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return sorted(said)


def test_two_approvers_at_once_make_one_approval(commune, zone):
    with zone("owner"):
        Membership.objects.filter(officer=commune.dung).update(deputation="Số 12/QĐ-CAP")
    version = post_at(commune, Status.SUBMITTED)

    def approving(name):
        def act():
            with commune.acting(name) as officer:
                actions.approve(version, by=officer, seen=version.digest)

        return act

    assert at_once(zone, approving("binh"), approving("dung")) == ["Refused", "done"]
    with commune.acting("giang"):
        assert Dispatch.objects.filter(version=version).count() == 1


def test_submitting_while_another_edits(commune, zone):
    version = post_at(commune)

    def submitting():
        with commune.acting("giang") as editor:
            actions.submit(version, by=editor, revision=1)

    def editing():
        with commune.acting("dung") as deputy:
            actions.edit(version, draft(commune, title="Tiêu đề khác", send_at=tomorrow()), by=deputy, revision=1)

    assert at_once(zone, submitting, editing) == ["Refused", "done"]
    with commune.acting("giang"):
        row = fresh(version)
        assert (row.status == Status.SUBMITTED) == (row.title != "Tiêu đề khác")


# --- approval details --------------------------------------------------------------------------------------------


def test_an_approver_approves_what_was_on_the_page(commune):
    version = post_at(commune, Status.SUBMITTED)
    with commune.acting("binh") as chief, pytest.raises(actions.Refused):
        actions.approve(version, by=chief, seen="0" * 64)


def test_a_time_that_has_passed_is_not_approved(commune, zone):
    import time_machine

    version = post_at(commune, Status.SUBMITTED)
    later = time_machine.travel(tomorrow() + timedelta(minutes=1), tick=False)
    with later, commune.acting("binh") as chief, pytest.raises(actions.Refused, match="Giờ gửi đã qua"):
        actions.approve(version, by=chief, seen=version.digest)


def test_an_account_whose_token_died_sends_nothing(commune, zone):
    version = post_at(commune, Status.SUBMITTED)
    with zone("owner"):
        type(commune.oa).objects.filter(pk=commune.oa.pk).update(trouble="Mã truy cập hết hạn")
    with commune.acting("binh") as chief, pytest.raises(actions.Refused, match="kết nối lại"):
        actions.approve(version, by=chief, seen=version.digest)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": ""}, "tiêu đề"),
        ({"description": ""}, "mô tả"),
        ({"body": ""}, "nội dung"),
        ({"cover_sha256": ""}, "ảnh bìa"),
        ({"oa_ids": []}, "ít nhất một OA"),
        ({"send_at": tomorrow(23)}, "từ 06:00 đến 21:29"),
        ({"send_at": timezone.now() - timedelta(minutes=5)}, "đã qua"),
    ],
)
def test_what_zalo_would_refuse_is_not_handed_in(commune, change, sentence):
    connect(commune)
    with commune.acting("giang") as editor:
        cover(commune)
        version = actions.create(draft(commune, **change), by=editor)
        with pytest.raises(actions.Refused, match=sentence):
            actions.submit(version, by=editor, revision=1)


@pytest.mark.parametrize("name", ["article_id", "article_token", "message_id"])
@pytest.mark.parametrize("who", ["an", "giang", "binh"])
def test_the_portal_never_says_what_lies_at_zalo(commune, who, name):
    """Otherwise an approved row would carry somebody else's article to the followers."""
    row = dispatch_of(commune, post_at(commune, Status.SCHEDULED))
    with commune.acting(who), pytest.raises(DatabaseError), transaction.atomic():
        Dispatch.objects.filter(pk=row.pk).update(**{name: "not-the-approved-one"})


def test_a_deputation_that_ended_approves_nothing_by_sql_either(commune):
    version = post_at(commune, Status.SUBMITTED)
    with commune.zone("owner"):
        held = Membership.objects.filter(officer=commune.dung)
        held.update(deputation="Quyết định 1/QĐ", ended_at=timezone.now())
    now = timezone.now()
    facts = {"approved_by": commune.dung.pk, "approved_at": now, "due_at": version.send_at, "status": "scheduled"}
    with pytest.raises(DatabaseError, match="no right"), unit_context(commune.unit.pk, commune.dung.pk):
        PostVersion.objects.filter(pk=version.pk).update(**facts)


def test_another_hour_than_the_one_submitted_is_not_approved(commune):
    version = post_at(commune, Status.SUBMITTED, send_at=tomorrow())
    now = timezone.now()
    facts = {"approved_by": commune.binh.pk, "approved_at": now, "due_at": now, "status": "scheduled"}
    with commune.acting("binh"), pytest.raises(DatabaseError, match="time approved"), transaction.atomic():
        PostVersion.objects.filter(pk=version.pk).update(**facts)

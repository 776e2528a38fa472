"""Two people for every published word, and what is published stays as it is: by page, ORM and SQL as the app role."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction
from psycopg.types.json import Jsonb

from procedures import actions
from procedures.actions import Refused
from procedures.models import Procedure, Version
from tests.crowd import crowd
from tests.procedures import scenes
from zalopolice.audit.models import Entry
from zalopolice.units.models import Alert

State = Version.State


def test_a_text_goes_from_draft_to_the_citizens_and_leaves_a_trace(commune, province):
    version = scenes.published(province)

    assert (version.state, version.writers, version.published_by) == (State.PUBLISHED, [province.tam.pk], province.viet)
    assert version.is_reviewed
    with province.acting("viet"):
        kinds = list(Entry.objects.order_by("at").values_list("kind", "actor_id"))
    steps = ["procedure.added", "procedure.draft_saved", "procedure.submitted", "procedure.published"]
    assert [kind for kind, _ in kinds] == steps
    assert [actor for _, actor in kinds] == [province.tam.pk] * 3 + [province.viet.pk]


def test_the_bell_rings_for_reviewers_and_then_for_who_submitted(province):
    version = scenes.in_review(province)
    with province.acting("tam") as by:  # may review as well, and needs no bell for what they did
        assert not Alert.objects.visible_to(by).exists()
    with province.acting("viet") as by:
        assert Alert.objects.visible_to(by).get().kind == Alert.Kind.PROCEDURE_SUBMITTED
        actions.return_with_reason(version, reason="Thiếu căn cứ", by=by)
    with province.acting("tam") as by:
        told = Alert.objects.visible_to(by).get(kind=Alert.Kind.PROCEDURE_RETURNED)
    assert (told.subject, told.officer) == (version.pk, province.tam)


def test_nobody_publishes_what_they_wrote_or_submitted(province):
    version = scenes.in_review(province)

    with province.acting("tam") as by, pytest.raises(Refused, match="người khác"):
        scenes.approve(version, by)
    for change in (
        {"published_by": province.tam},
        {"published_by": province.tam, "writers": []},
        {"published_by": province.tam, "writers": [], "submitted_by": province.viet},
        {"published_by": province.viet},  # in the name of another
        {"published_by": None, "imported": True},
    ):
        now = {"state": State.PUBLISHED, "published_at": version.submitted_at, **change}
        with pytest.raises(DatabaseError), province.acting("tam"):
            Version.objects.filter(pk=version.pk).update(**now)
    with province.acting("tam"):
        assert Version.objects.get().state == State.IN_REVIEW


def test_whoever_ever_wrote_in_it_counts_also_after_somebody_else(province):
    version = scenes.draft(province)
    with province.acting("viet") as by:
        actions.save_draft(version, {"name": "Đăng ký tạm trú, sửa"}, by=by)
    with province.acting("tam") as by:
        actions.submit(version, by=by)

    with province.acting("viet") as by, pytest.raises(Refused):
        scenes.approve(version, by)
    with province.acting("viet"):
        assert set(Version.objects.get().writers) == {province.tam.pk, province.viet.pk}


def test_nobody_leaves_the_list_of_writers(province):
    version = scenes.draft(province)

    with province.acting("viet"):
        Version.objects.filter(pk=version.pk).update(writers=[])
        kept = Version.objects.get().writers

    assert kept == [province.tam.pk, province.viet.pk]  # and who tried is one of them


TOUCHED = {
    "name": "Khác", "content": {"steps": []}, "synonyms": ["khác"], "sources": [], "confidence": "0.10",
    "review_due": "2030-01-01", "number": 7, "published_at": "2020-01-01T00:00Z", "imported": True,
    "submitted_by_id": uuid.uuid4(), "written_by_id": None, "writers": [], "procedure_id": uuid.uuid4(),
}  # fmt: skip


@pytest.mark.parametrize("state", ["published", "superseded", "in_review"])
def test_what_has_left_the_writers_hands_never_changes(province, state):
    version = scenes.in_review(province) if state == "in_review" else scenes.published(province)
    if state == "superseded":
        scenes.again(province, version.procedure, name="Mới")

    for field, value in TOUCHED.items():
        with pytest.raises(DatabaseError), province.acting("viet"):
            Version.objects.filter(pk=version.pk).update(**{field: value})
        raw = Jsonb(value) if isinstance(value, dict) else value
        with pytest.raises(DatabaseError), province.acting("viet"), connection.cursor() as cursor:
            cursor.execute(f"UPDATE procedures_version SET {field} = %s WHERE id = %s", [raw, version.pk])
    with province.acting("tam"):
        now = Version.objects.get(pk=version.pk)
    assert (now.name, now.content, now.writers) == (version.name, version.content, version.writers)


FORBIDDEN = (
    "DELETE FROM procedures_version",
    "TRUNCATE procedures_version",
    "ALTER TABLE procedures_version DISABLE TRIGGER version_is_kept",
    "DROP TRIGGER version_is_kept ON procedures_version",
    "SET session_replication_role = replica",
    "CREATE OR REPLACE FUNCTION walls.keep_version() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "ALTER TABLE procedures_version DROP CONSTRAINT procedure_reviewer_wrote_nothing",
)


def test_the_portals_login_cannot_take_the_guard_away(province):
    scenes.published(province)

    for statement in FORBIDDEN:
        with pytest.raises(DatabaseError) as refused, province.acting("tam"), connection.cursor() as cursor:
            cursor.execute(statement)
        assert isinstance(refused.value.__cause__, psycopg.errors.InsufficientPrivilege), statement


def test_a_version_cannot_begin_published_imported_or_without_a_person(province, commune):
    version = scenes.draft(province)
    scenes.published(province, "tach-ho", "Tách hộ")
    new = {"unit": province.unit, "procedure": version.procedure, "number": 9, "name": "x"}
    now = {"published_at": version.created_at}
    other = {"submitted_by": province.tam, "published_by": province.viet}
    for more in (
        {"state": State.PUBLISHED, **now, **other},
        {"state": State.PUBLISHED, "imported": True, **now},
        {"imported": True},
        {"submitted_by": province.tam},
    ):
        with pytest.raises(DatabaseError), province.acting("viet"):
            Version.objects.create(**new | more)
    with pytest.raises(DatabaseError), commune.acting("giang"):  # a commune writes no version of the province's
        Version.objects.create(**new | {"unit": commune.unit, "procedure": Procedure.objects.get(slug="tach-ho")})


def test_publishing_puts_the_one_before_aside_in_the_same_moment(province):
    first = scenes.published(province)
    second = scenes.again(province, first.procedure, name="Đăng ký tạm trú 2")

    with province.acting("tam"):
        rows = {row.number: row for row in Version.objects.all()}
    assert (rows[1].state, rows[2].state) == (State.SUPERSEDED, State.PUBLISHED)
    assert rows[1].ended_at == rows[2].published_at == second.published_at
    with pytest.raises(DatabaseError), province.acting("viet"):  # and nothing comes back
        Version.objects.filter(pk=rows[1].pk).update(state=State.PUBLISHED)
    third = scenes.again(province, first.procedure, publish=False, name="Đăng ký tạm trú 3")
    with pytest.raises(IntegrityError), province.acting("viet") as by:  # two at a time the database does not keep
        change = {"state": State.PUBLISHED, "published_by": by, "published_at": third.submitted_at}
        Version.objects.filter(pk=third.pk).update(**change)


def test_of_two_reviewers_at_once_one_publishes(province, commune):
    version = scenes.in_review(province)
    third = scenes.province_of(commune).viet

    def publish(officer):
        with scenes.seated(province.unit, officer) as by:
            scenes.approve(Version.objects.get(pk=version.pk), by)
        return "done"

    results = crowd("web", [lambda: publish(province.viet), lambda: publish(third)])

    assert sorted(str(type(one).__name__) for one in results) == ["Refused", "str"]
    with province.acting("tam"):
        assert Version.objects.filter(state=State.PUBLISHED).count() == 1
        assert Entry.objects.filter(kind="procedure.published").count() == 1


def test_expiring_takes_it_away_with_a_reason(province):
    version = scenes.published(province)
    with province.acting("viet") as by:
        actions.expire(version, reason="Bãi bỏ từ 01/12/2026", by=by)

    with province.acting("tam") as by:
        row = Version.objects.get()
        assert (row.state, row.reason, row.ended_by) == (State.EXPIRED, "Bãi bỏ từ 01/12/2026", province.viet)
        assert actions.new_draft(row.procedure, by=by).number == 2  # it can be taken up again, as a new version


def test_a_draft_lacks_nothing_a_citizen_would_look_for(province):
    version = scenes.draft(province, content={"steps": [], "legal_basis": []})

    with province.acting("tam") as by, pytest.raises(Refused, match="các bước, căn cứ pháp lý"):
        actions.submit(version, by=by)


def test_a_second_draft_is_the_first_one(province):
    version = scenes.published(province)
    with province.acting("tam") as by:
        one, two = (actions.new_draft(version.procedure, by=by) for _ in range(2))

    assert (one.pk, one.number, one.content) == (two.pk, 2, version.content)


def test_a_commune_touches_nothing_of_its_province(province, commune):
    version = scenes.published(province)
    for verb in (
        lambda by: actions.new_draft(version.procedure, by=by),
        lambda by: actions.expire(version, reason="x", by=by),
        lambda by: actions.arrange(version.procedure, field="x", code="", position=1, by=by),
    ):
        with commune.acting("giang") as by, pytest.raises(PermissionDenied):
            verb(by)
    with commune.acting("giang") as by, pytest.raises(Refused, match="Địa chỉ trang này"):
        actions.add(slug="dang-ky-tam-tru", field="x", name="Luật riêng", by=by)
    with commune.acting("giang"), transaction.atomic():
        assert Version.objects.filter(pk=version.pk).update(reason="x") == 0

"""What the bot and the pages read: a commune's own and its province's published words, in two queries."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from procedures import actions, catalogue
from procedures.models import Procedure, Version
from tests.procedures import scenes
from zalopolice.units.walls import unit_context


@pytest.fixture(autouse=True)
def fresh():
    catalogue._kept.clear()


def read(unit):
    with unit_context(unit.pk), CaptureQueriesContext(connection) as asked:
        entries = catalogue.published(unit.pk)
    return entries, len([one for one in asked if "procedures_version" in one["sql"]])


def test_a_commune_reads_its_provinces_words_and_its_own(province, commune, other_commune):
    scenes.published(province)
    scenes.published(scenes.editors_of(commune), "bao-ve-to", "Đăng ký tổ bảo vệ")
    scenes.in_review(province, "tach-ho", "Tách hộ")

    assert {entry.slug for entry in read(commune.unit)[0]} == {"dang-ky-tam-tru", "bao-ve-to"}
    assert [entry.slug for entry in read(other_commune.unit)[0]] == ["dang-ky-tam-tru"]
    with commune.acting("giang") as by:  # drafts of the province stay the province's
        assert {row.slug for row in Procedure.objects.visible_to(by)} == {"dang-ky-tam-tru", "bao-ve-to"}
        assert {row.state for row in Version.objects.visible_to(by)} == {"published"}


def test_it_is_read_once_and_again_when_something_changed(province, commune):
    version = scenes.published(province)

    assert [read(commune.unit)[1], read(commune.unit)[1]] == [2, 1]
    scenes.again(province, version.procedure, name="Đăng ký tạm trú mới")
    assert ([entry.name for entry in read(commune.unit)[0]], read(commune.unit)[1]) == (["Đăng ký tạm trú mới"], 1)
    with province.acting("tam") as by:
        actions.arrange(version.procedure, field="Lĩnh vực khác", code="", position=9, by=by)
    assert [entry.field for entry in read(commune.unit)[0]] == ["Lĩnh vực khác"]
    with province.acting("viet") as by:
        actions.expire(Version.objects.get(state="published"), reason="x", by=by)
    assert read(commune.unit) == ([], 1)


def test_where_both_have_a_slug_the_provinces_words_stand(province, commune):
    scenes.published(scenes.editors_of(commune), name="Theo xã")
    scenes.published(province, name="Theo tỉnh")

    assert [entry.name for entry in read(commune.unit)[0]] == ["Theo tỉnh"]


def test_an_entry_has_what_the_bot_needs(province, commune):
    scenes.published(province)

    (entry,) = read(commune.unit)[0]

    assert entry.content["documents"][0]["form_code"] == "CT01"
    assert (entry.number, entry.synonyms, entry.is_reviewed, entry.replaced_by) == (1, ("kt3",), True, None)
    assert hash(entry)


@pytest.mark.parametrize("typed", ["tam tru", "TẠM TRÚ", "đang ký tam  trú!", "kt3", "1.004194"])
def test_searching_needs_no_marks(province, commune, typed):
    scenes.published(province)
    scenes.published(province, "tach-ho", "Tách hộ", synonyms=["tach khau"])
    entries = read(commune.unit)[0]

    found = [entry.slug for entry in catalogue.search(entries, typed)]

    assert found[0] == "dang-ky-tam-tru"
    assert catalogue.search(entries, "xe bay") == []


def test_a_commune_says_only_hours_address_and_contact_of_its_own(province, commune):
    version = scenes.published(province)
    with commune.acting("giang") as by:
        actions.override(version.procedure, hours="Thứ Hai", address="Thôn 3", contact="Đ/c An", by=by)
        actions.override(version.procedure, hours="Thứ Ba", address="", contact="", by=by)
        row = actions.UnitOverride.objects.get()
        columns = {field.name for field in row._meta.get_fields()}
    assert (row.hours, row.address) == ("Thứ Ba", "")
    assert columns == {"id", "unit", "procedure", "hours", "address", "contact"}
    with commune.acting("giang") as by:
        actions.override(version.procedure, hours="", address="", contact="", by=by)
        assert not actions.UnitOverride.objects.exists()

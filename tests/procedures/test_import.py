"""The 46 procedures: carried in as they are, judged by nobody, published in the demo only."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from procedures import actions
from procedures.management.commands import load_procedures
from procedures.models import Procedure, Version
from tests.procedures import scenes
from zalopolice.units.models import Unit


@pytest.fixture
def load(province, zone, settings):
    def run(*args):
        out = StringIO()
        with zone("owner"):
            call_command("load_procedures", *args, stdout=out)
        return out.getvalue().strip()

    return run


def test_all_46_come_with_sources_and_confidence_and_come_once(load, province):
    assert load("--publish") == "Công an tỉnh Hà Nam: 46 thủ tục (46 mới)."
    assert load("--publish") == "Công an tỉnh Hà Nam: 46 thủ tục (46 không đổi)."

    with province.acting("tam"):
        rows = list(Version.objects.select_related("procedure"))
    assert len(rows) == 46
    assert sum(row.replaced_by is not None for row in rows) == 8
    assert {(row.state, row.number, row.imported, row.is_reviewed) for row in rows} == {("published", 1, True, False)}
    assert all(row.confidence and row.checked_on for row in rows)
    assert [row.procedure.slug for row in rows if not row.sources] == ["trinh-bao-mat-giay-to"]  # and it says 0,5
    slugs = {row.procedure.slug for row in rows}
    assert {row.replaced_by for row in rows if row.replaced_by} <= slugs


def test_every_entry_says_what_the_bot_and_the_page_need(load):
    for entry in json.loads(load_procedures.DATA.read_text(encoding="utf-8"))["procedures"]:
        assert entry["name_vi"] and entry["where"] and entry["steps"] and entry["legal_basis"] is not None, entry[
            "slug"
        ]
        assert not entry["redirect_slug"] or entry["explanation"], entry["slug"]


def test_without_publishing_they_are_drafts(load, province):
    load()

    with province.acting("tam") as by:
        assert set(Version.objects.values_list("state", flat=True)) == {"draft"}
        version = actions.new_draft(Procedure.objects.get(slug="tach-ho"), by=by)
        assert (version.number, version.state) == (1, "draft")  # the editor goes on in the import itself


def test_publishing_unread_words_is_refused_outside_the_demo(load, settings):
    settings.DEMO = False

    with pytest.raises(CommandError, match="demo"):
        load("--publish")


def test_only_zone_owner_imports(province, zone):
    with pytest.raises(CommandError, match="owner"):
        call_command("load_procedures")


def test_the_unit_is_named_when_there_are_several_provinces(load, zone):
    with zone("owner"):
        Unit.objects.create(code="bac-ninh", name="Công an tỉnh Bắc Ninh", kind="province", opens_on="2026-01-01")
    with pytest.raises(CommandError, match="--unit"):
        load()
    assert load("--unit", "bac-ninh").startswith("Công an tỉnh Bắc Ninh: 46")


def test_what_people_wrote_is_left_alone_and_what_changed_comes_anew(load, province, monkeypatch, tmp_path):
    load("--publish")
    with province.acting("tam") as by:
        procedure = Procedure.objects.get(slug="tach-ho")
    scenes.again(province, procedure, name="Tách hộ (đã thẩm định)")
    data = json.loads(load_procedures.DATA.read_text(encoding="utf-8"))
    for entry in data["procedures"]:
        if entry["slug"] in {"tach-ho", "dang-ky-tam-tru"}:
            entry["name_vi"] += " sửa"
    changed = tmp_path / "p.json"
    changed.write_text(json.dumps(data))
    monkeypatch.setattr(load_procedures, "DATA", changed)

    assert load("--publish") == "Công an tỉnh Hà Nam: 46 thủ tục (1 cập nhật, 1 do người soạn giữ, 44 không đổi)."

    with province.acting("tam"):
        names = dict(Version.objects.filter(state="published").values_list("procedure__slug", "name"))
    assert (names["tach-ho"], names["dang-ky-tam-tru"]) == ("Tách hộ (đã thẩm định)", "Đăng ký tạm trú sửa")
    assert by is not None

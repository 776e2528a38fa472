"""The public interface: what is published, to read, in JSON; its description loads nothing from outside."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import get_resolver

from tests.broadcasts import scenes as posts
from tests.gateway import attaching
from tests.procedures import scenes
from zalopolice.units.models import HotlineContact, Unit

SNAPSHOT = Path(__file__).with_name("openapi.json")


@pytest.fixture
def world(province, commune, zone):
    with zone("owner"):
        call_command("load_procedures", "--publish", verbosity=0, stdout=StringIO())
    scenes.in_review(province, "nhap", "Bản nháp")
    return commune


def test_units_page_by_key(world, citizen, zone):
    with zone("owner"):
        for number in range(40):
            Unit.objects.create(
                code=f"xa-{number:02}", name=f"Công an xã {number}", kind="commune", opens_on="2026-01-01"
            )
        Unit.objects.create(code="doi", name="Đội", kind="team", opens_on="2026-01-01")
    path, codes = "/api/v1/units/", []
    while path:
        page = citizen.get(path).json()
        codes += [row["code"] for row in page["results"]]
        path = (page["next"] or "").partition(":8001")[2]

    assert codes == sorted(codes)
    assert len(codes) == len(set(codes)) == 42  # no team
    assert page["results"][-1].keys() == {"code", "name", "kind", "parent", "oa_id"}


def test_one_unit_has_its_office_and_its_numbers(world, citizen, zone):
    assert citizen.get("/api/v1/units/tran-hung-dao/").json()["office"] is None
    with zone("owner"):
        call_command("seed_public", verbosity=0, stdout=StringIO())
        hidden = HotlineContact.objects.filter(unit=world.unit, kind="chief")
        hidden.update(is_public=False)
    unit = citizen.get("/api/v1/units/tran-hung-dao/").json()

    assert unit["office"]["phone"] == "0900 000 101" and unit["office"]["hours"][5] == [["07:30", "11:30"]]
    assert {row["kind"] for row in unit["contacts"]} == {"duty_desk", "area"}
    assert unit["contacts"][-1].keys() == {"kind", "title", "name", "phone", "area", "verified_on"}
    assert unit["contacts"][0]["area"] is None and unit["contacts"][-1]["area"].startswith("Tổ dân phố")


def test_posts_that_have_left_and_no_others(world, citizen, zone):
    sent, waiting = (posts.post_at(world, posts.Status.SCHEDULED, title=title) for title in ("Đã gửi", "Chưa gửi"))
    with zone("owner"):
        posts.PostVersion.objects.filter(pk=sent.pk).update(status="dispatched")
    answer = citizen.get("/api/v1/units/tran-hung-dao/posts/").json()

    assert [(row["title"], row["url"].partition("/tin/")[2]) for row in answer["results"]] == [
        ("Đã gửi", f"tran-hung-dao/{sent.pk}/")
    ]
    assert waiting.title not in str(answer) and answer["next"] is None


def test_searching_as_on_the_page(world, citizen):
    for words, slug in (
        ("ho chieu mat", "trinh-bao-mat-ho-chieu"),
        ("bằng lái bị mất", "doi-cap-lai-giay-phep-lai-xe"),
    ):
        page = citizen.get(f"/api/v1/units/tran-hung-dao/procedures/?q={words}").json()
        assert slug in [row["slug"] for row in page["results"][:3]], words
    assert citizen.get("/api/v1/units/tran-hung-dao/procedures/?q=xyzzy").json()["results"] == []


def test_files_are_named_with_their_address(world, province, citizen):
    form = attaching.keep(world, "Tờ khai.pdf", attaching.PDF)
    said = {"id": str(form.pk), "title": "Tờ khai", "kind": "form", "name": form.name}
    scenes.published(province, "co-mau", "Có mẫu", content={"files": [said]})
    detail = citizen.get("/api/v1/units/tran-hung-dao/procedures/co-mau/").json()

    assert [(row["title"], row["url"], row["sha256"]) for row in detail["files"]] == [
        ("Tờ khai", form.link, form.sha256)
    ]
    assert "files" not in detail["content"]


def test_procedures_page_by_key_and_name_their_page(world, citizen):
    path, rows = "/api/v1/units/tran-hung-dao/procedures/", []
    while path:
        page = citizen.get(path).json()
        rows += page["results"]
        path = (page["next"] or "").partition(":8001")[2]

    assert [row["slug"] for row in rows] == sorted({row["slug"] for row in rows})
    assert len(rows) == 46  # not the draft
    one = next(row for row in rows if row["slug"] == "so-tam-tru-kt3")
    assert (one["replaced_by"], one["version"], one["is_reviewed"]) == ("dang-ky-tam-tru", 1, False)
    assert one["url"].endswith("/thu-tuc/tran-hung-dao/so-tam-tru-kt3/")


def test_one_procedure_in_full(world, citizen):
    answer = citizen.get("/api/v1/units/tran-hung-dao/procedures/dang-ky-tam-tru/")

    assert answer["Content-Type"] == "application/json"
    assert answer.json()["content"]["documents"][0]["form_code"] == "CT01"
    assert answer.json()["place"] == {"hours": [], "address": "", "contact": "", "note": ""}
    for missing in ("units/tran-hung-dao/procedures/nhap/", "units/khong-co/procedures/", "cases/"):
        assert citizen.get(f"/api/v1/{missing}").status_code == 404


def test_an_answer_one_has_already_costs_nothing(world, citizen):
    first = citizen.get("/api/v1/units/tran-hung-dao/procedures/tach-ho/")
    again = citizen.get("/api/v1/units/tran-hung-dao/procedures/tach-ho/", if_none_match=first["ETag"])

    assert first["Cache-Control"] == "public, max-age=60"
    assert (again.status_code, again.content) == (304, b"")
    assert citizen.get("/api/v1/units/khong-co/procedures/")["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_writes(world, citizen, method):
    with citizen.there() as client:
        for path in ("units/", "units/tran-hung-dao/procedures/", "units/tran-hung-dao/procedures/tach-ho/"):
            assert getattr(client, method)(f"/api/v1/{path}").status_code == 405


def test_html_is_never_the_answer(world, citizen):
    for accept in ("text/html", "*/*", "application/xml"):
        answer = citizen.get("/api/v1/units/", accept=accept)
        assert answer["Content-Type"] == "application/json"
        assert answer.status_code in {200, 406}


def test_a_flood_is_slowed(world, citizen):
    with citizen.there() as client:
        codes = [client.get("/api/v1/units/").status_code for _ in range(125)]
    assert (codes[0], codes[-1]) == (200, 429)


def test_the_description_is_what_it_was(citizen):
    """A change here is a change for those who use the interface: compare, then write the file anew."""
    shape = citizen.get("/api/v1/openapi.json").json()

    assert shape == json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert all(set(verbs) == {"get"} for verbs in shape["paths"].values())
    assert set(shape["paths"]) == {
        "/api/v1/units/", "/api/v1/units/{code}/", "/api/v1/units/{code}/procedures/",
        "/api/v1/units/{code}/procedures/{slug}/", "/api/v1/units/{code}/posts/",
    }  # fmt: skip


def test_the_interface_is_the_citizens_only():
    found = [str(one.pattern) for one in get_resolver("zalopolice.urls").url_patterns]

    assert not [one for one in found if one.startswith("api")]


def test_the_page_of_the_description_needs_no_inline_script(citizen):
    answer = citizen.get("/api/v1/tai-lieu/")
    script = citizen.get("/api/v1/tai-lieu/?script=")
    page = answer.content.decode()

    assert "unsafe" not in answer["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*src=)|style=|<style|https?://", page)
    assert "javascript" in script["Content-Type"] and "https://" not in script.content.decode()

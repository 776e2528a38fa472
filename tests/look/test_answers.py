"""What every answer carries, whatever became of it; what a page weighs; what an officer is told by a refusal."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests import cast
from tests.tips.scenes import case_at, client_of, text, waiting_item
from zalopolice import views

LIGHT = 40_000  # bytes over the wire, without fonts
SHEETS = 15_000
PAGES = ["/", "/hop-tin/", "/vu-viec/", "/bai-dang/", "/oa/", "/truc-ban/", "/can-bo/", "/them/", "/bo-phan/"]


def broken(request):
    raise RuntimeError("something only the log may say")


def weight(page: str) -> dict[str, int]:
    """The page and what it loads, as the servers send it: pages gzipped on the way, files at the start."""
    names = re.findall(r'<(?:link rel="stylesheet" href|script[^>]* src)="/static/([^"]+)"', page)
    files = {name: len(gzip.compress(Path(finders.find(name)).read_bytes(), 9)) for name in names}
    return files | {"page": len(gzip.compress(page.encode(), 6))}


@pytest.mark.parametrize("path", PAGES)
def test_an_officers_page_is_light(commune, zone, path):
    for number in range(30):
        commune.hears(f"người {number}", f"Tôi muốn báo tin: có nhóm thanh niên tụ tập đầu cầu Sậy, lần {number}")
    waiting_item(commune)

    page = text(client_of(commune, "binh").get(path, follow=True))

    parts = weight(page)
    assert sum(parts.values()) <= LIGHT, parts
    assert sum(size for name, size in parts.items() if name.endswith(".css")) <= SHEETS, parts


def test_a_case_with_a_long_story_is_light(commune):
    case = case_at(commune, "in_progress")

    page = text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))

    assert sum(weight(page).values()) <= LIGHT, weight(page)


@pytest.fixture
def answers(commune, monkeypatch):
    """One answer of each kind, with the status it must have."""
    chief, nobody = client_of(commune, "binh"), Client(raise_request_exception=False)
    case = case_at(commune, "in_progress")
    chief.raise_request_exception = False
    monkeypatch.setattr(views.desk_page if hasattr(views, "desk_page") else views, "render", broken, raising=False)
    failing = chief.get("/")
    monkeypatch.undo()
    large = {"q": "x" * 1_100_000}
    return {
        "page 200": chief.get("/hop-tin/"),
        "door 302": nobody.get("/"),
        "csrf 403": Client(enforce_csrf_checks=True).post("/dang-nhap/", {}),
        "nothing 404": chief.get("/khong-co/"),
        "act 405": chief.get(f"/vu-viec/{case.pk}/nhan/"),
        "large 413": chief.post("/tim-kiem/", large),
        "form 422": nobody.post("/dang-nhap/", {}),
        "broken 500": failing,
        "file 200": nobody.get("/static/css/tokens.css"),
    }


def test_every_answer_forbids_what_is_inline_or_foreign(answers):
    for name, answer in answers.items():
        assert answer.status_code == int(name.split()[1]), name
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe-" not in policy and "default-src 'none'" in policy, name
        assert not re.search(r"(script|style|img|font|connect)-src[^;]*(http|\*|data:)", policy), name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name


def test_every_refusal_is_a_page_that_leads_on(answers):
    for name in ("csrf 403", "nothing 404", "act 405", "large 413", "broken 500"):
        page = text(answers[name])
        assert '<main id="main"' in page and 'href="/"' in page, name
        assert "RuntimeError" not in page and "only the log" not in page


def test_an_error_page_names_a_number_that_the_log_has_too(answers, caplog):
    number = re.search(r"L-[0-9A-F]{4}", text(answers["broken 500"]))

    assert number


def test_who_signs_in_again_is_not_left_at_an_address_that_only_takes_forms(commune):
    case = case_at(commune, "in_progress")

    answer = client_of(commune, "an").get(f"/vu-viec/{case.pk}/ghi-chu/")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert 'class="button main" href="/"' in text(answer)


def test_machines_get_a_refusal_without_a_page(commune):
    case = case_at(commune, "in_progress")

    answer = client_of(commune, "an").get(f"/vu-viec/{case.pk}/ghi-chu/", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.content) == (405, b"")


def test_pages_are_compressed_and_files_are_left_alone(commune):
    client = client_of(commune, "binh")

    page = client.get("/hop-tin/", headers={"Accept-Encoding": "gzip"})
    probe = client.get("/healthz", headers={"Accept-Encoding": "gzip"})

    assert page.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in probe.headers


def test_the_password_of_the_suite_is_nobodys(commune):
    assert cast.PASSWORD not in text(client_of(commune, "binh").get("/"))


@pytest.mark.parametrize("saves", ["on", ""])
def test_a_citizens_page_is_lighter_and_saves_data_when_asked(commune, citizens, saves):
    with citizens():
        answer = Client().get("/", headers={"Save-Data": saves} if saves else {})

    page = text(answer)
    assert sum(weight(page).values()) <= 30_000, weight(page)
    assert "<script" not in page
    assert 'rel="preload"' not in page  # on a slow line the words come first
    assert ("data-save" in page) is bool(saves)
    assert "Save-Data" in answer.headers["Vary"]

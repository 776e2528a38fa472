"""Every refusal in zone public is a page of the citizens' own: its look, its words, and whom to call in danger."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from tests.look.test_answers import broken
from tests.tips.scenes import text
from zalopolice import citizens as pages

GENUINE = "/kiem-tra/tran-hung-dao/"
HEADINGS = {
    "host 400": "Máy không đọc được yêu cầu này.",
    "foreign 403": "Yêu cầu này không được nhận.",
    "form 405": "Trang này chỉ để đọc.",
    "long 414": "Câu tìm quá dài.",
    "nothing 404": "Không tìm thấy trang này.",
    "act 405": "Trang này không mở thẳng được.",
    "large 413": "Nội dung gửi lên quá lớn.",
    "fields 413": "Nội dung gửi lên quá lớn.",
    "many 429": "Máy nhận quá nhiều yêu cầu cùng lúc.",
    "broken 500": "Trang đang gặp lỗi.",
}


@pytest.fixture
def answers(commune, citizens, monkeypatch):
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    with citizens():
        given = {
            "host 400": client.get("/", headers={"Host": "evil.example"}),
            "foreign 403": client.post("/tuy-chon/", {}, headers={"Sec-Fetch-Site": "cross-site"}),
            "form 405": client.post("/", {}),
            "long 414": client.get("/", {"tim": "à" * 700}),
            "nothing 404": client.get("/khong-co/"),
            "act 405": client.get("/tuy-chon/"),
            "large 413": client.post(GENUINE, {"code": "1" * 1_100_000}),
            "fields 413": client.post(GENUINE, {f"a{number}": "1" for number in range(1001)}),
        }
        monkeypatch.setattr(
            pages.drawn, "page", lambda *_, **__: HttpResponse(status=429, headers={"Retry-After": "60"})
        )
        given["many 429"] = client.get("/tiep-can/")
        monkeypatch.setattr(pages.drawn, "page", lambda request, *_, **__: broken(request))
        given["broken 500"] = client.get("/tiep-can/")
    return given


def test_every_refusal_is_a_page_of_the_citizens_own(answers):
    for name, heading in HEADINGS.items():
        answer, page = answers[name], text(answers[name])
        assert answer.status_code == int(name.split()[1]), name
        assert f"<h1>{heading}</h1>" in page and f"<title>{heading}</title>" in page, name
        assert 'href="/static/css/citizen.css"' in page and "css/frame.css" not in page, name
        assert 'Đang nguy hiểm: gọi <a href="tel:113">113</a>.' in page and "Khẩn cấp: 113" in page, name
        assert "đồng chí" not in page and "RuntimeError" not in page and "<script" not in page, name
        assert 'lang="vi"' in page and '<meta name="robots" content="noindex">' in page, name
        assert answer["Cache-Control"] == "no-store" and "default-src 'none'" in answer["Content-Security-Policy"], name
    assert (answers["act 405"]["Allow"], answers["form 405"]["Allow"]) == ("POST", "GET, HEAD")
    assert answers["many 429"]["Retry-After"] == "60"


def test_machines_that_ask_for_data_get_no_page(citizens, db):
    with citizens():
        act = Client(headers={"Accept": "application/json"}).get("/tuy-chon/")

    assert (act.status_code, act.content) == (405, b"")


def test_every_page_for_a_refusal_stands_in_both_looks():
    """Of what is raised before an address is known, too: nobody lands on the other side's page."""
    there = Path(settings.BASE_DIR) / "templates"

    for status in ("400", "403", "404", "405", "413", "429", "500"):
        assert (there / f"{status}.html").exists() and (there / "public" / f"{status}.html").exists(), status

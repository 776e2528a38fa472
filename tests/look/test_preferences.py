"""Theme and language: cookies, for everybody, without a detour over the machine's wishes."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.tips.scenes import client_of, text


def chosen(client: Client, **form: str):
    return client.post("/tuy-chon/", form)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_server_writes_the_theme_into_the_page(commune, theme):
    client = client_of(commune, "an")

    answer = chosen(client, theme=theme, next="/vu-viec/")

    assert answer.headers["Location"] == "/vu-viec/"
    assert answer.cookies["zp_theme"]["max-age"] == 365 * 24 * 3600
    assert answer.cookies["zp_theme"]["httponly"] and answer.cookies["zp_theme"]["samesite"] == "Lax"
    assert f'data-theme="{theme}"' in text(client.get("/vu-viec/"))


def test_without_a_choice_the_machine_decides(db):
    client = Client()
    assert "data-theme" not in text(client.get("/dang-nhap/"))
    chosen(client, theme="dark")
    chosen(client, theme="auto")

    assert "data-theme" not in text(client.get("/dang-nhap/"))


def test_pages_are_vietnamese_whatever_the_browser_says(db):
    answer = Client().get("/dang-nhap/", headers={"Accept-Language": "en-US,en;q=0.9"})

    assert '<html lang="vi"' in text(answer)
    assert answer.headers["Content-Language"] == "vi"


def test_english_is_a_choice_and_the_page_says_so(db):
    client = Client()
    chosen(client, language="en")

    answer = client.get("/dang-nhap/")

    assert '<html lang="en"' in text(answer)
    assert 'lang="vi">Tiếng Việt</button>' in text(answer)


@pytest.mark.parametrize("language", ["xx", "../../en", "vi-VN\r\nSet-Cookie: a=b"])
def test_an_unknown_language_is_none(db, language):
    client = Client()

    chosen(client, language=language)

    assert '<html lang="vi"' in text(client.get("/dang-nhap/"))


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_it_leads_nowhere_else(db, elsewhere):
    assert chosen(Client(), theme="dark", next=elsewhere).headers["Location"] == "/"


def test_a_foreign_page_chooses_nothing(db):
    answer = Client().post("/tuy-chon/", {"theme": "dark"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert "zp_theme" not in answer.cookies


def test_citizens_choose_too_and_get_no_token(commune, citizens):
    client = Client()
    with citizens():
        chosen(client, theme="dark", language="en")
        page = text(client.get("/"))

    assert '<html lang="en" data-theme="dark"' in page
    assert "csrfmiddlewaretoken" not in page

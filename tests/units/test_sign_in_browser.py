"""Signing in as an officer does, in Chromium under the real policy of the pages: app, keys, codes on paper."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections

from tests import cast
from tests.units.signing import code_now

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("commune")]
SHOTS = os.environ.get("ZALOPOLICE_SHOTS", "")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


def _application(environ: Any, start: Any) -> Any:
    """Each request has a thread of its own here, so its connection ends with it."""
    answer = get_wsgi_application()(environ, start)
    body = [b"".join(answer)]
    answer.close()
    for one in connections.all(initialized_only=True):
        one.close()
    return body


@pytest.fixture
def site(commune: cast.Commune) -> Iterator[str]:
    server = make_server("localhost", 0, _application, server_class=_Server, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def beside_an_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests look into the database while the browser runs."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture
def page(browser: Any, site: str) -> Iterator[Any]:
    """A tab of 390 px that minds its console: a blocked script or style is a failure."""
    context = browser.new_context(base_url=site, viewport={"width": 390, "height": 844}, locale="vi-VN")
    tab, wrong = context.new_page(), []
    tab.on("console", lambda line: wrong.append(line.text) if "Content Security" in line.text else None)
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    yield tab
    assert wrong == []
    context.close()


def shot(tab: Any, name: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=f"{SHOTS}/sign-in-{name}.png", full_page=True)


def with_password(tab: Any, officer: Any) -> None:
    tab.goto("/dang-nhap/")
    tab.get_by_label("Tên đăng nhập").fill(officer.username)
    tab.get_by_label("Mật khẩu").fill(cast.PASSWORD)
    tab.get_by_test_id("sign-in").click()


def sign_out(tab: Any) -> None:
    tab.locator("details.account > summary").click()
    tab.get_by_role("button", name="Đăng xuất").click()
    tab.get_by_test_id("sign-in").wait_for()


def has_keys(tab: Any) -> None:
    """A telephone with a fingerprint."""
    line = tab.context.new_cdp_session(tab)
    line.send("WebAuthn.enable")
    telephone = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    line.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": telephone | {"isUserVerified": True, "automaticPresenceSimulation": True}},
    )


def test_an_app_from_the_first_password_to_the_last_code_on_paper(commune, page):
    with_password(page, commune.binh)
    page.goto("/tai-khoan/ung-dung/")
    page.get_by_text("Không quét được").click()
    secret = page.get_by_test_id("secret").inner_text().replace(" ", "")
    shot(page, "app")
    page.get_by_label("Mã 6 số").fill(code_now(secret, -1))
    page.get_by_test_id("add").click()
    papers = [line.replace(" ", "") for line in page.get_by_test_id("codes").inner_text().splitlines() if line.strip()]
    shot(page, "papers")
    assert len(papers) == 10
    page.get_by_role("button", name="In", exact=True).wait_for()
    page.get_by_test_id("kept").click()
    shot(page, "account")
    sign_out(page)

    with_password(page, commune.binh)
    shot(page, "code")
    page.get_by_label("Mã xác thực").fill(code_now(secret))
    page.get_by_test_id("code").click()
    page.wait_for_url(lambda url: "/dang-nhap/" not in url)
    sign_out(page)

    with_password(page, commune.binh)
    page.get_by_label("Mã xác thực").fill(papers[0])
    page.get_by_test_id("code").click()
    page.get_by_text("còn 9 mã").wait_for()


def test_a_key_after_the_password_and_a_key_alone(commune, page):
    has_keys(page)
    with_password(page, commune.an)
    page.goto("/tai-khoan/khoa/")
    page.get_by_label("Đặt tên cho khóa").fill("Điện thoại của An")
    shot(page, "new-key")
    page.get_by_test_id("key").click()
    page.get_by_test_id("codes").wait_for()
    page.goto("/tai-khoan/")
    assert page.get_by_text("Điện thoại của An").is_visible()
    sign_out(page)

    with_password(page, commune.an)
    page.get_by_test_id("key").click()
    page.wait_for_url(lambda url: "/dang-nhap/" not in url)
    sign_out(page)

    page.goto("/dang-nhap/?next=/tai-khoan/thiet-bi/")
    page.get_by_role("link", name="Đăng nhập bằng khóa").click()
    shot(page, "key-alone")
    page.get_by_test_id("key").click()
    page.get_by_role("heading", name="Thiết bị đang đăng nhập").wait_for()
    shot(page, "devices")


def test_somebody_elses_key_opens_nothing(commune, page):
    has_keys(page)
    page.goto("/dang-nhap/khoa/")
    page.get_by_test_id("key").click()

    page.get_by_text("Khóa chưa trả lời").wait_for()


def test_without_script_the_pages_say_what_to_do(commune, browser, site):
    context = browser.new_context(base_url=site, java_script_enabled=False)
    tab = context.new_page()
    tab.goto("/dang-nhap/khoa/")

    assert tab.get_by_text("Trình duyệt này không dùng được khóa").is_visible()
    assert not tab.get_by_test_id("key").is_visible()
    context.close()

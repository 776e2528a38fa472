"""The phone and the officers' browsers of the stories, in Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.stack.running import OAS, Running

SHOTS = Path(__file__).resolve().parents[2] / "screenshots"


def phone_of(browser: Any, running: Running, citizen: str, oa_id: str = OAS[0]) -> Any:
    page = browser.new_context(viewport={"width": 1100, "height": 900}).new_page()
    page.goto(running.urls["phone"])
    page.get_by_test_id("oa-select").select_option(oa_id)
    page.get_by_test_id("citizen-select").select_option(citizen)
    return page


def says(phone: Any, text: str) -> None:
    phone.get_by_test_id("composer").fill(text)
    phone.get_by_test_id("send").click()


def hears(phone: Any, text: str) -> Any:
    """The newest bubble of the account with these words, once it is there."""
    bubble = phone.get_by_test_id("bubble-in").filter(has_text=text).last
    bubble.wait_for(timeout=20_000)
    return bubble


def officer_of(browser: Any, running: Running, username: str, *, width: int = 1366) -> Any:
    page = browser.new_context(viewport={"width": width, "height": 768}, locale="vi").new_page()
    enter(page, running, username)
    page.wait_for_url(running.urls["web"] + "/")
    return page


def enter(page: Any, running: Running, username: str) -> None:
    page.goto(running.urls["web"] + "/dang-nhap/")
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(password_of(running, username))
    page.get_by_test_id("sign-in").click()


def password_of(running: Running, username: str) -> str:
    return str(next(row for row in running.state["logins"] if row["username"] == username)["password"])


def until_shown(page: Any, selector: str) -> None:
    """What workers make is there a moment later; an officer without scripts would press F5 too."""
    for _ in range(40):
        if page.locator(selector).count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"{selector} never appeared")

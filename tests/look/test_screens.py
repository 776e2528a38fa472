"""Row 1: every screen, both themes, 360 and 1366 px, axe; at 320 px nothing scrolls sideways; no foreign request."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from tests import chromium
from tests.conftest import _empty, _zone
from tests.look import screens, town
from zalopolice import queue
from zalopolice.units import fresh, sessions, sign_in

pytestmark = [pytest.mark.browser]


class Portal(NamedTuple):
    web: str
    public: str
    town: town.Town
    keys: dict[str, str]


@pytest.fixture(scope="module")
def portal(django_db_setup, django_db_blocker):
    """A town with long names behind a server, and a session for everybody; the database work is done before the
    browser starts, because its event loop and Django's connections do not go together."""
    patch = pytest.MonkeyPatch()
    patch.setattr(queue, "_send", lambda task, pk, name: None)
    # The pictures take longer than a session that nobody uses lives.
    for place, name in ((fresh, "LIFETIME"), (sessions, "BEFORE_SIGN_IN"), (sign_in, "BEFORE_SIGN_IN")):
        patch.setattr(place, name, 3600)
    patch.setattr(settings, "SESSION_IDLE", 3600)
    with django_db_blocker.unblock():
        _empty()
        with _zone("web"):
            built = town.build(_zone)
            keys = town.keys_of(built)
            with town.serving("web") as web, town.serving("public") as public:
                yield Portal(web, public, built, keys)
    patch.undo()


@pytest.fixture(scope="module")
def browser(portal):
    with chromium.started() as browser:
        yield browser


@pytest.mark.parametrize("screen", screens.SCREENS, ids=lambda screen: screen.name)
def test_a_screen(portal, browser, screen):
    address, faults = portal.public if screen.who == "citizen" else portal.web, []
    for theme, begun in zip(screens.THEMES, screens.SIZES, strict=True):
        context = browser.new_context(color_scheme=theme, locale="en-US")
        cookies = [{"name": "zp_theme", "value": theme, "url": address}]
        if screen.session in portal.keys:
            cookies.append({"name": "zp", "value": portal.keys[screen.session], "url": address})
        context.add_cookies(cookies)
        page = watched(context.new_page(), faults)
        # Each width is loaded in one theme, and judged whole there; in the other the window is drawn to it.
        page.set_viewport_size({"width": begun, "height": screens.SIZES[begun]})
        answer = page.goto(address + screen.address(portal.town))
        assert answer.status == screen.status, answer.status
        assert screen.faults(portal.town, page) == []
        for width, height in sorted(screens.SIZES.items(), key=lambda size: size[0] != begun):
            page.set_viewport_size({"width": width, "height": height})
            found = screens.judge(page, None if width == begun else screens.COLOURS)
            faults += [f"{theme} {width}: {fault}" for fault in found + screens.wider_than_window(page)]
            page.screenshot(path=str(screens.SHOTS / f"{screen.name}-{width}-{theme}.png"), full_page=True)
        faults += screens.small_targets(page) if theme == "light" else []
        page.set_viewport_size({"width": 320, "height": 640})
        faults += [f"320: {fault}" for fault in screens.wider_than_window(page)]
        context.close()
    assert faults == []


def test_an_open_page_renews_its_frame(portal, browser):
    """By the library itself, under the policy that allows no inline script: what was wiped away comes back."""
    address, keys = portal.web, portal.keys
    context = browser.new_context(locale="vi")
    context.add_cookies([{"name": "zp", "value": keys["cuong"], "url": address}])
    faults: list[str] = []
    page = watched(context.new_page(), faults)
    page.clock.install()
    page.goto(address + "/vu-viec/")
    page.evaluate("() => { strip.replaceChildren(); document.getElementById('n-tray').textContent = '77'; }")

    page.clock.fast_forward(31_000)

    page.locator("#strip-link").wait_for(timeout=10_000)
    assert page.locator("#n-tray").inner_text() != "77"
    assert page.locator("#strip-said").inner_text() == ""
    assert faults == []
    context.clear_cookies(name="zp")
    page.clock.fast_forward(31_000)
    page.locator("#ended a").wait_for(timeout=10_000)
    context.close()


def watched(page, faults):
    """Requests to other hosts and scripts that fail or are refused count as faults of the screen."""
    page.on("request", lambda request: faults.append(f"foreign: {request.url}") if foreign(request.url) else None)
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
    return page


def foreign(url: str) -> bool:
    return urlsplit(url).hostname not in {"127.0.0.1", None}

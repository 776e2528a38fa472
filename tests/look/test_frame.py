"""What a page asks for every half minute: counters, bell, strip. Danger is announced once, not at each asking."""

from __future__ import annotations

import re

import pytest

from tests.tips.scenes import DANGER, client_of, text, waiting_item


def asked(commune, where: str, known: str, who: str = "cuong") -> str:
    answer = client_of(commune, who).get("/khung/", {"tren": where, "khan": known})
    assert answer.status_code == 200
    return text(answer)


def test_new_danger_is_drawn_and_said(commune):
    waiting_item(commune, "hoa", DANGER)

    page = asked(commune, "tray", "0")

    assert 'id="strip" class="strip" hx-swap-oob="true"' in page
    assert "#strip-said" in page
    assert "khan=1" in page


def test_known_danger_stays_drawn_and_is_not_said_again(commune):
    waiting_item(commune, "hoa", DANGER)

    page = asked(commune, "tray", "1")

    assert 'class="strip"' in page
    assert "#strip-said" not in page


def test_danger_that_is_over_takes_the_strip_away(commune):
    page = asked(commune, "tray", "1")

    assert 'id="strip" hx-swap-oob="true"' in page
    assert "khan=0" in page and "#strip-said" not in page


@pytest.mark.parametrize(("known", "drawn"), [("0", True), ("1", False)])
def test_home_shows_a_card_and_gets_a_strip_only_for_what_came_later(commune, known, drawn):
    waiting_item(commune, "hoa", DANGER)

    assert ('id="strip"' in asked(commune, "home", known)) is drawn


@pytest.mark.parametrize("known", ["", "abc", "-1", "1e9", "<script>"])
def test_nonsense_is_no_number(commune, known):
    assert "<script" not in asked(commune, "<script>", known)


def test_who_may_not_read_the_tray_hears_nothing_of_it(commune):
    waiting_item(commune, "hoa", DANGER)

    page = asked(commune, "cases", "0", who="an")

    assert "n-tray" not in page and 'class="strip"' not in page and "#strip-said" not in page


def test_counters_come_as_fragments(commune):
    waiting_item(commune)

    page = asked(commune, "cases", "0")

    assert '<span class="n" id="n-tray" hx-swap-oob="true">1</span>' in page
    assert 'id="n-bell"' in page and 'id="now"' in page


def test_only_counters_the_page_has_are_sent(commune):
    """A role given meanwhile brings a place the page's rail does not have: htmx would find no target for it."""
    client = client_of(commune, "cuong")
    page = text(client.get("/vu-viec/"))
    asking = re.search(r'hx-get="([^"]+)"', page)
    assert asking and "tray" in asking[1]

    whole = text(client.get(asking[1].replace("&amp;", "&")))
    less = text(client.get("/khung/", {"tren": "cases", "khan": "1", "muc": "home,cases"}))

    assert 'id="n-tray"' in whole and 'id="n-home"' in whole
    assert 'id="n-tray"' not in less and 'id="n-cases"' in less
    assert "muc=home%2Ccases" in less

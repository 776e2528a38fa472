"""Rules of the pages that can be read off the files: nothing inline, nothing foreign, icons that exist, one funnel."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zalopolice.places import PLACES
from zalopolice.templatetags.look import icon

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))
VIEWS = [
    path
    for path in sorted(ROOT.glob("*/**/*.py"))
    if re.search(r"views|tray\.py|bell\.py|components|preferences", path.name) and "simulator" not in path.parts
    and ".venv" not in path.parts and "tests" not in path.parts
]  # fmt: skip


def named(paths):
    return {"argvalues": paths, "ids": lambda path: str(path.relative_to(ROOT))}


@pytest.mark.parametrize("path", **named(TEMPLATES))
def test_a_page_holds_nothing_inline_and_nothing_foreign(path):
    page = path.read_text()
    foreign = re.sub(r'<a [^>]*href="https://zalo\.me/', "", page)  # a link somebody presses is not a request

    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert not re.search(r"\|safe\b|autoescape off", re.sub(r"'[^']*'\|safe", "", page))  # words of our own may be
    assert not re.search(r"https?://", foreign)
    assert len(page.splitlines()) <= 100


@pytest.mark.parametrize("path", **named(TEMPLATES))
def test_every_icon_exists(path):
    for name in re.findall(r'{% icon "([^"]+)"', path.read_text()):
        assert icon(name)


def test_the_places_of_the_rail_have_icons():
    assert all(icon(place.icon) for place in PLACES)


@pytest.mark.parametrize("path", **named(SCRIPTS))
def test_our_own_scripts_reach_nobody_and_run_no_words(path):
    script = path.read_text()

    assert not re.search(r"https?://|\beval\(|new Function|innerHTML|document\.write|\.style\b", script)


@pytest.mark.parametrize("path", **named(VIEWS))
def test_pages_fetch_through_the_funnel(path):
    assert not re.search(r"\.objects\.(get|all)\(", path.read_text())


def test_no_third_party_file_but_the_fonts():
    files = {path.relative_to(ROOT / "static").as_posix() for path in (ROOT / "static").rglob("*") if path.is_file()}

    assert {name for name in files if name.endswith((".woff2", ".txt"))} == {
        "fonts/noto-sans-latin-wght-normal.woff2",
        "fonts/noto-sans-vietnamese-wght-normal.woff2",
        "fonts/noto-sans-OFL.txt",
        "fonts/be-vietnam-pro-latin-600-normal.woff2",
        "fonts/be-vietnam-pro-vietnamese-600-normal.woff2",
        "fonts/be-vietnam-pro-OFL.txt",
    }
    for name in files:
        if name.endswith("OFL.txt"):
            assert "SIL OPEN FONT LICENSE" in (ROOT / "static" / name).read_text().upper()
    assert all(name.startswith(("css/", "js/", "fonts/")) or name in {"favicon.svg", "share.png"} for name in files)

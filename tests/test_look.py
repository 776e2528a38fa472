"""Rules of the pages that can be read off the files: contrast, nothing inline, nothing foreign, one funnel."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOKENS = (ROOT / "static/css/tokens.css").read_text()
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html"))
VIEWS = [
    ROOT / name for name in ("tips/views.py", "tips/tray.py", "zalopolice/gateway/views.py", "zalopolice/views.py")
]

TEXT = [
    ("ink", "surface"), ("ink", "paper"), ("ink-2", "surface"), ("ink-2", "paper"), ("ink-2", "sunken"),
    ("moss-text", "surface"), ("moss-text", "paper"), ("moss-text", "moss-tint"), ("on-moss", "moss"),
    ("on-band", "band"), ("on-band-2", "band"), ("info", "info-tint"), ("soon", "soon-tint"), ("soon", "surface"),
    ("soon", "moss-tint"), ("on-late", "late"), ("late", "surface"), ("quiet", "quiet-tint"), ("on-life", "life"),
    ("life-text", "life-tint"), ("ink", "life-tint"), ("ink", "moss-tint"),
]  # fmt: skip
BORDERS = [("line-strong", "surface"), ("line-strong", "paper"), ("focus", "surface"), ("focus-band", "band")]


def theme(name: str) -> dict[str, str]:
    light, dark = TOKENS.split("@media", 1)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))
    return colours | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark)) if name == "dark" else colours


def brightness(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    low, high = sorted((brightness(first), brightness(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_what_is_read_can_be_read(name):
    colours = theme(name)

    for pairs, least in ((TEXT, 4.5), (BORDERS, 3.0)):
        for front, back in pairs:
            assert contrast(colours[front], colours[back]) >= least, (front, back)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_holds_nothing_inline_and_nothing_foreign(path):
    page = path.read_text()

    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://|\|safe|autoescape off", page)
    assert len(page.splitlines()) <= 100


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_fetch_through_the_funnel(path):
    assert not re.search(r"\.objects\.(get|all)\(", path.read_text())

"""Contrast, computed from the stylesheet itself: who changes a colour hears at once what can no longer be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOKENS = re.sub(r"/\*.*?\*/", "", (ROOT / "static/css/tokens.css").read_text(), flags=re.DOTALL)
SHEETS = sorted((ROOT / "static/css").glob("*.css"))

TEXT = [
    ("ink", "surface"), ("ink", "paper"), ("ink", "sunken"), ("ink", "moss-tint"), ("ink", "life-tint"),
    ("ink", "late-tint"), ("ink", "soon-tint"), ("ink", "info-tint"), ("surface", "ink"),
    ("ink-2", "surface"), ("ink-2", "paper"), ("ink-2", "sunken"), ("ink-2", "moss-tint"), ("ink-2", "life-tint"),
    ("ink-3", "surface"), ("ink-3", "paper"), ("ink-3", "sunken"),
    ("moss-text", "surface"), ("moss-text", "paper"), ("moss-text", "moss-tint"), ("moss-text", "info-tint"),
    ("moss-text", "soon-tint"), ("moss-strong", "surface"), ("on-moss", "moss"), ("on-moss", "moss-strong"),
    ("on-band", "band"), ("on-band", "band-2"), ("on-band-2", "band"), ("on-band-2", "band-2"), ("band", "on-band"),
    ("info", "info-tint"), ("info", "surface"), ("soon", "soon-tint"), ("soon", "surface"), ("soon", "moss-tint"),
    ("on-late", "late"), ("late", "surface"), ("late", "late-tint"), ("late", "paper"), ("late", "moss-tint"),
    ("quiet", "quiet-tint"), ("on-life", "life"), ("life-text", "life-tint"), ("life-text", "surface"),
]  # fmt: skip
LINES = [
    ("line-strong", "surface"), ("line-strong", "paper"), ("line-strong", "sunken"), ("moss", "surface"),
    ("moss", "sunken"), ("soon-line", "surface"), ("soon-tint", "late"), ("late", "late-tint"), ("info", "info-tint"),
    ("life", "paper"), ("life", "surface"), ("focus", "surface"), ("focus", "paper"), ("focus-band", "band"),
    ("focus-band", "life"), ("rule", "band"), ("chart-1", "chart-2"), ("chart-1", "surface"), ("ink-3", "surface"),
    ("redact", "paper"),
]  # fmt: skip
ALWAYS_LIGHT = re.compile(r"\.(screen|covered|cover|missing|handset|chat-card|qr|drawing)\b")
# On red the strip has words and a bold link; the red itself need not stand out from the paper at night (2.9).
SMALL = {("life", "surface", "dark"): 2.9, ("redact", "paper", "dark"): 2.9}


def block(start: str) -> dict[str, str]:
    """The tokens of one theme; what it leaves out does not count as inherited."""
    inside = TOKENS[TOKENS.index(start) :].partition("{")[2].partition("}")[0]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", inside))


LIGHT = block(":root {")
DARK = block('[data-theme="dark"] {')
BY_MACHINE = block(":root:not([data-theme]) {")


def brightness(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    low, high = sorted((brightness(first), brightness(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 4.5), (LINES, 3.0)], ids=["text", "lines"])
def test_what_is_read_can_be_read(theme, pairs, least):
    colours = LIGHT if theme == "light" else DARK

    poor = {
        (front, back): round(contrast(colours[front], colours[back]), 2)
        for front, back in pairs
        if contrast(colours[front], colours[back]) < SMALL.get((front, back, theme), least)
    }

    assert poor == {}


def test_both_themes_name_every_colour():
    colours = {name for name, value in LIGHT.items() if value.startswith("#")}

    assert colours <= set(DARK)
    assert set(DARK) - set(LIGHT) == set()


def test_the_theme_of_the_machine_is_the_dark_theme():
    assert BY_MACHINE == DARK


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_every_token_that_is_used_has_a_value(sheet):
    used = set(re.findall(r"var\(--([\w-]+)\)", sheet.read_text()))

    assert used <= set(LIGHT)


@pytest.mark.parametrize(
    "sheet", [one for one in SHEETS if one.name not in {"tokens.css", "api.css"}], ids=lambda path: path.name
)
def test_colours_come_from_the_tokens(sheet):
    """Except on what is always light: the citizen's telephone, codes for a camera, the page of the interface."""
    if sheet.name in {"tokens.css", "api.css"}:
        return
    rules = re.sub(r"/\*.*?\*/|@media print \{.*\n\}", "", sheet.read_text(), flags=re.DOTALL)
    loose = [
        rule.strip() for rule in re.findall(r"[^{}]+\{[^{}]*\}", rules) if re.search(r"#[0-9a-f]{3,6}\b|rgb\(", rule)
    ]
    loose = [rule for rule in loose if not ALWAYS_LIGHT.search(rule)]

    assert loose == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_old_browsers_understand_the_sheet(sheet):
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)

    assert not re.search(r":has\(|@container|color-mix|light-dark\(|&|http|@import", text)

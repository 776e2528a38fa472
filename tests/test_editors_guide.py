"""The editors' guide names buttons, fields and sentences in bold: each stands on a screen, word for word."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs" / "bien-tap.md"
SPOKEN_LOUDER = {"cùng trường hợp", "Trình", "Rút", "Thẩm định", "Hết hiệu lực", "đậm"}
"""Bold for the reader's sake alone."""
BLOCK = re.compile(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate %}", re.DOTALL)
GAP = re.compile(r"{{[^}]*}}|%\(\w+\)[sd]")


def _words() -> set[str]:
    files = [one for part in ("zalopolice", "procedures") for one in (ROOT / part).rglob("*.py")]
    found: set[str] = set()
    for file in [*files, *(ROOT / "templates").rglob("*.html")]:
        text = re.sub(r'"\s*\n\s*"', "", file.read_text("utf-8"))
        found |= set(re.findall(r'"([^"\n]*)"', text)) | set(re.findall(r"translate '([^'\n]+)'", text))
        for block in BLOCK.findall(text):
            found |= {re.sub(r"<span.*?</span>", "", one) for one in block.split("{% plural %}")}
    return found


def _as_pattern(words: str) -> str:
    return ".+".join(re.escape(part.casefold()) for part in GAP.split(words))


def test_what_the_guide_shows_in_bold_stands_on_a_screen():
    words = _words()
    plain = {one.casefold() for one in words if not GAP.search(one)}
    open_ended = [one for one in words if len(GAP.sub("", one).strip()) >= 3 and GAP.search(one)]
    gaps = re.compile("|".join(map(_as_pattern, open_ended)))

    bold = {" ".join(one.split()) for one in re.findall(r"\*\*(.+?)\*\*", GUIDE.read_text("utf-8"), re.DOTALL)}
    unknown = {one for one in bold if one.casefold() not in plain and not gaps.fullmatch(one.casefold())}

    assert len(bold) > 100
    assert unknown == {one for one in SPOKEN_LOUDER if one in unknown}, sorted(unknown - SPOKEN_LOUDER)

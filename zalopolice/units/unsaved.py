"""What was typed and could be neither saved nor kept (units/kept.py), shown once more so that it can be copied.

It stands in this one answer and nowhere else. What could open something is left out: other people may look at the
screen by now. So are the page's own marks, which nobody typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from zalopolice import preferences
from zalopolice.forms import Plain

MOST = 50
LONGEST = 20_000
SECRET = re.compile(r"passw|code|token|once|csrf|secret|(^|[-_])(again|key|otp|pin)($|[-_])", re.IGNORECASE)
PAPER = re.compile(r"(documents|forms)-\d+-(form_)?code")
"""The code of a printed form, which opens nothing."""
MARK = re.compile(r".*-(TOTAL_FORMS|INITIAL_FORMS|MIN_NUM_FORMS|MAX_NUM_FORMS|ORDER)|"
                  "base|seen|held|next|revision|kept_cover|fresh_for|save|submit|try|more|keep")  # fmt: skip
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
ROW = re.compile(r"(\w+)-(\d+)-(\w+)")
LISTS = {
    "documents": _("Giấy tờ cần mang"), "fee": _("Lệ phí"), "steps": _("Các bước"), "forms": _("Biểu mẫu"),
    "legal_basis": _("Căn cứ pháp lý"), "items": _("Các dòng của menu"),
}  # fmt: skip
WORDS = {
    "text": _("Nội dung"), "body": _("Nội dung"), "name": _("Tên"), "name_vi": _("Tên"), "title": _("Tên"),
    "note": _("Ghi chú"), "reason": _("Lý do"),
}  # fmt: skip
"""For names that several forms use, each for something of its own."""


@dataclass(frozen=True)
class Typed:
    label: Any
    of: Any
    """The list of rows it stands in, if any."""
    row: int
    text: str
    is_cut: bool


def page(request: HttpRequest, door: str, status: int) -> HttpResponse | None:
    """The page, or None where a form of ours carried no text or a program asks. ``door``: where one signs in."""
    if request.method != "POST" or not request.accepts("text/html"):
        return None
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return None
    said = _said(request)
    if not said:
        return None
    words = {"typed": _shown(said), "more": max(len(said) - MOST, 0), "files": bool(request.FILES), "door": door}
    # Without the context processors: they ask who is signed in.
    drawn = render_to_string("units/unsaved.html", preferences.context(request) | words)
    return HttpResponse(drawn, status=status, headers={"Cache-Control": "no-store"})


def _said(request: HttpRequest) -> list[tuple[str, str]]:
    posted = [(name, value) for name, values in request.POST.lists() for value in values if not _is_left_out(name)]
    return [(name, value) for name, value in posted if value.strip() and not UUID.fullmatch(value)]


def _is_left_out(name: str) -> bool:
    return bool(MARK.fullmatch(name) or (SECRET.search(name) and not PAPER.fullmatch(name)))


def _shown(said: list[tuple[str, str]]) -> list[Typed]:
    """All in the order of the form; where they are too many, the longest: a number is soon typed again."""
    places = sorted(sorted(range(len(said)), key=lambda place: -len(said[place][1]))[:MOST])
    labels = _labels()
    return [_typed(*said[place], labels) for place in places]


def _typed(name: str, value: str, labels: dict[str, Any]) -> Typed:
    row = ROW.fullmatch(name)
    of, number, bare = (LISTS.get(row[1], row[1]), int(row[2]) + 1, row[3]) if row else ("", 0, name)
    return Typed(WORDS.get(bare) or labels.get(bare) or bare, of, number, value[:LONGEST], len(value) > LONGEST)


def _labels() -> dict[str, Any]:
    """What our forms call their fields, where all of them call it the same."""
    found: dict[str, set[str]] = {}
    waiting: list[Any] = [Plain]
    while waiting:
        form = waiting.pop()
        waiting += form.__subclasses__()
        for name, field in form.base_fields.items():
            found.setdefault(name, set()).add(str(field.label or ""))
    return {name: labels.pop() for name, labels in found.items() if len(labels) == 1}

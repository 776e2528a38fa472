"""Danger to life in a citizen's words (law-and-terms.md 12): a trigger needs context, and some phrases only sound so."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum


class Danger(Enum):
    NONE = "none"
    POSSIBLE = "possible"  # a trigger without context: a tip, and the answer names 113
    EMERGENCY = "emergency"


def fold(text: str) -> str:
    """Lower case without marks, as people type in a hurry: "Cứu!" and "cuu" are one word."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", letters).split())


_HARMLESS = (
    "hang toi bi chay|nong nhu lua|chem gio|danh bai|danh rang|bom hang|sap mang|chay tui|giet thoi gian"
    "|bi dam sau lung|tu tu vi tinh la gi|dam cuoi|dam tang|dam gio|cuoc goi|cuu chien binh|can cuoc"
)
_TRIGGERS = (
    "giet nguoi|doa giet|giet (toi|em|con|ca nha)|dam nguoi|(bi|dang) dam( chet)?|chem (nhau|nguoi|lon|toi)|dang chem"
    "|ban sung|no sung|danh chet|danh nhau|oanh nhau|quynh lon|ke dao|cam dao|di dao|hon chien|cuop|bat coc|khong che"
    "|con tin|hiep dam|xam hai|bi nhot|(keu )?cuu (toi|em|voi|tui|con|me)|ciu|cuu voi|ai do giup voi|tu tu|nhay cau"
    "|nhay lau|treo co|uong thuoc sau|xac chet|chet nguoi|tu vong|duoi nuoc|chay (nha|lon|roi|oi)|dang chay|no gas"
    "|ro ri ga|mac ket|tai nan|sap nha|dien giat|be bi danh|bo roi|mat con|lac con|lac tre|du do tre|cam hang nong"
)
_CONTEXT = (
    "dang|bay gio|ngay|vua|moi xay ra|voi|gap|o (day|truoc|gan|nha|duong|hem|ngo|thon|ap|khu|cho|so)|tai (nha|duong|so|khu)"
    "|truoc nha|nha (toi|em|tui|minh|ben)|(cho|cuu|giup) (toi|em|tui|con|chung toi)|toi bi|em bi|tui bi"
)
_harmless, _trigger, _context = (re.compile(rf"\b({words})\b") for words in (_HARMLESS, _TRIGGERS, _CONTEXT))


def assess(text: str) -> Danger:
    folded = _harmless.sub(" ", fold(text))
    if not _trigger.search(folded):
        return Danger.NONE
    return Danger.EMERGENCY if _context.search(folded) else Danger.POSSIBLE

"""Danger to life in a citizen's words (law-and-terms.md 12): a trigger needs context, some phrases only sound so."""

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
    "|bi dam sau lung|tu tu vi tinh la gi|dam cuoi|dam tang|dam gio|cuu chien binh"
)
# As written with marks. Without them many collide with everyday words ("từ từ" and "tự tử", "đi dạo" and "dí dao",
# "còn tin" and "con tin", "đang chạy" and "đang cháy"), so the unmarked list below is shorter.
_MARKED = (
    "giết người|dọa giết|giết (tôi|em|con|cả nhà)|đâm (người|chết|tôi|em)|bị đâm|đang đâm|chém (nhau|người|lộn|tôi)"
    "|đang chém|bắn súng|nổ súng|đánh chết|đánh nhau|oánh nhau|quýnh lộn|kề dao|cầm dao|dí dao|hỗn chiến|cướp|bắt cóc"
    "|khống chế|con tin|hiếp dâm|xâm hại|bị nhốt|kêu cứu|cứu (tôi|em|với|tui|con|mẹ|bố)|cíu|ai đó giúp với|tự tử"
    "|nhảy cầu|nhảy lầu|treo cổ|uống thuốc sâu|xác chết|chết người|tử vong|đuối nước|cháy (nhà|lớn|rồi|òi|xe)|đang cháy"
    "|nổ gas|rò rỉ ga|mắc kẹt|tai nạn|sập nhà|điện giật|bé bị đánh|bị bỏ rơi|mất con|lạc con|lạc trẻ|dụ dỗ trẻ"
    "|cầm hàng nóng"
)
_PLAIN = (
    "giet nguoi|doa giet|giet (toi|em|ca nha)|dam nguoi|bi dam chet|chem (nhau|nguoi|lon|toi)|ban sung|no sung"
    "|danh chet|danh nhau|oanh nhau|quynh lon|ke dao|cam dao|hon chien|cuop|bat coc|khong che|hiep dam|xam hai|bi nhot"
    "|keu cuu|cuu (toi|em|voi|tui)|ciu|ai do giup voi|(muon|dinh|doi|sap) tu tu|nhay cau|nhay lau|treo co"
    "|uong thuoc sau|xac chet|chet nguoi|duoi nuoc|chay nha|chay lon|no gas|ro ri ga|mac ket|tai nan|sap nha"
    "|dien giat|be bi danh|bi bo roi|lac tre|du do tre|cam hang nong"
)
_CONTEXT = (
    "co nguoi|hang xom|chay mau|bat tinh|(vo|chong|con|me|bo) toi|dang|bay gio|ngay|vua|moi xay ra|voi|gap"
    "|o (day|truoc|gan|nha|duong|hem|ngo|thon|ap|khu|cho|so)|tai (nha|duong|so|khu)|truoc nha"
    "|nha (toi|em|tui|minh|ben)|(cho|cuu|giup) (toi|em|tui|con|chung toi)|(toi|em|tui) bi"
)
_harmless, _plain, _context = (re.compile(rf"\b({words})\b") for words in (_HARMLESS, _PLAIN, _CONTEXT))
_marked = re.compile(rf"\b({_MARKED})\b")


def assess(text: str) -> Danger:
    """Both readings count: people mix words with and without marks, and phones add signs of their own."""
    written = " ".join(unicodedata.normalize("NFC", text.lower()).split())
    folded = fold(text)
    if _harmless.search(folded):
        # Cut the harmless phrase out of both readings; what is left may still be danger.
        folded = _harmless.sub(" ", folded)
        written = folded
    plain = _unmarked(written)
    if not _marked.search(written) and not _plain.search(plain):
        return Danger.NONE
    return Danger.EMERGENCY if _context.search(folded) else Danger.POSSIBLE


def _unmarked(written: str) -> str:
    """Only the words typed without marks, so that "đi dạo" is not read as "di dao" nor "chạy" as "cháy"."""
    words = re.findall(r"[^\W_]+", written)
    return " ".join(word if word.isascii() else "·" for word in words)

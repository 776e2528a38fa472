"""Danger to life in a citizen's words (law-and-terms.md 12): a trigger needs context, some phrases only sound so."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

from zalopolice.vietnamese import fold

__all__ = ["Danger", "assess", "fold", "reasons"]


class Danger(Enum):
    NONE = "none"
    POSSIBLE = "possible"  # a trigger without context: a tip, and the answer names 113
    EMERGENCY = "emergency"


_HARMLESS = (
    "hang (toi|em|minh|tui) (bi )?chay|nong nhu lua|chem gio|danh (bai|bac|de|lo|rang|gia|may|dau|so|bong|ca|cau"
    "|trong|vay|co|phom)|bom hang|(sap|nghen) mang|chay (tui|hang|pho|may|ve que)|giet thoi gian|bi dam sau lung"
    "|tu tu vi tinh la gi|dam (cuoi|tang|gio|hoi|ma)|cuu (chien binh|tro)|dam chan|chem gia|bao chay|phong chay"
    "|chua chay|phong chong chay no|thoat chet|buon muon chet|(cap|so) cuu (so|phieu)|met (muon )?chet"
)
# As written with marks. Without them many collide with everyday words ("từ từ" and "tự tử", "đi dạo" and "dí dao",
# "còn tin" and "con tin", "đang chạy" and "đang cháy"), so the unmarked list below is shorter.
_MARKED = (
    "giết người|(dọa|đòi|định|hăm) giết|giết (tôi|tui|em|con|mẹ|vợ|cả nhà)|đâm (người|chết|tôi|tui|em|nhau)|(bị"
    "|đang|rượt) đâm|chém (nhau|người|lộn|tôi|tui|em|cả nhà|chết)|(bị|đang|rượt|dí) chém|bắn (súng|nhau|người"
    "|tôi)|(nổ|cầm|rút|dùng) súng|súng bắn|đánh chết|đánh (lộn|nhau)|oánh nhau|quýnh (lộn|nhau)|đập nhau|(kề|cầm"
    "|dí|rút|vác) dao|cầm (rựa|mác|mã tấu|kiếm|hung khí|gậy)|hỗn chiến|cướp|giật (đồ|túi|ví|bóp|dây chuyền"
    "|điện thoại|giỏ)|bắt cóc|khống chế|con tin|hiếp dâm|cưỡng hiếp|xâm hại|bị nhốt|nhốt (tôi|tui|em|con)|kêu cứu"
    "|cứu (tôi|tui|em|với|con|mẹ|bố|má|ba|vợ|chồng|dân|bà con|người|nó|mạng|giúp)|cíu|ai đó giúp với"
    "|đang (bị )?(đánh|nhốt)|tự (tử|sát|vẫn)|nhảy (cầu|lầu|sông)|treo cổ|thắt cổ|cắt cổ tay|uống thuốc (trừ )?sâu"
    "|thuốc diệt cỏ|xác chết|chết người|(không|ko|k|hết) muốn sống|muốn chết|uống thuốc (ngủ|chuột|tự tử|rồi)"
    "|đòi nhảy|leo lên (mái|cầu|cột|nóc)|tử vong|đuối (nước|nc)|chết đuối|lũ cuốn|nước cuốn|chìm (ghe|đò|thuyền"
    "|xuồng)|(rơi|té|ngã|rớt|lọt) (xuống )?(giếng|sông|hồ|ao|hố)|cháy (nhà|lớn|rồi|òi|xe|to|kho|chợ|quán|xưởng"
    "|rừng)|(đang|bốc) cháy|hỏa hoạn|hoả hoạn|nổ (gas|ga|bình)|(rò rỉ|xì|rò) (khí )?(gas|ga|xăng|khí)|mắc kẹt"
    "|kẹt (trong|dưới)|tai nạn|(xe|bị) tông|sập (nhà|cầu|tường|giàn giáo)|điện giật|(quả|trái) (bom|mìn|lựu đạn"
    "|đạn pháo)|lựu đạn|bom mìn|bom chưa nổ|(bé|trẻ|con) bị đánh|bị bỏ rơi|mất con(?! (xe|bò|trâu|chó|mèo|gà|heo"
    "|lợn|sim|dấu|máy|vật|số|đường))|lạc (con|trẻ|mất|bé|cháu)|(bị|vừa|mới) lạc|dụ dỗ (trẻ|bé)|cầm hàng nóng"
    "|bất tỉnh|bất động|ngừng thở|chảy máu|máu me|bị thương|(xe|ghe) [^ ]+ lật|lật (xe|ghe|đèo)|mùi (gas|ga)"
    "|(nước )?lũ (lên|cuốn|về)|(bé|cháu|trẻ|con|mẹ|bà|ông)( [^ ]+){0,4} (vừa|mới) (đi )?lạc|(bé|cháu"
    "|trẻ)( [^ ]+){0,3} đi lạc|đang (bỏ chạy|bỏ trốn|tẩu thoát|đột nhập|cạy cửa|phá khóa)|đang chạy về (hướng"
    "|phía)|trộm (đang|vào|trong nhà)|nhảy xuống (cầu|sông|lầu|giếng|đất)|(đang|cố) (phá|cạy|đập) cửa|(trôi"
    "|cuốn) mất|cuốn trôi|bị (theo dõi|bám theo|rượt)|khó thở|nuốt (pin|phải|nhầm)|ngộ độc|co giật|đột quỵ|(con"
    "|bé|cháu)( [^ ]+){0,6} (mất tiêu|biến mất|không thấy đâu)"
)
_PLAIN = (
    "giet nguoi|(doa|doi|dinh|ham) giet|giet (toi|tui|em|ca nha)|dam (nguoi|nhau)|bi dam chet|chem (nhau|nguoi"
    "|lon|toi|tui)|ruot chem|ban sung|(no|cam|rut|dung) sung|sung ban|danh chet|danh (lon|nhau)|oanh nhau"
    "|quynh (lon|nhau)|(ke|cam|rut|vac) dao|cam (rua|mac|ma tau|hung khi)|hon chien|cuop|giat (do|tui|day chuyen"
    "|dien thoai)|bat coc|khong che|hiep dam|xam hai|bi nhot|keu cuu|cuu (toi|em|voi|tui)|ciu|ai do giup voi"
    "|dang bi (danh|nhot)|(muon|dinh|doi|sap|dang) tu (tu|sat|van)|nhay (cau|lau|song)|treo co|that co|cat co tay"
    "|uong thuoc (tru )?sau|xac chet|chet nguoi|tu vong|duoi (nuoc|nc)|chet duoi|lu cuon|nuoc cuon|chay (nha|lon)"
    "|boc chay|hoa hoan|no gas|(ro ri|xi) (khi )?(gas|ga)|mac ket|tai nan|(xe|bi) tong|sap nha|dien giat|(qua"
    "|trai) bom|luu dan|bom min|be bi danh|bi bo roi|lac (tre|be|chau)|bi lac|(khong|ko) muon song|bat dong"
    "|mau me|mui gas|lat xe|(be|chau) [a-z0-9 ]{0,12}di lac|du do (tre|be)|cam hang nong|bat tinh|ngung tho"
    "|chay mau|dang (bo chay|bo tron|tau thoat|dot nhap)|trom (dang|vao)|nhay xuong (cau|song|lau|gieng)|(dang"
    "|co) (pha|cay) cua|cuon troi|kho tho|ngo doc|co giat|dot quy"
)
_CONTEXT = (
    "co nguoi|hang xom|chay mau|bat tinh|(vo|chong|con|me|bo|ba|ma) (toi|em|tui)|dang|bay gio|ngay|vua|moi (bi"
    "|day|xong)|xay ra|voi|gap|nhanh|o (day|truoc|gan|nha|duong|hem|ngo|thon|ap|khu|cho|so|bo|cau|song|quan"
    "|truong|cong|nga)|tai (nha|duong|so|khu|cho)|nay gio|ca (day|xom|nha|pho|khu|lang)|(trai|qua|nam) (luu dan"
    "|bom)|luu dan|bom min|nhieu nguoi|thuoc roi|di lac|(truoc|trong|ngoai|sau|tren|xuong|len) (nha|cho|hem|ngo"
    "|vuon|duong|ruong|mai|ao|ho|song|gieng|noc)|nha (toi|em|tui|minh|ben)|kia|thay|(cho|cuu|giup) (toi|em|tui"
    "|con|chung toi)|(toi|em|tui) bi|ai do|roi|so (lam|qua)|qua$|mat tieu|[0-9]+ nguoi|(con|be|chau) (toi|em|tui"
    "|minh|e)|(nha|cua) (em|toi|tui|minh)"
)
_PAST = (
    "hom (qua|kia|truoc|no)|(toi|dem|chieu|sang|trua) qua|dem hom|(tuan|thang) (truoc|roi)|nam truoc|ngay xua"
    "|hoi (nam|xua)"
)
_NOW = "dang|bay gio|(den|toi) gio|vua|ngay (lap tuc|di|luc nay)|cuu|kia|bat coc|moi (bi|day)"
_harmless, _plain, _context, _past, _now = (
    re.compile(rf"\b({words})\b") for words in (_HARMLESS, _PLAIN, _CONTEXT, _PAST, _NOW)
)
_marked = re.compile(rf"\b({_MARKED})\b")
_CUT = "·"


def assess(text: str) -> Danger:
    """Both readings count: people mix words with and without marks, and phones add signs of their own."""
    reading = _Reading(text)
    if not reading.found():
        return Danger.NONE
    if _past.search(reading.folded) and not _now.search(reading.folded):
        return Danger.POSSIBLE  # told the day after: a report, not an alarm
    return Danger.EMERGENCY if _context.search(reading.folded) else Danger.POSSIBLE


def reasons(text: str) -> tuple[str, ...]:
    """The words that made it an alarm, as they were written, in their order."""
    return _Reading(text).found()


class _Reading:
    """One text three times, word by word: with marks, only what was typed without, and folded."""

    def __init__(self, text: str) -> None:
        self._text = unicodedata.normalize("NFC", text)
        self._words = list(re.finditer(r"[^\W_]+", self._text))
        words = [match[0].lower() for match in self._words]
        self.folded = " ".join(fold(word).replace(" ", "") or _CUT for word in words)
        cut = {at for match in _harmless.finditer(self.folded) for at in _covered(self.folded, match)}
        words = [_CUT if at in cut else word for at, word in enumerate(words)]
        self.folded = " ".join(_CUT if at in cut else word for at, word in enumerate(self.folded.split()))
        self._written = " ".join(words)
        # Only words typed without marks, so that "đi dạo" is not read as "di dao" nor "chạy" as "cháy".
        self._unmarked = " ".join(word if word.isascii() else _CUT for word in words)

    def found(self) -> tuple[str, ...]:
        hits = [(_marked, self._written), (_plain, self._unmarked)]
        spans = {_covered(words, match) for pattern, words in hits for match in pattern.finditer(words)}
        ordered = sorted((span[0], span[-1]) for span in spans)
        shown = [self._text[self._words[first].start() : self._words[last].end()] for first, last in ordered]
        return tuple(dict.fromkeys(shown))


def _covered(words: str, match: re.Match[str]) -> tuple[int, ...]:
    first = words.count(" ", 0, match.start())
    return tuple(range(first, words.count(" ", 0, match.end()) + 1))

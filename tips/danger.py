"""Danger to life in a citizen's words (law-and-terms.md 12): a trigger needs context, some phrases only sound so."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from functools import lru_cache

from zalopolice.vietnamese import fold

__all__ = ["Danger", "assess", "fold", "reasons"]


class Danger(Enum):
    NONE = "none"
    POSSIBLE = "possible"  # a trigger without context: a tip, and the answer names 113
    EMERGENCY = "emergency"


# What only sounds dangerous, in its own spelling: folded, "đánh cá" would be cut out of "đánh cả nhà". Only phrases
# that some trigger below would take, and no more: every one of them can hide an alarm.
_HARMLESS = (
    "đánh (bài|bạc|đề|lô|răng|giá|máy|dấu|số|bóng|trống|vảy|vẩy|cờ|phỏm|golf|tennis|giày|vần|phấn|thuế|thức|lừa|mất"
    "|rơi|rớt|trượt|cắp|tráo|cược|đổi|cá(?! (nhân|thể))|cầu(?! thủ)|đàn(?! (em|anh|ông|bà|chị))|vec ni|bắt (cá|tôm"
    "|hải sản|thủy sản|xa bờ))|chém (gió|giá|đẹp)|cháy (túi|vé|nắng)|cháy hàng(?=$|\n| (rồi|hết|luôn|liên tục|ạ|nên|mà"
    "|vì|do|quá|hoài|nha|nhé|trên|mẫu|size|từ)(?![^\\s]))"
    "|(?<!kho )(?<!cửa )(?<!gian )(?<!sạp )(?<!quầy )(?<!xe )hàng (tôi|em|minh|mình|tui) (bị )?cháy|đâm (đơn|chồi)"
    "|giết thời gian|tự tử vì tình là gì|(mệt|đói|nóng|lạnh|mắc cười) (muốn )?chết|phòng (chống )?cháy(?! (rồi|to|lớn"
    "|hết|ở|kìa|nhanh|cứu|dữ))( (và )?chữa cháy|(?= (nhà|xe|rừng|chợ|quán|xưởng|kho)))?|(lớp|học|tập huấn|giấy|phép"
    "|hồ sơ|công tác) phòng cháy( (và )?chữa cháy)?|(bình|lính|đội|cảnh sát|diễn tập|hội thi) chữa cháy"
)
# The same typed without marks: only what a person can read in one way, so most need the word that follows.
_HARMLESS_PLAIN = (
    "danh (bai|phom|rang|rot|phan|golf|tennis|giay|van|thue|thuc|lua|cap|trao|roi|tien|dum|thoi gian|rieng|sach|vec ni"
    "|bat ca|bac(?! (toi|tui|em|ay|ta|hai|ba|tu|nam|sau|bay|gai|trai|ruot|si|chu))|(de|lo)(?! (len|toi|em|no|xuong"
    "|dau))|gia (muc|chat|ho so|khong dat|can bo|cong|nang|ket|xep|dich|hieu|tinh)|may (don|chu|van|tinh)|dau (ban do"
    "|vi tri|vao o)|so (nha|thu tu|trang|bao danh|ho so)|bong (ban|chuyen|da|ro)|ca (ngoai (bien|khoi)|xa bo|o bien"
    "|tren bien)|cau long|trong (khai giang|mua lan)|co (tuong|vua|vay|ca ngua|caro)|dan (guitar|ghi ta|piano|organ)"
    "|mat (giay|can cuoc|cccd|xe|vi|tien|dien thoai|the|sim)|cho(?! (mot|tran|no|toi|em|chet|te|may)))|chem gia (cao"
    "|qua|dat|tren troi)|chem gio (voi (ban|may|anh em)|cho vui|thoi|tren mang)|giet thoi gian|tu tu vi tinh la gi"
    "|(met|nong|lanh|mac cuoi) (muon )?chet|(tap huan|kien thuc|ky nang|cong tac|hoc) phong chay"
    "|phong (chong )?chay (chua chay|no)|(?<!kho )(?<!cua )(?<!gian )(?<!sap )(?<!quay )(?<!xe )hang (toi|em|minh"
    "|tui) (bi )?chay"
)
_FIGURE = "(?<!vừa )(?<!mới )(?<!đang )bị đâm sau lưng|(?<!vua )(?<!moi )(?<!dang )bi dam sau lung"
_BLOOD = "mau|dao|cap cuu|benh vien|nam|guc|bat tinh|chet|cuu|keo"
# As written with marks. Without them many collide with everyday words ("từ từ" and "tự tử", "đi dạo" and "dí dao",
# "còn tin" and "con tin", "đang chạy" and "đang cháy"), so the unmarked list below is shorter.
_MARKED = (
    "giết người|(dọa|đòi|định|hăm) giết|giết (tôi|tui|em|con|mẹ|vợ|cả nhà)|đâm (người|chết|tôi|tui|em|nhau)|(bị|đang"
    "|rượt|đuổi) đâm|chém (nhau|người|lộn|tôi|tui|em|cả nhà|chết)|(bị|đang|rượt|dí|đuổi) chém|bắn (súng|nhau|người"
    "|tôi)|(nổ|cầm"
    "|rút|dùng|dí|chĩa) súng|súng bắn|đánh chết|đánh (lộn|nhau)|oánh nhau|quýnh (lộn|nhau)|đập nhau|(kề|cầm|dí|rút"
    "|vác) dao"
    "|cầm (rựa|mác|mã tấu|kiếm|hung khí|gậy)|hỗn chiến|cướp|giật (đồ|túi|ví|bóp|dây chuyền|điện thoại|giỏ)|bắt cóc"
    "|khống chế|con tin|hiếp dâm|cưỡng hiếp|xâm hại|bị nhốt|nhốt (tôi|tui|em|con)|kêu cứu"
    "|(?<!tra )(?<!nghiên )cứu (tôi|tui|em|với|con|mẹ|bố|má|ba|vợ|chồng|dân|bà con|người|nó|mạng|giúp)|cíu"
    "|ai đó giúp với|đang (bị )?(đánh|nhốt)|tự (tử|sát|vẫn|thiêu)|nhảy (cầu|lầu|sông)|treo cổ|thắt cổ|cắt cổ tay"
    "|uống thuốc (trừ )?sâu|thuốc diệt cỏ|xác chết|chết người|(không|ko|k|hết) muốn sống|muốn chết|uống thuốc (ngủ"
    "|chuột|tự tử|rồi)|đòi nhảy|leo lên (mái|cầu|cột|nóc)|tử vong|đuối (nước|nc)|chết đuối|lũ cuốn|nước cuốn|chìm (ghe"
    "|đò|thuyền|xuồng)|(rơi|té|ngã|rớt|lọt) (xuống )?(giếng|sông|hồ(?! sơ)|ao|hố|kinh|kênh|mương|suối|biển|đìa|cống)"
    "|cháy (nhà|lớn|rồi|òi|xe|to|kho|chợ|quán|xưởng|rừng)|(đang|bốc) cháy|hỏa hoạn|hoả hoạn|nổ (gas|ga|bình)|(rò rỉ|xì"
    "|rò) (khí )?(gas|ga|xăng|khí)|mắc kẹt|kẹt (trong|dưới)|tai nạn|(xe|bị) tông|sập (nhà|cầu|tường|giàn giáo)"
    "|điện giật|(quả|trái) (bom|mìn|lựu đạn|đạn pháo)|lựu đạn|bom mìn|bom chưa nổ|(bé|trẻ|con) bị đánh|bị bỏ rơi"
    "|mất con(?! (xe|bò|trâu|chó|mèo|gà|heo|lợn|sim|dấu|máy|vật|số|đường))|(?<!liên )lạc (con|trẻ|mất|bé|cháu|mẹ|bố|ba"
    "|má)|(bị|vừa|mới) lạc|dụ dỗ (trẻ|bé)|cầm hàng nóng|bất tỉnh|bất động|ngừng thở|chảy máu|máu me|bị thương|(xe"
    "|ghe) [^ ]+ lật|lật (xe|ghe|đèo)|mùi (gas|ga)|(nước )?lũ (lên|cuốn|về)|(bé|cháu|trẻ|con|mẹ|bà"
    "|ông)( [^ ]+){0,4} (vừa|mới) (đi )?lạc|(bé|cháu|trẻ)( [^ ]+){0,3} đi lạc|đang (bỏ chạy|bỏ trốn|tẩu thoát|đột nhập"
    "|cạy cửa|phá khóa)|đang chạy về (hướng|phía)|trộm (đang|vào|trong nhà)|nhảy xuống (cầu|sông|lầu|giếng|đất)|(đang"
    "|cố) (phá|cạy|đập) cửa|(trôi|cuốn) mất|cuốn trôi|bị (theo dõi|bám theo|rượt)|khó thở|nuốt (pin|phải|nhầm)|ngộ độc"
    "|co giật|đột quỵ|(con|bé|cháu)( [^ ]+){0,6} (mất tiêu|biến mất|không thấy đâu)|(nhà|kho|quán|chợ|xưởng|bếp|phòng"
    "|trọ|tiệm|rừng|cửa hàng|chung cư|căn hộ|trường)( [^ ]+){0,2}( (bị|vừa|mới))? cháy(?! (túi|hàng|nắng|vé|bóng|máy"
    "|màn|nổ))|có cháy|(?<!bài )(?<!hát )cháy phố|cháy (ở|tại|dữ|lan|hết|hàng (loạt|xóm|quán)|máy bơm)|báo cháy (ở|tại"
    "|nhà|khẩn|gấp)|lửa (bốc|lan|bùng|cháy|ngùn|dữ|to|lớn)|bùng cháy|đám cháy|đâm chém|(dọa|đòi|định|hăm) (chém|đâm"
    "|đốt|bắn)|(chém|đâm) (bà con|bố|mẹ|má|ba|vợ|chồng|con|cháu|gia đình)|bóp cổ|(đang|cứ|xông vào) (đập|quýnh|uýnh"
    "|oánh|đấm|đá|tát|hành hung) (vợ|chồng|con|má|mẹ|ba|bố|cha|bà|ông|tôi|tui|em|anh|chị|cháu|bé|nó|người)|(tôi|tui|em"
    "|vợ|mẹ|má|con|cháu|người|nó|bạn|anh|chị) bị (đánh|đập|quýnh|oánh)|(tưới|tạt|dội|hất) (xăng|axit|acid)|đốt nhà"
    "|phóng hỏa|chới với|(đập|quýnh|uýnh|oánh|đánh) (tôi|tui|em|vợ|mẹ|má)|đang (bạo hành|hành hung)|đánh đập|(sàm sỡ"
    "|dâm ô)( [^ ]+){0,2} (bé|trẻ|cháu|con)|án mạng|giết (nhau|chồng|bố|cha|bà|ông|cháu|anh|chị)|(bị|đang) hiếp|(vác"
    "|xách) (mã tấu|rựa|búa|gậy|kiếm|súng)|bằng mã tấu|phóng lợn|rượt (đuổi|nhau|đánh)|té xỉu|ngất (xỉu|ngoài|rồi)"
    "|tiếng nổ|nổ lớn|(ga|gas) xì|đâm (vào|trúng) (nhà|người|xe|cột|đuôi)|^cứu(?! (trợ|hộ|hỏa|hoả|thương|chiến))"
    "|(?<!tra )(?<!nghiên )cứu (cháu|bà|ông|anh|chị|mình|chúng)|(?<!cấp )(?<!nghiên )(?<!tra )cứu$|(con|bé"
    "|cháu)( [^ ]+){0,4} lạc (ở|trong|tại|rồi)|(ghe|thuyền|tàu|đò|xuồng|cano)( [^ ]+){0,3} (chìm|lật)|xác (người|trôi)"
    "|uống( [^ ]+){0,3} thuốc (ngủ|chuột|sâu|trừ|diệt)|rạch tay|(sắp|đòi|định|muốn|toan) nhảy (xuống|lầu|cầu|sông)"
    "|(đứng|trèo|leo)( [^ ]+){0,2} (lan can|thành cầu)|tuyệt mệnh|(con (trai|gái|tôi|em|tui)|bé|cháu)( (?!giấy|sổ|thẻ"
    "|cccd|căn|xe|ví|điện|hồ|bằng|sim)[^ ]+){0,12} (tìm|kiếm)( [^ ]+)? (không|hổng|ko|chưa) (thấy|ra)(?! (giấy|mẫu|mã"
    "|sổ|thẻ|hồ sơ|tờ|chỗ|mục|thông tin|link))|(vừa|mới) mất tích|mất tích( [^ ]+){0,4} phút|(bế|bồng"
    "|ẵm)( [^ ]+){0,4} (chạy|đi) mất|(lôi|kéo|tống|ép|bắt(?! buộc))( [^ ]+){0,5} lên (xe|ô tô|taxi)|(dây|trụ"
    "|cột) điện( [^ ]+){0,3} (?<!sắp )(đứt|rớt|rơi|đổ|ngã|chập|nổ)|bị giật(?! (hụi|nợ|mình))|chập điện|nhiễm điện|(cán"
    "|tông|húc|ủi) (người|nhau|trúng|chết|xe|phải|vào)|đụng (xe|nhau|trúng|chết)|(cần|gọi|kêu) cấp cứu(?! (số|ở|bao"
    "|mấy|thì|là))"
)
_PLAIN = (
    "giet nguoi|(doa|doi|dinh|ham) giet|giet (toi|tui|em|ca nha)|dam (nguoi|nhau)|chem (nhau|nguoi|lon|toi|tui)"
    "|ruot chem|ban sung|(no|cam|rut|dung) sung|sung ban|danh chet|danh (lon|nhau)|oanh nhau|quynh (lon|nhau)"
    "|(ke|cam"
    "|rut|vac) dao|cam (rua|mac|ma tau|hung khi)|hon chien|cuop|giat (do|tui|day chuyen|dien thoai)|bat coc|khong che"
    "|hiep dam|xam hai|bi nhot|keu cuu|(?<!tra )(?<!nghien )cuu (toi|em|voi|tui)|ciu|ai do giup voi|dang (bi )?(danh"
    "|nhot)|(muon|dinh|doi|sap|dang) tu (tu|sat|van|thieu)|tu thieu|nhay (cau|lau|song)|treo co|that co|cat co tay"
    "|uong thuoc (tru )?sau|xac chet|chet nguoi|tu vong|duoi (nuoc|nc)|chet duoi|lu cuon|nuoc cuon|chay (nha|lon)"
    "|boc chay|hoa hoan|no gas|(ro ri|xi) (khi )?(gas|ga)|mac ket|tai nan|(xe|bi) tong|sap nha|dien giat|(qua"
    "|trai) bom|luu dan|bom min|bi bo roi|(?<!lien )lac (tre|be|chau|me|bo|ma)|bi lac|(khong|ko) muon song|bat dong"
    "|mau me|mui gas|lat xe|(be|chau) [a-z0-9 ]{0,12}di lac|du do (tre|be)|cam hang nong|bat tinh|ngung tho|chay mau"
    "|dang (bo chay|bo tron|tau thoat|dot nhap)|trom (dang|vao)|nhay xuong (cau|song|lau|gieng)|(dang|co) (pha"
    "|cay) cua|cuon troi|kho tho|ngo doc|co giat|dot quy|(bi|dang|ruot|duoi|doa|ham) chem|(bi|ruot|doa"
    "|ham) dam(?! (cuoi"
    "|tang|ma|me))|dang dam(?! (cuoi|tang|ma|me|hoi|gio|don|chan tai))|(toi|tui|em|vo|me|con|chau|be|nguoi|no) bi danh"
    "|(nha|kho|quan|cho|xuong|tiem|phong|tro|can ho|chung cu|bep|rung|cua hang)( [^ ·]+){0,3} (dang|bi|vua"
    "|moi) (bi )?chay(?! (bo|xe|ban|tren|ve|ra|grab|viec|quang|tiep|theo|qua|lai|san|thu|di|den|toi|tron|xuong|vao|lo"
    "|may|cho|nuoc|tien|len|show|hop|hang$|hang (roi|het|luon)))|dang chay (pho|kho|rung|phong|tiem|bep|hang (xom|quan"
    "|loat))|bop co|dam chem|(dinh|doi|sap|muon) nhay (xuong|cau|lau|song)|lan can cau|(loi|keo|tong|ep"
    "|bat(?! buoc))( [^ ·]+){0,5} len (xe|o to|taxi)|(be|bong|am)( [^ ·]+){0,4} (chay|di) mat|xi ga|mui ga (nong|khap"
    "|hac|manh|trong (nha|phong|bep))|(doi|doa|dinh) dot nha|dang (dap|quynh|oanh) (vo|me|ma|toi|tui)|rach tay|(can"
    "|tong|huc) (nguoi|nhau|chet)|danh (toi|tui|vo)|danh dap|dang (bao hanh|hanh hung)|(sam so"
    "|dam o)( [^ ·]+){0,2} (be|tre|chau|con)|an mang|giet (me|bo|vo|chong|con|nhau)|bi hiep|nhot (toi|em|tui)|(vac"
    "|xach|bang) (ma tau|rua|gay|kiem)|cam phong lon|ruot (nhau|danh|duoi)|te xiu|ngat (xiu|ngoai)|tieng no lon"
    "|no binh gas|(ro|xi) gas|ga xi|xe( [^ ·]+){0,3} (dam|tong|can|huc) (vao|nguoi|nhau|chet|trung)"
    "|xe( [^ ·]+){0,2} lat o|(thuyen|xuong|tau|ghe|do)( [^ ·]+)? (bi )?(chim|lat) (o|tren|ngoai|giua|roi)|muon chet"
    "|vua dam (toi|em|tui)|uong( [^ ·]+){0,3} thuoc (chuot|ngu)|(roi|te|nga|rot|lot) xuong (gieng|song|kenh|kinh|muong"
    "|ao|ho|suoi|bien|cong)|(te|rot|lot|roi|nga) gieng|(con (gai|trai)|be|chau)( [^ ·]+){0,4} lac (o|trong|tai|roi)"
    "|dung( [^ ·]+){0,2} thanh cau|^cuu(?! (tro|ho|hoa|chien|thuong))|(?<!tra )(?<!nghien )cuu (chau|me|nguoi|ba con)"
    "|(?<!cap )(?<!nghien )(?<!tra )cuu$|nha( (toi|em|tui|ben|hang xom))? chay( (roi|oi|lon|to|du)|$)|co chay o (tang"
    "|chung cu|cho|nha)|phong chay (roi|to|lon)|chay hang loat"
)
_CONTEXT = (
    "co nguoi|hang xom|chay mau|bat tinh|(vo|chong|con|me|bo|ba|ma) (toi|em|tui)|dang|bay gio|ngay|vua|moi (bi|day"
    "|xong)|xay ra|voi|gap|nhanh|o (day|truoc|gan|nha|duong|hem|ngo|thon|ap|khu|cho|so|bo|cau|song|quan|truong|cong"
    "|nga|tiem|hoi|phong|tang|ngach|xom|kenh|kinh|bien|ben|cua|san|xuong|quoc lo|chung cu|bung)|tai (nha|duong|so|khu"
    "|cho)|nay gio|ca (day|xom|nha|pho|khu|lang)|(trai|qua|nam) (luu dan|bom)|luu dan|bom min|nhieu nguoi|thuoc roi"
    "|di lac|vao (nha|nguoi)|goi (chua chay|113|114|115|cap cuu)|(truoc|trong|ngoai|sau|tren|xuong|len) (nha|quan|tiem"
    "|cong|truong|cho|hem|ngo|vuon|duong|ruong|mai|ao|ho|song|gieng|noc)|nha (toi|em|tui|minh|ben)|kia|thay|(cho|cuu"
    "|giup) (toi|em|tui|con|chung toi)|(toi|em|tui) bi|ai do|roi|so (lam|qua)|qua$|mat tieu|[0-9]+ nguoi|(con|be"
    "|chau) (toi|em|tui|minh|e)|(nha|cua) (em|toi|tui|minh)|(phut|tieng) (truoc|nay)|la liet|nam (do|im)|khong ai"
    "|xuong (kinh|kenh|muong)|ngoai khoi|ba con|(dung|ngoi) tren|(anh|chi|ong|cau|chau|be|ban|bac|co|chu) (toi|em|tui)"
    "|(em|toi|tui) (muon|khong|sap)|trong (tiem|phong|quan)|o deo|ngoai (bien|cua)|giua (duong|cho)|gan chet|du lam"
    "|(nhot|danh|dam|chem|giet|cuu) (toi|em|tui|chau)|mau (chay|me)|(dua|thang) (be|nho)"
)
_PAST = (
    "(toi|ngay|dem|hom|tuan) nao cung|thuong xuyen|hom (qua|kia|truoc|no)|(toi|dem|chieu|sang|trua) qua|dem hom|(tuan"
    "|thang) (truoc|roi)|nam truoc|ngay xua|hoi (nam|xua)|năm ngoái"
)
# "Hôm nay em mới đến báo" is told today and happened before.
_NOW = (
    "dang|bay gio|(den|toi) gio|vua|ngay (lap tuc|di|luc nay)|(?<!cap )cuu(?! (tro|ho|chien))|(?<!hom )kia|bat coc"
    "|moi (bi|day)|(hom|sang|trua|chieu|toi|dem) nay(?!( (toi|em|minh|con|chau))? (moi|muon|xin)( [a-z]+){0,3} (bao"
    "|hoi|trinh|den|cap))|hien (gio|tai|nay)|luc nay|phut (truoc|nay)|(?<![0-9] )gio (no|ho|thang|bon|dang|lai|van"
    "|chong|vo|ong|anh|em|toi|tui)|lai (den|cam|danh|vac|doa|keo)"
)
_marked, _plain, _context, _past, _now, _harmless, _harmless_plain, _figure, _blood = (
    re.compile(rf"\b({words})\b")
    for words in (_MARKED, _PLAIN, _CONTEXT, _PAST, _NOW, _HARMLESS, _HARMLESS_PLAIN, _FIGURE, _BLOOD)
)
_CUT = "·"
_STRETCHED = re.compile(r"([^\W\d])\1{2,}")  # "cứuuuu"
_BREAK = "\n"  # between two words with more than space between: a harmless phrase does not reach over it
# Too common to be anything else: people write "đang danh nhau" when they have no time for the second mark.
_SAME = frozenset(("đang", "bị", "vừa", "mới", "có", "người", "tôi", "đòi", "định", "dọa", "nó", "nhà", "vợ", "mẹ"))


@lru_cache(maxsize=2)  # several rules ask about the same message, one after the other
def assess(text: str) -> Danger:
    """Both readings count: people mix words with and without marks, and phones add signs of their own."""
    reading = _Reading(text)
    if not reading.found():
        return Danger.NONE
    if reading.is_past() and not _now.search(reading.folded):
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
        words = [_unstretched(match[0].lower()) for match in self._words]
        folded = [word if word.isascii() else fold(word).replace(" ", "") or _CUT for word in words]
        cut = self._harmless(words, folded)
        words, folded = ([_CUT if at in cut else word for at, word in enumerate(each)] for each in (words, folded))
        self.folded, self._written = " ".join(folded), " ".join(words)
        # Only words typed without marks, so that "đi dạo" is not read as "di dao" nor "chạy" as "cháy".
        self._unmarked = " ".join(_typed_plain(words, folded))

    def _harmless(self, words: list[str], folded: list[str]) -> set[int]:
        """Each phrase is looked for as it was typed; what is typed without marks must be so in every word."""
        written = self._with_breaks(words)
        readings = [(_harmless, written), (_harmless_plain, self._with_breaks([_ascii(word) for word in words]))]
        if not _blood.search(" ".join(folded)):
            readings.append((_figure, written))
        return {at for pattern, text in readings for match in pattern.finditer(text) for at in _covered(text, match)}

    def _with_breaks(self, words: list[str]) -> str:
        ends = [match.end() for match in self._words]
        gaps = [self._text[end : after.start()] for end, after in zip(ends, self._words[1:], strict=False)]
        breaks = ["", *(_BREAK if gap.strip() else " " for gap in gaps)]
        return "".join(f"{gap}{word}" for gap, word in zip(breaks, words, strict=False))

    def is_past(self) -> bool:
        """By the marks where the folded words are two things: "năm ngoái" is over, "nằm ngoài" lies there now."""
        return bool(_past.search(f"{self.folded} {_CUT} {self._written}"))

    def found(self) -> tuple[str, ...]:
        hits = [(_marked, self._written), (_plain, self._unmarked)]
        spans = {_covered(words, match) for pattern, words in hits for match in pattern.finditer(words)}
        ordered = sorted((span[0], span[-1]) for span in spans)
        shown = [self._text[self._words[first].start() : self._words[last].end()] for first, last in ordered]
        return tuple(dict.fromkeys(shown))


def _unstretched(word: str) -> str:
    if not word.isascii():
        word = re.sub(r"([a-z])\1$", r"\1", word)  # "cứuu"; of words typed without marks "luu" is one
    return "cuu" if re.fullmatch("cuu+", word) else _STRETCHED.sub(r"\1", word)


def _ascii(word: str) -> str:
    return word if word.isascii() else _CUT


def _typed_plain(words: list[str], folded: list[str]) -> list[str]:
    return [plain if word in _SAME else _ascii(word) for word, plain in zip(words, folded, strict=True)]


def _covered(words: str, match: re.Match[str]) -> tuple[int, ...]:
    first, last = (len(re.findall(r"\s", words[:end])) for end in match.span())
    return tuple(range(first, last + 1))

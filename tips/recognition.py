"""Signs that somebody reports a fact to the police rather than asks how something is done.

Deliberately one-sided: a question taken for a report reaches the duty officer, a report answered with a list of
papers is a witness lost. So :func:`read` says ``REPORT`` only when it is plain, and ``SIGNS`` whenever it cannot be
excluded. Cues are folded, spelled-out words."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from tips import danger
from zalopolice.vietnamese import spelled_out


class Report(Enum):
    NONE = "none"
    SIGNS = "signs"  # perhaps a report: ask, never answer
    REPORT = "report"


_SAYS_SO = (
    "bao tin|to giac|tin bao|trinh bao|bao (cong an|ca|cho cong an|cac anh|anh|ad|an ninh)|(muon|xin|can|de"
    "|nen) bao|phan anh|phat hien|to cao"
)
_ASKS_FOR_ACTION = (
    "(vao|den|xuong|qua|toi|cho nguoi) (kiem tra|xem|xu ly|dep|giai quyet|tuan tra)|(kiem tra|xu ly|dep"
    "|giai quyet|can thiep) (giup|gium|ho|ngay|dum)|(mong|nho|de nghi|yeu cau|kinh mong|mong muon) (cac|cong an"
    "|anh|chu|co quan|phuong|xa)|tuan tra|phoi hop kiem tra|luu y|keu cong an|(dep|bat) (gium|giup|ho|di)"
)
_WRONG = (
    r"ma tuy|hut (da|chich|co)|chich hut|phe da|choi da|hang trang|hang da|ngao da|bay lac|danh bac|danh (bai|de"
    r"|lo)|so de|lo de|ca do|ca cuoc|da ga|xoc dia|tai xiu|tin dung den|nang lai|lai cao|doi no|xiet no|tat son"
    r"|mai dam|gai goi|trom|cap mat|mat cap|mat trom|ke gian|be khoa|pha khoa|cay cua|dot nhap|lay (mat|trom)|cuop"
    r"|bi giat|lua (dao|tien|gat|lay|dat)|bi lua|(di|toan|chuyen) lua|bi (mat|hack) (tien|tai khoan|nick)"
    r"|gia (danh|mao)|xung la|tai khoan an toan|(lam|ban|mua ban|in) [a-z ]{0,30}gia\b|gia mao|hang (gia|lau|cam"
    r"|nhai)|thuoc la lau|buon lau|phao (no|lau|trai)|(chua|bao|thung|dot|ban|ky|kg) phao|mat (xe|trau|bo|vang"
    r"|tien|do|tai san)|tang tru|mua ban (trai phep|nguoi|chat)|danh (nhau|dap|lon|hoi dong|vo|con|me|toi|em)"
    r"|hanh hung|bao hanh|hanh ha|say (ruou|xin)|(de|ham|he) doa|doa (dot|danh|giet|chem)|chui boi|xa (thai|rac"
    r"|phan|nuoc)|(dot|do) (rac|nhua|phe)|nuoc thai|khoi den|mui (khet|hoi|la)|hoi thoi|o nhiem|on ao|am i|am am"
    r"|(mo|bat|hat|nhac|loa)[a-z ]{0,20}(to qua|khuya|am i|inh oi|den (1|2|3|12))|loa keo|dua xe|lang lach|boc dau"
    r"|lan dat|lan chiem|lan sang|xin deu|bao ke|tran lot|chan duong|quay roi|sam so|bien thai|dam o|cho tha rong"
    r"|tha rong|cho can|truyen dao|ta dao|hoi thanh|me tin|nguoi la|la mat|kha nghi|nghi (van|co|ngo|la|nhieu)"
    r"|dang (sai|tin gia)|tin gia|boi nho|vu khong|xuyen tac|hoang mang|doi chuoc|doi (tien|chuoc)|dang nhap la"
    r"|la dang nhap|ruot theo|rinh (rap|mo)|theo doi|du (do|di)|ru (di|re)|vuot au|nguoc chieu|gay tai nan|bo chay"
    r"|bo tron|cat tac|(khai thac|hut|cho) cat|thoat hiem|nguy co chay|(de|lan) [a-z ]{0,20}(lan loc|bua bai)"
    r"|keo (den|nguoi|bang)|nhom (nguoi|thanh nien)|choai choai|trai phep|hanh nghe|chui|o chui|tron (no|truy na"
    r"|thue|chay)|cho vay|mau thuan|gay (roi|go|su)|pha (hoai|phach)|ep (buoc|moi|cac|nguoi)|nop tien|thu tien"
    r"|(dang|o nha|cu|deu) lay tien|bi ep|mua chuoc|sung|dao kiem|vu khi nong|tu tap|danh hoi dong|kich dong|an (cap"
    r"|trom)|moc tui|kim tiem"
    r"|dau hieu|(mang|cam|giau) dao|(tung|phat tan) (anh|clip)|kich (duc|dien)|chich (dien|ca)|tiep vien|cho (du"
    r"|dai)|can (con|chau|nguoi|me) |(giu|lay)( [a-z]+){0,8} khong (chiu )?tra|khai man (ho|ten|thong tin|giay"
    r"|ly lich)|viec nhe|campuchia|tong (gay|vao|trung)|chay au|do rac|chat thai|bay ba|cai (nhau|lon)|dap (do"
    r"|pha)|say xin|khoe sung|rao ban|bam bop|khong ten tuoi|thay mua ban|hay ve (tre|be)|dan ong (la|hay)"
)
_OTHERS = (
    r"khong chiu|(khong|chang) (ghi|khai bao|dang ky|bao)( [a-z]+)? (gi|cho|khach)|hang xom|lang gieng|nha (ben|ke"
    r"|do|kia|ong|ba|anh|so)|phong (ben|ke)|chu (tro|quan|nha)|ong \w+|(tui|bon|may|dam|lu) (no|dua|thang|nguoi)"
    r"|may (thang|dua|ong|nguoi)|(thang|dua|bon|dam|nhom|toan|ke) |co (nguoi|nhom|dam|thang|dua|ong|ba|doi tuong"
    r"|ke|vu)|doi tuong|thanh nien|nguoi ta|ai do|(quan|xuong|trang trai|co so (tai|san|kinh)) [a-z]+"
)
_QUESTION = (
    "sao|rang|man rang|lam rang|o dau|cho nao|bao nhieu|may (ngay|tien|gio|nam|thang)|bao lau|the nao|nhu nao"
    "|kieu gi|can (gi|nhung gi|mang|giay to)|mang gi|gi|thu tuc|huong dan|ho so gi|le phi|xa hay tinh|la ai"
    "|cho ai|phai khong|duoc khong|co khong"
)
_PARTICLES = "a|ah|ad|vay|the|nhi|ha|nhe|da|ta|em|anh|chi|chu|roi|oi|nua|z|ban|minh"
_LAST = rf"(khong|chua|dau|ai|nao|gi|sao|hay khong|chang)( ({_PARTICLES}))*$"
_HOW_TO_REPORT = (
    "(bao an|to giac|trinh bao|bao tin|to cao|khieu nai|don)[a-z0-9 ]*(the nao|o dau|nao|can (gi|nhung gi|mang)"
    "|sao|duoc khong|khong$|gi$|mau don|bat buoc|an danh|nac danh|bi mat|bao lau|cong an (xa|phuong) hay)"
    "|cach (to giac|bao tin|trinh bao)|(mau )?don (to giac|trinh bao)|giay (bien|tiep) nhan"
)
_HANDS_IN = r"(giao |dem )?nop (lai )?[a-z ]{0,15}(sung|phao|dan|vu khi|kiem|luu dan)"
_ABOUT_OFFICERS = (
    "(can bo|cong an|chien si|anh tiep dan|bo phan)[a-z ]{0,40}(noi nang|thai do|hach sach|nhung nhieu|voi vinh"
    "|nhan tien|lam kho|cau gat)|phat (oan|sai)|quyet dinh (xu phat|xu ly)"
)
_says, _acts, _wrong, _others, _asks, _how, _officers = (
    re.compile(rf"\b({words})\b")
    for words in (_SAYS_SO, _ASKS_FOR_ACTION, _WRONG, _OTHERS, _QUESTION, _HOW_TO_REPORT, _ABOUT_OFFICERS)
)
_hands_in = re.compile(rf"\b({_HANDS_IN})\b")
_last = re.compile(rf"\b{_LAST}")
_wishes = re.compile(
    r"\b(muon|can|xin|cho (toi|em|minh|con|chau)? ?hoi|hoi|huong dan|de (lam|vay|mo|di)|giup (toi|em|minh) lam)\b"
)
# Whose first word is the act begins a request: "nhập khẩu cho mẹ già về ở chung".
_request = re.compile(
    r"^(lam|dang ky|nhap|xin|doi|cap|gia han|tach|xoa|huy|khai|sang ten|rut|mo|khoa|dong dau|chuyen (khau|ho khau)|cat"
    r"|nop|tra|thu hoi|xac nhan|dieu chinh|sua|gia han) "
)
NAME, LONG = 7, 28
"""Words. Who asks for a procedure is brief; who tells what happened is not."""


@lru_cache(maxsize=2)  # as danger.assess
def read(text: str) -> Report:
    plain = spelled_out(text)
    if _hands_in.search(plain) and danger.assess(text) is danger.Danger.NONE:
        return Report.NONE
    if _how.search(plain) or _officers.search(plain):
        # How does one report, how does one complain: a procedure, unless it is told along with a deed.
        if not _wrong.search(plain) or _asking(text, plain):
            return Report.NONE
        return Report.REPORT if _says.search(plain) else Report.SIGNS
    wrong, asking = bool(_wrong.search(plain)), _asking(text, plain)
    if danger.assess(text) is not danger.Danger.NONE or (_says.search(plain) and not asking):
        return Report.REPORT if not asking else Report.SIGNS
    if wrong or _acts.search(plain):
        return Report.SIGNS if asking else Report.REPORT
    if _others.search(plain) and not asking:
        return Report.SIGNS
    words = len(plain.split())
    # Neither asked nor wished, and more than the name of something: somebody tells what they saw.
    told = words > NAME and not asking and not _wishes.search(plain) and not _request.search(plain)
    return Report.SIGNS if told or words > LONG else Report.NONE


def wants_to_report(text: str) -> bool:
    return read(text) is Report.REPORT


def asks(text: str) -> bool:
    """A question or a wish."""
    plain = spelled_out(text)
    return _asking(text, plain) or bool(_wishes.search(plain) or _request.search(plain))


def _asking(text: str, plain: str) -> bool:
    """Ends like a question: people drop the mark, so the last words decide too."""
    return text.rstrip().endswith("?") or bool(_asks.search(" ".join(plain.split()[-6:])) or _last.search(plain))

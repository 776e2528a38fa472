"""Which side of the procedure just given a short question asks about. Pure; cues in folded, spelled-out words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from procedures.understanding import Known, understand
from zalopolice.vietnamese import spelled_out

BRIEF, LONGEST = 10, 25
"""Words. A longer message is a question of its own, unless it is none of any procedure; still longer is a story."""
_DAY = r"thu (?:2|3|4|5|6|7|hai|ba|tu|nam|sau|bay)|chu nhat|cuoi tuan"
_TOMORROW = r"ngay mai|mai (?:co|di|den)|(?:sang|trua|chieu) mai"
_TODAY = r"hom nay|(?:sang|trua|chieu) nay"
_HOLIDAY = r"(?:ngay|nghi) le(?! phi)|(?:nghi )?(?:(?:mung|mong) \d+ )?tet(?: (?:co )?nghi)?"
_HELPER = r"(?:nguoi (?:khac|nha|than|quen)|chong|vo|con|me|bo|ba|ma|anh|chi|em|ai|ban)"
CUES = {
    "forms": r"mau (?:don|to khai|so|giay|ct ?\d+|nao|o dau|dau|the nao|khong)|to khai|bieu mau"
    r"|(?:xin|gui|cho|tai|lay)(?: \w+){0,2} (?:mau|don)|co mau(?: ct ?\d+)?",
    "who": r"(?:lam|nop|di|lay|nhan|dang ky) (?:ho(?! khau| chieu| so)|thay|giup|dum)|uy quyen|dai dien"
    rf"|nho {_HELPER}|{_HELPER} (?:di )?(?:lam|nop|lay) (?:thay|ho|giup|duoc)|ai (?:duoc|phai|co the) (?:lam|nop|di)",
    "papers": r"mang(?: theo)? (?:gi|may|nhung|bao nhieu)|can (?:gi|mang|nhung|giay|chuan bi)|giay to|ho so gi"
    r"|ho so gom|chuan bi|(?:may|bao nhieu) (?:ban|bo|to|cai)|ban (?:sao|chinh|goc|photo)|photo|cong chung|nhung gi",
    "costs": r"le phi|chi phi|(?:ton|het|mat|dong|thu|tra)(?: bao nhieu| may| nhieu)? tien|bao nhieu(?: tien)?"
    r"(?! (?:ban|bo|to|cai|ngay|lau|gio|hom|tuoi|nguoi|nam|cau))|may tien|phi|mien phi|tien|free",
    "time": r"bao lau|may (?:ngay|hom|tuan|phut)|bao nhieu (?:ngay|hom|lau)|(?:khi nao|bao gio|chung nao) (?:thi )?"
    r"(?:co|xong|lay|nhan)|thoi han|thoi gian(?! lam viec)|lau khong|co lau|nhanh khong",
    "hours": rf"{_DAY}|{_TODAY}|{_TOMORROW}|{_HOLIDAY}|ngoai gio|(?:trua|(?<!ho )chieu)(?= (?:co|thi|di|den|lam))"
    r"|buoi (?:sang|trua|chieu|toi)|may gio|gio lam viec|gio (?:lam|mo|nao|nghi|tiep)"
    r"|mo cua|lam viec|tiep dan",
    "place": r"o dau|cho nao|dia chi|nop dau|den dau|dau(?: a| vay| the| nhi)?$|noi nop|noi nao|tru so|qua mang|online"
    r"|truc tuyen|dich vu cong|vneid|(?:trang|web|app) nao|tren mang|(?:cong an|cho|phuong|xa) nao",
    "steps": r"(?:cac|tung) buoc|buoc \d|quy trinh|trinh tu|lam the nao|lam (?:ra )?sao|nhu the nao|bat dau tu",
    "law": r"can cu|(?:luat|nghi dinh|thong tu|quy dinh) (?:nao|gi|so)",
}
_cues = {name: re.compile(rf"\b(?:{cue})(?:\b|$)") for name, cue in CUES.items()}
# What a narrower cue has taken is no longer asked of the wider one: "mẫu đơn ở đâu" is not about the place.
_TAKES = {"forms": ("place", "papers"), "who": ("place",), "hours": ("time",), "time": ("costs",)}
_ASKING_ON = (
    "nop mang het theo them nua lay thi tien dung lam cai khoan phan duoc khong bat buoc du dat vao truoc sau can ngay"
    " hom khac hoac online ra thu tuc nay do kia ok hoi mat ton dong tra thu mot minh sao"
    " ket qua viec"
)
_POLITE = (
    "a ah ad anh ba bac ban bo cac cai chau chi cho chu chua co con cua cung da dang den di em gi giup ha hay ho la lai"
    " luc ma me minh moi muon nao nay ne nen neu nha nhe nhi nhu o oi ong phai qua roi se ta the toi tu va vay ve voi"
    " vo chong nguoi xin xong y ban cam on"
)
_EMPTY = frozenset(f"{_ASKING_ON} {_POLITE}".split())
_VALID = re.compile(r"\b(?:xai|su dung|gia tri|hieu luc|thoi han bao nhieu nam|may nam|bao nhieu nam)\b")
"""How long the paper is good for, which is not how long it takes."""
_BOOKS = re.compile(
    r"\b(?:(?:lich|cuoc|cai|lo) hen|hen (?:lai|gio|ngay|lich|truoc|gap|thu|sang|chieu|mai)|suat|slot|luot"
    r"|doi (?:sang|qua)|dat (?:giup|gium|ho)|(?:dat|doi|huy|hoan|xin)(?: truoc| cho)? (?:lich|cho|gio|so))\b"
)
"""Who books or puts off a visit: opening hours are no answer."""
WRONG = re.compile(
    r"(?:(?:(?:cau )?tra loi|cai nay|the|nay|van|hinh nhu) )*(?:chua|khong) (?:dung|phai)"
    r"(?: (?:y|toi|em|minh|hoi|roi|dau|a|ban|cai nay|cai do|thu tuc nay|thu tuc do|cau hoi|lam))*"
    r"|(?:tra loi |noi )?sai(?: (?:roi|y|thu tuc|bet|het|a))*|nham(?: (?:roi|thu tuc|y))*"
)


def says_wrong(text: str) -> bool:
    """ "Chưa đúng": the card was not what was asked for (feature F8)."""
    plain = spelled_out(text)
    return len(plain.split()) <= BRIEF and bool(WRONG.fullmatch(plain))


def wanted(text: str, entry: Known, entries: Sequence[Known]) -> list[str]:
    """Names of ``CUES`` in the order they are answered; empty when it is about something else."""
    plain = typed(text)
    if len(plain.split()) > BRIEF:
        return []
    found = _heard(plain)
    rest = plain
    for name in found:
        rest = _cues[name].sub(" ", rest)
    return [] if not found or _is_another(text, rest, entry, entries) else _narrowed(found)


def sides(text: str) -> list[str]:
    """The same where nothing else is a procedure of ours, so that a strange word is no new matter: "ở nhà chồng thì cần
    giấy gì". Empty for who wants a visit, and for what only sounds like a side."""
    plain = typed(text)
    if len(plain.split()) > LONGEST or _BOOKS.search(plain):
        return []
    found = _narrowed(_heard(plain))
    return [name for name in found if name != "time"] if _VALID.search(plain) else found


def _heard(plain: str) -> list[str]:
    return [name for name, cue in _cues.items() if cue.search(plain)]


def _narrowed(found: list[str]) -> list[str]:
    taken = {other for name in found for other in _TAKES.get(name, ())}
    return [name for name in found if name not in taken]


_BY_EAR = (
    ("bao nhiu", "bao nhieu"), ("nhiu", "bao nhieu"), ("may bua", "may ngay"), ("o mo", "o dau"), ("hem", "khong"),
    ("zay", "vay"), ("dzay", "vay"),
)  # fmt: skip


def typed(text: str) -> str:
    """Spelled out, with what has one meaning only under a card: "mấy bữa", "nhiu", "ở mô"."""
    plain = f" {spelled_out(text)} "
    for heard, meant in _BY_EAR:
        plain = plain.replace(f" {heard} ", f" {meant} ")
    return plain.strip()


def _is_another(text: str, rest: str, entry: Known, entries: Sequence[Known]) -> bool:
    """Is a thing named besides the cues? "nộp ở đâu" asks on, "nộp pháo ở đâu" is a new question, "chỗ nào đánh bạc"
    none at all: one strange word is enough, because whatever reads it next knows reports and danger."""
    more = {word for word in rest.split() if word not in _EMPTY}
    if not more:
        return False
    if more - set(spelled_out(" ".join([entry.name, *entry.synonyms])).split()):
        return True
    meant = understand(text, entries)
    return meant.action == "answer" and meant.candidates[0][0] != entry.slug


_NUMBERS = {"2": 0, "hai": 0, "3": 1, "ba": 1, "4": 2, "tu": 2, "5": 3, "nam": 3, "6": 4, "sau": 4, "7": 5, "bay": 5}


def days(text: str, today: date) -> list[date]:
    """The days a question names, from today on, each once and in order."""
    plain, found = spelled_out(text), set()
    for number in re.findall(r"\bthu (2|3|4|5|6|7|hai|ba|tu|nam|sau|bay)\b", plain):
        found.add(_NUMBERS[number])
    if re.search(r"\bcuoi tuan\b", plain):
        found |= {5, 6}
    if re.search(r"\bchu nhat\b", plain):
        found.add(6)
    asked = {today + timedelta(days=(weekday - today.weekday()) % 7) for weekday in found}
    if re.search(rf"\b(?:{_TODAY}|bay gio|gio nay)\b", plain):
        asked.add(today)
    if re.search(rf"\b(?:{_TOMORROW})\b", plain):
        asked.add(today + timedelta(days=1))
    return sorted(asked)

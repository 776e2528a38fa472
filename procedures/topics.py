"""Questions that are no procedure: a visit, one's own file, a number to call, a missing person, thanks, other offices.

Cues in folded, spelled-out words. A topic is only a reason to hand over or to answer from the hotline; nothing here is
ever an answer about the law."""

from __future__ import annotations

import re

from zalopolice.vietnamese import fold, spelled_out

_PERSONS = (
    "truy na|mat tich|mat lien lac|(tim|kiem) (kiem )?(nguoi|chau|em|me|cha|ba|bo|ong|than nhan|tre)|di lac"
    "|lang tri|bo nha( di)?|(giup|gium) kiem|den nay chua (ve|thay)|chua ve nha|nhat duoc (be|chau|em be|nguoi)"
    "|tim nguoi"
)
_OWN_FILE = (
    "tra cuu (tinh trang|ho so|ket qua|xem)|tinh trang (ho so|the|giai quyet)|tra ket qua|ket qua ho so"
    "|co ket qua|dang nam o dau|van bao chua|ma ho so|(may|[0-9]+) (thang|tuan|ngay) (nay )?roi"
    "|roi (ma )?(van )?chua (co|thay|duoc|nhan|xong|duyet)|(xong|duyet|co the|in the) chua|chua thay (tra|co|ve)"
    "|bi tu choi (hay|chua|khong)|bao gio (co|xong|nhan duoc|lay duoc|duyet)|khi nao (co|nhan|lay) (the|ket qua)"
    "|sao (lau|cham) (qua|vay|the)|lau qua (chua|roi)|tra cuu o dau"
)
_VISITS = (
    "(dat|doi|huy|hoan|doi lai|chuyen|xin|lay) (lai )?(lich|cuoc )?hen|dat lich|doi lich|huy lich|lich hen"
    "|hen lich|dat (so|cho) truoc|(?<!truoc )may gio|gio (lam viec|hanh chinh|mo cua|nghi|tiep nhan|nhan ho so)"
    "|(co )?(lam viec|mo cua|tiep nhan|nghi|truc|lam) (vao )?(thu (hai|ba|tu|nam|sau|bay|[2-7])|chu nhat"
    "|cuoi tuan|buoi|trua|ngoai gio)|(thu (hai|ba|tu|nam|sau|bay|[2-7])|chu nhat|cuoi tuan)( nay)? (co "
    "|con )?(lam|mo|tiep nhan|nghi)|lam (can cuoc )?(luu dong|tai nha)|den tan nha"
)
_NUMBERS = (
    "(xin|cho|co) (toi |em |minh )?so (cong an|truc|may|dien thoai)|so dien thoai|so truc ban|truc ban|so may"
    "|hotline|duong day nong|dia chi (tru so|cong an|co quan|tiep dan)|tru so|(cong an|can bo|canh sat"
    "|chu) (phu trach )?khu vuc|phu trach (khu vuc|dia ban|thon|ap|to)|lien he (ai|voi ai|so|the nao)|goi (so"
    "|cho) (nao|ai)|(truong|pho) cong an|(cong an|don) (xa|phuong) (o|nam) (dau|cho nao)|to bao ve an ninh"
    "|ten (chi huy|truong|can bo)"
)
# The first that is heard is the topic.
CUES = {
    "wanted_missing": _PERSONS,
    "lookup_id_result": _OWN_FILE,
    "appointment": _VISITS,
    "hotline": _NUMBERS,
}
SERVICES = tuple(CUES)
"""Questions that are no procedure and may be offered as a choice."""
FOR_A_PERSON = {"wanted_missing", "lookup_id_result"}
"""Of these: an officer reads them, whatever is answered."""
# Matters of other offices, and questions only a person may judge. The words an entry shares with them do not count.
ELSEWHERE = (
    "(?<!mat giay )(?<!tren giay )(?<!trong giay )khai sinh|ket hon|doc than|khai tu|so do|quyen su dung dat"
    "|dong thue|thue dat|ma so thue|khai thue|bao hiem|xay dung|vay von|chinh sach|(mat|cup) (dien|nuoc)|o ga"
    "|duong (lang|hong|xau)|bien bao|den (duong|giao thong)|nghia vu quan su|hoc vien|tuyen (sinh|dung)|thi vao"
    "|(phat|bi phat) (bao nhieu|khong|the nao|may)|mua ban nha|xe buyt|thoi tiet|giay phep kinh doanh|ho ngheo"
    "|bhyt|bhxh|tro cap|dam cuoi|trich luc|chung thuc|dat dai"
)
PLAIN = {
    "genuine": "(co phai|la) (cua )?(cong an|can bo|canh sat) that( su)?( khong)?|cong an (that|gia) hay (that|gia)"
    "|(trang|zalo|oa|tai khoan|so) (nay|do) (co )?(phai )?(la )?(cua |chinh thuc |that )*(cong an|that|gia|chinh thuc)"
    "|(that hay gia|gia hay that)( vay| a| ha)?$|(kiem tra|ma) can bo",
    "on_duty": "ai (dang )?truc(?! tiep| tuyen)( ban)?|(can bo|dong chi|anh) nao (dang )?truc(?! tiep| tuyen)"
    "|truc (hom nay|toi nay|bay gio) la ai",
    "news": "tin an ninh|diem tin|(?<!thong )tin (tuc )?moi( nhat)?|(co )?((?<!thong )tin|thong bao) gi moi"
    "|(?<!thong )tin hom nay",
}
"""Asked in so few words that nothing else can be meant."""
FEW = 10
_plain = {name: re.compile(rf"\b({words})\b") for name, words in PLAIN.items()}
_cues = {topic: re.compile(rf"\b({words})\b") for topic, words in CUES.items()}
_elsewhere = re.compile(rf"\b({ELSEWHERE})\b")
_NOT_A_NUMBER = re.compile(r"\b(doi|thay|cap nhat|mat|sai|chinh) (so )?(so dien thoai|dien thoai|sim)\b")
_IN_GREETINGS = (
    "a ad ah alo anh bac ban biet buoi cac cam can cau chao chi chieu chu co con da dang day duoc em gi giup "
    "hay hello helo hi hieu ho hoi khoe kinh la lam lanh lun luon mai may minh moi muon nay ngay nghe nghen nha "
    "nhe nhiet nhieu nhiu nho oi ok oke okie on qua r rat roi sang tam thank thanks thay them thi thoai tiep "
    "tinh toi tot tro trua tu van vang vay ve voi vui xin xong y yeu"
)
_POLITE = "alo cam chao da hello helo hi ok oke okie thanh thank thanks vang"
_greeting, _polite = frozenset(_IN_GREETINGS.split()), frozenset(_POLITE.split())


def topic(text: str) -> str:
    """The topic of ``CUES``, "greeting_thanks", or "" when it may be a procedure."""
    plain = spelled_out(text)
    words = set(plain.split())
    if not words or (words & _polite and words <= _greeting):
        return "greeting_thanks"
    if _NOT_A_NUMBER.search(plain):
        return ""
    return next((name for name, cue in _cues.items() if cue.search(plain)), "")


def heard(text: str) -> list[str]:
    """Every topic with a cue in it, whichever comes first."""
    plain = spelled_out(text)
    return [name for name, cue in _cues.items() if cue.search(plain)]


def plainly(text: str) -> str:
    """A topic of ``PLAIN``, or ""."""
    words = spelled_out(text)
    if len(words.split()) > FEW:
        return ""
    return next((name for name, cue in _plain.items() if cue.search(words)), "")


def is_thanks(text: str) -> bool:
    """Thanks, "ok", an emoji: nothing is asked."""
    return not re.search(r"\b(chao|alo|hello|helo|hi|oi|tu van|hoi|giup)\b", fold(text))


def is_booking(text: str) -> bool:
    return bool(re.search(r"\b(lich|hen|dat (so|cho)|tan nha|tai nha|luu dong)\b", fold(text)))


def is_elsewhere(text: str) -> bool:
    return bool(_elsewhere.search(spelled_out(text)))

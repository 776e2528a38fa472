"""How Vietnamese is really typed: without marks, in abbreviations, by ear. One folding for matching and searching."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import filterfalse


def unmarked(text: str) -> str:
    """Lower case without marks; everything else stays."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(filterfalse(unicodedata.combining, plain))


def fold(text: str) -> str:
    """Lower case without marks, as people type in a hurry: "Cứu!" and "cuu" are one word."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", unmarked(text)).split())


# What is typed -> what is meant, folded. Only what has one likely meaning in a letter to the police: "hong" without a
# mark may be "không" or "hỏng", "ca" may be "cả", so they are not here.
_SHORT = {
    "ad": "",
    "k": "khong", "ko": "khong", "kg": "khong", "kh": "khong", "khg": "khong", "hok": "khong", "hông": "khong",
    "hổng": "khong", "hog": "khong", "dc": "duoc", "dk": "dang ky", "dki": "dang ky", "dky": "dang ky",
    "dkx": "dang ky xe", "dktt": "dang ky tam tru", "lm": "lam", "ntn": "the nao", "r": "roi", "h": "gio", "j": "gi",
    "z": "vay", "v": "vay", "bn": "bao nhieu", "bnh": "bao nhieu", "cx": "cung", "vs": "voi", "ms": "moi",
    "ng": "nguoi", "ngta": "nguoi ta", "nc": "nuoc", "onl": "online", "mk": "mat khau", "tk": "tai khoan",
    "sdt": "so dien thoai", "dt": "dien thoai", "cax": "cong an xa", "cskv": "canh sat khu vuc",
    "cccd": "can cuoc", "cc": "can cuoc", "cmnd": "chung minh nhan dan", "cmt": "chung minh nhan dan",
    "cmtnd": "chung minh nhan dan", "gplx": "giay phep lai xe", "blx": "bang lai xe", "dddt": "dinh danh dien tu",
    "lltp": "ly lich tu phap", "syll": "so yeu ly lich", "ll": "ly lich", "cavet": "ca vet", "passport": "ho chieu",
    "hk": "ho khau", "antt": "an ninh trat tu", "tt": "tam tru", "ttru": "tam tru", "hs": "ho so", "gt": "giay to",
    "sv": "sinh vien", "kcn": "khu cong nghiep", "xkld": "xuat khau lao dong", "sk": "suc khoe", "fb": "facebook",
    "tui": "toi", "tr": "trieu", "oto": "o to", "vnied": "vneid", "vneld": "vneid", "rùi": "roi", "oài": "roi",
    "hư": "hong", "hu": "hong", "rớt": "mat", "rot": "mat", "bóp": "vi",
}  # fmt: skip
_AGE = re.compile(r"\b(\d{1,2}) ?(?:t|tuoi)\b")


@lru_cache(maxsize=2)  # several rules ask about the same message, one after the other
def spelled_out(text: str) -> str:
    """Folded, with abbreviations written out and "5t" as "5 tuoi". The same for what is asked and what is known."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text.lower()))
    # A word typed with a mark is never an abbreviation of one without: "hỏng" is not "hong".
    full = (_SHORT[word] if word in _SHORT else _plain(word) for word in words)
    return " ".join(_AGE.sub(r"\1 tuoi", fold(" ".join(full))).split())


def _plain(word: str) -> str:
    plain = word.replace("đ", "d")
    return _SHORT.get(plain, word) if plain.isascii() else word

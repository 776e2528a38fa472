"""What an entry of a file says besides the Vietnamese text: translations, and which files are attached, by title.

The bytes of a file do not travel. A key that is there says all there is; without it the version keeps what it has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from procedures import languages

SAID = ("title", "kind", "name", "size")


class Problem(NamedTuple):
    place: str  # "Trang Lệ phí, dòng 7, Số tiền (đồng)"
    words: str


def at(place: str, what: Any) -> str:
    return _("%(place)s, %(what)s") % {"place": place, "what": what}


def out(content: Mapping[str, Any]) -> dict[str, Any]:
    files = [{name: one.get(name) for name in SAID} for one in content.get("files") or []]
    return {"languages": languages.written(content), "files": files}


def wrong(row: Mapping[str, Any], content: Mapping[str, Any], place: str) -> Iterator[Problem]:
    """``content``: of the version the entry would be written on."""
    spoken = row.get("languages") or {}
    for code, sentence in languages.complaints(spoken):
        yield Problem(spoken[code].get("_at") or at(place, "languages") if code else at(place, "languages"), sentence)
    if not isinstance(row.get("files") or [], list):
        yield Problem(at(place, "files"), _("Ghi thành danh sách."))
        return
    for number, (one, file) in enumerate(_matched(row, content), 1):
        if file is None:
            where = one.get("_at") if isinstance(one, dict) else ""
            said = _(
                "Thủ tục này không đính tệp “%(title)s”. Đính tệp ở trang bản soạn; ở đây chỉ xếp lại hoặc bỏ bớt."
            )
            yield Problem(where or f"{at(place, 'files')} {number}", said % {"title": _title(one)})


def uneven(row: Mapping[str, Any], name: str, before: Mapping[str, Any], after: Mapping[str, Any], place: str) -> Any:
    """What is wrong with translations of the entry that say to follow the Vietnamese and leave a part of it out."""
    known, now = languages.written(before), languages.digest(name, after)
    spoken: dict[str, Any] = row.get("languages") or {}
    for code, words in languages.written(after).items():
        if code in spoken and words != known.get(code) and words["base"] == now:
            for sentence in languages.uneven(after, words).values():
                yield Problem(spoken[code].get("_at") or at(place, languages.OTHERS[code].title), sentence)


def taken_out(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Files and translations a content loses, as people call them."""
    left, lost = [one.get("id") for one in after.get("files") or []], []
    for file in before.get("files") or []:
        if file.get("id") not in left:
            lost.append(_("tệp “%(title)s”") % {"title": file.get("title")})
    gone = languages.written(before).keys() - languages.written(after).keys()
    return lost + [one.title for code, one in languages.OTHERS.items() if code in gone]


def older(said: Any, published: list[int]) -> str:
    """That the entry went out before the text citizens have now: what was mended since would be taken back."""
    if not re.fullmatch(r"\d{1,5}", str(said or "")) or not published or int(said) >= published[0]:
        return ""
    return _("tệp xuất từ bản %(n)s, nay đang công bố bản %(now)s") % {"n": said, "now": published[0]}


def merged(row: Mapping[str, Any], name: str, content: dict[str, Any]) -> dict[str, Any]:
    """The content with what the entry says; there is nothing wrong with it."""
    if isinstance(spoken := row.get("languages"), dict):
        gone: dict[str, Any] = {code: {} for code in languages.written(content) if code not in spoken}
        content = languages.brought_in(name, content, gone | spoken)
    if row.get("files") is not None:
        files = [file for _one, file in _matched(row, content)]
        if files != (content.get("files") or []):
            content = content | {"files": files}
    return content


def _matched(row: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[tuple[Any, dict[str, Any] | None]]:
    """Each file the entry names with the one that is attached; of two with one title the first comes first."""
    left = list(content.get("files") or [])
    for one in row.get("files") or []:
        file = next((file for file in left if file["title"] == _title(one)), None)
        if file is not None:
            left.remove(file)
        yield one, file


def _title(one: Any) -> str:
    return str((one.get("title") if isinstance(one, dict) else one) or "")[:160]

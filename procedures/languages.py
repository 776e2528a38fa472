"""A procedure's words in other languages (feature N4): written by an editor, kept and reviewed with the version.

Words only. Amounts, days, opening hours and addresses come from the record in every language, so that no translation
can go on saying an old number. ``content["languages"]`` is ``{"km": {"name", "papers", "where", "steps", "note",
"cases", "base"}}``: papers, steps and notes one a line; ``cases`` says the cases of a fee, by their Vietnamese words;
``base`` is a digest of the Vietnamese the translation was written to."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from procedures.models import LanguageChoice
from zalopolice import crypto
from zalopolice import written as written_out
from zalopolice.gateway.models import Citizen

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from procedures.catalogue import Entry

VIETNAMESE = "vi"
FIELDS = ("name", "papers", "where", "steps", "note")
PLACES = ("documents", "where", "steps", "notes_vi")
"""Of the content, which a translation may leave in Vietnamese."""
COUNTED = {"papers": "documents", "steps": "steps"}
LONGEST = 3000


@dataclass(frozen=True)
class Language:
    code: str  # BCP 47, as in ``lang`` of a page
    own: str  # its name in itself
    name: Any
    asked: tuple[str, ...]  # what people ask for it by, folded; no everyday word ("cam", "hoa") stands alone
    rest: str = ""  # in itself: what is not translated is Vietnamese

    @property
    def title(self) -> str:
        return _("Bản dịch %(language)s") % {"language": self.name}


LANGUAGES = {
    language.code: language
    for language in (
        Language("vi", "Tiếng Việt", _lazy("tiếng Việt"), ("tieng viet", "viet nam", "vietnamese")),
        Language(
            "en",
            "English",
            _lazy("tiếng Anh"),
            ("tieng anh", "english", "in english"),
            "Parts that are not translated are in Vietnamese.",
        ),
        Language(
            "km",
            "ភាសាខ្មែរ",
            _lazy("tiếng Khmer"),
            ("tieng khmer", "khmer", "tieng kho me", "kho me"),
            "ផ្នែកដែលមិនទាន់បានបកប្រែ គឺជាភាសាវៀតណាម។",
        ),
        Language("zh", "中文", _lazy("tiếng Hoa"), ("tieng hoa", "tieng trung", "tieng trung quoc", "chinese")),
        Language("tyz", "Tày", _lazy("tiếng Tày"), ("tieng tay",)),
        Language("hmn", "Hmôngz", _lazy("tiếng H’Mông"), ("tieng h mong", "tieng hmong", "tieng mong", "hmong")),
        Language("cjm", "Cam", _lazy("tiếng Chăm"), ("tieng cham",)),
        Language("rad", "Êđê", _lazy("tiếng Ê Đê"), ("tieng e de", "tieng ede", "ede", "e de")),
        Language("jra", "Jrai", _lazy("tiếng Gia Rai"), ("tieng gia rai", "tieng jrai", "jrai")),
    )
}
"""Fixed: another code is refused wherever one is taken."""
OTHERS = {code: language for code, language in LANGUAGES.items() if code != VIETNAMESE}
_MONEY = re.compile(r"\d{1,3}(?:[.,  ]\d{3})+(?!\d)|\d\s?(?:đ|₫|đồng|vnd|vnđ|dong|k|៛|រៀល|ដុង|越南盾|盾|元)(?!\w)", re.I)


# --- the words of a version ------------------------------------------------------------------------------------------


def digest(name: str, content: Mapping[str, Any]) -> str:
    """Of the Vietnamese a translation repeats. What comes from the record in every language is left out."""
    papers = [[row.get(key) or "" for key in ("name_vi", "copies", "form_code", "note")] for row in _papers(content)]
    words = [name, content.get("where") or "", papers, content.get("steps") or [], content.get("notes_vi") or []]
    return hashlib.sha256(json.dumps(words, ensure_ascii=False).encode()).hexdigest()[:16]


def written(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The translations there are, in the order of the table."""
    kept = content.get("languages") or {}
    return {code: kept[code] for code in OTHERS if kept.get(code)}


def lags(name: str, content: Mapping[str, Any], code: str) -> bool:
    """The Vietnamese has changed since this was written, or says more than this does."""
    words = written(content)[code]
    return bool(words.get("base") != digest(name, content) or uneven(content, words))


def uneven(content: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, str]:
    """Papers and steps that are not line for line the Vietnamese ones: one of them would be lost. By field."""
    found = {}
    for field, key in COUNTED.items():
        lines, rows = (words.get(field) or "").splitlines(), content.get(key) or []
        if lines and len(lines) != len(rows):
            said = _("Bản tiếng Việt có %(n)s dòng, ở đây có %(here)s. Ghi đủ từng dòng như bản tiếng Việt.")
            found[field] = said % {"n": len(rows), "here": len(lines)}
    return found


def wrong(code: str, words: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with a translation, by field or case of a fee; "" is the language itself. Also for an import."""
    if code not in OTHERS:
        return {"": _("Không có mã ngôn ngữ “%(code)s”.") % {"code": code}}
    found = {}
    if not words.get("name"):
        found["name"] = _("Ghi tên thủ tục bằng tiếng này.")
    said = {field: words.get(field) or "" for field in FIELDS} | (words.get("cases") or {})
    for place, text in said.items():
        if _MONEY.search(text):
            found[place] = _("Bỏ số tiền ở đây: lệ phí luôn lấy từ phần lệ phí của thủ tục.")
    return found


def complaints(given: Any) -> list[tuple[str, str]]:
    """What is wrong with the translations of a file, by language; "" is the whole."""
    if not isinstance(given, dict) or not all(_is_translation(words) for words in given.values()):
        return [("", _("Ghi mỗi ngôn ngữ thành một nhóm: name, papers, where, steps, note, cases."))]
    found = [(code, sentence) for code, words in given.items() for sentence in _sentences(code, words)]
    return list(dict.fromkeys(found))


def _sentences(code: str, words: Mapping[str, Any]) -> list[str]:
    texts = [words.get(name) or "" for name in FIELDS] + list((words.get("cases") or {}).values())
    if any(len(text) > LONGEST for text in texts):
        return [_("Một phần dài quá %(most)s ký tự; viết gọn lại.") % {"most": LONGEST}]
    return list(wrong(code, words).values()) if any(texts) or code not in OTHERS else []  # empty: taken out


def _is_translation(words: Any) -> bool:
    if not isinstance(words, dict):
        return False
    cases = words.get("cases") or {}
    if not isinstance(cases, dict):
        return False
    texts = [words.get(name) or "" for name in (*FIELDS, "base")] + list(cases.values())
    return all(isinstance(text, str) for text in texts)


def brought_in(name: str, content: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The content with the translations of a file; one that does not say to which Vietnamese it was written follows."""
    for code, words in given.items():
        words = {key: _tidy(value) if key in FIELDS else value for key, value in words.items()}
        content = with_translation(name, content, code, words, words.get("base") or "")
    return dict(content)


def _tidy(text: str | None) -> str:
    """One thing a line, as the editors' page keeps it; else a file would differ from what it was made of."""
    return "\n".join(filter(None, map(str.strip, (text or "").splitlines())))


def with_translation(
    name: str, content: Mapping[str, Any], code: str, words: Mapping[str, Any], base: str = ""
) -> dict[str, Any]:
    """The content with this translation in place of the one before; without words the language is taken out.

    ``base``: of the Vietnamese it was written to, when that is not the one of now."""
    kept = {one: said for one, said in (content.get("languages") or {}).items() if one != code}
    said = {key: value for key, value in words.items() if value and key in (*FIELDS, "cases")}
    if said:
        kept[code] = said | {"base": base or digest(name, content)}
    return {**content, "languages": kept}


def lines(name: str, content: Mapping[str, Any], code: str) -> list[str]:
    """A translation as a difference between versions shows it."""
    words = written(content).get(code)
    if words is None:
        return []
    found = [line for field in FIELDS for line in (words.get(field) or "").splitlines()]
    found += [f"{case} → {said}" for case, said in (words.get("cases") or {}).items()]
    return [*found, *([_("Chưa theo kịp bản tiếng Việt")] if lags(name, content, code) else [])]


def translated(entry: Entry, code: str) -> Entry:
    """The entry with the words of another language in the places of the Vietnamese ones; what has none stays."""
    words = written(entry.content).get(code)
    if code == VIETNAMESE or words is None:
        return replace(entry, wanted=code)
    content, late, lost = entry.content, lags(entry.name, entry.content, code), uneven(entry.content, words)
    named = [{"code": row["form_code"], "name_vi": row["name_vi"]} for row in _papers(content) if row.get("form_code")]
    said: dict[str, Any] = {"fee": [_fee(row, words.get("cases") or {}) for row in content.get("fee") or []]}
    said["forms"] = content.get("forms") or named  # those a translated paper may no longer name
    if words.get("papers") and "papers" not in lost:
        exact = words.get("base") == digest(entry.name, content)
        said["documents"] = _translated_papers(_papers(content), words["papers"].splitlines(), exact=exact)
    for field, place in (("steps", "steps"), ("note", "notes_vi")):
        if words.get(field) and field not in lost:
            said[place] = words[field].splitlines()
    if words.get("where"):
        said["where"] = words["where"]
    said["vietnamese"] = [place for place in PLACES if place not in said]
    return replace(entry, name=words["name"], content={**content, **said}, language=code, wanted=code, lags=late)


def _papers(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    return content.get("documents") or []


def _translated_papers(rows: list[dict[str, Any]], lines: list[str], *, exact: bool) -> list[dict[str, Any]]:
    """Copies and form codes stay the record's where line for line says the same papers."""
    if exact:
        return [{**row, "name_vi": line, "note": None} for row, line in zip(rows, lines, strict=True)]
    return [{"name_vi": line} for line in lines]


def _fee(row: Mapping[str, Any], cases: Mapping[str, str]) -> dict[str, Any]:
    """The Vietnamese case stays: which amount holds today is read from it (``fees.py``)."""
    case = row.get("case") or ""
    return {**row, "said": cases.get(case) or ""}


# --- what a citizen has chosen ---------------------------------------------------------------------------------------


def of(citizen: Citizen) -> str:
    """The language this citizen has chosen, else Vietnamese; a choice nobody can open must keep no message waiting."""
    chosen = written_out.first(LanguageChoice, "WHERE citizen_id = %s", citizen.pk)
    try:
        return chosen.code if chosen is not None and chosen.code in LANGUAGES else VIETNAMESE
    except crypto.CannotOpen:
        log.warning("language of a citizen not read")
        return VIETNAMESE


def keep(citizen: Citizen, code: str) -> None:
    """From now on. Vietnamese is no choice: nothing is kept of who came back to it."""
    if code not in LANGUAGES:
        raise ValueError(code)
    LanguageChoice.objects.filter(citizen=citizen).delete()
    if code != VIETNAMESE:
        LanguageChoice.objects.create(unit_id=citizen.unit_id, citizen=citizen, code=code)

"""What changed from one version to the next, section by section, in words rather than keys."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.utils.translation import gettext as _

from procedures import languages, sheet
from procedures.models import UnitOverride, Version


@dataclass(frozen=True)
class Piece:
    kind: str  # same, added, removed
    text: str


@dataclass(frozen=True)
class Section:
    title: str
    pieces: list[Piece]

    @property
    def changed(self) -> bool:
        return any(piece.kind != "same" for piece in self.pieces)


def between(before: Version, after: Version) -> list[Section]:
    """Every section that differs; lines that did not change stand between those that did."""
    old, new = _lines(before), _lines(after)
    sections = [Section(title, _pieces(old[title], new[title])) for title in new]
    return [section for section in sections if section.changed]


def of_fees(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Amounts that change, by case."""
    old, new = (
        {", ".join(_some(fee.case, fee.term)): fee.amount for fee in sheet.fees(one)} for one in (before, after)
    )
    return [
        f"{case}: {old.get(case, _('(chưa có)'))} → {new.get(case, _('(bỏ)'))}"
        for case in dict.fromkeys([*old, *new])
        if old.get(case) != new.get(case)
    ]


def of_place(usual: sheet.Place, own: UnitOverride) -> list[Section]:
    """What a unit says of its own beside what its office says for every procedure."""
    pairs = (
        (_("Giờ nhận hồ sơ"), list(usual.hours), own.hours),
        (_("Nơi nhận hồ sơ"), _some(usual.address), own.address),
        (_("Người liên hệ"), _some(usual.contact), own.contact),
    )
    return [Section(title, _pieces(before, [said])) for title, before, said in pairs if said and before != [said]]


def _pieces(old: list[str], new: list[str]) -> list[Piece]:
    pieces: list[Piece] = []
    for act, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if act == "equal":
            pieces += [Piece("same", line) for line in old[a:b]]
        else:
            pieces += [Piece("removed", line) for line in old[a:b]] + [Piece("added", line) for line in new[c:d]]
    return pieces


def _lines(version: Version) -> dict[str, list[str]]:
    content: dict[str, Any] = version.content
    time = content.get("processing_time") or {}
    checked, due = (f"{day:%d/%m/%Y}" if day else "" for day in (version.checked_on, version.review_due))
    return {
        _("Tên thủ tục"): [version.name],
        _("Ai được làm"): _some(content.get("who_can_apply")),
        _("Nơi nộp"): _some(content.get("where")),
        _("Thời gian giải quyết"): _some(time.get("text")),
        _("Giấy tờ cần mang"): [_paper(row) for row in content.get("documents") or []],
        _("Lệ phí"): [" · ".join(_some(fee.amount, fee.case, fee.term)) for fee in sheet.fees(content)],
        _("Các bước"): list(content.get("steps") or []),
        _("Kết quả"): _some(content.get("result_vi")),
        _("Lưu ý"): list(content.get("notes_vi") or []),
        _("Căn cứ pháp lý"): [_law(law) for law in sheet.laws(content)],
        _("Đối chiếu với văn bản mới"): [
            _("%(number)s → %(changed_by)s: đã đối chiếu, không phải sửa") % one
            for one in content.get("laws_checked") or []
        ],
        _("Biểu mẫu"): [" · ".join(_some(row.get("code"), row.get("name_vi"))) for row in content.get("forms") or []],
        _("Tên cũ"): _some(version.replaced_by, content.get("explanation")),
        _("Người dân hay gọi là"): list(version.synonyms),
        _("Nguồn"): list(version.sources),
        _("Tệp đính kèm"): [" · ".join(_some(one["title"], one["name"])) for one in content.get("files") or []],
        _("Xem lại trước ngày"): _some(due),
        _("Đối chiếu văn bản ngày"): _some(checked),
        **{str(one.title): languages.lines(version.name, content, code) for code, one in languages.OTHERS.items()},
    }


def _some(*values: str | None) -> list[str]:
    return [value for value in values if value]


def _paper(row: dict[str, Any]) -> str:
    copies = _("%(n)s bản") % {"n": row["copies"]} if row.get("copies") else ""
    return " · ".join(_some(row.get("name_vi"), row.get("form_code"), copies, row.get("note")))


def _law(law: sheet.Law) -> str:
    since = _("hiệu lực từ %(day)s") % {"day": f"{law.effective:%d/%m/%Y}"} if law.effective else ""
    return " · ".join(_some(law.name, law.number, since))

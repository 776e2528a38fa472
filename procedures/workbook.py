"""The catalogue as an Excel workbook: a page of procedures, and pages of what each has many of: papers, fees, laws,
forms, translations, attached files.

The library is loaded when somebody asks for a workbook: no other page needs its ten megabytes.
What is uploaded is a ZIP of XML, so it is weighed before it is opened and read no further than a catalogue goes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from procedures import cells, exchange, forms, languages
from procedures.carried import Problem, at
from procedures.exchange import Unreadable

UNPACKED = 20 * 1024 * 1024  # bytes of XML
PARTS = 200  # files in the ZIP; ours have about fifteen
COLUMNS = 40
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # what XML cannot carry
SLUG = _lazy("Tên trong địa chỉ trang")


class Column(NamedTuple):
    label: Any
    key: str  # of the entry; "processing_time.days" is one level down
    kind: str = ""  # "lines": a list, one thing a line; "yes": ticked or not; "told": for the reader, never read again
    width: int = 24


MAIN = (
    Column(SLUG, "slug"),
    Column(_lazy("Mã thủ tục quốc gia"), "code", width=12),
    Column(_lazy("Lĩnh vực"), "field"),
    Column(_lazy("Thứ tự"), "position", width=8),
    Column(_lazy("Tên thủ tục"), "name_vi", width=36),
    Column(_lazy("Ai được làm"), "who_can_apply", width=40),
    Column(_lazy("Nơi nộp"), "where", width=40),
    Column(_lazy("Thời gian giải quyết"), "processing_time.text", width=32),
    Column(_lazy("Số ngày"), "processing_time.days", width=8),
    Column(_lazy("Ngày làm việc"), "processing_time.working_days", "yes", 8),
    Column(_lazy("Các bước (mỗi dòng một bước)"), "steps", "lines", 48),
    Column(_lazy("Kết quả"), "result_vi", width=32),
    Column(_lazy("Lưu ý (mỗi dòng một ý)"), "notes_vi", "lines", 48),
    Column(_lazy("Người dân hay gọi là (mỗi dòng một cách)"), "synonyms_vi", "lines", 36),
    Column(_lazy("Tên cũ: nay làm thủ tục nào"), "redirect_slug"),
    Column(_lazy("Tên cũ: giải thích"), "explanation", width=36),
    Column(_lazy("Nguồn (mỗi dòng một địa chỉ)"), "sources", "lines", 36),
    Column(_lazy("Đối chiếu văn bản ngày"), "checked_on", width=14),
    Column(_lazy("Xem lại trước ngày"), "review_due", width=14),
    Column(_lazy("Độ chắc"), "confidence", width=8),
    Column(_lazy("Bản"), "number", "told", 6),
    Column(_lazy("Thẩm định"), "is_reviewed", "told", 16),
)
KINDS = {name: value for name, value in forms.KINDS.items() if name != "steps"}
CODE = Column(_lazy("Mã tiếng"), "code", "text", 10)
MORE = {
    "languages": (
        _lazy("Bản dịch"),
        (
            Column(SLUG, "slug"),
            CODE,
            Column(_lazy("Tiếng"), "tongue", "told", 14),
            Column(_lazy("Tên thủ tục"), "name", "text", 36),
            Column(_lazy("Giấy tờ cần mang (mỗi dòng một loại)"), "papers", "text", 40),
            Column(_lazy("Nơi nộp"), "where", "text", 36),
            Column(_lazy("Các bước (mỗi dòng một bước)"), "steps", "text", 48),
            Column(_lazy("Lưu ý (mỗi dòng một ý)"), "note", "text", 40),
            Column(_lazy("Dịch theo bản (xóa ô này khi đã sửa theo bản tiếng Việt mới)"), "base", "text", 20),
        ),
    ),
    "cases": (
        _lazy("Bản dịch lệ phí"),
        (Column(SLUG, "slug"), CODE, Column(_lazy("Trường hợp"), "case", "text", 40),
         Column(_lazy("Bản dịch"), "said", "text", 40)),
    ),
    "files": (
        _lazy("Tệp đính kèm"),
        (Column(SLUG, "slug"), Column(_lazy("Tên người dân thấy"), "title", "text", 40),
         Column(_lazy("Tên tệp"), "name", "told", 28)),
    ),
}  # fmt: skip
"""A workbook without these pages leaves what there is; the two of the translations go together."""


def _pages() -> dict[str, tuple[str, list[Column]]]:
    """Kind: title of its page and its columns, in Vietnamese whatever the editor reads; "" is the main page."""
    with translation.override(settings.LANGUAGE_CODE):
        pages = {"": (_("Thủ tục"), list(MAIN))}
        for name, (form, label, _hint) in KINDS.items():
            fields = [Column(str(field.label), key, width=28) for key, field in form.base_fields.items()]
            pages[name] = (str(label), [Column(str(SLUG), "slug"), *fields])
        return {
            name: (str(title), [column._replace(label=str(column.label)) for column in columns])
            for name, (title, columns) in (pages | MORE).items()
        }


# --- out -------------------------------------------------------------------------------------------------------------


def write(entries: list[dict[str, Any]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for kind, (title, columns) in _pages().items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "B2"
        rows = entries if not kind else [one | {"slug": row["slug"]} for row in entries for one in _many(row, kind)]
        for place, column in enumerate(columns, 1):
            sheet.column_dimensions[sheet.cell(1, place).column_letter].width = column.width
            _put(sheet.cell(1, place), column.label, bold=True)
            for line, row in enumerate(rows, 2):
                _put(sheet.cell(line, place), _shown(row, column))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _many(row: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """What an entry has of a kind; translations stand by their language in it."""
    spoken = row["languages"].items()
    if kind == "languages":
        return [words | {"code": code, "tongue": str(languages.OTHERS[code].name)} for code, words in spoken]
    if kind == "cases":
        pairs = [(code, pair) for code, words in spoken for pair in (words.get("cases") or {}).items()]
        return [{"code": code, "case": case, "said": said} for code, (case, said) in pairs]
    return row[kind] or []


def _put(cell: Any, value: Any, *, bold: bool = False) -> None:
    """Text stays text: what begins with "=" would be a formula on the reader's machine."""
    from openpyxl.styles import Alignment, Font

    cell.alignment, cell.font = Alignment(wrap_text=True, vertical="top"), Font(bold=bold)
    if isinstance(value, str):
        cell.value, cell.number_format, cell.data_type = _UNPRINTABLE.sub("", value), "@", "s"
    else:
        cell.value = value
        cell.number_format = "dd/mm/yyyy" if isinstance(value, date) else "General"


def _shown(row: Mapping[str, Any], column: Column) -> Any:
    outer, _dot, inner = column.key.partition(".")
    value = (row.get(outer) or {}).get(inner) if inner else row.get(outer)
    if column.key == "is_reviewed":
        return _("đã thẩm định") if value else _("chưa thẩm định")
    if column.kind == "lines":
        return "\n".join(" ".join(str(one).split()) for one in value or [])
    if column.kind == "yes":
        return "x" if value else None
    return _day(value) if column.key.startswith(("valid_", "effective_")) else value


def _day(value: Any) -> Any:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return value


# --- in --------------------------------------------------------------------------------------------------------------


def read(data: bytes) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Entries in the shape of ``exchange``; ``_at`` says in which line each stood. And what is wrong in itself: lines
    that belong to none, cells whose formula failed."""
    from openpyxl import load_workbook

    _weigh(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        pages = _pages()
        for part in (("languages", "cases"), ("files",)):
            if not any(pages[kind][0] in book.sheetnames for kind in part):
                pages = {kind: page for kind, page in pages.items() if kind not in part}
        lost: list[Problem] = []
        found = {kind: list(_rows(book, title, columns, kind, lost)) for kind, (title, columns) in pages.items()}
    except Unreadable:
        raise
    except Exception:  # the library says "not a workbook" in a dozen ways
        raise Unreadable(_("Tệp này không phải Excel (.xlsx) đọc được.")) from None
    entries = found.pop("")
    by_slug: dict[Any, dict[str, Any]] = {}
    for entry in entries:
        entry |= {kind: {} if kind == "languages" else [] for kind in found if kind != "cases"}
        by_slug.setdefault(entry["slug"], entry)
    for kind, rows in found.items():
        for row in rows:
            owner = by_slug.get(row["slug"])
            said = _("Trang đầu không có thủ tục “%(slug)s”.") % {"slug": row["slug"] or ""}
            if owner is not None:
                said = _add(owner, kind, row)
            if said:
                lost.append(Problem(row["_at"], said))
    return entries, lost


def _add(owner: dict[str, Any], kind: str, row: dict[str, Any]) -> str:
    """Puts a line where it belongs; why it belongs nowhere, in a sentence, else ""."""
    if kind not in ("languages", "cases"):
        owner[kind].append(row)
        return ""
    code, spoken = row["code"], owner.get("languages", {})
    if kind == "languages":
        if code not in languages.OTHERS:
            return languages.wrong(code, row)[""]
        if code in spoken:
            return _("Thủ tục này có hai dòng mã tiếng “%(code)s”.") % {"code": code}
        spoken[code] = row | {"cases": {}}
    elif code not in spoken:
        return _("Trang Bản dịch không có mã tiếng “%(code)s” của thủ tục này.") % {"code": code}
    else:
        spoken[code]["cases"][row["case"]] = row["said"]
    return ""


def _weigh(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError):
        raise Unreadable(_("Tệp này không phải Excel (.xlsx) đọc được.")) from None
    if len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED:
        raise Unreadable(_("Tệp này mở ra quá lớn nên không đọc. Xóa các trang không dùng rồi lưu lại."))


def _rows(book: Any, title: str, columns: list[Column], kind: str, lost: list[Problem]) -> Iterator[dict[str, Any]]:
    if title not in book.sheetnames:
        raise Unreadable(_("Tệp thiếu trang “%(title)s”. Dùng tệp xuất ra từ trang này làm mẫu.") % {"title": title})
    most = exchange.MOST * (forms.MOST if kind else 1) + 1
    lines = book[title].iter_rows(max_row=most + 1, max_col=COLUMNS, values_only=True)
    order = _order(next(lines, ()), title, columns)
    for number, line in enumerate(lines, 2):
        if not any(value not in (None, "") for value in line):
            continue
        if number > most:
            raise Unreadable(_("Trang “%(title)s” có quá %(most)s dòng.") % {"title": title, "most": most - 1})
        place = _("Trang %(title)s, dòng %(n)s") % {"title": title, "n": number}
        lost += _failed(line, order, place)
        yield _row(line, order, place)


def _failed(line: tuple[Any, ...], order: Mapping[int, Column], place: str) -> Iterator[Problem]:
    said = _("Công thức ở ô này lỗi (%(error)s). Sửa ô đó trong Excel rồi lưu lại.")
    for number, column in order.items():
        if number < len(line) and line[number] in cells.FAILED:
            yield Problem(at(place, column.label), said % {"error": line[number]})


def _order(heads: tuple[Any, ...], title: str, columns: list[Column]) -> dict[int, Column]:
    """Columns are known by what stands above them, in any order; one that nobody knows would be lost unseen."""
    labels = {column.label: column for column in columns}
    found = {}
    for place, head in enumerate(heads):
        said = " ".join(str(head or "").split())
        if said and said not in labels:
            raise Unreadable(_("Trang “%(title)s” có cột lạ “%(head)s”.") % {"title": title, "head": said[:60]})
        if said:
            found[place] = labels[said]
    for column in columns:
        if column.kind != "told" and column not in found.values():
            raise Unreadable(_("Trang “%(title)s” thiếu cột “%(head)s”.") % {"title": title, "head": column.label})
    return found


def _row(line: tuple[Any, ...], order: Mapping[int, Column], at: str) -> dict[str, Any]:
    row: dict[str, Any] = {"_at": at}
    for place, column in order.items():
        value = cells.value(line[place] if place < len(line) else None)
        outer, _dot, inner = column.key.partition(".")
        target = row.setdefault(outer, {}) if inner else row
        target[inner or outer] = cells.READ.get(column.kind, lambda one: one)(value)
    return row

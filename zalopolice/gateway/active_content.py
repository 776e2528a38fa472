"""What a form handed out under the police's name must not carry: what runs, what comes from elsewhere, other files.

A look at the bytes, no virus scanner. Not seen: a picture, a font or a plain page made to break a reader; what stands
behind a link somebody clicks; what a reader finds only by mending a broken file. What cannot be looked through is
refused: a password, an unusual packing, more than is unpacked here."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MEGABYTE = 1024 * 1024
DOCX_MAX, XML_MAX = 60 * MEGABYTE, 16 * MEGABYTE
UNPACKED_MAX, OBJECTS_MAX = 200 * MEGABYTE, 16 * MEGABYTE
"""Of a PDF. A scanned page of 1 MB may be 26 MB of points; only the objects of a document are kept while it is read."""
OPENINGS_MAX, STREAMS_MAX = 20, 20_000

_PARTS = re.compile(r"\.(xml|rels|png|jpe?g|jfif|gif|bmp|tiff?|emf|wmf|wdp|svg|odttf|ttf|psmdcp)$", re.IGNORECASE)
_MACRO = re.compile(r"vba(project|data)|macroenabled|activex", re.IGNORECASE)
_EMBEDDED = re.compile(r"oleobject|/embeddings/|/(package|control|aFChunk|subDocument|frame)$", re.IGNORECASE)
_LINK = re.compile(r"(https?://|mailto:|tel:|#)", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|[\\/]{2}", re.IGNORECASE)
_STARTS = re.compile(r"\bDDE(AUTO)?\b", re.IGNORECASE)
_FETCHES = re.compile(r"\bINCLUDE(TEXT|PICTURE)\b", re.IGNORECASE)

_END = rb"(?![^\s\0/<>\[\](){}%])"
_RUNS = re.compile(
    rb"/(?:JavaScript|Launch|SubmitForm|ImportData|Rendition|GoToR|GoToE)" + _END
    + rb"|/AA[\s\0]*(?:<<|\d+\s+\d+\s+R)|/XFA[\s\0]*(?:\[|<<|\d+\s+\d+\s+R)"
)  # fmt: skip
_ATTACHED = re.compile(rb"/(?:EmbeddedFiles?|RichMedia\w*|FileAttachment)" + _END)
_LOCKED = re.compile(rb"/Encrypt" + _END)
_OPENING = re.compile(rb"/OpenAction[\s\0]*(?:(\[)|(\d{1,10})[\s\0]+\d+[\s\0]+R|(<<))?")
_ACTION = re.compile(rb"/S[\s\0]*/(\w+)")
_FIRST = re.compile(rb"/First[\s\0]+(\d{1,10})")
_FLATE = re.compile(rb"/Filter[\s\0]*(?:/FlateDecode(?=[\s\0/>])|\[[\s\0]*/FlateDecode[\s\0]*\])")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"(?<!end)stream[ \t]*(?:\r\n|\n|\r)?")
_PIECE, _OVERLAP = 8192, 128


class _Packed(NamedTuple):
    first: int  # where the objects begin, behind their numbers and places
    data: bytes


def refuse(content: bytes, true: str) -> None:
    """Raises ValidationError with the sentence for the field. ``true``: pdf or docx; of others nothing is asked."""
    if true == "docx":
        _look_at_docx(content)
    elif true == "pdf":
        _look_at_pdf(content)


def _word_runs() -> ValidationError:
    return ValidationError(_("Tệp Word này có macro hoặc lệnh tự chạy. Lưu lại thành PDF rồi chọn bản PDF."))


def _word_loads() -> ValidationError:
    return ValidationError(_("Tệp Word này lấy nội dung từ nơi khác. Lưu lại thành PDF rồi chọn bản PDF."))


def _word_holds() -> ValidationError:
    return ValidationError(_("Tệp Word này có nhúng tệp khác. Lưu lại thành PDF rồi chọn bản PDF."))


def _word_unread() -> ValidationError:
    return ValidationError(_("Tệp Word này quá lớn hoặc bị hỏng nên không kiểm tra được. Lưu lại thành PDF."))


def _pdf_runs() -> ValidationError:
    return ValidationError(_("Tệp PDF này có lệnh tự chạy. In lại thành PDF mới rồi chọn bản mới."))


def _pdf_holds() -> ValidationError:
    return ValidationError(_("Tệp PDF này có đính kèm tệp khác. In lại thành PDF mới rồi chọn bản mới."))


def _pdf_unread() -> ValidationError:
    return ValidationError(
        _("Tệp PDF này có mật khẩu hoặc nén quá nhiều nên không kiểm tra được. In lại thành PDF mới.")
    )


def _look_at_docx(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            names = [entry.filename.lower() for entry in entries]
            parts = [entry for entry in entries if entry.filename.lower().endswith((".xml", ".rels"))]
            sizes = sum(entry.file_size for entry in entries), sum(entry.file_size for entry in parts)
            if sizes[0] > DOCX_MAX or sizes[1] > XML_MAX or len(set(names)) < len(names):
                raise _word_unread()
            if any(_MACRO.search(name) for name in names):
                raise _word_runs()
            if any(not name.endswith("/") and (_EMBEDDED.search(name) or not _PARTS.search(name)) for name in names):
                raise _word_holds()
            for entry in parts:
                _look_at_part(archive.read(entry))
    except (zipfile.BadZipFile, expat.ExpatError, zlib.error, EOFError, RuntimeError, ValueError, OSError):
        raise _word_unread() from None


def _look_at_part(xml: bytes) -> None:
    """Read by a parser: other encodings and escaped letters hide nothing. Entities are never followed."""
    instructions: list[str] = []
    parser, inside = expat.ParserCreate(), [False]

    def doctype(*_about: object) -> None:
        raise _word_unread()

    def start(tag: str, given: dict[str, str]) -> None:
        inside[0] = tag.endswith("instrText")
        for name, value in given.items():
            if name.endswith("instr"):
                instructions.append(f" {value} ")
        if tag.rpartition(":")[2] == "Relationship":
            _look_at_relationship(given)
        elif _MACRO.search(given.get("ContentType", "")):
            raise _word_runs()

    def words(text: str) -> None:
        if inside[0]:
            instructions.append(text)

    parser.StartDoctypeDeclHandler, parser.StartElementHandler = doctype, start
    parser.CharacterDataHandler = words
    parser.Parse(xml, True)
    fields = "".join(instructions)
    if _STARTS.search(fields):
        raise _word_runs()
    if _FETCHES.search(fields):
        raise _word_loads()


def _look_at_relationship(given: dict[str, str]) -> None:
    kind, target = given.get("Type", "").strip(), given.get("Target", "").strip()
    if _MACRO.search(kind):
        raise _word_runs()
    external = given.get("TargetMode", "").strip().lower() == "external"
    elsewhere = bool(_ELSEWHERE.match(target)) and not (kind.endswith("/hyperlink") and _LINK.match(target))
    if elsewhere or (external and not kind.endswith("/hyperlink")):
        raise _word_loads()
    if _EMBEDDED.search(kind):
        raise _word_holds()


def _look_at_pdf(content: bytes) -> None:
    """The file as it is, and whatever in it is packed with Flate: only a reader knows which streams hold objects."""
    plain = _plain(content)
    _look_at_words(plain)
    if _LOCKED.search(plain):
        raise _pdf_unread()
    left, objects_left, packed = UNPACKED_MAX, OBJECTS_MAX, []
    for number, found in enumerate(_STREAM.finditer(content)):
        if number == STREAMS_MAX:
            raise _pdf_unread()
        head = _plain(content[max(0, found.start() - 1000) : found.start()].rpartition(b"obj")[2])
        holds_objects, kept, last = b"/ObjStm" in head, [], b""
        for piece in _unpacked(memoryview(content)[found.end() :]):
            left, objects_left = left - len(piece), objects_left - len(piece) * holds_objects
            if min(left, objects_left) < 0:
                raise _pdf_unread()
            _look_at_words(_plain(last + piece))
            last = piece[-_OVERLAP:]
            if holds_objects:
                kept.append(piece)
        if holds_objects and _is_readable(head):
            packed.append(_Packed(int((_FIRST.search(head) or [b"", b"0"])[1]), b"".join(kept)))
    if plain.count(b"/ObjStm") > len(packed):
        raise _pdf_unread()  # objects behind a packing that is not looked into
    _look_at_opening(plain, packed)


def _is_readable(head: bytes) -> bool:
    """Packed once, with Flate, or not at all."""
    filters = head.count(b"/Filter")
    return b"/Predictor" not in head and (filters == 0 or (filters == 1 and _FLATE.search(head) is not None))


def _plain(content: bytes) -> bytes:
    """Names may be written with their letters as numbers: /J#61vaScript."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), content) if b"#" in content else content


def _look_at_words(plain: bytes) -> None:
    if _RUNS.search(plain):
        raise _pdf_runs()
    if _ATTACHED.search(plain):
        raise _pdf_holds()


def _unpacked(data: memoryview) -> Iterator[bytes]:
    if len(data) < 2 or data[0] & 15 != 8 or (data[0] << 8 | data[1]) % 31:
        return
    unpacker = zlib.decompressobj()
    for at in range(0, len(data), _PIECE):
        rest = bytes(data[at : at + _PIECE])
        while rest and not unpacker.eof:
            try:
                yield unpacker.decompress(rest, MEGABYTE)
            except zlib.error:
                return
            rest = unpacker.unconsumed_tail
        if unpacker.eof:
            return


def _look_at_opening(plain: bytes, packed: list[_Packed]) -> None:
    """A page to begin with is no harm; anything else that happens by opening is."""
    said = [found for one in (plain, *(_plain(one.data) for one in packed)) for found in _OPENING.finditer(one)]
    if len(said) > OPENINGS_MAX:
        raise _pdf_unread()
    for found in said:
        place, number, inline = found.groups()
        bodies = [b"["] if place else []
        if inline:
            bodies = [found.string[found.start(3) : found.start(3) + 1000].partition(b">>")[0]]
        elif number:
            bodies = list(_defined(int(number), plain, packed))
        if not bodies or not all(map(_only_turns_to_a_page, bodies)):
            raise _pdf_runs()


def _only_turns_to_a_page(body: bytes) -> bool:
    body = body.strip(b" \t\r\n\f\0")
    is_turn = body.startswith(b"<<") and set(_ACTION.findall(body)) == {b"GoTo"} and b"/Next" not in body
    return body.startswith(b"[") or is_turn


def _defined(number: int, plain: bytes, packed: list[_Packed]) -> Iterator[bytes]:
    """What is written under this number: a file that was changed carries more than one."""
    for found in re.finditer(rb"(?<!\d)0*%d[\s\0]+\d+[\s\0]+obj(.*?)(?:endobj|$)" % number, plain, re.DOTALL):
        yield found[1]
    for one in packed:
        numbers = [int(digits) for digits in re.findall(rb"\d{1,10}", one.data[: one.first])]
        places = sorted(numbers[1::2])
        for named, place in zip(numbers[::2], numbers[1::2], strict=False):
            if named == number:
                end = next((other for other in places if other > place), len(one.data))
                yield _plain(one.data[one.first + place : one.first + end])

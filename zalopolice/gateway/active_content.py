"""What a form handed out under the police's name must not carry: what runs, what comes from elsewhere, other files.

A look at the bytes, no virus scanner (of a PDF: ``active_pdf.py``). Not seen: a picture, a font or a plain page made to
break a reader; what stands behind a link somebody clicks; what a reader finds only by mending a broken file. What
cannot be looked through is refused: a password, an unusual packing, more than is unpacked here."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from xml.parsers import expat

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from zalopolice.gateway import active_pdf

MEGABYTE = 1024 * 1024
DOCX_MAX, XML_MAX = 60 * MEGABYTE, 16 * MEGABYTE

_PARTS = re.compile(r"\.(xml|rels|png|jpe?g|jfif|gif|bmp|tiff?|emf|wmf|wdp|svg|odttf|ttf|psmdcp)$", re.IGNORECASE)
_MEDIA = re.compile(r"/media/[^/]+\.(tmp|webp)$", re.IGNORECASE)  # Word's own names for pictures
_PICTURE = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF", b"\1\0\0\0", b"\xd7\xcd\xc6\x9a")
_SIGNED = re.compile(r"^_xmlsignatures/[^/]+\.sigs$", re.IGNORECASE)
_OWN = re.compile(r"(?:(?:file:///)?[a-z]:[\\/](?![\\/])[^:]*|(?:[^\\/:%]|%(?!2f|5c|3a|25|00))+)", re.IGNORECASE)
_MACRO = re.compile(r"vba(project|data)|macroenabled|activex", re.IGNORECASE)
_EMBEDDED = re.compile(r"oleobject|/embeddings/|/(package|control|aFChunk|subDocument|frame)$", re.IGNORECASE)
_LINK = re.compile(r"(https?://|mailto:|tel:|#)", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|[\\/]{2}", re.IGNORECASE)
_STARTS = re.compile(r"\bDDE(AUTO)?\b", re.IGNORECASE)
_FETCHES = re.compile(r"\bINCLUDE(TEXT|PICTURE)\b", re.IGNORECASE)


def refuse(content: bytes, true: str) -> None:
    """Raises ValidationError with the sentence for the field. ``true``: pdf or docx; of others nothing is asked."""
    if true == "docx":
        _look_at_docx(content)
    elif true == "pdf":
        active_pdf.look(content)


def _word_runs() -> ValidationError:
    return ValidationError(_("Tệp Word này có macro hoặc lệnh tự chạy. Lưu lại thành PDF rồi chọn bản PDF."))


def _word_loads() -> ValidationError:
    return ValidationError(_("Tệp Word này lấy nội dung từ nơi khác. Lưu lại thành PDF rồi chọn bản PDF."))


def _word_holds() -> ValidationError:
    return ValidationError(_("Tệp Word này có nhúng tệp khác. Lưu lại thành PDF rồi chọn bản PDF."))


def _word_unread() -> ValidationError:
    return ValidationError(_("Tệp Word này quá lớn hoặc bị hỏng nên không kiểm tra được. Lưu lại thành PDF."))


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
            if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
                raise _word_unread()
            if not all(entry.is_dir() or _is_known(archive, entry) for entry in entries):
                raise _word_holds()
            for entry in parts:
                _look_at_part(archive.read(entry))
    except (zipfile.BadZipFile, expat.ExpatError, zlib.error, EOFError, RuntimeError, ValueError, OSError):
        raise _word_unread() from None


def _is_known(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    if _EMBEDDED.search(entry.filename):
        return False
    if _MEDIA.search(entry.filename):
        with archive.open(entry) as picture:
            return picture.read(8).startswith(_PICTURE)
    return bool(_PARTS.search(entry.filename) or (_SIGNED.match(entry.filename) and not entry.file_size))


def _look_at_part(xml: bytes) -> None:
    """Read by a parser: other encodings and escaped letters hide nothing. Entities are never followed."""
    instructions: list[str] = []
    parser, inside = expat.ParserCreate(), [False]

    def doctype(*_about: object) -> None:
        raise _word_unread()

    def start(tag: str, given: dict[str, str]) -> None:
        inside[0] = tag.lower().endswith("instrtext")  # also of a change that can be taken back
        if tag.endswith("fldChar"):
            instructions.append(" ")  # the end of one code is no beginning of the next one's word
        for name, value in given.items():
            if name.endswith("instr"):
                instructions.append(f" {value} ")
        if tag.rpartition(":")[2] == "Relationship":
            _look_at_relationship(given)
        elif "ContentType" in given:
            _look_at_type(given)

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


def _look_at_type(given: dict[str, str]) -> None:
    kind, named = given["ContentType"], given.get("PartName", "") or "." + given.get("Extension", "")
    if _MACRO.search(kind):
        raise _word_runs()
    if "wordprocessingml" in kind.lower() and not named.strip().lower().endswith((".xml", ".rels")):
        raise _word_unread()  # words in a part that is not looked into


def _look_at_relationship(given: dict[str, str]) -> None:
    kind, target = given.get("Type", "").strip(), given.get("Target", "").strip()
    if _MACRO.search(kind):
        raise _word_runs()
    if kind.endswith("/attachedTemplate") and _OWN.fullmatch(target):
        return  # what lies on the reader's own disk, and mostly does not
    external = given.get("TargetMode", "").strip().lower() == "external"
    elsewhere = bool(_ELSEWHERE.match(target)) and not (kind.endswith("/hyperlink") and _LINK.match(target))
    if elsewhere or (external and not kind.endswith("/hyperlink")):
        raise _word_loads()
    if _EMBEDDED.search(kind):
        raise _word_holds()

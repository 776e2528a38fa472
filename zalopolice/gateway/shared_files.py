"""Files for citizens: what an editor may attach, and how it is taken back. What is kept is what its bytes are,
and carries nothing that runs (``active_content.py``, which also says what it cannot see)."""

from __future__ import annotations

import hashlib
import io
import unicodedata
import zipfile
from typing import NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from zalopolice.audit import log
from zalopolice.gateway import active_content, pictures
from zalopolice.gateway.models import SharedFile
from zalopolice.refusals import Refused
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission

Kind = SharedFile.Kind
MEGABYTE = 1024 * 1024
FILE_MAX, PICTURE_MAX = 5 * MEGABYTE, MEGABYTE
"""Bytes; what Zalo takes of each (zalo-oa-api.md 4)."""
PHOTO_MAX = 10 * MEGABYTE
"""Of a picture before it is drawn small."""
SIDES = (1600, 1280, 960)
NAME_MAX = 100


class Type(NamedTuple):
    content_type: str
    extensions: tuple[str, ...]  # the first is given to what has none


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TYPES = {
    "pdf": Type("application/pdf", ("pdf",)),
    "docx": Type(DOCX, ("docx",)),
    "jpg": Type("image/jpeg", ("jpg", "jpeg")),
    "png": Type("image/png", ("png",)),
    "mp3": Type("audio/mpeg", ("mp3",)),
    "m4a": Type("audio/mp4", ("m4a",)),
}
TAKEN = {Kind.FORM: ("pdf", "docx"), Kind.PICTURE: ("jpg", "png"), Kind.VOICE: ("mp3", "m4a")}
"""Zalo takes no sound from an account; a voice goes as a link to the public page."""


def keep(upload: UploadedFile[bytes], *, kind: str, by: Officer) -> SharedFile:
    """Keeps an upload for citizens; the same file once more is the one that is there.

    Raises ValidationError with the sentence for the field."""
    if not by.may(Permission.PROCEDURE_EDIT):
        raise PermissionDenied
    _weigh(upload.size or 0, PHOTO_MAX if kind == Kind.PICTURE else FILE_MAX)
    content = upload.read()
    true = _true_type(content)
    if true not in TAKEN[Kind(kind)]:
        raise ValidationError(_wanted(kind))
    active_content.refuse(content, true)
    name = _named(upload.name or "", true)
    if kind == Kind.PICTURE:
        content, true = _drawn(content), "jpg"
        name = f"{name.rpartition('.')[0]}.jpg"
    facts = {"sha256": hashlib.sha256(content).hexdigest(), "name": name, "kind": kind}
    with transaction.atomic():
        known = SharedFile.objects.offered().filter(unit=by.unit, **facts).first()
        if known is not None:
            return known
        stored = {"content": content, "size": len(content), "content_type": TYPES[true].content_type}
        file = SharedFile.objects.create(unit=by.unit, added_by=by, **facts, **stored)
        log.append("shared_file.added", file, by=by, sha256=facts["sha256"])
    return file


@transaction.atomic
def retire(file: SharedFile, *, by: Officer) -> None:
    """Nobody gets it any more. What has arrived on phones stays there."""
    if not by.may(Permission.PROCEDURE_EDIT):
        raise PermissionDenied
    if not SharedFile.objects.offered().filter(unit=by.unit, pk=file.pk).update(retired_at=timezone.now()):
        raise Refused(_("Tệp này đã được gỡ."))
    log.append("shared_file.retired", file, by=by)


def _weigh(size: int, most: int) -> None:
    if size == 0:
        raise ValidationError(_("Tệp rỗng. Chọn tệp khác."))
    if size > most:
        said = {"now": -(-size // MEGABYTE), "most": most // MEGABYTE}
        raise ValidationError(_("Tệp nặng %(now)s MB. Chọn tệp không quá %(most)s MB.") % said)


def _wanted(kind: str) -> str:
    if kind == Kind.PICTURE:
        return _("Tệp này không phải ảnh JPG hoặc PNG. Mở ảnh rồi lưu lại thành JPG.")
    if kind == Kind.VOICE:
        return _("Tệp này không phải bản ghi MP3 hoặc M4A. Chọn tệp khác.")
    return _("Tệp này không phải PDF hoặc DOCX. Mở tệp rồi lưu lại thành PDF hoặc DOCX.")


def _true_type(content: bytes) -> str:
    """A name of ``TYPES``, or "" for everything else."""
    if content.startswith(b"%PDF-"):
        return "pdf"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"ID3") or (len(content) > 2 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2):
        return "mp3"
    if content[4:8] == b"ftyp" and content[8:11] == b"M4A":
        return "m4a"
    return "docx" if content.startswith(b"PK\x03\x04") and _is_docx(content) else ""


def _is_docx(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {"[Content_Types].xml", "word/document.xml"} <= set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return False


def _named(given: str, true: str) -> str:
    """The upload's name, fit for a phone and a header. ValidationError when it says it is something else."""
    whole = unicodedata.normalize("NFC", given.replace("\\", "/").rpartition("/")[2])
    stem, dot, extension = whole.rpartition(".")
    if not dot:
        stem, extension = extension, TYPES[true].extensions[0]
    if extension.lower() not in TYPES[true].extensions:
        said = {"named": extension.lower()[:8], "true": TYPES[true].extensions[0]}
        raise ValidationError(_("Tệp mang đuôi .%(named)s nhưng bên trong là %(true)s. Đổi lại đuôi tệp.") % said)
    kept = "".join(char for char in stem if char.isprintable() and char not in '"<>:|?*/;')
    words = " ".join(kept.split()).strip(". ") or "tep"
    return f"{words[: NAME_MAX - 6]}.{extension.lower()}"


def _drawn(content: bytes) -> bytes:
    """Our own JPEG: no place, no device, no second content, and as small as Zalo wants it."""
    for side in SIDES:
        try:
            jpeg = pictures.clean_copy(content, side).jpeg
        except pictures.NotAPicture:
            raise ValidationError(_("Ảnh bị hỏng hoặc quá lớn nên máy không mở được. Chọn ảnh khác.")) from None
        if len(jpeg) <= PICTURE_MAX:
            return jpeg
    raise ValidationError(_("Ảnh nhiều chi tiết quá, máy không thu nhỏ xuống 1 MB được. Chọn ảnh khác."))

"""Files as editors have them, and as others make them look."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests import cast
from zalopolice.gateway import shared_files
from zalopolice.gateway.models import SharedFile

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
MP3 = b"ID3\x04\x00\x00" + b"\x00" * 200


def docx(*more: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("[Content_Types].xml", "word/document.xml", *more):
            archive.writestr(name, "<x/>")
    return out.getvalue()


def picture(format: str = "PNG", size: tuple[int, int] = (640, 480), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (30, 90, 200)).save(out, format, **more)
    return out.getvalue()


def keep(
    commune: cast.Commune,
    name: str = "Tờ khai CT01.docx",
    content: bytes = b"",
    *,
    kind: str = "form",
    by: str = "giang",
) -> SharedFile:
    """What an editor of the unit attaches."""
    upload = SimpleUploadedFile(name, content or docx())
    with commune.acting(by) as editor:
        return shared_files.keep(upload, kind=kind, by=editor)

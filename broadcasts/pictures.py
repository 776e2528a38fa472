"""Covers: what an editor uploads becomes our own JPEG, or a sentence that says what to do."""

from __future__ import annotations

import hashlib

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from broadcasts.models import PostImage
from zalopolice.gateway import pictures
from zalopolice.units.models import Officer

UPLOAD_MAX = 10 * 1024 * 1024
SIDES = (1280, 960, 640)
"""Tried in turn until the JPEG has at most the one megabyte Zalo fetches."""
LEAST = (400, 200)
KINDS = {b"\xff\xd8\xff": "JPG", b"\x89PNG\r\n\x1a\n": "PNG"}


class Unfit(Exception):
    """The message is the sentence beside the field."""


def keep_cover(file: UploadedFile[bytes], *, by: Officer) -> PostImage:
    """Stores the cover of an upload (JPG or PNG up to 10 MB, at least 400 × 200); raises Unfit."""
    if (file.size or 0) > UPLOAD_MAX:
        raise Unfit(_("Ảnh nặng %(now)s MB. Chọn ảnh dưới 10 MB.") % {"now": (file.size or 0) // 1024 // 1024})
    content = file.read()
    if not any(content.startswith(start) for start in KINDS):
        raise Unfit(_("Tệp này không phải ảnh JPG hoặc PNG. Chọn ảnh khác, hoặc mở ảnh rồi lưu lại thành JPG."))
    jpeg = _drawn(content)
    if jpeg.width < LEAST[0] or jpeg.height < LEAST[1]:
        said = {"width": jpeg.width, "height": jpeg.height, "least_width": LEAST[0], "least_height": LEAST[1]}
        raise Unfit(
            _(
                "Ảnh quá nhỏ: %(width)d × %(height)d điểm. Cần ít nhất %(least_width)d × %(least_height)d; đẹp nhất "
                "là 1280 × 720."
            )
            % said
        )
    sha256 = hashlib.sha256(jpeg.jpeg).hexdigest()
    facts = {"data": jpeg.jpeg, "width": jpeg.width, "height": jpeg.height, "created_by": by}
    return PostImage.objects.get_or_create(unit=by.unit, sha256=sha256, defaults=facts)[0]


def _drawn(content: bytes) -> pictures.Picture:
    for side in SIDES:
        try:
            drawn = pictures.clean_copy(content, side)
        except pictures.NotAPicture:
            raise Unfit(_("Ảnh bị hỏng hoặc quá lớn nên máy không mở được. Lưu lại ảnh rồi chọn lần nữa.")) from None
        if len(drawn.jpeg) <= PostImage.MAX_BYTES:
            return drawn
    raise Unfit(_("Ảnh nhiều chi tiết quá, máy không thu nhỏ xuống 1 MB được. Chọn ảnh khác."))

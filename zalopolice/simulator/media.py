"""Photos and files that travel through Zalo: stored beside the state, fetched without a token (Zalo page 2.6)."""

import hashlib
import io
import secrets
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from .clock import Clock
from .state import State

LASTING_MS = 2**53  # the pictures of an article stay with it
KEPT_MS = 7 * 86_400_000  # uploads are kept 7 days; inbound media is assumed alike
THUMBNAIL_SIDE = 480
MIMES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csv": "text/csv",
    "amr": "audio/amr",
    "mp4": "video/mp4",
}
MAGIC = [
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"%PDF-", "pdf"),
    (b"\xd0\xcf\x11\xe0", "doc"),
    (b"PK\x03\x04", "docx"),
    (b"#!AMR", "amr"),
]


def sniff(data: bytes) -> str:
    """The extension the content really has; "bin" when unknown."""
    for magic, extension in MAGIC:
        if data.startswith(magic):
            return extension
    if data[4:8] == b"ftyp":
        return "mp4"
    return "bin"


def md5(data: bytes) -> str:
    """Zalo's `checksum` of a file."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Media:
    """Files under /media/; names cannot be guessed, content is served as what it is."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._clock = state, clock
        self.directory = state.directory / "media"
        self.directory.mkdir(exist_ok=True)

    def save(self, data: bytes, extension: str = "", *, lasting: bool = False) -> str:
        """Keep the bytes untouched; returns the path part of their address."""
        extension = extension or sniff(data)
        name = f"{secrets.token_hex(12)}.{extension}"
        (self.directory / name).write_bytes(data)
        mime = MIMES.get(extension, "application/octet-stream")
        created = LASTING_MS if lasting else self._clock.ms()
        self._state.run("INSERT INTO media(name, mime, created) VALUES(?,?,?)", name, mime, created)
        return f"/media/{name}"

    def thumbnail(self, data: bytes, original: str) -> str:
        """A small JPEG; the original's own address when the bytes are no picture."""
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(io.BytesIO(data)) as image:
                image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
                buffer = io.BytesIO()
                image.convert("RGB").save(buffer, "JPEG", quality=80)
        except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
            return original
        return self.save(buffer.getvalue(), "jpg")

    def path(self, address: str) -> Path:
        return self.directory / address.rsplit("/", 1)[-1]

    def expired(self, created_ms: int) -> bool:
        return self._clock.ms() - created_ms > KEPT_MS


async def serve(request: Request) -> Response:
    """GET /media/<name>: no token, 404 after seven days of virtual time."""
    world = request.app.state.world
    row = world.state.one("SELECT * FROM media WHERE name=?", request.path_params["name"])
    if row is None or world.media.expired(row["created"]) or world.faults.hit("media_404"):
        return Response("Not Found", 404, media_type="text/plain")
    return FileResponse(world.media.directory / row["name"], media_type=row["mime"])

"""Uploads of an OA: image, gif, file (Zalo page section 4). The type is what the bytes are, not what the name says."""

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import ids
from .guards import Caller, ZaloError, success, zalo_api
from .media import md5, sniff

MEGABYTE = 1024 * 1024
PER_MONTH = 5000
MONTH_MS = 30 * 86_400_000
EXTENSIONS = {
    "image": {"jpg": "jpg", "jpeg": "jpg", "png": "png"},
    "gif": {"gif": "gif"},
    "file": {"pdf": "pdf", "doc": "doc", "docx": "docx", "csv": "csv"},
}
LIMITS = {"image": MEGABYTE, "gif": 5 * MEGABYTE, "file": 5 * MEGABYTE}
NOTES = {
    "image": "file is invalid, only png/jpeg up to 1MB",
    "gif": "file is invalid, only gif up to 5MB",
    "file": "file is invalid, only pdf/doc/docx/csv up to 5MB",
}


def _is_text(data: bytes) -> bool:
    try:
        return "\x00" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _true_type(data: bytes, extension: str) -> str:
    if extension == "csv":
        return "csv" if _is_text(data) else "bin"
    return sniff(data)


async def _part(request: Request, kind: str) -> tuple[str, bytes]:
    """Name and content of the multipart field `file` (`image` is taken for gifs too)."""
    try:
        form = await request.form()
    except HTTPException:
        raise ZaloError(-201, message=NOTES[kind]) from None
    part = form.get("file") or (form.get("image") if kind == "gif" else None)
    if not isinstance(part, UploadFile):
        raise ZaloError(-201, message=NOTES[kind])
    return part.filename or "", await part.read()


async def _store(request: Request, caller: Caller, kind: str, key: str) -> Response:
    name, data = await _part(request, kind)
    stem, dot, extension = name.rpartition(".")
    if (not dot or not stem) and caller.world.faults["nameless_upload_ok"]:
        # Seen on the real host: a name without extension is answered as a success with nothing in it.
        return JSONResponse({"data": {}, "error": 0, "message": "Success"})
    wanted = EXTENSIONS[kind].get(extension.lower())
    fits = data and len(data) <= LIMITS[kind] and wanted is not None and _true_type(data, wanted) == wanted
    if not fits or wanted is None or caller.world.faults.hit("upload_-201"):
        raise ZaloError(-201, message=NOTES[kind])
    world, oa_id = caller.world, caller.oa.oa_id
    since = world.clock.ms() - MONTH_MS
    used = world.state.one(
        "SELECT count(*) AS n FROM uploads WHERE oa_id=? AND kind=? AND created>?", oa_id, kind, since
    )
    if used is not None and used["n"] >= PER_MONTH:
        raise ZaloError(-211)
    upload_id = ids.opaque("w" if kind != "file" else "h", 48)
    world.state.run(
        "INSERT INTO uploads(id, oa_id, kind, media, name, size, checksum, created) VALUES(?,?,?,?,?,?,?,?)",
        upload_id,
        oa_id,
        kind,
        world.media.save(data, wanted),
        name,
        len(data),
        md5(data),
        world.clock.ms(),
    )
    return success({key: upload_id})


@zalo_api
async def image(request: Request, caller: Caller) -> Response:
    """POST /v2.0/oa/upload/image: jpg or png, at most 1 MB → `attachment_id`."""
    return await _store(request, caller, "image", "attachment_id")


@zalo_api
async def gif(request: Request, caller: Caller) -> Response:
    """POST /v2.0/oa/upload/gif: at most 5 MB → `attachment_id`."""
    return await _store(request, caller, "gif", "attachment_id")


@zalo_api
async def file(request: Request, caller: Caller) -> Response:
    """POST /v2.0/oa/upload/file: PDF, DOC, DOCX, CSV, at most 5 MB → `token`."""
    return await _store(request, caller, "file", "token")

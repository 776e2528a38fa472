"""What `article/create` and `article/update` demand of their body (Zalo page, section 6)."""

from typing import Any

from .guards import ZaloError
from .sending import check_text

# Documented as 150 and 300; the live host refused lengths near the limit, so the judge is the stricter one.
TITLE_MAX, DESCRIPTION_MAX, AUTHOR_MAX = 140, 250, 50
SHOWN = ("show", "hide")
PARTS = {"text": "content", "image": "url", "video": "url", "product": "id"}


def _is_address(value: Any) -> bool:
    """Public and percent-encoded: an address with a bare Vietnamese letter is none."""
    return isinstance(value, str) and value.startswith(("http://", "https://")) and value.isascii() and " " not in value


def _short(value: Any, name: str, limit: int, *, required: bool = False) -> None:
    if value is None and not required:
        return
    text = check_text(value, name, required=required)
    if len(text) > limit:
        raise ZaloError(-201, message=f"{name} allow {int(required)} to {limit} characters")


def _cover(cover: Any) -> None:
    fits = isinstance(cover, dict) and cover.get("status") in SHOWN and cover.get("cover_type") == "photo"
    if not fits or not _is_address(cover.get("photo_url")):
        raise ZaloError(-201, message="cover value is invalid")


def _body(parts: Any) -> None:
    if not isinstance(parts, list) or not parts:
        raise ZaloError(-201, "body")
    for part in parts:
        key = PARTS.get(str(part.get("type"))) if isinstance(part, dict) else None
        if key is None or not isinstance(part.get(key), str) or not part[key]:
            raise ZaloError(-201, "body")
        if part["type"] == "image" and not _is_address(part["url"]):
            raise ZaloError(-201, "body")


def check_article(body: Any) -> dict[str, Any]:
    """The article as it will be shown, defaults filled in; ZaloError -201.

    A video article needs an uploaded video, and nobody can upload one here."""
    if not isinstance(body, dict):
        raise ZaloError(-201, "data")
    if body.get("type") == "video":
        raise ZaloError(-201, "video_id")
    if body.get("type") != "normal":
        raise ZaloError(-201, message="type accept only 2 value normal and video.")
    _short(body.get("title"), "title", TITLE_MAX, required=True)
    _short(body.get("author"), "author", AUTHOR_MAX)
    _short(body.get("description"), "description", DESCRIPTION_MAX)
    _cover(body.get("cover"))
    _body(body.get("body"))
    for name, default in (("status", "hide"), ("comment", "show")):
        if body.get(name, default) not in SHOWN:
            raise ZaloError(-201, name)
    related = body.get("related_medias", [])
    if not isinstance(related, list) or not all(isinstance(one, str) for one in related):
        raise ZaloError(-201, "related_medias")
    check_text(body.get("tracking_link"), "tracking_link", required=False)
    return {"status": "hide", "comment": "show", **body}

"""Lines of Zalo's conversation history (zalo-oa-api.md 5.4), written as the webhook would have told them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from zalopolice.vault import routes

KINDS = {
    "text": "text",
    "photo": "image",
    "GIF": "gif",
    "voice": "audio",
    "sticker": "sticker",
    "location": "location",
    "link": "link",
    "links": "link",
}
UNREADABLE = gettext_noop("Chỉ xem được trên Zalo")
OURS = {"text", "photo", "GIF", "voice", "link", "sticker"}
"""What a person writes in Zalo's console. An article ("links") is a broadcast, which has records of its own."""


def at(row: dict[str, Any]) -> datetime:
    try:
        return datetime.fromtimestamp(int(str(row.get("time"))) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return timezone.now()


def msg_id(row: dict[str, Any]) -> str:
    return str(row.get("message_id") or "")[:64]


def is_ours(row: dict[str, Any]) -> bool:
    """Sent by the account."""
    return str(row.get("src")) == "0"


def person(row: dict[str, Any]) -> str:
    """The Zalo id of the citizen, whichever way the message went."""
    return str(row.get("to_id" if is_ours(row) else "from_id") or "")


def body(row: dict[str, Any], app_id: str, oa_id: str, user_id: str) -> dict[str, Any]:
    """As ``user_send_*`` or ``oa_send_*`` would have said it; what the history does not show becomes a file.

    ``user_id``: as the vault keeps it, which names the conversation of who has no account."""
    _, user_id, conversation = user_id.split(":", 2) if user_id.startswith(routes.ANONYMOUS) else ("", user_id, "")
    ends = (oa_id, user_id) if is_ours(row) else (user_id, oa_id)
    kind = KINDS.get(str(row.get("type")), "file")
    message: dict[str, Any] = {"msg_id": msg_id(row), "text": str(row.get("message") or row.get("description") or "")}
    if conversation:
        message["conversation_id"] = conversation
    if attachments := [one for one in _attachments(row, kind) if one["payload"]]:
        message["attachments"] = attachments
    return {
        "app_id": app_id,
        "sender": {"id": ends[0]},
        "recipient": {"id": ends[1]},
        "event_name": _name(kind, ours=is_ours(row), anonymous=bool(conversation)),
        "message": message,
        "timestamp": str(int(at(row).timestamp() * 1000)),
    }


def _name(kind: str, *, ours: bool, anonymous: bool) -> str:
    if anonymous:
        return f"oa_send_anonymous_{kind}" if ours else f"anonymous_send_{kind}"
    return f"oa_send_{kind}" if ours else f"user_send_{kind}"


def _attachments(row: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    if kind == "text":
        return []
    if kind == "link":
        links = row.get("links")
        found = links if isinstance(links, list) else [links]
        return [{"type": kind, "payload": link} for link in found if isinstance(link, dict)]
    if kind == "location":
        return [{"type": kind, "payload": {"coordinates": _coordinates(str(row.get("location") or ""))}}]
    if kind == "file":
        return [{"type": kind, "payload": {"name": UNREADABLE}}]
    named = {"url": row.get("url"), "thumbnail": row.get("thumb"), "description": row.get("description")}
    return [{"type": kind, "payload": {name: value for name, value in named.items() if value}}]


def _coordinates(text: str) -> dict[str, str]:
    """Zalo gives a string with both; in which spelling its pages do not say."""
    found = dict(re.findall(r"(latitude|longitude)\W+(-?\d+(?:\.\d+)?)", text))
    if not found and (pair := re.findall(r"-?\d+(?:\.\d+)?", text)):
        found = dict(zip(("longitude", "latitude"), pair, strict=False))
    return found

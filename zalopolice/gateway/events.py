"""Zalo's webhook bodies, translated at the border: no other module reads Zalo's field names.

Source: zalo-oa-api.md 2.5 to 2.7. Ids are decimal strings; ``timestamp`` is milliseconds as a string; any optional
key may be missing, and seen/received events come with sender and recipient either way round.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from zalopolice.gateway.models import Attachment

ACT, RECORD, IGNORE = "act", "record", "ignore"

MESSAGES = {
    f"user_send_{kind}"
    for kind in ("text", "image", "gif", "link", "audio", "video", "sticker", "location", "business_card", "file")
}
ANONYMOUS = {f"anonymous_send_{kind}" for kind in ("text", "image", "file", "sticker")}
ECHOES = {f"oa_send_{kind}" for kind in ("text", "image", "gif", "list", "file", "sticker", "template")}
CONTACTS = {"follow", "unfollow", "user_click_chatnow", "user_call_oa"}

GROUP_KINDS = ("text", "image", "link", "audio", "video", "location", "business_card", "sticker", "gif", "file")

PERSON_SENDS, ACCOUNT_SENDS = ("user_send_", "anonymous_send_"), "oa_send_"
FILES_MAX = 100

DECISIONS: dict[str, str] = {
    **dict.fromkeys(MESSAGES | ANONYMOUS | ECHOES | CONTACTS | {"permission_revoked"}, ACT),
    # Kept sealed for what later issues build on them; nothing happens now.
    **dict.fromkeys(
        (
            *("user_reacted_message", "oa_reacted_message", "user_seen_message", "user_received_message"),
            *(f"oa_send_anonymous_{kind}" for kind in ("text", "image", "file", "sticker")),
            *("user_submit_info", "update_user_info", "user_withdraw", "oa_call_user", "oa_send_consent"),
            *("user_reply_consent", "add_user_to_tag", "remove_user_from_tag", "remove_tag"),
            *("create_group", "update_group_info", "delete_group", "user_join_group", "user_request_join_group"),
            *("accept_request_join_group", "reject_request_join_group", "add_group_admin", "remove_group_admin"),
            *("user_out_group", "disperse_group", "react_request_join_group"),
            *(f"{who}_send_group_{kind}" for who in ("user", "oa") for kind in GROUP_KINDS),
        ),
        RECORD,
    ),
    # Shops, widgets and paid templates: no part of a police portal.
    **dict.fromkeys(
        (
            *("extension_purchased", "widget_interaction_accepted", "widget_failed_to_sync_user_external_id"),
            *("shop_has_order", "user_feedback", "user_click_response_button", "change_oa_daily_quota"),
            *("change_template_status", "change_template_quality", "change_template_quota"),
            *("change_oa_template_tags", "event_journey_acknowledged", "event_journey_time_out"),
        ),
        IGNORE,
    ),
}


class BadEvent(Exception):
    """A signed body whose shape we cannot act on; the message names the field, never its value."""


@dataclass(frozen=True)
class File:
    kind: str
    url: str = ""
    detail: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    name: str
    app_id: str
    parties: tuple[str, ...]  # every id that may be the account's
    sent_at: datetime
    decision: str
    body: dict[str, Any]

    def person(self, oa_id: str) -> str:
        """The citizen's Zalo id: whichever party is not the account. Anonymous ids carry their conversation."""
        for path in (("sender", "id"), ("recipient", "id"), ("follower", "id"), ("user_id",)):
            found = text_at(self.body, *path)
            if found and found != oa_id:
                if self.name.startswith("anonymous_"):
                    return f"anonymous:{found}:{text_at(self.body, 'message', 'conversation_id')}"
                return found
        raise BadEvent("no person in the event")

    @property
    def is_message(self) -> bool:
        return self.name.startswith(PERSON_SENDS)

    @property
    def is_echo(self) -> bool:
        return self.name.startswith(ACCOUNT_SENDS)

    @property
    def msg_id(self) -> str:
        return text_at(self.body, "message", "msg_id")[:64]

    @property
    def text(self) -> str:
        return unicodedata.normalize("NFC", text_at(self.body, "message", "text"))

    @property
    def kind(self) -> str:
        return self.name.split("_send_", 1)[1] if "_send_" in self.name else self.name


def text_at(body: Any, *path: str) -> str:
    """The string (or number) at ``path``, or "" when anything on the way is missing or of another type."""
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    if not isinstance(body, str | int | float) or isinstance(body, bool):
        return ""
    # JSON may spell half a surrogate pair, which no encoding takes; the rest of the words must not be lost for it.
    # Nor does PostgreSQL take a NUL.
    return str(body).encode("utf-8", "replace").decode().replace("\x00", "")


def parse(raw: bytes, received_at: datetime) -> Event:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadEvent("not JSON") from None
    if not isinstance(body, dict):
        raise BadEvent("not an object")
    name = text_at(body, "event_name")
    # Reactions to group requests and ZNS receipts share names with chat events; neither is acted upon here.
    parties = (text_at(body, "oa_id"), text_at(body, "recipient", "id"), text_at(body, "sender", "id"))
    decision = DECISIONS.get(name, ACT if _speaks(name) else RECORD)
    return Event(name[:64], text_at(body, "app_id"), parties, _time(body, received_at), decision, body)


def _speaks(name: str) -> bool:
    """A kind of message Zalo invents after us is a message all the same: somebody must read it."""
    return name.startswith((*PERSON_SENDS, ACCOUNT_SENDS)) and "_group_" not in name


def _time(body: dict[str, Any], received_at: datetime) -> datetime:
    """Zalo's own time; a missing or absurd one falls back to ours, because a tip must never fail on a clock."""
    try:
        sent = datetime.fromtimestamp(int(text_at(body, "timestamp")) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return received_at
    # Nothing was written after we received it: a clock that runs ahead would put a tip last for months.
    return min(sent, received_at) if received_at - sent < timedelta(days=400) else received_at


FETCHED = {"image", "gif", "audio", "video", "file"}


def files(event: Event) -> list[File]:
    """The attachments of a message; unknown types are kept as files, so that nothing vanishes."""
    message = event.body.get("message")
    listed = message.get("attachments") if isinstance(message, dict) else None
    if not isinstance(listed, list):
        return []
    return [_file(event, item) for item in listed[:FILES_MAX] if isinstance(item, dict)]


def _file(event: Event, item: dict[str, Any]) -> File:
    kind, payload = text_at(item, "type"), item.get("payload")
    if kind in FETCHED:
        detail = {"name": text_at(payload, "name")[:200]} if kind == "file" else {}
        return File(kind, text_at(payload, "url"), detail)
    if kind == "location":
        places = ("latitude", "longitude")
        return File(Attachment.Kind.LOCATION, "", {name: text_at(payload, "coordinates", name) for name in places})
    if event.kind == "business_card":
        # The number on a card is somebody's identity: the raw payload goes to the vault, the screen says "card".
        return File(Attachment.Kind.CARD, json.dumps(payload))
    if kind == "link":
        detail = {name: text_at(payload, name)[:500] for name in ("url", "title", "description")}
        return File(Attachment.Kind.LINK, "", detail)
    if kind == "sticker":
        return File(Attachment.Kind.STICKER)
    return File(Attachment.Kind.FILE, text_at(payload, "url"), {"name": kind[:40]})

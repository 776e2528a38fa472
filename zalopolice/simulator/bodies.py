"""The JSON bodies of webhook events, with the keys, nesting and types of the Zalo page (2.6)."""

from dataclasses import dataclass
from typing import Any

# What a message of each type is called in `*_send_*` events, and in conversation history (5.4).
EVENT_OF = {
    "text": "text",
    "image": "image",
    "gif": "gif",
    "file": "file",
    "audio": "audio",
    "video": "video",
    "sticker": "sticker",
    "location": "location",
    "link": "link",
    "business_card": "business_card",
    "form": "template",
}
ATTACHMENT_OF = {"business_card": "link", "form": "template"}


@dataclass(frozen=True)
class Party:
    """The two ends of a thread with the ids an event names them by."""

    app_id: str
    oa_id: str
    user_id: str
    by_app: str
    conversation: str = ""  # set for anonymous chats only


def _message(kind: str, msg_id: str, text: str, payload: dict[str, Any], quote: str) -> dict[str, Any]:
    message: dict[str, Any] = {"text": text} if text else {}
    message["msg_id"] = msg_id
    if quote:
        message["quote_msg_id"] = quote
    if kind != "text":
        message["attachments"] = [{"type": ATTACHMENT_OF.get(kind, kind), "payload": payload}]
    return message


def sent(
    party: Party,
    src: int,
    kind: str,
    msg_id: str,
    at_ms: int,
    text: str = "",
    payload: dict[str, Any] | None = None,
    quote: str = "",
) -> dict[str, Any]:
    """`user_send_*` (src 1) or its echo `oa_send_*` (src 0); their anonymous kin in an anonymous chat."""
    ends = (party.user_id, party.oa_id) if src else (party.oa_id, party.user_id)
    if party.conversation:
        name = f"{'anonymous_send' if src else 'oa_send_anonymous'}_{EVENT_OF[kind]}"
        message = _message(kind, msg_id, text, payload or {}, quote) | {"conversation_id": party.conversation}
        who = {"sender": {"id": ends[0]}, "recipient": {"id": ends[1]}}
        stamp = {"event_name": name, "message": message, "timestamp": str(at_ms)}
        return {"app_id": party.app_id} | who | stamp
    return {
        "app_id": party.app_id,
        "sender": {"id": ends[0]},
        "user_id_by_app": party.by_app,
        "recipient": {"id": ends[1]},
        "event_name": f"{'user' if src else 'oa'}_send_{EVENT_OF[kind]}",
        "message": _message(kind, msg_id, text, payload or {}, quote),
        "timestamp": str(at_ms),
    }


def receipt(party: Party, name: str, msg_ids: list[str], at_ms: int, *, flipped: bool = False) -> dict[str, Any]:
    """`user_received_message` (one id) or `user_seen_message` (a list); sender = OA unless flipped (disputed)."""
    ends = (party.user_id, party.oa_id) if flipped else (party.oa_id, party.user_id)
    message: dict[str, Any] = {"msg_ids": msg_ids} if name == "user_seen_message" else {"msg_id": msg_ids[0]}
    return {
        "app_id": party.app_id,
        "sender": {"id": ends[0]},
        "user_id_by_app": party.by_app,
        "recipient": {"id": ends[1]},
        "event_name": name,
        "message": message,
        "timestamp": str(at_ms),
    }


def follow(party: Party, name: str, at_ms: int) -> dict[str, Any]:
    """`follow` or `unfollow`: no sender, no recipient."""
    return {
        "oa_id": party.oa_id,
        "follower": {"id": party.user_id},
        "user_id_by_app": party.by_app,
        "event_name": name,
        "source": "oa_profile",
        "app_id": party.app_id,
        "timestamp": str(at_ms),
    }


def chatnow(party: Party, at_ms: int) -> dict[str, Any]:
    """`user_click_chatnow`: opens the reply window without a message."""
    return {
        "app_id": party.app_id,
        "oa_id": party.oa_id,
        "user_id": party.user_id,
        "user_id_by_app": party.by_app,
        "event_name": "user_click_chatnow",
        "timestamp": str(at_ms),
    }

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
    "list": "list",
}
ATTACHMENT_OF = {"business_card": "link", "form": "template", "list": "template"}


@dataclass(frozen=True)
class Party:
    """The two ends of a thread with the ids an event names them by."""

    app_id: str
    oa_id: str
    user_id: str
    by_app: str
    conversation: str = ""  # set for anonymous chats only


def message(kind: str, msg_id: str, text: str, payload: dict[str, Any], quote: str) -> dict[str, Any]:
    made: dict[str, Any] = {"text": text} if text else {}
    made["msg_id"] = msg_id
    if quote:
        made["quote_msg_id"] = quote
    if kind != "text":
        made["attachments"] = [{"type": ATTACHMENT_OF.get(kind, kind), "payload": payload}]
    return made


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
        inner = message(kind, msg_id, text, payload or {}, quote) | {"conversation_id": party.conversation}
        who = {"sender": {"id": ends[0]}, "recipient": {"id": ends[1]}}
        stamp = {"event_name": name, "message": inner, "timestamp": str(at_ms)}
        return {"app_id": party.app_id} | who | stamp
    return {
        "app_id": party.app_id,
        "sender": {"id": ends[0]},
        "user_id_by_app": party.by_app,
        "recipient": {"id": ends[1]},
        "event_name": f"{'user' if src else 'oa'}_send_{EVENT_OF[kind]}",
        "message": message(kind, msg_id, text, payload or {}, quote),
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


def in_group(app_id: str, oa_id: str, group_id: str, sender: str, src: int) -> dict[str, Any]:
    """The envelope of a group message; the group is the recipient either way."""
    return {"app_id": app_id, "oa_id": oa_id, "sender": {"id": sender}, "recipient": {"id": group_id}}


def reacted(party: Party, src: int, msg_id: str, icon: str, at_ms: int) -> dict[str, Any]:
    """`user_reacted_message` or `oa_reacted_message`."""
    body = sent(party, src, "text", msg_id, at_ms)
    name = "user_reacted_message" if src else "oa_reacted_message"
    return body | {"event_name": name, "message": {"msg_id": msg_id, "react_icon": icon}}


def submitted(party: Party, info: dict[str, Any], at_ms: int, *, old: bool) -> dict[str, Any]:
    """`user_submit_info` in its present form, or the older flat one."""
    text = {key: str(value) for key, value in info.items()}
    plain: dict[str, Any] = {"name": text.get("name", ""), "phone": text.get("phone", "")}
    if old:
        given = plain | {key: text.get(key, "") for key in ("address", "city", "district", "ward")}
    else:
        place = {f"user_{key}": text.get(key, "") for key in ("city", "ward", "address")}
        more: dict[str, Any] = {"user_dob": text.get("user_dob", ""), "gender": text.get("gender", "")}
        given = {**plain, **more, "full_address": place}
    body = sent(party, 1, "text", "", at_ms) | {"event_name": "user_submit_info", "info": given}
    del body["message"]
    return body


def called(party: Party, name: str, phone: str, at_ms: int, seconds: int) -> dict[str, Any]:
    """`user_call_oa`, `oa_call_user`: durations in milliseconds, waiting in seconds."""
    return {
        "oa_id": party.oa_id,
        "app_id": party.app_id,
        "user_id": party.user_id,
        "phone": phone,
        "event_name": name,
        "call_id": f"c-{at_ms}",
        "call_type": "AUDIO",
        "init_time": str(at_ms - 1000 * (seconds + 6)),
        "call_duration": 1000 * (seconds + 6),
        "waiting_time": 6,
        "talk_time": 1000 * seconds,
        "status_code": 0,
        "timestamp": str(at_ms),
    }


def consented(party: Party, name: str, phone: str, at_ms: int) -> dict[str, Any]:
    """`oa_send_consent`, `user_reply_consent`."""
    body: dict[str, Any] = {"oa_id": party.oa_id, "app_id": party.app_id, "phone": phone, "event_name": name}
    if name == "oa_send_consent":
        times = {"create_time": str(at_ms), "expired_time": str(at_ms + 86_400_000)}
        return body | {"request_type": "SENT", **times, "timestamp": str(at_ms)}
    times = {"confirmed_time": str(at_ms), "expired_time": "0"}
    return body | {"user_consent": "ALLOW", **times, "timestamp": str(at_ms)}

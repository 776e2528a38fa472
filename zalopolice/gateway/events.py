"""Zalo's webhook bodies, translated at the border: no other module reads Zalo's field names.

Source: zalo-oa-api.md 2.5 to 2.7. Ids are decimal strings; ``timestamp`` is milliseconds as a string; any optional
key may be missing, and seen/received events come with sender and recipient either way round.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from zalopolice.gateway.models import Attachment
from zalopolice.vault import routes

ACT, RECORD, IGNORE = "act", "record", "ignore"

KINDS = ("text", "image", "gif", "link", "audio", "video", "sticker", "location", "business_card", "file")
MESSAGES = {f"user_send_{kind}" for kind in KINDS}
ANONYMOUS = {f"anonymous_send_{kind}" for kind in ("text", "image", "file", "sticker")}
ECHOES = {f"oa_send_{kind}" for kind in ("text", "image", "gif", "list", "file", "sticker", "template")}
ECHOES |= {f"oa_send_{name.replace('_send', '')}" for name in ANONYMOUS}
GROUP_MESSAGES = {f"user_send_group_{kind}" for kind in KINDS}
CONTACTS = {"follow", "unfollow", "user_click_chatnow"}
CALLS = {"user_call_oa", "oa_call_user"}
RECEIPTS = {"user_seen_message", "user_received_message"}
PERSONAL = {"user_submit_info", "update_user_info"}
GROUPS = {"create_group", "update_group_info", "delete_group"}

PERSON_SENDS, ACCOUNT_SENDS = ("user_send_", "anonymous_send_"), "oa_send_"
FILES_MAX = IDS_MAX = 100
ADDRESS = ("address", "user_address", "ward", "user_ward", "district", "user_district", "city", "user_city")

# docs/zalo-events.md says why, event by event; tests/gateway/test_event_table.py keeps the two in step.
DECISIONS: dict[str, str] = {
    **dict.fromkeys(MESSAGES | ANONYMOUS | ECHOES | GROUP_MESSAGES | CONTACTS | CALLS | RECEIPTS, ACT),
    **dict.fromkeys(PERSONAL | GROUPS | {"permission_revoked", "user_withdraw"}, ACT),
    # Kept sealed; nothing happens.
    **dict.fromkeys(
        (
            *("user_reacted_message", "oa_reacted_message", "oa_send_consent", "user_reply_consent"),
            *("add_user_to_tag", "remove_user_from_tag", "remove_tag"),
            *("user_join_group", "user_request_join_group", "accept_request_join_group"),
            *("reject_request_join_group", "add_group_admin", "remove_group_admin", "user_out_group"),
            *(f"oa_send_group_{kind}" for kind in KINDS),
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

ALIASES = {
    # Names of older consoles and of other people's documents (zalo-oa-api.md 2.6 and 2.7).
    "disperse_group": "delete_group",
    "react_request_join_group": "accept_request_join_group",
    "react_request_join_group_accept": "accept_request_join_group",
    "react_request_join_group_reject": "reject_request_join_group",
    "user_leave_group": "user_out_group",
    "oa_reacted": "oa_reacted_message",
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
        """The citizen's Zalo id: whichever party is not the account. Anonymous ids carry their conversation, ids of
        who speaks in a group carry the group: never joined with what the same person writes alone."""
        for path in (("sender", "id"), ("recipient", "id"), ("follower", "id"), ("user_id",)):
            found = text_at(self.body, *path)
            if found and found != oa_id:
                if self.is_anonymous:
                    return f"{routes.ANONYMOUS}{found}:{text_at(self.body, 'message', 'conversation_id')}"
                return f"{routes.GROUP}{self.group_id}:{found}" if self.is_of_group else found
        raise BadEvent("no person in the event")

    @property
    def is_message(self) -> bool:
        return self.name.startswith(PERSON_SENDS)

    @property
    def is_echo(self) -> bool:
        return self.name.startswith(ACCOUNT_SENDS)

    @property
    def is_anonymous(self) -> bool:
        """Somebody without a Zalo account, or our answer to them."""
        return self.name.startswith(("anonymous_send_", "oa_send_anonymous_"))

    @property
    def is_typed(self) -> bool:
        """An echo that names who typed it in Zalo's own console; what we send by the interface names nobody."""
        return bool(text_at(self.body, "sender", "admin_id"))

    @property
    def is_of_group(self) -> bool:
        return self.name in GROUPS or "_send_group_" in self.name

    @property
    def group_id(self) -> str:
        """The Zalo group it was said in, or that it is about; "" for everything between two."""
        if not self.is_of_group:
            return ""
        found = text_at(self.body, *(("group_id",) if self.name in GROUPS else ("recipient", "id")))[:64]
        if not found:
            raise BadEvent("no group in the event")  # never taken for private words, which would be answered
        return found

    @property
    def msg_id(self) -> str:
        return text_at(self.body, "message", "msg_id")[:64]

    @property
    def text(self) -> str:
        return words(self.body)

    @property
    def kind(self) -> str:
        if "_send_" not in self.name:
            return self.name
        return self.name.split("_send_", 1)[1].removeprefix("group_").removeprefix("anonymous_")

    @property
    def group_name(self) -> str:
        """No sample carries one; should Zalo begin to, it will be in one of these places."""
        places = (("group_name",), ("name",), ("group", "name"), ("group_info", "name"), ("data", "group_name"))
        return next((name for name in (text_at(self.body, *place) for place in places) if name), "")[:160]

    @property
    def told_of(self) -> list[str]:
        """Ids of the messages a receipt is about."""
        message = self.body.get("message")
        listed = message.get("msg_ids") if isinstance(message, dict) else None
        found = [text_at({"id": one}, "id") for one in listed] if isinstance(listed, list) else []
        return [one[:64] for one in [self.msg_id, *found[:IDS_MAX]] if one]

    @property
    def phone(self) -> str:
        return text_at(self.body, "phone")[:32]

    @property
    def talk_seconds(self) -> int | None:
        """How long both spoke in a call: 0 when nobody took it, None when Zalo does not say."""
        try:
            talked = int(float(text_at(self.body, "talk_time")))
        except (ValueError, OverflowError):
            return None
        return -(-min(max(talked, 0), 86_400_000) // 1000)

    @property
    def call_id(self) -> str:
        """Both directions may share Zalo's id."""
        known = text_at(self.body, "call_id")
        return f"{self.name}:{known}"[:64] if known else ""

    @property
    def about_person(self) -> dict[str, str]:
        """What somebody told about themselves (``name``, ``phone``, ``address``), in the form of today or of before."""
        found: dict[str, str] = {}
        for part in ("info", "data", "user_info", "shared_info"):
            told = self.body.get(part)
            if isinstance(told, dict):
                places = [told, told.get("full_address")]
                lines = [text_at(place, name) for place in places for name in ADDRESS]
                address = ", ".join(line for line in lines if line) or text_at(told, "full_address")
                read = {"name": text_at(told, "name"), "phone": text_at(told, "phone"), "address": address}
                found |= {kind: value[:400] for kind, value in read.items() if value}
        return found


MENTION = re.compile(r"\[@[^\]\s]{1,64}\]")


def words(body: Any) -> str:
    """What was written. In a group a mention carries somebody's Zalo id, which no officer may see."""
    return MENTION.sub("@…", unicodedata.normalize("NFC", text_at(body, "message", "text")))


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
    return read(body, received_at)


def read(body: dict[str, Any], received_at: datetime) -> Event:
    name = _name(text_at(body, "event_name"))
    parties = (text_at(body, "oa_id"), text_at(body, "recipient", "id"), text_at(body, "sender", "id"))
    decision = DECISIONS.get(name, ACT if _speaks(name) else RECORD)
    return Event(name[:64], text_at(body, "app_id"), parties, _time(body, received_at), decision, body)


def _name(given: str) -> str:
    """As the catalogue spells it: consoles differ in case, dashes and blanks, and some names in a letter."""
    name = (
        "_".join(given.lower().replace("-", " ").split())
        .replace("bussiness", "business")
        .replace("recieved", "received")
    )
    return ALIASES.get(name, name)


def _speaks(name: str) -> bool:
    """A kind of message Zalo invents after us is a message all the same: somebody must read it."""
    return name.startswith((*PERSON_SENDS, ACCOUNT_SENDS)) and not name.startswith("oa_send_group_")


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


def _is_card(payload: Any) -> bool:
    return '"phone"' in text_at(payload, "description")


def phones_on(file: File) -> list[str]:
    """The number on a business card: its description is JSON in a string."""
    try:
        payload = json.loads(file.url)
        found = text_at(json.loads(text_at(payload, "description")), "phone")
    except (ValueError, RecursionError):
        return []
    return [found[:32]] if found else []


def _file(event: Event, item: dict[str, Any]) -> File:
    kind, payload = text_at(item, "type"), item.get("payload")
    if kind in FETCHED:
        detail = {"name": text_at(payload, "name")[:200]} if kind == "file" else {}
        return File(kind, text_at(payload, "url"), detail)
    if kind == "location":
        places = ("latitude", "longitude")
        return File(Attachment.Kind.LOCATION, "", {name: text_at(payload, "coordinates", name) for name in places})
    if event.kind == "business_card" or _is_card(payload):
        # The number on a card is somebody's identity: the raw payload goes to the vault, the screen says "card".
        return File(Attachment.Kind.CARD, json.dumps(payload))
    if kind == "link":
        detail = {name: text_at(payload, name)[:500] for name in ("url", "title", "description")}
        return File(Attachment.Kind.LINK, "", detail)
    if kind == "sticker":
        return File(Attachment.Kind.STICKER)
    return File(Attachment.Kind.FILE, text_at(payload, "url"), {"name": kind[:40]})

"""Consultation messages: POST /v3.0/oa/message/cs (Zalo page 3.2), who may be written to and when (3.5)."""

import json
import sqlite3
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from . import transport
from .clock import vn_date
from .guards import Caller, ZaloError, save_oa_settings, success, zalo_api

TEXT_LIMIT = 2000
FREE_MS = 48 * 3_600_000
OPEN_MS = 7 * 86_400_000
FREE_REPLIES = 8
BUTTON_TYPES = ("oa.open.url", "oa.query.show", "oa.query.hide", "oa.open.sms", "oa.open.phone")


@dataclass
class Outgoing:
    """A message that passed validation."""

    kind: str
    text: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    quote: str = ""


def _is_unicode(value: str) -> bool:
    """False for lone surrogates, which JSON can carry and nothing else can store."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


def check_text(value: Any, name: str, limit: int = TEXT_LIMIT, *, required: bool = True) -> str:
    """1 to `limit` code points after NFC; -201 when missing, -210 when longer."""
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()) or not _is_unicode(value):
        raise ZaloError(-201, name)
    if len(unicodedata.normalize("NFC", value)) > limit:
        raise ZaloError(-210, name)
    return value


def _one_element(payload: dict[str, Any]) -> dict[str, Any]:
    elements = payload.get("elements")
    if not isinstance(elements, list) or len(elements) != 1 or not isinstance(elements[0], dict):
        raise ZaloError(-201, "elements")
    return elements[0]


def uploaded(caller: Caller, upload_id: Any, kinds: tuple[str, ...], name: str) -> sqlite3.Row:
    """An upload of this OA, at most 7 days old: -201 for a foreign or unknown one, -100 for an old one."""
    row = caller.world.state.one("SELECT * FROM uploads WHERE id=? AND oa_id=?", str(upload_id), caller.oa.oa_id)
    if row is None or row["kind"] not in kinds:
        raise ZaloError(-201, name)
    if caller.world.media.expired(row["created"]):
        raise ZaloError(-100)
    return row


def _media(caller: Caller, text: str, payload: dict[str, Any]) -> Outgoing:
    element = _one_element(payload)
    kind = element.get("media_type")
    if kind not in ("image", "gif", "sticker"):
        raise ZaloError(-201, "media_type")
    url, upload_id = element.get("url"), element.get("attachment_id")
    if (url is None) == (upload_id is None):
        raise ZaloError(-201, "attachment_id")
    if kind == "gif" and not all(type(element.get(side)) is int for side in ("width", "height")):
        raise ZaloError(-201, "width")
    if kind == "sticker":
        return Outgoing("sticker", text, {"url": "", "id": check_text(upload_id, "attachment_id", 100)})
    if url is None:
        address = uploaded(caller, upload_id, (kind,), "attachment_id")["media"]
        return Outgoing(kind, text, {"thumbnail": address, "url": address})
    if kind != "image" or not check_text(url, "url").startswith(("http://", "https://")):
        raise ZaloError(-201, "url")
    return Outgoing("image", text, {"thumbnail": url, "url": url})


def _buttons(caller: Caller, text: str, payload: dict[str, Any]) -> Outgoing:
    """Text with buttons: off by default, because no official v3 page has it (3.2)."""
    buttons = payload["buttons"]
    if not caller.settings["buttons"]:
        raise ZaloError(-233)
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 5:
        raise ZaloError(-201, "buttons")
    for button in buttons:
        if not isinstance(button, dict) or button.get("type") not in BUTTON_TYPES or "payload" not in button:
            raise ZaloError(-201, "buttons")
        check_text(button.get("title"), "title", 100)
    return Outgoing("text", check_text(text, "text"), {"buttons": buttons})


def _form(text: str, payload: dict[str, Any]) -> Outgoing:
    element = _one_element(payload)
    title = check_text(element.get("title"), "title", 100)
    subtitle = check_text(element.get("subtitle"), "subtitle", 500)
    check_text(element.get("image_url"), "image_url")
    return Outgoing("form", text or title, {"title": title, "subtitle": subtitle})


def _attachment(caller: Caller, text: str, attachment: Any, has_text: bool) -> Outgoing:
    payload = attachment.get("payload") if isinstance(attachment, dict) else None
    if not isinstance(payload, dict):
        raise ZaloError(-201, "attachment")
    if attachment.get("type") == "file":
        if has_text:
            raise ZaloError(-201, "text")
        row = uploaded(caller, payload.get("token"), ("file",), "token")
        extension = row["name"].rsplit(".", 1)[-1].lower()
        details = {"url": row["media"], "size": str(row["size"]), "name": row["name"]}
        return Outgoing("file", "", {**details, "checksum": row["checksum"], "type": extension})
    if attachment.get("type") != "template":
        raise ZaloError(-233)
    template = payload.get("template_type")
    if template is None and "buttons" in payload:
        return _buttons(caller, text, payload)
    if template == "media":
        return _media(caller, text, payload)
    if template == "request_user_info":
        return _form(text, payload)
    raise ZaloError(-233)


def validate(caller: Caller, body: Any, who: str) -> tuple[str, Outgoing]:
    """The body of a send → (recipient id under the key `who`, message); ZaloError -201, -210, -233, -100."""
    recipient, message = (body.get(key) if isinstance(body, dict) else None for key in ("recipient", "message"))
    user_id = recipient.get(who) if isinstance(recipient, dict) else None
    if not isinstance(user_id, str) or not user_id.isalnum():
        raise ZaloError(-201, who)
    if not isinstance(message, dict) or not message:
        raise ZaloError(-201, "message")
    attachment = message.get("attachment")
    text = check_text(message.get("text"), "text", required=attachment is None)
    outgoing = Outgoing("text", text)
    if attachment is not None:
        outgoing = _attachment(caller, text, attachment, "text" in message)
    outgoing.quote = check_text(message.get("quote_message_id"), "quote_message_id", 100, required=False)
    return user_id, outgoing


def find_recipient(caller: Caller, user_id: str, quote: str) -> sqlite3.Row:
    """The relation that may be written to now; recipient rules of 3.5."""
    world = caller.world
    relation = world.people.by_user(caller.oa.oa_id, user_id)
    if relation is None:
        raise ZaloError(-201, "user_id")
    if quote and not world.chat.exists(relation, quote):
        raise ZaloError(-201, "quote_message_id")
    if relation["refusal"]:
        raise ZaloError(relation["refusal"])
    if relation["last_interaction"] is None:
        raise ZaloError(-232)
    if world.clock.ms() - relation["last_interaction"] > OPEN_MS:
        raise ZaloError(-230)
    return relation


def take_quota(caller: Caller, relation: sqlite3.Row) -> dict[str, Any]:
    """Free within 48 hours, then one of the package's allowance; -211 when that is used up (3.1, 3.5)."""
    world, settings = caller.world, caller.settings
    if world.clock.ms() - relation["last_interaction"] <= FREE_MS:
        cap = settings["reply_cap"]
        if cap is not None and relation["replies"] >= cap:
            raise ZaloError(-211)
        total = FREE_REPLIES if cap is None else cap
        return {"quota_type": "reply", "remain": str(max(0, total - relation["replies"] - 1)), "total": str(total)}
    used, total = settings["sub_quota_used"] + 1, settings["sub_quota_total"]
    if used > total:
        raise ZaloError(-211)
    save_oa_settings(world, caller.oa.oa_id, {"sub_quota_used": used})
    until = vn_date(world.clock.ms() + 90 * 86_400_000)
    return {"quota_type": "sub_quota", "remain": str(total - used), "total": str(total), "expired_date": until}


async def read_json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise ZaloError(-201, "body") from None


async def accept(request: Request, caller: Caller, relation: sqlite3.Row, outgoing: Outgoing) -> dict[str, Any]:
    """From here on the message is on the phone, even when the answer is lost."""
    quota = take_quota(caller, relation)
    paid = quota["quota_type"] != "reply"
    chat = caller.world.chat
    msg_id = chat.oa_sends(relation, outgoing.kind, outgoing.text, outgoing.payload, outgoing.quote, paid)
    if caller.world.faults.hit("timeout_after_accept"):
        caller.world.state.run("UPDATE messages SET answered=0 WHERE msg_id=?", msg_id)
        await transport.lose_answer(request)
    return {"message_id": msg_id, "quota": quota}


@zalo_api
async def consultation(request: Request, caller: Caller) -> Response:
    """POST /v3.0/oa/message/cs: to a citizen known by user id."""
    user_id, outgoing = validate(caller, await read_json(request), "user_id")
    relation = find_recipient(caller, user_id, outgoing.quote)
    if caller.world.people.conversation(caller.oa.oa_id, user_id):
        raise ZaloError(-201, "user_id")
    done = await accept(request, caller, relation, outgoing)
    return success({"message_id": done["message_id"], "user_id": user_id, "quota": done["quota"]})

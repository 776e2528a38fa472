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
    if caller.world.media.expired(row["created"]) or caller.world.faults.hit("upload_forgotten"):
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
    return _template(caller, text, payload)


def _template(caller: Caller, text: str, payload: dict[str, Any]) -> Outgoing:
    from . import offers  # it is made of what stands here

    template = payload.get("template_type")
    if template is None and "buttons" in payload:
        return offers.text_with_buttons(caller, text, payload)
    if template == "media":
        return _media(caller, text, payload)
    if template == "request_user_info":
        return offers.form(text, payload)
    if template == "list":
        return offers.listed(caller, text, payload)
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
        return _bought(caller)
    save_oa_settings(world, caller.oa.oa_id, {"sub_quota_used": used})
    until = vn_date(world.clock.ms() + 90 * 86_400_000)
    return {"quota_type": "sub_quota", "remain": str(total - used), "total": str(total), "expired_date": until}


def _bought(caller: Caller) -> dict[str, Any]:
    """When the package is used up: bought messages, then given ones, then the wallet, whose answer has no `quota`."""
    for name in ("purchase_quota", "reward_quota"):
        if caller.settings[name] > 0:
            save_oa_settings(caller.world, caller.oa.oa_id, {name: caller.settings[name] - 1})
            return {"quota_type": name, "owner_type": "OA", "owner_id": caller.oa.oa_id}
    wallet = caller.settings["zca"]
    if wallet is None or wallet <= 0:
        raise ZaloError(-211 if wallet is None else -320 if wallet < 0 else -321)
    save_oa_settings(caller.world, caller.oa.oa_id, {"zca": wallet - 1})
    return {}


async def read_json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise ZaloError(-201, "body") from None


async def accept(request: Request, caller: Caller, relation: sqlite3.Row, outgoing: Outgoing) -> dict[str, Any]:
    """From here on the message is on the phone, even when the answer is lost."""
    quota = take_quota(caller, relation)
    paid = quota.get("quota_type") != "reply"
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
    quota = {"quota": done["quota"]} if done["quota"] else {}
    return success({"message_id": done["message_id"], "user_id": user_id, **quota})


@zalo_api
async def transaction(request: Request, caller: Caller) -> Response:
    """POST /v3.0/oa/message/transaction and /promotion: closed since 2026-03-01, unless the switch opens them (0.4)."""
    if caller.settings["transactions"]:
        raise ZaloError(caller.settings["transactions"])
    body = await read_json(request)
    recipient = body.get("recipient") if isinstance(body, dict) else None
    message = body.get("message") if isinstance(body, dict) else None
    payload = ((message or {}).get("attachment") or {}).get("payload") or {}
    kind = str(payload.get("template_type", ""))
    if not isinstance(recipient, dict) or not (kind == "promotion" or kind.startswith("transaction_")):
        raise ZaloError(-233)
    relation = find_recipient(caller, str(recipient.get("user_id", "")), "")
    msg_id = caller.world.chat.oa_sends(relation, "form", kind, {"title": kind}, "", True)
    return success({"message_id": msg_id, "user_id": relation["user_id"]})

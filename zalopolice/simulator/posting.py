"""What a citizen can do on the phone, as one JSON order: write, send a photo, a file, a place, follow."""

import base64
import binascii
import json
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .media import md5, sniff
from .samples import SAMPLES

if TYPE_CHECKING:
    from .world import World

ACTS = ("follow", "unfollow", "chatnow")
PLACEHOLDERS = {"audio": b"#!AMR\n" + bytes(320), "video": b"\x00\x00\x00\x18ftypmp42" + bytes(512)}
GIF = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
STICKER = "/static/sticker.svg"


class ControlError(ValueError):
    """An order that cannot be carried out; the text says which field."""


def required(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise ControlError(f"{key}: missing")
    return value


def relation_of(world: "World", body: dict[str, Any]) -> sqlite3.Row:
    """The thread named by `oa_id` and `citizen` (a key, or the user id of that OA)."""
    oa_id, citizen = required(body, "oa_id"), required(body, "citizen")
    relation = world.people.relation(oa_id, citizen) or world.people.by_user(oa_id, citizen)
    if relation is None:
        raise ControlError("oa_id, citizen: no such thread")
    return relation


def _bytes(body: dict[str, Any], key: str) -> bytes:
    try:
        return base64.b64decode(body[key], validate=True)
    except (KeyError, TypeError, binascii.Error) as error:
        raise ControlError(f"{key}: base64") from error


def _image(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    if body.get("sample"):
        if body["sample"] not in SAMPLES:
            raise ControlError(f"sample: one of {', '.join(SAMPLES)}")
        data = (world.state.directory / "samples" / f"{body['sample']}.jpg").read_bytes()
    else:
        data = _bytes(body, "image_base64")
    # Whatever the bytes are, Zalo calls them a JPEG; the portal must find out by itself.
    extension = sniff(data)
    address = world.media.save(data, extension if extension != "bin" else "jpg")
    return {"thumbnail": world.media.thumbnail(data, address), "url": address}


def _file(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    data, name = _bytes(body, "file_base64"), str(body.get("name") or "tep.pdf")
    extension = name.rsplit(".", 1)[-1].lower()
    url = world.media.save(data)
    return {"url": url, "size": str(len(data)), "name": name, "checksum": md5(data), "type": extension}


def _recording(kind: str) -> Callable[["World", dict[str, Any]], dict[str, Any]]:
    def payload(world: "World", body: dict[str, Any]) -> dict[str, Any]:
        data = _bytes(body, "file_base64") if "file_base64" in body else PLACEHOLDERS[kind]
        url = world.media.save(data)
        return {"url": url} if kind == "audio" else {"url": url, "thumbnail": "", "description": ""}

    return payload


def _location(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """Coordinates are strings, as in the real log (2.6)."""
    place = {}
    for key, limit in (("latitude", 90), ("longitude", 180)):
        value = float(body.get(key, "nan"))
        if not abs(value) <= limit:
            raise ControlError(f"{key}: a number of degrees")
        place[key] = f"{value:.6f}"
    return {"coordinates": place}


def _link(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    return {"thumbnail": "", "description": str(body.get("description", "")), "url": required(body, "url")}


def _sticker(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    return {"url": world.base_url + STICKER, "id": str(body.get("sticker", "21979"))}


def _gif(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    data = _bytes(body, "file_base64") if "file_base64" in body else GIF
    address = world.media.save(data, "gif")
    return {"thumbnail": address, "url": address}


def _card(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """Of somebody else, as a link whose description is JSON in a string (2.6)."""
    phone = str(body.get("phone", "84900000001"))
    described = json.dumps({"phone": phone, "qrCodeUrl": f"{world.base_url}{STICKER}"}, separators=(",", ":"))
    return {"thumbnail": "", "description": described, "url": f"https://zalo.me/0{phone.removeprefix('84')}"}


PAYLOADS: dict[str, Callable[["World", dict[str, Any]], dict[str, Any]]] = {
    "image": _image,
    "file": _file,
    "audio": _recording("audio"),
    "video": _recording("video"),
    "location": _location,
    "link": _link,
    "sticker": _sticker,
    "gif": _gif,
    "business_card": _card,
}


def _kind(body: dict[str, Any]) -> str:
    if "kind" in body:
        return str(body["kind"])
    return "image" if "image_base64" in body or "sample" in body else "file" if "file_base64" in body else "text"


def content(world: "World", body: dict[str, Any]) -> tuple[str, str, dict[str, Any] | None]:
    """Kind, words and payload of a message."""
    kind, text = _kind(body), str(body.get("text") or "")
    if kind == "text" and not text.strip():
        raise ControlError("text: missing")
    if kind != "text" and kind not in PAYLOADS:
        raise ControlError(f"kind: one of text, {', '.join(PAYLOADS)}, {', '.join(ACTS)}")
    return kind, text, PAYLOADS[kind](world, body) if kind != "text" else None


def send(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """`{"msg_id", "user_id", "delivery"}`; the signed webhook follows in the background.

    `delivery` is "pending", or "no_grant" when the OA never granted a token and Zalo therefore delivers nothing.
    """
    relation, kind = relation_of(world, body), _kind(body)
    if kind in ACTS:
        world.chat.citizen_acts(relation, kind)
        return {"msg_id": None, "user_id": relation["user_id"], "delivery": _last_state(world, relation)}
    kind, text, payload = content(world, body)
    quote, hidden = str(body.get("quote") or ""), bool(body.get("hidden"))
    msg_id = world.chat.citizen_sends(relation, kind, text, payload, quote=quote, hidden=hidden)
    return {"msg_id": msg_id, "user_id": relation["user_id"], "delivery": _last_state(world, relation)}


def _last_state(world: "World", relation: sqlite3.Row) -> str:
    row = world.state.one("SELECT state FROM events WHERE user_id=? ORDER BY id DESC LIMIT 1", relation["user_id"])
    return str(row["state"]) if row else "pending"

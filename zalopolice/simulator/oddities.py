"""How the real host differs from its documentation: events with other types, other names, too much or too little."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .faults import Faults

UNKNOWN = "user_did_something_new"
HUGE = 60_000
ALIASES = {
    "delete_group": "disperse_group",
    "accept_request_join_group": "react_request_join_group",
    "reject_request_join_group": "react_request_join_group_reject",
    "user_out_group": "user_leave_group",
}
OPTIONAL = ("user_id_by_app", "source", "oa_id")
OPTIONAL_IN_PAYLOAD = ("thumbnail", "description", "size", "checksum", "type", "name")
ZNS_KEYS = {"delivery_time", "tracking_id"}


def bent(faults: "Faults", body: dict[str, Any]) -> dict[str, Any]:
    """The body as the switches want it; the ledger keeps what the citizen really wrote."""
    if faults["alias_names"]:
        body = body | {"event_name": ALIASES.get(body["event_name"], body["event_name"])}
    if faults["number_strings"] or faults["huge_text"] or faults["missing_keys"]:
        body = json.loads(json.dumps(body))
        if faults.hit("number_strings"):
            _retyped(body)
        if faults.hit("huge_text"):
            _swollen(body)
        if faults.hit("missing_keys"):
            _bare(body)
    return body


def _payloads(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [part["payload"] for part in body.get("message", {}).get("attachments", ())]


def _retyped(body: dict[str, Any]) -> None:
    """Numbers where strings are documented (2.6: sources disagree)."""
    for payload in _payloads(body):
        if "coordinates" in payload:
            payload["coordinates"] = {key: float(value) for key, value in payload["coordinates"].items()}
        if str(payload.get("size", "")).isdigit():
            payload["size"] = int(payload["size"])
    info = body.get("info", {})
    for holder in (body, info):
        if str(holder.get("phone", "")).isdigit():
            holder["phone"] = int(holder["phone"])


def _swollen(body: dict[str, Any]) -> None:
    if isinstance(body.get("message"), dict) and "text" in body["message"]:
        body["message"]["text"] += " dài" * (HUGE // 4)


def _bare(body: dict[str, Any]) -> None:
    """Only what tells who wrote what is left. `oa_id` stays where nothing else names the account."""
    for key in OPTIONAL:
        if key != "oa_id" or "recipient" in body:
            body.pop(key, None)
    for payload in _payloads(body):
        for key in OPTIONAL_IN_PAYLOAD:
            payload.pop(key, None)


def unknown(body: dict[str, Any]) -> dict[str, Any]:
    """An event nobody has heard of, with the envelope of a known one."""
    known = {key: body[key] for key in ("app_id", "oa_id", "sender", "recipient", "timestamp") if key in body}
    return known | {"event_name": UNKNOWN, "novelty": {"level": 3}}


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def timestamp_of(raw: bytes) -> str:
    """The `timestamp` of a body as a string; empty when the body has none."""
    return str(_object(raw).get("timestamp", ""))


def headers(faults: "Faults", raw: bytes) -> dict[str, str]:
    """Beside the signature: the disputed time-stamp header, and the mark of ZNS events (2.3)."""
    body = _object(raw) if faults["timestamp_header"] or b"_time" in raw or b"tracking_id" in raw else {}
    made = {"X-ZEvent-Timestamp": str(body.get("timestamp", ""))} if faults["timestamp_header"] else {}
    message = body.get("message")
    if isinstance(message, dict) and ZNS_KEYS & set(message):
        made["X-ZEvent-Server"] = "ZNS"
    return made

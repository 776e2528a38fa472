"""What hangs on a message besides words: lists, buttons, the form for personal data (Zalo page 3.2)."""

import re
from typing import Any

from .guards import Caller, ZaloError
from .sending import Outgoing, check_text

BUTTON_TYPES = ("oa.open.url", "oa.query.show", "oa.query.hide", "oa.open.sms", "oa.open.phone")
BUTTONS_MAX, ELEMENTS_MAX = 5, 5
PHONE = re.compile(r"[1-9]\d{2,14}")  # with the country's number and no zero before; a short number as it is
PAYLOAD_KEY = {"oa.open.url": "url", "oa.open.sms": "phone_code", "oa.open.phone": "phone_code"}


def _buttons(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not 1 <= len(value) <= BUTTONS_MAX:
        raise ZaloError(-201, "buttons")
    for button in value:
        if not isinstance(button, dict) or button.get("type") not in BUTTON_TYPES:
            raise ZaloError(-201, "buttons")
        check_text(button.get("title"), "title", 100)
        payload, key = button.get("payload"), PAYLOAD_KEY.get(button["type"])
        if key is None:
            check_text(payload, "payload", 1000)
        elif not isinstance(payload, dict) or not isinstance(payload.get(key), str):
            raise ZaloError(-201, "payload")
        elif key == "phone_code" and not PHONE.fullmatch(payload[key]):
            raise ZaloError(-201, "phone_code")
    return value


def _allowed(caller: Caller) -> bool:
    """Whether this OA's buttons are drawn; -233 where they are refused."""
    if caller.settings["buttons"] is False:
        raise ZaloError(-233)
    return caller.settings["buttons"] is True


def text_with_buttons(caller: Caller, text: str, payload: dict[str, Any]) -> Outgoing:
    """Off by default, because no official v3 page has it; `ignore` delivers the words alone."""
    drawn = _allowed(caller)
    buttons = _buttons(payload["buttons"])
    return Outgoing("text", check_text(text, "text"), {"buttons": buttons} if drawn else {})


def listed(caller: Caller, text: str, payload: dict[str, Any]) -> Outgoing:
    """`template_type` list: one to five elements, limits as in the form (INF)."""
    drawn = _allowed(caller)
    elements = payload.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= ELEMENTS_MAX:
        raise ZaloError(-201, "elements")
    for element in elements:
        if not isinstance(element, dict):
            raise ZaloError(-201, "elements")
        check_text(element.get("title"), "title", 100)
        check_text(element.get("subtitle"), "subtitle", 500, required=False)
    buttons = _buttons(payload["buttons"]) if payload.get("buttons") else []
    words = text or elements[0]["title"]
    return Outgoing("list", words, {"elements": elements, "buttons": buttons}) if drawn else Outgoing("text", words)


def form(text: str, payload: dict[str, Any]) -> Outgoing:
    """`request_user_info`: one element, everything required."""
    elements = payload.get("elements")
    if not isinstance(elements, list) or len(elements) != 1 or not isinstance(elements[0], dict):
        raise ZaloError(-201, "elements")
    title = check_text(elements[0].get("title"), "title", 100)
    subtitle = check_text(elements[0].get("subtitle"), "subtitle", 500)
    check_text(elements[0].get("image_url"), "image_url")
    return Outgoing("form", text or title, {"title": title, "subtitle": subtitle})

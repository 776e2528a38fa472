"""POST /v2.0/oa/message: what is left of the old message call (Zalo page 3.3, 3.4)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from . import broadcast, sending
from .doings import ICONS
from .guards import Caller, ZaloError, success, zalo_api

REACTIONS_MAX = 50


@zalo_api
async def message(request: Request, caller: Caller) -> Response:
    """POST /v2.0/oa/message: broadcasts, reactions, anonymous chats; plain messages to a user id are over (-240)."""
    body = await sending.read_json(request)
    recipient = body.get("recipient") if isinstance(body, dict) else None
    if not isinstance(recipient, dict):
        raise ZaloError(-201, "recipient")
    if "target" in recipient:
        return await broadcast.send(request, caller, body)
    if "anonymous_id" in recipient:
        return await _anonymous(request, caller, body)
    action = body.get("sender_action")
    if "user_id" in recipient and isinstance(action, dict):
        return _react(caller, str(recipient["user_id"]), action)
    raise ZaloError(-240 if "user_id" in recipient else -233)


def _react(caller: Caller, user_id: str, action: dict[str, Any]) -> Response:
    """An icon of the OA on a message: no quota, at most 50 on one message (3.3)."""
    msg_id, icon = str(action.get("react_message_id") or ""), action.get("react_icon")
    if icon not in ICONS or not msg_id:
        raise ZaloError(-201, "react_icon" if msg_id else "react_message_id")
    relation, chat = sending.find_recipient(caller, user_id, msg_id), caller.world.chat
    if chat.reactions(msg_id) >= REACTIONS_MAX:
        raise ZaloError(-210, "react_message_id")
    chat.reacts(relation, 0, msg_id, icon)
    return success({"message_id": msg_id, "user_id": relation["user_id"]})


async def _anonymous(request: Request, caller: Caller, body: dict[str, Any]) -> Response:
    """The id holds only together with its conversation id (2.5, 3.3)."""
    anonymous_id, outgoing = sending.validate(caller, body, "anonymous_id")
    relation = sending.find_recipient(caller, anonymous_id, outgoing.quote)
    conversation = caller.world.people.conversation(caller.oa.oa_id, anonymous_id)
    if not conversation or body["recipient"].get("conversation_id") != conversation:
        raise ZaloError(-201, "conversation_id")
    done = await sending.accept(request, caller, relation, outgoing)
    ids = {"anonymous_id": anonymous_id, "conversation_id": conversation}
    return success({"message_id": done["message_id"], **ids})

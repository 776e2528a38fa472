"""What citizens do beside writing: tap a button, fill in a form, react, call, write without a name or in a group."""

import json
from typing import TYPE_CHECKING, Any

from . import bodies, ids, oauth, posting
from .groups import ACTS
from .posting import ControlError, relation_of, required

if TYPE_CHECKING:
    from .world import World

ICONS = (":>", "--b", ":-((", "/-strong", "/-heart", ":-h", ":o", "/-remove")
CALLS = ("user_call_oa", "oa_call_user")
CONSENTS = ("oa_send_consent", "user_reply_consent")


def tap(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """The button number `button` (from 1) of the message `msg_id`; a query comes back as the citizen's words."""
    relation = relation_of(world, body)
    row = world.state.one("SELECT * FROM messages WHERE msg_id=?", required(body, "msg_id"))
    buttons = json.loads(row["payload"]).get("buttons", []) if row is not None else []
    number = int(body.get("button", 1))
    if row is None or row["user_id"] != relation["user_id"] or not 1 <= number <= len(buttons):
        raise ControlError("msg_id, button: no such button in this thread")
    button = buttons[number - 1]
    if not button["type"].startswith("oa.query."):
        return {"msg_id": None, "opened": button["payload"]}
    hidden = button["type"] == "oa.query.hide"
    return {"msg_id": world.chat.citizen_sends(relation, "text", button["payload"], hidden=hidden), "opened": None}


def submit_info(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """The citizen fills in `request_user_info`: kept as `shared_info`, told as `user_submit_info`."""
    relation, given = relation_of(world, body), body.get("info", {})
    if not isinstance(given, dict) or not given.get("name"):
        raise ControlError("info: {name, phone, address, city, ward, …}")
    shared = {key: str(given.get(key, "")) for key in ("name", "phone", "address", "city", "district", "user_dob")}
    world.state.run(
        "UPDATE relations SET shared=? WHERE user_id=?", json.dumps(shared, ensure_ascii=False), relation["user_id"]
    )
    party, old = world.chat.party(relation), bool(world.faults["old_info_form"])
    world.chat.tell(party, bodies.submitted(party, given, world.clock.ms(), old=old))
    world.people.interacted(relation, world.clock.ms())
    return {"user_id": relation["user_id"]}


def react(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """The citizen's icon on a message of the thread: `user_reacted_message`."""
    relation, msg_id, icon = relation_of(world, body), required(body, "msg_id"), str(body.get("icon", "/-heart"))
    if icon not in ICONS or not world.chat.exists(relation, msg_id):
        raise ControlError(f"msg_id: one of this thread; icon: one of {' '.join(ICONS)}")
    world.chat.reacts(relation, 1, msg_id, icon)
    return {"user_id": relation["user_id"]}


def anonymous(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """Somebody who has not signed in to Zalo: an id that holds with its conversation only. Then `send` as anybody."""
    oa_id, user_id, conversation = required(body, "oa_id"), ids.message_id()[:18], ids.message_id()[:18]
    if oa_id not in world.config.oas:
        raise ControlError("oa_id: no such OA")
    relation = world.people.adopt(oa_id, user_id)
    world.people.hide(oa_id, user_id, conversation)
    return {"citizen": relation["citizen"], "user_id": user_id, "conversation_id": conversation}


def call(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """A voice call or its consent: `name` of CALLS or CONSENTS. Calling the OA opens the reply window (3.5)."""
    relation, name = relation_of(world, body), str(body.get("name", CALLS[0]))
    party, at, phone = world.chat.party(relation), world.clock.ms(), str(body.get("phone", "84900000001"))
    if name in CALLS:
        event = bodies.called(party, name, phone, at, int(body.get("seconds", 36)))
    elif name in CONSENTS:
        event = bodies.consented(party, name, phone, at)
    else:
        raise ControlError(f"name: one of {', '.join((*CALLS, *CONSENTS))}")
    world.chat.tell(party, event)
    if name == CALLS[0]:
        world.people.interacted(relation, at, chatted=False)
    return {"user_id": relation["user_id"]}


def withdraw(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """`user_withdraw`: the person wants their data gone."""
    relation = relation_of(world, body)
    party = world.chat.party(relation)
    world.chat.tell(party, bodies.chatnow(party, world.clock.ms()) | {"event_name": "user_withdraw"})
    return {"user_id": relation["user_id"]}


def revoke(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """The OA's administrator removes the app: dead tokens, `permission_revoked`."""
    oa_id = required(body, "oa_id")
    if oa_id not in world.config.oas:
        raise ControlError("oa_id: no such OA")
    oauth.revoke(world, oa_id)
    return {"oa_id": oa_id}


def group(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """`act` create (name, citizens), say (citizen, kind, text …), delete, or one of groups.ACTS (citizens)."""

    oa_id, act = required(body, "oa_id"), required(body, "act")
    people = [relation_of(world, {"oa_id": oa_id, "citizen": one}) for one in body.get("citizens", ())]
    user_ids = [one["user_id"] for one in people]
    if act == "create":
        return {"group_id": world.groups.create(oa_id, required(body, "name"), user_ids, asset_id=ids.message_id())}
    found = world.groups.find(oa_id, required(body, "group_id"))
    if found is None:
        raise ControlError("group_id: no such group")
    if act == "delete":
        world.groups.delete(found)
    elif act == "say":
        return {"msg_id": _say(world, found, relation_of(world, body), body)}
    elif act in ACTS:
        world.groups.act(found, act, user_ids)
    else:
        raise ControlError(f"act: create, say, delete, {', '.join(ACTS)}")
    return {"group_id": found["id"]}


def _say(world: "World", found: Any, relation: Any, body: dict[str, Any]) -> str:
    if not world.groups.is_member(found["id"], relation["user_id"]):
        raise ControlError("citizen: not in this group")
    kind, text, payload = posting.content(world, body)
    return world.groups.says(found, 1, relation["user_id"], kind, text, payload)


DOINGS = {
    "tap": tap,
    "submit_info": submit_info,
    "react": react,
    "anonymous": anonymous,
    "call": call,
    "withdraw": withdraw,
    "revoke": revoke,
    "group": group,
}

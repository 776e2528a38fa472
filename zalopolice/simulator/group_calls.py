"""`/v3.0/oa/group/*`: what an OA asks of its GMF groups (Zalo page 7). Plain query parameters, arrays of ids."""

import json
import sqlite3
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import sending, transport
from .clock import vn_date
from .groups import SETTING
from .guards import Caller, ZaloError, success, zalo_api

MEMBERS_MAX = 99
PAGE = 5
PATHS = "/openapi/v3.0/oa/group"


def _group(caller: Caller, group_id: Any, *, enabled: bool = True) -> sqlite3.Row:
    row = caller.world.groups.find(caller.oa.oa_id, str(group_id or ""))
    if row is None:
        raise ZaloError(-403)
    if enabled and row["status"] != "enabled":
        raise ZaloError(-237)
    return row


async def _body(request: Request) -> dict[str, Any]:
    body = await sending.read_json(request)
    if not isinstance(body, dict):
        raise ZaloError(-201, "data")
    return body


def _ids(caller: Caller, body: dict[str, Any]) -> list[str]:
    given = body.get("member_user_ids")
    known = caller.world.people
    if not isinstance(given, list) or not 1 <= len(given) <= MEMBERS_MAX:
        raise ZaloError(-201, "member_user_ids")
    if not all(isinstance(one, str) and known.by_user(caller.oa.oa_id, one) for one in given):
        raise ZaloError(-201, "member_user_ids")
    return given


def _page(request: Request) -> tuple[int, int]:
    offset, count = request.query_params.get("offset", "0"), request.query_params.get("count", str(PAGE))
    if not (offset.isdecimal() and count.isdecimal()) or not 1 <= int(count) <= 50 or int(offset) > 1_000_000:
        raise ZaloError(-201, "offset")
    return int(offset), int(count)


def _short(caller: Caller, row: sqlite3.Row) -> dict[str, Any]:
    """As in lists and after creation; `getgroup` tells more."""
    return {
        "name": row["name"],
        "avatar": row["avatar"],
        "group_id": row["id"],
        "group_link": f"https://zalo.me/g/{row['id'][:6]}",
        "group_description": row["description"],
        "total_member": len(caller.world.groups.members(row["id"])) + 1,
        "status": row["status"],
    }


def _long(caller: Caller, row: sqlite3.Row) -> dict[str, Any]:
    info = _short(caller, row)
    info["description"] = info.pop("group_description")
    until = vn_date(caller.world.clock.ms() + 90 * 86_400_000)
    asset = {"asset_type": "gmf100", "asset_id": row["asset_id"], "valid_through": until, "auto_renew": "true"}
    setting = SETTING | json.loads(row["setting"])
    return {"group_info": info | {"max_member": "100"}, "asset_info": asset, "group_setting": setting}


@zalo_api
async def create(request: Request, caller: Caller) -> Response:
    body = await _body(request)
    name = sending.check_text(body.get("group_name"), "group_name", 100)
    description = sending.check_text(body.get("group_description"), "group_description", 500, required=False)
    asset = sending.check_text(body.get("asset_id"), "asset_id", 100)
    used = caller.world.state.one("SELECT 1 FROM chat_groups WHERE asset_id=? AND status='enabled'", asset)
    if used is not None:
        raise ZaloError(-238)
    group_id = caller.world.groups.create(caller.oa.oa_id, name, _ids(caller, body), description, asset)
    return success(_short(caller, _group(caller, group_id)))


@zalo_api
async def message(request: Request, caller: Caller) -> Response:
    """POST group/message: text, image, gif, sticker, file, as on `cs`; round the clock."""
    group_id, outgoing = sending.validate(caller, await _body(request), "group_id")
    group = _group(caller, group_id)
    msg_id = caller.world.groups.says(group, 0, caller.oa.oa_id, outgoing.kind, outgoing.text, outgoing.payload)
    if caller.world.faults.hit("timeout_after_accept"):
        caller.world.state.run("UPDATE group_messages SET answered=0 WHERE msg_id=?", msg_id)
        await transport.lose_answer(request)
    return success({"message_id": msg_id, "group_id": group_id})


@zalo_api
async def one(request: Request, caller: Caller) -> Response:
    return success(_long(caller, _group(caller, request.query_params.get("group_id"), enabled=False)))


@zalo_api
async def update(request: Request, caller: Caller) -> Response:
    body = await _body(request)
    row = _group(caller, body.get("group_id"))
    setting = json.loads(row["setting"]) | {key: bool(body[key]) for key in SETTING if key in body}
    caller.world.state.run(
        "UPDATE chat_groups SET name=?, description=?, avatar=?, setting=? WHERE id=?",
        *(body.get("group_name", row["name"]), body.get("group_description", row["description"])),
        *(body.get("group_avatar", row["avatar"]), json.dumps(setting), row["id"]),
    )
    caller.world.groups.tell(caller.oa.oa_id, row["id"], "update_group_info")
    return success(_long(caller, _group(caller, row["id"])))


def _act(act: str) -> Any:
    @zalo_api
    async def endpoint(request: Request, caller: Caller) -> Response:
        body = await _body(request)
        caller.world.groups.act(_group(caller, body.get("group_id")), act, _ids(caller, body))
        return success({})

    return endpoint


@zalo_api
async def delete(request: Request, caller: Caller) -> Response:
    caller.world.groups.delete(_group(caller, (await _body(request)).get("group_id")))
    return success({})


def _listed(pending: bool) -> Any:
    @zalo_api
    async def endpoint(request: Request, caller: Caller) -> Response:
        group, (offset, count) = _group(caller, request.query_params.get("group_id")), _page(request)
        rows = caller.world.groups.members(group["id"], pending=pending)
        shown = [{"user_id": row["user_id"], "name": row["name"] or "", "avatar": ""} for row in rows]
        part = shown[offset : offset + count]
        total = {"total": len(shown), "member_count": len(part), "members": part}
        return success({"offset": offset, "count": count} | total)

    return endpoint


@zalo_api
async def mine(request: Request, caller: Caller) -> Response:
    (offset, count), state = _page(request), caller.world.state
    rows = state.all("SELECT * FROM chat_groups WHERE oa_id=? ORDER BY rowid", caller.oa.oa_id)
    part = [_short(caller, row) for row in rows[offset : offset + count]]
    return success({"offset": offset, "count": count, "total": len(rows), "group_count": len(part), "groups": part})


@zalo_api
async def quota(request: Request, caller: Caller) -> Response:
    """POST /v3.0/oa/quota/group: one asset that is always free, beside those in use."""
    rows = caller.world.state.all("SELECT * FROM chat_groups WHERE oa_id=? AND status='enabled'", caller.oa.oa_id)
    until = vn_date(caller.world.clock.ms() + 90 * 86_400_000)
    asset = {"product_type": "gmf100", "quota_type": "sub_quota", "valid_through": until, "auto_renew": False}
    used = [asset | {"asset_id": row["asset_id"], "status": "used", "used_id": row["id"]} for row in rows]
    return success([*used, asset | {"asset_id": f"tu-do-{len(rows) + 1}", "status": "available", "used_id": ""}])


def _entry(caller: Caller, row: sqlite3.Row) -> dict[str, Any]:
    """As conversation history, without the other end, with the group (7)."""
    names = {"src": row["src"], "time": row["at"], "type": row["type"], "message": row["text"]}
    who = {"message_id": row["msg_id"], "from_id": row["user_id"], "from_display_name": "", "from_avatar": ""}
    return names | who | {"group_id": row["group_id"]}


def _history(where: str) -> Any:
    @zalo_api
    async def endpoint(request: Request, caller: Caller) -> Response:
        offset, count = _page(request)
        group_id = request.query_params.get("group_id", "")
        if "group_id=?" in where:
            _group(caller, group_id, enabled=False)
        wanted = [caller.oa.oa_id, group_id] if "group_id=?" in where else [caller.oa.oa_id]
        sql = f"SELECT * FROM group_messages WHERE oa_id=? {where} ORDER BY seq DESC LIMIT ? OFFSET ?"
        return success([_entry(caller, row) for row in caller.world.state.all(sql, *wanted, count, offset)])

    return endpoint


LAST = "AND seq IN (SELECT max(seq) FROM group_messages GROUP BY group_id)"
ACTS = {
    "invite": "join",
    "acceptpendinginvite": "accept",
    "rejectpendinginvite": "reject",
    "addadmins": "admin",
    "removeadmins": "unadmin",
    "removemembers": "leave",
}
routes = [
    Route(f"{PATHS}/message", message, methods=["POST"]),
    Route(f"{PATHS}/creategroupwithoa", create, methods=["POST"]),
    Route(f"{PATHS}/getgroup", one, methods=["GET"]),
    Route(f"{PATHS}/updateinfo", update, methods=["POST"]),
    Route(f"{PATHS}/delete", delete, methods=["POST"]),
    *(Route(f"{PATHS}/{path}", _act(act), methods=["POST"]) for path, act in ACTS.items()),
    Route(f"{PATHS}/listmember", _listed(False), methods=["GET"]),
    Route(f"{PATHS}/listpendinginvite", _listed(True), methods=["GET"]),
    Route(f"{PATHS}/getgroupsofoa", mine, methods=["GET"]),
    Route(f"{PATHS}/conversation", _history("AND group_id=?"), methods=["GET"]),
    Route(f"{PATHS}/listrecentchat", _history(LAST), methods=["GET"]),
    Route("/openapi/v3.0/oa/quota/group", quota, methods=["POST"]),
]

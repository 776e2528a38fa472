"""People as an OA may ask for them, and the tags it gives them (Zalo page 5.1 to 5.3, 5.6)."""

import json
import re
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from .clock import HANOI, moment, vn_date
from .guards import Caller, ZaloError, success, zalo_api
from .sending import check_text, read_json

if TYPE_CHECKING:
    from .world import World

OFFSET_MAX, COUNT_MAX = 9951, 50
PERIODS = {"TODAY": (0, 0), "YESTERDAY": (1, 1), "L7D": (6, 0), "L30D": (29, 0)}  # days ago, from and to
RANGE = re.compile(r"(\d{4})_(\d\d)_(\d\d):(\d{4})_(\d\d)_(\d\d)")
SHARED = ("name", "phone", "address", "city_id", "district_id", "user_dob")


def query(request: Request) -> dict[str, Any]:
    """The one query parameter `data` with JSON inside."""
    try:
        data = json.loads(request.query_params.get("data", ""))
    except (ValueError, RecursionError):
        raise ZaloError(-201, "data") from None
    if not isinstance(data, dict):
        raise ZaloError(-201, "data")
    return data


def _known(caller: Caller, user_id: Any) -> sqlite3.Row:
    relation = caller.world.people.by_user(caller.oa.oa_id, str(user_id or ""))
    if relation is None:
        raise ZaloError(-201, "user_id")
    return relation


def _period(world: "World", wanted: Any) -> tuple[int, int]:
    """[from, until) in milliseconds, by Viet Nam's days."""
    today = moment(world.clock.ms()).replace(hour=0, minute=0, second=0, microsecond=0)
    if wanted in PERIODS:
        first, last = (today - timedelta(days=days) for days in PERIODS[wanted])
    else:
        found = RANGE.fullmatch(str(wanted))
        try:
            if found is None:
                raise ValueError
            numbers = [int(one) for one in found.groups()]
            first, last = (
                moment(0).replace(year=y, month=m, day=d, hour=0, tzinfo=HANOI) for y, m, d in _days(numbers)
            )
        except ValueError:
            raise ZaloError(-201, "last_interaction_period") from None
    return int(first.timestamp() * 1000), int((last + timedelta(days=1)).timestamp() * 1000)


def _days(numbers: list[int]) -> list[tuple[int, int, int]]:
    return [(numbers[0], numbers[1], numbers[2]), (numbers[3], numbers[4], numbers[5])]


@zalo_api
async def user_list(request: Request, caller: Caller) -> Response:
    """GET /v3.0/oa/user/getlist?data={"offset","count","tag_name","last_interaction_period","is_follower"} (5.1)."""
    data, oa_id = query(request), caller.oa.oa_id
    offset, count = data.get("offset", 0), data.get("count", 5)
    if type(offset) is not int or type(count) is not int or offset < 0 or count < 1:
        raise ZaloError(-201, "offset")
    if offset > OFFSET_MAX or count > COUNT_MAX:
        raise ZaloError(-210, "count" if count > COUNT_MAX else "offset")
    known, values = "FROM relations WHERE oa_id=? AND (following=1 OR last_interaction IS NOT NULL)", [oa_id]
    follows = str(data.get("is_follower", "")).lower()
    if follows in ("true", "false"):
        known += f" AND following={int(follows == 'true')}"
    if data.get("tag_name"):
        known += " AND user_id IN (SELECT user_id FROM tagged WHERE oa_id=? AND name=?)"
        values += [oa_id, str(data["tag_name"])]
    if data.get("last_interaction_period"):
        known += " AND last_interaction>=? AND last_interaction<?"
        values += [str(at) for at in _period(caller.world, data["last_interaction_period"])]
    total = caller.world.state.one(f"SELECT count(*) AS n {known}", *values)
    rows = caller.world.state.all(f"SELECT user_id {known} ORDER BY rowid LIMIT ? OFFSET ?", *values, count, offset)
    assert total is not None
    users = [{"user_id": row["user_id"]} for row in rows]
    return success({"total": total["n"], "count": len(users), "offset": offset, "users": users})


@zalo_api
async def user_detail(request: Request, caller: Caller) -> Response:
    """GET /v3.0/oa/user/detail?data={"user_id"} (5.2)."""
    world, relation = caller.world, _known(caller, query(request).get("user_id"))
    last = relation["last_interaction"]
    tags = world.state.all(
        "SELECT name FROM tagged WHERE oa_id=? AND user_id=? ORDER BY name", caller.oa.oa_id, relation["user_id"]
    )
    return success(
        {
            "user_id": relation["user_id"],
            "user_id_by_app": relation["by_app"],
            "user_external_id": relation["external_id"],
            "display_name": world.people.name(relation["citizen"]),
            "user_alias": relation["alias"],
            "is_sensitive": False,
            "user_last_interaction_date": vn_date(last) if last else "",
            "user_is_follower": bool(relation["following"]),
            "avatar": "",
            "avatars": {"120": "", "240": ""},
            "dynamic_param": "",
            "tags_and_notes_info": {"notes": [], "tag_names": [row["name"] for row in tags]},
            "shared_info": json.loads(relation["shared"]),
        }
    )


@zalo_api
async def update(request: Request, caller: Caller) -> Response:
    """POST /v3.0/oa/user/update: what the OA knows of a person, its own names for them (5.3)."""
    body = await _body(request)
    relation, given = _known(caller, body.get("user_id")), body.get("shared_info", {})
    if not isinstance(given, dict) or set(given) - set(SHARED):
        raise ZaloError(-201, "shared_info")
    shared = json.loads(relation["shared"]) | given
    names = [check_text(body.get(key), key, 100, required=False) or relation[column] for key, column in NAMES]
    caller.world.state.run(
        "UPDATE relations SET shared=?, alias=?, external_id=? WHERE user_id=?",
        json.dumps(shared, ensure_ascii=False),
        *names,
        relation["user_id"],
    )
    return success({})


NAMES = (("user_alias", "alias"), ("user_external_id", "external_id"))


@zalo_api
async def forget(request: Request, caller: Caller) -> Response:
    """POST /v2.0/oa/deletefollowerinfo: what the person had shared (5.3)."""
    relation = _known(caller, (await _body(request)).get("user_id"))
    caller.world.state.run("UPDATE relations SET shared='{}' WHERE user_id=?", relation["user_id"])
    return success({})


@zalo_api
async def retired(request: Request, caller: Caller) -> Response:
    """getfollowers, getprofile: over since 2024-06-01 (5.6)."""
    raise ZaloError(-235)


# -- tags ------------------------------------------------------------------------------------------


async def _body(request: Request) -> dict[str, Any]:
    body = await read_json(request)
    if not isinstance(body, dict):
        raise ZaloError(-201, "data")
    return body


def _tell(caller: Caller, name: str, tag: dict[str, Any]) -> None:
    body = {"app_id": caller.oa.app_id, "oa_id": caller.oa.oa_id, "event_name": name, "tag": tag}
    stamp = {"timestamp": str(caller.world.clock.ms())}
    caller.world.webhooks.announce(caller.oa.app_id, body | stamp, "", caller.oa.oa_id)


@zalo_api
async def tag_follower(request: Request, caller: Caller) -> Response:
    """POST /v2.0/oa/tag/tagfollower; creates the tag."""
    body = await _body(request)
    relation, name = _known(caller, body.get("user_id")), check_text(body.get("tag_name"), "tag_name", 100)
    state, oa_id = caller.world.state, caller.oa.oa_id
    with state.transaction():
        state.run("INSERT OR IGNORE INTO tags VALUES(?,?)", oa_id, name)
        state.run("INSERT OR IGNORE INTO tagged VALUES(?,?,?)", oa_id, name, relation["user_id"])
        _tell(caller, "add_user_to_tag", {"user_ids": [relation["user_id"]], "name": name})
    return success({})


@zalo_api
async def untag_follower(request: Request, caller: Caller) -> Response:
    """POST /v2.0/oa/tag/rmfollowerfromtag."""
    body = await _body(request)
    relation, name = _known(caller, body.get("user_id")), check_text(body.get("tag_name"), "tag_name", 100)
    state, oa_id = caller.world.state, caller.oa.oa_id
    with state.transaction():
        gone = state.run("DELETE FROM tagged WHERE oa_id=? AND name=? AND user_id=?", oa_id, name, relation["user_id"])
        if not gone.rowcount:
            raise ZaloError(-201, "tag_name")
        _tell(caller, "remove_user_from_tag", {"user_ids": [relation["user_id"]], "name": name})
    return success({})


@zalo_api
async def remove_tag(request: Request, caller: Caller) -> Response:
    """POST /v2.0/oa/tag/rmtag."""
    name = check_text((await _body(request)).get("tag_name"), "tag_name", 100)
    state, oa_id = caller.world.state, caller.oa.oa_id
    with state.transaction():
        if not state.run("DELETE FROM tags WHERE oa_id=? AND name=?", oa_id, name).rowcount:
            raise ZaloError(-201, "tag_name")
        state.run("DELETE FROM tagged WHERE oa_id=? AND name=?", oa_id, name)
        _tell(caller, "remove_tag", {"name": name})
    return success({})


@zalo_api
async def tags(request: Request, caller: Caller) -> Response:
    """GET /v2.0/oa/tag/gettagsofoa: a bare array of names."""
    rows = caller.world.state.all("SELECT name FROM tags WHERE oa_id=? ORDER BY name", caller.oa.oa_id)
    return success([row["name"] for row in rows])

"""The read side of the OA host: profile, conversation history (Zalo page section 5), and its routes."""

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import articles, message_v2, quota, sending, uploads, users
from .clock import vn_date
from .guards import Caller, ZaloError, success, zalo_api

if TYPE_CHECKING:
    from .world import World

PAGE_LIMIT = 10
OFFSET_LIMIT = 1_000_000
HISTORY_TYPE = {
    "text": "text",
    "image": "photo",
    "gif": "GIF",
    "audio": "voice",
    "sticker": "sticker",
    "location": "location",
    "link": "link",
    "article": "links",
}


def _page(data: dict[str, Any]) -> tuple[int, int]:
    offset, count = data.get("offset", 0), data.get("count", PAGE_LIMIT)
    if type(offset) is not int or type(count) is not int or offset < 0 or count < 1:
        raise ZaloError(-201, "offset")
    if count > PAGE_LIMIT or offset > OFFSET_LIMIT:
        raise ZaloError(-210, "count")
    return offset, count


@zalo_api
async def get_oa(request: Request, caller: Caller) -> Response:
    """GET /v2.0/oa/getoa (5.5)."""
    world, oa = caller.world, caller.oa
    row = world.state.one("SELECT count(*) AS n FROM relations WHERE oa_id=? AND following=1", oa.oa_id)
    until = vn_date(world.clock.ms() + 300 * 86_400_000)
    return success(
        {
            "oa_id": oa.oa_id,
            "name": oa.name,
            "description": "Kênh tiếp nhận tin báo của người dân",
            "oa_alias": "",
            "is_verified": caller.settings["is_verified"],
            "oa_type": caller.settings["oa_type"],
            "cate_name": "Cơ quan nhà nước",
            "num_follower": row["n"] if row else 0,
            "avatar": "",
            "cover": "",
            "package_name": caller.settings["package_name"],
            "package_valid_through_date": until,
            "package_auto_renew_date": until,
            "linked_ZCA": "",
        }
    )


def history_entry(world: "World", row: sqlite3.Row) -> dict[str, Any]:
    """One message as conversation history gives it (5.4): `time` is an integer, `src` 0 is the OA."""
    oa = world.config.oas[row["oa_id"]]
    ends = [(row["oa_id"], oa.name), (row["user_id"], world.people.name(row["citizen"]))]
    sender, receiver = ends if row["src"] == 0 else reversed(ends)
    payload = world.chat.absolute(json.loads(row["payload"]))
    entry: dict[str, Any] = {
        "src": row["src"],
        "time": row["at"],
        "type": HISTORY_TYPE.get(row["type"], "nosupport"),
        "message": row["text"],
        "message_id": row["msg_id"],
        "from_id": sender[0],
        "to_id": receiver[0],
        "from_display_name": sender[1],
        "from_avatar": "",
        "to_display_name": receiver[1],
        "to_avatar": "",
    }
    if row["type"] in ("image", "gif"):
        entry |= {"thumb": payload.get("thumbnail", ""), "url": payload.get("url", ""), "description": row["text"]}
    if row["type"] in ("audio", "sticker"):
        entry["url"] = payload.get("url", "")
    if row["type"] == "link":
        entry["links"] = [payload]
    if row["type"] == "article":
        named = (("title", "title"), ("description", "description"), ("thumb", "cover"), ("url", "link"))
        entry["links"] = [{name: payload.get(key, "") for name, key in named}]
    if row["type"] == "location":
        entry["location"] = json.dumps(payload.get("coordinates", {}))
    return entry


@zalo_api
async def conversation(request: Request, caller: Caller) -> Response:
    """GET /v2.0/oa/conversation: a bare array, newest first, ten at most; `user_id` number or string (5.4)."""
    data = users.query(request)
    offset, count = _page(data)
    relation = caller.world.people.by_user(caller.oa.oa_id, str(data.get("user_id", "")))
    if relation is None:
        raise ZaloError(-201, "user_id")
    rows = caller.world.state.all(
        "SELECT * FROM messages WHERE oa_id=? AND user_id=? ORDER BY seq DESC LIMIT ? OFFSET ?",
        caller.oa.oa_id,
        relation["user_id"],
        count,
        offset,
    )
    return success([history_entry(caller.world, row) for row in rows])


@zalo_api
async def recent_chat(request: Request, caller: Caller) -> Response:
    """GET /v2.0/oa/listrecentchat: the last message of each thread, the latest thread first (5.4)."""
    offset, count = _page(users.query(request))
    rows = caller.world.state.all(
        "SELECT m.* FROM messages m JOIN (SELECT max(seq) AS last FROM messages WHERE oa_id=? GROUP BY user_id) t"
        " ON m.seq=t.last ORDER BY m.seq DESC LIMIT ? OFFSET ?",
        caller.oa.oa_id,
        count,
        offset,
    )
    return success([history_entry(caller.world, row) for row in rows])


routes = [
    Route("/openapi/v3.0/oa/message/cs", sending.consultation, methods=["POST"]),
    Route("/openapi/v2.0/oa/message", message_v2.message, methods=["POST"]),
    Route("/openapi/v2.0/oa/upload/image", uploads.image, methods=["POST"]),
    Route("/openapi/v2.0/oa/upload/gif", uploads.gif, methods=["POST"]),
    Route("/openapi/v2.0/oa/upload/file", uploads.file, methods=["POST"]),
    Route("/openapi/v3.0/oa/message/transaction", sending.transaction, methods=["POST"]),
    Route("/openapi/v3.0/oa/message/promotion", sending.transaction, methods=["POST"]),
    Route("/openapi/v3.0/oa/user/detail", users.user_detail, methods=["GET"]),
    Route("/openapi/v3.0/oa/user/update", users.update, methods=["POST"]),
    Route("/openapi/v2.0/oa/deletefollowerinfo", users.forget, methods=["POST"]),
    Route("/openapi/v2.0/oa/getfollowers", users.retired, methods=["GET"]),
    Route("/openapi/v2.0/oa/getprofile", users.retired, methods=["GET"]),
    Route("/openapi/v2.0/oa/tag/tagfollower", users.tag_follower, methods=["POST"]),
    Route("/openapi/v2.0/oa/tag/rmfollowerfromtag", users.untag_follower, methods=["POST"]),
    Route("/openapi/v2.0/oa/tag/rmtag", users.remove_tag, methods=["POST"]),
    Route("/openapi/v2.0/oa/tag/gettagsofoa", users.tags, methods=["GET"]),
    Route("/openapi/v2.0/oa/conversation", conversation, methods=["GET"]),
    Route("/openapi/v2.0/oa/listrecentchat", recent_chat, methods=["GET"]),
    Route("/openapi/v2.0/oa/getoa", get_oa, methods=["GET"]),
    Route("/openapi/v3.0/oa/user/getlist", users.user_list, methods=["GET"]),
    Route("/openapi/v3.0/oa/quota/message", quota.message_quota, methods=["POST"]),
    Route("/openapi/v2.0/oa/quota/message", quota.legacy_quota, methods=["POST"]),
    Route("/openapi/v2.0/article/create", articles.create, methods=["POST"]),
    Route("/openapi/v2.0/article/verify", articles.verify, methods=["POST"]),
    Route("/openapi/v2.0/article/update", articles.update, methods=["POST"]),
    Route("/openapi/v2.0/article/remove", articles.remove, methods=["POST"]),
    Route("/openapi/v2.0/article/getdetail", articles.get_detail, methods=["GET"]),
    Route("/openapi/v2.0/article/getslice", articles.get_slice, methods=["GET"]),
]

"""What an OA may ask about its allowances and its followers (Zalo page 3.6 and 5.1)."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from . import broadcast
from .clock import vn_date
from .guards import Caller, ZaloError, success, zalo_api
from .sending import FREE_REPLIES, read_json

OFFSET_MAX, COUNT_MAX = 9951, 50
OWNERS, PRODUCTS = ("OA", "APP"), ("cs", "transaction")
TYPES = ("sub_quota", "purchase_quota", "reward_quota")


def _promotion(caller: Caller, user_id: str) -> dict[str, int]:
    per_day, per_month = caller.settings["broadcast_user_day"], caller.settings["broadcast_month_total"]
    today = broadcast.had_today(caller.world, caller.oa.oa_id, user_id)
    month = broadcast.used_this_month(caller.world, caller.oa.oa_id)
    return {
        "daily_remain": max(0, per_day - today),
        "daily_total": per_day,
        "monthly_remain": max(0, per_month - month),
        "monthly_total": per_month,
    }


def _of_user(caller: Caller, user_id: Any) -> dict[str, Any]:
    relation = caller.world.people.by_user(caller.oa.oa_id, str(user_id))
    if relation is None:
        raise ZaloError(-201, "user_id")
    total = caller.settings["reply_cap"] or FREE_REPLIES
    return {
        "last_interaction": str(relation["last_interaction"] or 0),
        "cs_reply": {"remain": max(0, total - relation["replies"]), "total": total},
        "promotion": _promotion(caller, relation["user_id"]),
    }


def _assets(caller: Caller, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Only the package's own allowance exists here: nobody can buy or win another."""
    if body.get("quota_owner") not in OWNERS:
        raise ZaloError(-201, "quota_owner")
    if body.get("product_type", "cs") not in PRODUCTS:
        raise ZaloError(-201, "product_type")
    if body.get("quota_type", "sub_quota") not in TYPES:
        raise ZaloError(-201, "quota_type")
    wanted = (body["quota_owner"], body.get("product_type", "cs"), body.get("quota_type", "sub_quota"))
    if wanted != ("OA", "cs", "sub_quota"):
        return []
    total, used = caller.settings["sub_quota_total"], caller.settings["sub_quota_used"]
    until = vn_date(caller.world.clock.ms() + 90 * 86_400_000)
    asset = {"asset_id": caller.oa.oa_id[-4:], "product_type": "cs", "quota_type": "sub_quota"}
    return [asset | {"valid_through": until, "total": total, "remain": max(0, total - used)}]


@zalo_api
async def message_quota(request: Request, caller: Caller) -> Response:
    """POST /v3.0/oa/quota/message: by user id, or by owner and product."""
    body = await read_json(request)
    if not isinstance(body, dict):
        raise ZaloError(-201, "data")
    return success(_of_user(caller, body["user_id"]) if "user_id" in body else _assets(caller, body))


@zalo_api
async def legacy_quota(request: Request, caller: Caller) -> Response:
    """POST /v2.0/oa/quota/message: `{message_id}`, `{user_id, type: "promotion"}` or nothing."""
    raw = await request.body()
    body = await read_json(request) if raw else {}
    if not isinstance(body, dict):
        raise ZaloError(-201, "data")
    if "user_id" in body:
        quota = _of_user(caller, body["user_id"])["promotion"]
        if body.get("type", "promotion") != "promotion":
            raise ZaloError(-201, "type")
        return success({"type": "promotion", "remain": quota["monthly_remain"], "total": quota["monthly_total"]})
    if "message_id" in body:
        sent = caller.world.state.one(
            "SELECT 1 FROM messages WHERE oa_id=? AND src=0 AND msg_id=?", caller.oa.oa_id, str(body["message_id"])
        )
        if sent is None:
            raise ZaloError(-201, "message_id")
    total, used = caller.settings["sub_quota_total"], caller.settings["sub_quota_used"]
    return success({"type": "sub_quota", "remain": max(0, total - used), "total": total})


@zalo_api
async def user_list(request: Request, caller: Caller) -> Response:
    """GET /v3.0/oa/user/getlist?data={"offset","count","is_follower"} (5.1).

    Nobody carries a tag here, so a tag finds nobody; periods of interaction are not simulated."""
    try:
        data = json.loads(request.query_params.get("data", ""))
    except (ValueError, RecursionError):
        raise ZaloError(-201, "data") from None
    if not isinstance(data, dict) or "last_interaction_period" in data:
        raise ZaloError(-201, "data" if not isinstance(data, dict) else "last_interaction_period")
    offset, count = data.get("offset", 0), data.get("count", 5)
    if type(offset) is not int or type(count) is not int or offset < 0 or count < 1:
        raise ZaloError(-201, "offset")
    if offset > OFFSET_MAX or count > COUNT_MAX:
        raise ZaloError(-210, "count" if count > COUNT_MAX else "offset")
    known = "FROM relations WHERE oa_id=? AND (following=1 OR last_interaction IS NOT NULL)"
    follows = str(data.get("is_follower", "")).lower()
    if follows in ("true", "false"):
        known += f" AND following={int(follows == 'true')}"
    if data.get("tag_name"):
        known += " AND 0"
    total = caller.world.state.one(f"SELECT count(*) AS n {known}", caller.oa.oa_id)
    rows = caller.world.state.all(
        f"SELECT user_id {known} ORDER BY rowid LIMIT ? OFFSET ?", caller.oa.oa_id, count, offset
    )
    assert total is not None
    users = [{"user_id": row["user_id"]} for row in rows]
    return success({"total": total["n"], "count": len(users), "offset": offset, "users": users})

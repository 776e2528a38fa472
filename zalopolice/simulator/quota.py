"""What an OA may ask about its allowances (Zalo page 3.6)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from . import broadcast
from .clock import vn_date
from .guards import Caller, ZaloError, success, zalo_api
from .sending import FREE_REPLIES, read_json

OWNERS, PRODUCTS = ("OA", "APP", "App"), ("cs", "transaction")
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

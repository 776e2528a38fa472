"""One article to all followers: POST /v2.0/oa/message with `target` (Zalo page 3.4). No recall, no report.

Citizens of this simulator have no age, sex or place, so a target is checked and kept, and every follower fits it."""

import asyncio
import json
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from . import articles, ids, transport
from .clock import Clock, moment
from .guards import Caller, ZaloError, oa_settings, success

if TYPE_CHECKING:
    from .world import World

FIRST_HOUR, NIGHT_HOUR = 6, 22  # 06:00-21:59
ROUND_S = 0.5
TARGET = {
    "ages": range(8),
    "gender": range(3),
    "locations": range(3),
    "cities": range(64),
    "platform": range(1, 4),
}


def _check_target(target: Any) -> dict[str, str]:
    if not isinstance(target, dict):
        raise ZaloError(-201, "target")
    for key, value in target.items():
        allowed = TARGET.get(key)
        numbers = value.split(",") if isinstance(value, str) else [""]
        if allowed is None or not all(n.isdecimal() and len(n) < 4 and int(n) in allowed for n in numbers):
            raise ZaloError(-201, key if allowed else "target")
    return target


def _article_id(message: Any) -> str:
    """Only articles can be broadcast: anything else is -233."""
    attachment = message.get("attachment") if isinstance(message, dict) else None
    payload = attachment.get("payload") if isinstance(attachment, dict) else None
    if not isinstance(attachment, dict) or not isinstance(payload, dict) or attachment.get("type") != "template":
        raise ZaloError(-233)
    elements = payload.get("elements")
    if payload.get("template_type") != "media" or not isinstance(elements, list) or len(elements) != 1:
        raise ZaloError(-233)
    element = elements[0]
    if not isinstance(element, dict) or element.get("media_type") != "article":
        raise ZaloError(-233)
    return str(element.get("attachment_id", ""))


def month_of(clock: Clock) -> tuple[int, int]:
    """The present month of Viet Nam in milliseconds: [from, until)."""
    now = moment(clock.ms())
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return int(first.timestamp() * 1000), int(after.timestamp() * 1000)


def used_this_month(world: "World", oa_id: str) -> int:
    row = world.state.one(
        "SELECT count(*) AS n FROM broadcasts WHERE oa_id=? AND at>=? AND at<?", oa_id, *month_of(world.clock)
    )
    return row["n"] if row else 0


def had_today(world: "World", oa_id: str, user_id: str) -> int:
    """Broadcasts this follower got today, by Viet Nam's midnight."""
    midnight = moment(world.clock.ms()).replace(hour=0, minute=0, second=0, microsecond=0)
    row = world.state.one(
        "SELECT count(*) AS n FROM messages WHERE oa_id=? AND user_id=? AND type='article' AND at>=?",
        oa_id,
        user_id,
        int(midnight.timestamp() * 1000),
    )
    return row["n"] if row else 0


async def send(request: Request, caller: Caller, body: dict[str, Any]) -> Response:
    """The guards in the order of section 12: body, recipients, hour, allowance."""
    articles.permitted(caller)
    world, oa_id = caller.world, caller.oa.oa_id
    target = _check_target(body["recipient"]["target"])
    try:
        row = articles.find(world, oa_id, _article_id(body.get("message")))
    except ZaloError as error:
        raise ZaloError(error.code, "attachment_id") if error.code == -201 else error from None
    article = json.loads(row["body"])
    if article["status"] != "show":
        raise ZaloError(-201, "attachment_id")
    if not FIRST_HOUR <= moment(world.clock.ms()).hour < NIGHT_HOUR:
        raise ZaloError(-234)
    if used_this_month(world, oa_id) >= caller.settings["broadcast_month_total"]:
        raise ZaloError(-211)
    message_id = ids.message_id()
    now = world.clock.ms()
    world.state.run(
        "INSERT INTO broadcasts(message_id, oa_id, article_id, title, target, at, due, real) VALUES(?,?,?,?,?,?,?,?)",
        message_id,
        oa_id,
        row["id"],
        article["title"],
        json.dumps(target),
        now,
        now + 1000 * caller.settings["broadcast_delay_s"],
        time.time(),
    )
    deliver_due(world)
    if world.faults.hit("timeout_after_accept"):
        world.state.run("UPDATE broadcasts SET answered=0 WHERE message_id=?", message_id)
        await transport.lose_answer(request)
    return success({"message_id": message_id})


def deliver_due(world: "World") -> None:
    """What Zalo has worked off by now reaches the phones (up to 30 minutes later on the real host)."""
    due = "SELECT * FROM broadcasts WHERE delivered=0 AND due<=? ORDER BY id"
    for row in world.state.all(due, world.clock.ms()):
        with world.state.transaction():
            _deliver(world, row)


def _deliver(world: "World", row: sqlite3.Row) -> None:
    article = world.state.one("SELECT * FROM articles WHERE id=?", row["article_id"])
    card = articles.card(article) if article else {}
    per_day = oa_settings(world, row["oa_id"])["broadcast_user_day"]
    followers = world.state.all("SELECT * FROM relations WHERE oa_id=? AND following=1 AND refusal=0", row["oa_id"])
    reached = 0
    for relation in followers:
        if had_today(world, row["oa_id"], relation["user_id"]) < per_day:
            world.chat.shows_article(relation, row["title"], card)
            reached += 1
    world.state.run("UPDATE broadcasts SET delivered=1, recipients=? WHERE id=?", reached, row["id"])


async def deliver_for_ever(world: "World") -> None:
    while True:
        deliver_due(world)
        await asyncio.sleep(ROUND_S)

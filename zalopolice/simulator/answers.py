"""Answers that are no answers: the act is done, and what comes back says something else or nothing."""

import asyncio
import gzip
import json
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from . import ids

if TYPE_CHECKING:
    from .world import World

PAGE = "<!doctype html><html><body><h1>502 Bad Gateway</h1><p>zalo-gateway</p></body></html>"


async def spoil(request: Request, response: Response) -> Response:
    """The answer of the OA host as the faults want it; a lost one is written down as such."""
    world: World = request.app.state.world
    faults = world.faults
    if faults.hit("answer_late"):
        await asyncio.sleep(faults["late_s"])
    if faults.hit("answer_foreign"):
        return _foreign(world, response)
    if faults.hit("answer_gzip"):
        return _packed(response, marked=True)
    for name in ("answer_gzip_unmarked", "answer_html", "answer_half_json"):
        if faults.hit(name):
            _was_lost(world, response)
            return _broken(name, response)
    return response


def spoil_token(world: "World", response: Response) -> Response:
    for name in ("oauth_html", "oauth_half_json"):
        if world.faults.hit(name):
            return _broken(name, response)
    return response


def _broken(name: str, response: Response) -> Response:
    if name.endswith("html"):
        return HTMLResponse(PAGE)
    if name.endswith("half_json"):
        return Response(response.body[: len(response.body) // 2], media_type="application/json")
    return _packed(response, marked=False)


def _packed(response: Response, *, marked: bool) -> Response:
    headers = {"Content-Encoding": "gzip"} if marked else {}
    return Response(gzip.compress(bytes(response.body)), headers=headers, media_type="application/json")


def _data(response: Response) -> Any:
    try:
        return json.loads(bytes(response.body)).get("data")
    except (ValueError, AttributeError):
        return None


def _was_lost(world: "World", response: Response) -> None:
    """The portal has not been told that this message was accepted."""
    data = _data(response)
    if isinstance(data, dict) and data.get("message_id"):
        for table, column in (("messages", "msg_id"), ("group_messages", "msg_id"), ("broadcasts", "message_id")):
            world.state.run(f"UPDATE {table} SET answered=0 WHERE {column}=?", str(data["message_id"]))


def _foreign(world: "World", response: Response) -> Response:
    """A well-formed answer about somebody else: another message, another person, another thread's history."""
    _was_lost(world, response)
    body = json.loads(bytes(response.body))
    stranger, message = ids.user_id("nguoi-la", "khac"), ids.message_id()
    data = body.get("data")
    if isinstance(data, dict):
        data |= {key: value for key, value in (("user_id", stranger), ("message_id", message)) if key in data}
    if isinstance(data, list):
        body["data"] = [_stranger(entry, stranger) for entry in data]
    return Response(json.dumps(body, ensure_ascii=False).encode(), media_type="application/json")


def _stranger(entry: Any, stranger: str) -> Any:
    if not isinstance(entry, dict) or "message_id" not in entry:
        return entry
    side = "from_id" if entry.get("src") == 1 else "to_id"
    return entry | {"message_id": ids.message_id(), side: stranger, "message": "Tin của người khác"}

"""Articles of an OA: create → token → verify → id, update, remove, read (Zalo page, section 6).

The pictures are fetched at verify, as on the real host; from then on the phone shows our copy."""

import json
import sqlite3
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import ids, transport
from .article_checks import check_article
from .guards import Caller, ZaloError, success, zalo_api
from .media import sniff
from .sending import read_json
from .uploads import MEGABYTE

if TYPE_CHECKING:
    from .world import World

PAGE_LIMIT = 10
FETCH_S = 5.0
FAILED = "Upload media failed"
PICTURES = ("jpg", "png")


class NoPicture(Exception):
    """Why the picture behind an address cannot be taken."""


def permitted(caller: Caller) -> None:
    """Package, verification, OA type: what may close articles and broadcasts to an OA (3.7)."""
    if caller.settings["article_refusal"]:
        raise ZaloError(caller.settings["article_refusal"])


def find(world: "World", oa_id: str, article_id: Any) -> sqlite3.Row:
    """A verified article of this OA that was not removed; -201 otherwise."""
    row = world.state.one("SELECT * FROM articles WHERE id=? AND oa_id=? AND removed=0", str(article_id), oa_id)
    if row is None:
        raise ZaloError(-201, "id")
    return row


def _fetch(url: str) -> bytes:
    """A public picture: no token, no proxy of this machine, jpg or png, at most 1 MB."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=FETCH_S) as answer:
            data: bytes = answer.read(MEGABYTE + 1)
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise NoPicture("cannot download") from error
    if len(data) > MEGABYTE:
        raise NoPicture("size exceeds 1MB")
    if sniff(data) not in PICTURES:
        raise NoPicture("only jpg/png")
    return data


def _addresses(body: dict[str, Any]) -> list[str]:
    inside = [part["url"] for part in body["body"] if part["type"] == "image"]
    return [body["cover"]["photo_url"], *inside]


def _fetch_all(body: dict[str, Any]) -> dict[str, bytes]:
    return {url: _fetch(url) for url in dict.fromkeys(_addresses(body))}


async def _submit(request: Request, caller: Caller, body: dict[str, Any], article_id: str) -> Response:
    """Keep what was asked for; from here on it exists, even when the answer is lost."""
    world, token = caller.world, ids.opaque("a", 30)
    world.state.run(
        "INSERT INTO article_jobs(token, oa_id, article_id, body, created, real) VALUES(?,?,?,?,?,?)",
        token,
        caller.oa.oa_id,
        article_id,
        json.dumps(body, ensure_ascii=False),
        world.clock.ms(),
        time.time(),
    )
    if world.faults.hit("timeout_after_accept"):
        world.state.run("UPDATE article_jobs SET answered=0 WHERE token=?", token)
        await transport.lose_answer(request)
    return success({"token": token})


@zalo_api
async def create(request: Request, caller: Caller) -> Response:
    """POST /v2.0/article/create → `token`."""
    permitted(caller)
    body = check_article(await read_json(request))
    quota = caller.settings["article_quota"]
    made = caller.world.state.one("SELECT count(*) AS n FROM article_jobs WHERE oa_id=?", caller.oa.oa_id)
    if quota is not None and made is not None and made["n"] >= quota:
        raise ZaloError(-223, message="Your OA has reach the limit quota create article")
    return await _submit(request, caller, body, ids.message_id())


@zalo_api
async def update(request: Request, caller: Caller) -> Response:
    """POST /v2.0/article/update: the create body with `id` → `token`, to be verified again."""
    permitted(caller)
    body = await read_json(request)
    row = find(caller.world, caller.oa.oa_id, body.get("id") if isinstance(body, dict) else None)
    checked = check_article({key: value for key, value in body.items() if key != "id"})
    return await _submit(request, caller, checked, row["id"])


@zalo_api
async def verify(request: Request, caller: Caller) -> Response:
    """POST /v2.0/article/verify: -214 so many times, then the pictures are fetched and there is an `id`."""
    permitted(caller)
    body, world = await read_json(request), caller.world
    token = body.get("token") if isinstance(body, dict) else None
    job = world.state.one("SELECT * FROM article_jobs WHERE token=? AND oa_id=?", str(token), caller.oa.oa_id)
    if job is None:
        raise ZaloError(-201, "token")
    if job["polls"] < caller.settings["article_pending"]:
        world.state.run("UPDATE article_jobs SET polls=polls+1 WHERE token=?", job["token"])
        raise ZaloError(-214)
    if job["state"] == "pending":
        await _process(world, job)
        job = world.state.one("SELECT * FROM article_jobs WHERE token=?", job["token"])
        assert job is not None
    if job["state"] == "failed":
        raise ZaloError(-200, message=job["message"])
    return success({"id": job["article_id"]})


async def _process(world: "World", job: sqlite3.Row) -> None:
    body = json.loads(job["body"])
    try:
        pictures = await run_in_threadpool(_fetch_all, body)
    except NoPicture as problem:
        message = f"{FAILED}: {problem}"
        world.state.run("UPDATE article_jobs SET state='failed', message=? WHERE token=?", message, job["token"])
        return
    with world.state.transaction():
        copies = {url: world.media.save(data, sniff(data), lasting=True) for url, data in pictures.items()}
        now = world.clock.ms()
        world.state.run("UPDATE article_jobs SET state='done' WHERE token=? AND state='pending'", job["token"])
        world.state.run(
            "INSERT INTO articles(id, oa_id, body, pictures, created, updated) VALUES(?,?,?,?,?,?)"
            " ON CONFLICT(id) DO UPDATE SET body=excluded.body, pictures=excluded.pictures, updated=excluded.updated",
            job["article_id"],
            job["oa_id"],
            job["body"],
            json.dumps(copies),
            now,
            now,
        )


@zalo_api
async def remove(request: Request, caller: Caller) -> Response:
    """POST /v2.0/article/remove."""
    permitted(caller)
    body = await read_json(request)
    row = find(caller.world, caller.oa.oa_id, body.get("id") if isinstance(body, dict) else None)
    caller.world.state.run("UPDATE articles SET removed=1 WHERE id=?", row["id"])
    if caller.world.faults.hit("timeout_after_accept"):
        await transport.lose_answer(request)
    return JSONResponse({"error": 0, "message": "Success"})


@zalo_api
async def get_detail(request: Request, caller: Caller) -> Response:
    """GET /v2.0/article/getdetail?id=: the article as it was sent, with its id."""
    permitted(caller)
    row = find(caller.world, caller.oa.oa_id, request.query_params.get("id"))
    return success({"id": row["id"], **json.loads(row["body"])})


def _number(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, str(default))
    if not value.isdecimal() or len(value) > 9:
        raise ZaloError(-201, name)
    return int(value)


@zalo_api
async def get_slice(request: Request, caller: Caller) -> Response:
    """GET /v2.0/article/getslice?offset&limit&type: newest first, ten at most."""
    permitted(caller)
    offset, limit = _number(request, "offset", 0), _number(request, "limit", PAGE_LIMIT)
    if limit > PAGE_LIMIT:
        raise ZaloError(-201, message="maximum limit is 10")
    kind = request.query_params.get("type", "normal")
    if kind not in ("normal", "video"):
        raise ZaloError(-201, "type")
    own = "FROM articles WHERE oa_id=? AND removed=0 AND ?='normal'"
    total = caller.world.state.one(f"SELECT count(*) AS n {own}", caller.oa.oa_id, kind)
    rows = caller.world.state.all(
        f"SELECT * {own} ORDER BY created DESC, rowid DESC LIMIT ? OFFSET ?", caller.oa.oa_id, kind, limit, offset
    )
    assert total is not None
    return success({"medias": [_media(caller.world, row) for row in rows], "total": total["n"]})


def card(row: sqlite3.Row) -> dict[str, Any]:
    """What a phone's card of an article needs."""
    body, pictures = json.loads(row["body"]), json.loads(row["pictures"])
    shown = body["cover"]["status"] == "show"
    return {
        "article_id": row["id"],
        "title": body["title"],
        "description": body.get("description") or "",
        "cover": pictures.get(body["cover"]["photo_url"], "") if shown else "",
        "link": f"/articles/{row['id']}",
    }


def _media(world: "World", row: sqlite3.Row) -> dict[str, Any]:
    body, small = json.loads(row["body"]), card(row)
    return {
        "id": row["id"],
        "type": "normal",
        "title": body["title"],
        "status": body["status"],
        "total_view": row["views"],
        "total_share": 0,
        "create_date": row["created"],
        "update_date": row["updated"],
        "thumb": world.base_url + small["cover"] if small["cover"] else "",
        "link_view": world.base_url + small["link"],
    }

"""/sim/*: the control API for launchers, tests and the phone. JSON in, JSON out; 400 with `{"error"}` on a bad wish."""

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import oauth, posting, switches, views, witness
from .doings import DOINGS
from .faults import FaultError
from .guards import OA_DEFAULTS, TEXTS, save_oa_settings
from .posting import ControlError, relation_of, required

if TYPE_CHECKING:
    from .world import World

BATCH_MAX = 5000
LAST = 2**53  # beyond every message number
MOST = (LAST, 20_000, LAST)


Act = Callable[["World", dict[str, Any]], Awaitable[dict[str, Any]] | dict[str, Any]]


def command(act: Act) -> Callable[[Request], Awaitable[Response]]:
    """POST with a JSON object. The content type is demanded so that no foreign web page can post a form here."""

    @wraps(act)
    async def endpoint(request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith("application/json"):
            return JSONResponse({"error": "content type must be application/json"}, 415)
        try:
            body = json.loads(await request.body() or b"{}")
            if not isinstance(body, dict):
                raise ControlError("a JSON object, please")
            answer = act(request.app.state.world, body)
            return JSONResponse(answer if isinstance(answer, dict) else await answer)
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint


def _oa(world: "World", body: dict[str, Any]) -> str:
    oa_id = required(body, "oa_id")
    if oa_id not in world.config.oas:
        raise ControlError("oa_id: no such OA")
    return oa_id


def _app(world: "World", body: dict[str, Any]) -> str:
    app_id = required(body, "app_id")
    if app_id not in world.config.apps:
        raise ControlError("app_id: no such app")
    return app_id


# -- reading ---------------------------------------------------------------------------------------


async def state(request: Request) -> Response:
    return JSONResponse(views.describe(request.app.state.world))


async def ledger(request: Request) -> Response:
    """What citizens sent and what their phones show: complete, in a thread of its own."""
    world: World = request.app.state.world
    since = request.query_params.get("since", "0")
    if not since.isdecimal():
        return JSONResponse({"error": "since: the last_seq of an earlier answer"}, 400)
    after = min(int(since), LAST)
    oa_id = request.query_params.get("oa_id")

    def read() -> bytes:
        db = world.state.reader()
        try:
            rows = views.ledger_rows(db, oa_id, after)
        finally:
            db.close()
        return json.dumps({**rows, "webhook": webhook_state}, ensure_ascii=False).encode()

    webhook_state = world.webhooks.describe()
    return Response(await run_in_threadpool(read), media_type="application/json")


async def history(request: Request) -> Response:
    """The witness for a checker, in pages: what was sent, what was told of it and how often, what phones showed."""
    world: World = request.app.state.world
    wanted = (("since", "0"), ("limit", "5000"), ("group_since", "0"))
    numbers = [request.query_params.get(name, default) for name, default in wanted]
    if not all(one.isdecimal() for one in numbers):
        return JSONResponse({"error": "since, limit, group_since: numbers"}, 400)
    since, limit, group_since = (min(int(one), most) for one, most in zip(numbers, MOST, strict=True))

    def read() -> bytes:
        db = world.state.reader()
        try:
            groups = {"group_columns": witness.GROUPS, "groups": witness.group_rows(db, group_since, max(1, limit))}
            return json.dumps({**witness.page(db, since, max(1, limit)), **groups}, ensure_ascii=False).encode()
        finally:
            db.close()

    return Response(await run_in_threadpool(read), media_type="application/json")


async def chat(request: Request) -> Response:
    world: World = request.app.state.world
    query = request.query_params
    try:
        relation = relation_of(world, dict(query))
        after = min(int(query.get("after", "0")), LAST)
    except ValueError as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse(views.thread(world, relation, after))


async def threads(request: Request) -> Response:
    return JSONResponse({"threads": views.threads(request.app.state.world)})


async def clock(request: Request) -> Response:
    return JSONResponse(request.app.state.world.clock.describe())


async def faults(request: Request) -> Response:
    return JSONResponse(request.app.state.world.faults.describe())


# -- acting ----------------------------------------------------------------------------------------


@command
async def add_citizen(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    name = " ".join(required(body, "name").split())
    if not 1 <= len(name) <= 60:
        raise ControlError("name: 1 to 60 characters")
    return {"citizen": world.people.add(name), "name": name}


@command
async def send(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    return posting.send(world, body)


@command
async def batch(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """Many orders of `send` at one moment: all of them happen, or none."""
    orders = body.get("orders")
    if not isinstance(orders, list) or not 1 <= len(orders) <= BATCH_MAX:
        raise ControlError(f"orders: a list of 1 to {BATCH_MAX} orders")
    with world.state.transaction():
        return {"sent": [posting.send(world, order) for order in orders]}


@command
async def read(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """The citizen read the thread up to message number `seq`: `user_seen_message` follows."""
    return {"seen": world.chat.read(relation_of(world, body), min(int(body.get("seq", LAST)), LAST))}


@command
async def events(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """Raw bodies: an object is serialised compactly, a string is sent as it is; both signed over the exact bytes."""
    app_id, bodies = _app(world, body), body.get("bodies")
    if not isinstance(bodies, list):
        raise ControlError("bodies: a list of objects or strings")
    wait, event_ids = bool(body.get("wait")), []
    for item in bodies:
        raw = item.encode() if isinstance(item, str) else world.webhooks.serialise(item)
        name = str(item.get("event_name", "")) if isinstance(item, dict) else "raw"
        event_ids.append(world.webhooks.store(app_id, name, raw, "once" if wait else "pending"))
        if isinstance(item, dict) and body.get("adopt", True):
            world.chat.adopt_event(item, event_ids[-1])
    if not wait:
        return {"event_ids": event_ids}
    statuses = await world.webhooks.send_once(app_id, event_ids, serial=bool(body.get("serial")))
    return {"event_ids": event_ids, "statuses": [int(s) if s.isdigit() else s for s in statuses]}


@command
async def set_faults(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """Replaces all switches; `{}` clears them."""
    try:
        world.faults.replace(body)
    except FaultError as error:
        raise ControlError(str(error)) from error
    return world.faults.describe()


@command
async def set_clock(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    if body.get("reset"):
        world.clock.reset()
    world.clock.change(now=body.get("now"), advance_s=body.get("advance_s"), speed=body.get("speed"))
    return world.clock.describe()


@command
async def expire_token(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """The access token of this OA expires now; with `"refresh": true` its refresh token dies too."""
    oa_id = _oa(world, body)
    world.state.run("UPDATE tokens SET access_expires=? WHERE oa_id=? AND access_alive=1", world.clock.ms(), oa_id)
    if body.get("refresh"):
        world.state.run("UPDATE tokens SET refresh_alive=0 WHERE oa_id=?", oa_id)
    return {"oa_id": oa_id}


@command
async def grant(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """A pair handed out by hand, as the console's API Explorer does (1.1)."""
    oa_id = _oa(world, body)
    with world.state.transaction():
        return oauth.new_pair(world, world.config.oas[oa_id].app_id, oa_id)


@command
async def set_webhook(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """Enable (with a probe that must be answered 200), disable, or move the webhook of an app."""
    app_id, url = _app(world, body), body.get("url")
    if url is not None and urlsplit(str(url))[:2] != urlsplit(world.config.apps[app_id].webhook_url)[:2]:
        raise ControlError("it moves within its scheme, host and port: nobody makes us knock at other doors")
    if body.get("enabled", True):
        return await world.webhooks.enable(app_id, url, bool(body.get("redeliver")))
    world.webhooks.disable(app_id)
    return world.webhooks.describe_app(app_id)


@command
async def set_oa(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """Switches of one OA: the keys of OA_DEFAULTS."""
    oa_id = _oa(world, body)
    changes = {key: value for key, value in body.items() if key != "oa_id"}
    if wrong := switches.complaint(changes, OA_DEFAULTS):
        raise ControlError(wrong)
    return save_oa_settings(world, oa_id, changes)


@command
async def restrict(world: "World", body: dict[str, Any]) -> dict[str, Any]:
    """From now on sends to this citizen answer `code`; 0 lifts it."""
    relation, code = relation_of(world, body), int(body.get("code", 0))
    if code and code not in TEXTS:
        raise ControlError("code: not a code of this simulator")
    world.people.refuse(relation, code)
    return {"user_id": relation["user_id"], "code": code}


async def healthz(request: Request) -> Response:
    return Response("ok\n", media_type="text/plain")


routes = [
    Route("/healthz", healthz),
    Route("/sim/state", state),
    Route("/sim/ledger", ledger),
    Route("/sim/chat", chat),
    Route("/sim/threads", threads),
    Route("/sim/clock", clock, methods=["GET"]),
    Route("/sim/faults", faults, methods=["GET"]),
    Route("/sim/citizens", add_citizen, methods=["POST"]),
    Route("/sim/send", send, methods=["POST"]),
    Route("/sim/batch", batch, methods=["POST"]),
    Route("/sim/history", history),
    *(Route(f"/sim/{name}", command(doing), methods=["POST"]) for name, doing in DOINGS.items()),
    Route("/sim/read", read, methods=["POST"]),
    Route("/sim/events", events, methods=["POST"]),
    Route("/sim/faults", set_faults, methods=["POST"]),
    Route("/sim/clock", set_clock, methods=["POST"]),
    Route("/sim/tokens/expire", expire_token, methods=["POST"]),
    Route("/sim/grant", grant, methods=["POST"]),
    Route("/sim/webhook", set_webhook, methods=["POST"]),
    Route("/sim/oas", set_oa, methods=["POST"]),
    Route("/sim/restrict", restrict, methods=["POST"]),
]

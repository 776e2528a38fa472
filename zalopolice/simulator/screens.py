"""Routes of the pages: control, ledger, the phone screen, static files and sample photos."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from . import media, pages, reading, views
from .faults import PROBABILITIES, FaultError

if TYPE_CHECKING:
    from .world import World

STATIC = Path(__file__).parent / "static"


async def home(request: Request) -> Response:
    return HTMLResponse(pages.control(views.describe(request.app.state.world)))


async def ledger(request: Request) -> Response:
    world: World = request.app.state.world

    def read() -> dict[str, Any]:
        db = world.state.reader()
        try:
            return views.ledger_rows(db, None, 0)
        finally:
            db.close()

    return HTMLResponse(pages.ledger(await run_in_threadpool(read)))


async def phone(request: Request) -> Response:
    """The phone screen; everything it needs comes from this host."""
    return FileResponse(STATIC / "phone.html", media_type="text/html; charset=utf-8")


async def sample(request: Request) -> Response:
    path = request.app.state.world.state.directory / "samples" / f"{request.path_params['name']}-small.jpg"
    return FileResponse(path) if path.is_file() else PlainTextResponse("Not Found", 404)


def _fault_values(fields: dict[str, str]) -> dict[str, Any]:
    settings = json.loads(fields.get("settings") or "{}")
    if not isinstance(settings, dict):
        raise FaultError("Thiết lập khác: cần một đối tượng JSON")
    chances = {name: float(fields.get(name) or 0) for name in PROBABILITIES}
    return {**settings, **{name: value for name, value in chances.items() if value}}


async def _apply(world: "World", fields: dict[str, str]) -> None:
    action = fields.get("action")
    if action == "faults":
        world.faults.replace({} if fields.get("clear") else _fault_values(fields))
    elif action == "clock" and fields.get("reset"):
        world.clock.reset()
    elif action == "clock":
        numbers = {key: float(fields[key]) for key in ("advance_s", "speed") if fields.get(key)}
        world.clock.change(advance_s=numbers.get("advance_s"), speed=numbers.get("speed"))
    elif action == "webhook" and fields.get("app_id") in world.config.apps:
        await world.webhooks.enable(fields["app_id"])
    elif action == "expire":
        now = world.clock.ms()
        world.state.run("UPDATE tokens SET access_expires=? WHERE oa_id=? AND access_alive=1", now, fields.get("oa_id"))


async def panel(request: Request) -> Response:
    """Forms of the first page; only from our own pages, so that no other site can post here."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return PlainTextResponse("Forbidden", 403)
    world: World = request.app.state.world
    fields = {key: str(value) for key, value in (await request.form()).items()}
    try:
        await _apply(world, fields)
    except ValueError as error:
        return HTMLResponse(pages.control(views.describe(world), str(error)), 400)
    return RedirectResponse(f"/#{fields.get('action', '')}", 303)


routes = [
    Route("/", home),
    Route("/ledger", ledger),
    Route("/phone", phone),
    Route("/panel", panel, methods=["POST"]),
    Route("/samples/{name}", sample),
    Route("/media/{name}", media.serve),
    Route("/articles/{article_id}", reading.article),
    Mount("/static", StaticFiles(directory=STATIC)),
]

"""The ASGI application: three logical hosts by prefix (/oauth, /openapi, /media), /sim and the screens."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from . import api, broadcast, coach, coach_pages, control, group_calls, oauth, screens
from .guards import not_found
from .samples import make_samples
from .world import World

POLICY = "default-src 'self'; frame-ancestors 'self'; base-uri 'none'"
SECURITY_HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
LOCAL_NAMES = ("127.0.0.1", "localhost")

Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


class LocalOnly:
    """Headers for every answer, and no answer for a foreign host name (a web page must not rebind its way in)."""

    def __init__(self, app: Asgi) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1").rsplit(":", 1)[0]
        if host not in LOCAL_NAMES:
            await send({"type": "http.response.start", "status": 421, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *SECURITY_HEADERS]
            await send(message)

        await self._app(scope, receive, with_headers)


def make_app(world: World) -> Any:
    """The application with its background deliveries."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        make_samples(world.state.directory)
        world.webhooks.start()
        world.webhooks.spawn(broadcast.deliver_for_ever(world))
        world.webhooks.spawn(coach.play_for_ever(world))
        yield
        await world.webhooks.stop()
        world.state.close()

    app = Starlette(
        routes=[*oauth.routes, *api.routes, *group_calls.routes, *control.routes, *coach_pages.routes, *screens.routes],
        exception_handlers={404: not_found, 405: not_found},
        lifespan=lifespan,
    )
    app.state.world = world
    app.state.calls = {}
    return LocalOnly(app)

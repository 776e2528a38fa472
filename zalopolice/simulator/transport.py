"""Faults below HTTP: an answer that never comes, a connection that is reset.

uvicorn hides the connection from the application; `ExposingProtocol` puts its transport into the scope.
"""

import asyncio
import os
import socket
import struct
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "zalo_simulator.transport"


class ExposingProtocol(HttpToolsProtocol):
    """uvicorn's own protocol, with `scope[TRANSPORT]`."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast(dict[str, Any], self.scope)[TRANSPORT] = self.transport


def server_error() -> Response:
    """A true 500, not a business error (Zalo page 8.1)."""
    return PlainTextResponse("Internal Server Error", 500)


def too_many() -> Response:
    return PlainTextResponse("Too Many Requests", 429, headers={"Retry-After": "60"})


async def _gone(request: Request, seconds: float) -> None:
    """Until the client hangs up, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass


async def close(request: Request, *, reset: bool) -> None:
    """End the connection without an answer; with `reset` the client sees ECONNRESET."""
    transport: Any = request.scope[TRANSPORT]
    if reset:
        shared = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        shared.close()
    transport.abort()
    await _gone(request, 1.0)


async def lose_answer(request: Request) -> None:
    """After the act: hold the connection until the client gives up, or close it, as `timeout_mode` says."""
    faults = request.app.state.world.faults
    mode = faults["timeout_mode"]
    if mode == "mix":
        mode = faults.stream("timeout_mode").choice(["hold", "close"])
    if mode == "hold":
        await _gone(request, faults["hold_s"])
    await close(request, reset=False)

"""A load generator for the webhook: signed, unique events over kept-alive connections, in its own process.

Raw asyncio protocols instead of an HTTP client, because on two cores every microsecond spent here is missing in
the server that is being measured. Bodies are built and signed before the clock starts.

    python -m bench.rig.load '{"port": 8001, "path": "/hook/zalo/1", "app_id": "1", "secret": "s", "seconds": 4}'

``rate`` makes it open-loop: requests leave on schedule, whether or not earlier ones were answered, and latency
counts from the scheduled moment, so that a stall of the server shows in every request it delayed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

TEXT = "Chào công an xã, tôi muốn hỏi thủ tục đăng ký tạm trú ạ."
Done = Callable[["Connection", int], None]


def event(app_id: str, number: int, mark: str) -> tuple[bytes, str]:
    """Body and timestamp of one text message as Zalo sends it (zalo-oa-api.md 2.6)."""
    timestamp = str(int(time.time() * 1000))
    body = {
        "app_id": app_id,
        "user_id_by_app": "6681203344556677889",
        "event_name": "user_send_text",
        "timestamp": timestamp,
        "sender": {"id": f"55{number:017d}"},
        "recipient": {"id": "2720105559876543210"},
        "message": {"msg_id": f"{mark}{number:012x}", "text": TEXT},
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), timestamp


def request(plan: dict[str, Any], number: int) -> bytes:
    body, timestamp = event(plan["app_id"], number, plan["mark"])
    mac = hashlib.sha256(plan["app_id"].encode() + body + timestamp.encode() + plan["secret"].encode()).hexdigest()
    head = (
        f"POST {plan['path']} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-ZEvent-Signature: mac={mac}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One request at a time; tells ``done`` the status, 0 when the server hung up instead."""

    def __init__(self, done: Done) -> None:
        self.done, self.began, self.busy, self.buffer = done, 0.0, False, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def ask(self, data: bytes, began: float) -> None:
        self.began, self.busy, self.buffer = began, True, b""
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
        if len(rest) >= int(length or 0):
            self.busy = False
            self.done(self, int(head[9:12]))

    def connection_lost(self, error: Exception | None) -> None:
        if self.busy:
            self.busy = False
            self.done(self, 0)


class Run:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = {"connections": 16, "rate": 0, "mark": "", "first": 0, **plan}
        ahead = self.plan["rate"] or self.plan.get("at_most", 6000)
        first = self.plan["first"]
        self.requests = deque(request(self.plan, first + n) for n in range(int(ahead * self.plan["seconds"])))
        self.waits: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.idle: deque[Connection] = deque()
        self.late: deque[float] = deque()

    def finished(self, connection: Connection, status: int) -> None:
        now = time.perf_counter()
        self.waits.append(now - connection.began)
        self.statuses[status] += 1
        if status == 0:
            self.hung_up += 1
        elif self.plan["rate"]:
            self._next_late(connection)
        elif now < self.until and self.requests:
            connection.ask(self.requests.popleft(), now)

    def _next_late(self, connection: Connection) -> None:
        if self.late:
            connection.ask(self.requests.popleft(), self.late.popleft())
        else:
            self.idle.append(connection)

    async def go(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        self.hung_up = 0
        made = [
            (await loop.create_connection(lambda: Connection(self.finished), "127.0.0.1", self.plan["port"]))[1]
            for _ in range(self.plan["connections"])
        ]
        began = time.perf_counter()
        self.until = began + self.plan["seconds"]
        if self.plan["rate"]:
            self.idle.extend(made)
            await self._on_schedule(began)
        else:
            for connection in made:
                connection.ask(self.requests.popleft(), time.perf_counter())
        while any(connection.busy for connection in made) and time.perf_counter() < self.until + 15:
            await asyncio.sleep(0.005)
        spent = time.perf_counter() - began
        for connection in made:
            connection.transport.close()
        return self._report(spent)

    async def _on_schedule(self, began: float) -> None:
        for number in range(len(self.requests)):
            due = began + number / self.plan["rate"]
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if self.idle:
                self.idle.popleft().ask(self.requests.popleft(), due)
            else:
                self.late.append(due)

    def _report(self, spent: float) -> dict[str, Any]:
        waits = sorted(self.waits) or [0.0]
        return {
            "seconds": spent,
            "statuses": {str(status): times for status, times in self.statuses.items()},
            "rate": self.statuses[200] / spent,
            "p50_ms": 1000 * waits[len(waits) // 2],
            "p99_ms": 1000 * waits[int(len(waits) * 0.99)],
            "max_ms": 1000 * waits[-1],
        }


if __name__ == "__main__":
    import uvloop

    # uvloop on the measuring side only makes the generator cheaper; both servers get the same one.
    sys.stdout.write(json.dumps(uvloop.run(Run(json.loads(sys.argv[1])).go())) + "\n")

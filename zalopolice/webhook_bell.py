"""Redis as the webhook process sees it: rings, counts of refusals, how the process is. Nothing depends on it."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from celery import Celery

RING_PAUSE = 0.01
RING_LIMIT = 0.05
HEALTH = "zp:webhook:health"

log = logging.getLogger("zalopolice.webhook")


class Doorbell(threading.Thread):
    """Tells the vault worker that events wait, from its own thread, so that no answer waits for Redis.

    At most one ring in 10 ms, naming the newest event; the worker takes every event that waits, and its sweeper
    finds them without any ring (design.md D1). ``health`` gives the numbers of :data:`HEALTH`."""

    def __init__(self, broker: str, health: Callable[[], Mapping[str, float]]) -> None:
        super().__init__(name="doorbell", daemon=True)
        limits = {"socket_timeout": RING_LIMIT, "socket_connect_timeout": RING_LIMIT, "retry_on_timeout": False}
        self._celery = Celery(broker=broker, broker_transport_options=limits, broker_connection_retry=False)
        self._health = health
        self._newest: deque[uuid.UUID] = deque(maxlen=1)
        self._refused: deque[tuple[str, str]] = deque(maxlen=10_000)
        self._wake = threading.Event()
        self._stopping = False
        self._next_report = 0.0

    def ring(self, event_id: uuid.UUID) -> None:
        self._newest.append(event_id)
        self._wake.set()

    def refuse(self, app_id: str, reason: str) -> None:
        self._refused.append((app_id, reason))

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self.join(timeout=0.5)

    def run(self) -> None:
        while True:
            self._wake.wait(timeout=1.0)
            self._wake.clear()
            # Celery, kombu and redis each have their own errors, and none of them may end this thread.
            try:
                self._ring()
                self._report()
                pause = RING_PAUSE
            except Exception:
                pause = 1.0
            if self._stopping:
                return
            time.sleep(pause)

    def _ring(self) -> None:
        if self._newest:
            event_id = self._newest.pop()
            self._celery.send_task(
                "zalopolice.receive", args=[str(event_id)], queue="inbox", retry=False, ignore_result=True
            )

    def _report(self) -> None:
        if time.monotonic() < self._next_report and not self._stopping:
            return
        self._next_report = time.monotonic() + 1
        found = Counter(self._refused.popleft() for _ in range(len(self._refused)))
        for (app_id, reason), times in found.items():
            log.warning("webhook refused %d of app %s: %s", times, app_id, reason)
        with self._celery.connection_for_write() as connection:
            channel: Any = connection.default_channel
            client = channel.client
            for (app_id, _), times in found.items():
                client.incrby(f"zp:webhook:refused:{app_id}", times)
            numbers = dict(self._health())
            # Of several processes each stores a part of the events: the latest of all counts.
            numbers["last_stored"] = max(numbers["last_stored"], float(client.hget(HEALTH, "last_stored") or 0))
            client.hset(HEALTH, mapping=numbers)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

"""The webhook as it runs: a real uvicorn process, a real PostgreSQL and Valkey of its own, real HTTP."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.rig.stage import APP_ID, ROOT, SECRET, Server, Stage
from zalopolice import crypto
from zalopolice.webhook_signed import dedupe_key, read_event

Header = tuple[str, str]
_numbers = itertools.count(1)


def sign(body: bytes, timestamp: str, *, app_id: str = APP_ID, secret: str = SECRET) -> str:
    return hashlib.sha256(app_id.encode() + body + timestamp.encode() + secret.encode()).hexdigest()


class Hook:
    """A sender of events to one server process, and a look at what it stored."""

    def __init__(self, stage: Stage, server: Server) -> None:
        self.stage, self.server = stage, server
        self._line: http.client.HTTPConnection | None = None
        self._others: list[Hook] = []

    @property
    def spool(self) -> Path:
        return Path(self.server.child.program.environment["ZALOPOLICE_SPOOL_DIR"])

    def another(self) -> Hook:
        """A second sender with a connection of its own, for another thread."""
        self._others.append(Hook(self.stage, self.server))
        return self._others[-1]

    def hang_up(self) -> None:
        for hook in self._others:
            hook.hang_up()
        if self._line is not None:
            self._line.close()
            self._line = None

    @staticmethod
    def event(**changes: Any) -> dict[str, Any]:
        """A new text message; ``changes`` replace or (None) remove fields."""
        event = {
            "app_id": APP_ID,
            "event_name": "user_send_text",
            "timestamp": str(int(time.time() * 1000)),
            "sender": {"id": "5512207788990011223"},
            "recipient": {"id": "2720105559876543210"},
            "message": {"msg_id": f"{uuid.uuid4().hex}{next(_numbers)}", "text": "Xin chào"},
        } | changes
        return {key: value for key, value in event.items() if value is not None}

    @staticmethod
    def sign(body: bytes, timestamp: str, **who: str) -> Header:
        return ("X-ZEvent-Signature", "mac=" + sign(body, timestamp, **who))

    def send(self, event: dict[str, Any], **who: str) -> int:
        """Signs the event as Zalo does and posts it."""
        body = json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return self.post(body, self.sign(body, str(event["timestamp"]), **who), app_id=who.get("app_id", APP_ID))

    def post(self, body: bytes, *headers: Header, app_id: str = APP_ID) -> int:
        return self.ask("POST", f"/hook/zalo/{app_id}", body, *headers)

    def ask(self, method: str, path: str, body: bytes = b"", *headers: Header) -> int:
        for fresh in (False, True):
            if self._line is None:
                self._line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
            try:
                self._line.putrequest(method, path)
                for name, value in (("Content-Length", str(len(body))), *headers):
                    self._line.putheader(name, value)
                self._line.endheaders(body)
                answer = self._line.getresponse()
                answer.read()
                return answer.status
            except (http.client.HTTPException, OSError):
                self.hang_up()  # the server closed an idle connection
                if fresh:
                    raise
        raise AssertionError("unreachable")

    def spooled(self) -> int:
        """Segments that wait in the spool of this process."""
        return len([path for path in self.spool.glob("*.seg") if path.stat().st_size])

    def settle(self, patience: float = 5.0) -> None:
        """What a slow disk made take the way through the spool arrives, if it arrives at all."""
        until = time.monotonic() + patience
        while time.monotonic() < until and self.spooled():
            time.sleep(0.05)

    def count(self) -> int:
        self.settle()
        return self.stage.count()

    def row(self, body: bytes) -> tuple[Any, ...] | None:
        """The stored row of this body: (id, opened plaintext, the other columns as a dict)."""
        self.settle()
        key = dedupe_key(self.stage.keys.dedupe_key, APP_ID, read_event(body), body)
        cursor = self.stage.owner.cursor(row_factory=psycopg.rows.dict_row)
        found = cursor.execute("SELECT * FROM gateway_inboundevent WHERE dedupe_key = %s", [key]).fetchone()
        if found is None:
            return None
        aad = b"zp-event|" + found["id"].bytes
        opened = crypto.open_sealed(self.stage.vault_keys.vault_private, bytes(found["sealed"]), aad)
        return found["id"], opened, found

    def log(self) -> str:
        return self.server.log.read_text(errors="replace")


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


@pytest.fixture(scope="session")
def _server(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """More patient with Valkey than in production: what rang and what was counted is looked at."""
    folder = tmp_path_factory.mktemp("patient")
    (folder / "sitecustomize.py").write_text("from zalopolice import webhook_bell\nwebhook_bell.RING_LIMIT = 2.0\n")
    return stage.webhook(PYTHONPATH=f"{folder}:{ROOT}").wait_ready("/healthz")


@pytest.fixture
def hook(stage: Stage, _server: Server) -> Iterator[Hook]:
    hook = Hook(stage, _server)
    yield hook
    hook.hang_up()


@pytest.fixture
def new_hook(stage: Stage) -> Iterator[Callable[..., Hook]]:
    """Server processes of the test's own, for those that are killed or stopped."""
    made: list[Hook] = []

    def make(processes: int = 1, **environment: str) -> Hook:
        made.append(Hook(stage, stage.webhook(processes, **environment).wait_ready("/healthz")))
        return made[-1]

    yield make
    for hook in made:
        hook.hang_up()
        hook.server.stop()

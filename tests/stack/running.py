"""A whole demo in a folder of its own, driven from outside: the officer's browser by HTTP, the citizen through the
simulator. Nothing here looks into the portal's database to judge it; the simulator's ledger is the witness."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
import requests

ROOT = Path(__file__).resolve().parents[2]
OAS = ("2720105559876543210", "2720105559876543227", "2720105559876543234")
APP_ID = "1234509876543210987"


def run(*command: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
    """``./run …`` as a person would type it, without the suite's own environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ZALO", "DATABASE", "REDIS"))}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.run(
        [str(ROOT / "run"), *command], cwd=ROOT, env=kept, capture_output=True, text=True, timeout=timeout, check=False
    )


@dataclass
class Running:
    data: Path

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.data / "demo.json").read_text())
        return found

    @property
    def urls(self) -> dict[str, str]:
        urls: dict[str, str] = self.state["urls"]
        return urls

    def kill(self, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):  # it is being restarted already
            os.kill(self.state["pids"][name], signal.SIGKILL)

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        return run("manage", "--data", str(self.data), *command)

    # --- the simulator's side ------------------------------------------------------------------------------------

    def sim(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        url = f"{self.urls['simulator']}/sim/{path}"
        answer = requests.post(url, json=body, timeout=120) if body is not None else requests.get(url, timeout=60)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def new_citizen(self, name: str) -> str:
        return str(self.sim("citizens", {"name": name})["citizen"])

    def says(self, citizen: str, text: str, oa_id: str = OAS[0], **more: Any) -> str:
        return str(self.sim("send", {"oa_id": oa_id, "citizen": citizen, "text": text, **more})["msg_id"])

    def ledger(self) -> dict[str, Any]:
        return self.sim("ledger")

    def seen_by(self, citizen: str) -> list[str]:
        return [row["text"] for row in self.ledger()["seen"] if row["citizen"] == citizen]


@contextlib.contextmanager
def started_demo(prefix: str) -> Iterator[Running]:
    """A demo in a new folder, without the morning; ended and removed at the end."""
    data = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        started = run("demo", "--detach", "--no-morning", "--data", str(data))
        assert started.returncode == 0, started.stderr[-3000:] + started.stdout[-1000:]
        yield Running(data)
    finally:
        run("stop", "--data", str(data))
        shutil.rmtree(data, ignore_errors=True)


class Browserless:
    """An officer at a browser without scripts: reads pages, sends their forms."""

    def __init__(self, running: Running, username: str) -> None:
        self.base = running.urls["web"]
        self.http = requests.Session()
        login = next(row for row in running.state["logins"] if row["username"] == username)
        page = self.get("/dang-nhap/")
        answer = self.post("/dang-nhap/", page, username=username, password=login["password"])
        assert "dang-nhap" not in answer.url, f"{username} could not sign in"

    def get(self, path: str) -> requests.Response:
        return self.http.get(self.base + path, timeout=30)

    def post(self, path: str, page: requests.Response, **fields: Any) -> requests.Response:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        form = {"csrfmiddlewaretoken": token[1] if token else "", **fields}
        return self.http.post(self.base + path, data=form, headers={"Referer": self.base}, timeout=30)


def wait_until(true: Callable[[], Any], patience: float, what: str, *, every: float = 0.2) -> Any:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        found = true()
        if found:
            return found
        time.sleep(every)
    raise AssertionError(f"after {patience:.0f} s: {what}")


def wipe(running: Running) -> None:
    """Empties the doorbell."""
    address = running.state["redis_url"].replace("redis+socket://", "unix://").split("?")[0]
    with contextlib.suppress(redis.RedisError):  # it may be down just now
        redis.Redis.from_url(address, socket_timeout=2).flushall()


def expect_crowds(running: Running) -> None:
    """A whole ward in an hour is a flood, and answers pause; who measures answers says that it is none."""
    code = """
from zalopolice.gateway.models import ChannelRule
ChannelRule.objects.filter(name="flood_unit_hour").update(value=10**6)
"""
    done = running.manage("--zone", "owner", "shell", "-c", code)
    assert done.returncode == 0, done.stderr[-2000:]

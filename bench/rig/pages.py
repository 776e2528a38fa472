"""An officer who reads while events arrive: the demo's people and duties, the officers' process, a signed-in reader.

python -m bench.rig.pages LOGIN     (zone web) prints the cookie of a session of that officer
"""

from __future__ import annotations

import http.client
import itertools
import os
import sys
import threading
import time
from typing import Any, Self

from bench.rig.stage import Server, Stage

READER = "trucban.tran-hung-dao"  # the desk sees the tray and the cases
PATHS = ("/", "/hop-tin/", "/vu-viec/")
RATE = 2.0


def serve(stage: Stage) -> tuple[Server, str]:
    """The officers' process on the stage's database, and the cookie of a signed-in officer."""
    data = stage.services.place.data
    files = {"ZALOPOLICE_SIM_CONFIG": str(data / "simulator.json"), "ZALOPOLICE_LOGINS": str(data / "logins.json")}
    for command in ("install_keys", "seed_demo", "seed_desk"):
        stage.python("owner", "manage.py", command, **files)
    cookie = stage.python("web", "-m", "bench.rig.pages", READER).strip()
    return stage.officers().wait_ready("/healthz"), cookie


class Reader(threading.Thread):
    """Asks for a page every half second, whether or not the last one was quick."""

    def __init__(self, server: Server, cookie: str) -> None:
        super().__init__(name="reader", daemon=True)
        self.port, self.cookie = server.port, cookie
        self.statuses: list[int] = []
        self.waits: list[float] = []
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        for path in itertools.cycle(PATHS):
            began = time.monotonic()
            self.statuses.append(self._read(path))
            self.waits.append(time.monotonic() - began)
            if self._stopping.wait(max(0.0, 1 / RATE - self.waits[-1])):
                return

    def _read(self, path: str) -> int:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request("GET", path, headers={"Cookie": f"zp={self.cookie}"})
            answer = line.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            line.close()

    def report(self) -> dict[str, Any]:
        waits = sorted(self.waits)
        return {
            "pages": len(self.statuses),
            "pages_ok": self.statuses.count(200),
            "page_p50_ms": 1000 * waits[len(waits) // 2],
        }


def _sign_in(login: str) -> str:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zalopolice.settings")
    django.setup()
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.get(username=login))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


if __name__ == "__main__":
    sys.stdout.write(_sign_in(sys.argv[1]) + "\n")

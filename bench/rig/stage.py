"""A private stage for the webhook: PostgreSQL and Valkey of its own, keys, the schema, secrets, server processes.

Used by ``bench/webhook.py`` and by ``tests/webhook``; nothing of it touches a running demo."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any, Self

import psycopg

from deploy.local import postgres, process, zones
from deploy.local.place import ROOT
from deploy.local.stack import Services
from zalopolice import crypto
from zalopolice.webhook_io import conninfo

APP_ID = "1234509876543210987"
SECRET = "oaSecretKeyDemo123"  # of the public vector in zalo-oa-api.md 2.3


class Server:
    """One HTTP server process on a free port of 127.0.0.1."""

    def __init__(self, name: str, argv: list[str], environment: dict[str, str], logs: Path) -> None:
        self.port = free_port()
        environment = {"PYTHONPATH": str(ROOT), **environment}
        argv = [sys.executable, *(part.replace("PORT", str(self.port)) for part in argv)]
        self.log = logs / f"{name}-{self.port}.log"
        self.child = process.spawn(process.Program(name, argv, process.bare_environment(**environment), self.log))

    @property
    def pid(self) -> int:
        return self.child.pid

    def wait_ready(self, path: str, patience: float = 30.0) -> Self:
        until = time.monotonic() + patience
        while time.monotonic() < until and self.child.alive:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2):
                    return self
            except OSError as error:
                if getattr(error, "code", 503) < 500:
                    return self
                time.sleep(0.05)
        raise RuntimeError(f"{self.child.program.name} did not start:\n{process.tail(self.log)}")

    def stop(self) -> None:
        process.stop([self.child])


class Stage:
    def __init__(self) -> None:
        self.services = Services.temporary(database="stage")
        self.servers: list[Server] = []

    def __enter__(self) -> Self:
        self.services.start()
        try:
            self.key_files = self.services.place.keys
            crypto.make_keys(self.key_files)
            self.keys = crypto.load_keys(self.key_files / "webhook.json", zone="webhook")
            self.vault_keys = crypto.load_keys(self.key_files / "vault.json", zone="vault")
            self.python("owner", "manage.py", "migrate", "--verbosity", "0")
            self.owner = psycopg.connect(conninfo(self.services.urls["owner"]), autocommit=True)
            self.add_secret(SECRET)
        except BaseException:
            self.services.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.owner.close()
        for server in self.servers:
            server.stop()
        self.services.stop()

    def python(self, zone: str, *command: str, **environment: str) -> str:
        """Runs a command as a process of this zone; what it says."""
        bare = process.bare_environment(**self.environment(zone) | environment)
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=bare, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def environment(self, zone: str) -> dict[str, str]:
        return {
            "ZALOPOLICE_ZONE": zone,
            "ZALOPOLICE_DEMO": "1",
            "ZALOPOLICE_KEY_FILE": str(self.key_files / f"{zone}.json"),
            "ZALOPOLICE_MEDIA_DIR": str(self.services.place.media),
            "ZALOPOLICE_STATIC_DIR": str(self.services.place.static),
            "DATABASE_URL": self.services.urls[zone],
            "REDIS_URL": self.services.redis_url,
        }

    def webhook(self, processes: int = 1, **environment: str) -> Server:
        """As the demo runs it (deploy/local/zones.py), with a spool of its own unless one is named."""
        argv = ["-m", *zones.WEBHOOK, "--port=PORT", f"--workers={processes}", "--log-level=warning"]
        own = {"ZALOPOLICE_SPOOL_DIR": str(self.services.place.data / "spool" / uuid.uuid4().hex)}
        return self._serve("webhook", argv, self.environment("webhook") | own | environment)

    def plain_view(self, processes: int = 1, threads: int = 16) -> Server:
        """The yardstick, on the same server, its table with the same columns and keys as the real one."""
        self.owner.execute("CREATE TABLE IF NOT EXISTS bench_plainevent (LIKE gateway_inboundevent INCLUDING ALL)")
        argv = [
            "-m",
            "gunicorn",
            "bench.rig.plain_view:application",
            "--bind=127.0.0.1:PORT",
            "--worker-class=gthread",
            "--no-control-socket",
        ]
        argv += [f"--workers={processes}", f"--threads={threads}", "--keep-alive=75", "--log-level=warning"]
        return self._serve("plain", argv, {"DATABASE_URL": self.services.urls["owner"]})

    def officers(self) -> Server:
        """The officers' pages as the demo serves them, on this database."""
        return self._serve(
            "web", ["-m", *zones.GUNICORN, "--workers=1", "--bind=127.0.0.1:PORT"], self.environment("web")
        )

    def _serve(self, name: str, argv: list[str], environment: dict[str, str]) -> Server:
        server = Server(name, argv, environment, self.services.place.logs)
        self.servers.append(server)
        return server

    def add_secret(self, secret: str, app_id: str = APP_ID) -> uuid.UUID:
        row, aad = uuid.uuid4(), b"zp-secret|" + app_id.encode()
        sealed = crypto.seal_to(self.vault_keys.webhook_public, secret.encode(), aad)
        self.owner.execute(
            "INSERT INTO gateway_webhooksecret (id, app_id, kind, sealed, offered, created_at)"
            " VALUES (%s, %s, 'oa', %s, '', now())",
            (row, app_id, sealed),
        )
        return row

    def count(self, table: str = "gateway_inboundevent") -> int:
        row = self.owner.execute(f"SELECT count(*) FROM {table}").fetchone()
        return row[0] if row else 0

    def restart_postgres(self, *, seconds_away: float = 0.0) -> None:
        """Killed at once, with no chance to write anything; the session of ``owner`` starts anew."""
        child = self.services.children["postgres"]
        child.popen.kill()
        child.popen.wait()
        time.sleep(seconds_away)
        self.services.children["postgres"] = process.spawn(child.program)
        postgres.wait_ready(self.services.place, self.services.passwords[postgres.SUPERUSER], lambda: None)
        self.owner = psycopg.connect(conninfo(self.services.urls["owner"]), autocommit=True)


def free_port() -> int:
    """Below those that the kernel hands out: a server binds it only a second later."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def children(pid: int) -> list[int]:
    return [int(found) for task in Path(f"/proc/{pid}/task").glob("*/children") for found in task.read_text().split()]


def cpu_seconds(pid: int) -> float:
    """What the process and those it has started have used; of those that ended, what it has counted."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(child) for child in children(pid))


def load(server: Server, **plan: Any) -> dict[str, Any]:
    """One run of the generator (``bench/rig/load.py``) against ``server``."""
    plan = {"port": server.port, "path": f"/hook/zalo/{APP_ID}", "app_id": APP_ID, "secret": SECRET, **plan}
    command = [sys.executable, "-m", "bench.rig.load", json.dumps(plan)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found

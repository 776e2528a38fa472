"""What runs, on which address, and what each process may know: its own database role and keys, no other zone's."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import process, state, valkey
from deploy.local.place import ROOT, LauncherError, Place

ZONES = ("web", "public", "webhook", "vault", "worker", "beat", "owner", "audit")
FIRST_PORT = 8000
LISTENERS = ("web", "public", "webhook", "simulator")
# Pages answer from threads, since they wait for the database; the control socket would lie in the home directory.
# A long question in an address is refused by Django, with a page: error_pages.LONGEST_QUERY.
GUNICORN = (
    *("gunicorn", "zalopolice.wsgi", "--worker-class", "gthread", "--threads", "4", "--no-control-socket"),
    *("--limit-request-line", "8190"),
)
UVICORN_QUIET = ("--host", "127.0.0.1", "--no-access-log", "--no-server-header")
# Whoever holds connections open without asking anything meets the limits of webhook_http.py and then this one.
WEBHOOK = (
    *("uvicorn", "zalopolice.webhook:app", "--http", "zalopolice.webhook_http:Impatient", "--ws", "none"),
    *("--limit-concurrency", "1000", "--no-proxy-headers", *UVICORN_QUIET),
)
# No chatter among workers: each zone is alone on its queue.
CELERY_QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")


@dataclass(frozen=True)
class Addresses:
    ports: Mapping[str, int]

    @property
    def urls(self) -> dict[str, str]:
        urls = {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}
        return urls | {"phone": f"{urls['simulator']}/phone"}


def choose_ports(place: Place, *, patience: float = 0.0) -> Addresses:
    """The ports of last time when they are free within `patience` seconds, else the next free ones from 8000 on."""
    remembered = state.read(place.ports_file)
    until = time.monotonic() + patience
    while time.monotonic() < until and not all(is_free(port) for port in remembered.values()):
        time.sleep(0.1)
    ports: dict[str, int] = {}
    for offset, name in enumerate(LISTENERS):
        candidates = [remembered.get(name, 0), *range(FIRST_PORT + offset, FIRST_PORT + 1000)]
        free = (port for port in candidates if port and port not in ports.values() and is_free(port) and reserve(port))
        if (port := next(free, None)) is None:
            raise LauncherError(f"No free port from {FIRST_PORT} to {FIRST_PORT + 999} on 127.0.0.1.")
        ports[name] = port
    state.write(place.ports_file, ports)
    return Addresses(ports)


_reserved: dict[int, int] = {}


def reserve(port: int) -> bool:
    """Ours until this process ends: what we start binds it only seconds later, and a second demo must not choose it
    meanwhile."""
    if port in _reserved:
        return True
    lock = Path(tempfile.gettempdir()) / f"zalopolice-port-{port}"
    try:
        try:
            file = os.open(lock, os.O_RDONLY | os.O_CREAT, 0o666)
        except PermissionError:  # made by somebody else: in a shared directory it may then be opened, not created
            file = os.open(lock, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return False
    _reserved[port] = file
    return True


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # a port that only waits out its last connections is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def environments(place: Place, addresses: Addresses, databases: Mapping[str, str]) -> dict[str, dict[str, str]]:
    urls = addresses.urls
    shared = {
        "DJANGO_SETTINGS_MODULE": "zalopolice.settings",
        "REDIS_URL": valkey.address(place),
        "ZALOPOLICE_DEMO": "1",
        "ZALOPOLICE_MEDIA_DIR": str(place.media),
        "ZALOPOLICE_CHECKPOINT_DIR": str(place.checkpoints),
        "ZALOPOLICE_STATIC_DIR": str(place.static),
        "ZALOPOLICE_WEB_URL": urls["web"],
        "ZALOPOLICE_PUBLIC_URL": urls["public"],
        "ZALOPOLICE_WEBHOOK_URL": urls["webhook"],
        "ZALO_OAUTH_URL": f"{urls['simulator']}/oauth",
        "ZALO_API_URL": f"{urls['simulator']}/openapi",
        "ZALO_TRAINING_URL": urls["simulator"],
        "PYTHONUNBUFFERED": "1",
    }
    result = {}
    for zone in ZONES:
        own = {"ZALOPOLICE_ZONE": zone, "ZALOPOLICE_KEY_FILE": str(place.keys / f"{zone}.json")}
        if zone in databases:
            own["DATABASE_URL"] = databases[zone]
        if zone == "webhook":
            own["ZALOPOLICE_SPOOL_DIR"] = str(place.spool)
        if zone == "vault":
            own["ZALOPOLICE_VAULT_DIR"] = str(place.data / "vault")
        if zone == "owner":
            own["ZALOPOLICE_SIM_CONFIG"] = str(place.simulator_file)
            own["ZALOPOLICE_LOGINS"] = str(place.logins_file)
        result[zone] = shared | own
    return result


def make_keys(keys: Path, *, fresh: bool = False) -> None:
    """A key file for each zone, once. Made beside it first: a half-made set must not look like a set."""
    if fresh:
        shutil.rmtree(keys, ignore_errors=True)
    if any(keys.glob("*.json")):
        return
    draft = keys.with_name("keys.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [sys.executable, "-m", "zalopolice.crypto", "make-keys", str(draft)]
    result = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env=process.bare_environment(), check=False
    )
    if result.returncode:
        raise LauncherError(f"The key files could not be made:\n{result.stderr.strip()}")
    if keys.exists():
        keys.rmdir()
    draft.rename(keys)


def programs(
    place: Place, addresses: Addresses, environments: Mapping[str, Mapping[str, str]]
) -> dict[str, process.Program]:
    def program(name: str, *command: str, zone: str = "") -> process.Program:
        environment = process.bare_environment(**environments.get(zone or name, {}))
        return process.Program(name, [sys.executable, "-m", *command], environment, place.logs / f"{name}.log")

    port = {name: str(number) for name, number in addresses.ports.items()}
    simulator_files = ("--state", str(place.sim), "--config", str(place.simulator_file))
    celery = ("celery", "-A", "zalopolice")
    found = [
        program("simulator", "zalopolice.simulator", "--port", port["simulator"], *simulator_files),
        program("webhook", *WEBHOOK, "--port", port["webhook"]),
        program("web", *GUNICORN, "--workers", "2", "--bind", f"127.0.0.1:{port['web']}"),
        program("public", *GUNICORN, "--workers", "1", "--bind", f"127.0.0.1:{port['public']}"),
        program("vault", *celery, "worker", "-Q", "vault", "-n", "vault@zalopolice", "-c", "2", *CELERY_QUIET),
        program(
            "inbox", *celery, "worker", "-Q", "inbox", "-n", "inbox@zalopolice", "-c", "2", *CELERY_QUIET, zone="vault"
        ),
        program(
            "slow", *celery, "worker", "-Q", "slow", "-n", "slow@zalopolice", "-c", "2", *CELERY_QUIET, zone="vault"
        ),
        program("worker", *celery, "worker", "-Q", "worker", "-n", "worker@zalopolice", "-c", "2", *CELERY_QUIET),
        program(
            "beat", *celery, "beat", "--schedule", str(place.beat / "schedule"), "--pidfile=", "--loglevel", "INFO"
        ),
    ]
    return {entry.name: entry for entry in found}


def health_addresses(addresses: Addresses) -> dict[str, str]:
    """Name of the process -> address that answers 200 once it serves."""
    urls = addresses.urls
    return {name: f"{urls[name]}/healthz" for name in ("web", "public", "webhook", "simulator")}

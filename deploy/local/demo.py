"""What a demo consists of, in the order it is started, from an empty directory to a morning's messages."""

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import redis

from deploy.local import process, stack, state, valkey, zones
from deploy.local.place import Place
from deploy.local.supervisor import Supervisor
from zalopolice import heartbeat

START_PATIENCE = 120.0
WORKER_ZONES = ("vault", "worker")
# Answers come from this machine; a proxy of the environment has nothing to say about it.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Wish:
    morning: bool
    accounts: Mapping[str, str]
    """Code -> name of units with an account besides the three that are always there."""


class Demo:
    def __init__(self, place: Place, say: Callable[[str], None], wish: Wish) -> None:
        self.place = place
        self.wish = wish
        # Left by a launcher that had no time to end: its last children may still be on their way out.
        self.after_crash = place.state_file.exists()
        self.services = stack.Services(place.data)
        self.state: dict[str, Any] = {"state": "starting"}
        self.supervisor = Supervisor(on_change=self.save, say=say)
        self._say = say
        self._last = time.monotonic()

    def save(self) -> None:
        self.state["pids"] = self.supervisor.pids
        state.write(self.place.state_file, self.state)

    def start(self) -> None:
        self.start_services()
        zones.make_keys(self.place.keys)
        self.manage("migrate", "owner", "migrate", "--verbosity", "0")
        self.manage("translations", "owner", "translations", "--compile")
        self.environments["owner"]["ZALOPOLICE_DEMO_ACCOUNTS"] = json.dumps(self.wish.accounts)
        self.manage("seed_all", "owner", "seed_all")
        self.start_zones()
        self.manage("connect_demo", "web", "connect_demo", *([] if self.wish.morning else ["--no-morning"]))
        self.manage("seed_posts", "web", "seed_posts")  # through the verbs, and no post without a connected account
        self.state |= {"state": "ready", "logins": logins(self.place)}
        self.supervisor.starting = False
        self.save()

    def start_services(self) -> None:
        for program in self.services.prepare():
            self.supervisor.start(program)
        self.services.wait_ready(self.supervisor.tick)
        self.supervisor.still = quiet_watchdog(valkey.client(self.place))
        databases = self.services.create_database(self.services.database)
        self.addresses = zones.choose_ports(self.place, patience=5.0 if self.after_crash else 0.0)
        self.environments = zones.environments(self.place, self.addresses, databases)
        self.state |= {
            "urls": self.addresses.urls,
            "logins": [],
            "data_dir": str(self.place.data),
            "databases": databases,
            "redis_url": valkey.address(self.place),
            "key_dir": str(self.place.keys),
            "postgres_bin": str(self.services.bin),
            "env": self.environments,
        }
        self.step("PostgreSQL and Valkey")

    def manage(self, name: str, zone: str, *command: str) -> None:
        environment = process.bare_environment(**self.environments[zone])
        argv = [sys.executable, "manage.py", *command]
        self.supervisor.run(process.Program(name, argv, environment, self.place.logs / f"{name}.log"))
        self.step(name)

    def start_zones(self) -> None:
        for program in zones.programs(self.place, self.addresses, self.environments).values():
            self.supervisor.start(program)
        waiting = readiness(self.place, self.addresses)

        def all_ready() -> bool:
            for name in [name for name, ready in waiting.items() if ready()]:
                del waiting[name]
            return not waiting

        def complaint() -> str:
            logs = "\n".join(f"--- {name}\n{process.tail(self.place.logs / f'{name}.log')}" for name in waiting)
            return f"Not ready after {START_PATIENCE:.0f} s: {', '.join(waiting)}.\n{logs}"

        self.supervisor.wait_for(all_ready, START_PATIENCE, complaint)
        self.step("all processes ready")

    def step(self, name: str) -> None:
        now = time.monotonic()
        self._say(f"{name} … {now - self._last:.1f} s")
        self._last = now

    def stop(self) -> None:
        self.supervisor.stop_all()
        if self.services.held:
            self.place.state_file.unlink(missing_ok=True)
        self.services.stop()


def quiet_watchdog(client: Any) -> Callable[[], list[str]]:
    """While Valkey is away nobody is to blame for doing nothing."""
    watchdog = heartbeat.Watchdog(client)

    def still() -> list[str]:
        try:
            return watchdog.still()
        except redis.RedisError:
            return []

    return still


def readiness(place: Place, addresses: zones.Addresses) -> dict[str, Callable[[], bool]]:
    """Name of a process -> whether it serves. Workers beat their heart into Valkey, which starts empty with us."""
    checks: dict[str, Callable[[], bool]] = {zone: partial(beats, place, zone) for zone in WORKER_ZONES}
    for name, url in zones.health_addresses(addresses).items():
        checks[name] = partial(answers, url)
    return checks


def beats(place: Place, zone: str) -> bool:
    return bool(valkey.client(place).exists(f"zp:alive:{zone}"))


def answers(url: str) -> bool:
    try:
        with _direct.open(url, timeout=2) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def logins(place: Place) -> list[dict[str, str]]:
    """seed_demo writes a list, or an object that holds one as "logins"."""
    try:
        content = json.loads(place.logins_file.read_text())
    except (OSError, ValueError):
        return []
    found = content.get("logins", []) if isinstance(content, dict) else content
    return list(found)

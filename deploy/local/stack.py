"""A private pair of PostgreSQL and Valkey in a directory of your own: for tests, benchmarks and fault drills.

with Services(directory) as services:          # or Services.temporary()
    services.urls["web"], services.redis_url
    services.create_database("another")
"""

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Self

from deploy.local import binaries, postgres, process, state, valkey
from deploy.local.place import LauncherError, Place


class InUse(LauncherError):
    """Another launcher works on this data directory."""


class Services:
    """Start and stop it from the same thread, one that lives as long as the servers shall."""

    def __init__(self, directory: Path | str, *, database: str = "zalopolice", fresh: bool = False) -> None:
        self.place = Place.at(directory)
        self.database = database
        self.fresh = fresh
        self.urls: dict[str, str] = {}
        self.redis_url = valkey.address(self.place)
        self.children: dict[str, process.Child] = {}
        self._lock: int | None = None
        self._remove = False

    @classmethod
    def temporary(cls, database: str = "zalopolice") -> Self:
        """A pair that leaves nothing behind after stop()."""
        services = cls(tempfile.mkdtemp(prefix="zalopolice-"), database=database)
        services._remove = True
        return services

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def held(self) -> bool:
        return self._lock is not None

    # --- the steps, which the demo's supervisor takes one by one ---

    def prepare(self) -> list[process.Program]:
        """Directories, lock, passwords, cluster; returns what has to run."""
        self.place.prepare()
        self._lock = hold(self.place)
        self.place.prepare_server_home()
        found = binaries.find(readable_by_all=self.place.account is not None)
        self.bin = found.directory
        self.passwords = passwords(self.place)
        postgres.initialise(self.place, found, self.passwords[postgres.SUPERUSER])
        return [postgres.program(self.place, found), valkey.program(self.place, found)]

    def wait_ready(self, check: Callable[[], None]) -> None:
        postgres.wait_ready(self.place, self.passwords[postgres.SUPERUSER], check)
        valkey.wait_ready(self.place, check)

    def create_database(self, name: str, *, fresh: bool = False) -> dict[str, str]:
        """Zone -> address of the database `name`, made when missing (`fresh`: dropped and made anew)."""
        if fresh:  # what the vault remembers of the old one would stop all sending (gateway/holding.py)
            shutil.rmtree(self.place.data / "vault", ignore_errors=True)
        return postgres.create_database(self.place, self.passwords, name, fresh=fresh)

    # --- all of them at once ---

    def start(self) -> Self:
        try:
            for program in self.prepare():
                self.children[program.name] = process.spawn(program)
            self.wait_ready(self._check)
            self.urls = self.create_database(self.database, fresh=self.fresh)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        process.stop(self.children.values())
        self.children.clear()
        if self._lock is not None:
            shutil.rmtree(self.place.sockets, ignore_errors=True)
            if self._remove:
                self.place.forget()
            os.close(self._lock)
            self._lock = None

    def _check(self) -> None:
        for name, child in self.children.items():
            if not child.alive:
                raise LauncherError(f"{name} did not start:\n{process.tail(self.place.logs / f'{name}.log')}")


def hold(place: Place) -> int:
    """The lock of a data directory, held as long as the descriptor is open. One launcher per directory."""
    lock = os.open(place.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise InUse(f"{place.data} is in use by another run.") from None
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def passwords(place: Place) -> dict[str, str]:
    """Role -> password, made once per cluster."""
    known = state.read(place.secrets_file)
    if not known and (place.cluster / "PG_VERSION").exists():
        raise LauncherError(
            f"{place.secrets_file} is lost, the database cannot be opened. Start over: ./run demo --reset"
        )
    wanted = [postgres.SUPERUSER, *postgres.ROLES.values()]
    if missing := [role for role in wanted if role not in known]:
        known |= {role: secrets.token_urlsafe(24) for role in missing}
        state.write(place.secrets_file, known)
    return known

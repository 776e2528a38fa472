"""A private Valkey (or Redis) on a unix socket. It keeps nothing: queues are rows in PostgreSQL (design D1)."""

import time
from collections.abc import Callable

import redis

from deploy.local import binaries, process
from deploy.local.place import LauncherError, Place


def program(place: Place, found: binaries.Binaries) -> process.Program:
    options = {
        "port": "0",
        "unixsocket": str(place.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(place.sockets),
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
    }
    return process.Program(
        name="valkey",
        argv=[str(found.valkey), *(part for name, value in options.items() for part in (f"--{name}", value))],
        environment=process.bare_environment(),
        log=place.logs / "valkey.log",
        account=place.account,
        # A dump that somebody asked for must not come back as if the queue had survived.
        prepare=lambda: place.sockets.joinpath("dump.rdb").unlink(missing_ok=True),
    )


def address(place: Place) -> str:
    return f"redis+socket://{place.valkey_socket}?virtual_host=0"


def client(place: Place) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(place.valkey_socket), socket_timeout=2, decode_responses=True)


def wait_ready(place: Place, check: Callable[[], None], patience: float = 10.0) -> None:
    until = time.monotonic() + patience
    while True:
        check()
        try:
            client(place).ping()
            return
        except redis.RedisError:
            if time.monotonic() > until:
                raise LauncherError(f"Valkey does not answer:\n{process.tail(place.logs / 'valkey.log')}") from None
            time.sleep(0.02)

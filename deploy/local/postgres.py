"""A private PostgreSQL: initialise, start, roles, databases. Unix socket only, a password for every role."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.local import binaries, process
from deploy.local.place import ROOT, LauncherError, Place

SUPERUSER = "zp_super"
ROLES = {name: f"zp_{name}" for name in ("owner", "webhook", "web", "public", "vault", "worker", "audit")}
ROLES_FILE = ROOT / "deploy/roles.sql"
# The second block keeps people's words out of the server's log: no statements, no values, no detail lines.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_statement": "none",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_checkpoints": "off",
}


def initialise(place: Place, found: binaries.Binaries, password: str) -> None:
    """Makes the cluster; under another name first, so that an interrupted initdb leaves nothing that looks finished."""
    if (place.cluster / "PG_VERSION").exists():
        return
    draft, password_file = place.cluster.with_name("pg.new"), place.sockets / "password"
    shutil.rmtree(draft, ignore_errors=True)
    password_file.write_text(password)
    password_file.chmod(0o600)
    if place.account is not None:
        os.chown(password_file, place.account.uid, place.account.gid)
    # The builtin provider came with PostgreSQL 17; before that C.UTF-8 is the C library's.
    provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if found.version >= 17 else []
    result = subprocess.run(
        [
            found.initdb,
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            *provider,
        ],
        env=process.bare_environment(),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=place.account.uid if place.account else None,
        group=place.account.gid if place.account else None,
        extra_groups=[] if place.account else None,
    )
    password_file.unlink()
    if result.returncode:
        raise LauncherError(f"initdb failed:\n{result.stderr.strip() or result.stdout.strip()}")
    draft.rename(place.cluster)


def program(place: Place, found: binaries.Binaries) -> process.Program:
    settings = SETTINGS | {"unix_socket_directories": str(place.sockets)}
    if not os.access("/dev/shm", os.W_OK):
        settings["dynamic_shared_memory_type"] = "mmap"
    return process.Program(
        name="postgres",
        argv=[
            str(found.postgres),
            "-D",
            str(place.cluster),
            *(f"--{name}={value}" for name, value in settings.items()),
        ],
        environment=process.bare_environment(),
        log=place.logs / "postgres.log",
        account=place.account,
        stop_signal=signal.SIGINT,  # "fast": SIGTERM would wait for every client to leave
        death_signal=signal.SIGINT,
        prepare=lambda: clear_stale_lock(place.cluster),
    )


def clear_stale_lock(cluster: Path) -> None:
    """Clears the way after a crash: ends a left-over server of this cluster, and removes a lock whose number now
    belongs to something else (numbers start small again in every container, and PostgreSQL then refuses to start)."""
    lock = cluster / "postmaster.pid"
    until = time.monotonic() + 10
    while (pid := running_server(lock, cluster)) is not None and time.monotonic() < until:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
        time.sleep(0.1)
    if pid is None:
        lock.unlink(missing_ok=True)


def running_server(lock: Path, cluster: Path) -> int | None:
    try:
        pid = int(lock.read_text().split()[0])
        # A server works inside its cluster; a zombie has no directory any more.
        return pid if Path(f"/proc/{pid}/cwd").readlink() == cluster.resolve() else None
    except (OSError, ValueError, IndexError):
        return None


def connect(place: Place, password: str, database: str = "postgres") -> psycopg.Connection:
    return psycopg.connect(
        host=str(place.sockets), user=SUPERUSER, password=password, dbname=database, autocommit=True, connect_timeout=5
    )


def wait_ready(place: Place, password: str, check: Callable[[], None], patience: float = 30.0) -> None:
    until = time.monotonic() + patience
    while True:
        check()
        try:
            connect(place, password).close()
            return
        except psycopg.OperationalError as problem:
            if "password authentication" in str(problem):
                raise LauncherError(
                    f"{place.secrets_file} does not fit the database. Start over: ./run demo --reset"
                ) from None
            if time.monotonic() > until:
                raise LauncherError(
                    f"PostgreSQL does not answer:\n{process.tail(place.logs / 'postgres.log')}"
                ) from None
            time.sleep(0.05)


def create_database(place: Place, passwords: Mapping[str, str], name: str, *, fresh: bool = False) -> dict[str, str]:
    """Makes the database if it is not there (`fresh`: anew), gives the roles their rights; returns zone -> address."""
    with connect(place, passwords[SUPERUSER]) as admin:
        identifier = sql.Identifier(name)
        if fresh:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))
        if admin.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(identifier))
        admin.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
    variables = {"DBNAME": name} | {f"{role}_password": passwords[role] for role in ROLES.values()}
    with connect(place, passwords[SUPERUSER], name) as admin:
        # Two launchers' worth of `ALTER ROLE` at once would collide on the same catalogue row.
        admin.execute("SELECT pg_advisory_lock(24071)")
        admin.execute(with_variables(ROLES_FILE.read_text(), variables))
    return {zone: address(place, role, passwords[role], name) for zone, role in ROLES.items()}


def with_variables(script: str, variables: Mapping[str, str]) -> str:
    """psql's own :'literal' and :"identifier", so that production and demo share one file."""
    script = re.sub(r"^--.*$", "", script, flags=re.MULTILINE)
    script = re.sub(r":'(\w+)'", lambda match: sql.quote(variables[match[1]]), script)
    return re.sub(r':"(\w+)"', lambda match: '"' + variables[match[1]].replace('"', '""') + '"', script)


def address(place: Place, role: str, password: str, database: str) -> str:
    """In the form django-environ and libpq's parsers of the project read: the socket's directory as the path."""
    return f"postgres://{role}:{password}@/{place.sockets}/{database}"

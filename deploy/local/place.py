"""Where things lie: the data directory, the sockets, and - for root - the server's own corner of the machine."""

import contextlib
import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# As root the servers run as `nobody`, who cannot look below a private clone (/root is 0700 and stays so).
ROOT_HOME = Path("/var/lib/zalopolice")
OWNER = "data-directory"  # in a cluster's home: the path it belongs to


class LauncherError(Exception):
    """Says in one or two lines what is wrong and what to do."""


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


def server_account() -> Account | None:
    """Whom PostgreSQL and Valkey run as: PostgreSQL refuses root. None means ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise LauncherError("This machine has no user 'nobody'. Run as a normal user.") from None
    return Account(entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True)
class Place:
    data: Path
    account: Account | None

    @classmethod
    def at(cls, data: Path | str) -> "Place":
        return cls(Path(data).resolve(), server_account())

    @property
    def tag(self) -> str:
        return hashlib.sha256(str(self.data).encode()).hexdigest()[:12]

    @property
    def server_home(self) -> Path:
        """Holds the cluster; belongs to the account the servers run as."""
        return self.data if self.account is None else ROOT_HOME / self.tag

    @property
    def cluster(self) -> Path:
        return self.server_home / "pg"

    @property
    def sockets(self) -> Path:
        """Short, because a socket's path may have 107 bytes at most and a clone may lie deep."""
        return Path("/tmp") / f"zp-{os.geteuid()}-{self.tag}"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    def __getattr__(self, name: str) -> Path:
        if name in DIRECTORIES:
            return self.data / name
        if name in FILES:
            return self.data / FILES[name]
        raise AttributeError(name)

    def prepare(self) -> None:
        if self.data.is_dir() and any(self.data.iterdir()) and not self.lock_file.exists():
            # Its rights would be changed, and --reset would take folders of the same names for ours.
            raise LauncherError(f"{self.data} holds other things. Choose an empty or new directory for --data.")
        try:
            private_directory(self.data)
            for name in DIRECTORIES:
                private_directory(self.data / name)
        except OSError as problem:
            raise LauncherError(f"Cannot use {problem.filename}: {problem.strerror}. Choose another --data.") from None
        self.prepare_sockets()

    def prepare_server_home(self) -> None:
        if self.account is None:
            return
        link = self.data / "pg"
        if not link.is_symlink():
            # The data directory is new, so a cluster found here belonged to one that somebody removed by hand.
            shutil.rmtree(self.server_home, ignore_errors=True)
        ROOT_HOME.mkdir(mode=0o711, exist_ok=True)
        private_directory(self.server_home, self.account)
        (self.server_home / OWNER).write_text(str(self.data))
        if not link.is_symlink():
            link.symlink_to(self.cluster)
        sweep_homes()

    def prepare_sockets(self) -> None:
        """Refuses a directory that somebody else made: /tmp is everybody's."""
        owner = os.geteuid() if self.account is None else self.account.uid
        try:
            self.sockets.mkdir(mode=0o700)
            if self.account is not None:
                os.chown(self.sockets, self.account.uid, self.account.gid)
        except FileExistsError:
            found = self.sockets.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
                raise LauncherError(f"{self.sockets} is not ours. Look who made it, then remove it.") from None
            self.sockets.chmod(0o700)

    def forget(self) -> None:
        """Removes what a launcher made here, and nothing else; nothing may run here any more."""
        if not self.lock_file.exists():
            return
        for name in (*DIRECTORIES, *FILES.values(), "pg", "pg.new", "keys.new"):
            path = self.data / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        shutil.rmtree(self.sockets, ignore_errors=True)
        if self.account is not None:
            shutil.rmtree(self.server_home, ignore_errors=True)
        with contextlib.suppress(OSError):  # other things lie there
            self.data.rmdir()


DIRECTORIES = ("keys", "media", "vault", "spool", "checkpoints", "logs", "sim", "beat", "static")
FILES = {
    "state_file": "demo.json",
    "secrets_file": "secrets.json",
    "ports_file": "ports.json",
    "logins_file": "logins.json",
    "simulator_file": "simulator.json",
    "lock_file": "lock",
}


def sweep_homes() -> None:
    """Removes the clusters of data directories that are gone: a deleted clone must not fill the disk."""
    for home in ROOT_HOME.iterdir():
        owner = home / OWNER
        if owner.is_file() and not Path(owner.read_text()).exists():
            shutil.rmtree(home, ignore_errors=True)


def private_directory(path: Path, account: Account | None = None) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if account is not None:
        os.chown(path, account.uid, account.gid)

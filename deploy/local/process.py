"""Child processes that cannot outlive us."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.place import ROOT, Account

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Program:
    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    account: Account | None = None
    stop_signal: int = signal.SIGTERM
    # What the kernel sends when we die without a word. SIGKILL is sure; PostgreSQL has children of its own to end.
    death_signal: int = signal.SIGKILL
    prepare: Callable[[], None] | None = field(default=None, repr=False)


@dataclass
class Child:
    program: Program
    popen: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def alive(self) -> bool:
        """When the leader is dead this also ends what it left behind: a pool child that still holds a port or a row."""
        if self.popen.returncode is None and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            # Before it is reaped: until then nobody else can have got the number of its group.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self.popen.wait()
        return self.popen.returncode is None


def spawn(program: Program) -> Child:
    """Starts the program in a session of its own: a Ctrl-C in the terminal is ours to pass on.

    Call it from the main thread: the kernel sends the death signal when the *thread* that started the child ends.
    """
    if program.prepare is not None:
        program.prepare()
    parent = os.getpid()

    def die_with_parent() -> None:
        # After the change of user, which would clear it.
        _libc.prctl(PR_SET_PDEATHSIG, program.death_signal)
        if os.getppid() != parent:
            os._exit(1)

    account = program.account
    log = os.open(program.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        popen = subprocess.Popen(
            program.argv,
            env=dict(program.environment),
            cwd=ROOT if account is None else "/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent,
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    finally:
        os.close(log)
    return Child(program, popen)


def bare_environment(**more: str) -> dict[str, str]:
    """Nothing of ours leaks in: no proxies, no other zone's secrets, no PYTHONPATH of a developer."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    return {"PATH": os.defpath, "HOME": "/nonexistent", "LANG": "C.UTF-8", **kept, **more}


def stop(children: Iterable[Child], patience: float = 10.0) -> None:
    """Sends each its stop signal at once, waits, and kills what is left, with its whole group."""
    waiting = [child for child in children if child.alive]
    for child in waiting:
        child.popen.send_signal(child.program.stop_signal)
    until = time.monotonic() + patience
    while waiting := [child for child in waiting if child.alive]:
        if time.monotonic() > until:
            for child in waiting:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
        time.sleep(0.02)


def tail(log: Path, lines: int = 12) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""

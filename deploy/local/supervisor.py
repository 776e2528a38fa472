"""Keeps programs alive: whatever dies is started again within a second, until we are told to stop."""

import os
import select
import signal
import time
from collections import Counter
from collections.abc import Callable

from deploy.local import process
from deploy.local.place import LauncherError

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
STEADY_AFTER = 5.0  # seconds; who lived that long starts again without a pause
DEATHS_AT_START = 4
LOOK_EVERY = 2.0
STILL_PATIENCE = 3.0  # what a worker holds is claimed in the database and comes back by itself


class Stopped(Exception):
    """Somebody asked us to end."""


class Supervisor:
    """Runs in the main thread only; every wait of the launcher goes through tick()."""

    def __init__(self, on_change: Callable[[], None], say: Callable[[str], None]) -> None:
        self.still: Callable[[], list[str]] = list  # who lives and does not work (the watchdog's word)
        self._next_look = 0.0
        self.children: dict[str, process.Child] = {}
        self.starting = True
        self._on_change = on_change
        self._say = say
        self._born: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._deaths: Counter[str] = Counter()
        self._stop = False
        self._wake, wake_writer = os.pipe()
        for end in (self._wake, wake_writer):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # wakes the select
        for number in STOP_SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
                signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, *_: object) -> None:
        self._stop = True

    @property
    def pids(self) -> dict[str, int]:
        return {"supervisor": os.getpid()} | {name: child.pid for name, child in self.children.items()}

    def start(self, program: process.Program) -> None:
        self.children[program.name] = process.spawn(program)
        self._born[program.name] = time.monotonic()
        self._on_change()

    def tick(self, timeout: float = 0.05) -> None:
        """Waits at most `timeout` seconds, starts again what has died; raises Stopped when asked to end."""
        if self._due:
            timeout = min(timeout, max(0.0, min(self._due.values()) - time.monotonic()))
        if select.select([self._wake], [], [], timeout)[0]:
            os.read(self._wake, 4096)
        if self._stop:
            raise Stopped
        for name, child in self.children.items():
            if name not in self._due and not child.alive:
                self._note_death(name, child)
        for name in [name for name, due in self._due.items() if due <= time.monotonic()]:
            del self._due[name]
            self.start(self.children[name].program)
        if not self.starting and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_EVERY
            self._end_who_is_still()

    def _end_who_is_still(self) -> None:
        """Whoever is ended here is started again like anybody else that died."""
        for name in self.still():
            if name in self.children and self.children[name].alive:
                self._say(f"{name} takes no work, ending it")
                process.stop([self.children[name]], patience=STILL_PATIENCE)

    def _note_death(self, name: str, child: process.Child) -> None:
        steady = time.monotonic() - self._born[name] > STEADY_AFTER
        self._deaths[name] = 1 if steady else self._deaths[name] + 1
        if self.starting and self._deaths[name] >= DEATHS_AT_START:
            raise LauncherError(last_words(f"{name} does not start", child))
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self._deaths[name] - 1))
        self._due[name] = time.monotonic() + pause
        self._say(f"{name} ended ({child.popen.returncode}), starting it again")

    def wait_for(self, condition: Callable[[], bool], patience: float, complaint: Callable[[], str]) -> None:
        until = time.monotonic() + patience
        while not condition():
            if time.monotonic() > until:
                raise LauncherError(complaint())
            self.tick()

    def run(self, program: process.Program) -> None:
        """Runs a program to its end, looking after the others; LauncherError with its last lines when it fails."""
        child = process.spawn(program)
        try:
            while child.alive:
                self.tick()
        finally:
            process.stop([child])
        if child.popen.returncode:
            raise LauncherError(last_words(f"{program.name} failed", child))

    def stop_all(self) -> None:
        """Backwards: what uses the servers first, the servers last."""
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        servers = ("postgres", "valkey")
        process.stop(child for name, child in self.children.items() if name not in servers)
        process.stop(child for name, child in self.children.items() if name in servers)


def last_words(problem: str, child: process.Child) -> str:
    return f"{problem}. The end of {child.program.log}:\n{process.tail(child.program.log)}"

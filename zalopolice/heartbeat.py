"""Signs of work: which worker took a task when, and which queue beat rang.

Noted by the tasks themselves: a thread lives on while the consumer beside it is dead, as Celery's is after some
resets of the broker; it only carries the note. Only the standard library and a client of Redis, because the
supervisor reads it too.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

PROGRAMS = ("inbox", "vault", "slow", "worker")
"""Each is the only consumer of the queue of its name."""
SILENCE = 30.0
LONGEST_TASK = 130.0  # a little more than CELERY_TASK_TIME_LIMIT
LONGEST = {"slow": 760.0}  # a video may be fetched for twelve minutes (zalopolice/tasks.py)
KEPT = 3600


def consumed_key(program: str) -> str:
    return f"zp:consumed:{program}"


def longest(program: str) -> float:
    return LONGEST.get(program, LONGEST_TASK)


def rang_key(queue: str) -> str:
    return f"zp:rang:{queue}"


_noted: tuple[str, str] | None = None
_told: tuple[str, str] | None = None


def note(program: str, *, busy: bool) -> None:
    """This process takes or ends a task."""
    global _noted
    _noted = (program, f"{time.time():.1f} {int(busy)}")


def tell(client: Any) -> None:
    """Once a second, by a thread: with every task it would cost more than many a task. Nothing new, no sign."""
    global _told
    noted = _noted
    if noted is None or noted == _told:
        return
    program, sign = noted
    pipe = client.pipeline(transaction=False)
    pipe.hset(consumed_key(program), str(os.getpid()), f"{sign} {resident_bytes()}")
    pipe.expire(consumed_key(program), KEPT)
    pipe.execute()
    _told = noted


def rang(client: Any, queue: str) -> None:
    client.set(rang_key(queue), f"{time.time():.1f}", ex=KEPT)


def resident_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def children(client: Any, program: str) -> dict[str, tuple[float, bool, int]]:
    """pid → when it last took or ended a task, whether it is in one, its memory."""
    found = {}
    for pid, line in client.hgetall(consumed_key(program)).items():
        at, busy, size = line.split()
        found[pid] = (float(at), busy == "1", int(size))
    return found


class Watchdog:
    """Which programs have to be started again: beat rings for them, and they take nothing.

    Measures on its own clock how long a sign has not changed, so that a corrected clock kills nobody."""

    def __init__(self, client: Any, silence: float = SILENCE) -> None:
        self._client, self._silence = client, silence
        self._seen: dict[str, tuple[object, float]] = {}

    def still(self) -> list[str]:
        """Raises the client's error when the broker is away: then nobody can ring, and nobody is to blame."""
        try:
            return self._still(time.monotonic())
        except Exception:
            self._seen.clear()
            raise

    def _still(self, now: float) -> list[str]:
        rung = [self._client.get(rang_key(queue)) for queue in PROGRAMS]
        if self._unchanged("beat", rung, now) > self._silence:
            return self._blame(["beat"], now)
        found = []
        for program in PROGRAMS:
            signs = children(self._client, program)
            limit = longest(program) if any(busy for _, busy, _ in signs.values()) else self._silence
            if self._unchanged(program, signs, now) > limit:
                found.append(program)
        return self._blame(found, now)

    def _unchanged(self, name: str, sign: object, now: float) -> float:
        known, since = self._seen.get(name, (None, now))
        if known != sign or name not in self._seen:
            since = now
        self._seen[name] = (sign, since)
        return now - since

    def _blame(self, programs: list[str], now: float) -> list[str]:
        for name in programs:  # who was started anew gets its time again
            self._seen[name] = (None, now)
        if programs == ["beat"]:
            self._seen |= {name: (sign, now) for name, (sign, _) in self._seen.items()}
        return programs

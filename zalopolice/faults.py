"""Named points between two steps, at which a test may end the process, raise, or make it wait.

Nothing in production: outside the demo and the tests :func:`point` returns at once, whatever the environment says.
A plan is a folder (``ZALOPOLICE_FAULTS``); a file in it is named like the point and says ``kill``, ``raise`` or
``sleep 2.5``, and after it at which reach (``kill 3``: the third of this process). It may be put there while the
processes run. The file is renamed before it acts: whoever renames it acts, so each file acts once, in one process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import Counter
from pathlib import Path

_plan = Path(os.environ.get("ZALOPOLICE_FAULTS", "")) if os.environ.get("ZALOPOLICE_DEMO") == "1" else Path()
_idle = _plan == Path()
_reached: Counter[str] = Counter()
listener: list[str] | None = None
"""Set by a test that wants to know which points a piece of work passes."""


class Injected(Exception):
    """Stands for whatever may be thrown at this point."""


def point(name: str) -> None:
    if listener is not None:
        listener.append(name)
    if _idle:
        return
    _reached[name] += 1
    with contextlib.suppress(OSError, ValueError):
        _act(_plan / name, _reached[name])


def _act(order: Path, reached: int) -> None:
    what, *numbers = order.read_text().split()
    seconds = float(numbers.pop(0)) if what == "sleep" else 0.0
    if numbers and reached < int(numbers[0]):
        return
    order.rename(order.with_name(f"{order.name}.done-{os.getpid()}-{time.monotonic_ns()}"))
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "raise":
        raise Injected(order.name)
    time.sleep(seconds)

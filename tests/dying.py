"""A piece of work in a process of its own, which dies at a named point (``zalopolice/faults.py``)."""

from __future__ import annotations

import os
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connections

from zalopolice import faults


def points_of(work: Callable[[], Any]) -> list[str]:
    """The points the work passes, each once, in order."""
    faults.listener = []
    try:
        work()
        return list(dict.fromkeys(faults.listener))
    finally:
        faults.listener = None


def killed_at(point: str, work: Callable[[], Any], patience: float = 30.0) -> bool:
    """Whether the work reached ``point`` and was killed there; its open transaction dies with it."""
    for connection in connections.all():
        connection.close()  # a child that says goodbye on its parent's connection would end it
    child = os.fork()
    if child == 0:
        _be_killed(point, work)
    until = time.monotonic() + patience
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"the child failed before {point}"
            return os.WIFSIGNALED(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError(f"the child hangs before {point}")


def _be_killed(point: str, work: Callable[[], Any]) -> None:
    code = 1
    try:
        faults._plan, faults._idle = Path(tempfile.mkdtemp()), False
        (faults._plan / point).write_text("kill")
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)

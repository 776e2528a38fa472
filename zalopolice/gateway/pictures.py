"""One clean JPEG of a picture a stranger sent, drawn in a child process that holds no keys.

A picture is the one thing from outside that is parsed; a hole in the decoder must not be a hole in the worker, which
holds the keys of a unit's texts. The child gets the bytes on stdin, has no environment, limited memory and time.
"""

from __future__ import annotations

import resource
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CHILD = Path(__file__).with_name("picture_child.py")
WALL_SECONDS = 20
SIDE = 2048


class NotAPicture(Exception):
    """Not one of the formats we show, damaged, too large, or the decoder did not survive it."""


@dataclass(frozen=True)
class Picture:
    jpeg: bytes
    width: int
    height: int


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (768 << 20, 768 << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def clean_copy(content: bytes, side: int = SIDE) -> Picture:
    """At most ``side`` pixels a side, upright, no metadata; raises NotAPicture."""
    try:
        child = subprocess.run(
            [sys.executable, "-I", str(CHILD), str(side)],
            input=content,
            capture_output=True,
            timeout=WALL_SECONDS,
            env={},
            preexec_fn=_limits,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotAPicture from None
    if child.returncode != 0 or len(child.stdout) < 8:
        raise NotAPicture
    width, height = struct.unpack(">II", child.stdout[:8])
    return Picture(child.stdout[8:], width, height)

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
WALL_SECONDS, CPU_SECONDS = 20, 10
MEMORY = 768 << 20
SIDE = 2048


class NotAPicture(Exception):
    """Not one of the formats we show, damaged, too large, or the decoder did not survive it."""


@dataclass(frozen=True)
class Picture:
    jpeg: bytes
    width: int
    height: int


class Failed(Exception):
    """The child did not answer, or said no."""


def clean_copy(content: bytes, side: int = SIDE) -> Picture:
    """At most ``side`` pixels a side, upright, no metadata; raises NotAPicture."""
    try:
        made = in_child(CHILD, content, str(side), wall=WALL_SECONDS, cpu=CPU_SECONDS)
    except Failed:
        raise NotAPicture from None
    width, height = struct.unpack(">II", made[:8])
    return Picture(made[8:], width, height)


def in_child(program: Path, content: bytes, *arguments: str, wall: float, cpu: int) -> bytes:
    """What ``program`` makes of ``content``, alone and with nothing in reach; raises Failed."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    command = [sys.executable, "-I", str(program), *arguments]
    try:
        child = subprocess.run(
            command, input=content, capture_output=True, timeout=wall, env={}, preexec_fn=limit, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failed from None
    if child.returncode != 0 or len(child.stdout) < 8:
        raise Failed
    return child.stdout

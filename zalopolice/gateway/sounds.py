"""One clean MP3 of a voice message, made in a child process that holds no keys.

Zalo's voice is AMR, which no browser plays. Decoders of strangers' bytes run as pictures do (``pictures.py``): bytes
on stdin, no environment, limited memory and time."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from zalopolice.gateway.pictures import Failed, in_child

CHILD = Path(__file__).with_name("sound_child.py")
WALL_SECONDS, CPU_SECONDS = 45, 40
"""Enough for an hour of speech."""


class NotASound(Exception):
    """Not one of the formats we play, damaged, too long, or the decoder did not survive it."""


@dataclass(frozen=True)
class Sound:
    mp3: bytes
    seconds: int


def clean_sound(content: bytes) -> Sound:
    """Mono, loud enough to hear as it was, no metadata; raises NotASound."""
    try:
        made = in_child(CHILD, content, wall=WALL_SECONDS, cpu=CPU_SECONDS)
    except Failed:
        raise NotASound from None
    (seconds,) = struct.unpack(">I", made[:4])
    return Sound(made[4:], seconds)

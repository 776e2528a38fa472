"""Our clock against Zalo's, from the Date of its answers: a wrong one opens and closes reply windows wrongly."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections import deque
from email.utils import parsedate_to_datetime

import redis

from zalopolice import metrics

KEY = "zp:clock:skew"
EVERY = 30.0
KEPT = 3600
_differences: deque[float] = deque(maxlen=9)
_next = 0.0


def heard(date: str | None) -> None:
    """``date``: the header of an answer. The middle of the last nine, so that one odd server says nothing."""
    global _next
    try:
        _differences.append(time.time() - parsedate_to_datetime(date or "").timestamp())
    except (ValueError, TypeError, OverflowError):
        return
    if time.monotonic() >= _next:
        _next = time.monotonic() + EVERY
        with contextlib.suppress(redis.RedisError):
            metrics.broker().set(KEY, f"{statistics.median(_differences):.1f}", ex=KEPT)

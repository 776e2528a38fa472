"""Numbers for Prometheus: how much, how old, how often. Never of whom: labels are words of this code, no ids, no names.

Counters live in Redis, gauges in the vault's snapshot (``gateway/watch.py``). A lost counter starts again from 0,
which Prometheus expects of counters.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections import Counter
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

COUNTERS = {
    "events": ("decision", "Events of Zalo by what was decided"),
    "sends": ("verdict", "Sends by verdict"),
}
GAUGES = {
    "queue_waiting": ("queue", "Rows that wait"),
    "queue_oldest_seconds": ("queue", "Seconds the oldest row has waited"),
    "incidents_open": ("kind", "Open incidents"),
    "processes_alive": ("program", "Worker processes that take tasks"),
    "process_resident_bytes": ("program", "Memory of the largest worker process"),
    "webhook": ("figure", "The webhook's own figures"),
    "accounts": ("state", "Accounts"),
    "snapshot_age_seconds": ("", "Age of these figures"),
}
LABEL = re.compile(r"[a-z0-9_.]{1,40}")
FLUSH_EVERY = 1.0

_pending: Counter[tuple[str, str]] = Counter()
_next_flush = 0.0


@lru_cache(maxsize=1)
def broker() -> redis.Redis:
    """Short patience: whoever counts has something better to do than to wait for a counter."""
    address = settings.REDIS_URL.replace("redis+socket://", "unix://").split("?")[0]
    client: redis.Redis = redis.Redis.from_url(
        address, socket_timeout=1, socket_connect_timeout=0.2, decode_responses=True
    )
    return client


def count(series: str, label: str, by: int = 1) -> None:
    """Adds to a counter; written at most once a second, and never at the cost of the caller."""
    _pending[series, label] += by
    flush_when_due()


def flush_when_due() -> None:
    if time.monotonic() >= _next_flush:
        flush()


def flush() -> None:
    global _next_flush
    _next_flush = time.monotonic() + FLUSH_EVERY
    if not _pending:
        return
    written = dict(_pending)
    with contextlib.suppress(redis.RedisError):
        pipe = broker().pipeline(transaction=False)
        for (series, label), number in written.items():
            pipe.hincrby(f"zp:count:{series}", label, number)
        pipe.execute()
        _pending.subtract(written)
        for key in [key for key, number in _pending.items() if number <= 0]:
            del _pending[key]


def counted() -> dict[str, dict[str, int]]:
    try:
        pipe = broker().pipeline(transaction=False)
        for series in COUNTERS:
            pipe.hgetall(f"zp:count:{series}")
        return {series: _numbers(found) for series, found in zip(COUNTERS, pipe.execute(), strict=True)}
    except redis.RedisError:
        return {}


def _numbers(found: dict[str, str]) -> dict[str, int]:
    return {label: int(number) for label, number in found.items() if LABEL.fullmatch(label) and number.isdigit()}


class _Counted(Collector):
    def __init__(self, found: dict[str, dict[str, int]]) -> None:
        self.found = found

    def collect(self) -> Any:
        for series, values in self.found.items():
            label, text = COUNTERS[series]
            family = CounterMetricFamily(f"zalopolice_{series}", text, labels=[label])
            for name, number in values.items():
                family.add_metric([name], number)
            yield family


def text(gauges: dict[str, dict[str, float]], counters: dict[str, dict[str, int]]) -> bytes:
    """The page Prometheus reads. What has no place in the tables above, or a label that is no plain word, is left out:
    a number may never bring somebody's name along."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Counted({name: values for name, values in counters.items() if name in COUNTERS}))
    for name, (label, words) in GAUGES.items():
        gauge = Gauge(f"zalopolice_{name}", words, [label] if label else [], registry=registry)
        for value, number in (gauges.get(name) or {}).items():
            if not label:
                gauge.set(number)
            elif LABEL.fullmatch(value):
                gauge.labels(value).set(number)
    return generate_latest(registry)

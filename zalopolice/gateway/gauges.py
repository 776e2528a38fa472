"""Numbers of the whole installation, counted by the vault for people and for ``/metrics``. Zone vault."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from datetime import datetime
from typing import Any

import redis
from django.db.models import Count, Min

from zalopolice import heartbeat, metrics
from zalopolice.gateway import training
from zalopolice.gateway.models import Attachment, InboundEvent, Incident, Message, OfficialAccount, ZaloApp
from zalopolice.queue import Job

QUEUES: dict[str, tuple[type[Job], str]] = {
    "inbox": (InboundEvent, "vault"),
    "outbox": (Message, "vault"),
    "routing": (Message, "worker"),
    "fetching": (Attachment, "vault"),
    "drawing": (Attachment, "worker"),
}


def queues(now: datetime) -> dict[str, tuple[int, int]]:
    """Queue → how much is due and for how many seconds the oldest has been; a lease or a pause is not waiting.

    An exercise is counted nowhere. An event's unit is not known before it is opened, its application is."""
    found = dict.fromkeys(QUEUES, (0, 0))
    for model in {model for model, _ in QUEUES.values()}:
        exercise = {"app_id": training.APP_ID} if model is InboundEvent else {"unit__is_training": True}
        rows = model._default_manager.filter(next_at__lte=now).exclude(**exercise).order_by().values_list("queue")
        for zone, number, oldest in rows.annotate(n=Count("pk"), oldest=Min("next_at")):
            for name, place in QUEUES.items():
                if place == (model, zone):
                    found[name] = (number, int((now - oldest).total_seconds()))
    return found


def webhook() -> dict[str, float]:
    """What the webhook process tells of itself."""
    found: dict[str, float] = {}
    for name, value in metrics.broker().hgetall("zp:webhook:health").items():
        with contextlib.suppress(ValueError):
            found[str(name)] = float(value)
    return found


def of(queues: dict[str, tuple[int, int]], accounts: list[OfficialAccount]) -> dict[str, Any]:
    real = Incident.objects.filter(ended_at=None, unit__is_training=False)
    open_now = real.order_by().values_list("kind").annotate(n=Count("pk"))
    numbers: dict[str, Any] = {
        "queue_waiting": {name: number for name, (number, _) in queues.items()},
        "queue_oldest_seconds": {name: age for name, (_, age) in queues.items()},
        "incidents_open": dict.fromkeys(Incident.Kind.values, 0) | dict(open_now),
        "accounts": dict(Counter(_state(oa) for oa in accounts)),
    }
    with contextlib.suppress(redis.RedisError):
        numbers |= {"webhook": webhook() | {"refused": _refused()}, **_processes()}
    return numbers


def _refused() -> int:
    """Of all apps together, since Redis was last emptied."""
    counts = metrics.broker().mget(
        [f"zp:webhook:refused:{app}" for app in ZaloApp.objects.values_list("app_id", flat=True)] or ["-"]
    )
    return sum(int(number or 0) for number in counts)


def _state(oa: OfficialAccount) -> str:
    return "trouble" if oa.trouble else "connected" if oa.connected_at else "new"


def _processes() -> dict[str, dict[str, int]]:
    alive, sizes = {}, {}
    for program in heartbeat.PROGRAMS:
        signs = heartbeat.children(metrics.broker(), program).values()
        living = [size for at, _, size in signs if time.time() - at < heartbeat.longest(program)]
        alive[program], sizes[program] = len(living), max(living, default=0)
    return {"processes_alive": alive, "process_resident_bytes": sizes}

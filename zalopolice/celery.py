"""The Celery application. Tasks live in ``zalopolice/tasks.py``; a message carries one UUID and nothing else."""

import contextlib
import os
import threading
import time
from typing import Any, Self

import redis
from celery import Celery
from celery.app.amqp import AMQP
from celery.signals import (
    after_task_publish,
    beat_init,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
)
from django.db import close_old_connections
from kombu import Connection, Exchange, Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zalopolice.settings")


class Impatient(Connection):
    """Kombu waits two seconds longer after each vain try, up to thirty: after a minute without Valkey nobody would work
    for another quarter of a minute."""

    def ensure_connection(self, *args: Any, **options: Any) -> Self:
        return super().ensure_connection(*args, **({"interval_start": 1, "interval_max": 1} | options))


class Broker(AMQP):
    Connection = Impatient


app = Celery("zalopolice", amqp=Broker)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.imports = ["zalopolice.tasks"]
# Celery would close the database connection after every task. A new one costs PostgreSQL a process and a cold
# catalogue, more than the task's own work; ``took_a_task`` looks after it as Django does after a request.
app.conf["CELERY_DB_REUSE_MAX"] = 10**9
# The nameless exchange needs no binding in the broker: a named one is forgotten with a wiped Valkey, and from then on
# every ring would vanish silently until the workers restart.
app.conf.task_queues = [Queue(name, Exchange(""), routing_key=name) for name in ("inbox", "vault", "slow", "worker")]
# "inbox" is the vault's too, with processes of its own: a slow Zalo must not keep a call for help waiting.
# "slow" likewise: a video that takes ten minutes must not keep a reply waiting.
SLOW = {"queue": "slow", "expires": 60}
app.conf.beat_schedule = {
    "sweep the inbox": {"task": "zalopolice.sweep_inbox", "schedule": 2.0, "options": {"queue": "inbox"}},
    "forget old bodies": {"task": "zalopolice.forget_bodies", "schedule": 3600.0, "options": {"queue": "inbox"}},
    "sweep the vault's rows": {"task": "zalopolice.sweep_vault", "schedule": 2.0, "options": {"queue": "vault"}},
    "sweep the outbox": {"task": "zalopolice.sweep_outbox", "schedule": 2.0, "options": {"queue": "vault"}},
    "leave the vault's mark": {"task": "zalopolice.keep_watch", "schedule": 60.0, "options": {"queue": "vault"}},
    "close the day's quota": {"task": "zalopolice.close_quota_day", "schedule": 1800.0, "options": {"queue": "vault"}},
    "sweep the posts": {"task": "zalopolice.sweep_posts", "schedule": 2.0, "options": {"queue": "vault"}},
    "sweep the files to fetch": {"task": "zalopolice.sweep_media", "schedule": 2.0, "options": SLOW},
    "sweep the walks": {"task": "zalopolice.sweep_walks", "schedule": 5.0, "options": SLOW},
    "compare with Zalo's history": {"task": "zalopolice.compare_history", "schedule": 60.0, "options": SLOW},
    "remove litter": {"task": "zalopolice.sweep_files", "schedule": 3600.0, "options": SLOW},
    "check the accounts": {"task": "zalopolice.check_accounts", "schedule": 600.0, "options": {"queue": "vault"}},
    "sweep the worker's rows": {"task": "zalopolice.sweep_worker", "schedule": 2.0, "options": {"queue": "worker"}},
    "put unanswered questions together": {
        "task": "zalopolice.put_misses_together",
        "schedule": 1800.0,
        "options": {"queue": "worker"},
    },
    "watch over everything": {"task": "zalopolice.watch", "schedule": 30.0, "options": {"queue": "vault"}},
    "remind of numbers": {"task": "zalopolice.remind_of_numbers", "schedule": 3600.0, "options": {"queue": "worker"}},
    "forget who waited": {"task": "zalopolice.forget_delays", "schedule": 300.0, "options": {"queue": "worker"}},
    "seal the audit log": {"task": "zalopolice.seal_audit", "schedule": 5.0, "options": {"queue": "worker"}},
}

ALIVE_EVERY = 1.0


@worker_init.connect
def refuse_unsafe_zone(**_: object) -> None:
    """A worker that could step over the walls must not start at all."""
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    from zalopolice import zones

    if settings.ZONE not in {"vault", "worker"}:
        raise SystemExit(f"ZALOPOLICE_ZONE={settings.ZONE}: only the zones vault and worker run tasks")
    try:
        zones.refuse_unsafe_role(settings.ZONE)
    except Exception as error:  # Celery logs what a signal raises and starts all the same; only this stops it
        reason = str(error) if isinstance(error, ImproperlyConfigured) else type(error).__name__
        raise SystemExit(f"zone {settings.ZONE} does not start: {reason}") from None


@worker_init.connect
def forget_old_children(sender: Any = None, **_: object) -> None:
    from zalopolice import heartbeat, metrics

    with contextlib.suppress(redis.RedisError):
        metrics.broker().delete(heartbeat.consumed_key(_program(sender)))


@task_prerun.connect
def took_a_task(task: Any = None, **_: object) -> None:
    if not task.request.is_eager:
        close_old_connections()
    _beat(task, busy=True)


@task_postrun.connect
def ended_a_task(task: Any = None, **_: object) -> None:
    from zalopolice import metrics

    _beat(task, busy=False)
    metrics.flush_when_due()


def _beat(task: Any, *, busy: bool) -> None:
    """The watchdog looks whether these signs move (``zalopolice/heartbeat.py``)."""
    from zalopolice import heartbeat

    if task.request.hostname and not task.request.is_eager:  # not called as a function
        heartbeat.note(_program(task.request), busy=busy)


def _program(named: Any) -> str:
    """Workers are started as ``-n vault@zalopolice``; the first part is the name of the program."""
    return str(named.hostname).partition("@")[0]


@after_task_publish.connect
def rang(routing_key: str = "", **_: object) -> None:
    from django.conf import settings

    from zalopolice import heartbeat, metrics

    if settings.ZONE == "beat":
        with contextlib.suppress(redis.RedisError):
            heartbeat.rang(metrics.broker(), routing_key)


@worker_process_init.connect
@beat_init.connect
def say_alive(**_: object) -> None:
    """Each process that takes tasks keeps ``zp:alive:<zone>`` fresh; whoever waits for a zone looks there."""
    threading.Thread(target=_say_alive, daemon=True).start()


def _say_alive() -> None:
    from django.conf import settings

    from zalopolice import heartbeat

    address = settings.REDIS_URL.replace("redis+socket://", "unix://").split("?")[0]
    client = redis.Redis.from_url(address, socket_timeout=1)
    while True:
        with contextlib.suppress(redis.RedisError):
            client.set(f"zp:alive:{settings.ZONE}", int(time.time()), ex=5)
            heartbeat.tell(client)
        time.sleep(ALIVE_EVERY)

"""Starts again, through systemd, a worker that lives and takes no work (zalopolice/heartbeat.py)."""

import contextlib
import subprocess
import time
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandParser

from zalopolice import heartbeat, metrics


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--unit", default="zalopolice-{}.service", help="name of a program's unit")
        parser.add_argument("--every", type=float, default=2.0, help="seconds between two looks")

    def handle(self, *args: Any, **options: Any) -> None:
        watchdog = heartbeat.Watchdog(metrics.broker())
        while True:
            self.look(watchdog, options["unit"])
            time.sleep(options["every"])

    def look(self, watchdog: heartbeat.Watchdog, unit: str) -> None:
        with contextlib.suppress(redis.RedisError):  # while the broker is away nobody is to blame for doing nothing
            for program in watchdog.still():
                self.stdout.write(f"{program} nhận việc mà không làm, khởi động lại")
                command = ["systemctl", "restart", unit.format(program)]
                subprocess.run(command, check=False, timeout=120)  # noqa: S603  (names of our own programs)

"""Many threads at once, each with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections


def crowd(zone: str, jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Runs all jobs at the same moment with logins of ``zone``; returns results and exceptions in order."""
    start, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(place: int, job: Callable[[], Any]) -> None:
        connections["default"] = connections[zone]
        try:
            connections[zone].ensure_connection()
            start.wait(30)
            results[place] = job()
        except Exception as error:
            results[place] = error
        finally:
            connections[zone].close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results

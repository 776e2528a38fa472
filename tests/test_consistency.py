"""The shape of the repository, where a slip would be silent."""

import re
from pathlib import Path

from zalopolice import tasks  # noqa: F401  (registers the tasks)
from zalopolice.celery import app

ROOT = Path(__file__).resolve().parents[1]
VIEWS = [path for path in ROOT.glob("*/**/views.py") if ".venv" not in path.parts] + [ROOT / "tips" / "tray.py"]


def test_every_beat_entry_names_a_task_and_a_queue_somebody_reads():
    queues = {queue.name for queue in app.conf.task_queues}

    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["queue"] in queues


def test_views_reach_rows_through_the_funnel():
    """`.objects.` in a view only as `visible_to`, or with the unit named beside it; units are everybody's to read."""
    loose = []
    for path in VIEWS:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            reached = re.search(r"(\w+)\.objects\.(\w+)", line)
            if reached and reached[2] not in {"visible_to", "readable_by"} and reached[1] != "Unit":
                loose += (
                    [] if "unit=" in line or "case_entry__case" in line else [f"{path.name}:{number}: {line.strip()}"]
                )
    assert len(VIEWS) >= 4
    assert loose == []

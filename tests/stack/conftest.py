from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.running import Running, run


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """One demo for all tests of this folder, without the morning; ended and removed at the end."""
    data = Path(tempfile.mkdtemp(prefix="zalopolice-stack-"))
    try:
        started = run("demo", "--detach", "--no-morning", "--data", str(data))
        assert started.returncode == 0, started.stderr[-3000:] + started.stdout[-1000:]
        yield Running(data)
    finally:
        run("stop", "--data", str(data))
        shutil.rmtree(data, ignore_errors=True)


ORDER = ("story", "latency", "replay", "faults", "canaries")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The story wants a short tray, the canaries want all logs: first and last on the one demo."""

    def place(item: pytest.Item) -> int:
        name = item.path.stem.removeprefix("test_")
        return ORDER.index(name) + 1 if item.path.parent.name == "stack" and name in ORDER else 0

    items.sort(key=place)

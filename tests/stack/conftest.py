from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.stack.running import Running, started_demo


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """One demo for all tests of this folder, without the morning; ended and removed at the end."""
    with started_demo("zalopolice-stack-") as demo:
        yield demo


ORDER = ("posts", "story", "portal", "latency", "replay", "faults", "canaries")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The story wants a short tray, the canaries want all logs: first and last on the one demo. Of several processes
    one begins with what takes longest."""
    last = "PYTEST_XDIST_WORKER" not in os.environ

    def place(item: pytest.Item) -> int:
        name = item.path.stem.removeprefix("test_")
        number = ORDER.index(name) + 1 if item.path.parent.name == "stack" and name in ORDER else 0
        return number if last or not number else number - len(ORDER) - 1

    items.sort(key=place)

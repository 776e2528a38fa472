from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


@pytest.fixture
def browser() -> Iterator[Any]:
    path = os.environ.get("ZALOPOLICE_CHROMIUM")
    if not path:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    options += ["--disable-component-update", "--disable-sync"]
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=options)
        yield chromium
        chromium.close()


ORDER = ("story", "portal", "latency", "replay", "faults", "canaries")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The story wants a short tray, the canaries want all logs: first and last on the one demo."""

    def place(item: pytest.Item) -> int:
        name = item.path.stem.removeprefix("test_")
        return ORDER.index(name) + 1 if item.path.parent.name == "stack" and name in ORDER else 0

    items.sort(key=place)

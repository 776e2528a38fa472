"""The machine's own Chromium, as every test starts it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
FLAGS += ("--disable-component-update", "--disable-sync")


@contextmanager
def started() -> Iterator[Any]:
    """Skips where there is none. Its event loop and Django's connections do not go together: see who uses it."""
    path = os.environ.get("ZALOPOLICE_CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()

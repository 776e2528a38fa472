"""Zone public beside zone web: its addresses, its middleware, its login."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@pytest.fixture
def citizens(zone: Any, settings: Any) -> Any:
    @contextmanager
    def entered() -> Iterator[None]:
        settings.ROOT_URLCONF, settings.MIDDLEWARE = "zalopolice.public_urls", settings.CITIZENS_MIDDLEWARE
        with zone("public"):
            yield

    return entered

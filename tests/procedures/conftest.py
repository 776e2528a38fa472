from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache

from procedures import catalogue
from tests.procedures import scenes


@pytest.fixture
def province(commune: Any) -> scenes.Office:
    return scenes.province_of(commune)


@pytest.fixture
def citizen(zone: Any, commune: Any) -> scenes.Citizen:
    """Nobody in particular. What the process has kept of earlier tests is forgotten."""
    cache.clear()
    catalogue._kept.clear()
    return scenes.Citizen(zone)

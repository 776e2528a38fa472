from __future__ import annotations

from datetime import date

import pytest

from zalopolice.gateway.models import ChannelRule


@pytest.fixture(autouse=True)
def hours(request, zone):
    """06:00 to 22:00, as Zalo has it, should no migration have brought it."""
    if "db" not in request.fixturenames:
        return
    request.getfixturevalue("db")
    with zone("owner"):
        for name, value in (("broadcast_from_hour", 6), ("broadcast_until_hour", 22)):
            if not ChannelRule.objects.filter(name=name).exists():
                ChannelRule.objects.create(name=name, value=value, valid_from=date(2024, 1, 1), source="test")

"""Row 1: the 88 events of the Zalo page, twice, through real signed webhooks."""

import json
from pathlib import Path

import pytest

pytestmark = [pytest.mark.stack, pytest.mark.alone]

EVENTS = Path(__file__).resolve().parents[1] / "gateway" / "zalo-oa-events.json"


def test_88_events_are_stored_and_decided_once(running):
    assert len(json.loads(EVENTS.read_text())) == 88

    first = running.manage("replay_events", str(EVENTS), "--json")
    second = running.manage("replay_events", str(EVENTS), "--json")

    assert first.returncode == 0, first.stdout[-2000:] + first.stderr[-2000:]
    assert second.returncode == 0, second.stdout[-2000:] + second.stderr[-2000:]
    one, two = (json.loads(answer.stdout.splitlines()[-2]) for answer in (first, second))
    assert one["once"] == two["once"] == 88
    assert one["act"] + one["record"] + one["ignore"] == 88
    assert one["failed"] == two["failed"] == 0
    assert one["new"] >= 88 and one["messages"] > 0
    assert two["new"] == 0 and two["messages"] == 0

"""docs/zalo-events.md says what the code does, event by event."""

from __future__ import annotations

import json
import re
from pathlib import Path

from zalopolice.gateway import events

PAGE = (Path(__file__).parents[2] / "docs" / "zalo-events.md").read_text(encoding="utf-8")
CATALOGUE = json.loads(Path(__file__).with_name("zalo-oa-events.json").read_text(encoding="utf-8"))


def test_the_page_and_the_code_decide_alike():
    rows = re.findall(r"^\| `(\w+)` \| (act|record|ignore) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)

    assert len(rows) == len({name for name, *_ in rows})
    assert {name: decision for name, decision, *_ in rows} == events.DECISIONS
    assert len(CATALOGUE) == 88
    assert {row["body"]["event_name"] for row in CATALOGUE} == set(events.DECISIONS)


def test_the_page_knows_every_alias():
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|$", PAGE, re.MULTILINE)

    assert dict(rows) == events.ALIASES
    assert set(events.ALIASES.values()) <= set(events.DECISIONS)
    assert not set(events.ALIASES) & set(events.DECISIONS)

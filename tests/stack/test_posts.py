"""T03, T15: 20 accounts × 10 posts (200 × 10 in the long run) through the real processes, killed on the way, Valkey
wiped, one answer in ten lost after Zalo took the call. The simulator's ledger says what people got; the portal's rows
must say the same or "unclear"."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.fault_size import LONG, SEED
from tests.stack.history import ask
from tests.stack.running import APP_ID, Browserless, Running, started_demo, wait_until, wipe

pytestmark = pytest.mark.stack

ACCOUNTS, POSTS, KILLS = (200, 10, 5) if LONG else (14, 10, 4)
PAUSES = (4.0, 9.0) if LONG else (1.5, 4.0)
PATIENCE = 2400 if LONG else 600
VICTIMS = ("vault", "vault", "worker", "beat", "inbox")
UNIT = "tran-hung-dao"
WIDE = {"broadcast_month_total": 1000, "broadcast_user_day": 1000, "article_pending": 1}
IDS = [str(2_720_105_559_900_000_000 + number) for number in range(ACCOUNTS)]

OPEN_ACCOUNTS = """
from zalopolice.gateway.models import ChannelRule, OfficialAccount, ZaloApp
from zalopolice.units.models import Unit
unit, app = Unit.objects.get(code={unit!r}), ZaloApp.objects.get(app_id={app!r})
for oa_id in {ids!r}:
    OfficialAccount.objects.create(unit=unit, app=app, oa_id=oa_id, name="OA " + oa_id[-2:])
# The suite runs at any hour; what the hours do is tested where the clock can be moved.
ChannelRule.objects.filter(name="broadcast_from_hour").update(value=0)
ChannelRule.objects.filter(name="broadcast_until_hour").update(value=24)
"""
WRITE_POSTS = """
import hashlib
from broadcasts import actions
from broadcasts.models import PostImage, PostVersion
from zalopolice.units.models import Officer
from zalopolice.units.seats import acting, take_seat
editor, chief = (Officer.objects.get(username=name + ".{unit}") for name in ("bientap", "truong"))
take_seat(editor, None), take_seat(chief, None)
picture = b"\\xff\\xd8\\xff\\xe0" + bytes(400)
cover = hashlib.sha256(picture).hexdigest()
with acting(editor):
    facts = dict(data=picture, width=1280, height=720, created_by=editor)
    PostImage.objects.get_or_create(unit=editor.unit, sha256=cover, defaults=facts)
for number in range({posts}):
    with acting(editor):
        draft = actions.Draft(title="Bài số %d" % number, description="Mô tả", author="Công an phường",
                              body="Bà con chú ý.", cover_sha256=cover, oa_ids={ids!r})
        version = actions.create(draft, by=editor)
        actions.submit(version, by=editor, revision=version.revision)
    with acting(chief):
        version = PostVersion.objects.get(pk=version.pk)
        actions.approve(version, by=chief, seen=version.digest)
"""
DISPATCHES = """
SELECT account.oa_id, version.title, dispatch.state, dispatch.error, dispatch.message_id
FROM broadcasts_dispatch dispatch
JOIN gateway_officialaccount account ON account.id = dispatch.oa_id
JOIN broadcasts_postversion version ON version.id = dispatch.version_id
"""


@pytest.fixture(scope="module")
def posting():
    """A demo of its own: no other test's messages, nor its clock, nor its hours."""
    with started_demo("zalopolice-posts-") as demo:
        yield demo


def _shell(running: Running, zone: str, code: str, **values: object) -> str:
    filled = code.format(unit=UNIT, ids=IDS, posts=POSTS, app=APP_ID, **values)
    done = running.manage("--zone", zone, "shell", "-c", filled)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _open_accounts(running: Running) -> None:
    """Many accounts of one ward: in the portal, in the simulator, each with followers and a grant."""
    _shell(running, "owner", OPEN_ACCOUNTS)
    path = running.data / "simulator.json"
    config = json.loads(path.read_text())
    config["oas"] += [{"oa_id": oa_id, "name": f"OA {oa_id[-2:]}", "app_id": APP_ID} for oa_id in IDS]
    path.write_text(json.dumps(config))
    before = running.state["pids"]["simulator"]
    running.kill("simulator")
    wait_until(lambda: running.state["pids"]["simulator"] != before, 20, "the simulator did not come back")
    wait_until(lambda: _answers(running), 20, "the simulator does not answer")
    # Noon for Zalo, by the shortest way: tokens live 25 hours.
    noon = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    running.sim("clock", {"advance_s": (noon - timezone.localtime()) / timedelta(seconds=1)})
    chief = Browserless(running, f"truong.{UNIT}")
    for oa_id in IDS:
        running.sim("oas", {"oa_id": oa_id, **WIDE})
        for citizen in ("dung", "hoa"):
            running.sim("send", {"oa_id": oa_id, "citizen": citizen, "kind": "follow"})
    page = chief.get("/oa/")
    forms = dict(re.findall(r'Mã OA (\d{19}).*?action="(/oa/[0-9a-f-]{36}/ket-noi/)"', page.text, re.S))
    for oa_id in IDS:
        consent = chief.post(forms[oa_id], page)
        form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', consent.text))
        answer = chief.http.post(consent.url, data={**form, "oa_id": oa_id}, allow_redirects=False, timeout=30)
        chief.http.get(answer.headers["Location"], timeout=30)
    connected = ACCOUNTS + 1  # the ward's own
    wait_until(lambda: chief.get("/oa/").text.count("data-connected") == connected, 60, "not all connected")


def _answers(running: Running) -> bool:
    try:
        return bool(running.sim("clock"))
    except OSError:
        return False


def _dispatches(running: Running) -> list[tuple[str, ...]]:
    return [row for row in ask(running, DISPATCHES) if row[0] in IDS]


def _broadcasts(running: Running) -> Counter[tuple[str, str]]:
    rows = running.ledger()["broadcasts"]
    return Counter((row["oa_id"], row["title"]) for row in rows if row["oa_id"] in IDS)


def test_t03_t15_no_post_is_sent_twice(posting, figures):
    dice = random.Random(SEED)
    _open_accounts(posting)
    posting.sim("faults", {"timeout_after_accept": 0.1, "timeout_mode": "close", "seed": SEED})
    start = time.monotonic()
    _shell(posting, "web", WRITE_POSTS)
    for victim in dice.sample(VICTIMS, KILLS):
        time.sleep(dice.uniform(*PAUSES))
        posting.kill(victim)
        wipe(posting)

    def settled():
        time.sleep(1)
        rows = _dispatches(posting)
        return rows if all(row[2] in {"sent", "unknown", "held", "failed"} for row in rows) else None

    rows = wait_until(settled, PATIENCE, "posts are still on their way")
    took = time.monotonic() - start
    time.sleep(20)  # longer than a lease: whoever would send once more does it now
    got = _broadcasts(posting)
    states = Counter(row[2] for row in _dispatches(posting))
    lost = posting.sim("faults")["hits"].get("timeout_after_accept", 0)
    arrived = sum(1 for oa_id, title, state, *_ in rows if state == "unknown" and got[oa_id, title])
    figures(
        "T03, T15",
        dispatches=len(rows),
        broadcasts=sum(got.values()),
        doubled=sum(1 for times in got.values() if times > 1),
        sent=states["sent"],
        unclear=states["unknown"],
        unclear_arrived=arrived,
        answers_lost=lost,
        seconds=round(took),
    )
    assert len(rows) == ACCOUNTS * POSTS
    assert [pair for pair, times in got.items() if times > 1] == []
    for oa_id, title, state, error, message_id in rows:
        times = got[oa_id, title]
        assert times == {"sent": 1, "held": 0, "failed": 0}.get(state, times), (oa_id, title, state)
        assert bool(error) != bool(message_id), (oa_id, title, state)  # sent, or a sentence with what to do
    assert states["sent"] + states["unknown"] == len(rows) and lost > 5
    seen = Counter((row["oa_id"], row["citizen"], row["text"]) for row in posting.ledger()["seen"])
    assert max(seen.values()) == 1  # no phone shows an article twice

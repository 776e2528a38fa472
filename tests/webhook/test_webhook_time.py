"""Wrong clocks, the same event again and again, a change of secrets while events flow: nothing genuine is refused."""

import json
import time
from datetime import UTC, datetime

import pytest

from bench.rig.stage import ROOT, SECRET
from tests.fault_size import LONG
from tests.webhook.test_webhook_durable import Crowd, lost, until

pytestmark = [pytest.mark.stack, pytest.mark.alone]
HOUR = 3600
# Loaded by Python itself before anything of ours: a host whose clock is wrong.
WRONG_CLOCK = "import os, time\nshift, now = float(os.environ['SHIFT']), time.time\ntime.time = lambda: now() + shift\n"


@pytest.fixture
def hook_at(new_hook, tmp_path):
    """A server process on a host whose clock goes wrong by so many seconds."""
    (tmp_path / "sitecustomize.py").write_text(WRONG_CLOCK)
    return lambda shift: new_hook(PYTHONPATH=f"{tmp_path}:{ROOT}", SHIFT=str(shift))


@pytest.mark.parametrize("shift", [-2 * HOUR, 2 * HOUR])
def test_t12_wrong_clocks_refuse_nothing(hook_at, shift, figures):
    hook, now = hook_at(shift), time.time()
    before, ages = hook.count(), [-24, -2, -0.25, 0, 0.25, 2, 24]
    for age in ages:
        event = hook.event(timestamp=str(int((now - age * HOUR) * 1000)))
        assert hook.send(event) == 200
    assert hook.count() == before + len(ages)
    _, _, row = hook.row(json.dumps(event, ensure_ascii=False).encode())
    # what the host believed, which the inbox compares with Zalo's time
    assert abs((row["received_at"] - datetime.now(UTC)).total_seconds() - shift) < 60
    figures("T12", clock_h=shift / HOUR, events=len(ages), refused=0)


def test_t24_the_same_event_a_hundred_times_also_a_day_later(hook_at, figures):
    hook, later = hook_at(0), hook_at(23 * HOUR)
    event, before = hook.event(), hook.count()
    answers = [hook.send(event) for _ in range(50)] + [later.send(event) for _ in range(50)]
    assert answers == [200] * 100
    assert hook.count() == before + 1
    figures("T24", deliveries=100, ok=100, rows=1)


class Rotating(Crowd):
    """Signs with whatever secret Zalo would use now."""

    secret = SECRET

    def signature(self, body, stamp):
        return self.hook.sign(body, stamp, secret=self.secret)


def test_t27_secrets_change_while_events_flow(new_hook, stage, figures):
    hook, third = new_hook(), 1000 // 3 if LONG else 100
    first = stage.owner.execute("SELECT id FROM gateway_webhooksecret").fetchall()
    with Rotating(hook) as crowd:
        until(lambda: len(crowd.acknowledged) > third, 60)
        second = stage.add_secret("the new one")
        until(lambda: len(crowd.acknowledged) > 2 * third, 60)
        crowd.secret = "the new one"
        time.sleep(0.3)  # those under way
        stage.owner.execute("DELETE FROM gateway_webhooksecret WHERE id = ANY(%s)", [[row for (row,) in first]])
        until(lambda: len(crowd.acknowledged) > 3 * third + 1, 60)
    stage.add_secret(SECRET)
    signed_by = {row for (row,) in stage.owner.execute("SELECT DISTINCT signed_by FROM gateway_inboundevent")}
    assert crowd.other == []
    assert lost(stage, crowd.acknowledged) == 0
    assert second in signed_by
    stage.owner.execute("DELETE FROM gateway_webhooksecret WHERE id = %s", [second])
    figures("T27", events=len(crowd.acknowledged), refused=len(crowd.other))

"""PostgreSQL away, the spool full, rows refused, a kill between any two steps: what was acknowledged is kept, once."""

import json
import random
import time
from contextlib import contextmanager

import psycopg
import pytest
import redis

from bench.rig.stage import APP_ID
from tests.fault_size import LONG, SEED
from tests.webhook.test_webhook_durable import Crowd, lost, timed, until
from zalopolice.webhook_signed import dedupe_key, read_event

pytestmark = [pytest.mark.stack, pytest.mark.alone]
TAKING = ("webhook.verified", "webhook.sealed", "webhook.inserting", "webhook.committed", "webhook.kept")
SPOOLING = ("webhook.spooling", "spool.created", "spool.begun", "spool.written", "webhook.spooled", "webhook.kept")
REPLAYING = ("spool.reading", "webhook.inserting", "webhook.committed", "spool.replayed", "spool.removed")
STARTING = ("webhook.secrets_read", "spool.secrets_written")


@contextmanager
def locked(stage):
    """To the webhook an outage that costs no restart: no row gets in."""
    with psycopg.connect(stage.owner.info.dsn, password=stage.owner.info.password) as other:
        other.execute("LOCK TABLE gateway_inboundevent IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


class Sender:
    def __init__(self):
        self.acknowledged, self.bodies = [], []

    def send(self, hook):
        body = json.dumps(hook.event()).encode()
        self.bodies.append(body)
        try:
            status = hook.post(body, hook.sign(body, json.loads(body)["timestamp"]))
        except OSError:
            return None
        if status == 200:
            self.acknowledged.append((body, status))
        return status


def ended(hook):
    return hook.server.child.popen.poll() is not None


def strike(hook, plan, point, phase, sender):
    """Brings the process to the point where it dies."""
    stage, reach = hook.stage, random.Random(f"{SEED}{phase}{point}").randint(1, 3)
    if phase == "taking":
        (plan / point).write_text(f"kill {reach}")
        until(lambda: sender.send(hook) is None or ended(hook))
    elif phase == "spooling":
        with locked(stage):
            (plan / point).write_text("kill")
            until(lambda: sender.send(hook) is None or ended(hook))
    else:
        with locked(stage):
            assert [sender.send(hook) for _ in range(3)] == [200] * 3
            (plan / point).write_text("kill")
    until(lambda: ended(hook))


def test_a_kill_between_any_two_steps_loses_nothing_acknowledged(new_hook, stage, tmp_path, figures):
    plan, spool, sender = tmp_path / "plan", tmp_path / "spool", Sender()
    plan.mkdir()
    phases = {"taking": TAKING, "spooling": SPOOLING, "replaying": REPLAYING}
    strikes = [(phase, point) for phase, points in phases.items() for point in points]
    random.Random(SEED).shuffle(strikes)
    del strikes[len(strikes) if LONG else 7 :]
    for phase, point in strikes:
        hook = new_hook(ZALOPOLICE_SPOOL_DIR=str(spool), ZALOPOLICE_FAULTS=str(plan))
        strike(hook, plan, point, phase, sender)
    hook = new_hook(ZALOPOLICE_SPOOL_DIR=str(spool))
    until(lambda: hook.spooled() == 0)
    assert sender.send(hook) == 200
    assert lost(stage, sender.acknowledged) == 0
    assert list(spool.glob("*.kept")) == []
    figures("T01", part="webhook", kills=len(strikes), acknowledged=len(sender.acknowledged), lost=0)


@pytest.mark.parametrize("point", STARTING)
def test_a_kill_while_the_secrets_are_kept(new_hook, stage, tmp_path, point):
    (tmp_path / point).write_text("kill")
    dying = stage.webhook(ZALOPOLICE_SPOOL_DIR=str(tmp_path), ZALOPOLICE_FAULTS=str(tmp_path))
    assert dying.child.popen.wait(20) == -9
    hook = new_hook(ZALOPOLICE_SPOOL_DIR=str(tmp_path))
    assert hook.send(hook.event()) == 200
    until((tmp_path / "secrets.json").exists)


def test_t05_503_only_when_the_database_and_the_spool_are_gone(new_hook, stage, figures):
    hook, sender = new_hook(ZALOPOLICE_SPOOL_MB="1.02"), Sender()
    assert hook.ask("GET", "/readyz") == 200
    filling = 1_000_000
    hook.spool.mkdir(parents=True, exist_ok=True)
    (hook.spool / "something else").write_bytes(b"x" * filling)
    with locked(stage):
        until(lambda: sender.send(hook) == 503 and "the spool does not take events: Full" in hook.log(), 30)
        taken = len(sender.acknowledged)
        assert taken > 3
        answers = [timed(lambda: sender.send(hook)) for _ in range(5)]
        assert {status for status, _ in answers} == {503}
        assert max(seconds for _, seconds in answers) < 1.5
        assert hook.ask("GET", "/readyz") == 503
        assert hook.ask("GET", "/healthz") == 200
        until(lambda: float(health(stage)["spool_failing_since"]) > 0)
    until(lambda: hook.spooled() == 0)
    assert sender.send(hook) == 200
    assert lost(stage, sender.acknowledged) == 0
    figures("T05", spooled=taken, lost=0)


def health(stage):
    valkey = redis.Redis(unix_socket_path=str(stage.services.place.valkey_socket), decode_responses=True)
    return valkey.hgetall("zp:webhook:health")


def test_the_health_tells_numbers_and_nothing_else(new_hook, stage):
    hook = new_hook()
    assert hook.send(hook.event()) == 200
    with locked(stage):
        assert [hook.send(hook.event()) for _ in range(4)] == [200] * 4
        until(lambda: float(health(stage)["postgres_away_since"]) > 0 and health(stage)["spool_records"] == "4")
        found = {name: float(value) for name, value in health(stage).items()}
        assert abs(found["spool_oldest"] - time.time()) < 10
        assert found["spool_bytes"] > 0
        assert 10e6 < found["rss"] < 300e6
    until(lambda: float(health(stage)["postgres_away_since"]) == 0 and health(stage)["spool_records"] == "0")
    assert time.time() - float(health(stage)["last_stored"]) < 10


def test_a_row_postgresql_refuses_fails_alone(new_hook, stage):
    hook, rows = new_hook(), stage.owner
    rows.execute("ALTER TABLE gateway_inboundevent ADD CONSTRAINT unfit CHECK (length(sealed) < 20000) NOT VALID")
    bad = hook.event(padding="x" * 30_000)
    try:
        with Crowd(hook) as crowd:
            until(lambda: len(crowd.acknowledged) > 50)
            assert [hook.send(bad) for _ in range(2)] == [200, 200]
            until(lambda: list(hook.spool.glob("*.kept")))
            time.sleep(0.2)
        assert crowd.other == []
        assert lost(stage, crowd.acknowledged) == 0
        until(lambda: hook.spooled() == 0)
        assert hook.row(json.dumps(bad).encode()) is None
        assert "a segment of the spool is kept for a person to look at" in hook.log()
    finally:
        rows.execute("ALTER TABLE gateway_inboundevent DROP CONSTRAINT unfit")
    for kept in hook.spool.glob("*.kept"):
        kept.rename(kept.with_suffix(".seg"))
    until(lambda: hook.row(json.dumps(bad).encode()) is not None)


def test_two_processes_share_a_spool_and_leave_nothing(new_hook, stage):
    hook = new_hook(processes=2)
    with Crowd(hook, rate=200) as crowd:
        with locked(stage):
            time.sleep(2.5)
        time.sleep(0.5)
    until(lambda: hook.spooled() == 0)
    assert crowd.other == []
    assert crowd.slowest < 1.5
    assert lost(stage, crowd.acknowledged) == 0


def test_received_is_when_it_came_and_not_when_it_was_replayed(new_hook, stage):
    hook, event = new_hook(), None
    with locked(stage):
        event, came = hook.event(), time.time()
        assert hook.send(event) == 200
        time.sleep(1.5)
    body = json.dumps(event, ensure_ascii=False).encode()
    until(lambda: hook.row(body))
    _, opened, row = hook.row(body)
    assert opened == body
    assert abs(row["received_at"].timestamp() - came) < 1.2
    assert row["signed_by"] is not None
    assert dedupe_key(stage.keys.dedupe_key, APP_ID, read_event(body), body) == bytes(row["dedupe_key"])

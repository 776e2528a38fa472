"""An answer of 200 is a promise. Kills, stops and hangs of the process, PostgreSQL and Valkey do not break it."""

import contextlib
import http.client
import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import redis

from bench.rig.stage import APP_ID, SECRET, children
from deploy.local import process
from tests.fault_size import LONG
from zalopolice.webhook_io import CONNECTIONS
from zalopolice.webhook_signed import dedupe_key, read_event

pytestmark = [pytest.mark.stack, pytest.mark.alone]


class Crowd:
    """Eight senders, posting as fast as they can or at a rate, until told to stop; remembers what was acknowledged."""

    def __init__(self, hook, rate=0):
        self.hook, self.acknowledged, self.other = hook, [], []
        self.pause, self.slowest = 8 / rate if rate else 0, 0.0
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._send, args=[hook.another()]) for _ in range(8)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def signature(self, body, stamp):
        return self.hook.sign(body, stamp)

    def _send(self, own):
        while not self.stopping.is_set():
            body, began = json.dumps(own.event()).encode(), time.monotonic()
            try:
                status = own.post(body, self.signature(body, json.loads(body)["timestamp"]))
            except (OSError, http.client.HTTPException) as error:  # the server is dead, or died during an answer
                status = type(error).__name__
                time.sleep(0.02)
            (self.acknowledged if status == 200 else self.other).append((body, status))
            self.slowest = max(self.slowest, time.monotonic() - began)
            time.sleep(self.pause)


def lost(stage, acknowledged):
    """How many acknowledged events have no row."""
    keys = [dedupe_key(stage.keys.dedupe_key, APP_ID, read_event(body), body) for body, _ in acknowledged]
    found = stage.owner.execute("SELECT count(*) FROM gateway_inboundevent WHERE dedupe_key = ANY(%s)", [keys])
    return len(keys) - found.fetchone()[0]


def test_kill_9_loses_no_acknowledged_event(new_hook, stage):
    acknowledged = []
    for _ in range(3):
        hook = new_hook()
        with Crowd(hook) as crowd:
            until(lambda crowd=crowd: len(crowd.acknowledged) > 200)
            os.kill(hook.server.pid, signal.SIGKILL)
            time.sleep(0.1)
        acknowledged += crowd.acknowledged
    assert lost(stage, acknowledged) == 0


def test_sigterm_answers_what_it_has_begun(new_hook, stage):
    hook = new_hook()
    with Crowd(hook) as crowd:
        time.sleep(0.5)
        os.kill(hook.server.pid, signal.SIGTERM)
        hook.server.child.popen.wait(10)
        time.sleep(0.1)
    assert hook.server.child.popen.returncode in {0, -signal.SIGTERM}
    assert lost(stage, crowd.acknowledged) == 0
    # every event that reached the database was also answered: nothing hung between commit and 200
    assert lost(stage, [(body, 0) for body, _ in crowd.other]) == len(crowd.other)
    assert "Traceback" not in hook.log()


def test_t04_postgres_is_killed_and_away_and_nobody_notices(new_hook, stage, figures):
    hook, rounds, away = new_hook(), 3 if LONG else 1, 60 if LONG else 2
    with Crowd(hook, rate=20) as crowd:
        for _ in range(rounds):
            time.sleep(0.5)
            stage.restart_postgres(seconds_away=away)
            back = time.monotonic()
            until(lambda: hook.spooled() == 0, 60)
            drained = time.monotonic() - back
    assert crowd.other == []
    assert crowd.slowest < 1.5
    assert lost(stage, crowd.acknowledged) == 0
    assert hook.server.child.alive
    figures(
        "T04",
        events=len(crowd.acknowledged),
        lost=0,
        seconds_away=away,
        rounds=rounds,
        slowest_s=round(crowd.slowest, 2),
        drained_s=round(drained, 1),
    )


def test_the_first_event_after_postgres_is_back_is_stored(new_hook, stage):
    hook = new_hook()
    assert [hook.send(hook.event()) for _ in range(20)] == [200] * 20
    stage.restart_postgres(seconds_away=1)
    assert [hook.send(hook.event()) for _ in range(20)] == [200] * 20
    assert hook.ask("GET", "/readyz") == 200


@contextlib.contextmanager
def postgres_away(stage):
    child = stage.services.children["postgres"]
    child.popen.kill()
    child.popen.wait()
    try:
        yield
    finally:
        stage.restart_postgres()


def test_it_starts_while_postgres_is_away_and_verifies_with_the_secrets_it_kept(new_hook, stage, tmp_path):
    before = new_hook(ZALOPOLICE_SPOOL_DIR=str(tmp_path))
    until((tmp_path / "secrets.json").exists)
    before.server.stop()
    with postgres_away(stage):
        hook = new_hook(ZALOPOLICE_SPOOL_DIR=str(tmp_path))
        event = hook.event()
        assert hook.send(event) == 200
        assert hook.send(hook.event(), secret="guessed") == 401
        assert hook.ask("GET", "/readyz") == 200
    until(lambda: hook.row(json.dumps(event, ensure_ascii=False).encode()))
    assert SECRET.encode() not in (tmp_path / "secrets.json").read_bytes()


def test_without_any_secret_nobody_can_tell_and_zalo_sends_again(new_hook, stage):
    with postgres_away(stage):
        hook = new_hook()
        assert hook.send(hook.event()) == 503
        assert hook.post(b"{}") == 200
    until(lambda: hook.send(hook.event()) == 200)


def until(condition, patience=15.0):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def timed(action):
    began = time.monotonic()
    status = action()
    return status, time.monotonic() - began


def test_postgres_that_hangs_costs_at_most_a_second_and_a_half(new_hook, stage):
    hook = new_hook()
    assert hook.send(hook.event()) == 200
    postmaster = stage.services.children["postgres"].pid
    frozen = [postmaster, *children(postmaster)]
    events = [hook.event() for _ in range(CONNECTIONS + 2)]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        senders = [hook.another() for _ in events]
        with ThreadPoolExecutor(len(events)) as pool:
            answers = list(
                pool.map(lambda pair: timed(lambda: pair[0].send(pair[1])), zip(senders, events, strict=True))
            )
        assert {status for status, _ in answers} == {200}
        assert max(seconds for _, seconds in answers) < 1.5
        # now that it is known to hang, nobody waits for it; of five one may meet a slow disk
        assert sorted(timed(lambda: hook.send(hook.event()))[1] for _ in range(5))[3] < 0.4
        assert timed(lambda: hook.ask("GET", "/readyz"))[0] == 200
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    until(lambda: hook.spooled() == 0)
    before = hook.count()
    assert [hook.send(event) for event in events] == [200] * len(events)
    assert hook.count() == before


def test_a_locked_table_is_an_outage_like_another(new_hook, stage):
    hook = new_hook()
    event = hook.event()
    with psycopg.connect(stage.owner.info.dsn, password=stage.owner.info.password) as other:
        other.execute("LOCK TABLE gateway_inboundevent IN ACCESS EXCLUSIVE MODE")
        status, seconds = timed(lambda: hook.send(event))
        assert (status, seconds < 1.5) == (200, True)
        took = [timed(lambda: hook.send(hook.event())) for _ in range(30)]
        assert {status for status, _ in took} == {200}
        assert max(seconds for _, seconds in took) < 1.5
        other.rollback()
    until(lambda: hook.row(json.dumps(event, ensure_ascii=False).encode()))


@pytest.mark.parametrize("how", ["hangs", "is away"])
def test_valkey_delays_no_answer(new_hook, stage, how):
    hook = new_hook()
    valkey = stage.services.children["valkey"]
    assert hook.send(hook.event()) == 200
    if how == "hangs":
        os.kill(valkey.pid, signal.SIGSTOP)
    else:
        valkey.popen.kill()
        valkey.popen.wait()
    try:
        took = [timed(lambda: hook.send(hook.event())) for _ in range(100)]
        assert {status for status, _ in took} == {200}
        assert sorted(seconds for _, seconds in took)[95] < 0.5  # of a hundred some may meet a slow disk
    finally:
        if how == "hangs":
            os.kill(valkey.pid, signal.SIGCONT)
        else:
            stage.services.children["valkey"] = process.spawn(valkey.program)
    rings(hook, stage)


def test_a_wiped_valkey_is_rung_again(new_hook, stage):
    hook = new_hook()
    assert hook.send(hook.event()) == 200
    redis.Redis(unix_socket_path=str(stage.services.place.valkey_socket)).flushall()
    rings(hook, stage)


def rings(hook, stage):
    """An event of now reaches the queue within a few seconds of Valkey being there again."""
    valkey = redis.Redis(unix_socket_path=str(stage.services.place.valkey_socket))

    def rung():
        event = hook.event()
        assert hook.send(event) == 200
        row_id, *_ = hook.row(json.dumps(event, ensure_ascii=False).encode())
        time.sleep(0.1)
        with contextlib.suppress(redis.RedisError):
            return any(str(row_id) in json.loads(ring)["headers"]["argsrepr"] for ring in valkey.lrange("inbox", 0, 5))

    until(rung)

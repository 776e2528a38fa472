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

from bench.rig.stage import APP_ID, children
from deploy.local import process
from zalopolice.webhook import dedupe_key, read_event
from zalopolice.webhook_io import CONNECTIONS

pytestmark = pytest.mark.stack


class Crowd:
    """Eight senders posting as fast as they can until told to stop; remembers what was acknowledged."""

    def __init__(self, hook):
        self.hook, self.acknowledged, self.other = hook, [], []
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

    def _send(self, own):
        while not self.stopping.is_set():
            body = json.dumps(own.event()).encode()
            try:
                status = own.post(body, own.sign(body, json.loads(body)["timestamp"]))
            except (OSError, http.client.HTTPException) as error:  # the server is dead, or died during an answer
                status = type(error).__name__
                time.sleep(0.02)
            (self.acknowledged if status == 200 else self.other).append((body, status))


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


def test_postgres_killed_and_away(new_hook, stage):
    hook = new_hook()
    with Crowd(hook) as crowd:
        time.sleep(0.5)
        stage.restart_postgres(seconds_away=1.5)
        time.sleep(1.5)
    assert lost(stage, crowd.acknowledged) == 0
    answers = {status for _, status in crowd.other}
    assert answers == {503}
    assert crowd.hook.send(crowd.hook.event()) == 200
    assert hook.server.child.alive


def test_the_first_event_after_postgres_is_back_is_stored(new_hook, stage):
    hook = new_hook()
    assert [hook.send(hook.event()) for _ in range(20)] == [200] * 20
    stage.restart_postgres(seconds_away=1)
    assert [hook.send(hook.event()) for _ in range(20)] == [200] * 20
    assert hook.ask("GET", "/healthz") == 200


def test_it_starts_while_postgres_is_away(hook, stage):
    child = stage.services.children["postgres"]
    child.popen.kill()
    child.popen.wait()
    late = type(hook)(stage, stage.webhook())
    try:
        until(lambda: answer(late, "/healthz") == 503)
        assert late.send(late.event()) == 503
        assert late.post(b"{}") == 200
    finally:
        stage.restart_postgres()
    assert late.send(late.event()) == 200
    late.hang_up()
    late.server.stop()


def answer(hook, path):
    try:
        return hook.ask("GET", path)
    except OSError:
        return None


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
        assert {status for status, _ in answers} == {503}
        assert max(seconds for _, seconds in answers) < 1.5
        assert timed(lambda: hook.ask("GET", "/healthz"))[0] == 503
        assert hook.post(b"{}") == 200  # the probe needs no database
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    before = hook.count()
    assert [hook.send(event) for event in events] == [200] * len(events)
    assert hook.count() <= before + len(events)


def test_a_locked_table_answers_503_in_time(new_hook, stage):
    hook = new_hook()
    with psycopg.connect(stage.owner.info.dsn, password=stage.owner.info.password) as other:
        other.execute("LOCK TABLE gateway_inboundevent IN ACCESS EXCLUSIVE MODE")
        status, seconds = timed(lambda: hook.send(hook.event()))
        assert (status, seconds < 1.5) == (503, True)
        other.rollback()
    assert hook.send(hook.event()) == 200


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
        assert max(seconds for _, seconds in took) < 0.5
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

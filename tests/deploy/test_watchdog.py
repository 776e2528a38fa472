"""A worker that lives and takes nothing is started again; one that has nothing to do, or is busy, is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from deploy.local import binaries, process, valkey
from deploy.local.place import Place
from tests import fault_size, processes
from zalopolice import heartbeat
from zalopolice.management.commands import watchdog as command

RESETS = 20 if fault_size.LONG else 3
PATIENCE = 10.0


class Broker:
    def __init__(self) -> None:
        self.rung, self.signs, self.away = 0, {name: {"1": "1.0 0 1"} for name in heartbeat.PROGRAMS}, False

    def get(self, key: str) -> str:
        if self.away:
            raise redis.ConnectionError
        return str(self.rung)

    def hgetall(self, key: str) -> dict[str, str]:
        return dict(self.signs[key.rpartition(":")[2]])


class Life:
    """Seconds go by; every one of them beat rings, and the programs named in ``works`` take something."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.broker = 1000.0, Broker()
        self.works, self.rings = set(heartbeat.PROGRAMS), True
        monkeypatch.setattr(heartbeat.time, "monotonic", lambda: self.now)
        self.dog = heartbeat.Watchdog(self.broker)

    def pass_by(self, seconds: int) -> list[str]:
        blamed = []
        for _ in range(seconds):
            self.now += 1
            self.broker.rung += self.rings
            for name in self.works:
                self.broker.signs[name] = {"1": f"{self.now} 0 1"}
            with suppress(redis.RedisError):
                blamed += self.dog.still()
        return blamed


@pytest.fixture
def life(monkeypatch: pytest.MonkeyPatch) -> Life:
    return Life(monkeypatch)


def test_who_works_is_left_alone_and_who_takes_nothing_for_half_a_minute_is_named_once(life: Life) -> None:
    assert life.pass_by(100) == []
    life.works.discard("vault")
    assert life.pass_by(29) == []
    assert life.pass_by(10) == ["vault"]  # and then it has its time to start


def test_a_process_in_a_long_task_is_not_still(life: Life) -> None:
    for program in ("vault", "slow"):
        life.works.discard(program)
        life.broker.signs[program] = {"1": "1.0 1 1", "2": "1.0 1 1"}
    assert life.pass_by(120) == []
    assert life.pass_by(20) == ["vault"]
    life.works.add("vault")
    assert life.pass_by(600) == []  # a video takes its time
    assert life.pass_by(100) == ["slow"]


def test_when_nobody_rings_nobody_but_beat_is_to_blame(life: Life) -> None:
    life.pass_by(3)
    life.works, life.rings = set(), False
    assert life.pass_by(45) == ["beat"]


def test_while_the_broker_is_away_and_just_after_nobody_is_to_blame(life: Life) -> None:
    life.pass_by(3)
    life.broker.away, life.works = True, set()
    assert life.pass_by(600) == []
    life.broker.away = False
    assert life.pass_by(25) == []


def test_a_wiped_broker_makes_nobody_still(life: Life) -> None:
    life.pass_by(3)
    life.broker.signs = {name: {} for name in heartbeat.PROGRAMS}
    assert life.pass_by(100) == []


def test_the_command_starts_the_unit_again(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda argv, **_: ran.append(argv))
    life.pass_by(3)
    life.works.discard("inbox")
    for _ in range(40):
        life.now += 1
        life.broker.rung += 1
        for name in life.works:
            life.broker.signs[name] = {"1": f"{life.now} 0 1"}
        command.Command().look(life.dog, "zp-{}.service")

    assert ran == [["systemctl", "restart", "zp-inbox.service"]]


# --- T11 -------------------------------------------------------------------------------------------------------------


class Stage:
    """A broker of our own, a worker and beat beside it."""

    def __init__(self, folder: Path) -> None:
        self.place = Place.at(folder)
        self.place.prepare()
        self.place.prepare_server_home()
        found = binaries.find(readable_by_all=self.place.account is not None)
        self.valkey = valkey.program(self.place, found)
        self.client = valkey.client(self.place)
        self.children = {"valkey": process.spawn(self.valkey)}
        valkey.wait_ready(self.place, lambda: None)
        celery = [sys.executable, "-m", "celery", "-A", "zalopolice"]
        schedule = str(folder / "schedule")
        worker = [
            "worker",
            "-Q",
            "worker",
            "-n",
            "worker@zalopolice",
            "-c",
            "2",
            "--without-gossip",
            "--without-mingle",
        ]
        self.programs = {
            "worker": self.program("worker", [*celery, *worker, "--without-heartbeat"], folder),
            "beat": self.program("beat", [*celery, "beat", "--schedule", schedule, "--pidfile="], folder),
        }
        for name, program in self.programs.items():
            self.children[name] = process.spawn(program)

    def program(self, zone: str, argv: list[str], folder: Path) -> process.Program:
        environment = processes.environment(zone, REDIS_URL=valkey.address(self.place))
        return process.Program(zone, argv, environment, folder / f"{zone}.log")

    def reset(self, number: int) -> None:
        """Every second time the broker forgets everything; else it only hangs up on everybody."""
        if number % 2:
            self.client.client_kill_filter(_type="normal", skipme=True)
            self.client.client_kill_filter(_type="pubsub")
            return
        self.children["valkey"].popen.kill()
        self.children["valkey"].popen.wait()
        self.children["valkey"] = process.spawn(self.valkey)
        valkey.wait_ready(self.place, lambda: None)

    def suspend_while_idle(self, name: str) -> None:
        """A worker whose last sign says that it is in a task is rightly given that task's time."""
        group, until = self.children[name].pid, time.monotonic() + 30
        while True:
            os.killpg(group, signal.SIGSTOP)
            time.sleep(0.1)  # what is on its way to the broker arrives
            if not any(busy for _, busy, _ in heartbeat.children(self.client, name).values()):
                return
            os.killpg(group, signal.SIGCONT)
            assert time.monotonic() < until, "it is never idle"
            time.sleep(0.7)

    def newest(self) -> float:
        try:
            return max((at for at, _, _ in heartbeat.children(self.client, "worker").values()), default=0.0)
        except redis.RedisError:
            return 0.0

    def works_within(self, seconds: float) -> float | None:
        began, until = time.time(), time.monotonic() + seconds
        while time.monotonic() < until:
            if self.newest() > began:
                return time.time() - began
            time.sleep(0.05)
        return None


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    stage = Stage(folder)
    try:
        yield stage
    finally:
        process.stop(stage.children.values())


@pytest.mark.django_db
def test_t11_a_worker_takes_work_again_after_the_broker_was_reset(tmp_path: Path, figures: Any) -> None:
    waits, restarts = [], 0
    with staged(tmp_path) as stage:
        assert stage.works_within(120.0) is not None, process.tail(tmp_path / "worker.log", 40)
        for number in range(RESETS):
            stage.reset(number)
            waited = stage.works_within(PATIENCE)
            if waited is None:
                restarts += 1
                began = time.monotonic()
                watchdog = heartbeat.Watchdog(stage.client)
                while not watchdog.still():
                    assert time.monotonic() - began < heartbeat.SILENCE + 15, "neither works nor is found still"
                    time.sleep(0.5)
                process.stop([stage.children["worker"]], patience=3)
                stage.children["worker"] = process.spawn(stage.programs["worker"])
                assert stage.works_within(120.0) is not None
            else:
                waits.append(waited)

    figures("T11", resets=RESETS, restarted=restarts, longest=round(max(waits, default=0.0), 2))
    assert len(waits) + restarts == RESETS


def test_a_stopped_worker_is_found_and_ended(tmp_path: Path) -> None:
    """SIGSTOP: the process lives, and takes nothing."""
    with staged(tmp_path) as stage:
        assert stage.works_within(120.0) is not None
        stage.suspend_while_idle("worker")
        watchdog, until = heartbeat.Watchdog(stage.client, silence=10.0), time.monotonic() + 60
        found: list[str] = []
        while "worker" not in found:
            assert time.monotonic() < until
            found += watchdog.still()
            time.sleep(0.3)
        process.stop([stage.children["worker"]], patience=1)

    assert "beat" not in found

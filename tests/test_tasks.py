"""Rounds of the sweeper: one row stands before no other, and no round outlives its task."""

from __future__ import annotations

import time

import pytest
from django.db import OperationalError

from zalopolice import tasks
from zalopolice.celery import app


def test_a_row_that_breaks_stands_before_no_other(caplog):
    done = []

    def work(row):
        if row == "broken":
            raise RuntimeError("a citizen's words")
        done.append(row)

    tasks._each(work, ["first", "broken", "last"])

    assert done == ["first", "last"]
    assert "RuntimeError" in caplog.text
    assert "a citizen's words" not in caplog.text


def test_trouble_of_the_database_ends_the_round():
    def work(row):
        raise OperationalError

    with pytest.raises(OperationalError):
        tasks._each(work, ["first", "second"])


def test_a_round_takes_no_new_row_after_its_time():
    done = []

    tasks._each(done.append, ["first", "second"], until=time.monotonic() - 1)

    assert done == []


def test_who_lost_the_broker_tries_again_every_second(monkeypatch):
    """Kombu alone waits up to half a minute, so work would resume long after Valkey is back."""
    waits, connection = [], app.connection_for_read("redis://127.0.0.1:1/0")

    def vain(error, seconds):
        waits.append(seconds)
        if len(waits) == 12:
            raise EOFError

    monkeypatch.setattr("kombu.utils.functional.sleep", lambda seconds: None)
    with pytest.raises(EOFError):
        connection.ensure_connection(vain)

    assert max(waits) <= 1

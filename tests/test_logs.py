"""What a log line may hold: never the text of an exception, never a task's arguments."""

import io
import logging

import pytest

from zalopolice.zones import NoPersonalData

SECRET = "Nguyễn Thị Kín Đáo báo tin"


@pytest.fixture
def lines():
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(NoPersonalData())
    log = logging.Logger("test")
    log.addHandler(handler)
    return log, out


def test_an_exception_keeps_its_type_and_place_only(lines):
    log, out = lines
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        log.exception("failed: %s", error)

    assert SECRET not in out.getvalue()
    assert "ValueError" in out.getvalue() and "test_logs.py" in out.getvalue()


def test_a_task_that_fails_does_not_quote_what_it_carried(lines):
    log, out = lines
    context = {"name": "zalopolice.route", "id": "1", "exc": f"ValueError({SECRET!r})", "args": SECRET, "kwargs": "{}"}
    log.error("Task %(name)s[%(id)s] raised unexpected: %(exc)s %(args)s", context)

    assert SECRET not in out.getvalue()
    assert "zalopolice.route" in out.getvalue()

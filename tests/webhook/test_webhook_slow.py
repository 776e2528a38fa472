"""Clients that take their time: whoever never finishes a request loses its connection, and nobody else notices."""

import socket
import time

import pytest

from bench.rig.stage import ROOT
from tests.webhook.test_webhook_answers import HEAD

IMPATIENCE = 0.6
# Read by Python before anything else: the same server with less patience than the ten seconds of production.
LESS = f"from zalopolice import webhook, webhook_http\nwebhook_http.HEAD_SECONDS = webhook.SLOW_BODY = {IMPATIENCE}\n"
ANSWERED = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def impatient(new_hook, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(LESS)
    return new_hook(PYTHONPATH=f"{tmp_path}:{ROOT}")


def line(hook, first):
    opened = socket.create_connection(("127.0.0.1", hook.server.port), timeout=5)
    opened.sendall(first)
    return opened


def seconds_until_closed(opened, drip):
    """Sends a little now and then until the server has had enough; what it said meanwhile is left unread."""
    began = time.monotonic()
    opened.settimeout(0.1)
    while time.monotonic() - began < 5:
        try:
            if drip:
                opened.sendall(drip)
            if not opened.recv(4096):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    opened.close()
    return time.monotonic() - began


@pytest.mark.parametrize(
    "first, drip",
    [
        (b"", b""),
        (b"POST /hook", b""),
        (HEAD.encode(), b"X-More: 1\r\n"),
        (ANSWERED, b"\r\n"),
        (HEAD.encode() + b"Content-Length: 5000\r\n\r\n", b"x"),
        (b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n", b"x"),
    ],
    ids=["silent", "half a line", "endless head", "only line ends", "slow body", "rest of a body nobody reads"],
)
def test_who_never_finishes_is_hung_up_on(impatient, first, drip):
    assert seconds_until_closed(line(impatient, first), drip) < IMPATIENCE + 1.5


def test_an_endless_head_is_cut_off_at_once(hook):
    opened = line(hook, HEAD.encode())
    began = time.monotonic()
    with pytest.raises(OSError):
        for _ in range(2000):
            opened.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")
            time.sleep(0.001)
    assert time.monotonic() - began < 5


def test_slow_clients_are_in_nobodys_way(impatient):
    slow = [line(impatient, HEAD.encode()) for _ in range(100)]
    assert [impatient.send(impatient.event()) for _ in range(20)] == [200] * 20
    time.sleep(IMPATIENCE * 2)
    assert impatient.send(impatient.event()) == 200
    for opened in slow:
        opened.close()

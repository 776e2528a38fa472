"""What people and probes are told while PostgreSQL is away: pages of our own, never the server's bare English."""

from __future__ import annotations

import socket

import pytest
from django.db import connection
from django.test import Client

from tests.tips.scenes import client_of, text


@pytest.fixture
def away(monkeypatch):
    """Call it, and the database of the running zone is a port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))

        def leave():
            monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
            monkeypatch.setitem(connection.settings_dict, "PORT", taken.getsockname()[1])
            connection.close()

        yield leave


def officer(commune) -> Client:
    client = client_of(commune, "binh")
    assert client.get("/").status_code == 200
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("path", ["/", "/hop-tin/", "/khong-co/", "/dang-nhap/"])
def test_a_signed_in_officer_gets_the_page_with_a_number(commune, away, path):
    client = officer(commune)
    client.cookies["zp_theme"] = "dark"
    away()

    answer = client.get(path)

    page = text(answer)
    assert answer.status_code == 500
    assert '<main id="main"' in page and "Máy chủ gặp lỗi." in page and "L-" in page
    assert 'data-theme="dark"' in page
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert client.cookies["zp"].value  # still signed in when the database is back


@pytest.mark.parametrize("signed_in", [True, False])
def test_probes_answer_whoever_asks(commune, away, signed_in):
    client = officer(commune) if signed_in else Client(raise_request_exception=False)
    away()

    alive, ready = client.get("/healthz"), client.get("/readyz")

    assert (alive.status_code, alive.content) == (200, b"ok\n")
    assert (ready.status_code, ready.content) == (503, b"not ready\n")


def test_a_probe_leaves_the_session_of_who_opens_it(commune):
    client = officer(commune)

    assert "zp" not in client.get("/healthz").cookies
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("cookie", ["", "an-old-key-of-an-officer"])
def test_citizens_are_told_the_ways_that_still_work(commune, citizens, away, cookie):
    client = Client(raise_request_exception=False)
    client.cookies["zp"] = cookie
    with citizens():
        away()
        answer = client.get("/")
        probes = [client.get("/healthz").status_code, client.get("/readyz").status_code]

    page = text(answer)
    assert answer.status_code == 500
    assert "Trang đang gặp lỗi." in page and "Bạn vẫn nhắn được cho công an qua Zalo." in page
    assert 'Đang nguy hiểm: gọi <a href="tel:113">113</a>.' in page
    assert "đồng chí" not in page and "quản trị" not in page and "L-" not in page
    assert "<script" not in page and 'css/citizen.css"' in page
    assert answer["Cache-Control"] == "no-store"
    assert probes == [200, 503]

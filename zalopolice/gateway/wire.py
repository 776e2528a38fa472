"""One request to Zalo and its answer, or the certainty that nothing left, or neither. Zone vault."""

from __future__ import annotations

import threading
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool

from zalopolice.gateway import clock

CONNECT_TIMEOUT = 3.0
ANSWER_MAX = 4 * 1024 * 1024
"""Bytes; Zalo's longest answers are some tens of thousands."""


class NothingLeft(Exception):
    """No connection came about, so not a byte of the request was written."""


class NoAnswer(Exception):
    """The request may have arrived; what came back, if anything, cannot be read."""


class _Call(threading.local):
    connected = False


_call = _Call()


class _Http(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _call.connected = True


class _Https(HTTPSConnection):
    def connect(self) -> None:
        """Ends after the TLS handshake: until then nothing of the request is written."""
        super().connect()
        _call.connected = True


class _Adapter(HTTPAdapter):
    """Only the connection itself knows whether it came about; the exceptions of the layers above do not tell."""

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> HTTPConnectionPool:
        pool = super().get_connection_with_tls_context(*args, **options)
        assert isinstance(pool, HTTPConnectionPool)
        pool.ConnectionCls = _Https if issubclass(pool.ConnectionCls, HTTPSConnection) else _Http
        return pool


def exchange(method: str, url: str, *, patience: float, **request: Any) -> tuple[int, bytes]:
    """Status and body. ``patience``: seconds until an answer counts as missing. Redirects are answers, not followed."""
    _call.connected = False
    with requests.Session() as session:
        session.mount("http://", _Adapter())
        session.mount("https://", _Adapter())
        try:
            timeout = (CONNECT_TIMEOUT, patience)
            answer = session.request(method, url, timeout=timeout, allow_redirects=False, stream=True, **request)
            clock.heard(answer.headers.get("Date"))
            with answer:
                return answer.status_code, _read(answer)
        except requests.exceptions.RequestException:
            raise (NoAnswer if _call.connected else NothingLeft) from None


def _read(answer: requests.Response) -> bytes:
    body = bytearray()
    for piece in answer.iter_content(65536):
        body += piece
        if len(body) > ANSWER_MAX:
            raise NoAnswer
    return bytes(body)

"""One file from Zalo's hosts and from nowhere else: which addresses we knock at, and how long we listen. Zone vault.

An event names the address, so whoever makes Zalo deliver an event chooses where we knock. A name is looked up once,
all it leads to must be public, and the connection goes to exactly what was found: a name that answers differently the
second time gains nothing. Plain sockets and ``http.client``: no cookies, no proxies, no unpacking, no redirects.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from threading import Timer
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from certifi import where
from django.conf import settings
from django.utils.translation import gettext_noop

from zalopolice import crypto, faults
from zalopolice.gateway import hosts

CONNECT, IDLE = 5.0, 15.0
REDIRECTS = 3
NAME = re.compile(r"(?!.*xn--)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
TUNNELS = [
    ipaddress.ip_network(one)
    for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "192.88.99.0/24", "fec0::/10")
]
"""What stands for an address nobody has looked at, the relays to such, and IPv6 that once was local to a site."""


class Refused(Exception):
    """Will never work; the message is the sentence the officer reads."""


class Foreign(Refused):
    """Not one of Zalo's file hosts."""

    def __init__(self) -> None:
        super().__init__(gettext_noop("Tệp nằm ở máy chủ lạ, không phải của Zalo, nên máy không tải."))


class Gone(Exception):
    """Zalo says that there is no such file."""


class Trouble(Exception):
    """Did not work this time."""


def download(url: str, limit: int, seconds: float, *, is_training: bool = False) -> Iterator[bytes]:
    """The bytes as Zalo keeps them, at most ``limit`` of them within ``seconds``."""
    until, size = time.monotonic() + seconds, 0
    try:
        with _opened(url, until, is_training) as answer:
            while chunk := answer.read(crypto.CHUNK):
                size += len(chunk)
                if size > limit:
                    raise Refused(gettext_noop("Tệp lớn hơn %(size)s MB.") % {"size": limit // 1_000_000})
                faults.point("media.chunk")
                yield chunk
            if time.monotonic() > until or answer.length:
                raise Trouble("cut off")  # an end that the clock or the other side made
    except (OSError, http.client.HTTPException) as error:
        raise Trouble(type(error).__name__) from None
    if size == 0:
        raise Refused(gettext_noop("Tệp rỗng."))


@contextmanager
def _opened(url: str, until: float, is_training: bool) -> Iterator[http.client.HTTPResponse]:
    """Zalo's file hosts send on to others of theirs: three times at most, each checked like the first."""
    for _ in range(1 + REDIRECTS):
        parts, address = checked(url, is_training=is_training)
        with closing(_connection(parts, address)) as connection, _cut_at(until, connection.sock):
            target = quote(parts._replace(scheme="", netloc="", fragment="").geturl() or "/", "%/:=&?~+!$,;'@()*[]")
            connection.request("GET", target if target.startswith("/") else f"/{target}")
            answer = connection.getresponse()
            location = answer.headers["Location"] if answer.status in {301, 302, 303, 307, 308} else None
            if location is None:
                _judge(answer.status)
                yield answer
                return
        url = urljoin(url, location)
    raise Refused(gettext_noop("Tệp bị chuyển hướng quá nhiều lần."))


def _judge(status: int) -> None:
    if status in {403, 404, 410}:
        raise Gone
    if status != 200:
        raise Trouble(f"status {status}")


@contextmanager
def _cut_at(until: float, sock: socket.socket) -> Iterator[None]:
    """Whoever sends a byte now and then, in the head or the body, is cut off when the time is over."""
    timer = Timer(max(until - time.monotonic(), 0.0), _cut, [sock])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(sock: socket.socket) -> None:
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not the TLS method, which the reader may be inside of
    except OSError:
        return


def _connection(parts: SplitResult, address: tuple[int, tuple[str, int]]) -> http.client.HTTPConnection:
    """To exactly this address; the name is for the certificate and the Host header."""
    family, place = address
    host = parts.hostname or ""
    connection = http.client.HTTPConnection(host, parts.port)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(host, parts.port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(CONNECT)
        sock.connect(place)
        connection.sock = _trusting().wrap_socket(sock, server_hostname=host) if parts.scheme == "https" else sock
        connection.sock.settimeout(IDLE)
    except BaseException:
        sock.close()
        raise
    return connection


@cache
def _trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=where())


def checked(url: str, *, is_training: bool = False) -> tuple[SplitResult, tuple[int, tuple[str, int]]]:
    """The parts of ``url`` and the one address to connect to; Foreign when either is not Zalo's."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").lower()
    except ValueError:  # no address at all: a port out of range, half an IPv6
        raise Foreign from None
    only = hosts.files_of_the_simulator(is_training)
    if only is not None:
        # Demo, tests and training know one host, the simulator, and never ask the world for another's name.
        simulator = urlsplit(only)
        if (parts.scheme, parts.netloc) != (simulator.scheme, simulator.netloc):
            raise Foreign
        return parts, _found(host, port or 80)[0]
    known = NAME.fullmatch(host) and any(host == one or host.endswith(f".{one}") for one in settings.ZALO_MEDIA_HOSTS)
    if parts.scheme != "https" or port not in {None, 443} or "@" in parts.netloc or not known:
        raise Foreign
    addresses = _found(host, 443)
    if not all(_is_public(place[0]) for _, place in addresses):
        raise Foreign
    return parts, addresses[0]


def _found(host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        raise Trouble("no such name") from None
    if not rows:
        raise Trouble("no address")
    return [(int(family), (str(place[0]), int(place[1]))) for family, _, _, _, place in rows]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return False
    tunnelled = any(address in tunnel for tunnel in TUNNELS)
    return address.is_global and not (tunnelled or address.is_multicast or address.is_reserved)

"""T58 and T59: at whose door a file's address may make us knock, and how long we listen to what answers."""

from __future__ import annotations

import datetime
import gzip
import itertools
import socket
import ssl
import threading
import time
from contextlib import contextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings

from zalopolice.gateway import fetching

PUBLIC, PRIVATE = "93.184.216.34", "127.0.0.1"


@pytest.fixture
def production(monkeypatch):
    """The rules of a real installation. Names resolve as the test says, nothing is asked; who connects is written
    down and gets no further."""
    monkeypatch.setattr(settings, "DEMO", False)
    world = World()
    monkeypatch.setattr(fetching.socket, "getaddrinfo", world.resolve)
    monkeypatch.setattr(fetching.socket.socket, "connect", lambda sock, place: world.connect(sock, place))
    return world


class World:
    def __init__(self):
        self.answers, self.asked, self.connected = itertools.repeat([PUBLIC]), [], []

    def resolve(self, host, port, *_, **__):
        self.asked.append(host)
        kinds = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(kinds[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in next(self.answers)]

    def connect(self, _, place):
        self.connected.append(place[0])
        raise ConnectionRefusedError


def attempt(url):
    """Empty, or why nothing was fetched."""
    try:
        list(fetching.download(url, 1000, 5.0))
    except (fetching.Refused, fetching.Gone, fetching.Trouble) as error:
        return type(error).__name__
    return ""


def words(text):
    return text.split()


LOOPBACKS = words(
    """127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0x7f.0.0.1 0177.0.0.1 017700000001 0177.0.0.01 0 0.0.0.0
    00 0x0 127.127.127.127 localhost localhost.localdomain ip6-localhost [::1] [::] [0:0:0:0:0:0:0:1]
    [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [0:0:0:0:0:ffff:127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::]
    [fe80::1%25lo] [fe80::1]"""
)
INSIDE = words(
    """10.0.0.1 10.1 167772161 0x0a.1 012.0.0.1 172.16.0.1 192.168.1.1 3232235777 0xc0a80101 169.254.169.254
    169.254.43518 2852039166 0xa9fea9fe 0251.0376.0251.0376 100.64.0.1 198.18.0.1 224.0.0.1 255.255.255.255
    [fd00::1] [fc00::1] [fe80::a] [::ffff:10.0.0.1] [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [ff02::1]
    [2001:db8::1] metadata.google.internal instance-data 93.184.216.34 1.1.1.1 [2606:4700:4700::1111]"""
)
LOOK_ALIKES = words(
    """evilzdn.vn zdn.vn.evil.example zdn-vn.example zdnvn xzdn.vn zdn.vn.com zdn.v zdn.vnn zdn.com f1.zdn.vn.
    f1.zdn.vn.. zdn.vn. .zdn.vn f1..zdn.vn -f1.zdn.vn f1-.zdn.vn f1_x.zdn.vn zdn%2evn f1.zdn.vn%00.evil.example
    f1.zdn.vn%2eevil.example xn--zn-xka.vn xn--a.zdn.vn zđn.vn zdñ.vn ｚdn.vn zdn。vn zdn．vn f1.zdn｡vn ⓩdn.vn ᴢdn.vn
    f1。zdn.vn zdn.vｎ f1.zdn\u200b.vn f1\u00ad.zdn.vn f1.zd\u043d.vn evil.example#zdn.vn evil.example?zdn.vn
    evil.example;zdn.vn evil.example\\.zdn.vn evil.example\\@zdn.vn evil.example%23.zdn.vn 127.0.0.1.zdn.vn.nip.io
    zadn.vn.evil.example dlfl.vn.nip.io"""
)
PEOPLE = words(
    """user@f1.zdn.vn user:pw@f1.zdn.vn :@f1.zdn.vn @f1.zdn.vn zdn.vn@127.0.0.1 zdn.vn:443@127.0.0.1
    zdn.vn%20@127.0.0.1 f1.zdn.vn#@127.0.0.1 f1.zdn.vn@evil.example f1.zdn.vn&@evil.example"""
)
PORTS = words(
    "f1.zdn.vn:80 f1.zdn.vn:8443 f1.zdn.vn:22 f1.zdn.vn:0 f1.zdn.vn:65536 f1.zdn.vn:99999 f1.zdn.vn:-1 f1.zdn.vn:x"
)
OTHERS = [
    *(
        "http://f1.zdn.vn/a",
        "ftp://f1.zdn.vn/a",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "//f1.zdn.vn/a",
    ),
    *(
        "f1.zdn.vn/a",
        "https:///a",
        "https:f1.zdn.vn/a",
        "https:/f1.zdn.vn/a",
        "javascript:alert(1)",
        "data:text/plain,a",
    ),
    *(
        "dict://127.0.0.1:11211/stat",
        "ldap://127.0.0.1/",
        "https://[f1.zdn.vn/a",
        "https://f1.zdn.vn]/a",
        "",
        " ",
        "\x00",
    ),
    *(
        "unix:///run/postgresql/.s.PGSQL.5432",
        "jar:https://f1.zdn.vn!/a",
        "https://",
        "https://[::1/a",
        "HTTP://F1.ZDN.VN/a",
    ),
]
FOREIGN = [f"https://{host}/a.jpg" for host in (*LOOPBACKS, *INSIDE, *LOOK_ALIKES, *PEOPLE, *PORTS)] + OTHERS


def test_t58_no_address_but_zalos_is_knocked_at(production, figures):
    wrong = [url for url in FOREIGN if attempt(url) != "Foreign"]

    # What a fragment or a query ends is the host before it: refused for that, or Zalo's own with a harmless rest.
    assert wrong == ["https://f1.zdn.vn#@127.0.0.1/a.jpg"]
    assert set(production.connected) <= {PUBLIC} and set(production.asked) == {"f1.zdn.vn"}
    assert len(FOREIGN) >= 120
    figures("T58", addresses=len(FOREIGN), connections_elsewhere=0)


OWN = [
    "https://f1.photo.zdn.vn/a.jpg",
    "https://zdn.vn:443/a",
    "https://F1.ZDN.VN/a",
    "https://file-stal-1.dlfl.vn/á b?x=1",
]


@pytest.mark.parametrize("url", OWN)
def test_zalos_own_addresses_are(production, url):
    assert attempt(url) == "Trouble"  # this world refuses every connection
    assert production.connected == [PUBLIC]


LEADS = words(
    """127.0.0.1 10.1.2.3 172.16.0.9 192.168.1.1 169.254.169.254 0.0.0.0 100.64.0.1 198.18.0.1 192.0.2.1 224.0.0.1
    240.0.0.1 255.255.255.255 ::1 :: fe80::1%eth0 fd00::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:93.184.216.34
    64:ff9b::7f00:1 2002:7f00:1:: 2001:0:7f00:1:: ff02::1 2001:db8::1
    fec0::1 fec0::a9fe:a9fe 192.88.99.2"""
)


@pytest.mark.parametrize("address", LEADS)
def test_t58_a_name_of_zalo_that_leads_anywhere_but_out_is_refused(production, address):
    for answer in ([address], [PUBLIC, address], [address, PUBLIC]):
        production.answers = iter([answer])
        assert attempt("https://f1.photo.zdn.vn/a.jpg") == "Foreign"
    assert production.connected == []


def test_t58_a_name_that_answers_differently_the_second_time_gains_nothing(production, figures):
    """DNS rebinding: public when it is checked, private when it is used. There is no second time."""
    production.answers = iter([[PUBLIC]] + [[PRIVATE]] * 9)

    assert attempt("https://f1.photo.zdn.vn/a.jpg") == "Trouble"

    assert production.connected == [PUBLIC]
    assert production.asked == ["f1.photo.zdn.vn"]
    figures("T58", rebinding="one look-up, connected to what was checked")


# --- with a real server on this machine ------------------------------------------------------------------------------


class Cdn:
    """Answers every connection with what the test's function does; counts who came."""

    def __init__(self, behave, context=None):
        self.behave, self.context, self.requests, self.names = behave, context, [], []
        self.socket = socket.create_server((PRIVATE, 0))
        self.port = self.socket.getsockname()[1]
        self.over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while not self.over.is_set():
            try:
                connection, _ = self.socket.accept()
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
            except OSError:
                continue
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        try:
            self.requests.append(connection.recv(65536))
            self.behave(self, connection)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self):
        self.over.set()
        self.socket.close()


@contextmanager
def cdn(behave, context=None):
    server = Cdn(behave, context)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def near(monkeypatch):
    """``near(behave)`` → address of a file there; the only host known, as the simulator is in the demo."""
    servers = []

    def start(behave):
        servers.append(Cdn(behave))
        monkeypatch.setattr(settings, "ZALO_API_URL", f"http://{PRIVATE}:{servers[-1].port}/openapi")
        start.server = servers[-1]
        return f"http://{PRIVATE}:{servers[-1].port}/media/a"

    yield start
    for server in servers:
        server.close()


def told(head, body=b""):
    return lambda _, connection: connection.sendall(head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body)


def drips(head, drop=b"x", every=0.05):
    def behave(server, connection):
        connection.sendall(head.replace(b"\n", b"\r\n"))
        while not server.over.wait(every):
            connection.sendall(drop)

    return behave


def endless(server, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not server.over.is_set():
        connection.sendall(bytes(65536))


SLOW = {
    "a head that drips": drips(b"HTTP/1.1 200 OK\nX-A: "),
    "a status line that drips": drips(b"HTTP/1.1 "),
    "heads without end": drips(b"HTTP/1.1 200 OK\n", b"X-A: 1\r\n"),
    "a body that drips": drips(b"HTTP/1.1 200 OK\nContent-Length: 5000\n\n"),
    "a body of unknown length that drips": drips(b"HTTP/1.1 200 OK\n\n"),
    "chunks that drip": drips(b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", b"1\r\nx\r\n"),
    "nothing at all": lambda server, _: server.over.wait(10),
}


@pytest.mark.parametrize("behave", SLOW.values(), ids=SLOW.keys())
def test_t59_who_drips_is_cut_off_in_time(near, behave, figures, request):
    began = time.monotonic()
    with pytest.raises(fetching.Trouble):
        list(fetching.download(near(behave), 1_000_000, 0.8))
    held = time.monotonic() - began
    assert held < 2.5
    figures("T59", case=request.node.callspec.id, limit_seconds=0.8, held_seconds=round(held, 2))


def test_t59_a_body_without_end_is_cut_at_the_cap(near):
    kept = 0
    with pytest.raises(fetching.Refused, match="lớn hơn 1 MB"):
        for chunk in fetching.download(near(endless), 1_000_000, 20.0):
            kept += len(chunk)
    assert kept <= 1_000_000


LIES = {
    "less than announced": (told(b"HTTP/1.1 200 OK\nContent-Length: 500", b"half"), "Trouble"),
    "more than announced": (told(b"HTTP/1.1 200 OK\nContent-Length: 4", b"four and more"), b"four"),
    "a huge announcement": (told(b"HTTP/1.1 200 OK\nContent-Length: 99999999999999", b"tiny"), "Trouble"),
    "a negative one": (told(b"HTTP/1.1 200 OK\nContent-Length: -5", b"tiny"), b"tiny"),
    "no number": (told(b"HTTP/1.1 200 OK\nContent-Length: many", b"tiny"), b"tiny"),
    "a chunk cut off": (told(b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked", b"ff\r\nhalf"), "Trouble"),
    "no HTTP at all": (told(b"+OK redis", b""), "Trouble"),
    "a head too long": (told(b"HTTP/1.1 200 OK\nX: " + b"a" * 70_000, b"tiny"), "Trouble"),
    "nothing": (lambda _, connection: None, "Trouble"),
    "500": (told(b"HTTP/1.1 500 Oh", b"sorry"), "Trouble"),
    "an answer for a range": (told(b"HTTP/1.1 206 Partial", b"a part"), "Trouble"),
    "404": (told(b"HTTP/1.1 404 Not Found", b"<html>"), "Gone"),
    "empty": (told(b"HTTP/1.1 200 OK\nContent-Length: 0"), "Refused"),
}


@pytest.mark.parametrize("behave, outcome", LIES.values(), ids=LIES.keys())
def test_t59_what_is_said_of_a_body_is_not_believed(near, behave, outcome):
    url = near(behave)
    if isinstance(outcome, str):
        assert attempt(url) == outcome
    else:
        assert b"".join(fetching.download(url, 1000, 5.0)) == outcome


def test_t59_a_packed_body_is_kept_as_it_came(near):
    """A small file that unpacks to a thousand times its size stays small."""
    packed = gzip.compress(bytes(10_000_000))
    url = near(told(b"HTTP/1.1 200 OK\nContent-Encoding: gzip", packed))

    assert b"".join(fetching.download(url, 100_000, 5.0)) == packed
    asked = near.server.requests[0].decode().lower()
    assert "accept-encoding: identity" in asked
    for said in ("cookie", "authorization", "referer", "proxy"):
        assert said not in asked


@pytest.fixture
def proxied(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def test_proxies_of_the_environment_are_not_asked(near, proxied):
    assert b"".join(fetching.download(near(told(b"HTTP/1.1 200 OK", b"straight")), 1000, 5.0)) == b"straight"


INWARDS = [
    *("http://127.0.0.1:9/", "https://127.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[::1]:9/"),
    *("//169.254.169.254/", "https://[::ffff:127.0.0.1]/", "file:///etc/passwd", "http://2130706433/", "gopher://x/"),
]


@pytest.mark.parametrize("to", INWARDS)
def test_t58_a_redirect_inwards_is_not_followed(near, to):
    assert attempt(near(told(f"HTTP/1.1 302 Found\nLocation: {to}".encode()))) == "Foreign"
    assert len(near.server.requests) == 1


# --- the certificate and the name ------------------------------------------------------------------------------------


def certificate(name, folder):
    """A self-signed one for ``name``, as PEM of key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return str(path)


@pytest.mark.parametrize("name, outcome", [("f1.photo.zdn.vn", b"behind TLS"), ("evil.example", "Trouble")])
def test_the_certificate_must_be_of_the_name_that_was_asked_for(monkeypatch, tmp_path, name, outcome):
    """The connection goes to the address that was checked, the name goes into TLS and the Host header."""
    pem = certificate(name, tmp_path)
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(pem)
    seen = []
    server_side.sni_callback = lambda _, asked, __: seen.append(asked)
    real = socket.socket.connect
    with cdn(told(b"HTTP/1.1 200 OK\nContent-Length: 10", b"behind TLS"), server_side) as server:
        monkeypatch.setattr(settings, "DEMO", False)
        monkeypatch.setattr(fetching.socket, "getaddrinfo", World().resolve)
        monkeypatch.setattr(socket.socket, "connect", lambda sock, place: real(sock, (PRIVATE, server.port)))
        monkeypatch.setattr(fetching, "_trusting", lambda: ssl.create_default_context(cafile=pem))
        url = "https://f1.photo.zdn.vn/a.jpg"
        if isinstance(outcome, str):
            assert attempt(url) == outcome
            assert server.requests == []
        else:
            assert b"".join(fetching.download(url, 1000, 5.0)) == outcome
            assert b"Host: f1.photo.zdn.vn\r\n" in server.requests[0]
    assert seen == ["f1.photo.zdn.vn"]

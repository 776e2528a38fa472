"""The table of answers (design.md D4), one line after the other."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import redis

from bench.rig.stage import APP_ID, SECRET
from zalopolice.crypto import CannotOpen, open_sealed
from zalopolice.webhook import MAX_BODY

VECTOR = (
    b'{"event_name":"follow","app_id":"1234509876543210987","oa_id":"2720105559876543210",'
    b'"follower":{"id":"5512207788990011223"},"user_id_by_app":"6681203344556677889",'
    b'"source":"oa_profile","timestamp":"1795230000123"}'
)
VECTOR_MAC = "8f549e10b0bb85d45c097f2356ad805923962e933d122e58a98dbf590a6b128d"
HEAD = f"POST /hook/zalo/{APP_ID} HTTP/1.1\r\nHost: x\r\nX-ZEvent-Signature: mac=00\r\n"
DAY = 24 * 3600 * 1000


def body_of(event):
    return json.dumps(event, ensure_ascii=False).encode()


@pytest.fixture
def valkey(stage):
    return redis.Redis(unix_socket_path=str(stage.services.place.valkey_socket))


def until(condition, patience=5.0):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_the_published_vector_is_stored_once(hook):
    before = hook.count()
    for _ in range(3):
        assert hook.post(VECTOR, ("X-ZEvent-Signature", f"mac={VECTOR_MAC}")) == 200
    assert hook.count() == before + 1
    _, opened, _ = hook.row(VECTOR)
    assert opened == VECTOR


def test_what_is_stored_is_due_for_the_vault_and_only_the_vault_opens_it(hook):
    event = hook.event()
    assert hook.send(event) == 200
    row_id, opened, row = hook.row(body_of(event))
    assert opened == body_of(event)
    assert (row["state"], row["queue"], row["attempt"], row["app_id"]) == ("pending", "vault", 0, APP_ID)
    assert row["next_at"] <= datetime.now(UTC)
    with pytest.raises(CannotOpen):
        open_sealed(hook.stage.keys.webhook_private, bytes(row["sealed"]), b"zp-event|" + row_id.bytes)


def test_parallel_deliveries_of_one_message_are_one_row(hook):
    event, before = hook.event(), hook.count()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda sender: sender.send(event), [hook.another() for _ in range(48)]))
    assert answers == [200] * 48
    assert hook.count() == before + 1


def test_one_message_in_another_spelling_is_the_same_event(hook):
    event = hook.event()
    assert hook.send(event) == 200
    before = hook.count()
    assert hook.send({**event, "timestamp": str(int(event["timestamp"]) + 30_000)}) == 200
    assert hook.count() == before
    assert hook.send({**event, "event_name": "oa_send_text"}) == 200  # the echo bears the same id and is another event
    assert hook.count() == before + 1


def test_events_without_a_message_id_differ_by_their_bytes(hook):
    before = hook.count()
    for source in ("oa_profile", "testing_click", "oa_profile"):
        assert hook.send(hook.event(event_name="follow", message=None, source=source, timestamp="1795230000777")) == 200
    assert hook.count() == before + 2


@pytest.mark.parametrize("body", [b"{}", b"", b"[]", VECTOR, b"\xff\xfe", b"{" * 5000, b'{"app_id":1'])
def test_without_a_signature_it_is_the_probe_of_the_console(hook, body):
    before = hook.count()
    assert hook.post(body) == 200
    assert hook.count() == before


@pytest.mark.parametrize(
    "value",
    [
        VECTOR_MAC,
        f"mac={VECTOR_MAC}",
        f"mac = {VECTOR_MAC}",
        f"  mac= {VECTOR_MAC} ",
        f"mac={VECTOR_MAC.upper()}",
    ],
)
def test_spellings_of_the_header_that_are_accepted(hook, value):
    assert hook.post(VECTOR, ("X-ZEvent-Signature", value)) == 200
    assert hook.post(VECTOR, ("x-zevent-signature", value)) == 200


def test_a_wrong_signature_is_refused_and_counted(hook, valkey):
    counter = f"zp:webhook:refused:{APP_ID}"
    before, counted = hook.count(), int(valkey.get(counter) or 0)
    event = hook.event()
    assert hook.send(event, secret="guessed") == 401
    assert hook.post(body_of(hook.event(app_id="7")), ("X-ZEvent-Signature", "mac=00"), app_id="7") == 401
    assert hook.count() == before
    until(lambda: int(valkey.get(counter) or 0) == counted + 1)
    until(lambda: int(valkey.get("zp:webhook:refused:unknown") or 0) >= 1)
    assert "guessed" not in hook.log()
    assert event["message"]["msg_id"] not in hook.log()


def test_two_secrets_live_and_a_new_one_counts_at_once(hook, stage):
    assert hook.send(hook.event(), secret="the next one") == 401
    time.sleep(0.4)  # the table is read again at most three times a second
    row = stage.add_secret("the next one")
    assert hook.send(hook.event(), secret="the next one") == 200
    assert hook.send(hook.event(), secret=SECRET) == 200
    stage.owner.execute("DELETE FROM gateway_webhooksecret WHERE id = %s", [row])
    time.sleep(0.4)
    assert hook.send(hook.event(), secret="anything else") == 401  # makes it read the table
    assert hook.send(hook.event(), secret="the next one") == 401
    assert hook.send(hook.event()) == 200


def test_a_secret_that_cannot_be_opened_or_is_empty_opens_no_door(hook, stage):
    rows = [stage.add_secret("")]
    rows.append(stage.add_secret("of another app", app_id="999"))
    stage.owner.execute("UPDATE gateway_webhooksecret SET app_id = %s WHERE id = %s", [APP_ID, rows[1]])
    time.sleep(0.4)
    assert hook.send(hook.event(), secret="") == 401
    assert hook.send(hook.event(), secret="of another app") == 401
    assert hook.send(hook.event()) == 200
    stage.owner.execute("DELETE FROM gateway_webhooksecret WHERE id = ANY(%s)", [rows])


def test_another_apps_secret_signs_nothing_here(hook, stage):
    row = stage.add_secret("second app", app_id="222")
    time.sleep(0.4)
    assert hook.send(hook.event(app_id="222"), secret="second app", app_id="222") == 200
    body = body_of(hook.event(app_id="222"))
    stamp = json.loads(body)["timestamp"]
    # signed for the body's app, posted to the other's address, and the other way round
    assert hook.post(body, hook.sign(body, stamp, app_id="222", secret="second app")) == 401
    assert hook.post(body, hook.sign(body, stamp, secret=SECRET), app_id="222") == 401
    stage.owner.execute("DELETE FROM gateway_webhooksecret WHERE id = %s", [row])


@pytest.mark.parametrize("age", [0, DAY, 30 * DAY, -DAY])
def test_the_age_of_a_signed_event_is_the_inboxs_to_judge(hook, age):
    event, before = hook.event(timestamp=str(int(time.time() * 1000) - age)), hook.count()
    assert hook.send(event) == 200
    assert hook.count() == before + 1


def test_the_timestamp_may_be_a_number_or_in_a_header(hook):
    before = hook.count()
    assert hook.send(hook.event(timestamp=1795230000123)) == 200
    body = body_of(hook.event(timestamp=None))
    assert hook.post(body, hook.sign(body, "1795230000123"), ("X-ZEvent-Timestamp", "1795230000123")) == 200
    assert hook.count() == before + 2
    body = body_of(hook.event())
    assert hook.post(body, hook.sign(body, "1795230000123"), ("X-ZEvent-Timestamp", "1795230000123")) == 401
    assert hook.count() == before + 2


def padded(hook, size):
    event = hook.event(padding="")
    return {**event, "padding": "x" * (size - len(body_of(event)))}


def test_the_limit_of_256_kib(hook):
    before = hook.count()
    assert hook.send(padded(hook, MAX_BODY)) == 200
    assert hook.send(padded(hook, MAX_BODY + 1)) == 413
    assert hook.post(b"x" * (MAX_BODY + 1)) == 413
    assert hook.count() == before + 1


def raw(hook, data):
    """The status line that comes back for these very bytes."""
    with socket.create_connection(("127.0.0.1", hook.server.port), timeout=10) as line:
        line.sendall(data)
        return int(line.recv(4096).split(b" ", 2)[1])


@pytest.mark.parametrize("size, status", [(1000, 401), (MAX_BODY + 1, 413), (8 * MAX_BODY, 413)])
def test_a_body_without_a_length_is_counted_while_it_streams(hook, size, status):
    head = HEAD + "Transfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"3e8\r\n" + b"x" * 1000 + b"\r\n" for _ in range(-(-size // 1000)))
    assert raw(hook, head.encode() + chunks + b"0\r\n\r\n") == status


@pytest.mark.parametrize(
    "length, status",
    [("262145", 413), ("999999999999", 413), ("9" * 30, 400), ("-1", 400), ("1e3", 400), ("5, 5", 400)],
)
def test_a_length_that_lies_costs_nothing(hook, length, status):
    head = HEAD + f"Content-Length: {length}\r\n\r\n"
    assert raw(hook, head.encode() + b"{}") == status


def test_other_methods_and_paths(hook):
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
        assert hook.ask(method, f"/hook/zalo/{APP_ID}") == 405
    assert hook.ask("GET", "/healthz") == 200
    assert hook.ask("POST", "/healthz") == 405
    for path in ("/", "/hook", "/hook/zalo", "/hook/zalo/", f"/hook/zalo/{APP_ID}/", f"/hook//zalo/{APP_ID}", "/docs"):
        assert hook.ask("POST", path) == 404
        assert hook.ask("GET", path) == 404


def test_one_ring_names_the_newest_event_and_a_burst_rings_little(hook, valkey):
    time.sleep(0.1)
    valkey.delete("inbox")
    began = time.monotonic()
    for _ in range(150):
        assert hook.send(event := hook.event()) == 200
    spent = time.monotonic() - began
    row_id, *_ = hook.row(body_of(event))

    def newest():
        rings = valkey.lrange("inbox", 0, 0)
        return rings and json.loads(rings[0])["headers"]

    until(lambda: newest() and str(row_id) in newest()["argsrepr"])
    assert newest()["task"] == "zalopolice.receive"
    assert valkey.llen("inbox") <= spent / 0.01 + 2
    rung = valkey.llen("inbox")
    assert hook.send(event) == 200  # a duplicate has nobody to wake
    time.sleep(0.1)
    assert valkey.llen("inbox") == rung

"""Fuzzed bodies (T22) and forgeries (T23): nothing unsigned is stored, nothing answers 5xx, memory stays flat."""

import gzip
import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.rig.stage import APP_ID, SECRET
from tests.fault_size import LONG, SEED
from zalopolice.webhook_signed import MAX_DEPTH, Refused, read_event

GENERATED, MUTATED, FORGED = (3000, 2500, 1000) if LONG else (600, 500, 300)
MAX_GROWTH = 50 * 1024 * 1024

numbers = st.one_of(st.integers(), st.integers(10**300, 10**301), st.floats(), st.sampled_from([1e308, -0.0]))
texts = st.text(st.characters(exclude_categories=[]), max_size=20)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=15,
)
names = st.sampled_from(["app_id", "timestamp", "event_name", "message", "sender", "", "\ud800", "__proto__"])
events = st.dictionaries(names, json_values, max_size=5)


def stored_for(hook, body, *headers):
    """Posts and says whether a row was written; the answer may never be a 5xx, and a row only behind a 200."""
    before = hook.count()
    status = hook.post(body, *headers)
    assert status in {200, 401, 413}, status
    stored = hook.count() - before
    assert stored == 0 or (stored == 1 and status == 200)
    return stored


def attack(hook, body):
    """Without a header, with a wrong one, and signed with the right secret. Only the last may store."""
    assert stored_for(hook, body) == 0
    assert stored_for(hook, body, ("X-ZEvent-Signature", "mac=" + "0" * 64)) == 0
    try:
        stamp = read_event(body).get("timestamp")
    except Refused:
        stamp = None
    if isinstance(stamp, str):
        status = hook.post(body, hook.sign(body, stamp.encode("utf-8", "replace").decode()))
        assert status == 401 or (status == 200 and hook.row(body) is not None)
    else:
        assert stored_for(hook, body, hook.sign(body, "1")) == 0


def resident(hook):
    return int(Path(f"/proc/{hook.server.pid}/statm").read_text().split()[1]) * 4096


def test_t22_generated_json(hook, figures):
    seen, before = [], resident(hook)

    @settings(
        max_examples=GENERATED, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(event=st.one_of(json_values, events), genuine=st.booleans(), ascii_only=st.booleans())
    def attack_with(event, genuine, ascii_only):
        if genuine and isinstance(event, dict):
            event = {"app_id": APP_ID, "timestamp": "1795230000123", **event}
        attack(hook, json.dumps(event, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"))
        seen.append(event)

    attack_with()
    assert len(seen) >= GENERATED
    grown = resident(hook) - before
    assert grown < MAX_GROWTH
    figures("T22", bodies=len(seen), server_errors=0, unsigned_stored=0, grown_mb=round(grown / 1e6, 1))


def mutations(seed):
    """A good body with something done to its bytes."""
    chance = random.Random(seed)
    bits = ["{", "}", "[", "]", '"', ":", ",", "\\", "\\ud800", "\\u0000", "1e400", "-", "NaN", "Infinity", "\x00", " "]
    for number in range(MUTATED):
        body = bytearray(
            b'{"app_id":"%s","timestamp":"1795230000123","event_name":"user_send_text",'
            b'"message":{"msg_id":"f%d","text":"\xc3\xa1o","n":12345678901234567890123}}' % (APP_ID.encode(), number)
        )
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(body))
            match chance.randrange(8):
                case 0:
                    body[place] = chance.randrange(256)
                case 1:
                    del body[place : place + chance.randint(1, 30)]
                case 2:
                    body[place:place] = chance.choice(bits).encode() * chance.choice([1, 1, 1, 40, 3000])
                case 3:
                    body[place:place] = chance.randbytes(chance.randint(1, 20))
                case 4:
                    body[place:place] = body[place : place + chance.randint(1, 60)]
                case 5:
                    body = bytearray(body.decode("latin-1").encode(chance.choice(["utf-16", "utf-32", "latin-1"])))
                case 6:
                    body = bytearray(gzip.compress(body))
                case 7:
                    del body[place:]
            body = body or bytearray(b" ")
            yield bytes(body)


def test_t22_mutated_bytes(hook, figures):
    bodies, before = list(mutations(SEED)), resident(hook)
    for body in bodies:
        attack(hook, body)
    grown = resident(hook) - before
    assert GENERATED + len(bodies) >= 1000
    assert grown < MAX_GROWTH
    figures("T22", bodies=len(bodies), server_errors=0, unsigned_stored=0, grown_mb=round(grown / 1e6, 1))


def test_t22_large_bodies_leave_no_memory_behind(hook):
    bodies = [b"[" * 200_000, b'"' + b"\\u0061" * 40_000 + b'"', b'{"a":' * 40_000, b"9" * 260_000]
    bodies += [b"[" + b",".join(b'"%d"' % number for number in range(25_000)) + b"]", b"{" + b" " * 260_000 + b"}"]
    for body in bodies:
        attack(hook, body)
    before = resident(hook)
    for body in bodies * 10:
        attack(hook, body)
    assert resident(hook) - before < MAX_GROWTH


def nested(levels):
    return "[" * (levels - 1) + "]" * (levels - 1)


HEAD = f'{{"app_id":"{APP_ID}","timestamp":"1795230000123"'


@pytest.mark.parametrize(
    "body, stored",
    [
        (HEAD + ',"n":1e400,"m":-1e-400}', 1),
        (HEAD + ',"n":' + "9" * 100_000 + "}", 1),
        (HEAD + ',"event_name":"user_send_\\ud800","message":{"msg_id":"\\udfff\\u0000"}}', 1),
        (HEAD + ',"event_name":["_send_"],"message":{"msg_id":7}}', 1),
        (HEAD + ',"event_name":"user_send_text","message":"msg_id"}', 1),
        (HEAD + f',"n":{nested(MAX_DEPTH)}}}', 1),
        (HEAD + f',"n":{nested(MAX_DEPTH + 1)}}}', 0),
        (HEAD + f',"n":{nested(100_000)}}}', 0),
        (HEAD + ',"n":' + "[" * 200_000 + "}", 0),
        (HEAD + ',"n":' + '{"a":' * 50_000 + "}", 0),
        (HEAD + ',"n":NaN}', 0),
        (HEAD + ',"n":-Infinity}', 0),
        (HEAD + ',"n":1,"n":1}', 0),
        (HEAD + ',"n":[{"a":{"b":1,"b":2}}]}', 0),
        (HEAD + ',"app_id":"' + APP_ID + '"}', 0),
        ("\ufeff" + HEAD + "}", 0),
        (HEAD + "}{}", 0),
        (f"[{HEAD}}}]", 0),
        ('"' + APP_ID + '"', 0),
        ("null", 0),
        ("", 0),
        (" \n", 0),
        (HEAD.replace(f'"{APP_ID}"', f'["{APP_ID}"]') + "}", 0),
        (HEAD.replace(f'"{APP_ID}"', "null") + "}", 0),
        (HEAD.replace("app_id", "App_id") + "}", 0),
    ],
)
def test_signed_and_strange(hook, body, stored):
    body = body.encode()
    assert stored_for(hook, body, hook.sign(body, "1795230000123")) == stored


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1"])
def test_signed_in_another_encoding(hook, encoding):
    body = (HEAD + ',"text":"Công an xã"}').encode(encoding)
    assert stored_for(hook, body, hook.sign(body, "1795230000123")) == 0


@pytest.mark.parametrize(
    "stamp", ["", " 1795230000123", "1795230000123 ", "-1", "1.5", "1e3", "١٢٣", "1" * 21, "1795230000123}", "\ud800"]
)
def test_signed_with_a_timestamp_that_is_none(hook, stamp):
    body = json.dumps(hook.event(timestamp=stamp)).encode()
    stamp = stamp.encode("utf-8", "replace").decode()
    assert stored_for(hook, body, hook.sign(body, stamp)) == 0


def flipped(data, chance):
    data = bytearray(data)
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def header(value):
    return ("X-ZEvent-Signature", value)


def shifted(hook, body, mac, stamp, chance):
    """The same bytes in the same order under the same hash, cut into address, body and timestamp elsewhere."""
    cut = chance.randint(1, 6)
    stampless = json.dumps(hook.event(timestamp=None)).encode()
    unstamped = hook.sign(stampless, stamp)
    whole = APP_ID.encode() + body
    return chance.choice(
        [
            (whole[len(APP_ID) - cut :], [header(mac)], APP_ID[:-cut]),
            (body[cut:], [header(mac)], APP_ID + body[:cut].decode()),
            (body + stamp[:cut].encode(), [header(mac), ("X-ZEvent-Timestamp", stamp[cut:])], APP_ID),
            (body[:-cut], [header(mac), ("X-ZEvent-Timestamp", body[-cut:].decode() + stamp)], APP_ID),
            (body + stamp.encode(), [header(mac), ("X-ZEvent-Timestamp", "")], APP_ID),
            (body + b" " * cut, [header(mac)], APP_ID),
            (body, [header(hook.sign(body, stamp + SECRET[:cut], secret=SECRET[cut:])[1] + "0")], APP_ID),
            (stampless + stamp[:cut].encode(), [unstamped, ("X-ZEvent-Timestamp", stamp[cut:])], APP_ID),
            (stampless + b" " * cut, [unstamped, ("X-ZEvent-Timestamp", stamp)], APP_ID),
            (stampless, [unstamped, ("X-ZEvent-Timestamp", stamp), ("X-ZEvent-Timestamp", stamp)], APP_ID),
        ]
    )


def forgeries(hook, seed):
    """Each as (body, headers, app id of the address); every one carries a signature header."""
    chance = random.Random(seed)
    for number in range(FORGED):
        event = hook.event()
        body, stamp = json.dumps(event).encode(), event["timestamp"]
        mac = hook.sign(body, stamp)[1]
        digest = mac.removeprefix("mac=")
        fresh = json.dumps(hook.event(timestamp=stamp)).encode()
        one_more = json.dumps({**event, "to": "1"}).encode()
        wrong_secret = chance.choice(["", "x", SECRET[:-1], SECRET + " ", SECRET.upper(), "0" * 64, APP_ID])
        fixed = [
            (body, [hook.sign(body, stamp, secret=wrong_secret)], APP_ID),
            (flipped(body, chance), [header(mac)], APP_ID),
            (body, [header("mac=" + flipped(bytes.fromhex(digest), chance).hex())], APP_ID),
            (fresh, [header(mac)], APP_ID),
            (one_more, [header(mac)], APP_ID),
            (
                body,
                [header(chance.choice(["", "mac=", "mac", "=", "mac=" + digest[:-1], "mac=" + digest + "0"]))],
                APP_ID,
            ),
            (body, [header(chance.choice(["sha256=", "mac==", "mac=mac=", "Mac:", "0x"]) + digest)], APP_ID),
            (body, [header(f"mac={digest}, mac={digest}")], APP_ID),
            (body, [header(mac), header(mac)], APP_ID),
            (body, [header("mac=" + "0" * 64), header(mac)], APP_ID),
            (
                body,
                [header(chance.choice([digest[:32] + " " + digest[32:], digest.replace("a", "\xaa") + "g"]))],
                APP_ID,
            ),
            (body, [hook.sign(body, str(int(stamp) + 1)), ("X-ZEvent-Timestamp", str(int(stamp) + 1))], APP_ID),
            (
                body,
                [header(mac)],
                chance.choice(["0", APP_ID + "0", "%00", "%2e%2e", "\u0661".encode().hex(), "%F0%9F"]),
            ),
        ]
        yield shifted(hook, body, mac, stamp, chance) if number % 3 == 0 else fixed[number % len(fixed)]


def test_t23_forgeries(hook, figures):
    before, forged = hook.count(), list(forgeries(hook, SEED))
    senders = [hook.another() for _ in range(8)]

    def post(number):
        return [
            senders[number].post(body, *headers, app_id=app_id.replace('"', "%22").replace("{", "%7B"))
            for body, headers, app_id in forged[number::8]
        ]

    with ThreadPoolExecutor(8) as pool:
        answers = sum(pool.map(post, range(8)), [])
    assert len(answers) == FORGED
    assert set(answers) == {401}
    assert hook.count() == before
    figures("T23", forged=FORGED, accepted=0)


def test_nothing_of_it_reaches_the_log(hook):
    secret_word = "mật khẩu 7K2Q9"
    body = json.dumps(hook.event(message={"msg_id": "m-7K2Q9", "text": secret_word}), ensure_ascii=False).encode()
    hook.post(body + b"}", ("X-ZEvent-Signature", "mac=7K2Q9"), app_id="7K2Q9")
    hook.ask("GET", "/hook/zalo/x?text=7K2Q9")
    log = hook.log()
    assert "7K2Q9" not in log
    assert "Traceback" not in log
    assert "5512207788990011223" not in log
    assert SECRET not in log

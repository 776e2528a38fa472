"""Signed webhooks: shapes, signature, retry, switching off, restarts (Zalo page section 2)."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.simulator.conftest import APP, APP_SECRET, OA_SECRET, OAS, Portal, Simulator
from zalopolice.simulator.webhooks import signature

pytestmark = [pytest.mark.stack, pytest.mark.alone]
QUICK = {"retry_steps": [0.05, 0.05, 0.05, 0.05, 0.05]}
VECTOR = (
    b'{"event_name":"follow","app_id":"1234509876543210987","oa_id":"2720105559876543210","follower":{"id":'
    b'"5512207788990011223"},"user_id_by_app":"6681203344556677889","source":"oa_profile","timestamp":"1795230000123"}'
)


@pytest.fixture
def sim(simulator: Simulator) -> Simulator:
    simulator.grant()
    return simulator


def mac(event: dict[str, Any], key: str = OA_SECRET) -> str:
    stamp = event["body"]["timestamp"].encode()
    return "mac=" + hashlib.sha256(APP.encode() + event["raw"] + stamp + key.encode()).hexdigest()


def shape(value: Any) -> Any:
    """Keys and types, without values."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else type(value).__name__


def attached(kind: str, payload: dict[str, Any], **message: str) -> dict[str, Any]:
    return {**message, "msg_id": "str", "attachments": [{"type": "str", "payload": payload}]}


ENDS = {"app_id": "str", "sender": {"id": "str"}, "recipient": {"id": "str"}, "user_id_by_app": "str"}
PLACE = {"coordinates": {"latitude": "str", "longitude": "str"}}
FILE = dict.fromkeys(("url", "size", "name", "checksum", "type"), "str")
PICTURE = {"thumbnail": "str", "url": "str"}
TINY = base64.b64encode(b"%PDF-1.4").decode()
SENT = [
    ({"text": "a"}, "user_send_text", {"text": "str", "msg_id": "str"}),
    ({"text": "a", "quote": "f" * 20}, "user_send_text", {"text": "str", "msg_id": "str", "quote_msg_id": "str"}),
    ({"sample": "rac", "text": "a"}, "user_send_image", attached("image", PICTURE, text="str")),
    ({"sample": "xe"}, "user_send_image", attached("image", PICTURE)),
    ({"file_base64": TINY, "name": "a.pdf"}, "user_send_file", attached("file", FILE)),
    ({"kind": "audio"}, "user_send_audio", attached("audio", {"url": "str"})),
    ({"kind": "video"}, "user_send_video", attached("video", PICTURE | {"description": "str"})),
    ({"kind": "sticker"}, "user_send_sticker", attached("sticker", {"url": "str", "id": "str"})),
    ({"kind": "location", "latitude": 16.05, "longitude": "108.2"}, "user_send_location", attached("location", PLACE)),
]


def test_vector_of_the_page() -> None:
    wanted = "mac=8f549e10b0bb85d45c097f2356ad805923962e933d122e58a98dbf590a6b128d"
    assert signature(APP, VECTOR, "1795230000123", OA_SECRET) == wanted


def test_url_is_probed_unsigned_at_start(simulator: Simulator, portal: Portal) -> None:
    probe = simulator.wait(lambda: portal.got)[0]
    assert probe["raw"] == b"{}" and "X-ZEvent-Signature" not in probe["headers"]
    assert probe["path"] == f"/hook/zalo/{APP}"
    simulator.wait(lambda: simulator.sim("state")["apps"][0]["probe_status"] == "200")


@pytest.mark.parametrize(("order", "name", "message"), SENT)
def test_bodies_have_the_documented_shape(
    sim: Simulator, order: dict[str, Any], name: str, message: dict[str, Any]
) -> None:
    sent = sim.sim("send", {"oa_id": OAS[0], "citizen": "dung", **order})
    event = sim.wait(lambda: sim.portal.named(name))[0]
    assert shape(event["body"]) == {**ENDS, "event_name": "str", "message": message, "timestamp": "str"}
    assert event["headers"]["X-ZEvent-Signature"] == mac(event)
    assert event["body"]["message"]["msg_id"] == sent["msg_id"]
    assert event["body"]["sender"]["id"] == sent["user_id"]
    assert len(event["body"]["timestamp"]) == 13 and event["headers"]["Content-Type"] == "application/json"


def test_acts_have_the_documented_shape(sim: Simulator) -> None:
    for act in ("follow", "unfollow", "chatnow"):
        sim.say("", kind=act)
    base = {"app_id": "str", "oa_id": "str", "user_id_by_app": "str", "event_name": "str", "timestamp": "str"}
    for act in ("follow", "unfollow"):
        body = sim.wait(lambda act=act: sim.portal.named(act))[0]["body"]
        assert shape(body) == base | {"follower": {"id": "str"}, "source": "str"}
    assert shape(sim.wait(lambda: sim.portal.named("user_click_chatnow"))[0]["body"]) == base | {"user_id": "str"}


def test_ids_differ_per_account_and_exceed_javascript(sim: Simulator) -> None:
    ids = {sim.user(citizen, oa) for citizen in ("dung", "hoa") for oa in OAS}
    assert len(ids) == 6
    assert all(len(value) == 19 and int(value) > 2**53 for value in ids)


def test_retry_until_accepted(sim: Simulator) -> None:
    sim.sim("faults", QUICK)
    sim.portal.answers = [503, 401, 200]
    sim.say()
    tries = sim.wait(lambda: len(got := sim.portal.named("user_send_text")) == 3 and got)
    assert [event["headers"].get("num_retry") for event in tries] == [None, "1", "2"]
    assert len({event["raw"] for event in tries}) == 1
    entry = sim.wait(lambda: [e for e in sim.sim("ledger")["received"] if e["delivered"]])[0]
    assert (entry["attempts"], entry["last_status"]) == (3, 200)


def test_a_webhook_moves_within_the_place_it_was_configured_for(sim: Simulator) -> None:
    """Whoever drives the exercises must not make the simulator knock at other doors of its machine."""
    elsewhere = Portal()
    port = urlsplit(elsewhere.url).port
    for place in (
        f"http://127.0.0.1:{port}/x",
        "https://127.0.0.1/x",
        "http://x@127.0.0.1/x",
        "file:///x",
        "http://[/x",
    ):
        answer = sim.http.post(f"{sim.url}/sim/webhook", json={"app_id": APP, "url": place}, timeout=5)
        assert answer.status_code == 400, place
    assert elsewhere.got == []

    moved = f"{sim.portal.url}/moved"
    assert sim.sim("webhook", {"app_id": APP, "url": moved})["url"] == moved
    elsewhere.close()


def test_slow_answer_counts_as_failed(sim: Simulator) -> None:
    sim.sim("faults", {"retry_steps": [0.05] * 40, "webhook_timeout_s": 0.3})
    sim.portal.slow_s = 0.8
    sim.say()
    sim.wait(lambda: sim.sim("ledger")["received"][0]["last_status"] == "timeout")
    sim.portal.slow_s = 0
    sim.wait(lambda: sim.sim("ledger")["received"][0]["delivered"])


def test_switched_off_after_the_last_retry_until_enabled_by_hand(sim: Simulator) -> None:
    sim.sim("faults", QUICK)
    sim.portal.answer = 500
    sim.say("một")
    sim.wait(lambda: sim.sim("ledger")["webhook"]["state"] == "disabled")
    first = sim.sim("ledger")["received"][0]
    assert (first["state"], first["attempts"], first["delivered"]) == ("failed", 6, False)
    sim.say("hai")
    sim.wait(lambda: sim.sim("ledger")["received"][1]["state"] == "dropped")
    assert not sim.sim("webhook", {"app_id": APP, "enabled": True})["enabled"]
    sim.portal.answer = 200
    assert sim.sim("webhook", {"app_id": APP, "enabled": True})["enabled"]
    sim.say("ba")
    sim.wait(lambda: sim.sim("ledger")["received"][2]["delivered"])
    texts = [event["body"]["message"]["text"] for event in sim.portal.named("user_send_text")]
    assert texts == ["một"] * 6 + ["ba"]


def test_steps_follow_scale_and_clock(sim: Simulator) -> None:
    assert sim.sim("state")["retry_steps"] == [1, 3, 5, 8, 10]
    sim.sim("faults", {"retry_scale": 1})
    assert sim.sim("state")["retry_steps"] == [30, 300, 900, 1800, 3600]
    sim.sim("clock", {"speed": 60})
    assert sim.sim("state")["retry_steps"] == [0.5, 5, 15, 30, 60]


def test_pending_events_survive_kill_9(sim: Simulator) -> None:
    sim.sim("faults", {"retry_steps": [0.5] * 9})
    sim.portal.answer = 503
    sent = sim.say("trước khi chết")
    sim.wait(lambda: sim.portal.named("user_send_text"))
    sim.stop(kill=True)
    sim.portal.answer = 200
    sim.start()
    entry = sim.wait(lambda: [e for e in sim.sim("ledger")["received"] if e["delivered"]])[0]
    assert entry["msg_id"] == sent["msg_id"]
    assert sim.cs(sent["user_id"], {"text": "vẫn còn"})["error"] == 0


def test_nothing_is_delivered_for_an_account_without_grant(simulator: Simulator) -> None:
    assert simulator.say(oa_id=OAS[2])["delivery"] == "no_grant"
    simulator.sim("faults", {"require_grant": False})
    assert simulator.say(oa_id=OAS[2])["delivery"] == "pending"
    simulator.wait(lambda: len(simulator.portal.named("user_send_text")) == 1)


def test_many_events_at_once(sim: Simulator) -> None:
    sim.sim("faults", {"webhook_timeout_s": 20})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: sim.say(f"tin {n}"), range(200)))
    sim.wait(lambda: len(sim.portal.named("user_send_text")) == 200)
    entries = sim.sim("ledger")["received"]
    assert {entry["text"] for entry in entries} == {f"tin {n}" for n in range(200)}


def test_raw_events_are_signed_over_their_exact_bytes(sim: Simulator) -> None:
    raw = VECTOR.decode()
    answer = sim.sim("events", {"app_id": APP, "bodies": [raw, {"b": 1}, '{"broken"'], "wait": True})
    assert answer["statuses"][:2] == [200, 200]
    event = next(event for event in sim.portal.got if event["raw"] == VECTOR)
    assert event["headers"]["X-ZEvent-Signature"] == signature(APP, VECTOR, "1795230000123", OA_SECRET)


def test_replayed_citizens_can_be_answered(sim: Simulator) -> None:
    body = {
        "app_id": APP,
        "sender": {"id": "5512207788990011223"},
        "recipient": {"id": OAS[0]},
        "event_name": "user_send_text",
        "message": {"text": "Đèn hỏng", "msg_id": "7f3e0000009a0001eef"},
        "timestamp": "1795230001123",
    }
    for _ in range(2):
        sim.sim("events", {"app_id": APP, "bodies": [body], "wait": True})
    assert sim.cs("5512207788990011223", {"text": "Đã nhận"})["error"] == 0
    received = sim.sim("ledger")["received"]
    assert [(entry["text"], entry["delivered"]) for entry in received] == [("Đèn hỏng", True)]


def test_other_key(sim: Simulator) -> None:
    sim.sim("faults", {"sign_key": "app"})
    sim.say()
    event = sim.wait(lambda: sim.portal.named("user_send_text"))[0]
    assert event["headers"]["X-ZEvent-Signature"] == mac(event, APP_SECRET)


def test_anonymous_chat_is_answered_on_v2_only(sim: Simulator) -> None:
    person, talk = "9c41e7b05fd21a38c6", "b7720dfe4a9183cc51"
    message = {"text": "Giờ làm việc?", "msg_id": "7f3e0000009a0024bbd", "conversation_id": talk}
    body = {"app_id": APP, "sender": {"id": person}, "recipient": {"id": OAS[0]}, "message": message}
    body |= {"event_name": "anonymous_send_text", "timestamp": "1795230024123"}
    sim.sim("events", {"app_id": APP, "bodies": [body], "wait": True})
    assert sim.cs(person, {"text": "a"})["error"] == -201
    order = {"recipient": {"anonymous_id": person, "conversation_id": "other"}, "message": {"text": "7 giờ 30"}}
    assert sim.call("POST", "/v2.0/oa/message", json=order).json()["error"] == -201
    order["recipient"]["conversation_id"] = talk
    data = sim.call("POST", "/v2.0/oa/message", json=order).json()["data"]
    assert data == {"message_id": data["message_id"], "anonymous_id": person, "conversation_id": talk}
    echo = sim.wait(lambda: sim.portal.named("oa_send_anonymous_text"))[0]["body"]
    assert echo["message"] == {"text": "7 giờ 30", "msg_id": data["message_id"], "conversation_id": talk}
    assert echo["recipient"]["id"] == person and "user_id_by_app" not in echo

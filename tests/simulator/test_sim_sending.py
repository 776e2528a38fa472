"""Consultation messages, who may be written to, uploads, history (Zalo page sections 3 to 5 and 12)."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.simulator.conftest import APP, OAS, Simulator

HOUR = 3600
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


@pytest.fixture
def sim(simulator: Simulator) -> Simulator:
    simulator.grant()
    return simulator


def image(**element: Any) -> dict[str, Any]:
    payload = {"template_type": "media", "elements": [{"media_type": "image", **element}]}
    return {"attachment": {"type": "template", "payload": payload}}


def upload(sim: Simulator, kind: str, name: str, data: bytes, oa_id: str = OAS[0]) -> Any:
    return sim.call("POST", f"/v2.0/oa/upload/{kind}", oa_id, files={"file": (name, io.BytesIO(data))}).json()


def test_reply_is_on_the_phone_and_echoed(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    answer = sim.cs(user, {"text": "Công an xã đã nhận"})
    assert answer["error"] == 0 and answer["message"] == "Success"
    assert answer["data"]["user_id"] == user
    assert answer["data"]["quota"] == {"quota_type": "reply", "remain": "7", "total": "8"}
    message_id = answer["data"]["message_id"]
    assert len(message_id) == 20 and int(message_id, 16)
    shown = sim.sim(f"chat?oa_id={OAS[0]}&citizen=dung")["messages"]
    assert [(m["from"], m["text"]) for m in shown] == [("citizen", "Chào"), ("oa", "Công an xã đã nhận")]
    echo = sim.wait(lambda: sim.portal.named("oa_send_text"))[0]["body"]
    assert echo["message"] == {"text": "Công an xã đã nhận", "msg_id": message_id}
    assert (echo["sender"]["id"], echo["recipient"]["id"]) == (OAS[0], user)
    received = sim.wait(lambda: sim.portal.named("user_received_message"))[0]["body"]
    assert received["message"] == {"msg_id": message_id}
    sim.sim("read", {"oa_id": OAS[0], "citizen": "dung"})
    seen = sim.wait(lambda: sim.portal.named("user_seen_message"))[0]["body"]
    assert seen["message"] == {"msg_ids": [message_id]}


def test_windows_by_the_virtual_clock(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    sim.sim("clock", {"advance_s": 48 * HOUR - 30})
    sim.grant()
    assert sim.cs(user, {"text": "a"})["data"]["quota"]["quota_type"] == "reply"
    sim.sim("clock", {"advance_s": 60})
    sim.grant()
    quota = sim.cs(user, {"text": "b"})["data"]["quota"]
    assert (quota["quota_type"], quota["remain"], quota["total"]) == ("sub_quota", "1999", "2000")
    sim.sim("oas", {"oa_id": OAS[0], "sub_quota_total": 2})
    assert sim.cs(user, {"text": "c"})["error"] == 0
    assert sim.cs(user, {"text": "d"})["error"] == -211
    sim.sim("clock", {"advance_s": 5 * 24 * HOUR})
    sim.grant()
    assert sim.cs(user, {"text": "e"})["error"] == -230
    sim.say("tôi hỏi tiếp")
    assert sim.cs(user, {"text": "f"})["data"]["quota"]["quota_type"] == "reply"
    assert [entry["text"] for entry in sim.sim("ledger")["seen"]] == ["a", "b", "c", "f"]


@pytest.mark.parametrize("act", ["follow", "chatnow"])
def test_never_interacted_until_follow_or_tap(sim: Simulator, act: str) -> None:
    user = sim.user()
    assert sim.cs(user, {"text": "x"})["error"] == -232
    sim.say("", kind=act)
    assert sim.cs(user, {"text": "x"})["error"] == 0


def test_old_cap_and_restrictions_can_be_switched_on(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    sim.sim("oas", {"oa_id": OAS[0], "reply_cap": 2})
    assert [sim.cs(user, {"text": "x"})["error"] for _ in range(3)] == [0, 0, -211]
    sim.sim("restrict", {"oa_id": OAS[0], "citizen": "dung", "code": -244})
    assert sim.cs(user, {"text": "x"})["error"] == -244


def test_order_of_the_guards(sim: Simulator) -> None:
    bad: dict[str, Any] = {"recipient": {}, "message": {}}
    assert sim.call("POST", "/v3.0/oa/message/cs", json=bad, headers={"access_token": "x"}).json()["error"] == -216
    assert sim.call("POST", "/v3.0/oa/message/cs", json=bad).json()["error"] == -201
    sim.sim("oas", {"oa_id": OAS[0], "rate_per_minute": 0})
    assert sim.call("POST", "/v3.0/oa/message/cs", json=bad).json()["error"] == -32
    sim.sim("oas", {"oa_id": OAS[0], "state": -204})
    assert sim.call("POST", "/v3.0/oa/message/cs", json=bad).json()["error"] == -204
    missing = sim.call("POST", "/v3.0/oa/upload/image")
    assert missing.status_code == 404 and missing.json()["error"] == -209


def test_bodies_that_are_refused(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    file = {"attachment": {"type": "file", "payload": {"token": "x"}}}
    many = {"attachment": {"type": "template", "payload": {"template_type": "media", "elements": [{}, {}]}}}
    cases: list[tuple[Any, int]] = [
        ({"text": ""}, -201),
        ({"text": 5}, -201),
        ({}, -201),
        ({"text": "ế" * 2001}, -210),
        ({"text": "a", "quote_message_id": "0" * 20}, -201),
        (image(), -201),
        (image(url="http://a/b.jpg", attachment_id="x"), -201),
        (image(attachment_id="x"), -201),
        (many, -201),
        (file, -201),
        ({"attachment": {"type": "template", "payload": {"template_type": "promotion"}}}, -233),
        ({"text": "a", "attachment": {"type": "template", "payload": {"buttons": []}}}, -233),
    ]
    assert [sim.cs(user, message)["error"] for message, _ in cases] == [code for _, code in cases]
    assert sim.call("POST", "/v3.0/oa/message/cs", data=b"{").json()["error"] == -201
    assert sim.cs("5512207788990011223", {"text": "a"})["error"] == -201
    assert sim.cs(sim.user(oa_id=OAS[1]), {"text": "a"})["error"] == -201
    assert sim.sim("ledger")["seen"] == []


def test_length_counts_nfc_code_points(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    decomposed = "e\u0302\u0301" * 2000
    assert sim.cs(user, {"text": decomposed})["error"] == 0


def test_v2_message_is_shut_down(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    body = {"recipient": {"user_id": user}, "message": {"text": "a"}}
    assert sim.call("POST", "/v2.0/oa/message", json=body).json()["error"] == -240


def test_uploads_are_sniffed_and_belong_to_one_account(sim: Simulator) -> None:
    good = upload(sim, "image", "a.png", PNG)["data"]["attachment_id"]
    token = upload(sim, "file", "don.pdf", b"%PDF-1.7 x")["data"]["token"]
    refused = [("image", "a.jpg", PNG), ("image", "a.png", b"<svg/>"), ("image", "a.png", PNG + bytes(1024 * 1024))]
    refused += [("file", "a.xlsx", b"PK\x03\x04"), ("file", "a.pdf", b"x"), ("image", "a.png", b"")]
    assert [upload(sim, *case)["error"] for case in refused] == [-201] * len(refused)
    assert upload(sim, "image", "noextension", PNG) == {"data": {}, "error": 0, "message": "Success"}
    user = sim.say()["user_id"]
    assert sim.cs(user, {"text": "ảnh", **image(attachment_id=good)})["error"] == 0
    echo = sim.wait(lambda: sim.portal.named("oa_send_image"))[0]["body"]["message"]["attachments"][0]
    assert sim.http.get(echo["payload"]["url"], timeout=5).content == PNG
    attachment = {"attachment": {"type": "file", "payload": {"token": token}}}
    assert sim.cs(user, {"text": "a", **attachment})["error"] == -201
    assert sim.cs(user, attachment)["error"] == 0
    payload = sim.wait(lambda: sim.portal.named("oa_send_file"))[0]["body"]["message"]["attachments"][0]["payload"]
    assert payload["name"] == "don.pdf" and payload["size"] == "10" and payload["type"] == "pdf"
    sim.sim("faults", {"upload_-201": 1, "upload_forgotten": 1, "max": {"upload_-201": 1, "upload_forgotten": 1}})
    assert upload(sim, "image", "a.png", PNG)["error"] == -201
    assert sim.cs(user, attachment)["error"] == -100
    assert sim.cs(user, attachment)["error"] == 0
    sim.grant(OAS[1])
    other = sim.say(oa_id=OAS[1])["user_id"]
    assert sim.cs(other, image(attachment_id=good), OAS[1])["error"] == -201
    sim.sim("clock", {"advance_s": 7 * 24 * HOUR + 1})
    sim.grant()
    sim.say()
    assert sim.cs(user, image(attachment_id=good))["error"] == -100


def test_history_is_a_bare_array_newest_first(sim: Simulator) -> None:
    user = sim.say("một")["user_id"]
    for number in range(12):
        sim.cs(user, {"text": f"trả lời {number}"})
    page = sim.history(user)["data"]
    assert [entry["message"] for entry in page] == [f"trả lời {n}" for n in range(11, 1, -1)]
    rest = sim.history(user, offset=10)["data"]
    assert [(entry["message"], entry["src"]) for entry in rest] == [("trả lời 1", 0), ("trả lời 0", 0), ("một", 1)]
    assert type(rest[0]["time"]) is int and rest[0]["from_id"] == OAS[0] and rest[2]["from_id"] == user
    assert sim.history(user, count=11)["error"] == -210
    assert sim.history(int(user), count=1)["data"] == page[:1]  # type: ignore[arg-type]
    sim.say("hai", citizen="hoa")
    recent = sim.call("GET", "/v2.0/oa/listrecentchat", params={"data": json.dumps({"offset": 0, "count": 10})}).json()
    assert [entry["message"] for entry in recent["data"]] == ["hai", "trả lời 11"]


def test_user_detail(sim: Simulator) -> None:
    user = sim.say("", kind="follow")["user_id"]
    detail = sim.call("GET", "/v3.0/oa/user/detail", params={"data": json.dumps({"user_id": user})}).json()["data"]
    assert detail["display_name"] == "Trần Văn Dũng" and detail["user_is_follower"] is True
    assert len(detail["user_last_interaction_date"].split("/")) == 3


def test_odd_input_is_an_error_of_the_caller(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    assert sim.cs(user, {"text": "a \ud800"})["error"] == -201
    assert sim.history(user, offset=2**70)["error"] == -210
    orders: list[tuple[str, Any]] = [
        ("send", {"oa_id": OAS[0], "citizen": "nobody", "text": "a"}),
        ("send", {"oa_id": OAS[0], "citizen": "dung", "image_base64": "%"}),
        ("send", {"oa_id": OAS[0], "citizen": "dung", "kind": "location", "latitude": "x"}),
        ("oas", {"oa_id": OAS[0], "state": "x"}),
        ("clock", {"now": "yesterday"}),
        ("events", {"app_id": "1"}),
        ("citizens", []),
    ]
    for path, body in orders:
        assert sim.http.post(f"{sim.url}/sim/{path}", json=body, timeout=5).status_code == 400, path
    odd = [{"event_name": "user_send_text", "message": [1], "sender": 5}, {"event_name": 7}]
    assert len(sim.sim("events", {"app_id": APP, "bodies": odd, "wait": True})["statuses"]) == 2

"""What else the real host does: buttons, forms, reactions, groups, calls, odd answers, the witness (section 12)."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.simulator.conftest import APP_SECRET, OAS, Portal, Simulator


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Iterator[Simulator]:
    portal, folder = Portal(), tmp_path_factory.mktemp("more")
    if samples.exists():
        shutil.copytree(samples, folder / "samples")
    made = Simulator(folder, portal)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        portal.close()


@pytest.fixture
def sim(shared: Simulator) -> Simulator:
    """One simulator for all; switches and clock as at the start, the first OA granted."""
    shared.sim("faults", {})
    shared.sim("clock", {"reset": True})
    shared.wait(lambda: all(row["state"] != "pending" for row in shared.sim("ledger")["events"]), 30)
    shared.portal.got.clear()
    shared.grant()
    return shared


def told(sim: Simulator, name: str) -> dict[str, Any]:
    return sim.wait(lambda: sim.portal.named(name))[-1]["body"]


BUTTONS = [
    {"title": "Báo tin", "type": "oa.query.show", "payload": "Tôi muốn báo tin"},
    {"title": "Ẩn", "type": "oa.query.hide", "payload": "#baotin"},
    {"title": "Mở", "type": "oa.open.url", "payload": {"url": "https://example.vn"}},
]


def with_buttons() -> dict[str, Any]:
    return {"text": "Bạn chọn", "attachment": {"type": "template", "payload": {"buttons": BUTTONS}}}


def test_buttons_refused_ignored_or_drawn(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    sim.sim("oas", {"oa_id": OAS[0], "buttons": False})
    assert sim.cs(user, with_buttons())["error"] == -233
    sim.sim("oas", {"oa_id": OAS[0], "buttons": "ignore"})
    plain = sim.cs(user, with_buttons())["data"]["message_id"]
    sim.sim("oas", {"oa_id": OAS[0], "buttons": True})
    drawn = sim.cs(user, with_buttons())["data"]["message_id"]
    shown = {row["msg_id"]: row for row in sim.sim(f"chat?oa_id={OAS[0]}&citizen=dung")["messages"]}
    assert "buttons" not in shown[plain]["payload"] and len(shown[drawn]["payload"]["buttons"]) == 3
    tap = {"oa_id": OAS[0], "citizen": "dung", "msg_id": drawn}
    sim.sim("tap", tap | {"button": 1})
    sim.wait(
        lambda: "Tôi muốn báo tin" in [row["body"]["message"]["text"] for row in sim.portal.named("user_send_text")]
    )
    assert sim.sim("tap", tap | {"button": 3})["opened"] == {"url": "https://example.vn"}
    element = {"title": "Thủ tục", "subtitle": "Xem", "image_url": "https://example.vn/a.jpg"}
    listed = {"attachment": {"type": "template", "payload": {"template_type": "list", "elements": [element]}}}
    assert sim.cs(user, listed)["error"] == 0
    for number, error in (("842693821234", 0), ("113", 0), ("0269 382 1234", -201), ("02693821234", -201)):
        call = {"title": "Gọi trực ban", "type": "oa.open.phone", "payload": {"phone_code": number}}
        message = {"text": "Trực ban", "attachment": {"type": "template", "payload": {"buttons": [call]}}}
        assert sim.cs(user, message)["error"] == error, number
    assert told(sim, "oa_send_list")["message"]["attachments"][0]["type"] == "template"


def test_the_form_comes_back_filled_in(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    element = {"title": "Thông tin", "subtitle": "Để liên hệ", "image_url": "https://example.vn/a.jpg"}
    form = {"template_type": "request_user_info", "elements": [element]}
    assert sim.cs(user, {"attachment": {"type": "template", "payload": form}})["error"] == 0
    info = {"name": "Trần Văn Dũng", "phone": "84900000001", "ward": "Phường Sài Gòn"}
    sim.sim("submit_info", {"oa_id": OAS[0], "citizen": "dung", "info": info})
    assert told(sim, "user_submit_info")["info"]["full_address"]["user_ward"] == "Phường Sài Gòn"
    data = json.dumps({"user_id": user})
    detail = sim.call("GET", "/v3.0/oa/user/detail", params={"data": data}).json()["data"]
    assert detail["shared_info"]["phone"] == "84900000001"


def test_reactions_of_both_sides(sim: Simulator) -> None:
    said = sim.say()
    action = {"react_icon": "/-heart", "react_message_id": said["msg_id"]}
    body = {"recipient": {"user_id": said["user_id"]}, "sender_action": action}
    assert sim.call("POST", "/v2.0/oa/message", json=body).json()["error"] == 0
    assert told(sim, "oa_reacted_message")["message"] == {"msg_id": said["msg_id"], "react_icon": "/-heart"}
    sim.sim("react", {"oa_id": OAS[0], "citizen": "dung", "msg_id": said["msg_id"], "icon": "/-strong"})
    assert told(sim, "user_reacted_message")["message"]["react_icon"] == "/-strong"
    body["sender_action"] = action | {"react_icon": "🙂"}
    assert sim.call("POST", "/v2.0/oa/message", json=body).json()["error"] == -201


def test_somebody_without_a_name(sim: Simulator) -> None:
    who = sim.sim("anonymous", {"oa_id": OAS[0]})
    sim.say("Cho tôi hỏi", citizen=who["citizen"])
    event = told(sim, "anonymous_send_text")
    assert event["message"]["conversation_id"] == who["conversation_id"] and "user_id_by_app" not in event


def test_groups_their_events_and_messages(sim: Simulator) -> None:
    members = [sim.user("dung"), sim.user("hoa")]
    body = {"group_name": "Tổ 3", "asset_id": f"a{time.time()}", "member_user_ids": members}
    group = sim.call("POST", "/v3.0/oa/group/creategroupwithoa", json=body).json()["data"]["group_id"]
    assert told(sim, "create_group")["group_id"] == group
    assert sim.call("POST", "/v3.0/oa/group/creategroupwithoa", json=body).json()["error"] == -238
    act = {"oa_id": OAS[0], "group_id": group}
    sim.sim("group", act | {"act": "say", "citizen": "dung", "text": "tổ 3 mất nước"})
    event = told(sim, "user_send_group_text")
    assert event["recipient"]["id"] == group and event["message"]["text"] == "tổ 3 mất nước"
    message = {"recipient": {"group_id": group}, "message": {"text": "Đã rõ"}}
    assert sim.call("POST", "/v3.0/oa/group/message", json=message).json()["data"]["group_id"] == group
    query = {"params": {"group_id": group}}
    rows = sim.call("GET", "/v3.0/oa/group/conversation", **query).json()["data"]
    assert [row["message"] for row in rows] == ["Đã rõ", "tổ 3 mất nước"]
    assert sim.call("GET", "/v3.0/oa/group/listmember", **query).json()["data"]["total"] == 2
    sim.sim("faults", {"alias_names": True})
    sim.sim("group", act | {"act": "leave", "citizens": ["hoa"]})
    assert told(sim, "user_leave_group")["users"] == [{"id": members[1]}]
    sim.sim("group", act | {"act": "delete"})
    assert told(sim, "disperse_group")
    assert sim.call("POST", "/v3.0/oa/group/message", json=message).json()["error"] == -237
    foreign = {"recipient": {"group_id": "khong-co"}, "message": {"text": "x"}}
    foreign["recipient"]["group_id"] = "abc"
    assert sim.call("POST", "/v3.0/oa/group/message", json=foreign).json()["error"] == -403
    assert [row[5] for row in sim.sim("history?limit=1")["groups"]] == [1]


def test_calls_and_leaving(sim: Simulator) -> None:
    who = {"oa_id": OAS[0], "citizen": "hoa"}
    for name in ("user_call_oa", "oa_call_user", "oa_send_consent", "user_reply_consent"):
        sim.sim("call", who | {"name": name, "phone": "84900000002"})
        assert told(sim, name)["phone"] == "84900000002"
    sim.sim("withdraw", who)
    assert told(sim, "user_withdraw")["user_id"] == sim.user("hoa")
    sim.sim("revoke", {"oa_id": OAS[0]})
    assert told(sim, "permission_revoked")["oa_id"] == OAS[0]
    assert sim.call("GET", "/v2.0/oa/getoa").json()["error"] == -216


def test_guards_stand_in_their_order(sim: Simulator) -> None:
    """Each guard hides those behind it: token, state, permission, rate, verification, body."""
    broken: dict[str, Any] = {"data": "{}"}

    def answer() -> int:
        return int(sim.call("POST", "/v3.0/oa/message/cs", **broken).json()["error"])

    def switch(**more: Any) -> None:
        sim.sim("oas", {"oa_id": OAS[0], **more})

    try:
        switch(state=-219, refusals={"/v3.0/oa/message": -223}, rate_per_second=0)
        good, sim.tokens[OAS[0]] = sim.tokens[OAS[0]], "wrong"
        assert answer() == -216
        sim.tokens[OAS[0]] = good
        assert answer() == -219
        switch(state=0)
        assert answer() == -223
        switch(refusals={"/v3.0/oa/message": -221})
        assert answer() == -32
        sim.sim("faults", {"rate_answer": 429})
        assert sim.call("POST", "/v3.0/oa/message/cs", **broken).status_code == 429
        switch(rate_per_second=None)
        assert answer() == -221
        switch(refusals={})
        assert answer() == -201
    finally:
        switch(state=0, refusals={}, rate_per_second=None)


def test_the_proof_is_demanded_where_the_console_says_so(sim: Simulator) -> None:
    sim.sim("faults", {"require_proof": True})
    assert sim.call("GET", "/v2.0/oa/getoa").json()["error"] == -242
    proof = hmac.new(APP_SECRET.encode(), sim.tokens[OAS[0]].encode(), hashlib.sha256).hexdigest()
    assert sim.call("GET", "/v2.0/oa/getoa", headers={"appsecret_proof": proof}).json()["error"] == 0


def test_short_lives_and_more_keys_of_a_pair(sim: Simulator) -> None:
    sim.sim("faults", {"access_life_s": 60, "oauth_refresh_expires": True, "oauth_numeric_expires": True})
    pair = sim.sim("grant", {"oa_id": OAS[0]})
    assert (pair["expires_in"], pair["refresh_token_expires_in"]) == (60, 7_776_000)


def test_allowances_are_used_in_order(sim: Simulator) -> None:
    user = sim.say("x", citizen="hoa")["user_id"]
    sim.sim("clock", {"advance_s": 3 * 86_400})
    sim.grant()
    sim.sim("oas", {"oa_id": OAS[0], "sub_quota_total": 0, "purchase_quota": 1, "reward_quota": 1, "zca": 1})
    paid = [sim.cs(user, {"text": "a"}) for _ in range(4)]
    kinds = [answer.get("data", {}).get("quota", {}).get("quota_type") for answer in paid[:3]]
    assert kinds == ["purchase_quota", "reward_quota", None] and paid[2]["error"] == 0
    assert paid[3]["error"] == -321
    sim.sim("oas", {"oa_id": OAS[0], "zca": -1})
    assert sim.cs(user, {"text": "a"})["error"] == -320
    sim.sim("oas", {"oa_id": OAS[0], "sub_quota_total": 2000, "zca": None})


@pytest.mark.parametrize("fault", ["answer_html", "answer_half_json", "answer_gzip_unmarked"])
def test_answers_that_are_no_answer(sim: Simulator, fault: str) -> None:
    user = sim.say()["user_id"]
    sim.sim("faults", {fault: 1})
    body = {"recipient": {"user_id": user}, "message": {"text": fault}}
    answer = sim.call("POST", "/v3.0/oa/message/cs", json=body)
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    if fault == "answer_gzip_unmarked":
        assert json.loads(gzip.decompress(answer.content))["error"] == 0
    row = [row for row in sim.sim("ledger")["seen"] if row["text"] == fault][0]
    assert row["answered"] is False


def test_a_packed_and_a_late_answer_are_answers(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    sim.sim("faults", {"answer_gzip": 1, "answer_late": 1, "late_s": 0.4})
    started = time.monotonic()
    assert sim.cs(user, {"text": "trễ"})["error"] == 0
    assert time.monotonic() - started >= 0.4


def test_an_answer_about_somebody_else(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    sim.sim("faults", {"answer_foreign": 1})
    data = sim.cs(user, {"text": "lạ"})["data"]
    assert data["user_id"] != user
    own = [row for row in sim.sim("ledger")["seen"] if row["text"] == "lạ"][0]
    assert own["message_id"] != data["message_id"] and own["answered"] is False


def test_odd_events(sim: Simulator) -> None:
    sim.sim("faults", {"number_strings": 1, "missing_keys": 1, "unknown_event": 1, "timestamp_header": True})
    sim.sim("send", {"oa_id": OAS[0], "citizen": "dung", "kind": "location", "latitude": 10.5, "longitude": 106.5})
    body = told(sim, "user_send_location")
    assert body["message"]["attachments"][0]["payload"]["coordinates"] == {"latitude": 10.5, "longitude": 106.5}
    assert "user_id_by_app" not in body
    strange = sim.wait(lambda: sim.portal.named("user_did_something_new"))[0]
    assert strange["headers"]["X-ZEvent-Timestamp"] == strange["body"]["timestamp"]
    sim.sim("faults", {"huge_text": 1})
    sim.say("dài")
    assert len(told(sim, "user_send_text")["message"]["text"]) > 60_000


@pytest.mark.parametrize(("kind", "event"), [("gif", "user_send_gif"), ("business_card", "user_send_business_card")])
def test_more_kinds_of_messages(sim: Simulator, kind: str, event: str) -> None:
    sim.sim("send", {"oa_id": OAS[0], "citizen": "dung", "kind": kind, "phone": "84900000009"})
    payload = told(sim, event)["message"]["attachments"][0]["payload"]
    if kind == "business_card":
        assert json.loads(payload["description"])["phone"] == "84900000009"


def test_transactions_are_closed_until_opened(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    payload = {"template_type": "transaction_event", "elements": [], "language": "VI"}
    body = {"recipient": {"user_id": user}, "message": {"attachment": {"type": "template", "payload": payload}}}
    closed = sim.call("POST", "/v3.0/oa/message/transaction", json=body).json()
    assert closed["error"] == -233
    sim.sim("oas", {"oa_id": OAS[0], "transactions": 0})
    assert sim.call("POST", "/v3.0/oa/message/transaction", json=body).json()["error"] == 0
    sim.sim("oas", {"oa_id": OAS[0], "transactions": -233})


def test_people_are_found_by_the_day_they_wrote(sim: Simulator) -> None:
    sim.say()

    def total(**data: Any) -> Any:
        query = {"params": {"data": json.dumps({"offset": 0, "count": 50, **data})}}
        return sim.call("GET", "/v3.0/oa/user/getlist", **query).json()

    assert total(last_interaction_period="TODAY")["data"]["total"] >= 1
    assert total(last_interaction_period="2020_01_01:2020_01_31")["data"]["total"] == 0
    assert total(last_interaction_period="2020")["error"] == -201
    assert total(count=51)["error"] == -210


def test_the_witness_tells_every_delivery_in_pages(sim: Simulator) -> None:
    since = sim.sim("history?limit=20000")["next"]
    sim.portal.answers = [500]
    sim.sim("faults", {"retry_steps": [0.05, 0.05]})
    orders = [{"oa_id": OAS[0], "citizen": "dung", "text": f"tin {number}"} for number in range(30)]
    ids = [row["msg_id"] for row in sim.sim("batch", {"orders": orders})["sent"]]

    def delivered() -> bool:
        return {row[7] for row in sim.sim(f"history?since={since}")["sent"]} == {"delivered"}

    sim.wait(delivered)
    pages, at, rows, events = 0, since, [], []
    while True:
        page = sim.sim(f"history?since={at}&limit=8")
        rows, events, at, pages = rows + page["sent"], events + page["events"], page["next"], pages + 1
        if not page["more"]:
            break
    assert [row[1] for row in rows] == ids and pages == 4
    tries = sorted(len(event[6]) for event in events)
    assert tries == [1] * 29 + [2]
    assert sorted({status for event in events for _real, status, _ms in event[6]}) == ["200", "500"]


def test_a_batch_happens_wholly_or_not_at_all(sim: Simulator) -> None:
    orders = [
        {"oa_id": OAS[0], "citizen": "dung", "text": "một"},
        {"oa_id": OAS[0], "citizen": "nobody", "text": "hai"},
    ]
    before = sim.sim("history?limit=20000")["next"]
    answer = sim.http.post(f"{sim.url}/sim/batch", json={"orders": orders}, timeout=10)
    assert answer.status_code == 400
    assert sim.sim(f"history?since={before}")["sent"] == []

"""Faults on purpose, and the ledger that must stay exact through all of them."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import pytest
import requests

from tests.simulator.conftest import OAS, Simulator

pytestmark = [pytest.mark.stack, pytest.mark.alone]


@pytest.fixture
def sim(simulator: Simulator) -> Simulator:
    simulator.grant()
    return simulator


def attempt(sim: Simulator, user: str, text: str, patience: float = 10) -> str:
    """What a client sees of one send."""
    try:
        answer = sim.call(
            "POST",
            "/v3.0/oa/message/cs",
            timeout=patience,
            json={"recipient": {"user_id": user}, "message": {"text": text}},
        )
    except requests.Timeout:
        return "timeout"
    except requests.ConnectionError:
        return "closed"
    return "ok" if answer.status_code == 200 and answer.json()["error"] == 0 else str(answer.status_code)


def seen(sim: Simulator) -> list[str]:
    return [entry["text"] for entry in sim.sim("ledger")["seen"]]


@pytest.mark.parametrize(("mode", "outcome"), [("hold", "timeout"), ("close", "closed")])
def test_lost_answer_is_still_a_message(sim: Simulator, mode: str, outcome: str) -> None:
    user = sim.say()["user_id"]
    sim.sim("faults", {"timeout_after_accept": 1, "timeout_mode": mode})
    assert attempt(sim, user, "mất trả lời", patience=0.5 if mode == "hold" else 10) == outcome
    entry = sim.sim("ledger")["seen"][0]
    assert entry["text"] == "mất trả lời" and entry["answered"] is False
    echo = sim.wait(lambda: sim.portal.named("oa_send_text"))[0]["body"]
    assert echo["message"]["msg_id"] == entry["message_id"]
    assert sim.history(user)["data"][0]["message_id"] == entry["message_id"]


@pytest.mark.parametrize(("fault", "outcome"), [("http_500", "500"), ("reset", "closed")])
def test_refused_before_accept_leaves_nothing(sim: Simulator, fault: str, outcome: str) -> None:
    user = sim.say()["user_id"]
    sim.sim("faults", {fault: 1})
    assert attempt(sim, user, "không tới") == outcome
    sim.sim("faults", {})
    assert seen(sim) == [] and sim.portal.named("oa_send_text") == []
    assert attempt(sim, user, "tới") == "ok"


def test_business_faults(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    for fault, code in (("rate_-32", -32), ("token_-216", -216)):
        sim.sim("faults", {fault: 1, "max": {fault: 1}})
        assert [sim.cs(user, {"text": "a"})["error"] for _ in range(2)] == [code, 0]


def test_ledger_counts_exactly_what_was_accepted(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    mix = {"timeout_after_accept": 0.2, "http_500": 0.2, "reset": 0.2, "seed": 7, "timeout_mode": "close"}
    outcomes = []
    for _ in range(2):
        sim.sim("faults", mix)
        outcomes.append([attempt(sim, user, f"tin {number}") for number in range(40)])
    assert outcomes[0] == outcomes[1], "the same seed must bring the same faults"
    hits = sim.sim("faults")["hits"]
    ledger = sim.sim("ledger")["seen"]
    lost = [entry for entry in ledger if not entry["answered"]]
    assert len(lost) == 2 * hits["timeout_after_accept"]
    assert len(ledger) - len(lost) == outcomes[0].count("ok") + outcomes[1].count("ok")
    assert len({entry["message_id"] for entry in ledger}) == len(ledger)


def test_duplicate_is_delivered_twice_and_counted_once(sim: Simulator) -> None:
    sim.sim("faults", {"duplicate": 1})
    sim.say()
    twice = sim.wait(lambda: len(got := sim.portal.named("user_send_text")) == 2 and got)
    assert twice[0]["raw"] == twice[1]["raw"]
    assert len(sim.sim("ledger")["received"]) == 1


def test_reorder_lets_the_next_event_overtake(sim: Simulator) -> None:
    sim.sim("faults", {"reorder": 1, "max": {"reorder": 1}, "reorder_ms": [2000, 2000]})
    for text in ("một", "hai"):
        sim.say(text)
    got = sim.wait(lambda: len(got := sim.portal.named("user_send_text")) == 2 and got)
    assert [event["body"]["message"]["text"] for event in got] == ["hai", "một"]
    assert got[0]["body"]["timestamp"] >= got[1]["body"]["timestamp"]


def test_delay_and_serial(sim: Simulator) -> None:
    sim.sim("faults", {"delay_ms": [200, 200], "serial": True})
    started = time.monotonic()
    for text in ("một", "hai", "ba"):
        sim.say(text)
    got = sim.wait(lambda: len(got := sim.portal.named("user_send_text")) == 3 and got)
    assert time.monotonic() - started >= 0.6
    assert [event["body"]["message"]["text"] for event in got] == ["một", "hai", "ba"]


def test_echo_can_be_dropped(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    for switch in ({"drop_echo": 1}, {"echo": False}):
        sim.sim("faults", switch)
        assert sim.cs(user, {"text": "không vọng"})["error"] == 0
    sim.wait(lambda: len(sim.portal.named("user_received_message")) == 2)
    assert sim.portal.named("oa_send_text") == []


def test_wrong_signature(sim: Simulator) -> None:
    sim.sim("faults", {"wrong_signature": 1, "max": {"wrong_signature": 1}, "retry_steps": [0.05]})
    sim.portal.answers = [401]
    sim.say()
    got = sim.wait(lambda: len(got := sim.portal.named("user_send_text")) == 2 and got)
    assert got[0]["headers"]["X-ZEvent-Signature"] != got[1]["headers"]["X-ZEvent-Signature"]


@pytest.mark.parametrize(
    "bad", [{"nope": 1}, {"reset": 2}, {"reset": "x"}, {"delay_ms": [1]}, {"echo": 1}, {"hold_s": "x"}]
)
def test_bad_switches_are_named(sim: Simulator, bad: dict[str, Any]) -> None:
    answer = sim.http.post(f"{sim.url}/sim/faults", json=bad, timeout=5)
    assert answer.status_code == 400 and next(iter(bad)) in answer.json()["error"]


def test_ledger_of_20000_is_complete_and_fast(sim: Simulator) -> None:
    user = sim.say()["user_id"]
    sim.stop()
    rows = [(f"{n:020x}", OAS[0], user, n % 2, f"tin {n}") for n in range(20_000)]
    db = sqlite3.connect(sim.directory / "simulator.sqlite3")
    with db:
        db.executemany(
            "INSERT INTO messages(msg_id, oa_id, user_id, citizen, src, type, text, at, real)"
            " VALUES(?,?,?,'dung',?,'text',?,1795230000000,1)",
            rows,
        )
    db.close()
    sim.start()
    started = time.monotonic()
    ledger = sim.sim("ledger")
    took = time.monotonic() - started
    assert len(ledger["received"]) == 10_001 and len(ledger["seen"]) == 10_000
    assert took < 5
    tail = sim.sim(f"ledger?since={ledger['last_seq'] - 10}")
    assert len(tail["received"]) + len(tail["seen"]) == 10
    assert sim.sim(f"ledger?oa_id={OAS[1]}")["received"] == []

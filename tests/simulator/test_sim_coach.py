"""The twelve exercises: what the citizens send, what they answer, what the machine sees of the officer's work."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.simulator.conftest import APP, OAS, ROOT, Simulator
from zalopolice.simulator.cases import QUIET, REPLIED
from zalopolice.simulator.scenario_file import load

CASES = {case.key: case for case in load(Path("tap-huan")).cases}
LOP = "2720105559870000012"
OFFICERS_WORDS = {"reply_office", "reply_place", "reply_received", "reply_safe"}
CHOICES = {
    f"choice_{name}" for name in ("officer", "tip", "appointment", "hotline", "lookup_id_result", "wanted_missing")
}
# Each part of a procedure comes with "Theo bản …" below it.
ASKED_ON = "costs fee_lines forms full hours law open papers part place steps time who amount"
PARTS = (
    CHOICES
    | {f"procedure_{name}" for name in ASKED_ON.split()}
    | {"moment", "after_hours", "day", "contact_line", "choice_duty_desk", "next_forms", "next_full", "next_officer"}
    | {"translation_lags", "translation_missing", "contact_call"}
)


@pytest.fixture
def training(simulator: Simulator) -> Simulator:
    """The same simulator with a training account beside the others."""
    path = simulator.directory / "config.json"
    config = json.loads(path.read_text())
    config["oas"].append({"oa_id": LOP, "name": "Đơn vị tập huấn", "app_id": APP, "training": True})
    simulator.stop()
    path.write_text(json.dumps(config))
    simulator.start()
    simulator.grant(LOP)
    return simulator


def press(sim: Simulator, act: str, key: str, **more: object) -> str:
    answer = sim.http.post(f"{sim.url}/coach", data={act: key, **more}, timeout=10)
    assert answer.ok, answer.text
    return answer.text


def card(sim: Simulator, key: str) -> str:
    found = re.search(rf'<section id="{key}">.*?</section>', sim.http.get(f"{sim.url}/coach", timeout=10).text, re.S)
    assert found
    return found[0]


def texts(sim: Simulator) -> list[str]:
    return [row["text"] for row in sim.sim("ledger")["received"]]


def citizen(sim: Simulator) -> str:
    return str(sim.sim("ledger")["received"][0]["user_id"])


def test_there_are_twelve_cases_each_with_steps_and_a_word_of_the_coach():
    assert len(CASES) == 12
    for case in CASES.values():
        assert len(case.steps) >= 3 and len(case.coach) > 60 and case.within > 0, case.key
        assert case.answers or case.key in ("tin-trung", "dung-nhan"), case.key


def test_a_case_begins_with_its_citizens_and_only_at_the_training_account(training):
    press(training, "start", "mat-xe")
    rows = training.wait(lambda: [row for row in training.sim("ledger")["received"] if row["type"] == "image"], 15)

    assert {row["oa_id"] for row in training.sim("ledger")["received"]} == {LOP}
    assert texts(training)[0].startswith("Báo công an, xe máy nhà tôi") and rows
    assert "Đang làm" in card(training, "mat-xe") and "Chưa làm" in card(training, "bao-luc")


def test_the_citizen_answers_the_officer_once_and_never_the_machine(training):
    press(training, "start", "mo-ho")
    user = citizen(training)
    training.cs(user, {"text": "Công an đã tiếp nhận tin của bạn. Mã tin: K7M-2Q. Bạn ở đâu"}, LOP)
    training.cs(user, {"text": "Việc này xảy ra Ở ĐÂU vậy bạn?"}, LOP)

    training.wait(lambda: len(texts(training)) == 2, 15)
    assert texts(training)[1] == CASES["mo-ho"].answers[0].says
    training.cs(user, {"text": "Bạn nói cụ thể hơn giúp"}, LOP)
    with pytest.raises(AssertionError):
        training.wait(lambda: len(texts(training)) > 2, 7)
    assert "máy đã thấy" in card(training, "mo-ho")


def test_what_only_the_machine_wrote_is_no_work_of_the_officer(training):
    press(training, "start", "mo-ho")
    training.cs(citizen(training), {"text": "Mã tin: K7M-2Q. Bạn ở đâu, việc gì"}, LOP)

    assert "máy chưa thấy" in card(training, "mo-ho") and "máy đã thấy" not in card(training, "mo-ho")


def test_steps_nobody_can_see_are_ticked_by_hand_and_kept(training):
    press(training, "start", "mat-xe")
    assert "checked" not in card(training, "mat-xe")

    press(training, "tick", "mat-xe", step=[0, 3])

    assert card(training, "mat-xe").count("checked") == 2
    press(training, "start", "mat-xe")
    assert "checked" not in card(training, "mat-xe")
    press(training, "end", "mat-xe")
    assert "Chưa làm" in card(training, "mat-xe")


def test_all_three_reporters_must_be_answered(training):
    press(training, "start", "tin-trung")
    training.wait(lambda: len(texts(training)) == 3, 25)
    users = [row["user_id"] for row in training.sim("ledger")["received"]]
    assert len(set(users)) == 3 and [step.check for step in CASES["tin-trung"].steps].count(REPLIED) == 1

    for user in users[:2]:
        training.cs(user, {"text": "Cảm ơn, công an đã nhận"}, LOP)
    assert "máy đã thấy" not in card(training, "tin-trung")
    training.cs(users[2], {"text": "Cảm ơn, công an đã nhận"}, LOP)
    assert "máy đã thấy" in card(training, "tin-trung")


def test_the_page_says_that_it_is_an_exercise_and_runs_nothing_for_others(training, simulator):
    page = training.http.get(f"{training.url}/coach", timeout=10).text
    assert "TẬP HUẤN – không phải tin thật" in page and page.count("<section") == 12

    foreign = training.http.post(
        f"{training.url}/coach", data={"start": "chay"}, headers={"Sec-Fetch-Site": "cross-site"}, timeout=10
    )
    assert foreign.status_code == 403 and texts(training) == []
    assert training.http.post(f"{training.url}/coach", data={"start": "x"}, timeout=10).status_code == 404
    accounts = {oa["oa_id"]: oa["training"] for oa in training.sim("state")["oas"]}
    assert accounts == {LOP: True, **dict.fromkeys(OAS, False)}


def test_without_a_training_account_nothing_is_written_to_a_real_one(simulator):
    simulator.grant()
    press(simulator, "start", "chay")

    assert texts(simulator) == []
    assert "make_training_unit" in simulator.http.get(f"{simulator.url}/coach", timeout=10).text


def test_the_machines_answers_are_told_from_an_officers():
    """Every answer the portal writes by itself has one of the words that tap-huan.yaml knows it by."""
    known = load(Path("tap-huan")).automatic
    taken = {
        path.stem
        for path in (ROOT / "templates" / "zalo").glob("*.txt")
        if any(words in path.read_text(encoding="utf-8") for words in known)
    }
    every = {path.stem for path in (ROOT / "templates" / "zalo").glob("*.txt")}

    assert every - taken - OFFICERS_WORDS - PARTS == set()
    assert taken & OFFICERS_WORDS == set()


def test_silence_is_asked_where_somebody_said_stop():
    assert [step.check for step in CASES["dung-nhan"].steps].count(QUIET) == 1

"""OAuth v4 as the Zalo page has it (section 1)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.simulator.conftest import APP, CALLBACK, OAS, Simulator
from zalopolice.simulator.oauth import challenge_of

VERIFIER = "Zk3uYtq0oXb8sN2rVw5cLm7pHg4dJf6aQe9RiT1yUxE"


def exchange(simulator: Simulator, **form: str) -> Any:
    return simulator.token(grant_type="authorization_code", **form)


def refresh(simulator: Simulator, token: str) -> Any:
    return simulator.token(grant_type="refresh_token", refresh_token=token)


def profile(simulator: Simulator, token: str) -> Any:
    return simulator.call("GET", "/v2.0/oa/getoa", headers={"access_token": token}).json()


def test_challenge_vector() -> None:
    assert challenge_of(VERIFIER) == "4-_TUyIXS16rEAWVsbYcY75LE0NFVsxwElT2MxzOhuY"


def test_page_names_app_and_accounts(simulator: Simulator) -> None:
    query = {"app_id": APP, "redirect_uri": CALLBACK, "state": "x"}
    page = requests.get(f"{simulator.url}/oauth/v4/oa/permission", params=query, timeout=10)
    assert page.status_code == 200
    assert "Cổng Công an xã" in page.text and "Công an xã Hòa Lạc" in page.text and "Cho phép" in page.text


@pytest.mark.parametrize(
    ("change", "code"), [({"redirect_uri": CALLBACK + "/"}, "-14003"), ({"app_id": "1"}, "-14002")]
)
def test_refusals_end_on_a_page_of_zalo(simulator: Simulator, change: dict[str, str], code: str) -> None:
    query = {"app_id": APP, "redirect_uri": CALLBACK} | change
    page = requests.get(f"{simulator.url}/oauth/v4/oa/permission", params=query, timeout=10)
    assert f"error_code={code}" in page.url and code in page.text
    assert page.url.startswith(simulator.url)


def test_code_for_a_pair(simulator: Simulator) -> None:
    back = simulator.consent(verifier=VERIFIER, state="a b&c")
    assert back["oa_id"] == OAS[0] and back["state"] == "a b&c"
    pair = exchange(simulator, code=back["code"], code_verifier=VERIFIER)
    assert set(pair) == {"access_token", "refresh_token", "expires_in"}
    assert pair["expires_in"] == "90000"
    assert profile(simulator, pair["access_token"])["data"]["oa_id"] == OAS[0]
    again = exchange(simulator, code=back["code"], code_verifier=VERIFIER)
    assert again["error"] == -14005 and "message" not in again


def test_machine_may_post_the_choice_to_the_address_itself(simulator: Simulator) -> None:
    address = f"{simulator.url}/oauth/v4/oa/permission"
    query = {"app_id": APP, "redirect_uri": CALLBACK, "code_challenge": challenge_of(VERIFIER), "state": "s"}
    answer = requests.post(address, params=query, data={"oa_id": OAS[1]}, timeout=10, allow_redirects=False)
    assert (
        answer.headers["location"].startswith(f"{CALLBACK}?code=") and f"oa_id={OAS[1]}" in answer.headers["location"]
    )
    unknown = requests.post(address, params=query, data={"oa_id": "1"}, timeout=10, allow_redirects=False)
    assert unknown.status_code == 400


def test_code_lives_ten_minutes(simulator: Simulator) -> None:
    code = simulator.consent()["code"]
    simulator.sim("clock", {"advance_s": 601})
    assert exchange(simulator, code=code)["error"] == -14005


def test_verifier_is_checked_only_with_a_challenge(simulator: Simulator) -> None:
    assert exchange(simulator, code=simulator.consent(verifier=VERIFIER)["code"])["error"] == -14005
    code = simulator.consent(verifier=VERIFIER)["code"]
    assert exchange(simulator, code=code, code_verifier="wrong")["error"] == -14005
    assert "access_token" in exchange(simulator, code=simulator.consent()["code"])


def test_secret_encoding_and_grant_type(simulator: Simulator) -> None:
    code = simulator.consent()["code"]
    wrong = simulator.token(secret="nope", grant_type="authorization_code", code=code)
    assert wrong["error"] == -14004 and set(wrong) >= {"error_name", "error_description"} and "message" not in wrong
    assert simulator.token(grant_type="password")["error"] == -14018
    address = f"{simulator.url}/oauth/v4/oa/access_token"
    body = {"app_id": APP, "grant_type": "authorization_code", "code": code}
    as_json = requests.post(address, json=body, headers={"secret_key": "appSecretDemo456"}, timeout=10).json()
    assert as_json["error"] == -14018
    assert "access_token" in exchange(simulator, code=code)


def test_refresh_works_once_and_kills_the_old_pair(simulator: Simulator) -> None:
    first = exchange(simulator, code=simulator.consent()["code"])
    second = refresh(simulator, first["refresh_token"])
    assert profile(simulator, first["access_token"])["error"] == -216
    assert profile(simulator, second["access_token"])["error"] == 0
    assert refresh(simulator, first["refresh_token"])["error"] == -14014
    assert profile(simulator, second["access_token"])["error"] == 0
    counted = simulator.sim("ledger")["refreshes"]
    assert [(entry["oa_id"], entry["ok"], entry["error"]) for entry in counted] == [
        (OAS[0], True, 0),
        (OAS[0], False, -14014),
    ]


def test_access_expires_after_25_hours_refresh_after_three_months(simulator: Simulator) -> None:
    pair = exchange(simulator, code=simulator.consent()["code"])
    simulator.sim("clock", {"advance_s": 89_990})
    assert profile(simulator, pair["access_token"])["error"] == 0
    simulator.sim("clock", {"advance_s": 11})
    expired = profile(simulator, pair["access_token"])
    assert expired["error"] == -216 and "expired" in expired["message"]
    simulator.sim("clock", {"advance_s": 7_776_000})
    assert refresh(simulator, pair["refresh_token"])["error"] == -14014


def test_expire_now_touches_one_account(simulator: Simulator) -> None:
    for oa_id in OAS[:2]:
        simulator.grant(oa_id)
    simulator.sim("tokens/expire", {"oa_id": OAS[0]})
    assert profile(simulator, simulator.tokens[OAS[0]])["error"] == -216
    assert profile(simulator, simulator.tokens[OAS[1]])["error"] == 0


def test_faults_of_the_token_endpoint(simulator: Simulator) -> None:
    pair = exchange(simulator, code=simulator.consent()["code"])
    simulator.sim("faults", {"oauth_no_refresh_token": 1, "oauth_numeric_expires": True})
    answer = refresh(simulator, pair["refresh_token"])
    assert answer["expires_in"] == 90000 and "refresh_token" not in answer
    simulator.sim("faults", {"oauth_timeout_after_accept": 1, "timeout_mode": "close"})
    with pytest.raises(requests.ConnectionError):
        refresh(simulator, pair["refresh_token"])
    simulator.sim("faults", {})
    assert refresh(simulator, pair["refresh_token"])["error"] == -14014

"""Scenario files: what is drawn, what is refused, what is sent."""

from __future__ import annotations

import hashlib
import itertools
import signal
import subprocess
import sys
import tracemalloc
import unicodedata
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.simulator.conftest import OAS, ROOT, Simulator
from zalopolice.simulator.scenario_events import happenings, name_of
from zalopolice.simulator.scenario_file import FOLDER, Scenario, load
from zalopolice.simulator.scenario_values import ScenarioError
from zalopolice.simulator.scenario_words import places, spelt

DAY = 86_400
YEAR_IN_WEEKS = 365 / 7
SMALL = {
    "name": "Nhỏ", "seed": 7, "start": "2026-11-23T08:00:00+07:00", "length": "2h", "place": "xa",
    "people": 5, "groups": 1, "accounts": {"xa": OAS[0]},
    "rates": [
        {"kind": kind, "account": "xa", "per_week": 1500}
        for kind in ("procedure", "tip", "group", "call", "sticker", "voice", "follow")
    ],
    "moments": [{"at": "10m", "account": "xa", "who": "Hồ Thị Bé", "send": {"text": "Mất bò"}}],
}  # fmt: skip


def written(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "nho.yaml"
    path.write_text(yaml.safe_dump(SMALL | changes, allow_unicode=True), encoding="utf-8")
    return path


def digest(scenario: Scenario, seed: int | None = None) -> str:
    found = hashlib.sha256()
    for happening in happenings(scenario, seed):
        found.update(happening.line())
    return found.hexdigest()


@pytest.mark.parametrize("name", ["mot-ngay-o-xa", "mot-dem-truc", "tap-huan"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(name):
    scenario = load(Path(name))

    assert digest(scenario) == digest(load(Path(name)))
    if scenario.rates:
        assert digest(scenario) != digest(scenario, seed=scenario.seed + 1)


def test_all_that_come_along_can_be_read_and_stay_in_their_time():
    for path in FOLDER.glob("*.yaml"):
        scenario = load(path)
        ends = scenario.seconds * 1000
        assert all(0 <= one.at_ms <= ends for one in itertools.islice(happenings(scenario), 2000)), path.name


def test_a_year_of_a_district_has_the_size_of_the_deployment():
    """Tân Phú (mission.md): 18 accounts, 157,200 followers, 216,798 procedure messages, 1,230 tips."""
    scenario = load(Path("mot-nam-o-huyen"))
    assert (len(set(scenario.accounts.values())), scenario.people) == (18, 157_200)
    expected: Counter[str] = Counter()
    for rate in scenario.rates:
        expected[rate.kind] += sum(rate.by_hour) * YEAR_IN_WEEKS

    assert expected["procedure"] == pytest.approx(216_798, rel=0.001)
    assert expected["tip"] == pytest.approx(1_230, rel=0.001)
    assert expected["follow"] == pytest.approx(157_200, rel=0.001)
    found = Counter((one.kind, one.account) for one in happenings(scenario))
    counted: Counter[str] = Counter()
    for (kind, _account), number in found.items():
        counted[kind] += number
    asked = [found["procedure", role] for role in scenario.accounts]
    assert max(asked) < 1.05 * min(asked)  # each its equal part
    for kind, number in expected.items():
        assert abs(counted[kind] - number) < 4 * number**0.5, kind


def test_half_a_year_of_a_province_with_groups_has_the_size_of_the_deployment():
    """Long An (mission.md): 301 groups, some 10,100 members, about 1,800 tips in six months."""
    scenario = load(Path("nua-nam-o-tinh-nhieu-nhom"))
    found = list(happenings(scenario))
    groups = {order["group"] for one in found if one.kind == "group" for order in one.orders}

    assert (len(groups), scenario.people) == (301, 10_100)
    assert scenario.groups * scenario.members == pytest.approx(10_100, rel=0.02)
    assert sum(one.kind == "tip" for one in found) == pytest.approx(1800, rel=0.1)


def test_a_month_of_a_city_is_spread_over_its_fifteen_accounts():
    """Hà Tĩnh (mission.md): 15 accounts, one for each ward or commune, mostly questions on procedures."""
    scenario = load(Path("mot-thang-o-thanh-pho"))
    found = Counter((one.kind, one.account) for one in happenings(scenario))

    assert len(set(scenario.accounts.values())) == 15
    assert all(found["procedure", role] > 300 > found["tip", role] for role in scenario.accounts)


def test_two_months_of_a_ward_have_the_size_of_the_deployment():
    """Trần Hưng Đạo, Phủ Lý (mission.md): 1,000 followers in two months, groups of 30 and of 50, visits are booked."""
    scenario = load(Path("hai-thang-o-phuong"))
    found = list(happenings(scenario))
    counted = Counter(one.kind for one in found)
    groups = {order["group"] for one in found if one.kind == "group" for order in one.orders}
    followers = {one.who for one in found if one.kind == "follow"}

    assert len(followers) == pytest.approx(1000, rel=0.1) and counted["appointment"] > 150
    assert (len(groups), scenario.groups * scenario.members) == (2, 80)


def test_a_day_of_a_commune_has_a_group_for_each_village():
    """Đại Hồng (mission.md): some 500 followers, groups with ten village committees."""
    scenario = load(Path("mot-ngay-o-xa"))
    found = [one for one in happenings(scenario) if one.kind == "group"]

    assert (scenario.people, len({order["group"] for one in found for order in one.orders})) == (500, 10)


def test_it_is_drawn_as_it_is_asked_for():
    """The first thousand of a year cost no more memory than the next ten thousand leave behind."""
    stream = happenings(load(Path("mot-nam-o-huyen")))
    tracemalloc.start()
    for _ in itertools.islice(stream, 1000):
        pass
    early = tracemalloc.get_traced_memory()[0]
    for _ in itertools.islice(stream, 10_000):
        pass
    late = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert late - early < 200_000


def test_the_night_is_quieter_than_the_morning():
    day = Counter(one.at_ms // 3_600_000 for one in happenings(load(Path("mot-ngay-o-xa"))) if one.kind == "procedure")

    assert sum(day[hour] for hour in range(1, 5)) == 0 < sum(day[hour] for hour in range(7, 11))


def test_people_write_as_on_a_telephone():
    texts = [
        str(order.get("text", ""))
        for place in places()
        for one in happenings(replace(load(Path("mot-ngay-o-xa")), place=place, seconds=20 * DAY))
        for order in one.orders
    ]

    assert any(text.isascii() and " cong " in text for text in texts)  # without accents
    assert any(text != unicodedata.normalize("NFC", text) for text in texts)
    assert any(text.isupper() for text in texts)
    assert any(" ko" in text for text in texts)
    assert not any("{" in text for text in texts)  # every gap was filled
    assert spelt("Anh chị có biết không ạ", "teencode") == "ac có bít ko ạ"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"seed": "bảy"}, "nho.yaml.seed: a whole number"),
        ({"length": "một ngày"}, "nho.yaml.length: a length such as"),
        ({"start": "hôm nay"}, "nho.yaml.start: a moment"),
        ({"place": "tỉnh"}, "nho.yaml.place: one of huyen, phuong, xa"),
        ({"hours": 3}, "nho.yaml.hours: no such key"),
        ({"groups": 0}, "nho.yaml.groups: needed"),
        ({"accounts": {"all": OAS[0]}}, "nho.yaml.accounts.all: means all of them"),
        ({"rates": [{"kind": "tip", "account": "huyện", "per_week": 1}]}, "nho.yaml.rates[0].account: one of xa"),
        ({"rates": [{"kind": "tin", "account": "xa", "per_week": 1}]}, "nho.yaml.rates[0].kind: one of"),
        ({"rates": [{"kind": "tip", "account": "xa"}]}, "nho.yaml.rates[0].per_week: missing"),
        ({"rates": [{"kind": "tip", "account": "xa", "per_week": -1}]}, "per_week: a number from 0 on"),
        ({"rates": [{"kind": "tip", "account": "xa", "per_week": 1, "photo": 2}]}, "photo: a share"),
        ({"rates": [{"kind": "tip", "account": "xa", "per_week": 1, "hours": [1, 2]}]}, "hours: 24 numbers"),
        ({"rates": [{"kind": "tip", "account": "xa", "per_week": 1, "days": "tuần"}]}, "days: no such curve: tuần"),
        ({"moments": [{"at": "1m", "account": "xa", "who": "A"}]}, "nho.yaml.moments[0].send: missing"),
        ({"faults": [{"at": "1m", "for": "1m", "switches": []}]}, "nho.yaml.faults[0].switches: a mapping"),
        ({"cases": [{"key": "a"}]}, "nho.yaml.cases[0].who: missing"),
    ],
)
def test_a_wrong_file_is_refused_by_key(tmp_path, changes, complaint):
    with pytest.raises(ScenarioError) as refusal:
        load(written(tmp_path, **changes))

    assert complaint in str(refusal.value)


def test_what_is_no_yaml_names_the_file(tmp_path):
    path = tmp_path / "hong.yaml"
    path.write_text("a: [1, 2")

    with pytest.raises(ScenarioError, match="hong.yaml: no YAML"):
        load(path)
    with pytest.raises(ScenarioError, match="khong-co"):
        load(Path("khong-co"))


def run(path: Path, sim: Simulator, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "zalopolice.simulator.scenario", str(path), "--url", sim.url, *more]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_a_scenario_is_played_to_the_last_message_at_its_own_time(simulator, tmp_path):
    """What the simulator's ledger holds is what the file says, each at its virtual moment."""
    simulator.grant()
    path = written(tmp_path, faults=[{"at": "1h", "for": "10m", "switches": {"duplicate": 1}}])
    wanted = list(happenings(load(path)))

    played = run(path, simulator, "--speed", "0")
    said = played.communicate(timeout=120)[0]

    assert played.returncode == 0 and "Xong" in said, said
    received = simulator.sim("ledger")["received"]
    texts = [order.get("text", "") for one in wanted for order in one.orders if one.kind not in ("group", "call")]
    assert sorted(filter(None, texts)) == sorted(row["text"] for row in received if row["text"])
    assert len(received) == sum(one.messages for one in wanted)
    cow = next(row for row in received if row["text"] == "Mất bò")
    assert cow["sent_at"][:15] == "2026-11-23T08:1" and cow["citizen"].startswith("ho-thi-be")
    assert simulator.sim("faults")["duplicate"] == 0  # switched off again
    assert len([one for one in wanted if one.kind == "group"]) == len(simulator.sim("history")["groups"]) > 0


def test_whoever_stops_it_hears_how_far_it_came(simulator, tmp_path):
    simulator.grant()
    played = run(written(tmp_path), simulator, "--speed", "60")
    simulator.wait(lambda: simulator.sim("clock")["speed"] == 60, 60)  # it plays: before, nobody would answer a Ctrl-C
    played.send_signal(signal.SIGINT)
    said = played.communicate(timeout=20)[0]

    assert played.returncode == 130 and "Đã dừng ở 23/11/2026 08:0" in said, said
    assert simulator.sim("clock")["speed"] == 1


def test_a_dry_run_counts_and_sends_nothing(simulator, tmp_path):
    path = written(tmp_path)
    wanted = Counter(one.kind for one in happenings(load(path)))

    said = run(path, simulator, "--dry-run").communicate(timeout=30)[0]

    assert f"tip{wanted['tip']:>20}" in said and digest_line(path) in said
    assert simulator.sim("ledger")["received"] == []


def digest_line(path: Path) -> str:
    found = hashlib.sha256()
    for one in happenings(load(path)):
        found.update(one.line() + b"\n")
    return f"sha256 {found.hexdigest()}"


def test_an_account_the_simulator_does_not_have_is_named(simulator, tmp_path):
    played = run(written(tmp_path, accounts={"xa": "Công an xã Không Có"}), simulator)
    said = played.communicate(timeout=30)[0]

    assert played.returncode == 1 and "accounts.xa: the simulator has no OA Công an xã Không Có" in said


def test_accounts_the_simulator_lacks_are_played_on_those_it_has(simulator, tmp_path):
    """Whoever has three accounts to try with can still play a city of fifteen."""
    for oa_id in OAS:
        simulator.grant(oa_id)
    accounts = {f"xa-{number}": f"Công an xã Không Có {number}" for number in range(15)}
    rates = [{"kind": "procedure", "account": "all", "per_week": 3000}]
    path = written(tmp_path, accounts=accounts | {"xa": OAS[0]}, rates=rates)
    scenario = load(path)
    wanted = Counter(one.account for one in happenings(scenario))

    played = run(path, simulator, "--speed", "0", "--fold")
    said = played.communicate(timeout=120)[0]

    assert played.returncode == 0, said
    received = Counter(row["oa_id"] for row in simulator.sim("ledger")["received"])
    lacking = [role for role in scenario.accounts if role != "xa"]
    on = dict(zip(lacking, itertools.cycle(OAS), strict=False)) | {"xa": OAS[0]}
    expected: Counter[str] = Counter()
    for role, number in wanted.items():
        expected[on[role]] += number
    assert received == expected


def test_a_number_of_the_people_always_has_the_same_name():
    scenario = load(Path("mot-ngay-o-xa"))

    assert name_of(scenario, "17") == name_of(scenario, "17") != name_of(scenario, "18")
    assert name_of(scenario, "Hồ Thị Bé") == "Hồ Thị Bé"

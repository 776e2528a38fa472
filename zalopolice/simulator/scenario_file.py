"""Reading a scenario: a YAML file, checked before anything is sent; every complaint names the file and the key."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from . import cases as training
from .scenario_values import (
    DAYS,
    HOURS,
    Keys,
    ScenarioError,
    curves,
    each,
    mapping,
    moment_of_time,
    number,
    one_of,
    seconds,
    share,
    text,
    weights,
    whole,
    words,
    words_list,
)
from .scenario_words import places

FOLDER = Path(__file__).with_name("scenarios")
ALL = "all"
"""Instead of an account: of every one its equal part."""
KINDS = (
    *("procedure", "appointment", "tip", "emergency", "small_talk", "flood", "group"),
    *("follow", "unfollow", "sticker", "voice", "call"),
)


@dataclass(frozen=True)
class Rate:
    """So many of a kind in a week, spread over its hours and days by weights; of one account."""

    kind: str
    account: str
    per_week: float
    hours: tuple[float, ...]
    days: tuple[float, ...]
    photo: float = 0.0
    place: float = 0.0

    @property
    def by_hour(self) -> list[float]:
        """How many are to be expected in each hour of a week, from Monday on."""
        days, hours = sum(self.days), sum(self.hours)
        return [self.per_week * day / days * hour / hours for day in self.days for hour in self.hours]


@dataclass(frozen=True)
class Moment:
    """Something written by hand: an order for the simulator, or its fault switches, at a second of the scenario."""

    at: int
    account: str = ""
    who: str = ""
    order: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, Any] | None = None


@dataclass(frozen=True)
class Scenario:
    name: str
    about: str
    seed: int
    start: datetime
    seconds: int
    place: str
    people: int
    groups: int
    members: int  # of each group
    accounts: dict[str, str]
    rates: tuple[Rate, ...]
    moments: tuple[Moment, ...]
    cases: tuple[training.Case, ...] = ()
    automatic: tuple[str, ...] = ()  # words by which a portal's own answers are told from an officer's


def load(path: Path) -> Scenario:
    """The scenario of a file; a bare name is looked for among those that come with the simulator."""
    if not path.exists() and path.name == str(path):
        path = FOLDER / path.with_suffix(".yaml").name
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from None
    except (UnicodeError, yaml.YAMLError) as error:
        raise ScenarioError(f"{path.name}: no YAML ({str(error).splitlines()[0]})") from None
    return _scenario(Keys(path.name, raw))


def _scenario(keys: Keys) -> Scenario:
    accounts = keys.take("accounts", words)
    if ALL in accounts:
        raise ScenarioError(f"{keys.where}.accounts.{ALL}: means all of them, and is no name of one")
    known = keys.take("curves", curves, {})
    found = Scenario(
        name=keys.take("name", text),
        about=keys.take("about", text, ""),
        seed=keys.take("seed", whole),
        start=keys.take("start", moment_of_time),
        seconds=keys.take("length", seconds),
        place=keys.take("place", one_of(places())),
        people=keys.take("people", whole, 1),
        groups=keys.take("groups", whole, 0),
        members=keys.take("members", whole, 12),
        accounts=accounts,
        rates=tuple(chain.from_iterable(keys.take("rates", each(lambda one: _rates(one, accounts, known)), ()))),
        moments=(
            *keys.take("moments", each(lambda one: _moment(one, accounts)), ()),
            *(half for pair in keys.take("faults", each(_fault), ()) for half in pair),
        ),
        cases=keys.take("cases", each(training.case), ()),
        automatic=keys.take("automatic", words_list, ()),
    )
    keys.end()
    if any(rate.kind == "group" for rate in found.rates) and not found.groups:
        raise ScenarioError(f"{keys.where}.groups: needed for kind group")
    return found


def _rates(keys: Keys, accounts: dict[str, str], known: dict[str, tuple[float, ...]]) -> list[Rate]:
    def curve(length: int) -> Callable[[str, Any], tuple[float, ...]]:
        def check(where: str, value: Any) -> tuple[float, ...]:
            if isinstance(value, str):
                if value not in known:
                    raise ScenarioError(f"{where}: no such curve: {value}")
                value = list(known[value])
            return weights(where, value, length)

        return check

    rate = Rate(
        kind=keys.take("kind", one_of(KINDS)),
        account=keys.take("account", one_of([*accounts, ALL])),
        per_week=keys.take("per_week", number),
        hours=keys.take("hours", curve(HOURS), (1.0,) * HOURS),
        days=keys.take("days", curve(DAYS), (1.0,) * DAYS),
        photo=keys.take("photo", share, 0.0),
        place=keys.take("place", share, 0.0),
    )
    keys.end()
    roles = list(accounts) if rate.account == ALL else [rate.account]
    return [replace(rate, account=role, per_week=rate.per_week / len(roles)) for role in roles]


def _moment(keys: Keys, accounts: dict[str, str]) -> Moment:
    moment = Moment(
        at=keys.take("at", seconds),
        account=keys.take("account", one_of(accounts)),
        who=keys.take("who", text),
        order=keys.take("send", mapping),
    )
    keys.end()
    return moment


def _fault(keys: Keys) -> tuple[Moment, Moment]:
    begin, lasts = keys.take("at", seconds), keys.take("for", seconds)
    switches = keys.take("switches", mapping)
    keys.end()
    return Moment(begin, faults=switches), Moment(begin + lasts, faults={})

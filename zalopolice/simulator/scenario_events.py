"""What happens in a scenario, one thing after the other: drawn as it is asked for, so a year needs no memory.

Every rate draws from a stream of its own, so that changing one never shifts another.
"""

import heapq
import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from .clock import HANOI
from .samples import PLACES, SAMPLES
from .scenario_file import Moment, Rate, Scenario
from .scenario_values import HOURS
from .scenario_words import person, say

FLOOD = (25, 45)
ACTS = ("follow", "unfollow")
SAMPLE_KEYS = sorted(SAMPLES)


@dataclass(frozen=True, slots=True)
class Happening:
    """``who``: a number of the scenario's people, or a name written in the file; ``orders``: bodies of /sim/send, or
    with ``to`` of another address; no account: ``orders[0]`` are fault switches."""

    at_ms: int
    kind: str
    account: str
    who: str
    orders: tuple[dict[str, Any], ...]

    def line(self) -> bytes:
        """The same bytes for the same seed, today and on another machine."""
        row = [self.at_ms, self.kind, self.account, self.who, self.orders]
        return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @property
    def messages(self) -> int:
        """How many of its orders are messages of a person to the account."""
        return sum(1 for order in self.orders if "to" not in order and order.get("kind") not in ACTS and self.account)


def happenings(scenario: Scenario, seed: int | None = None) -> Iterator[Happening]:
    """In the order of time; `seed` instead of the file's."""
    base = scenario.seed if seed is None else seed
    streams = [_stream(scenario, rate, base, place) for place, rate in enumerate(scenario.rates)]
    written = sorted((_written(moment) for moment in (*scenario.moments, *_of_cases(scenario))), key=_time)
    return heapq.merge(written, *streams, key=_time)


def _time(happening: Happening) -> int:
    return happening.at_ms


def name_of(scenario: Scenario, who: str, seed: int | None = None) -> str:
    """A number of the scenario's people has a name drawn for it."""
    if not who.isdecimal():
        return who
    return person(Random(f"{scenario.seed if seed is None else seed}:person:{who}"))


def _stream(scenario: Scenario, rate: Rate, seed: int, place: int) -> Iterator[Happening]:
    """Hour by hour, each with the gaps of its own pace."""
    draw, expected = Random(f"{seed}:{place}:{rate.kind}:{rate.account}"), rate.by_hour
    people = _people(scenario, rate, draw)
    start = scenario.start.astimezone(HANOI)
    first = start.weekday() * HOURS + start.hour
    for begin in range(0, scenario.seconds, 3600):
        pace = expected[(first + begin // 3600) % len(expected)] / 3600
        at, end = float(begin), min(begin + 3600, scenario.seconds)
        while pace and (at := at + draw.expovariate(pace)) < end:
            who = next(people)
            orders = tuple(_orders(scenario, rate, draw, who))
            yield Happening(int(at * 1000), rate.kind, rate.account, str(who), orders)


def _people(scenario: Scenario, rate: Rate, draw: Random) -> Iterator[int]:
    """Who acts, one after the other. A thousand follows are a thousand followers: everybody's turn comes once."""
    if rate.kind == "follow":
        number = scenario.people
        step = draw.choice([step for step in range(1, 100) if math.gcd(step, number) == 1])
        return (turn * step % number for turn in itertools.count(draw.randrange(number)))
    number = scenario.members * scenario.groups if rate.kind == "group" else scenario.people
    return (draw.randrange(number) for _ in itertools.count())


def _orders(scenario: Scenario, rate: Rate, draw: Random, who: int) -> Iterator[dict[str, Any]]:
    kind = rate.kind
    if kind in ACTS or kind == "sticker":
        yield {"kind": kind}
    elif kind == "voice":
        yield {"kind": "audio"}
    elif kind == "call":
        yield {"to": "call", "seconds": draw.randint(8, 240)}
    elif kind == "group":
        yield {"to": "group", "group": who // scenario.members, "text": say(kind, scenario.place, draw)}
    elif kind == "flood":
        for _ in range(draw.randint(*FLOOD)):
            yield {"text": say(kind, scenario.place, draw)}
    else:
        yield {"text": say(kind, scenario.place, draw)}
    sample = draw.choice(SAMPLE_KEYS)
    if draw.random() < rate.photo:
        yield {"sample": sample}
    if draw.random() < rate.place:
        latitude, longitude = PLACES[sample]
        yield {"kind": "location", "latitude": latitude, "longitude": longitude}


def _written(moment: Moment) -> Happening:
    if moment.faults is not None:
        return Happening(moment.at * 1000, "faults", "", "", (moment.faults,))
    return Happening(moment.at * 1000, "moment", moment.account, moment.who, (moment.order,))


def _of_cases(scenario: Scenario) -> Iterator[Moment]:
    """The cases of a training file one after the other, when it is played and not coached."""
    account = next(iter(scenario.accounts))
    for case in scenario.cases:
        for line in case.lines:
            yield Moment(case.at + line.after, account, line.who, line.order)

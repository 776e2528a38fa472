"""A case of the training: what the citizen sends, what he answers to the officer, what a good officer does."""

from dataclasses import dataclass
from typing import Any

from .scenario_values import Keys, ScenarioError, each, mapping, one_of, seconds, text, words_list

BY_HAND, REPLIED, QUIET, SAID = "hand", "replied", "quiet", "said"
"""How a step is found done: ticked off by the officer, or seen in what the citizen's phone showed."""


@dataclass(frozen=True)
class Line:
    """One order of a citizen, so many seconds after the start."""

    after: int
    who: str
    order: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the citizen answers once: to words of the officer, or (no words) to whatever an officer writes."""

    to: tuple[str, ...]
    says: str


@dataclass(frozen=True)
class Step:
    text: str
    check: str = BY_HAND
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    key: str
    at: int
    title: str
    who: str
    within: int
    lines: tuple[Line, ...]
    answers: tuple[Answer, ...]
    steps: tuple[Step, ...]
    coach: str


def case(keys: Keys) -> Case:
    who = keys.take("who", text)
    found = Case(
        key=keys.take("key", text),
        at=keys.take("at", seconds),
        title=keys.take("title", text),
        who=who,
        within=keys.take("within", seconds),
        lines=keys.take("sends", each(lambda one: _line(one, who))),
        answers=keys.take("answers", each(_answer), ()),
        steps=keys.take("steps", each(_step)),
        coach=keys.take("coach", text),
    )
    keys.end()
    return found


def _line(keys: Keys, who: str) -> Line:
    line = Line(keys.take("after", seconds, 0), keys.take("who", text, who), keys.take("send", mapping))
    keys.end()
    return line


def _answer(keys: Keys) -> Answer:
    answer = Answer(keys.take("to", words_list, ()), keys.take("says", text))
    keys.end()
    return answer


def _step(keys: Keys) -> Step:
    step = Step(
        keys.take("do", text),
        keys.take("check", one_of((BY_HAND, REPLIED, QUIET, SAID)), BY_HAND),
        keys.take("words", words_list, ()),
    )
    keys.end()
    if (step.check == SAID) != bool(step.words):
        raise ScenarioError(f"{keys.where}.words: with check said, and only there")
    return step

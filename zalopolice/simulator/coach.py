"""The exercises of a training account: sends what the citizens of a case write, answers once, sees what was done.

One run of a case at a time; starting it again begins with new people, so that every thread starts empty."""

import asyncio
import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import posting
from .cases import BY_HAND, QUIET, SAID, Case, Step
from .scenario_file import Scenario, load

if TYPE_CHECKING:
    from .world import World

FILE, MEMORY = Path("tap-huan"), "coach"
ROUND_S = 1.0
ANSWERS_AFTER_S = 4.0
LONGEST_S = 24 * 3600


@dataclass(frozen=True)
class Seen:
    """How a step stands; `by_hand` steps have a box to tick."""

    step: Step
    done: bool
    by_hand: bool


class Coach:
    def __init__(self, world: "World", scenario: Scenario) -> None:
        self._world, self.scenario = world, scenario
        self.cases = {case.key: case for case in scenario.cases}

    @property
    def account(self) -> str | None:
        """The training account; real units are never written to from here."""
        return next((oa.oa_id for oa in self._world.config.oas.values() if oa.training), None)

    @property
    def runs(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self._world.state.get(MEMORY, {})
        return found

    def _keep(self, key: str, run: dict[str, Any]) -> None:
        self._world.state.put(MEMORY, self.runs | {key: run})

    # -- what the officer asks for ---------------------------------------------------------------------

    def start(self, key: str) -> None:
        case, oa_id = self.cases[key], self.account
        if oa_id is None:
            return
        names = dict.fromkeys(line.who for line in case.lines)
        people = {name: self._world.people.add(name) for name in names}
        run = {"oa_id": oa_id, "people": people, "began": time.time(), "sent": 0, "answered": False, "ticked": []}
        self._keep(key, run)
        self.play()

    def tick(self, key: str, ticked: list[int]) -> None:
        run = self.runs.get(key)
        if run is not None:
            self._keep(key, run | {"ticked": ticked})

    def end(self, key: str) -> None:
        self._world.state.put(MEMORY, {name: run for name, run in self.runs.items() if name != key})

    # -- what the citizens do --------------------------------------------------------------------------

    def play(self) -> None:
        """Whatever is due in the cases that run."""
        for key, run in self.runs.items():
            case, since = self.cases.get(key), time.time() - run["began"]
            if case is None or since > LONGEST_S or run["oa_id"] != self.account:
                continue
            before = dict(run)
            try:
                self._send(case, run, since)
                self._answer(case, run)
            finally:  # what cannot be sent is not tried again
                if run != before:
                    self._keep(key, run)

    def _send(self, case: Case, run: dict[str, Any], since: float) -> None:
        for line in sorted(case.lines, key=lambda line: line.after)[run["sent"] :]:
            if line.after > since:
                break
            run["sent"] += 1
            run["last_sent"] = time.time()
            posting.send(self._world, {"oa_id": run["oa_id"], "citizen": run["people"][line.who], **line.order})

    def _answer(self, case: Case, run: dict[str, Any]) -> None:
        """Once, to the first of the officer's messages that an answer fits; some seconds later, as people do."""
        if run["answered"] or run["sent"] < len(case.lines):
            return
        for said, at in self._officer(run, run["people"][case.who]):
            if time.time() - at < ANSWERS_AFTER_S:
                return
            for answer in case.answers:
                if not answer.to or _has(said, answer.to):
                    run["answered"] = True
                    order = {"oa_id": run["oa_id"], "citizen": run["people"][case.who], "text": answer.says}
                    posting.send(self._world, order)
                    return

    # -- what the phone shows --------------------------------------------------------------------------

    def _officer(self, run: dict[str, Any], citizen: str) -> list[tuple[str, float]]:
        """What an officer wrote to this person: all the account sent but the portal's own answers."""
        rows = self._world.state.all(
            "SELECT text, real FROM messages WHERE oa_id=? AND citizen=? AND src=0 AND real>=? ORDER BY seq",
            *(run["oa_id"], citizen, run["began"]),
        )
        return [(row["text"], row["real"]) for row in rows if not self._is_automatic(row["text"])]

    def _is_automatic(self, text: str) -> bool:
        """Letter by letter: an officer may well say "gọi ngay 113" too."""
        return any(words in text for words in self.scenario.automatic)

    def seen(self, case: Case) -> list[Seen]:
        run = self.runs.get(case.key)
        return [Seen(step, self._done(run, number, step), step.check == BY_HAND) for number, step in _numbered(case)]

    def _done(self, run: dict[str, Any] | None, number: int, step: Step) -> bool:
        if run is None:
            return False
        if step.check == BY_HAND:
            return number in run["ticked"]
        said = [self._officer(run, citizen) for citizen in run["people"].values()]
        if step.check == SAID:
            return any(_has(text, step.words) for thread in said for text, _ in thread)
        if step.check == QUIET:
            # Nothing since the last word, once the time of the case is over.
            last, case_over = run.get("last_sent", run["began"]), time.time() - run["began"] > 60
            return case_over and not any(at > last for thread in said for _, at in thread)
        return all(said)


def _numbered(case: Case) -> list[tuple[int, Step]]:
    return list(enumerate(case.steps))


def _has(text: str, words: tuple[str, ...]) -> bool:
    return any(word.casefold() in text.casefold() for word in words)


def of(world: "World") -> Coach:
    return Coach(world, _scenario())


def _scenario(read: list[Scenario] = []) -> Scenario:  # noqa: B006  (read once per process)
    if not read:
        read.append(load(FILE))
    return read[0]


async def play_for_ever(world: "World") -> None:
    """One bad order of a case must not end the exercises of all."""
    coach = of(world)
    while True:
        await asyncio.sleep(ROUND_S)
        with contextlib.suppress(ValueError, KeyError):
            coach.play()

"""`python -m zalopolice.simulator.scenario FILE`: plays a scenario on a running simulator, by its virtual clock."""

import argparse
import contextlib
import hashlib
import itertools
import json
import signal
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .clock import HANOI
from .scenario_events import Happening, happenings, name_of
from .scenario_file import Scenario, load
from .scenario_values import ScenarioError

URL = "http://127.0.0.1:8003"
BATCH, WINDOW_MS = 200, 60_000
LOOKS, SAYS_EVERY = 0.2, 5.0
# The simulator is on this machine; a proxy of the environment has nothing to say about it.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Player:
    """Sends happenings in their order; `speed` 0: as fast as they are taken, the clock jumps along.

    `fold`: accounts that the simulator lacks are played on those it has."""

    def __init__(self, url: str, scenario: Scenario, speed: float, seed: int | None, *, fold: bool = False) -> None:
        self._url, self._scenario, self._speed, self._seed = url.rstrip("/"), scenario, speed, seed
        self._fold = fold
        self._citizens: dict[str, str] = {}
        self._groups: dict[tuple[str, int], str] = {}
        self._waiting: list[dict[str, Any]] = []
        self._since = 0
        self._said = time.monotonic()
        self.counts: Counter[str] = Counter()
        self.sent, self.at_ms, self.faulty = 0, 0, False

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}/sim/{path}", data, {"Content-Type": "application/json"})
        try:
            with _direct.open(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise ScenarioError(f"/sim/{path}: {error.read().decode(errors='replace')[:200]}") from None
        except (OSError, ValueError) as error:
            raise ScenarioError(f"{self._url}: {error}") from None

    def play(self) -> None:
        self._oas = self._accounts()
        self._set_clock(0)
        for happening in happenings(self._scenario, self._seed):
            self._reach(happening.at_ms)
            self._do(happening)
            self.counts[happening.kind] += 1
            self.at_ms = happening.at_ms
            self._say()
        self._flush()
        self._reach(self._scenario.seconds * 1000)

    def _accounts(self) -> dict[str, str]:
        known = self.ask("state")["oas"]
        others = itertools.cycle([oa["oa_id"] for oa in known if not oa["training"]] if self._fold else [])
        found = {}
        for role, wanted in self._scenario.accounts.items():
            fitting = [oa["oa_id"] for oa in known if wanted in (oa["oa_id"], oa["name"])]
            on = fitting[0] if fitting else next(others, None)
            if on is None:
                advice = "" if self._fold else "; --fold plays it on another"
                raise ScenarioError(f"accounts.{role}: the simulator has no OA {wanted}{advice}")
            found[role] = on
        return found

    def quieten(self) -> None:
        """Whoever stops half-way must not leave switches on or the clock racing; where the clock stands, it stays."""
        with contextlib.suppress(ScenarioError):
            self.ask("clock", {"speed": 1})
            if self.faulty:
                self.ask("faults", {})

    # -- time ------------------------------------------------------------------------------------------

    def _set_clock(self, at_ms: int) -> None:
        moment = self._scenario.start + timedelta(milliseconds=at_ms)
        self.ask("clock", {"now": moment.isoformat(), "speed": self._speed or 1})
        self._began = time.monotonic() - at_ms / 1000 / (self._speed or 1)

    def _reach(self, at_ms: int) -> None:
        """Waits until the virtual clock is there; without a pace what belongs to one minute goes together."""
        if not self._speed:
            if self._waiting and (len(self._waiting) >= BATCH or at_ms - self._since > WINDOW_MS):
                self._flush()
            if not self._waiting and at_ms - self._since > WINDOW_MS:
                self._since = at_ms
                self._set_clock(at_ms)
            return
        while (left := at_ms / 1000 / self._speed - (time.monotonic() - self._began)) > 0:
            self._flush()
            time.sleep(min(left, LOOKS))
            self._say()

    # -- acts ------------------------------------------------------------------------------------------

    def _do(self, happening: Happening) -> None:
        if not happening.account:
            self._flush()
            self.ask("faults", happening.orders[0])
            self.faulty = bool(happening.orders[0])
            return
        oa_id = self._oas[happening.account]
        for order in happening.orders:
            if "to" in order:
                self._flush()
                self._other(oa_id, happening, dict(order))
            else:
                self._waiting.append({"oa_id": oa_id, "citizen": self._citizen(happening.who), **order})

    def _other(self, oa_id: str, happening: Happening, order: dict[str, Any]) -> None:
        path = order.pop("to")
        if path == "group":
            number = order.pop("group")
            order |= {"act": "say", "group_id": self._group(oa_id, number)}
        self.ask(path, {"oa_id": oa_id, "citizen": self._citizen(happening.who), **order})
        self.sent += 1

    def _flush(self) -> None:
        while self._waiting:
            orders, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            self.ask("batch", {"orders": orders})
            self.sent += len(orders)

    def _citizen(self, who: str) -> str:
        if who not in self._citizens:
            name = name_of(self._scenario, who, self._seed)
            self._citizens[who] = self.ask("citizens", {"name": name})["citizen"]
        return self._citizens[who]

    def _group(self, oa_id: str, number: int) -> str:
        if (oa_id, number) not in self._groups:
            first = number * self._scenario.members
            members = [self._citizen(str(who)) for who in range(first, first + self._scenario.members)]
            body = {"oa_id": oa_id, "act": "create", "name": f"Nhóm {number + 1}", "citizens": members}
            self._groups[oa_id, number] = self.ask("group", body)["group_id"]
        return self._groups[oa_id, number]

    def _say(self) -> None:
        if time.monotonic() - self._said > SAYS_EVERY:
            self._said = time.monotonic()
            print(self.progress(), flush=True)

    def progress(self) -> str:
        moment = (self._scenario.start + timedelta(milliseconds=self.at_ms)).astimezone(HANOI)
        share = self.at_ms / 10 / self._scenario.seconds
        return f"{moment:%d/%m/%Y %H:%M} · {share:.0f} % · {sum(self.counts.values())} việc, {self.sent} lượt gửi"


def dry_run(scenario: Scenario, seed: int | None) -> None:
    """Counts by kind, and a digest: two runs that agree in it are the same to the byte."""
    counts: Counter[str] = Counter()
    messages, digest = 0, hashlib.sha256()
    for happening in happenings(scenario, seed):
        counts[happening.kind] += 1
        messages += happening.messages
        digest.update(happening.line() + b"\n")
    for kind, number in counts.most_common():
        print(f"{kind:<14}{number:>9}")
    print(f"{'tin nhắn':<14}{messages:>9}\nsha256 {digest.hexdigest()}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m zalopolice.simulator.scenario", description="Phát một kịch bản")
    parser.add_argument("file", type=Path, help="a YAML file, or the name of one in zalopolice/simulator/scenarios")
    parser.add_argument("--url", default=URL, help=f"the running simulator ({URL})")
    parser.add_argument("--speed", type=float, default=1.0, help="1 real time, 60 an hour a minute, 0 at once")
    parser.add_argument("--start", default="", help="'now' or an ISO time, instead of the file's")
    parser.add_argument("--seed", type=int, default=None, help="instead of the file's")
    parser.add_argument("--fold", action="store_true", help="accounts the simulator lacks are played on those it has")
    parser.add_argument("--dry-run", action="store_true", help="print counts by kind and send nothing")
    return parser.parse_args()


def main() -> None:
    # A shell that starts it in the background has it ignore Ctrl-C, and the faults would stay switched on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options = _options()
    try:
        scenario = load(options.file)
        if options.start:
            now = datetime.now(HANOI)
            scenario = replace(scenario, start=now if options.start == "now" else datetime.fromisoformat(options.start))
        if options.dry_run:
            dry_run(scenario, options.seed)
            return
        _play(Player(options.url, scenario, max(0.0, options.speed), options.seed, fold=options.fold))
    except (ScenarioError, ValueError) as error:
        sys.exit(f"scenario: {error}")


def _play(player: Player) -> None:
    try:
        player.play()
    except KeyboardInterrupt:
        print(f"\nĐã dừng ở {player.progress()}")
        sys.exit(130)
    finally:
        player.quieten()
    print(f"Xong: {player.progress()}")


if __name__ == "__main__":
    main()

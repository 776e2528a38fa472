"""``./run bench pages [--json]``: citizens' pages at 50 requests a second, from the demo's own public process.

Open-loop: requests leave on schedule whether or not earlier ones were answered, and a wait counts from the scheduled
moment. No request says what it has already, so that every answer is a whole page. The whole demo runs beside it on the
same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import shutil
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from bench.rig.load import Run
from tests.stack.running import Running, run

REQUIRED = {"p95_ms": 60.0}
UNITS = ("tran-hung-dao", "dai-hong", "my-hanh-bac")
ASKED = ("làm căn cước", "ho chieu", "tam tru", "bang lai xe bi mat", "đăng ký xe máy cũ", "sổ hộ khẩu")
ALONE = 20  # times each kind of page is asked for by itself
Figures = dict[str, Any]


def kinds(address: str) -> dict[str, list[str]]:
    """The paths of each kind; procedures as the interface lists them."""
    slugs: list[str] = []
    following = f"{address}/api/v1/units/{UNITS[0]}/procedures/"
    while following:
        page = requests.get(following, timeout=10).json()
        slugs += [row["slug"] for row in page["results"]]
        following = page["next"] and address + page["next"].partition(urlsplit(address).netloc)[2]
    return {
        "procedure": [f"/thu-tuc/{unit}/{slug}/" for unit in UNITS for slug in slugs],
        "catalogue": [f"/thu-tuc/{unit}/" for unit in UNITS],
        "search": [f"/thu-tuc/{unit}/?tim={quote(words)}" for unit in UNITS for words in ASKED],
        "unit": [f"/don-vi/{unit}/" for unit in UNITS],
        "news": [f"/tin/{unit}/" for unit in UNITS],
        "home": ["/"],
    }


WEIGHTS = {"procedure": 50, "catalogue": 15, "search": 15, "unit": 10, "news": 5, "home": 5}
"""Of a hundred requests."""


class Reading(Run):
    """Bursts of citizens: the same generator as the webhook's, with other requests."""

    def __init__(self, port: int, rate: float, seconds: float, paths: dict[str, list[str]]) -> None:
        # The server hangs up on a connection that asks nothing for two seconds.
        connections = max(1, min(16, round(rate)))
        super().__init__({"port": port, "seconds": seconds, "at_most": 0, "connections": connections})
        dice = random.Random(5)
        chosen = dice.choices(list(WEIGHTS), list(WEIGHTS.values()), k=int(rate * seconds))
        self.plan["rate"] = rate
        self.requests = deque(_request(dice.choice(paths[kind])) for kind in chosen)


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def steady(port: int, rate: float, seconds: float, paths: dict[str, list[str]]) -> Figures:
    reading = Reading(port, rate, seconds, paths)
    report = asyncio.run(reading.go())
    waits = sorted(reading.waits)
    return {
        "requests": len(waits),
        "rate": round(report["rate"], 1),
        "statuses": report["statuses"],
        **{f"p{part}_ms": round(1000 * waits[int(len(waits) * part / 100)], 1) for part in (50, 95, 99)},
        "max_ms": round(report["max_ms"], 1),
    }


def alone(address: str, paths: list[str]) -> Figures:
    """One after the other over one connection, after each has been drawn once; and the first time of all."""
    waits, sizes = [], []
    with requests.Session() as line:
        for path in itertools.islice(itertools.cycle(paths), ALONE + len(paths)):
            began = time.perf_counter()
            answer = line.get(address + path, stream=True, timeout=10)
            sizes.append(len(answer.raw.read()))
            waits.append(1000 * (time.perf_counter() - began))
    drawn, kept = sorted(waits[: len(paths)]), sorted(waits[len(paths) :])
    return {
        "first_p50_ms": round(drawn[len(drawn) // 2], 1),
        "kept_p50_ms": round(kept[ALONE // 2], 1),
        "bytes": max(sizes),
    }


def measure(address: str, options: argparse.Namespace) -> Figures:
    paths = kinds(address)
    port = urlsplit(address).port or 80
    result: Figures = {"alone": {kind: alone(address, some) for kind, some in paths.items()}}
    result["steady"] = steady(port, options.rate, options.seconds, paths)
    result["required"] = REQUIRED
    result["failed"] = failures(result)
    return result


def failures(result: Figures) -> list[str]:
    found = result["steady"]
    checks = {
        "p95 at the steady rate": found["p95_ms"] <= REQUIRED["p95_ms"],
        "every page came": found["statuses"] == {"200": found["requests"]},
    }
    return [name for name, held in checks.items() if not held]


def in_a_demo(options: argparse.Namespace) -> Figures:
    folder = Path(tempfile.mkdtemp(prefix="zalopolice-pages-"))
    try:
        started = run("demo", "--detach", "--no-morning", "--data", str(folder))
        if started.returncode:
            raise SystemExit(started.stderr + started.stdout)
        return measure(Running(folder).urls["public"], options)
    finally:
        run("stop", "--data", str(folder))
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench pages", description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="JSON, which is all there is")
    parser.add_argument("--rate", type=float, default=50, help="requests a second of the steady phase")
    parser.add_argument("--seconds", type=float, default=60, help="length of the steady phase")
    parser.add_argument("--url", help="citizens' pages that are being served already; else a demo is started")
    options = parser.parse_args()
    result = measure(options.url.rstrip("/"), options) if options.url else in_a_demo(options)
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 1 if result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

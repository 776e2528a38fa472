"""``./run bench webhook [--json]``: is the webhook fast enough for Zalo, and faster than the obvious way?

Phase 1: 50 events a second for a minute, open-loop; Zalo switches a webhook off that answers late.
Phase 2: as fast as it goes, 16 connections, in rounds that alternate between the webhook and a minimal Django view
under gunicorn doing one committed ORM insert. Same PostgreSQL, same generator, same number of server processes. An
answer of 200 counts only if its row is there.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from typing import Any

from bench.rig.stage import Server, Stage, cpu_seconds, load

Figures = dict[str, Any]
REQUIRED = {"p99_ms": 100.0, "max_ms": 1000.0, "ratio": 1.5}
TABLES = {"webhook": "gateway_inboundevent", "plain": "bench_plainevent"}


def steady(stage: Stage, server: Server, rate: int, seconds: float) -> Figures:
    load(server, seconds=1, rate=rate, mark="warm")
    before = stage.count()
    found = load(server, seconds=seconds, rate=rate, mark="steady")
    return {**found, "rows": stage.count() - before, "asked": int(rate * seconds)}


def full_speed(stage: Stage, servers: dict[str, Server], rounds: int, seconds: float) -> dict[str, list[Figures]]:
    found: dict[str, list[Figures]] = {name: [] for name in servers}
    for name, server in servers.items():
        load(server, seconds=1, mark=f"warm{name}")
    for number in range(rounds):
        for name, server in servers.items():
            rows, cpu = stage.count(TABLES[name]), spent(stage, server)
            run = load(server, seconds=seconds, mark=f"r{number}")
            run["rows"] = stage.count(TABLES[name]) - rows
            own, database = (after - before for after, before in zip(spent(stage, server), cpu, strict=True))
            run |= {"cpu_us": 1e6 * own / max(run["rows"], 1), "database_us": 1e6 * database / max(run["rows"], 1)}
            found[name].append(run)
    return found


def spent(stage: Stage, server: Server) -> tuple[float, float]:
    """CPU seconds of the server and of PostgreSQL."""
    return cpu_seconds(server.pid), cpu_seconds(stage.services.children["postgres"].pid)


def summary(runs: list[Figures]) -> Figures:
    keys = ("rate", "p50_ms", "p99_ms", "max_ms", "cpu_us", "database_us")
    return {key: round(statistics.median(run[key] for run in runs), 2) for key in keys} | {
        "rates": [round(run["rate"]) for run in runs],
        "answers": sum(sum(run["statuses"].values()) for run in runs),
        "ok": sum(run["statuses"].get("200", 0) for run in runs),
        "rows": sum(run["rows"] for run in runs),
    }


def measure(options: argparse.Namespace) -> Figures:
    with Stage() as stage:
        webhook = stage.webhook(options.processes).wait_ready("/healthz")
        one = steady(stage, webhook, options.rate, options.seconds)
        plain = stage.plain_view(options.plain_processes or options.processes).wait_ready("/")
        runs = full_speed(stage, {"webhook": webhook, "plain": plain}, options.rounds, options.round_seconds)
    result: Figures = {
        "steady": {key: one[key] if isinstance(one[key], dict) else round(one[key], 2) for key in one},
        "full_speed": {name: summary(found) for name, found in runs.items()},
        "processes": {"webhook": options.processes, "plain": options.plain_processes or options.processes},
    }
    fast = result["full_speed"]
    result["ratio"] = round(fast["webhook"]["rate"] / fast["plain"]["rate"], 2)
    result["required"] = REQUIRED
    result["failed"] = failures(result)
    return result


def failures(result: Figures) -> list[str]:
    one, fast = result["steady"], result["full_speed"]
    checks = {
        "p99 at the steady rate": one["p99_ms"] <= REQUIRED["p99_ms"],
        "max at the steady rate": one["max_ms"] <= REQUIRED["max_ms"],
        "every event of the steady phase answered 200": one["statuses"] == {"200": one["asked"]},
        "a row for each 200 of the steady phase": one["rows"] == one["asked"],
        "ratio to the plain view": result["ratio"] >= REQUIRED["ratio"],
        **{f"only 200s at full speed: {name}": found["ok"] == found["answers"] for name, found in fast.items()},
        **{f"a row for each 200: {name}": found["rows"] == found["ok"] for name, found in fast.items()},
    }
    return [name for name, held in checks.items() if not held]


def table(result: Figures) -> str:
    one = result["steady"]
    lines = [
        f"steady   {one['asked']} events in {one['seconds']} s: p50 {one['p50_ms']} ms, p99 {one['p99_ms']} ms,"
        f" max {one['max_ms']} ms, rows {one['rows']}",
        f"{'':9}{'200/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU µs':>9}{'PG µs':>9}{'rows':>9}",
    ]
    for name, found in result["full_speed"].items():
        cells = (found[key] for key in ("rate", "p50_ms", "p99_ms", "cpu_us", "database_us", "rows"))
        lines.append(f"{name:9}" + "".join(f"{cell:9.0f}" if cell >= 100 else f"{cell:9.1f}" for cell in cells))
    lines.append(f"ratio    {result['ratio']} (at least {REQUIRED['ratio']})")
    return "\n".join([*lines, *(f"FAILED   {name}" for name in result["failed"])])


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench webhook", description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--rate", type=int, default=50, help="events a second of phase 1")
    parser.add_argument("--seconds", type=float, default=60, help="length of phase 1")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of phase 2")
    parser.add_argument("--round-seconds", type=float, default=4, help="length of a round")
    parser.add_argument("--processes", type=int, default=1, help="server processes on both sides")
    parser.add_argument("--plain-processes", type=int, help="another number for the Django view")
    options = parser.parse_args()
    result = measure(options)
    sys.stdout.write((json.dumps(result, indent=1) if options.json else table(result)) + "\n")
    return 1 if result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

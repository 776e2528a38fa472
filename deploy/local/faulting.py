"""./run faults: the tests that break things on purpose, and a table of what they measured."""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from deploy.local import testing

Figures = dict[str, Any]


def command(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run faults", description="Processes are killed, servers go away.")
    parser.add_argument("--long", action="store_true", help="the full numbers; up to an hour")
    parser.add_argument("--seed", type=int, default=20261122, help="of everything that is drawn by lot")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go besides the table")
    options, more = parser.parse_known_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "figures"
        os.environ |= {
            "ZALOPOLICE_FIGURES": str(lines),
            "ZALOPOLICE_FAULTS_LONG": "1" if options.long else "0",
            "ZALOPOLICE_FAULTS_SEED": str(options.seed),
        }
        began = time.monotonic()
        code = testing.command(["-m", "faults", *more] if more else [], only="faults")
        took = time.monotonic() - began
        found = [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
    found.sort(key=lambda row: str(row["test"]))
    if options.json:
        about = {"long": options.long, "seed": options.seed, "seconds": round(took), "passed": code == 0}
        options.json.write_text(json.dumps(about | {"figures": found}, ensure_ascii=False, indent=1) + "\n")
    print(table(found))
    lost, doubled = (sum(int(row.get(name, 0)) for row in found) for name in ("lost", "doubled"))
    print(
        f"faults {'passed' if code == 0 else 'FAILED'}: seed {options.seed}, {len(found)} measurements,"
        f" {lost} lost, {doubled} doubled, {took:.0f} s"
    )
    return code


def table(found: list[Figures]) -> str:
    rows = [(row["test"], {name: row[name] for name in row if name not in ("test", "where")}) for row in found]
    return "\n".join(
        f"{test:10}{', '.join(f'{name} {value}' for name, value in measured.items())}" for test, measured in rows
    )

"""./run check: all tools, whatever the others say."""

import subprocess
import sys
import time
from pathlib import Path

from deploy.local import process, zones
from deploy.local.place import ROOT, Place

SHOWN = 60
PLACE = ROOT / ".data/check"
TOOLS: dict[str, tuple[str, ...]] = {
    "ruff check": ("ruff", "check", "--output-format", "concise", "."),
    "ruff format": ("ruff", "format", "--check", "--output-format", "concise", "."),
    "mypy": ("mypy",),
    "import rules": ("lint-imports",),
    "migrations": ("manage.py", "makemigrations", "--check", "--dry-run"),
    "drawn states": ("manage.py", "draw_states", "--check"),
    "English": ("manage.py", "translations", "--check"),
}


def command(arguments: list[str]) -> int:
    environment = offline_environment("owner")
    failed = [
        name
        for name, tool in TOOLS.items()
        if (not arguments or name in arguments) and not passes(name, tool, environment)
    ]
    return 1 if failed else 0


def passes(name: str, tool: tuple[str, ...], environment: dict[str, str]) -> bool:
    began = time.monotonic()
    program = ROOT / tool[0] if tool[0].endswith(".py") else Path(sys.executable).with_name(tool[0])
    command = [sys.executable, str(program), *tool[1:]] if program.suffix else [str(program), *tool[1:]]
    result = subprocess.run(
        command, cwd=ROOT, env=process.bare_environment(**environment), capture_output=True, text=True, check=False
    )
    print(f"{'ok  ' if result.returncode == 0 else 'FAIL'}  {name:14}{time.monotonic() - began:5.1f} s", flush=True)
    if result.returncode:
        lines = (result.stdout + result.stderr).strip().splitlines()
        hidden = f"… and {len(lines) - SHOWN} lines more: {' '.join(command)}" if len(lines) > SHOWN else ""
        print("\n".join(f"      {line}" for line in [*lines[:SHOWN], hidden] if line), flush=True)
    return result.returncode == 0


def offline_environment(zone: str) -> dict[str, str]:
    """Settings load, but nothing is there to talk to: these commands read code only."""
    place = Place.at(PLACE)
    zones.make_keys(place.keys, fresh=True)
    nowhere = {role: f"postgres://{role}@//nonexistent/zalopolice" for role in zones.ZONES if role != "beat"}
    return zones.environments(place, zones.Addresses(dict.fromkeys(zones.LISTENERS, 9)), nowhere)[zone]

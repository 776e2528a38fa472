"""Real processes of one zone, with that zone's login and key file and nothing else in their environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def key_folder() -> Path:
    return Path(os.environ["ZALOPOLICE_KEY_FILE"])


def environment(zone: str, **changes: str | None) -> dict[str, str]:
    """What a process of ``zone`` gets; ``None`` leaves a variable out."""
    values: dict[str, str | None] = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "DJANGO_SETTINGS_MODULE": "zalopolice.settings",
        "ZALOPOLICE_ZONE": zone,
        "ZALOPOLICE_DEMO": "1",
        "ZALOPOLICE_KEY_FILE": str(key_folder() / f"{zone}.json"),
        "DATABASE_URL": os.environ.get(f"DATABASE_URL_{zone.upper()}", ""),
        "REDIS_URL": os.environ["REDIS_URL"],
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


def run(env: dict[str, str], *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=timeout, check=False
    )


def manage(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(env, "manage.py", *arguments)

"""Looking at and ending a demo from outside. Standard library only: it must work whatever state .venv is in."""

import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from deploy.local import state
from deploy.local.place import LauncherError, Place

STOP_PATIENCE = 40.0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def supervisor_pid(place: Place) -> int | None:
    """The launcher that holds the data directory, or None. The lock decides: a number in a file may be anybody's."""
    try:
        lock = os.open(place.lock_file, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return int(os.read(lock, 20) or 0)
    finally:
        os.close(lock)


def stop(place: Place) -> int:
    pid = supervisor_pid(place)
    if not pid:
        say("No demo is running.")
        return 0
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + STOP_PATIENCE
    while supervisor_pid(place) == pid:
        if time.monotonic() > until:
            raise LauncherError(f"The demo did not end within {STOP_PATIENCE:.0f} s; its supervisor is process {pid}.")
        time.sleep(0.05)
    say("Demo stopped. The data is kept.")
    return 0


def status(place: Place) -> int:
    """0 when a demo is ready, 1 when none runs, 2 when it is starting or a part is down."""
    if supervisor_pid(place) is None:
        say("No demo is running. Start one: ./run demo")
        return 1
    demo = state.read(place.state_file)
    if demo.get("state") != "ready":
        say("A demo is starting.")
        return 2
    say(announcement(demo))
    down = [name for name, pid in demo["pids"].items() if not Path(f"/proc/{pid}").exists()]
    running = ", ".join(f"{name} {pid}" for name, pid in demo["pids"].items() if name not in down)
    say(f"Processes: {running}" + (f"\nDown, being started again: {', '.join(down)}" if down else ""))
    return 2 if down else 0


def announcement(demo: dict[str, Any]) -> str:
    urls = demo["urls"]
    lines = [
        "",
        "zalopolice đang chạy với dữ liệu mẫu · running with demo data",
        "",
        f"  Cán bộ · officers       {urls['web']}",
        f"  Điện thoại · phone      {urls['phone']}",
        f"  Người dân · citizens    {urls['public']}",
        "",
    ]
    logins = demo.get("logins", [])
    if logins:
        lines.append("  Đăng nhập · sign in")
        columns = ("username", "password", "role", "unit")
        widths = {column: max(len(str(login.get(column, ""))) for login in logins) for column in columns}
        for login in logins:
            cells = "  ".join(str(login.get(column, "")).ljust(widths[column]) for column in columns)
            lines.append(f"    {cells}  {login.get('name', '')}".rstrip())
        lines.append("")
    return "\n".join(lines)

"""Second step of ./run: hands each command to its module. Imports late, so that stop and status need no packages."""

import argparse
import os
import sys
from pathlib import Path

from deploy.local.place import ROOT, LauncherError, Place


def main(arguments: list[str]) -> int:
    name, rest = arguments[0], arguments[1:]
    os.environ.pop("PYTHONPATH", None)  # was for us alone
    try:
        return COMMANDS[name](rest)
    except LauncherError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def demo(arguments: list[str]) -> int:
    from deploy.local import start

    return start.command(arguments)


def stop(arguments: list[str]) -> int:
    from deploy.local import control

    return control.stop(place_of("stop", arguments))


def status(arguments: list[str]) -> int:
    from deploy.local import control

    return control.status(place_of("status", arguments))


def place_of(name: str, arguments: list[str]) -> Place:
    parser = argparse.ArgumentParser(prog=f"./run {name}")
    parser.add_argument("--data", metavar="DIR", default=ROOT / ".data")
    return Place.at(parser.parse_args(arguments).data)


def test(arguments: list[str]) -> int:
    from deploy.local import testing

    return testing.command(arguments)


def faults(arguments: list[str]) -> int:
    from deploy.local import faulting

    return faulting.command(arguments)


def check(arguments: list[str]) -> int:
    from deploy.local import checking

    return checking.command(arguments)


def manage(arguments: list[str]) -> int:
    from deploy.local import managing

    return managing.command(arguments)


def bench(arguments: list[str]) -> int:
    benches = sorted(path.stem for path in (ROOT / "bench").glob("[a-z]*.py"))
    if not arguments or arguments[0] not in benches:
        print(
            f"usage: ./run bench NAME [--json] …; NAME is one of: {', '.join(benches) or '(none yet)'}", file=sys.stderr
        )
        return 2
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, str(Path("bench", f"{arguments[0]}.py")), *arguments[1:]], environment)


COMMANDS = {
    "demo": demo,
    "stop": stop,
    "status": status,
    "test": test,
    "faults": faults,
    "check": check,
    "manage": manage,
    "bench": bench,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

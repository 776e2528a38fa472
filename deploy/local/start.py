"""./run demo: in the terminal or in the background, started once, ended cleanly."""

import argparse
import contextlib
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from deploy.local import control
from deploy.local.demo import Demo, Wish
from deploy.local.place import ROOT, LauncherError, Place
from deploy.local.supervisor import Stopped
from zalopolice.simulator.scenario_file import load
from zalopolice.simulator.scenario_values import ScenarioError

READY = "READY\n"


def command(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run demo", description="Everything with demo data, on this machine only.")
    parser.add_argument("--reset", action="store_true", help="forget all data and start over")
    parser.add_argument("--detach", action="store_true", help="return when all is ready; ./run stop ends it")
    parser.add_argument("--data", metavar="DIR", default=ROOT / ".data", help="where to keep the data (default .data)")
    parser.add_argument("--no-morning", action="store_true", help="start without the morning's messages")
    parser.add_argument("--scenario", metavar="NAME", type=accounts_of, default={}, help="open its accounts, too")
    options = parser.parse_args(arguments)
    place, wish = Place.at(options.data), Wish(not options.no_morning, options.scenario)
    if control.supervisor_pid(place) is not None:
        if not options.reset:
            control.say("A demo runs already." + (" To open further accounts stop it first." if wish.accounts else ""))
            return control.status(place) or bool(wish.accounts)
        control.stop(place)
    if options.reset:
        place.forget()
    if options.detach:
        return detached(place, wish)
    return supervise(place, wish, ready=lambda: progress("Ctrl-C dừng · ends it"))


def accounts_of(name: str) -> dict[str, str]:
    """Role -> name of each account of a scenario."""
    try:
        return load(Path(name)).accounts
    except ScenarioError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def supervise(place: Place, wish: Wish, *, ready: Callable[[], None]) -> int:
    began = time.monotonic()
    demo = Demo(place, progress, wish)
    try:
        demo.start()
        progress(f"ready after {time.monotonic() - began:.0f} s")
        progress(control.announcement(demo.state))
        ready()
        while True:
            demo.supervisor.tick(5.0)
    except Stopped:
        progress("stopping …")
        return 0
    except LauncherError as problem:
        progress(str(problem))
        return 1
    finally:
        demo.stop()


def detached(place: Place, wish: Wish) -> int:
    """A grandchild, free of the terminal, does the work; we show its progress until it is ready or gives up."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.close(reader)
            code = 1
            try:
                code = in_background(place, writer, wish)
            except BaseException:
                traceback.print_exc()
            finally:  # never fall back into the code of the parent
                os._exit(code)
        os._exit(0)
    os.close(writer)
    os.wait()
    try:
        with open(reader) as lines:
            for line in lines:
                if line == READY:
                    progress("./run stop dừng · ends it")
                    return 0
                progress(line.rstrip("\n"))
    except KeyboardInterrupt:
        control.stop(place)
        return 130
    return 1


def in_background(place: Place, writer: int, wish: Wish) -> int:
    """Speaks to whoever started us until all is ready, then to its own log."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (writer, 1), (writer, 2)):
        os.dup2(source, target)
    os.close(writer)

    def ready() -> None:
        os.write(1, READY.encode())
        log = os.open(place.logs / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)

    return supervise(place, wish, ready=ready)


def progress(text: str) -> None:
    # Nobody may be listening any more: a closed terminal is no reason to stop halfway.
    with contextlib.suppress(OSError):
        print(text, flush=True)

"""``./run bench flow [--json]``: from the phone to the answer on the phone, through every process.

Zalo is the simulator, on the same two cores as everything else; the times are its ledger's, and what is lost or stored
twice is counted in the database. Memory is the resident size of each process, before and after ``--events`` messages,
one in twenty with a photo.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.stack.history import STORED, answers, ask, compare, still_open
from tests.stack.running import OAS, Running, expect_crowds, run, wait_until

REQUIRED = {"p95_s": 2.0, "burst_s": 15.0, "thousand_s": 120.0, "growth": 0.10}
Figures = dict[str, Any]


def crowd(running: Running, number: int) -> list[str]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda n: running.new_citizen(f"Người {n}"), range(number)))


QUESTIONS = (
    "đăng ký tạm trú cần giấy tờ gì", "lam ho chieu het bao nhieu tien", "cấp lại thẻ căn cước bị mất ở đâu ạ",
    "em mun doi bang lai xe thi mang gi", "sổ KT3 giờ làm sao", "lam can cuoc cho chau", "gia hạn tạm trú mấy ngày có",
    "số điện thoại công an phường", "thứ bảy có làm việc không ạ",
)  # fmt: skip
PHOTO = base64.b64encode((Path(__file__).parents[1] / "tests" / "stack" / "photo.jpg").read_bytes()).decode()
SENT = {
    "reports": lambda index: {"text": f"Tôi báo tin số {index}: mất trộm xe"},
    "questions": lambda index: {"text": QUESTIONS[index % len(QUESTIONS)]},
}


def phase(running: Running, number: int, rate: float | None, *, kind: str = "reports", photos: int = 0) -> Figures:
    """Each citizen says one thing of ``kind``, one in ``photos`` with a picture; ``rate`` None: all at once. Waits
    until everybody has an answer: of a report exactly one, of a question it may have several parts."""
    people, since = crowd(running, number), running.ledger()["last_seq"]
    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        for index, citizen in enumerate(people):
            if rate:
                time.sleep(max(0.0, began + index / rate - time.monotonic()))
            sent = SENT[kind](index) | ({"image_base64": PHOTO} if photos and index % photos == 0 else {})
            pool.submit(running.says, citizen, sent.pop("text"), OAS[index % 3], **sent)
    everybody = set(people)
    wait_until(lambda: len(answers(running, since, everybody)) == number, 600 + number / 5, "no answer for some")
    ledger = running.sim(f"ledger?since={since}")
    sent = {row["citizen"]: row["sent_real"] for row in ledger["received"] if row["citizen"] in everybody}
    got = {row["citizen"]: row["real"] for row in ledger["seen"] if row["citizen"] in everybody}
    waits = sorted(got[who] - sent[who] for who in people)
    wait_until(lambda: not any(still_open(running)), 300, "something still waits")
    verdict = compare(running.sim(f"ledger?since={since}"), dict(ask(running, STORED)), everybody)
    return {
        "messages": number,
        "p50_s": round(waits[number // 2], 2),
        "p95_s": round(waits[int(number * 0.95) - 1], 2),
        "max_s": round(waits[-1], 2),
        "all_answered_s": round(max(got.values()) - min(sent.values()), 1),
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled if kind == "reports" else verdict.stored_twice),
        "webhook_p99_ms": round(verdict.p99_ms),
    }


def resident(running: Running) -> dict[str, float]:
    """MB of each process with its children, without the servers and the simulator."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(status.parent.name))
    names = ("webhook", "web", "public", "vault", "inbox", "slow", "worker", "beat")
    return {name: round(_tree(running.state["pids"][name], children), 1) for name in names}


def _tree(pid: int, children: dict[int, list[int]]) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        pages = 0
    return pages * 4096 / 1e6 + sum(_tree(child, children) for child in children.get(pid, []))


def memory(running: Running, events: int) -> Figures:
    """A quarter of the messages warms up; the rest must not make a process grow."""
    phase(running, max(1, events // 4), None, photos=20)
    before = resident(running)
    phase(running, max(1, events - events // 4), None, photos=20)
    after = resident(running)
    return {
        "events": events,
        "before_mb": before,
        "after_mb": after,
        "growth": {name: round(after[name] / before[name] - 1, 3) for name in before},
    }


def measure(options: argparse.Namespace) -> Figures:
    folder = Path(tempfile.mkdtemp(prefix="zalopolice-flow-"))
    try:
        started = run("demo", "--detach", "--no-morning", "--data", str(folder))
        if started.returncode:
            raise SystemExit(started.stderr + started.stdout)
        running = Running(folder)
        expect_crowds(running)
        phase(running, 20, 5)
        result: Figures = {
            "steady": phase(running, int(options.rate * options.seconds), options.rate),
            "questions": phase(running, int(options.rate * options.seconds), options.rate, kind="questions"),
            "burst_of_100": phase(running, 100, 100),
            "thousand_at_once": phase(running, 1000, None),
        }
        if options.events:
            result["memory"] = memory(running, options.events)
    finally:
        run("stop", "--data", str(folder))
        shutil.rmtree(folder, ignore_errors=True)
    result["required"] = REQUIRED
    result["failed"] = failures(result)
    return result


def failures(result: Figures) -> list[str]:
    phases = [result[name] for name in ("steady", "questions", "burst_of_100", "thousand_at_once")]
    checks = {
        "p95 at the steady rate": result["steady"]["p95_s"] <= REQUIRED["p95_s"],
        "p95 of questions": result["questions"]["p95_s"] <= REQUIRED["p95_s"],
        "100 in a second answered in time": result["burst_of_100"]["all_answered_s"] <= REQUIRED["burst_s"],
        "1,000 at once answered in time": result["thousand_at_once"]["all_answered_s"] <= REQUIRED["thousand_s"],
        "nothing lost, nothing doubled": not any(one["lost"] or one["doubled"] for one in phases),
        **{
            f"memory of {name}": growth <= REQUIRED["growth"]
            for name, growth in result.get("memory", {"growth": {}})["growth"].items()
        },
    }
    return [name for name, held in checks.items() if not held]


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench flow", description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="JSON, which is all there is")
    parser.add_argument("--rate", type=float, default=15, help="messages a second of the steady phase")
    parser.add_argument("--seconds", type=float, default=60, help="length of the steady phase")
    parser.add_argument("--events", type=int, default=20_000, help="messages of the memory phase; 0: none")
    result = measure(parser.parse_args())
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 1 if result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

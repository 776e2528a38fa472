"""The judge of the fault runs: the simulator's ledger against the rows, never against the portal's own counters.

lost = a citizen sent it, no row holds it; doubled = one message in two rows, or one answer shown twice on a phone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg

from tests.stack.running import Running, wait_until
from zalopolice.webhook_io import conninfo

STORED = "SELECT zalo_msg_id, count(*) FROM gateway_message WHERE direction = 'in' AND zalo_msg_id <> '' GROUP BY 1"
OPEN = """
SELECT (SELECT count(*) FROM gateway_inboundevent WHERE next_at <= now() AND state = 'pending')
     + (SELECT count(*) FROM gateway_message
        WHERE next_at <= now() + interval '60 seconds' AND state NOT IN ('sending', 'unknown')),
       (SELECT count(*) FROM gateway_message WHERE state IN ('sending', 'unknown')),
       (SELECT count(*) FROM gateway_inboundevent WHERE next_at > now() AND state = 'pending')
"""


class Open(NamedTuple):
    waiting: int  # to be worked on now
    unclear: int  # on their way, or without a clear end (design D5)
    later: int  # events that failed and are tried again


@dataclass
class Verdict:
    sent: int
    lost: list[str] = field(default_factory=list)
    stored_twice: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    answered_twice: list[str] = field(default_factory=list)
    refused: int = 0  # attempts of Zalo that were not answered 200
    slowest_ms: float = 0.0  # of the answers that were 200
    p99_ms: float = 0.0

    @property
    def doubled(self) -> list[str]:
        return self.stored_twice + self.answered_twice

    def figures(self) -> dict[str, Any]:
        """Numbers for the table of `./run faults`."""
        return {
            "events": self.sent,
            "lost": len(self.lost),
            "doubled": len(self.doubled),
            "unanswered": len(self.unanswered),
            "not_200": self.refused,
            "p99_ms": round(self.p99_ms),
            "max_ms": round(self.slowest_ms),
        }


def ask(running: Running, question: str) -> list[tuple[Any, ...]]:
    """Rows of the demo's database, past every wall: a witness, not a user. Waits while the database is starting."""

    def told() -> list[list[tuple[Any, ...]]]:
        try:
            with psycopg.connect(conninfo(running.state["databases"]["owner"]), connect_timeout=5) as connection:
                return [connection.execute(question).fetchall()]  # type: ignore[call-overload]
        except psycopg.OperationalError:
            return []

    rows: list[tuple[Any, ...]] = wait_until(told, 30, "the database does not answer")[0]
    return rows


def still_open(running: Running) -> Open:
    [numbers] = ask(running, OPEN)
    return Open(*map(int, numbers))


def answers(running: Running, since: int, senders: set[str]) -> Counter[str]:
    rows = running.sim(f"ledger?since={since}")["seen"]
    return Counter(row["citizen"] for row in rows if row["citizen"] in senders)


def judge(running: Running, since: int, senders: set[str]) -> Verdict:
    """Of everything these citizens sent after ``since``; each is owed exactly one answer."""
    return compare(running.sim(f"ledger?since={since}"), dict(ask(running, STORED)), senders)


def compare(ledger: dict[str, Any], stored: dict[str, int], senders: set[str]) -> Verdict:
    """``stored``: Zalo's message id -> rows that hold it."""
    received = [row for row in ledger["received"] if row["citizen"] in senders]
    shown = Counter(row["citizen"] for row in ledger["seen"] if row["citizen"] in senders)
    times = sorted(row["latency_ms"] for row in received if row["delivered"]) or [0.0]
    return Verdict(
        sent=len(received),
        lost=[row["msg_id"] for row in received if row["msg_id"] not in stored],
        stored_twice=[row["msg_id"] for row in received if stored.get(row["msg_id"], 0) > 1],
        unanswered=sorted(senders - shown.keys()),
        answered_twice=[who for who, number in shown.items() if number > 1],
        refused=sum(row["attempts"] - row["delivered"] for row in received),
        slowest_ms=times[-1],
        p99_ms=times[min(len(times) - 1, int(len(times) * 0.99))],
    )

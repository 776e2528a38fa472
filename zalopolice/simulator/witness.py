"""The ledger for a history checker: rows of bare values in pages, so that 20,000 events cost one short read each."""

import sqlite3
from typing import Any

SENT = ("seq", "msg_id", "oa_id", "user_id", "citizen", "at_ms", "real", "state", "delivered_real")
SEEN = ("seq", "message_id", "oa_id", "user_id", "citizen", "at_ms", "real", "answered")
GROUPS = ("seq", "msg_id", "oa_id", "group_id", "user_id", "src", "at_ms", "real", "answered")
EVENTS = ("id", "name", "msg_id", "user_id", "state", "created_real", "attempts")


def group_rows(db: sqlite3.Connection, since: int, limit: int) -> list[tuple[Any, ...]]:
    """Messages in groups after number `since` of their own count."""
    sql = "SELECT seq, msg_id, oa_id, group_id, user_id, src, at, real, answered FROM group_messages WHERE seq>?"
    return [tuple(row) for row in db.execute(f"{sql} ORDER BY seq LIMIT ?", (since, limit))]


def page(db: sqlite3.Connection, since: int, limit: int) -> dict[str, Any]:
    """Messages after number `since`, at most `limit`; ask again with `next` until `more` is false.

    `sent`: what citizens wrote and whether the portal acknowledged it; `seen`: what their phones showed and whether
    the portal was told so; `events`: each event of these messages with every delivery [real, status, ms]."""
    rows = db.execute(
        "SELECT m.seq, m.msg_id, m.oa_id, m.user_id, m.citizen, m.at, m.real, m.src, m.answered, m.event_id, e.state,"
        " e.delivered_at, e.name, e.created FROM messages m LEFT JOIN events e ON e.id=m.event_id"
        " WHERE m.seq>? ORDER BY m.seq LIMIT ?",
        (since, limit + 1),
    ).fetchall()
    more, rows = len(rows) > limit, rows[:limit]
    told = [row for row in rows if row["event_id"] is not None]
    tries = _attempts(db, [row["event_id"] for row in told])
    return {
        "columns": {"sent": SENT, "seen": SEEN, "events": EVENTS},
        "sent": [(*tuple(row)[:7], row["state"], row["delivered_at"]) for row in rows if row["src"]],
        "seen": [(*tuple(row)[:7], bool(row["answered"])) for row in rows if not row["src"]],
        "events": [
            (row["event_id"], row["name"], row["msg_id"], row["user_id"], row["state"], row["created"])
            + (tries.get(row["event_id"], []),)
            for row in told
        ],
        "next": rows[-1]["seq"] if rows else since,
        "more": more,
    }


def _attempts(db: sqlite3.Connection, events: list[int]) -> dict[int, list[tuple[float, str, float]]]:
    """By event: the deliveries of one page lie between its first and its last event."""
    if not events:
        return {}
    found: dict[int, list[tuple[float, str, float]]] = {}
    sql = "SELECT event_id, real, status, ms FROM attempts WHERE event_id BETWEEN ? AND ? ORDER BY rowid"
    for event_id, real, status, ms in db.execute(sql, (min(events), max(events))):
        found.setdefault(event_id, []).append((real, status, ms))
    return found

"""What others read: the simulated world, the phone's thread, its list of threads, the ledger."""

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from . import broadcast
from .clock import iso
from .guards import oa_settings

if TYPE_CHECKING:
    from .world import World

THREADS_SHOWN = 80
TAIL = 200

_MESSAGES = (
    "SELECT m.*, e.state AS event_state, e.attempts, e.last_status, e.latency_ms, e.delivered_at"
    " FROM messages m LEFT JOIN events e ON e.id=m.event_id "
)


def describe(world: "World") -> dict[str, Any]:
    """Everything about the simulated world but its secrets and its messages."""
    users: dict[str, dict[str, str]] = {}
    for row in world.state.all("SELECT citizen, oa_id, user_id FROM relations"):
        users.setdefault(row["citizen"], {})[row["oa_id"]] = row["user_id"]
    apps, oas = world.config.apps.values(), world.config.oas.values()
    return {
        "apps": [{"app_id": a.app_id, "name": a.name, **world.webhooks.describe_app(a.app_id)} for a in apps],
        "oas": [
            {"oa_id": o.oa_id, "name": o.name, "app_id": o.app_id, "settings": oa_settings(world, o.oa_id)}
            | {"broadcasts": broadcast.used_this_month(world, o.oa_id), "training": o.training}
            for o in oas
        ],
        "citizens": [
            {"key": row["key"], "name": row["name"], "user_ids": users.get(row["key"], {})}
            for row in world.people.all()
        ],
        "clock": world.clock.describe(),
        "faults": world.faults.describe(),
        "retry_steps": world.webhooks.retry_steps(),
    }


def _status(value: str | None) -> int | str | None:
    """200 as a number; "timeout", "refused" as they are; None before the first attempt."""
    if not value:
        return None
    return int(value) if value.isdigit() else value


def _phone_message(row: sqlite3.Row, chosen: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {
        "seq": row["seq"],
        "msg_id": row["msg_id"],
        "from": "citizen" if row["src"] else "oa",
        "type": row["type"],
        "text": row["text"],
        "payload": json.loads(row["payload"]),
        "quote": row["quote"],
        "quote_text": chosen.get(row["quote"], ""),
        "at": row["at"],
        "hidden": bool(row["hidden"]),
    }
    if row["src"]:
        message["delivery"] = {
            "state": row["event_state"] or "delivered",
            "attempts": row["attempts"] or 0,
            "last_status": _status(row["last_status"]),
        }
    else:
        message["seen"] = row["seen_at"] is not None
    return message


def thread(world: "World", relation: sqlite3.Row, after: int) -> dict[str, Any]:
    """The thread as the phone shows it, oldest first; without `after` its last 200 messages."""
    rows = world.state.all(
        f"{_MESSAGES} WHERE m.oa_id=? AND m.user_id=? AND m.seq>? ORDER BY m.seq DESC LIMIT {TAIL}",
        relation["oa_id"],
        relation["user_id"],
        after,
    )
    quoted = [row["quote"] for row in rows if row["quote"]]
    marks = ",".join("?" * len(quoted))
    chosen = {
        row["msg_id"]: row["text"] or row["type"]
        for row in world.state.all(f"SELECT msg_id, text, type FROM messages WHERE msg_id IN ({marks})", *quoted)
    }
    return {
        "messages": [_phone_message(row, chosen) for row in reversed(rows)],
        "following": bool(relation["following"]),
        "started": relation["last_interaction"] is not None,
        "read_seq": relation["read_seq"],
        "now": world.clock.ms(),
        "webhook": world.webhooks.enabled(world.config.oas[relation["oa_id"]].app_id),
    }


def threads(world: "World") -> list[dict[str, Any]]:
    """One line per (OA, citizen) that ever talked, the latest first: preview and number unread."""
    rows = world.state.all(
        "SELECT r.oa_id, r.citizen, r.user_id, m.seq, m.text, m.type, m.src, m.at,"
        " (SELECT count(*) FROM messages u WHERE u.oa_id=r.oa_id AND u.user_id=r.user_id AND u.src=0"
        "  AND u.seq>r.read_seq) AS unread"
        " FROM (SELECT max(seq) AS last FROM messages GROUP BY oa_id, user_id ORDER BY last DESC LIMIT ?) t"
        " JOIN messages m ON m.seq=t.last JOIN relations r ON r.oa_id=m.oa_id AND r.user_id=m.user_id"
        " ORDER BY m.seq DESC",
        THREADS_SHOWN,
    )
    return [{**dict(row), "from": "citizen" if row["src"] else "oa"} for row in rows]


def _received(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "seq": row["seq"],
        "msg_id": row["msg_id"],
        "oa_id": row["oa_id"],
        "user_id": row["user_id"],
        "citizen": row["citizen"],
        "text": row["text"],
        "type": row["type"],
        "sent_at": iso(row["at"]),
        "sent_real": row["real"],
        "delivered": row["event_state"] == "delivered",
        "delivered_real": row["delivered_at"],
        "state": row["event_state"],
        "attempts": row["attempts"] or 0,
        "last_status": _status(row["last_status"]),
        "latency_ms": row["latency_ms"],
    }


def _seen(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "seq": row["seq"],
        "message_id": row["msg_id"],
        "oa_id": row["oa_id"],
        "user_id": row["user_id"],
        "citizen": row["citizen"],
        "text": row["text"],
        "type": row["type"],
        "at": iso(row["at"]),
        "real": row["real"],
        "answered": bool(row["answered"]),
        "read": row["seen_at"] is not None,
    }


def _broadcasts(db: sqlite3.Connection, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """What was called for all followers; `answered` false: the portal was never told."""
    rows = db.execute("SELECT * FROM broadcasts WHERE :oa IS NULL OR oa_id=:oa ORDER BY id", wanted).fetchall()
    names = ("message_id", "oa_id", "article_id", "title", "real", "recipients")
    flags = ("delivered", "answered")
    return [
        {**{n: row[n] for n in names}, **{n: bool(row[n]) for n in flags}, "at": iso(row["at"])}
        | {"target": json.loads(row["target"])}
        for row in rows
    ]


def _articles(db: sqlite3.Connection, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Every article ever handed in; `state` pending, done or failed, and whether it was removed."""
    rows = db.execute(
        "SELECT j.*, coalesce(a.removed, 0) AS removed FROM article_jobs j LEFT JOIN articles a ON a.id=j.article_id"
        " WHERE :oa IS NULL OR j.oa_id=:oa ORDER BY j.rowid",
        wanted,
    ).fetchall()
    names = ("oa_id", "article_id", "state", "message", "polls", "real")
    return [
        {**{n: row[n] for n in names}, "title": json.loads(row["body"])["title"], "at": iso(row["created"])}
        | {"removed": bool(row["removed"]), "answered": bool(row["answered"])}
        for row in rows
    ]


def ledger_rows(db: sqlite3.Connection, oa_id: str | None, since: int) -> dict[str, Any]:
    """Everything after message number `since`, complete; meant to run in a thread on its own connection."""
    wanted = {"since": since, "oa": oa_id}
    rows = db.execute(
        f"{_MESSAGES} WHERE m.seq>:since AND (:oa IS NULL OR m.oa_id=:oa) ORDER BY m.seq", wanted
    ).fetchall()
    refreshes = db.execute("SELECT * FROM refreshes WHERE :oa IS NULL OR oa_id=:oa ORDER BY id", wanted).fetchall()
    events = db.execute("SELECT name, state, count(*) AS n FROM events GROUP BY name, state ORDER BY name").fetchall()
    return {
        "broadcasts": _broadcasts(db, wanted),
        "articles": _articles(db, wanted),
        "received": [_received(row) for row in rows if row["src"]],
        "seen": [_seen(row) for row in rows if not row["src"]],
        "refreshes": [
            {
                "oa_id": row["oa_id"],
                "app_id": row["app_id"],
                "at": iso(row["at"]),
                "real": row["real"],
                "ok": bool(row["ok"]),
                "error": row["error"],
            }
            for row in refreshes
        ],
        "events": [dict(row) for row in events],
        "last_seq": rows[-1]["seq"] if rows else since,
    }

"""Everything the simulator must remember, in one SQLite file.

All handlers run on one event loop thread, so the code between two awaits is already exclusive; transactions are
there for kill -9, not for concurrency: what is committed survives the process (`synchronous=NORMAL` in WAL mode),
though not a power cut. The folder only ever grows; only the present state of a row changes.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FILE_NAME = "simulator.sqlite3"

SCHEMA = """
CREATE TABLE IF NOT EXISTS kv(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS webhooks(app_id TEXT PRIMARY KEY, enabled INTEGER NOT NULL DEFAULT 1,
  failures INTEGER NOT NULL DEFAULT 0, disabled_at REAL, probe_status TEXT, probe_at REAL);
CREATE TABLE IF NOT EXISTS citizens(key TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS relations(oa_id TEXT NOT NULL, citizen TEXT NOT NULL, user_id TEXT NOT NULL UNIQUE,
  by_app TEXT NOT NULL, following INTEGER NOT NULL DEFAULT 0, chatted INTEGER NOT NULL DEFAULT 0,
  last_interaction INTEGER, replies INTEGER NOT NULL DEFAULT 0, refusal INTEGER NOT NULL DEFAULT 0,
  read_seq INTEGER NOT NULL DEFAULT 0, shared TEXT NOT NULL DEFAULT '{}', alias TEXT NOT NULL DEFAULT '',
  external_id TEXT NOT NULL DEFAULT '', PRIMARY KEY(oa_id, citizen));
CREATE TABLE IF NOT EXISTS anonymous(oa_id TEXT NOT NULL, user_id TEXT NOT NULL, conversation TEXT NOT NULL,
  PRIMARY KEY(oa_id, user_id));
CREATE TABLE IF NOT EXISTS codes(code TEXT PRIMARY KEY, app_id TEXT NOT NULL, oa_id TEXT NOT NULL,
  challenge TEXT NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS tokens(id INTEGER PRIMARY KEY, app_id TEXT NOT NULL, oa_id TEXT NOT NULL,
  access TEXT NOT NULL UNIQUE, refresh TEXT NOT NULL UNIQUE, access_expires INTEGER NOT NULL,
  refresh_expires INTEGER NOT NULL, access_alive INTEGER NOT NULL DEFAULT 1, refresh_alive INTEGER NOT NULL DEFAULT 1);
CREATE INDEX IF NOT EXISTS tokens_oa ON tokens(oa_id);
CREATE TABLE IF NOT EXISTS refreshes(id INTEGER PRIMARY KEY, oa_id TEXT, app_id TEXT, at INTEGER NOT NULL,
  real REAL NOT NULL, ok INTEGER NOT NULL, error INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS messages(seq INTEGER PRIMARY KEY AUTOINCREMENT, msg_id TEXT NOT NULL UNIQUE,
  oa_id TEXT NOT NULL, user_id TEXT NOT NULL, citizen TEXT NOT NULL, src INTEGER NOT NULL, type TEXT NOT NULL,
  text TEXT NOT NULL DEFAULT '', payload TEXT NOT NULL DEFAULT '{}', quote TEXT NOT NULL DEFAULT '',
  at INTEGER NOT NULL, real REAL NOT NULL, event_id INTEGER, answered INTEGER NOT NULL DEFAULT 1,
  seen_at INTEGER, hidden INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS messages_thread ON messages(oa_id, user_id, seq);
CREATE TABLE IF NOT EXISTS events(id INTEGER PRIMARY KEY AUTOINCREMENT, app_id TEXT NOT NULL, name TEXT NOT NULL,
  user_id TEXT NOT NULL DEFAULT '', body BLOB NOT NULL, state TEXT NOT NULL DEFAULT 'pending',
  attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL, latency_ms REAL,
  created REAL NOT NULL, last_status TEXT NOT NULL DEFAULT '', delivered_at REAL);
CREATE INDEX IF NOT EXISTS events_pending ON events(next_at) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS attempts(event_id INTEGER NOT NULL, real REAL NOT NULL, status TEXT NOT NULL,
  ms REAL NOT NULL);
CREATE INDEX IF NOT EXISTS attempts_event ON attempts(event_id);
CREATE INDEX IF NOT EXISTS events_name ON events(name, state);
CREATE INDEX IF NOT EXISTS events_user ON events(user_id);
CREATE TABLE IF NOT EXISTS uploads(id TEXT PRIMARY KEY, oa_id TEXT NOT NULL, kind TEXT NOT NULL, media TEXT NOT NULL,
  name TEXT NOT NULL, size INTEGER NOT NULL, checksum TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS article_jobs(token TEXT PRIMARY KEY, oa_id TEXT NOT NULL, article_id TEXT NOT NULL,
  body TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending', message TEXT NOT NULL DEFAULT '',
  polls INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, real REAL NOT NULL, answered INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS articles(id TEXT PRIMARY KEY, oa_id TEXT NOT NULL, body TEXT NOT NULL,
  pictures TEXT NOT NULL, views INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL, updated INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS broadcasts(id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL UNIQUE,
  oa_id TEXT NOT NULL, article_id TEXT NOT NULL, title TEXT NOT NULL, target TEXT NOT NULL, at INTEGER NOT NULL,
  due INTEGER NOT NULL, real REAL NOT NULL, delivered INTEGER NOT NULL DEFAULT 0,
  recipients INTEGER NOT NULL DEFAULT 0, answered INTEGER NOT NULL DEFAULT 1);
CREATE INDEX IF NOT EXISTS broadcasts_due ON broadcasts(due) WHERE delivered = 0;
CREATE TABLE IF NOT EXISTS tags(oa_id TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY(oa_id, name));
CREATE TABLE IF NOT EXISTS tagged(oa_id TEXT NOT NULL, name TEXT NOT NULL, user_id TEXT NOT NULL,
  PRIMARY KEY(oa_id, name, user_id));
CREATE TABLE IF NOT EXISTS reactions(id INTEGER PRIMARY KEY, oa_id TEXT NOT NULL, msg_id TEXT NOT NULL,
  src INTEGER NOT NULL, icon TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS reactions_msg ON reactions(msg_id);
CREATE TABLE IF NOT EXISTS chat_groups(id TEXT PRIMARY KEY, oa_id TEXT NOT NULL, name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '', avatar TEXT NOT NULL DEFAULT '', asset_id TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL DEFAULT 'enabled', setting TEXT NOT NULL DEFAULT '{}', created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS group_members(group_id TEXT NOT NULL, user_id TEXT NOT NULL,
  admin INTEGER NOT NULL DEFAULT 0, pending INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(group_id, user_id));
CREATE TABLE IF NOT EXISTS group_messages(seq INTEGER PRIMARY KEY AUTOINCREMENT, msg_id TEXT NOT NULL UNIQUE,
  group_id TEXT NOT NULL, oa_id TEXT NOT NULL, user_id TEXT NOT NULL, src INTEGER NOT NULL, type TEXT NOT NULL,
  text TEXT NOT NULL, payload TEXT NOT NULL, at INTEGER NOT NULL, real REAL NOT NULL, event_id INTEGER,
  answered INTEGER NOT NULL DEFAULT 1);
CREATE INDEX IF NOT EXISTS group_messages_of ON group_messages(group_id, seq);
CREATE TABLE IF NOT EXISTS media(name TEXT PRIMARY KEY, mime TEXT NOT NULL, created INTEGER NOT NULL);
"""


class State:
    """The SQLite file with a few short ways to ask it; rows are `sqlite3.Row`."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.path = directory / FILE_NAME
        self._db = self._connect()
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(SCHEMA)
        self._widen()

    def _widen(self) -> None:
        """Columns a state of an earlier version lacks."""
        known = {row["name"] for row in self._db.execute("PRAGMA table_info(relations)")}
        for name, default in (("shared", "{}"), ("alias", ""), ("external_id", "")):
            if name not in known:
                self._db.execute(f"ALTER TABLE relations ADD COLUMN {name} TEXT NOT NULL DEFAULT '{default}'")

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=10)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA synchronous=NORMAL")
        return db

    def reader(self) -> sqlite3.Connection:
        """A second connection for a long read in a thread, so that the ledger never holds up a delivery."""
        db = self._connect()
        db.execute("PRAGMA query_only=ON")
        return db

    def run(self, sql: str, *args: Any) -> sqlite3.Cursor:
        return self._db.execute(sql, args)

    def one(self, sql: str, *args: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(sql, args).fetchone()
        return row

    def all(self, sql: str, *args: Any) -> list[sqlite3.Row]:
        return self._db.execute(sql, args).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; never await inside. An inner one is part of the outer."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def get(self, key: str, default: Any = None) -> Any:
        row = self.one("SELECT value FROM kv WHERE key=?", key)
        return default if row is None else json.loads(row["value"])

    def put(self, key: str, value: Any) -> None:
        self.run("INSERT OR REPLACE INTO kv(key, value) VALUES(?, ?)", key, json.dumps(value))

    def close(self) -> None:
        self._db.close()

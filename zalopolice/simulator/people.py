"""Citizens and what ties each of them to each OA: ids, following, the clock of the last interaction."""

import re
import sqlite3
import time
import unicodedata

from . import ids
from .config import Config
from .state import State


class People:
    """Citizens of the config file, related to every OA, plus those added on the phone, related where they turn up."""

    def __init__(self, state: State, config: Config) -> None:
        self._state = state
        self._config = config
        with state.transaction():
            for seed in config.citizens:
                self._ensure(seed.key, seed.name)
                for oa_id in config.oas:
                    self._relate(seed.key, oa_id)

    def _ensure(self, key: str, name: str) -> None:
        self._state.run("INSERT OR IGNORE INTO citizens(key, name, created) VALUES(?,?,?)", key, name, time.time())

    def _relate(self, key: str, oa_id: str, user_id: str = "") -> None:
        self._state.run(
            "INSERT OR IGNORE INTO relations(oa_id, citizen, user_id, by_app) VALUES(?,?,?,?)",
            oa_id,
            key,
            user_id or ids.user_id(key, oa_id),
            ids.user_id_by_app(key, self._config.oas[oa_id].app_id),
        )

    def all(self) -> list[sqlite3.Row]:
        return self._state.all("SELECT key, name FROM citizens ORDER BY created, rowid")

    def add(self, name: str) -> str:
        """A new citizen known to no OA yet; returns the key."""
        plain = unicodedata.normalize("NFD", name.lower().replace("đ", "d")).encode("ascii", "ignore").decode()
        stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "cong-dan"
        key, number = stem, 1
        while self._state.one("SELECT 1 FROM citizens WHERE key=?", key):
            number += 1
            key = f"{stem}-{number}"
        self._ensure(key, name)
        return key

    def adopt(self, oa_id: str, user_id: str) -> sqlite3.Row:
        """A user id that first appears in a replayed event becomes a citizen of this world."""
        found = self.by_user(oa_id, user_id)
        if found:
            return found
        key = f"zalo-{user_id[-6:]}"
        while self._state.one("SELECT 1 FROM citizens WHERE key=?", key):
            key += "x"
        with self._state.transaction():
            self._ensure(key, f"Người dùng …{user_id[-4:]}")
            self._relate(key, oa_id, user_id)
        adopted = self.by_user(oa_id, user_id)
        assert adopted is not None
        return adopted

    def conversation(self, oa_id: str, user_id: str) -> str:
        """The conversation id of an anonymous thread (Zalo page 3.3); empty for everybody else."""
        row = self._state.one("SELECT conversation FROM anonymous WHERE oa_id=? AND user_id=?", oa_id, user_id)
        return row["conversation"] if row else ""

    def hide(self, oa_id: str, user_id: str, conversation: str) -> None:
        self._state.run("INSERT OR REPLACE INTO anonymous VALUES(?,?,?)", oa_id, user_id, conversation)

    def name(self, key: str) -> str:
        row = self._state.one("SELECT name FROM citizens WHERE key=?", key)
        return row["name"] if row else key

    def relation(self, oa_id: str, citizen: str) -> sqlite3.Row | None:
        """Made here: a year of a city has 150,000 people, few of whom ever meet more than one of its accounts."""
        wanted = "SELECT * FROM relations WHERE oa_id=? AND citizen=?", oa_id, citizen
        found = self._state.one(*wanted)
        if found or oa_id not in self._config.oas or not self._state.one("SELECT 1 FROM citizens WHERE key=?", citizen):
            return found
        self._relate(citizen, oa_id)
        return self._state.one(*wanted)

    def by_user(self, oa_id: str, user_id: str) -> sqlite3.Row | None:
        return self._state.one("SELECT * FROM relations WHERE oa_id=? AND user_id=?", oa_id, user_id)

    def interacted(self, relation: sqlite3.Row, at_ms: int, *, chatted: bool = True) -> None:
        """Restart the reply window: following, a message, a tap on "Nhắn tin" (Zalo page 3.5)."""
        self._state.run(
            "UPDATE relations SET last_interaction=?, replies=0, chatted=max(chatted, ?) WHERE user_id=?",
            at_ms,
            int(chatted),
            relation["user_id"],
        )

    def follow(self, relation: sqlite3.Row, following: bool) -> None:
        self._state.run("UPDATE relations SET following=? WHERE user_id=?", int(following), relation["user_id"])

    def refuse(self, relation: sqlite3.Row, code: int) -> None:
        """From now on sends to this citizen answer with `code` (-213, -217, -227, -244; 0 lifts it)."""
        self._state.run("UPDATE relations SET refusal=? WHERE user_id=?", code, relation["user_id"])

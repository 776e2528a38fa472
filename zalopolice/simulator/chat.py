"""Conversations between citizens and OAs: what is written here is what the phone shows and the ledger counts."""

import asyncio
import json
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from . import bodies, ids
from .bodies import Party

if TYPE_CHECKING:
    from .world import World

RECEIPT_DELAY_S = 0.15
LOCAL = ("/media/", "/articles/")


def _object(value: Any) -> dict[str, Any]:
    """Replayed bodies may be fuzzed: anything that is not an object counts as an empty one."""
    return value if isinstance(value, dict) else {}


class Chat:
    """The verbs of both sides; every verb writes its row and queues its webhook in one go."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def party(self, relation: sqlite3.Row) -> Party:
        oa = self._world.config.oas[relation["oa_id"]]
        conversation = self._world.people.conversation(oa.oa_id, relation["user_id"])
        return Party(oa.app_id, oa.oa_id, relation["user_id"], relation["by_app"], conversation)

    def absolute(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Addresses are stored without host, because the port may differ after a restart."""
        base = self._world.base_url
        return {k: base + v if isinstance(v, str) and v.startswith(LOCAL) else v for k, v in payload.items()}

    # -- the citizen -------------------------------------------------------------------------------

    def citizen_sends(
        self,
        relation: sqlite3.Row,
        kind: str,
        text: str = "",
        payload: dict[str, Any] | None = None,
        *,
        quote: str = "",
        hidden: bool = False,
    ) -> str:
        """A message of the citizen: row, reply window, `user_send_*`; returns the message id."""
        world, party, at = self._world, self.party(relation), self._world.clock.ms()
        msg_id = ids.message_id()
        body = bodies.sent(party, 1, kind, msg_id, at, text, self.absolute(payload or {}), quote)
        with world.state.transaction():
            event_id = self._emit(party, body)
            self._insert(relation, msg_id, 1, kind, text, payload, quote, at, event_id, hidden)
            world.people.interacted(relation, at)
        return msg_id

    def citizen_acts(self, relation: sqlite3.Row, act: str) -> None:
        """`follow`, `unfollow` or `chatnow`; a follow or a tap opens the reply window by itself (3.5)."""
        world, party, at = self._world, self.party(relation), self._world.clock.ms()
        if act == "chatnow" and relation["chatted"]:
            # Zalo tells of the tap at most once, to an OA the citizen never chatted with; the window still opens.
            world.people.interacted(relation, at)
            return
        body = bodies.chatnow(party, at) if act == "chatnow" else bodies.follow(party, act, at)
        with world.state.transaction():
            self._emit(party, body)
            if act in ("follow", "unfollow"):
                world.people.follow(relation, act == "follow")
            if act != "unfollow":
                world.people.interacted(relation, at, chatted=act == "chatnow")

    def tell(self, party: Party, body: dict[str, Any]) -> None:
        """An event that is no message."""
        with self._world.state.transaction():
            self._emit(party, body)

    def reacts(self, relation: sqlite3.Row, src: int, msg_id: str, icon: str) -> None:
        """An icon on a message, of the citizen (src 1) or of the OA."""
        world, party, at = self._world, self.party(relation), self._world.clock.ms()
        with world.state.transaction():
            values = (party.oa_id, msg_id, src, icon, at)
            world.state.run("INSERT INTO reactions(oa_id, msg_id, src, icon, at) VALUES(?,?,?,?,?)", *values)
            self._emit(party, bodies.reacted(party, src, msg_id, icon, at))

    def reactions(self, msg_id: str) -> int:
        row = self._world.state.one("SELECT count(*) AS n FROM reactions WHERE msg_id=? AND src=0", msg_id)
        return row["n"] if row else 0

    def _emit(self, party: Party, body: dict[str, Any]) -> int:
        return self._world.webhooks.announce(party.app_id, body, party.user_id, party.oa_id)

    def _insert(
        self,
        relation: sqlite3.Row,
        msg_id: str,
        src: int,
        kind: str,
        text: str,
        payload: dict[str, Any] | None,
        quote: str,
        at: int,
        event_id: int | None,
        hidden: bool = False,
    ) -> None:
        self._world.state.run(
            "INSERT OR IGNORE INTO messages(msg_id, oa_id, user_id, citizen, src, type, text, payload, quote, at, real,"
            " event_id, hidden) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
            msg_id,
            relation["oa_id"],
            relation["user_id"],
            relation["citizen"],
            src,
            kind,
            text,
            json.dumps(payload or {}, ensure_ascii=False),
            quote,
            at,
            time.time(),
            event_id,
            int(hidden),
        )

    def adopt_event(self, body: dict[str, Any], event_id: int | None) -> None:
        """A replayed 1:1 `user_send_*`, `follow` or `user_click_chatnow` counts as having happened here.

        Otherwise replies to replayed citizens would be refused and nothing of a replay could be seen on the phone.
        """
        name = str(body.get("event_name", ""))
        message, sender, recipient = (_object(body.get(key)) for key in ("message", "sender", "recipient"))
        if name in ("follow", "user_click_chatnow"):
            oa_id, user_id = body.get("oa_id"), body.get("user_id") or _object(body.get("follower")).get("id")
        else:
            oa_id, user_id = recipient.get("id"), sender.get("id")
        kind = name.removeprefix("user_send_").removeprefix("anonymous_send_")
        known = name in ("follow", "user_click_chatnow") or (name != kind and kind in bodies.EVENT_OF)
        if not known or not isinstance(oa_id, str) or not isinstance(user_id, str):
            return
        if oa_id not in self._world.config.oas:
            return
        relation, at = self._world.people.adopt(oa_id, user_id), self._world.clock.ms()
        self._world.people.interacted(relation, at)
        if name.startswith("anonymous_"):
            self._world.people.hide(oa_id, user_id, str(message.get("conversation_id", "")))
        msg_id = message.get("msg_id")
        if isinstance(msg_id, str) and msg_id:
            attachments = message.get("attachments")
            first = _object(attachments[0]) if isinstance(attachments, list) and attachments else {}
            text, quote = str(message.get("text") or ""), str(message.get("quote_msg_id") or "")
            self._insert(relation, msg_id, 1, kind, text, _object(first.get("payload")), quote, at, event_id)

    # -- the OA ------------------------------------------------------------------------------------

    def oa_sends(
        self, relation: sqlite3.Row, kind: str, text: str, payload: dict[str, Any], quote: str, paid: bool
    ) -> str:
        """An accepted send: the phone shows it from this line on, whatever becomes of the answer."""
        world, at = self._world, self._world.clock.ms()
        msg_id = ids.message_id()
        with world.state.transaction():
            self._insert(relation, msg_id, 0, kind, text, payload, quote, at, None)
            if not paid:
                world.state.run("UPDATE relations SET replies=replies+1 WHERE user_id=?", relation["user_id"])
        self._echo(relation, kind, msg_id, at, text, payload)
        if world.faults["receipts"] and not self.party(relation).conversation:
            world.webhooks.spawn(self._receipts(relation, msg_id))
        return msg_id

    def shows_article(self, relation: sqlite3.Row, title: str, card: dict[str, Any]) -> None:
        """A broadcast has reached this phone. Zalo reports none of it: no echo, no receipt."""
        self._insert(relation, ids.message_id(), 0, "article", title, card, "", self._world.clock.ms(), None)

    def _echo(self, relation: sqlite3.Row, kind: str, msg_id: str, at: int, text: str, payload: dict[str, Any]) -> None:
        faults = self._world.faults
        if not faults["echo"] or faults.hit("drop_echo"):
            return
        party = self.party(relation)
        body = bodies.sent(party, 0, kind, msg_id, at, text, self._echo_payload(kind, msg_id, text, payload))
        self._emit(party, body)

    def _echo_payload(self, kind: str, msg_id: str, text: str, payload: dict[str, Any]) -> dict[str, Any]:
        if kind not in ("form", "list"):
            return self.absolute(payload)
        return {"zinstant_id": msg_id[:18], "text": text, "link_url": "", "checksum": msg_id}

    async def _receipts(self, relation: sqlite3.Row, msg_id: str) -> None:
        await asyncio.sleep(RECEIPT_DELAY_S)
        self._receipt(relation, "user_received_message", [msg_id])
        wait = self._world.faults["seen_after_s"]
        if wait is not None:
            await asyncio.sleep(wait)
            self._mark_seen(relation, "msg_id=?", msg_id)

    def _receipt(self, relation: sqlite3.Row, name: str, msg_ids: list[str]) -> None:
        world, party = self._world, self.party(relation)
        body = bodies.receipt(party, name, msg_ids, world.clock.ms(), flipped=world.faults["flip_receipts"])
        self._emit(party, body)

    def read(self, relation: sqlite3.Row, seq: int) -> int:
        """The citizen looked at everything up to `seq`; returns how many messages became seen."""
        self._world.state.run(
            "UPDATE relations SET read_seq=max(read_seq, ?) WHERE user_id=?", seq, relation["user_id"]
        )
        return self._mark_seen(relation, "seq<=?", seq)

    def _mark_seen(self, relation: sqlite3.Row, condition: str, value: Any) -> int:
        state = self._world.state
        where = f"oa_id=? AND user_id=? AND src=0 AND seen_at IS NULL AND {condition}"
        args = (relation["oa_id"], relation["user_id"], value)
        rows = state.all(f"SELECT msg_id, type FROM messages WHERE {where}", *args)
        unseen = [row["msg_id"] for row in rows if row["type"] != "article"]
        if rows:
            state.run(f"UPDATE messages SET seen_at=? WHERE {where}", self._world.clock.ms(), *args)
            if unseen and self._world.faults["receipts"] and not self.party(relation).conversation:
                self._receipt(relation, "user_seen_message", unseen)
        return len(unseen)

    def exists(self, relation: sqlite3.Row, msg_id: str) -> bool:
        """Whether this thread has a message of that id (a quote must name one)."""
        found = self._world.state.one("SELECT user_id FROM messages WHERE msg_id=?", msg_id)
        return found is not None and found["user_id"] == relation["user_id"]

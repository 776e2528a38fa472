"""GMF groups: rows, events and messages (Zalo page 2.6 and 7). The calls an OA makes are in `group_calls.py`."""

import json
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from . import bodies, ids

if TYPE_CHECKING:
    from .world import World

ACTS = {
    "join": "user_join_group",
    "request": "user_request_join_group",
    "accept": "accept_request_join_group",
    "reject": "reject_request_join_group",
    "admin": "add_group_admin",
    "unadmin": "remove_group_admin",
    "leave": "user_out_group",
}
SETTING = {"lock_send_msg": False, "join_appr": True, "enable_msg_history": True, "enable_link_join": True}


class Groups:
    """The groups of all OAs."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def find(self, oa_id: str, group_id: str) -> sqlite3.Row | None:
        return self._world.state.one("SELECT * FROM chat_groups WHERE id=? AND oa_id=?", group_id, oa_id)

    def create(self, oa_id: str, name: str, members: list[str], description: str = "", asset_id: str = "") -> str:
        """A group with these user ids; `create_group` follows."""
        state, group_id = self._world.state, ids.message_id()
        with state.transaction():
            state.run(
                "INSERT INTO chat_groups(id, oa_id, name, description, asset_id, setting, created)"
                " VALUES(?,?,?,?,?,?,?)",
                group_id,
                oa_id,
                name,
                description,
                asset_id,
                json.dumps(SETTING),
                self._world.clock.ms(),
            )
            for user_id in members:
                self._put(group_id, user_id)
            self.tell(oa_id, group_id, "create_group")
        return group_id

    def _put(self, group_id: str, user_id: str, *, pending: bool = False) -> None:
        sql = "INSERT OR REPLACE INTO group_members(group_id, user_id, pending) VALUES(?,?,?)"
        self._world.state.run(sql, group_id, user_id, int(pending))

    def members(self, group_id: str, *, pending: bool = False) -> list[sqlite3.Row]:
        return self._world.state.all(
            "SELECT m.*, c.name FROM group_members m LEFT JOIN relations r ON r.user_id=m.user_id"
            " LEFT JOIN citizens c ON c.key=r.citizen WHERE m.group_id=? AND m.pending=? ORDER BY m.rowid",
            group_id,
            int(pending),
        )

    def is_member(self, group_id: str, user_id: str) -> bool:
        sql = "SELECT 1 FROM group_members WHERE group_id=? AND user_id=? AND pending=0"
        return self._world.state.one(sql, group_id, user_id) is not None

    def act(self, group: sqlite3.Row, act: str, user_ids: list[str]) -> None:
        """One of ACTS for these people, with its event."""
        state = self._world.state
        with state.transaction():
            for user_id in user_ids:
                if act in ("join", "accept", "request"):
                    self._put(group["id"], user_id, pending=act == "request")
                elif act in ("leave", "reject"):
                    state.run("DELETE FROM group_members WHERE group_id=? AND user_id=?", group["id"], user_id)
                else:
                    sql = "UPDATE group_members SET admin=? WHERE group_id=? AND user_id=?"
                    state.run(sql, int(act == "admin"), group["id"], user_id)
            self.tell(group["oa_id"], group["id"], ACTS[act], users=[{"id": one} for one in user_ids])

    def delete(self, group: sqlite3.Row) -> None:
        with self._world.state.transaction():
            self._world.state.run("UPDATE chat_groups SET status='disabled' WHERE id=?", group["id"])
            self.tell(group["oa_id"], group["id"], "delete_group")

    def tell(self, oa_id: str, group_id: str, name: str, **more: Any) -> None:
        app_id = self._world.config.oas[oa_id].app_id
        body = {"oa_id": oa_id, "group_id": group_id, "app_id": app_id, "event_name": name}
        stamp = {"timestamp": str(self._world.clock.ms())}
        self._world.webhooks.announce(app_id, body | stamp | more, "", oa_id)

    def says(
        self, group: sqlite3.Row, src: int, user_id: str, kind: str, text: str, payload: dict[str, Any] | None = None
    ) -> str:
        """A message of a member (src 1; it counts as an interaction) or of the OA (src 0), with its event."""
        world, at, msg_id = self._world, self._world.clock.ms(), ids.message_id()
        oa = world.config.oas[group["oa_id"]]
        body = bodies.in_group(oa.app_id, oa.oa_id, group["id"], user_id if src else oa.oa_id, src)
        body |= {"event_name": f"{'user' if src else 'oa'}_send_group_{bodies.EVENT_OF[kind]}"}
        body |= {"message": bodies.message(kind, msg_id, text, world.chat.absolute(payload or {}), "")}
        with world.state.transaction():
            event_id = world.webhooks.announce(oa.app_id, body | {"timestamp": str(at)}, user_id, oa.oa_id)
            world.state.run(
                "INSERT INTO group_messages(msg_id, group_id, oa_id, user_id, src, type, text, payload, at, real,"
                " event_id) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
                *(msg_id, group["id"], oa.oa_id, user_id, src, kind, text),
                *(json.dumps(payload or {}, ensure_ascii=False), at, time.time(), event_id),
            )
            relation = world.people.by_user(oa.oa_id, user_id) if src else None
            if relation is not None:
                world.people.interacted(relation, at, chatted=False)
        return msg_id

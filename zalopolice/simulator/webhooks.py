"""The webhook sender: signs, delivers, retries, gives up (Zalo page 2.1 to 2.3).

Every event is a row before the first attempt, so a restart of the simulator delivers what was still pending.
"""

import asyncio
import contextlib
import hashlib
import json
import time
from collections.abc import Coroutine
from typing import Any

from . import oddities, wire
from .clock import Clock
from .config import App, Config
from .faults import Faults
from .state import State

DOCUMENTED_STEPS = (30, 300, 900, 1800, 3600)
DEMO_STEPS = (1, 3, 5, 8, 10)
AT_ONCE = 64
PROBE_TRIES = 60
IDLE_S = 0.5


def signature(app_id: str, raw: bytes, timestamp: str, key: str) -> str:
    """`X-ZEvent-Signature`: plain SHA-256 over app id, the bytes sent, the body's timestamp and the OA secret (2.3)."""
    return "mac=" + hashlib.sha256(app_id.encode() + raw + timestamp.encode() + key.encode()).hexdigest()


class Webhooks:
    """Queue and delivery of events for all apps."""

    def __init__(self, state: State, config: Config, clock: Clock, faults: Faults) -> None:
        self._state, self._config, self._clock, self._faults = state, config, clock, faults
        self._tasks: set[asyncio.Task[Any]] = set()
        self._flying: set[int] = set()
        self._ready: set[str] = set()  # apps whose portal has answered the probe of this start
        self._awake = asyncio.Event()
        for app_id in config.apps:
            state.run("INSERT OR IGNORE INTO webhooks(app_id) VALUES(?)", app_id)

    def start(self) -> None:
        for app_id in self._config.apps:
            self.spawn(self._resume(app_id))
        self.spawn(self._pump())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def serialise(self, body: dict[str, Any]) -> bytes:
        return json.dumps(body, ensure_ascii=self._faults["ascii_json"], separators=(",", ":")).encode()

    def announce(self, app_id: str, body: dict[str, Any], user_id: str = "", oa_id: str = "") -> int:
        """What happened, told to the portal, as oddly as the faults want it."""
        body = oddities.bent(self._faults, body)
        if self._faults.hit("unknown_event"):
            self.emit(app_id, oddities.UNKNOWN, self.serialise(oddities.unknown(body)), user_id, oa_id)
        return self.emit(app_id, str(body["event_name"]), self.serialise(body), user_id, oa_id)

    def emit(self, app_id: str, name: str, raw: bytes, user_id: str = "", oa_id: str = "") -> int:
        """Store one event and deliver it in the background; returns its id.

        With `oa_id` of an OA that granted no token the event is dropped, as Zalo does (2.1).
        """
        granted = not oa_id or not self._faults["require_grant"] or self._granted(oa_id)
        return self.store(app_id, name, raw, "pending" if granted else "no_grant", user_id)

    def store(self, app_id: str, name: str, raw: bytes, state: str, user_id: str = "") -> int:
        now = time.time()
        if state == "pending" and not self.enabled(app_id):
            state = "dropped"
        event_id = self._state.run(
            "INSERT INTO events(app_id, name, user_id, body, state, next_at, created) VALUES(?,?,?,?,?,?,?)",
            app_id,
            name,
            user_id,
            raw,
            state,
            now + (self._first_delay() if state == "pending" and not self._faults["serial"] else 0.0),
            now,
        ).lastrowid
        assert event_id is not None
        self._awake.set()
        return event_id

    def _granted(self, oa_id: str) -> bool:
        return self._state.one("SELECT 1 FROM tokens WHERE oa_id=? AND refresh_alive=1", oa_id) is not None

    # -- one event ---------------------------------------------------------------------------------

    async def _pump(self) -> None:
        """Takes what is due, as many at once as there are slots. Waiting events are rows, not tasks: an outage of the
        portal costs no memory here."""
        while True:
            self._awake.clear()
            for row in self._due(AT_ONCE - len(self._flying)):
                self._flying.add(row["id"])
                self.spawn(self._deliver(row))
            # Not wait_for: up to Python 3.11 it may take an end for a time-out, and then nothing ends.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._until_next()):
                    await self._awake.wait()

    def _due(self, room: int) -> list[Any]:
        """The oldest first; with `serial` nobody's later event overtakes an earlier one."""
        serial = (
            " AND (a.user_id='' OR NOT EXISTS"
            " (SELECT 1 FROM events b WHERE b.user_id=a.user_id AND b.id<a.id AND b.state='pending'))"
            if self._faults["serial"]
            else ""
        )
        rows = self._state.all(
            f"SELECT * FROM events a WHERE state='pending' AND next_at<=?{serial} ORDER BY next_at, id LIMIT ?",
            time.time(),
            max(0, room) + len(self._flying),
        )
        ready = [row for row in rows if row["id"] not in self._flying and row["app_id"] in self._ready]
        return ready[: max(0, room)]

    def _until_next(self) -> float:
        if len(self._flying) >= AT_ONCE:
            return IDLE_S
        row = self._state.one("SELECT min(next_at) AS at FROM events WHERE state='pending' AND next_at>?", time.time())
        return IDLE_S if row is None or row["at"] is None else min(IDLE_S, max(0.002, row["at"] - time.time()))

    async def _deliver(self, row: Any) -> None:
        event_id, attempts = row["id"], row["attempts"] + 1
        if attempts == 1 and self._faults["serial"]:
            await asyncio.sleep(self._first_delay())  # one after the other, so their delays add up
        started = time.time()
        try:
            status = await self._attempt(row["app_id"], row["body"], attempts - 1)
            wait = None if status == "200" else self._wait_after(attempts)
            self._record(row["app_id"], event_id, attempts, status, wait, time.time() - started)
        finally:
            self._flying.discard(event_id)
            self._awake.set()

    def _first_delay(self) -> float:
        held = self._faults.seconds("reorder_ms") if self._faults.hit("reorder") else 0.0
        return held + self._faults.seconds("delay_ms")

    async def _attempt(self, app_id: str, raw: bytes, retry: int) -> str:
        if retry == 0 and self._faults.hit("duplicate"):
            self.spawn(self._post(app_id, raw, retry))
        return await self._post(app_id, raw, retry)

    async def _post(self, app_id: str, raw: bytes, retry: int) -> str:
        app = self._config.apps[app_id]
        headers = {"X-ZEvent-Signature": self._sign(app, raw)} | oddities.headers(self._faults, raw)
        if retry:
            headers["num_retry"] = str(retry)
        return await wire.post(app.webhook_url, raw, headers, self._faults["webhook_timeout_s"])

    def _sign(self, app: App, raw: bytes) -> str:
        key = app.app_secret if self._faults["sign_key"] == "app" else app.oa_secret_key
        if self._faults.hit("wrong_signature"):
            key += "?"
        return signature(app.app_id, raw, oddities.timestamp_of(raw), key)

    def retry_steps(self) -> list[float]:
        """Seconds before retry 1, 2, …: the documented steps scaled, or the demo's; a fast clock shortens them."""
        if self._faults["retry_steps"]:
            return [float(step) for step in self._faults["retry_steps"]]
        scale = self._faults["retry_scale"]
        steps = DEMO_STEPS if scale is None else [step * float(scale) for step in DOCUMENTED_STEPS]
        return [step / self._clock.speed for step in steps]

    def _wait_after(self, attempts: int) -> float | None:
        steps = self.retry_steps()
        return steps[attempts - 1] if attempts <= len(steps) else None

    def _record(self, app_id: str, event_id: int, attempts: int, status: str, wait: float | None, took: float) -> None:
        delivered = status == "200"
        state = "delivered" if delivered else "pending" if wait is not None else "failed"
        now = time.time()
        with self._state.transaction():
            self._state.run("INSERT INTO attempts VALUES(?,?,?,?)", event_id, now, status, round(took * 1000, 1))
            self._state.run(
                "UPDATE events SET state=?, attempts=?, last_status=?, next_at=?, latency_ms=?, delivered_at=?"
                " WHERE id=?",
                state,
                attempts,
                status,
                now + (wait or 0),
                round(took * 1000, 1),
                now if delivered else None,
                event_id,
            )
            if delivered:
                self._state.run("UPDATE webhooks SET failures=0 WHERE app_id=? AND failures>0", app_id)
            else:
                self._state.run("UPDATE webhooks SET failures=failures+1 WHERE app_id=?", app_id)
            if state == "failed":
                self.disable(app_id)

    # -- the URL -----------------------------------------------------------------------------------

    def enabled(self, app_id: str) -> bool:
        row = self._state.one("SELECT enabled FROM webhooks WHERE app_id=?", app_id)
        return bool(row and row["enabled"])

    def disable(self, app_id: str) -> None:
        """What Zalo does after the last failed retry: the app is unsubscribed until somebody enables it by hand."""
        self._state.run("UPDATE webhooks SET enabled=0, disabled_at=? WHERE app_id=?", time.time(), app_id)
        self._state.run("UPDATE events SET state='dropped' WHERE app_id=? AND state='pending'", app_id)

    async def enable(self, app_id: str, url: str | None = None, redeliver: bool = False) -> dict[str, Any]:
        """Save the URL: an unsigned `{}` must be answered 200 (2.1), else the webhook stays as it was."""
        status = await self._probe(app_id, url or self._config.apps[app_id].webhook_url)
        if status != "200":
            return {**self.describe_app(app_id), "error": f"probe answered {status}"}
        if url:
            self._config.apps[app_id].webhook_url = url
        self._state.run("UPDATE webhooks SET enabled=1, failures=0, disabled_at=NULL WHERE app_id=?", app_id)
        if redeliver:
            self._redeliver(app_id)
        return self.describe_app(app_id)

    def _redeliver(self, app_id: str) -> None:
        """Not something Zalo does; for a demo that wants its lost events back."""
        lost = self._state.all("SELECT id FROM events WHERE app_id=? AND state IN ('failed','dropped')", app_id)
        for row in lost:
            self._state.run("UPDATE events SET state='pending', attempts=0, next_at=0 WHERE id=?", row["id"])
        self._awake.set()

    async def _probe(self, app_id: str, url: str) -> str:
        status = await wire.post(url, b"{}", {}, self._faults["webhook_timeout_s"])
        self._state.run("UPDATE webhooks SET probe_status=?, probe_at=? WHERE app_id=?", status, time.time(), app_id)
        return status

    async def _resume(self, app_id: str) -> None:
        """At start: the probe, then what an earlier run left undelivered.

        The portal may come up after us, and its start must not use up the retries of yesterday's events.
        """
        for _ in range(PROBE_TRIES):
            if await self._probe(app_id, self._config.apps[app_id].webhook_url) == "200":
                break
            await asyncio.sleep(1)
        self._ready.add(app_id)
        self._awake.set()

    async def send_once(self, app_id: str, event_ids: list[int], *, serial: bool = False) -> list[str]:
        """Deliver stored events once each, without retry; answers their statuses in order."""
        if serial:
            return [await self._once(app_id, event_id) for event_id in event_ids]
        return list(await asyncio.gather(*(self._once(app_id, event_id) for event_id in event_ids)))

    async def _once(self, app_id: str, event_id: int) -> str:
        row = self._state.one("SELECT body FROM events WHERE id=?", event_id)
        assert row is not None
        started = time.time()
        status = await self._post(app_id, row["body"], 0)
        took = round((time.time() - started) * 1000, 1)
        self._state.run("INSERT INTO attempts VALUES(?,?,?,?)", event_id, time.time(), status, took)
        self._state.run(
            "UPDATE events SET state=?, attempts=attempts+1, last_status=?, delivered_at=? WHERE id=?",
            "delivered" if status == "200" else "refused",
            status,
            time.time() if status == "200" else None,
            event_id,
        )
        return status

    def describe_app(self, app_id: str) -> dict[str, Any]:
        row = self._state.one("SELECT * FROM webhooks WHERE app_id=?", app_id)
        assert row is not None
        counts = self._state.all("SELECT state, count(*) AS n FROM events WHERE app_id=? GROUP BY state", app_id)
        return {
            "app_id": app_id,
            "url": self._config.apps[app_id].webhook_url,
            "enabled": bool(row["enabled"]),
            "state": "enabled" if row["enabled"] else "disabled",
            "failures": row["failures"],
            "disabled_at": row["disabled_at"],
            "probe_status": row["probe_status"],
            "events": {count["state"]: count["n"] for count in counts},
        }

    def describe(self) -> dict[str, Any]:
        """`{"state", "failures", "apps": {app_id: …}}`; disabled when any app is."""
        apps = {app_id: self.describe_app(app_id) for app_id in self._config.apps}
        down = any(not app["enabled"] for app in apps.values())
        return {
            "state": "disabled" if down else "enabled",
            "failures": sum(app["failures"] for app in apps.values()),
            "apps": apps,
        }

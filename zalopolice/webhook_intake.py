"""From a sealed record to a promise: what comes together goes in with one commit, or to the spool (design.md D3, D4).

The first record goes at once; what arrives while both writers are busy waits for its turn, so a lone event is as quick
as with an insert of its own, and a thousand cost a few commits. While PostgreSQL is known to be away nobody waits for
it: records go to the disk, and :meth:`Intake.mend` looks whether it is back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from zalopolice import faults
from zalopolice.spool import Record, Segment, Spool
from zalopolice.webhook_bell import Doorbell, resident_bytes
from zalopolice.webhook_io import DEADLINE, Away, Store, Unfit

# The second batch is on its way while the first waits for the disk: a quarter more events (measured), at no more CPU.
FLUSHES = 2
MOST_AT_ONCE = 256
MOST_BYTES = 4 * 1024 * 1024
# Zalo gives up after 2 s: what is not on the disk by now is answered 503.
LAST_MOMENT = 1.4
PROBE_PAUSE, LOOK_PAUSE = 0.3, 1.0
# Seconds a failure of the spool is told at least: the watch looks every half minute.
TOLD = 90.0

log = logging.getLogger("zalopolice.webhook")
Waiting = tuple[Record, float, "asyncio.Future[bool]"]


class Intake:
    def __init__(self, store: Store, spool: Spool) -> None:
        self._store, self._spool = store, spool
        self.doorbell: Doorbell | None = None
        self._waiting: list[Waiting] = []
        self._wake = asyncio.Event()
        # One thread: files are written in order, and a disk that hangs stops it and not the answers.
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._quiet_until = 0.0
        self.away_since = 0.0
        self.failing_since = self._failed_at = 0.0
        self.last_stored = 0.0

    # --- taking ---

    async def keep(self, record: Record) -> bool:
        """True when it is committed or on the local disk, within 1.5 s."""
        loop = asyncio.get_running_loop()
        promise: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((record, loop.time(), promise))
        self._wake.set()
        return await promise

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch = self._next_batch()
                try:
                    kept = await self._commit(batch)
                except Exception as error:  # Zalo sends again; the log names the kind, not the content
                    log.error("webhook: unexpected %s", type(error).__name__)
                    kept = False
                for _, _, promise in batch:
                    if not promise.done():
                        promise.set_result(kept)

    def _next_batch(self) -> list[Waiting]:
        size = end = 0
        while end < min(len(self._waiting), MOST_AT_ONCE) and size < MOST_BYTES:
            size += len(self._waiting[end][0].sealed)
            end += 1
        batch, self._waiting = self._waiting[:end], self._waiting[end:]
        return batch

    async def _commit(self, batch: list[Waiting]) -> bool:
        records = [record for record, _, _ in batch]
        if not self.away_since:
            try:
                refused = await self.insert(records, until=batch[0][1] + DEADLINE)
                return not refused or await self._to_disk(refused, until=batch[0][1] + LAST_MOMENT)
            except Away:
                self.note_away()
        # Those that came meanwhile have waited as long, and must not wait for a second write.
        batch += self._waiting
        self._waiting = []
        return await self._to_disk([record for record, _, _ in batch], until=batch[0][1] + LAST_MOMENT)

    async def insert(self, records: Sequence[Record], until: float) -> list[Record]:
        """Stores all but those it returns: the ones PostgreSQL refuses for what is in them. Raises Away."""
        faults.point("webhook.inserting")
        try:
            stored = await self._store.insert(records, until)
        except Unfit:
            if len(records) == 1:
                return list(records)
            middle = len(records) // 2
            return await self.insert(records[:middle], until) + await self.insert(records[middle:], until)
        faults.point("webhook.committed")
        self.last_stored = time.time()
        if stored and self.doorbell is not None:
            self.doorbell.ring(records[-1].id)
        return []

    async def _to_disk(self, records: Sequence[Record], until: float) -> bool:
        faults.point("webhook.spooling")
        try:
            async with asyncio.timeout_at(until):
                await self._on_disk(self._spool.append, records)
        except OSError as error:
            self._failed_at = time.time()
            self.failing_since = self.failing_since or self._failed_at
            self._complain("the spool does not take events: %s", type(error).__name__)
            return False
        faults.point("webhook.spooled")
        self.failing_since = 0.0
        return True

    async def _on_disk(self, work: Any, *values: Any) -> Any:
        """Whoever stops waiting stops nothing that was begun: it goes on in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._disk, work, *values)

    def note_away(self) -> None:
        if not self.away_since:
            self.away_since = time.time()
            log.error("PostgreSQL is away; events go to the spool")

    def _complain(self, words: str, *values: object) -> None:
        if time.monotonic() >= self._quiet_until:
            self._quiet_until = time.monotonic() + 5
            log.critical(words, *values)

    # --- replaying ---

    async def mend(self) -> None:
        """Looks whether PostgreSQL is back, and puts into it what the spool holds, also that of a dead process."""
        while True:
            try:
                await self._mend_once()
            except Away:
                self.note_away()
            except Exception as error:
                self._complain("the spool cannot be replayed: %s", type(error).__name__)
            await asyncio.sleep(PROBE_PAUSE if self.away_since else LOOK_PAUSE)

    async def _mend_once(self) -> None:
        if self.away_since:
            await self._store.secrets()
        broken: set[str] = set()
        while (segment := await self._on_disk(self._spool.next_segment, broken)) is not None:
            try:
                await self._replay(segment)
            except OSError as error:  # one that cannot be read, or not be removed, must not hold up the others
                broken.add(segment.path.name)
                segment.release()
                self._complain("a segment of the spool cannot be used: %s", type(error).__name__)
            except BaseException:
                segment.release()
                raise
        if self.away_since:
            log.warning("PostgreSQL is back; the spool is replayed")
            self.away_since = 0.0
        # Nobody writes into the spool while PostgreSQL is there, so no write would say that it works again.
        if self.failing_since and time.time() - self._failed_at > TOLD and await self._on_disk(self._spool.room):
            self.failing_since = 0.0

    async def _replay(self, segment: Segment) -> None:
        records, damaged = await self._on_disk(segment.read)
        refused: list[Record] = []
        for start in range(0, len(records), MOST_AT_ONCE):
            until = asyncio.get_running_loop().time() + DEADLINE
            refused += await self.insert(records[start : start + MOST_AT_ONCE], until)
            self.away_since = 0.0  # it takes events again: new ones need no detour
        if damaged or refused:
            self._complain("a segment of the spool is kept for a person to look at: %d refused", len(refused))
        await self._on_disk(lambda: segment.finish(keep=bool(damaged or refused)))

    # --- looking ---

    async def ready(self) -> bool:
        """Whether an event that came now would be kept."""
        if not self.away_since:
            try:
                await self._store.secrets()
                return True
            except Away:
                self.note_away()
        return await asyncio.get_running_loop().run_in_executor(None, self._spool.room)

    def health(self) -> dict[str, float]:
        """Numbers only; called by the doorbell's thread."""
        usage = self._spool.usage()
        return {
            "at": time.time(),
            "spool_bytes": usage.bytes,
            "spool_records": usage.records,
            "spool_oldest": usage.oldest,
            "spool_kept": usage.kept,
            "spool_failing_since": self.failing_since,
            "postgres_away_since": self.away_since,
            "last_stored": self.last_stored,
            "rss": resident_bytes(),
        }

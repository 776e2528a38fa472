"""The virtual clock: settable "now" and speed, so that 48 hours, 7 days, 25 hours can be tried in a second."""

import time
from datetime import datetime, timedelta, timezone
from typing import Any

from .state import State

# Zalo's own rules (reply windows, nights) are counted in Viet Nam's time, which has no daylight saving.
HANOI = timezone(timedelta(hours=7))
MAX_SPEED = 100_000.0


class Clock:
    """Virtual time = base + elapsed real time x speed; kept over restarts."""

    def __init__(self, state: State) -> None:
        self._state = state
        saved = state.get("clock", {})
        self._base = float(saved.get("base", time.time()))
        self._real = float(saved.get("real", self._base))
        self.speed = float(saved.get("speed", 1.0))

    def now(self) -> float:
        """Virtual epoch seconds."""
        return self._base + (time.time() - self._real) * self.speed

    def ms(self) -> int:
        """Virtual epoch milliseconds, the unit of every time Zalo sends."""
        return int(self.now() * 1000)

    def change(self, *, now: str | None = None, advance_s: float | None = None, speed: float | None = None) -> None:
        """Set, advance or speed up the clock; ValueError when the wish is not a time or a speed."""
        base = self.now()
        if now is not None:
            moment = datetime.fromisoformat(now)
            base = (moment if moment.tzinfo else moment.replace(tzinfo=HANOI)).timestamp()
        if advance_s is not None:
            base += float(advance_s)
        if speed is not None and not 0 < float(speed) <= MAX_SPEED:
            raise ValueError(f"speed must be above 0 and at most {MAX_SPEED:.0f}")
        self.speed = self.speed if speed is None else float(speed)
        self._base, self._real = base, time.time()
        self._save()

    def reset(self) -> None:
        self._base = self._real = time.time()
        self.speed = 1.0
        self._save()

    def _save(self) -> None:
        self._state.put("clock", {"base": self._base, "real": self._real, "speed": self.speed})

    def describe(self) -> dict[str, Any]:
        now = self.now()
        return {
            "now": iso(int(now * 1000)),
            "ms": int(now * 1000),
            "speed": self.speed,
            "offset_s": round(now - time.time(), 3),
        }


def moment(ms: int) -> datetime:
    """The hour and the day by which Zalo's rules are counted."""
    return datetime.fromtimestamp(ms / 1000, HANOI)


def iso(ms: int) -> str:
    """Milliseconds as ISO 8601 in Viet Nam's time."""
    return moment(ms).isoformat(timespec="milliseconds")


def vn_date(ms: int) -> str:
    """dd/MM/yyyy, the form of dates in Zalo's answers (Zalo page 5.2)."""
    return moment(ms).strftime("%d/%m/%Y")

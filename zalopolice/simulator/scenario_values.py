"""The values a scenario file can hold; every complaint names the file and the key."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from .clock import HANOI

LENGTH = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
HOURS, DAYS = 24, 7


class ScenarioError(Exception):
    """The file is no scenario; the message names the file and the key."""


class Keys:
    """A mapping of the file that knows where it stands and complains about what nobody asked for."""

    def __init__(self, where: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise ScenarioError(f"{where}: a mapping is expected")
        self.where, self._values, self._read = where, value, set[str]()

    def take(self, key: str, check: Callable[[str, Any], Any], *default: Any) -> Any:
        self._read.add(key)
        if key not in self._values:
            if default:
                return default[0]
            raise ScenarioError(f"{self.where}.{key}: missing")
        return check(f"{self.where}.{key}", self._values[key])

    def end(self) -> None:
        for key in self._values:
            if key not in self._read:
                raise ScenarioError(f"{self.where}.{key}: no such key; known: {', '.join(sorted(self._read))}")


def text(where: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ScenarioError(f"{where}: words are expected")
    return value


def number(where: str, value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value < 1e9:
        raise ScenarioError(f"{where}: a number from 0 on is expected")
    return float(value)


def share(where: str, value: Any) -> float:
    if number(where, value) > 1:
        raise ScenarioError(f"{where}: a share from 0 to 1 is expected")
    return float(value)


def whole(where: str, value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ScenarioError(f"{where}: a whole number from 0 on is expected")
    return int(value)


def seconds(where: str, value: Any) -> int:
    """ "1d6h30m" as seconds."""
    match = LENGTH.fullmatch(value) if isinstance(value, str) and value else None
    if match is None:
        raise ScenarioError(f"{where}: a length such as 20s, 2h30m or 365d is expected")
    return sum(int(part) * size for part, size in zip(match.groups("0"), (86_400, 3600, 60, 1), strict=True))


def weights(where: str, value: Any, length: int) -> tuple[float, ...]:
    if not isinstance(value, list) or len(value) != length:
        raise ScenarioError(f"{where}: {length} numbers are expected")
    found = tuple(number(f"{where}[{place}]", one) for place, one in enumerate(value))
    if not sum(found):
        raise ScenarioError(f"{where}: not all of them can be 0")
    return found


def moment_of_time(where: str, value: Any) -> datetime:
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ScenarioError(f"{where}: a moment such as 2026-11-23T00:00:00+07:00 is expected") from None
    return found if found.tzinfo else found.replace(tzinfo=HANOI)


def mapping(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise ScenarioError(f"{where}: a mapping is expected")
    return value


def words(where: str, value: Any) -> dict[str, str]:
    return {str(key): text(f"{where}.{key}", one) for key, one in mapping(where, value).items()}


def curves(where: str, value: Any) -> dict[str, tuple[float, ...]]:
    def check(key: str, one: Any) -> tuple[float, ...]:
        return weights(f"{where}.{key}", one, DAYS if isinstance(one, list) and len(one) == DAYS else HOURS)

    return {str(key): check(key, one) for key, one in mapping(where, value).items()}


def one_of(known: Iterable[str]) -> Callable[[str, Any], str]:
    def check(where: str, value: Any) -> str:
        if value not in (names := list(known)):
            raise ScenarioError(f"{where}: one of {', '.join(names)} is expected")
        return str(value)

    return check


def each(check: Callable[[Keys], Any]) -> Callable[[str, Any], tuple[Any, ...]]:
    def every(where: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ScenarioError(f"{where}: a list is expected")
        return tuple(check(Keys(f"{where}[{place}]", one)) for place, one in enumerate(value))

    return every


def words_list(where: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ScenarioError(f"{where}: a list of words is expected")
    return tuple(text(f"{where}[{place}]", one) for place, one in enumerate(value))

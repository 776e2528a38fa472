"""Which values the switches of one OA can take (their names and defaults: `guards.OA_DEFAULTS`)."""

from collections.abc import Collection
from typing import Any

OA_STATES = (0, -204, -209, -212, -219)
REFUSALS = (-223, -221, -224, -235)
ARTICLE_REFUSALS = (0, -221, -223, -224, -235, -248)


def complaint(changes: dict[str, Any], known: Collection[str]) -> str:
    """What is wrong with these changes; nothing when they can be made."""
    if unknown := set(changes) - set(known):
        return f"no such switch: {', '.join(sorted(unknown))}"
    return next((f"{key}: not a value it can take" for key, value in changes.items() if not fits(key, value)), "")


def fits(key: str, value: Any) -> bool:
    """Whether this switch can take this value."""
    number = type(value) is int and value >= 0
    if key == "refusals":
        return isinstance(value, dict) and all(code in REFUSALS for code in value.values())
    choices: dict[str, Any] = {
        "state": value in OA_STATES,
        "article_refusal": value in ARTICLE_REFUSALS,
        "buttons": value is True or value is False or value == "ignore",
        "is_verified": type(value) is bool,
        "package_name": isinstance(value, str),
        "transactions": value in (0, -209, -233),
        "zca": value is None or (type(value) is int and value >= -1),
        **dict.fromkeys(("reply_cap", "article_quota", "rate_per_second"), number or value is None),
    }
    return bool(choices.get(key, number))

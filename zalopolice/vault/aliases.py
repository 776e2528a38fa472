"""What officers call a person they must not know: "Nguồn tin 7K2-Q9" per case, "Người nhắn 4M8-T2" per thread.

Random each time: a name that stayed with the person would let a curious officer join tips."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from django.db import models

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U to misread on the phone


def new_alias() -> str:
    """Five random characters and a check character, ``7K2-Q9`` style; an alias is never a secret."""
    return _code(4, 3)


def new_tip_code() -> str:
    """What a citizen quotes: ``TN-7K2Q-9M4`` style; too long to guess among the open tips of a unit."""
    return "TN-" + _code(6, 4)


def unused(rows: models.QuerySet[Any], field: str, make: Callable[[], str]) -> str:
    """A code no row carries yet: a million aliases are many, but a unit works for years."""
    for _ in range(50):
        code = make()
        if not rows.filter(**{field: code}).exists():
            return code
    raise RuntimeError("no code is free")


def _code(length: int, first: int) -> str:
    picks = [secrets.randbelow(32) for _ in range(length)]
    picks.append(sum((place + 2) * value for place, value in enumerate(picks)) % 31)
    text = "".join(ALPHABET[value] for value in picks)
    return f"{text[:first]}-{text[first:]}"

"""Ids with the shapes of the real ones (Zalo page 12, "Realism of ids")."""

import hashlib
import secrets


def _decimal19(*parts: str) -> str:
    """19 digits, above 2^53 and below 2^63: what breaks code that reads ids as JavaScript numbers."""
    digest = hashlib.sha256("|".join(parts).encode()).digest()
    return str(4 * 10**18 + int.from_bytes(digest[:8], "big") % (5 * 10**18))


def user_id(citizen: str, oa_id: str) -> str:
    """The id of a citizen as one OA sees them; another OA sees another id (Zalo page 2.5)."""
    return _decimal19("oa", oa_id, citizen)


def user_id_by_app(citizen: str, app_id: str) -> str:
    return _decimal19("app", app_id, citizen)


def message_id() -> str:
    """20 hexadecimal digits."""
    return secrets.token_hex(10)


def opaque(prefix: str, size: int = 48) -> str:
    """An opaque token; real ones are several hundred characters long (Zalo page 1.4)."""
    return f"{prefix}-{secrets.token_urlsafe(size)}"

"""What an approval binds, as one number: words, picture, receivers, accounts and time."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import Any

from broadcasts.models import PostVersion


def bound(version: PostVersion) -> dict[str, Any]:
    """Everything that changes what a citizen gets, from whom or when; lists sorted, times in UTC."""
    return {
        "unit": str(version.unit_id),
        "post": str(version.post_id),
        "number": version.number,
        "title": version.title,
        "description": version.description,
        "author": version.author,
        "body": version.body,
        "cover": version.cover_sha256,
        "gender": version.gender,
        "ages": sorted(version.ages),
        "cities": sorted(version.cities),
        "oa_ids": sorted(version.oa_ids),
        "send_at": version.send_at.astimezone(UTC).isoformat() if version.send_at else None,
    }


def digest(version: PostVersion) -> str:
    canonical = json.dumps(bound(version), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()

"""Posts that have left, for everybody: the bot's short list and the citizens' pages (Tân Phú's quick view)."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from broadcasts.models import PostVersion

ORDER = ("-changed_at", "pk")
SHOWN = 5
"""Titles in one answer of the bot."""
LATELY = timedelta(days=7)


def published(unit_id: uuid.UUID) -> QuerySet[PostVersion]:
    """A post that has begun to leave is final, so ``changed_at`` is when it left."""
    return PostVersion.objects.filter(unit=unit_id, status=PostVersion.Status.DISPATCHED, is_latest=True)


def glance(unit_id: uuid.UUID) -> tuple[list[PostVersion], bool]:
    """The newest, and whether they are of the last days; a quiet week is answered with the last post there was."""
    newest = list(published(unit_id).only("unit", "title", "changed_at").order_by(*ORDER)[:SHOWN])
    since = timezone.now() - LATELY
    recent = [one for one in newest if one.changed_at >= since]
    return recent or newest[:1], bool(recent)


def page_of(unit_code: str) -> str:
    return f"{settings.PUBLIC_URL}/tin/{unit_code}/"


def link(version: PostVersion, unit_code: str) -> str:
    return f"{page_of(unit_code)}{version.pk}/"

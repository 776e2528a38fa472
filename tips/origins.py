"""Which poster or notice brought a tip, and what each of them brought (features A12)."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from tips.models import TrayItem
from zalopolice.gateway.models import Message
from zalopolice.gateway.models.sources import SourceTagQuerySet


def label(**place: Any) -> Subquery:
    """The place whose code the first words filed there carried; beside the row, no query of its own."""
    rows = Message.objects.filter(source_tag__isnull=False, **place).order_by("sent_at", "pk")
    return Subquery(rows.values("source_tag__label")[:1])


def counted(tags: SourceTagQuerySet) -> SourceTagQuerySet:
    """Adds how many people wrote with each code, how many tips came of it, and how many cases."""
    tips = {"filed__tray_item__kind": TrayItem.Kind.TIP}
    return tags.annotate(
        arrivals=_number("citizen"), tips=_number("filed__tray_item", **tips), cases=_number("filed__case")
    )


def _number(of: str, **which: Any) -> Coalesce:
    rows = Message.objects.filter(unit=OuterRef("unit"), source_tag=OuterRef("pk"), **which)
    number = rows.order_by().values("source_tag").annotate(number=Count(of, distinct=True)).values("number")
    return Coalesce(Subquery(number, output_field=IntegerField()), 0)

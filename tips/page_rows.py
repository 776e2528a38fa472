"""The one row a page is about, with the small lists its forms offer: no query of their own for each."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.utils import timezone

from tips import origins
from tips.models import Case, CaseEntry, CaseQuerySet, TrayItem, TrayQuerySet
from zalopolice.gateway import rules
from zalopolice.gateway.rules import REPLY_HOURS, WindowEnds
from zalopolice.units.models import Area, Officer


def items(officer: Officer) -> TrayQuerySet:
    """Threads with ``unsorted_ids``, the unit's areas, and the open cases of the same source."""
    areas = Area.objects.filter(unit=OuterRef("unit"), is_active=True).order_by("name", "pk")
    cases = Case.objects.visible_to(officer).open().filter(citizen=OuterRef("citizen")).order_by("received_at")
    return (
        TrayItem.objects.visible_to(officer)
        .listed()
        .select_related("citizen__oa", "taken_by", "sorted_by", "group")
        .annotate(
            areas=ArraySubquery(areas.values(line=JSONObject(id="id", name="name"))),
            open_cases=ArraySubquery(cases.values(line=JSONObject(id="id", tip_code="tip_code", alias="alias"))),
            source=origins.label(filed__tray_item=OuterRef("pk")),
            **rules.columns(REPLY_HOURS, timezone.now()),
        )
    )


def cases(officer: Officer) -> CaseQuerySet:
    """Cases with ``received_ids``: the source's messages as they are before the page is drawn."""
    received = CaseEntry.objects.filter(case=OuterRef("pk"), kind=CaseEntry.Kind.RECEIVED).order_by("at")
    people = ("claimed_by", "proposed_by", "closed_by", "opened_by")
    return (
        Case.objects.visible_to(officer)
        .select_related("area", "citizen__oa", *people)
        .annotate(
            received_ids=ArraySubquery(received.values("message")),
            source=origins.label(filed__case=OuterRef("pk")),
            **rules.columns(REPLY_HOURS, timezone.now()),
        )
    )


def window(row: TrayItem | Case) -> WindowEnds:
    """The source's reply window, from the hours that came along with the row."""
    columns: dict[str, Any] = vars(row)
    hours = {name: columns[name] for name in REPLY_HOURS}
    return rules.window_ends(row.citizen, timezone.now(), None if None in hours.values() else hours)

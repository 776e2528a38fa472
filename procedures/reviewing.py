"""What of the catalogue a person should read again, and why.

Nobody has judged it; its day has come; a law it cites was changed; an amount ends soon. The law is settled by a text
that names it no more, or that says of this very change that it was compared and nothing is to be mended
(``content["laws_checked"]``): publishing some other correction settles nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import (
    BooleanField,
    CharField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.models import LawChange, Version
from zalopolice.units.models import Officer

SOON = timedelta(days=30)
State = Version.State
DISCARDED_LAST = ExpressionWrapper(Q(state=State.DISCARDED), BooleanField()).asc()
OPEN = (State.DRAFT, State.IN_REVIEW)
UNREVIEWED = Q(imported=True, state__in=[State.DRAFT, State.PUBLISHED])


def _today() -> date:
    return timezone.localdate()


class _Cites(Func):
    """Whether a version's legal basis names a document number."""

    function = "jsonb_path_exists"
    output_field = BooleanField()

    def __init__(self, content: Any, number: Any) -> None:
        super().__init__(content, Value("$.legal_basis[*].number ? (@ == $number)"), JSONObject(number=number))


class _Checked(Func):
    """Whether a version says that it was compared with what changed a document, and stands as it is."""

    function = "jsonb_path_exists"
    output_field = BooleanField()

    def __init__(self, content: Any, number: Any, by: Any) -> None:
        path = "$.laws_checked[*] ? (@.number == $number && @.changed_by == $by)"
        super().__init__(content, Value(path), JSONObject(number=number, by=by))


class _EndingFee(Func):
    """The first "valid until" of a fee on or before a day, as ISO text; days of that shape sort as text."""

    function = "jsonb_path_query_first"
    template = "%(function)s(%(expressions)s) #>> '{}'"
    output_field = CharField()

    def __init__(self, content: str, day: date) -> None:
        asked = JSONObject(day=Value(day.isoformat()))
        super().__init__(F(content), Value("$.fee[*].valid_until ? (@ <= $day)"), asked)


def ending_fee() -> _EndingFee:
    return _EndingFee("content", _today() + SOON)


def citing(number: str) -> QuerySet[Version]:
    """What is published, or waits to be, and names the document."""
    rows = Version.objects.exclude(state__in=[State.SUPERSEDED, State.EXPIRED, State.DISCARDED])
    return rows.alias(cites=_Cites(F("content"), Value(number))).filter(cites=True)


def is_cited_below(number: str) -> bool:
    """By what a commune of the unit has published of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM walls.citing_below(%s, NULL))", [number])
        return bool(cursor.fetchone()[0])


@dataclass(frozen=True)
class Below:
    """What a changed document touches in one commune: its own procedures, and what it says of its own (hours, place) in
    the province's."""

    unit: str
    own: int
    told: int


BELOW = """
SELECT change.id, unit.name, found.own, found.told FROM procedures_lawchange AS change
CROSS JOIN LATERAL walls.citing_below(change.number, change.changed_by) AS found
JOIN units_unit AS unit ON unit.id = found.unit
WHERE change.id = ANY(%s) ORDER BY unit.name, unit.id
"""


def below(by: Officer) -> list[tuple[LawChange, list[Below]]]:
    """Counts only: the wall between province and commune stays (``walls.citing_below``)."""
    if by.unit.parent_id is not None:
        return []
    marked = {row.pk: row for row in LawChange.objects.visible_to(by).order_by("-effective_on", "pk")}
    found: dict[uuid.UUID, list[Below]] = {}
    with connection.cursor() as cursor:
        cursor.execute(BELOW, [list(marked)])
        for pk, *counts in cursor.fetchall():
            found.setdefault(pk, []).append(Below(*counts))
    return [(row, found[pk]) for pk, row in marked.items() if pk in found]


def changes(by: Officer) -> QuerySet[LawChange]:
    """Marked by the unit or the one above, of documents the outer query's version names and was not compared with."""
    text, rows = OuterRef("content"), LawChange.objects.visible_to(by)
    found = rows.alias(cited=_Cites(text, F("number")), checked=_Checked(text, F("number"), F("changed_by")))
    return found.filter(cited=True, checked=False).order_by("-effective_on", "pk")


def to_compare(version: Version, by: Officer) -> list[LawChange]:
    """What a writer of this text may say to have compared it with."""
    named = [law.get("number") for law in version.content.get("legal_basis") or []]
    return list(LawChange.objects.visible_to(by).filter(number__in=named).order_by("-effective_on", "pk"))


REASONS: dict[str, Callable[[Officer], Q]] = {
    "chua": lambda by: UNREVIEWED,
    "hen": lambda by: Q(state=State.PUBLISHED, review_due__lte=_today()),
    "luat": lambda by: Q(Exists(changes(by)), state=State.PUBLISHED),
    "phi": lambda by: Q(state=State.PUBLISHED, fee_until__isnull=False),
}
"""Each a condition on versions with ``fee_until``."""


def any_reason(by: Officer) -> Q:
    found = Q()
    for condition in REASONS.values():
        found |= condition(by)
    return found


def facts(by: Officer) -> JSONObject:
    """What a list says of a version of ``explained`` rows."""
    laws = changes(by).values_list(JSONObject(number="number", by="changed_by", on="effective_on"))
    return JSONObject(
        pk="pk", name="name", number="number", state="state", imported="imported", due="review_due",
        fee="fee_until", laws=ArraySubquery(laws),
    )  # fmt: skip


def explained(rows: QuerySet[Version]) -> QuerySet[Version]:
    return rows.annotate(fee_until=ending_fee())


def facts_of(procedure: str, by: Officer) -> Subquery:
    """``facts`` of its published text, else of the one being written; ``procedure``: its name in the outer query."""
    rows = Version.objects.visible_to(by).filter(procedure=OuterRef(procedure), state__in=[*OPEN, State.PUBLISHED])
    shown_first = ExpressionWrapper(Q(state=State.PUBLISHED), BooleanField()).desc()
    return Subquery(explained(rows).order_by(shown_first).values_list(facts(by))[:1])


def why(row: Any) -> list[str]:
    """Every reason, for whoever works on the text; of a row with ``facts``."""
    found: dict[str, Any] | None = row.facts
    if not found or not found["imported"]:
        return said(found)
    return [*said(found), _("chưa người thứ hai nào thẩm định bản %(n)s") % {"n": found["number"]}]


def said(found: dict[str, Any] | None) -> list[str]:
    """The reasons of ``facts`` in words, but for "unreviewed", which has its badge in the lists."""
    if not found:
        return []
    due, fee, words = found["due"], found["fee"], []
    for law in found["laws"]:
        values = {"number": law["number"], "by": law["by"], "day": _shown(law["on"])}
        words.append(_("%(number)s đã đổi theo %(by)s từ %(day)s") % values)
    if due and date.fromisoformat(due) <= _today():
        words.append(_("hẹn xem lại %(day)s") % {"day": _shown(due)})
    if fee:
        ended = date.fromisoformat(fee) < _today()
        words.append((_("một mức phí đã hết ngày %(day)s") if ended else _("một mức phí hết ngày %(day)s"))
                     % {"day": _shown(fee)})  # fmt: skip
    return words


def _shown(day: str) -> str:
    return f"{date.fromisoformat(day):%d/%m/%Y}"

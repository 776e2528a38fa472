"""A page of the tray, row by row: what was said, what raised the alarm, who has it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Case as Choose
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from tips import danger, wordless
from tips.desk import TrayTab, unsent_in_threads
from tips.models import Filed, TrayItem, TrayQuerySet
from zalopolice.gateway.models import Message
from zalopolice.paging import SIZE, page
from zalopolice.units.models import Officer

LENGTH = 140


@dataclass(frozen=True)
class TrayRow:
    """``quote``: what raised the alarm, else the first words that wait, else the last. Shortened, but never by the
    dangerous ones."""

    item: TrayItem
    quote: str
    reasons: tuple[str, ...]  # the dangerous words as they were written
    messages: int
    failures: int  # answers of ours that did not arrive

    @property
    def pieces(self) -> list[tuple[str, bool]]:
        """The quote in pieces, and which of them are the dangerous words."""
        if not self.reasons:
            return [(self.quote, False)]
        found = re.split("(" + "|".join(map(re.escape, self.reasons)) + ")", self.quote)
        return [(piece, bool(place % 2)) for place, piece in enumerate(found) if piece]


def tray_rows(officer: Officer, tab: TrayTab, after: str | None, size: int = SIZE) -> tuple[list[TrayItem], str]:
    """A page of the tray, and where the next begins. The words stay closed until ``opened``: whoever shows them beside
    others asks for all their keys at once."""
    rows = TrayItem.objects.visible_to(officer).filter(tab.condition(officer))
    found = page(_with_words(rows).select_related("taken_by", "sorted_by", "group"), tab.order, after, size)
    return found.rows, found.following


def _with_words(rows: TrayQuerySet) -> TrayQuerySet:
    first = _waiting_words()
    failures = unsent_in_threads().order_by().values("citizen").annotate(number=Count("pk")).values("number")
    return rows.counted().annotate(
        # As the red strip counts: danger nobody has taken, since its own words and not since the thread's first.
        is_alarming=Q(is_urgent=True, taken_by=None),
        pressing_since=Choose(When(is_urgent=True, then=F("urgent_since")), default=F("waits_since")),
        first=Subquery(first.values("message")[:1]),
        first_kind=Subquery(first.values("message__kind")[:1]),
        first_text=Subquery(first.values("message__text")[:1]),
        failures=Coalesce(Subquery(failures, output_field=IntegerField()), 0),
    )


def _waiting_words() -> QuerySet[Filed]:
    """What the row quotes comes first: the words that raised the alarm, else the oldest that wait for an answer; of a
    thread that is answered the newest."""
    here = Filed.objects.filter(tray_item=OuterRef("pk"), case=None, message__direction=Message.Direction.IN)
    alarm = When(is_danger=True, message__sent_at__gte=F("tray_item__urgent_since"), then=0)
    waits = When(tray_item__is_answered=True, then=2)
    unanswered = When(message__sent_at__gte=F("tray_item__waits_since"), then=1)
    ranked = here.annotate(rank=Choose(alarm, waits, unanswered, default=2, output_field=IntegerField()))
    oldest = Choose(When(rank__lt=2, then=F("message__sent_at")))
    return ranked.order_by("rank", oldest, "-message__sent_at", "message")


def opened(item: TrayItem) -> TrayRow:
    """With its words in clear; the citizen's key should be warm."""
    columns: dict[str, Any] = vars(item)
    text = _first_words(item, columns)
    reasons = danger.reasons(text) if item.is_urgent else ()
    words = " ".join(text.split())
    if columns["first"] and not words:
        words = str(wordless.SHORT.get(columns["first_kind"], _("Gửi nội dung không có chữ")))
    shown = tuple(" ".join(one.split()) for one in reasons)
    return TrayRow(item, _around(words, shown), shown, columns["messages"], columns["failures"])


def _first_words(item: TrayItem, columns: dict[str, Any]) -> str:
    """The ciphertext came along with the row; only a message it belongs to can open it."""
    if not columns["first"]:
        return ""
    message = Message(id=columns["first"], unit_id=item.unit_id, citizen_id=item.citizen_id)
    message.text = columns["first_text"]
    return message.text


def _around(words: str, reasons: tuple[str, ...]) -> str:
    """As much as fits in a row, and never without the dangerous words."""
    at = words.find(reasons[0]) if reasons else -1
    if at <= LENGTH // 2:
        return Truncator(words).chars(LENGTH)
    start = words.rfind(" ", 0, at - LENGTH // 3) + 1
    return "… " + Truncator(words[start:]).chars(LENGTH)

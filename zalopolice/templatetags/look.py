"""How moments, ages and signs look on every page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from lucide.templatetags.lucide import lucide

from zalopolice.places import ON_A_PHONE, Place, places_of
from zalopolice.units.models import Officer

register = template.Library()

SOON = timedelta(hours=4)


@cache
def _drawing(name: str, extra: str) -> SafeString:
    """Read from the package once per process. Fill, stroke and joins stand in the stylesheet, once for all icons."""
    inside = re.sub(r"\s*\n\s*|(?<=\") (?=/>)", "", lucide(name).partition(">")[2])
    start = '<svg class="sign{}" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true" focusable="false">'
    return format_html(start, f" {extra}" if extra else "") + mark_safe(inside)  # the package's own file


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """A Lucide drawing beside words; silent for screen readers, because the words say it."""
    return _drawing(name, extra)


@register.simple_tag
def when(moment: datetime | None) -> SafeString:
    """As short as it can be without doubt: 22:47, or with the day, or with the year."""
    if moment is None:
        return mark_safe("")
    local, today = timezone.localtime(moment), timezone.localdate()
    form = "%H:%M" if local.date() == today else "%H:%M, %d/%m" if local.year == today.year else "%H:%M, %d/%m/%Y"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), local.strftime(form))


def span(length: timedelta) -> str:
    """The two largest units that matter, kept on one line: 40 phút, 2 giờ 51 phút, 2 ngày 4 giờ, 19 ngày."""
    minutes = int(length.total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [
        ngettext("%(n)s ngày", "%(n)s ngày", days) % {"n": days} if days else "",
        ngettext("%(n)s giờ", "%(n)s giờ", hours) % {"n": hours} if hours and days < 3 else "",
        ngettext("%(n)s phút", "%(n)s phút", rest) % {"n": rest} if not days and (rest or not hours) else "",
    ]
    return " ".join(part for part in parts if part).replace(" ", "\u00a0")


@register.filter
def age(moment: datetime) -> str:
    """How long somebody has been waiting, in one unit (5 phút, 2 giờ, 6 ngày)."""
    waited = timezone.now() - moment
    if waited < timedelta(minutes=1):
        return _("dưới 1 phút").replace(" ", "\u00a0")
    unit = next(unit for unit in (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)) if waited >= unit)
    return span(waited // unit * unit)


@register.filter
def lasting(length: timedelta) -> str:
    return span(length) if length >= timedelta(minutes=1) else _("dưới 1 phút").replace(" ", "\u00a0")


@register.filter
def left(moment: datetime) -> str:
    """How long until then, as ``span``."""
    return span(max(moment - timezone.now(), timedelta()))


@register.inclusion_tag("parts/ruler.html")
def ruler(since: datetime, due: datetime, label: str = "", basis: str = "") -> dict[str, Any]:
    """A term that runs out: how much is left, the bar, the moment itself, the law it comes from.

    Soon: a fifth of the term or four hours are left (look.md §2)."""
    now = timezone.now()
    left, whole = due - now, max(due - since, timedelta(minutes=1))
    tone = "late" if left < timedelta() else "soon" if left < max(whole / 5, SOON) else ""
    used = max(0, min(100, round(100 * (now - since) / whole)))
    return {"tone": tone, "left": span(abs(left)), "used": used, "due": due, "label": label, "basis": basis}


@register.simple_tag
def bar(percent: float, tone: str = "") -> SafeString:
    """How much of a whole; drawn, because a style attribute is forbidden. The number stands in words beside it."""
    start = '<svg class="bar{}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
    drawn = format_html('<rect width="{}" height="6"/></svg>', max(0, min(100, round(percent))))
    return format_html(start, f" {tone}" if tone else "") + drawn


@register.filter
def grouped(number: int) -> str:
    """1.188 in Vietnamese, 1,188 in English."""
    written = f"{number:,}"
    return written.replace(",", ".") if get_language() == "vi" else written


@register.filter
def initials(name: str) -> str:
    return "".join(word[0] for word in str(name).split()[-2:]).upper()


@register.filter
def digest(fingerprint: str) -> str:
    """Twelve characters in three groups: two people can read that to each other."""
    return "·".join(str(fingerprint)[place : place + 4] for place in (0, 4, 8))


@dataclass(frozen=True)
class RailItem:
    place: Place
    count: int
    wide: bool  # not in the bar of a phone


@register.simple_tag(takes_context=True)
def rail(context: Context) -> list[RailItem]:
    officer = getattr(context.get("request"), "user", None)
    if not isinstance(officer, Officer):
        return []
    counts = getattr(context.get("frame"), "counts", {})
    places = places_of(officer)
    return [RailItem(one, counts.get(one.slug, 0), number >= ON_A_PHONE) for number, one in enumerate(places)]


@register.simple_tag
def now_line() -> SafeString:
    """When the page was drawn: screens stay open for hours."""
    now = timezone.localtime()
    day = f"{capfirst(date_format(now, 'l'))}, {now:%d/%m/%Y}"
    exact = now.isoformat(timespec="seconds")
    return format_html('<time datetime="{}"><b>{}</b> · {}</time>', exact, f"{now:%H:%M}", day)


@register.filter
def uuid_in(value: object, chosen: object) -> bool:
    return isinstance(chosen, list | set | tuple) and str(value) in chosen

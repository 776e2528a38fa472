"""How moments, ages and signs look on every page."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

register = template.Library()

DAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
SIGNS = {
    "todo": "M4 6h2M4 12h2M4 18h2M10 6h10M10 12h10M10 18h10",
    "tray": "M3 13l3-8h12l3 8v6H3zM3 13h5l2 3h4l2-3h5",
    "case": "M3 6h6l2 3h10v10H3z",
    "link": "M9 15l6-6M10 7l2-2a4 4 0 0 1 6 6l-2 2M14 17l-2 2a4 4 0 0 1-6-6l2-2",
    "danger": "M12 4l9 16H3zM12 10v4M12 17v.5",
    "clock": "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 7v5l3 2",
    "late": "M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16v.5",
    "check": "M4 12l5 5L20 6",
    "wait": "M7 3h10M7 21h10M8 3c0 5 8 6 8 9s-8 4-8 9M16 3c0 5-8 6-8 9s8 4 8 9",
    "ask": "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5v.5",
    "archive": "M3 5h18v4H3zM5 9v10h14V9M10 13h4",
    "search": "M10 4a6 6 0 1 0 0 12a6 6 0 1 0 0-12M15 15l6 6",
    "talk": "M4 5h16v11H10l-5 4v-4H4z",
    "bot": "M5 9h14v10H5zM12 9V5M9 13v1.5M15 13v1.5",
    "officer": "M12 3l8 3v6c0 5-4 8-8 9c-4-1-8-4-8-9V6z",
    "person": "M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8M5 20c1-4 4-5 7-5s6 1 7 5",
    "place": "M12 21c-5-6-7-9-7-12a7 7 0 0 1 14 0c0 3-2 6-7 12M12 7a2 2 0 1 0 0 4a2 2 0 1 0 0-4",
    "file": "M6 3h8l4 4v14H6zM14 3v4h4",
    "picture": "M3 5h18v14H3zM3 16l5-5l5 5l3-3l5 5M15.500 8.500v.5",
    "note": "M5 3h14v18H5zM9 8h6M9 12h6M9 16h3",
    "send": "M4 12l16-8l-5 16l-4-6zM11 14l9-10",
    "lock": "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3",
    "back": "M20 12H4M10 6l-6 6l6 6",
    "out": "M10 4H4v16h6M9 12h11M16 8l4 4l-4 4",
}


@register.simple_tag
def sign(name: str) -> SafeString:
    """A line drawing beside words; silent for screen readers, because the words say it."""
    drawing = format_html('<path d="{}"/>', SIGNS[name])
    return format_html('<svg class="sign" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>', drawing)


@register.simple_tag
def when(moment: datetime | None) -> SafeString:
    """As short as it can be without doubt: 22:47, or with the day, or with the year."""
    if moment is None:
        return mark_safe("")
    local, today = timezone.localtime(moment), timezone.localdate()
    form = "%H:%M" if local.date() == today else "%H:%M, %d/%m" if local.year == today.year else "%H:%M, %d/%m/%Y"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), local.strftime(form))


@register.filter
def age(moment: datetime) -> str:
    """How long somebody has been waiting (5 phút, 2 giờ, 6 ngày); no-break, so that it stays one thing."""
    minutes = int((timezone.now() - moment).total_seconds() // 60)
    if minutes < 1:
        return _("vừa xong")
    amount, unit = (minutes, _("phút")) if minutes < 60 else (minutes // 60, _("giờ"))
    return f"{minutes // 1440}\u00a0{_('ngày')}" if minutes >= 1440 else f"{amount}\u00a0{unit}"


@register.simple_tag
def now_line() -> SafeString:
    """When the page was drawn: screens stay open for hours."""
    now = timezone.localtime()
    day = f"{DAYS[now.weekday()]}, {now:%d/%m/%Y}"
    exact = now.isoformat(timespec="seconds")
    return format_html('<time datetime="{}"><b>{}</b> · {}</time>', exact, f"{now:%H:%M}", day)


@register.filter
def uuid_in(value: object, chosen: object) -> bool:
    return isinstance(chosen, list | set | tuple) and str(value) in chosen

"""What only the officers' working screens draw."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from zalopolice.gateway.rules import WindowEnds

register = template.Library()


@register.filter
def of(numbers: dict[str, Any] | None, name: str) -> int:
    return int((numbers or {}).get(name) or 0)


@register.simple_tag
def window_bar(window: WindowEnds, last: Any) -> SafeString:
    """What is used of the window, what is still free, and hatched what costs; the words stand beside it."""
    if window.free_until is None or window.paid_until is None or last is None:
        return mark_safe("")
    whole = window.paid_until - last
    used, free = (max(0, min(100, round(100 * (part - last) / whole))) for part in (timezone.now(), window.free_until))
    return format_html(
        '<svg class="bar paid" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
        '<rect class="free" width="{}" height="6"/><rect width="{}" height="6"/></svg>',
        free,
        used,
    )

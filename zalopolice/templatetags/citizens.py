"""What stands in the head of a citizens' page for those who read it by machine."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

CLOSING = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@register.simple_tag(takes_context=True)
def address(context: Context) -> str:
    """The one address of this page, whichever way somebody came to it; "" where a failure is all there is."""
    request = context.get("request")
    return f"{settings.PUBLIC_URL}{request.path}" if request else ""


@register.simple_tag
def absolute(path: str) -> str:
    """For whoever shows the page elsewhere."""
    return f"{settings.PUBLIC_URL}{path}"


@register.simple_tag
def linked(data: dict[str, Any]) -> SafeString:
    """JSON-LD. No browser runs a block of this type, so the policy against inline scripts leaves it alone."""
    words = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":")).translate(CLOSING)
    return mark_safe(f'<script type="application/ld+json">{words}</script>')  # no letter in it can end the block


class Said(template.Node):
    def __init__(self, name: str, inside: template.NodeList) -> None:
        self.name, self.inside = name, inside

    def render(self, context: Context) -> str:
        context[self.name] = mark_safe(" ".join(self.inside.render(context).split()))  # escaped where it was drawn
        return ""


@register.tag
def said(parser: template.base.Parser, token: template.base.Token) -> Said:
    """``{% said title %}…{% endsaid %}``: the words of a block under a name, for a head that says them twice."""
    name = token.split_contents()[1]
    inside = parser.parse(("endsaid",))
    parser.delete_first_token()
    return Said(name, inside)

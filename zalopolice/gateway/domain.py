"""What Zalo gives us to prove that an address is ours (zalo-oa-api.md 2.4), as far as we are willing to show it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from django.db.models import QuerySet
from django.urls import register_converter

from zalopolice.gateway.models import DomainProof

FILE = re.compile(r"zalo_verifier[A-Za-z0-9_-]{1,50}\.html")


class ZaloFile:
    """The name of such a file in an address."""

    regex = FILE.pattern

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ZaloFile, "zalofile")

TAG = re.compile(r"""<meta\b[^>]*\bcontent=["']([A-Za-z0-9_=-]{4,75})["']""")
CODE = re.compile(r"[A-Za-z0-9_=-]{4,75}")
TAGS = {"html", "head", "body", "title", "meta", "p"}
ATTRIBUTES = {"name", "property", "content", "lang", "charset"}
DOCTYPE = re.compile(r"\s*<!doctype html\s*>", re.IGNORECASE)
FOREIGN = re.compile(rf"<(?!/?({'|'.join(sorted(TAGS))})[\s/>])|http-equiv", re.IGNORECASE)
"""What our parser may read as words and a browser as markup: they end comments differently, so there is none."""


def code_of(pasted: str) -> str:
    """The code, out of the tag, out of the file, or alone; empty when there is none."""
    found = TAG.search(pasted)
    if found:
        return found[1]
    return pasted.strip() if CODE.fullmatch(pasted.strip()) else ""


class _Bare(HTMLParser):
    is_bare = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.is_bare &= tag in TAGS and {name for name, _ in attrs} <= ATTRIBUTES


def codes() -> QuerySet[Any, Any]:
    """For the head of the citizens' first page."""
    return DomainProof.objects.filter(kind=DomainProof.Kind.TAG).values_list("content", flat=True)


def is_bare(content: str) -> bool:
    """A page that can do nothing: no link, no script, no form, no way elsewhere. It stands at our own address."""
    if FOREIGN.search(DOCTYPE.sub("", content, count=1)):
        return False
    parser = _Bare()
    parser.feed(content)
    parser.close()
    return parser.is_bare

"""Citizens' pages as a process has drawn them: sent again for as long as the facts they were drawn from are the same.

Facts are read anew for every request, in a few queries: what an editor publishes is on the page at once. What is
saved is the drawing, which costs more than the reading. A browser that has the page already is told so (304)."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response, patch_vary_headers

from zalopolice import preferences

KEPT = 1024  # pages of about 15 kB
_pages: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()


def page(request: HttpRequest, template: str, context: Callable[[], dict[str, Any]], facts: Any = None) -> HttpResponse:
    """``facts``: everything the page depends on beside its address and the reader's choices, with a ``repr`` that
    tells; None: drawn anew each time. An address with a query is never kept: there is no end of them."""
    name = "" if facts is None or request.GET else _name(request, template, facts)
    drawn = _find(name)
    if drawn is None:
        drawn = _draw(request, template, context())
        if name:
            _keep(name, drawn)
    return _answer(request, drawn)


def _name(request: HttpRequest, template: str, facts: Any) -> str:
    shown = preferences.context(request)["preferences"]
    chosen = (shown["theme"], shown["language"], shown["saves_data"])
    return hashlib.sha256(repr((request.path, template, chosen, facts)).encode()).hexdigest()


def _draw(request: HttpRequest, template: str, context: dict[str, Any]) -> bytes:
    return render_to_string(template, context, request).encode()


def _find(name: str) -> bytes | None:
    with _lock:
        found = _pages.get(name)
        if found is not None:
            _pages.move_to_end(name)
        return found


def _keep(name: str, drawn: bytes) -> None:
    with _lock:
        _pages[name] = drawn
        while len(_pages) > KEPT:
            _pages.popitem(last=False)


def _answer(request: HttpRequest, drawn: bytes) -> HttpResponse:
    etag = f'"{hashlib.sha256(drawn).hexdigest()[:32]}"'
    response = HttpResponse(drawn, headers={"ETag": etag, "Cache-Control": "public, max-age=60"})
    patch_vary_headers(response, ("Cookie", "Save-Data", "Accept-Encoding"))
    same = get_conditional_response(request, etag=etag, response=response)
    return same if isinstance(same, HttpResponse) else response

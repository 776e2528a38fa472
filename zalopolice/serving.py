"""Files under names that carry their content's hash, kept a year; pages compressed on the way out.

Gathered when a server starts, not by a command somebody could forget: once per change, whoever of several
processes is first does it, the others wait. Old names stay, so a page opened before an update keeps its files."""

from __future__ import annotations

import fcntl
import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

COMPRESSED = ("text/", "application/json", "application/xml", "image/svg")


def gather() -> None:
    target = Path(settings.STATIC_ROOT)
    target.mkdir(parents=True, exist_ok=True)
    stamp, wanted = target / "gathered", _fingerprint()
    with (target / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            call_command("collectstatic", interactive=False, verbosity=0)
            stamp.write_text(wanted)


def _fingerprint() -> str:
    """Names, sizes and times of all files: reading them all would slow down every start."""
    seen = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            facts = Path(storage.path(name)).stat()
            seen.update(f"{name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return seen.hexdigest()


class Compressed(GZipMiddleware):
    """Pages only: pictures are compressed already, static files were at the start.

    What BREACH would measure is masked: Django gives the CSRF token a new mask on every page and the gzip header a
    random length, and the session cookie (SameSite=Lax) does not come along with a foreign page's request."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith(COMPRESSED):
            return response
        return super().process_response(request, response)

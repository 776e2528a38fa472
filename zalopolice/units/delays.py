"""Waiting instead of lock-out: whoever was wrong waits 1, 2, 4 … 60 seconds (security.md 2.10).

A try is paid for before it is judged, so that a hundred at once are not a hundred guesses. Counters live in PostgreSQL
under keyed hashes: neither a typed name nor an address is kept, and an emptied Redis frees nobody. A browser the
officer has used before has a counter of its own: strangers guessing at a name do not keep its officer out.
"""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from zalopolice.units.models import Delay

LONGEST = 60
FORGET = timedelta(hours=1)
NETWORK_FREE = 20
"""A whole station may sit behind one address: its first mistakes cost nobody else time."""


@dataclass(frozen=True)
class Counter:
    key: str
    free: int = 0

    def seconds(self, failures: int) -> int:
        return min(LONGEST, 2 ** min(failures - self.free - 1, 10)) if failures > self.free else 0


def counter(kind: str, *values: object, free: int = 0) -> Counter:
    text = "|".join([kind, *(str(value) for value in values)])
    return Counter(salted_hmac("zp-delay", text, algorithm="sha256").hexdigest(), free)


def network(request: HttpRequest) -> Counter:
    return counter("network", origin(request), free=NETWORK_FREE)


def origin(request: HttpRequest) -> str:
    """The network a request comes from: an address, of the new kind the half of it that is one household's."""
    return _network(_address(request))


def _address(request: HttpRequest) -> str:
    """Only what our own proxies wrote counts: the rest of the header is whatever the caller likes."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    depth: int = settings.TRUSTED_PROXIES
    return hops[-depth] if 0 < depth <= len(hops) else request.META.get("REMOTE_ADDR", "")


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.version == 6:
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def charge(*counters: Counter) -> int:
    """Pays for one try. Returns the seconds still to wait; then the try must not be judged."""
    waiting = seconds_left(*counters)
    if waiting:
        return waiting
    for one in counters:
        if not _pay(one):
            return seconds_left(*counters) or 1
    return 0


def seconds_left(*counters: Counter) -> int:
    now = timezone.now()
    ends = Delay.objects.filter(key__in=[one.key for one in counters], until__gt=now).values_list("until", flat=True)
    return max((math.ceil((end - now).total_seconds()) for end in ends), default=0)


PAY = """
INSERT INTO units_delay AS d (key, failures, until, at) VALUES (%(key)s, 1, %(now)s, %(now)s)
ON CONFLICT (key) DO UPDATE SET at = %(now)s,
    failures = CASE WHEN d.at < %(old)s THEN 1 ELSE d.failures + 1 END,
    until = CASE WHEN d.at < %(old)s OR d.failures <= %(free)s THEN %(now)s
        ELSE %(now)s + make_interval(secs => least(%(longest)s, 2 ^ least(d.failures - %(free)s, 10))) END
WHERE d.until <= %(now)s
RETURNING failures
"""


def _pay(one: Counter) -> bool:
    """One statement, so that of two tries at once the second sees what the first has paid.

    The very first mistake blocks only when it is one (``failed``): a form sent twice by a double click is none."""
    now = timezone.now()
    values: dict[str, Any] = {"key": one.key, "now": now, "old": now - FORGET, "free": one.free, "longest": LONGEST}
    with connection.cursor() as cursor:
        cursor.execute(PAY, values)
        return cursor.fetchone() is not None


def failed(*counters: Counter) -> None:
    """The try was wrong: from now on the next one waits."""
    now = timezone.now()
    for one in counters:
        failures = Delay.objects.filter(key=one.key).values_list("failures", flat=True).first() or 0
        until = now + timedelta(seconds=one.seconds(failures))
        Delay.objects.filter(key=one.key, until__lt=until).update(until=until)
    Delay.objects.filter(at__lt=now - FORGET).delete()


def forget() -> None:
    """Zone worker: an hour after the last try nothing of it is left, also where nobody tries again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT walls.forget_delays()")


def right(*counters: Counter) -> None:
    """The try was right. A network has only this one try forgiven: one good account must not clear it for guessing."""
    for one in counters:
        rows = Delay.objects.filter(key=one.key)
        if one.free:
            rows.filter(failures__gt=0).update(failures=F("failures") - 1, until=timezone.now())
        else:
            rows.delete()

"""What Zalo's history knows and we do not (issue 4): after downtime, every night, and when the chief asks. Zone vault.

Zalo repeats an event for two hours and has no way to ask for it again, but it shows conversations. A walk lists who
spoke, reads each conversation back to its beginning, and hands what is missing to the inbox as if the webhook had told
it: the same de-duplication, the same routing. One page is one step, with its place in the row."""

from __future__ import annotations

import json
import logging
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from zalopolice import crypto, faults, queue
from zalopolice.gateway import client, inbox, incidents, pace, past_events, tokens
from zalopolice.gateway.models import HistoryWalk, Incident, Message
from zalopolice.gateway.storing import NotYet
from zalopolice.units.models import Alert
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission
from zalopolice.vault import routes

log = logging.getLogger(__name__)

Kind = HistoryWalk.Kind
ROUND = 20.0
"""Seconds one task goes on with a walk before others get their turn."""
JUST_NOW = timedelta(minutes=5)
"""What is younger may still be on its way through the webhook."""
RETRIED = timedelta(hours=2)
"""Zalo repeats an event for 1 h 51 m."""
PAGE = 10
PAGES = 500
"""Of one conversation; nobody writes five thousand messages in two days."""
FAILURES, SKIP_AFTER = 12, 3
"""Tries of a walk, and of one conversation while others wait behind it."""
LONGEST_WAIT = 600
LOST_GRANT = gettext_noop("OA mất kết nối nên chưa đối chiếu hết. Kết nối lại rồi đối chiếu lần nữa.")
NO_ANSWER = gettext_noop("Zalo không trả lời nên chưa đối chiếu hết. Đối chiếu lại sau.")
STOPPED = gettext_noop("Đã có người dừng giữa chừng.")


def step(pk: uuid.UUID) -> None:
    """Goes on with a walk for a while, page by page."""
    until = time.monotonic() + ROUND
    while _page(pk) and time.monotonic() < until:
        pass


def _page(pk: uuid.UUID) -> bool:
    """One page; True when the next may follow at once."""
    waiting = HistoryWalk.objects.filter(pk=pk, queue="vault", ended_at=None, next_at__lte=timezone.now())
    walk = waiting.filter(oa__unit=F("unit")).select_related("oa__app").first()
    if walk is None or not queue.claim(walk, _lease()):
        return False
    if walk.stop_asked:
        return _end(walk, error=STOPPED)
    if wait := pace.take(walk.oa):
        queue.again(walk, wait)
        return False
    cursor = _opened(walk)
    try:
        rows = _ask(walk, cursor)
    except tokens.NeedsConsent:
        return _end(walk, error=LOST_GRANT)
    except client.Unreachable:
        return _failed(walk, cursor)
    faults.point("history.read")
    with transaction.atomic():
        if not HistoryWalk.objects.select_for_update().filter(pk=walk.pk, attempt=walk.attempt).exists():
            return False  # somebody else has taken it up meanwhile
        faults.point("history.locked")
        counts = _listing(walk, cursor, rows) if not cursor["listed"] else _conversation(walk, cursor, rows)
        if not cursor["listed"] or cursor["people"]:
            queue.again(walk, 0, failures=0, sealed_cursor=_sealed(walk, cursor), **counts)
        else:
            queue.again(walk, 0, **counts)
            _end(walk)
        faults.point("history.noted")
    faults.point("history.committed")
    return walk.ended_at is None


def _lease() -> timedelta:
    """Longer than one call at its slowest with the refresh of a token."""
    return timedelta(seconds=6 * (client.CONNECT_TIMEOUT + settings.ZALO_TIMEOUT) + 30)


def _ask(walk: HistoryWalk, cursor: dict[str, Any]) -> list[dict[str, Any]]:
    account, _ = tokens.account(walk.oa)
    if not cursor["listed"]:
        return client.recent_chats(account, cursor["offset"])
    return client.history(account, cursor["people"][0], cursor["offset"])


def _failed(walk: HistoryWalk, cursor: dict[str, Any]) -> bool:
    failures = walk.failures + 1
    if cursor["listed"] and failures % SKIP_AFTER == 0 and len(cursor["people"]) > 1:
        cursor["people"].append(cursor["people"].pop(0))  # one that Zalo does not show must not hold up the others
        cursor["offset"], cursor["last"] = 0, ""
    if failures >= FAILURES:
        return _end(walk, error=NO_ANSWER)
    queue.again(walk, min(5 * 2.0**failures, LONGEST_WAIT), failures=failures, sealed_cursor=_sealed(walk, cursor))
    return False


# --- who spoke, and what ------------------------------------------------------------------------------------------


def _listing(walk: HistoryWalk, cursor: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, int]:
    """The latest conversation first: the first one before ``since`` ends the list. New words push others back, and
    whoever says them jumps over the place we are at: so the list is read until it shows nobody new."""
    recent = [row for row in rows if past_events.at(row) >= walk.since]
    known = len(cursor["people"])
    for user_id in map(past_events.person, recent):
        if user_id and user_id not in (walk.oa.oa_id, *cursor["people"]):
            cursor["people"].append(user_id)
    cursor["new"] |= len(cursor["people"]) > known
    cursor["offset"] += PAGE
    if len(rows) < PAGE or len(recent) < len(rows) or cursor["offset"] >= PAGES * PAGE:
        cursor["listed"], cursor["new"], cursor["offset"] = not cursor["new"], False, 0
    return {"people": len(cursor["people"])}


def _conversation(walk: HistoryWalk, cursor: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, int]:
    wanted = [row for row in rows if past_events.msg_id(row) and walk.since <= past_events.at(row) <= _until(walk, row)]
    counts = _compare(walk, cursor["people"][0], wanted)
    last = past_events.msg_id(rows[-1]) if rows else ""
    more = len(rows) == PAGE and all(past_events.at(row) >= walk.since for row in rows)
    if more and last != cursor["last"] and cursor["offset"] < PAGES * PAGE:
        cursor["offset"], cursor["last"] = cursor["offset"] + PAGE, last
    else:
        cursor["offset"], cursor["last"] = 0, ""
        del cursor["people"][0]
        counts["visited"] = walk.visited + 1
    return counts


def _until(walk: HistoryWalk, row: dict[str, Any]) -> datetime:
    """What the history only hints at (a video, a file), Zalo's own retry may still bring whole."""
    shown = past_events.is_ours(row) or row.get("type") in past_events.KINDS
    return walk.started_at - (JUST_NOW if shown else RETRIED)


def _compare(walk: HistoryWalk, user_id: str, rows: list[dict[str, Any]]) -> dict[str, int]:
    ids = [past_events.msg_id(row) for row in rows]
    ours = Message.objects.filter(unit_id=walk.unit_id, oa_id=walk.oa_id, zalo_msg_id__in=ids)
    known = dict(ours.values_list("zalo_msg_id", "citizen_id"))
    missing = inserted = typed = 0
    # Oldest first, as they were said: what came first opens the thread.
    unknown = sorted((row for row in rows if past_events.msg_id(row) not in known), key=past_events.at)
    if unknown and known:
        user_id = _as_kept(user_id, known[next(msg_id for msg_id in ids if msg_id in known)])
    for row in unknown:
        if past_events.is_ours(row):
            typed += row.get("type") in past_events.OURS and _taken(walk, user_id, row)
        else:
            missing += 1
            inserted += _taken(walk, user_id, row)
    return {
        "looked_at": walk.looked_at + len(rows),
        "known": walk.known + len(known),
        "missing": walk.missing + missing,
        "inserted": walk.inserted + inserted,
        "typed": walk.typed + typed,
    }


def _as_kept(user_id: str, citizen: uuid.UUID) -> str:
    """The list shows an anonymous id like any other; whose the latest known line is tells."""
    kept = routes.zalo_user_id(citizen)
    return kept if kept.startswith(routes.ANONYMOUS) else user_id


def _taken(walk: HistoryWalk, user_id: str, row: dict[str, Any]) -> bool:
    app_id = walk.oa.app.app_id
    try:
        inbox.take(app_id, past_events.body(row, app_id, walk.oa.oa_id, user_id), timezone.now())
    except NotYet:
        return False  # one of ours is on its way at this moment: its answer will tell
    except OperationalError:
        raise
    except Exception as error:  # one line that breaks must not stand before the others
        log.warning("a line of walk %s not taken: %s", walk.pk, type(error).__name__)
        return False
    faults.point("history.taken")
    return True


# --- its place, its end -------------------------------------------------------------------------------------------


def _opened(walk: HistoryWalk) -> dict[str, Any]:
    if not walk.sealed_cursor:
        return {"listed": False, "new": False, "offset": 0, "people": [], "last": ""}
    raw = crypto.open_sealed(settings.KEYS.vault_private, bytes(walk.sealed_cursor), _aad(walk))
    cursor: dict[str, Any] = json.loads(raw)
    return cursor


def _sealed(walk: HistoryWalk, cursor: dict[str, Any]) -> bytes:
    return crypto.seal_to(settings.KEYS.vault_public, json.dumps(cursor).encode(), _aad(walk))


def _aad(walk: HistoryWalk) -> bytes:
    return b"zp-walk|" + walk.pk.bytes


def _end(walk: HistoryWalk, error: str = "") -> bool:
    """Always False: no page follows."""
    with transaction.atomic():
        done = {"ended_at": timezone.now(), "error": error, "sealed_cursor": b""}
        if queue.finish(walk, **done):
            _report(walk)
    return False


def _report(walk: HistoryWalk) -> None:
    if walk.missing:
        tell(Alert.Kind.MISSED_MESSAGES, walk.unit_id, walk.oa_id, permission=Permission.OA_VIEW)
        incidents.begin(Incident.Kind.MESSAGES_MISSING, walk.oa, walk.missing)
    elif walk.is_whole:
        incidents.end(Incident.Kind.MESSAGES_MISSING, walk.oa)

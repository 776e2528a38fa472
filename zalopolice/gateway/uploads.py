"""Files, pictures and buttons that go behind an answer (design D5, D7). Zone vault.

A file is handed to Zalo before its row is on its way: an upload that fails has told nobody anything, so it may be
repeated, and the row waits or becomes a text with the public link. Only the message itself can end unclear, and then it
is settled like any other. A button only repeats what the words said: whatever is in its way, it is left out.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from zalopolice import faults, queue
from zalopolice.gateway import client, outbox, pace, tokens, verdicts
from zalopolice.gateway.client import Account, Outcome, Verdict
from zalopolice.gateway.models import FileAtZalo, Message, OfficialAccount, SharedFile
from zalopolice.states import move_to
from zalopolice.vault import routes

State = Message.State
KEPT = timedelta(days=6)
"""Zalo forgets an upload after seven days (zalo-oa-api.md 4)."""
TRIES = 3
LEASE = timedelta(seconds=60)
"""Of an upload: what was written after this row still waits for it (``delivery.HELD_UP``)."""
FENCE = ("attempt",)
NO_BUTTONS = frozenset({-224, -233, -235, -240})
"""Refusals that say something about the account, not about one message."""
RETIRED = gettext_noop("Tệp đã được gỡ nên không gửi nữa.")


def message_of(message: Message, account: Account, version: int) -> dict[str, Any] | None:
    """What Zalo is handed for a row that has its turn; None when the row must wait, or has ended without."""
    file = None
    if message.shared_file_id is not None:
        file = SharedFile.objects.get(pk=message.shared_file_id)
        if file.retired_at is not None:
            skip(message, RETIRED)
            return None
    if message.kind == outbox.CONTACT:
        return _with_buttons(message)
    if file is None or message.kind == outbox.TEXT:
        return {"text": message.text}
    token = _at_zalo(message, file) or _upload(message, file, account, version)
    if token:
        return _with_file(message, token)
    return {"text": message.text} if message.kind == outbox.TEXT else None


def _with_file(message: Message, token: str) -> dict[str, Any]:
    if message.kind == outbox.FILE:
        return {"attachment": {"type": "file", "payload": {"token": token}}}
    element = {"media_type": "image", "attachment_id": token}
    payload = {"template_type": "media", "elements": [element]}
    return {"text": message.text, "attachment": {"type": "template", "payload": payload}}


def _with_buttons(message: Message) -> dict[str, Any] | None:
    """A line of the text, a button: what stands behind its last colon is the number."""
    if routes.zalo_user_id(message.citizen_id).startswith(routes.ANONYMOUS):
        skip(message, gettext_noop("Zalo không có nút gọi trong trò chuyện ẩn danh."))
        return None
    phones = [line.rpartition(": ")[2] for line in message.text.splitlines()]
    buttons = [
        {
            "title": outbox.words("contact_call", phone=phone),
            "type": "oa.open.phone",
            "payload": {"phone_code": outbox.phone_code(phone)},
        }
        for phone in phones
    ]
    return {"text": message.text, "attachment": {"type": "template", "payload": {"buttons": buttons}}}


# --- uploads ------------------------------------------------------------------------------------------------------


def _at_zalo(message: Message, file: SharedFile) -> str:
    known = FileAtZalo.objects.filter(oa_id=message.oa_id, file_id=file.pk, expires_at__gt=timezone.now())
    return known.values_list("token", flat=True).first() or ""


def _upload(message: Message, file: SharedFile, account: Account, version: int) -> str:
    """Zalo's name for the file; "" when the row must wait, or has become a text."""
    if message.attempt >= TRIES:
        _become_text(message)
        return ""
    if not queue.claim(message, LEASE):
        return ""
    faults.point("outbox.file_leaves")
    outcome = client.upload(account, message.kind, file.name, bytes(file.content), file.content_type)
    faults.point("outbox.file_arrived")
    token = str(outcome.data.get("attachment_id") or outcome.data.get("token") or "")
    if outcome.verdict is Verdict.SENT and token:
        found = {"token": token, "expires_at": timezone.now() + KEPT}
        FileAtZalo.objects.update_or_create(
            unit_id=message.unit_id, oa_id=message.oa_id, file_id=file.pk, defaults=found
        )
        faults.point("outbox.file_kept")
        return token if _put_back(message, 0) else ""
    _not_uploaded(message, outcome, version)
    return ""


def _not_uploaded(message: Message, outcome: Outcome, version: int) -> None:
    """Nothing has been sent. What may pass is tried again soon; a citizen does not wait for more than that."""
    if outcome.too_fast:
        pace.slow_down(message.oa)
    if outcome.verdict is Verdict.TOKEN:
        with contextlib.suppress(tokens.NeedsConsent, client.Unreachable):
            tokens.refresh(message.oa, version)
    passes = outcome.verdict in (Verdict.TOKEN, Verdict.UNCLEAR) or outcome.too_fast or not outcome.code
    if passes and outcome.verdict is not Verdict.SENT and message.attempt < TRIES:
        _put_back(message, queue.BACKOFF[message.attempt - 1])
    else:
        _become_text(message)


def _become_text(message: Message) -> None:
    """The row that waits says where the file is instead."""
    with transaction.atomic():
        if _put_back(message, 0, kind=outbox.TEXT):
            _say_link(message)


def _put_back(message: Message, seconds: float, **changes: Any) -> bool:
    """False when the row is not ours any more: claimed since, or settled by the late echo of an earlier try."""
    changes["next_at"] = timezone.now() + timedelta(seconds=seconds)
    rows = Message.objects.filter(pk=message.pk, attempt=message.attempt, state=message.state)
    if rows.update(**changes) != 1:
        return False
    for name, value in changes.items():
        setattr(message, name, value)
    return True


def _say_link(message: Message) -> None:
    message.text = outbox.as_link(SharedFile.objects.get(pk=message.shared_file_id))
    message.save(update_fields=["text"])
    faults.point("outbox.file_as_text")


# --- what Zalo refused ----------------------------------------------------------------------------------------------


def instead(message: Message, outcome: Outcome) -> bool:
    """Another way for a row whose file, picture or button Zalo has finally refused; False when there is none."""
    known = verdicts.CODES.get(outcome.code)
    kind = known.kind if known else verdicts.Class.MISTAKE
    if message.kind == outbox.CONTACT:
        if outcome.code in NO_BUTTONS:
            OfficialAccount.objects.filter(pk=message.oa_id).update(buttons_refused_at=timezone.now())
        skip(message, verdicts.reason(outcome.code))
        return True
    if message.kind not in (outbox.FILE, outbox.IMAGE) or kind is verdicts.Class.PERSON:
        return False
    assert message.shared_file_id
    FileAtZalo.objects.filter(oa_id=message.oa_id, file_id=message.shared_file_id).delete()
    anew = {} if kind is verdicts.Class.UPLOAD and message.attempt < TRIES else {"kind": outbox.TEXT}
    with transaction.atomic():
        move_to(message, State.RETRY, field="state", unchanged=FENCE, next_at=timezone.now(), error="", **anew)
        if anew:
            _say_link(message)
    return True


def left_out(message: Message, reason: str) -> bool:
    """Ends the row of a button, whatever is in its way; False for every other row."""
    if message.kind == outbox.CONTACT:
        skip(message, reason)
    return message.kind == outbox.CONTACT


def skip(message: Message, reason: str) -> None:
    """Ends a row that nobody misses; no bell."""
    done = {"error": reason, "next_at": None, "queue": "", "settled_at": timezone.now()}
    move_to(message, State.SKIPPED, field="state", unchanged=FENCE, **done)

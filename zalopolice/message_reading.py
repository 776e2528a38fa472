"""What a message of the inbox is about: ``reading.py`` with what its unit publishes."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Sequence

from django.db import DatabaseError

from procedures import catalogue
from procedures.catalogue import Entry
from procedures.turns import Open
from zalopolice import reading
from zalopolice.gateway.models import Dialogue, Message
from zalopolice.reading import Reading

log = logging.getLogger(__name__)


def read(message: Message) -> Reading:
    """The decision about its words, made once as long as they stay the same."""
    words, kept = vars(message).get("_read", ("", None))
    if kept is None or words != message.text:
        kept = reading.read(message.text, lambda: _entries(message))
        vars(message)["_read"] = (message.text, kept)
    return kept


def read_in(dialogue: Dialogue | None, message: Message) -> Reading:
    """The same while an answer to something we asked is open: its ``turn`` is what the words answer of it."""
    if dialogue is None:
        return read(message)
    asked = Open(dialogue.kind, json.loads(dialogue.state or "{}"))
    return reading.go_on(message.text, lambda: _entries(message), asked, read(message))


def is_half_said(message: Message) -> bool:
    """So few words ("Họ vừa quay lại") go on with something. What was learnt of first messages does not know them."""
    return len(message.text.split()) <= reading.CRY


def _entries(message: Message) -> Sequence[Entry]:
    """Asked for once a message."""
    kept: Sequence[Entry] | None = vars(message).get("_entries")
    if kept is None:
        kept = vars(message)["_entries"] = _published(message.unit_id)
    return kept


def _published(unit_id: uuid.UUID) -> Sequence[Entry]:
    """A catalogue that cannot be read delays no alarm and no tip."""
    try:
        return catalogue.published(unit_id)
    except DatabaseError:
        raise
    except Exception as error:
        log.warning("catalogue of %s not read: %s", unit_id, type(error).__name__)
        return ()

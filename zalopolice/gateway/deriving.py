"""What officers see and hear of a file: a clean copy, made by a child process of the worker. Zone worker.

The officers' zone has no key of an original. From the transit copy comes one JPEG or one MP3 without metadata; then the
transit copy is removed."""

from __future__ import annotations

import io
import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from zalopolice import crypto, queue
from zalopolice.gateway import keeping
from zalopolice.gateway.models import Attachment
from zalopolice.gateway.pictures import NotAPicture, clean_copy
from zalopolice.gateway.sounds import NotASound, clean_sound
from zalopolice.states import move_to
from zalopolice.units import keyring

log = logging.getLogger(__name__)

State = Attachment.State
LEASE = timedelta(seconds=60)
"""The child process gets 20 seconds for a picture, 45 for a sound."""
TRIES = 6
NO_ROOM = 300.0
NO_PICTURE = gettext_noop("Tệp không phải là ảnh xem được; bản gốc vẫn được giữ.")
NO_SOUND = gettext_noop("Tệp không phải là ghi âm nghe được; bản gốc vẫn được giữ.")
SYSTEM_FAULT = gettext_noop("Máy chưa mở được tệp này; bản gốc vẫn được giữ.")


def derive(attachment: Attachment) -> None:
    """In the attachment's unit context, row claimed: makes the copy the officers get."""
    try:
        copy, measures = _clean(attachment)
        key = keyring.key_for("content", attachment.unit_id, attachment.citizen_id)
        keeping.write(attachment, "screen", key, iter([copy]))
    except NotAPicture:
        _end(attachment, State.REJECTED, reason=NO_PICTURE)
    except NotASound:
        _end(attachment, State.REJECTED, reason=NO_SOUND)
    except crypto.CannotOpen:
        _end(attachment, State.REJECTED, reason=SYSTEM_FAULT)
    except Exception as error:  # the disk, rights, a file that is gone: may pass, but not for ever
        log.warning("file %s not derived: %s", attachment.pk, type(error).__name__)
        if keeping.is_full(error):
            queue.again(attachment, NO_ROOM, attempt=attachment.attempt - 1)
        elif attachment.attempt >= TRIES:
            _end(attachment, State.REJECTED, reason=SYSTEM_FAULT)
        else:
            queue.again(attachment)
    else:
        _end(attachment, State.AVAILABLE, **measures)


def _clean(attachment: Attachment) -> tuple[bytes, dict[str, Any]]:
    content = keeping.read(attachment, "transit")
    if attachment.kind == Attachment.Kind.AUDIO:
        sound = clean_sound(content)
        return sound.mp3, {"seconds": sound.seconds}
    picture = clean_copy(content)
    return picture.jpeg, {"width": picture.width, "height": picture.height}


def _end(attachment: Attachment, state: str, **changes: Any) -> None:
    move_to(attachment, state, field="state", unchanged=("attempt",), next_at=None, queue="", **changes)
    transaction.on_commit(lambda: keeping.path_of(attachment, "transit").unlink(missing_ok=True))


def screen_copy(attachment: Attachment) -> io.BytesIO:
    return io.BytesIO(keeping.read(attachment, "screen"))

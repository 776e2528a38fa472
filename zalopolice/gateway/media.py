"""Files that come with messages: fetched and sealed by the vault, shown through a clean copy made by the worker.

The original goes encrypted, chunk by chunk, into local storage with its SHA-256; the vault reads none of its content.
Pictures take a second way: a transit copy under the content ring, from which the worker's child process draws one JPEG
without metadata; then the transit copy is removed. Nothing that goes wrong here touches the message itself.
"""

from __future__ import annotations

import io
import ipaddress
import logging
import os
import re
import socket
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from zalopolice import crypto, queue
from zalopolice.gateway.models import Attachment
from zalopolice.gateway.pictures import NotAPicture, clean_copy
from zalopolice.states import move_to
from zalopolice.units import keyring

log = logging.getLogger(__name__)

State = Attachment.State
LIMITS = {"image": 25, "gif": 25, "audio": 30, "file": 50, "video": 300}
"""Megabytes by kind."""
TRIES = 6
DRAWING = timedelta(seconds=60)
"""Lease of a picture that is being drawn; the child process gets 20 seconds."""
SYSTEM_FAULT = gettext_noop("Máy chưa hiện được ảnh này; bản gốc vẫn được giữ.")
REDIRECTS = 3
DOWNLOAD = 50.0
"""Seconds for a whole file; less than the task's own limit."""
PICTURES = {Attachment.Kind.IMAGE, Attachment.Kind.GIF}


class Refused(Exception):
    """Will never work; the message is the sentence the officer reads."""


def path_of(attachment: Attachment, copy: str) -> Path:
    """``copy``: ``original`` (vault ring), ``transit`` (content ring, short-lived), ``screen`` (content ring)."""
    return settings.MEDIA_DIR / str(attachment.unit_id) / f"{attachment.pk}.{copy}"


def aad(attachment: Attachment, copy: str) -> bytes:
    return crypto.field_aad(attachment.unit_id, "media", copy, attachment.pk)


def fetch(pk: uuid.UUID) -> None:
    """Zone vault. Brings one announced file in; tries again on what may pass, says why on what will not."""
    rows = Attachment.objects.filter(pk=pk, queue="vault", state=State.ANNOUNCED, next_at__lte=timezone.now())
    attachment = rows.first()
    if attachment is None or not queue.claim(attachment, timedelta(minutes=3)):
        return
    try:
        digest, size = _bring_in(attachment)
    except Refused as error:
        _give_up(attachment, State.REJECTED, str(error))
    except Exception as error:  # the network, the disk, a time limit: none may make a file try for ever
        log.warning("file %s not fetched: %s", pk, type(error).__name__)
        if attachment.attempt >= TRIES:
            _give_up(
                attachment, State.UNFETCHABLE, gettext_noop("Không tải được tệp từ Zalo; hãy nhờ người dân gửi lại.")
            )
        else:
            queue.again(attachment)
    else:
        _stored(attachment, digest, size)


def _give_up(attachment: Attachment, state: str, reason: str) -> None:
    move_to(attachment, state, field="state", unchanged=("attempt",), reason=reason, next_at=None, queue="")
    path_of(attachment, "transit").unlink(missing_ok=True)


def _stored(attachment: Attachment, digest: str, size: int) -> None:
    picture = attachment.kind in PICTURES
    following: dict[str, Any] = (
        {"queue": "worker", "next_at": timezone.now()} if picture else {"queue": "", "next_at": None}
    )
    with transaction.atomic():
        move_to(
            attachment,
            State.STORED,
            field="state",
            unchanged=("attempt",),
            sha256=digest,
            size=size,
            attempt=0,
            **following,
        )
        if picture:
            queue.ring("zalopolice.derive", attachment.pk, "worker")


def _bring_in(attachment: Attachment) -> tuple[str, int]:
    chunks = _download(attachment.source, LIMITS[attachment.kind] * 1_000_000)
    original = keyring.key_for("vault", attachment.unit_id, attachment.citizen_id)
    if attachment.kind not in PICTURES:
        return _write(attachment, "original", original, chunks)
    content = b"".join(chunks)
    transit = keyring.key_for("content", attachment.unit_id, attachment.citizen_id)
    _write(attachment, "transit", transit, iter([content]))
    return _write(attachment, "original", original, iter([content]))


def _write(attachment: Attachment, copy: str, key: crypto.Key, chunks: Iterator[bytes]) -> tuple[str, int]:
    """Encrypted, durable, and under its name only when complete."""
    path = path_of(attachment, copy)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        with draft.open("wb") as out:
            result = crypto.encrypt_file(key, chunks, out, aad(attachment, copy))
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return result


def _download(url: str, limit: int) -> Iterator[bytes]:
    until = time.monotonic() + DOWNLOAD
    with _opened(url) as answer:
        if answer.status_code in {403, 404, 410}:
            raise Refused(gettext_noop("Tệp không còn trên Zalo."))
        if answer.status_code != 200:
            raise requests.exceptions.HTTPError(f"status {answer.status_code}")
        size = 0
        for chunk in answer.iter_content(crypto.CHUNK):
            size += len(chunk)
            if time.monotonic() > until:
                raise requests.exceptions.Timeout("a byte now and then")
            if size > limit:
                raise Refused(gettext_noop("Tệp lớn hơn %(size)s MB.") % {"size": limit // 1_000_000})
            yield chunk
        if size == 0:
            raise Refused(gettext_noop("Tệp rỗng."))


def _opened(url: str) -> requests.Response:
    """Zalo's file hosts send on to others of theirs: three times at most, each checked like the first."""
    for _ in range(1 + REDIRECTS):
        _refuse_foreign(url)
        plain = {"Accept-Encoding": "identity"}  # the digest is over what Zalo keeps
        answer = requests.get(url, stream=True, timeout=(5, 15), allow_redirects=False, headers=plain)
        if not answer.is_redirect:
            return answer
        answer.close()
        url = urljoin(url, answer.headers["location"])
    raise Refused(gettext_noop("Tệp bị chuyển hướng quá nhiều lần."))


def _refuse_foreign(url: str) -> None:
    """Only Zalo's media hosts, so that a forged event cannot make us knock at our own doors."""
    try:
        _check_address(url)
    except ValueError:  # no address at all: a port out of range, half an IPv6
        raise Refused(gettext_noop("Tệp không nằm trên máy chủ của Zalo.")) from None


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    simulator = urlsplit(settings.ZALO_API_URL)
    if settings.DEMO:
        # Demo and tests know one host, the simulator, and never ask the world for another, not even its name.
        if (parts.scheme, parts.netloc) == (simulator.scheme, simulator.netloc):
            return
        raise Refused(gettext_noop("Tệp không nằm trên máy chủ của Zalo."))
    # Plain names only: what other characters mean to the part that connects is anybody's guess.
    plain = re.fullmatch(r"[a-z0-9.-]+", host) is not None
    known = plain and any(host == suffix or host.endswith("." + suffix) for suffix in settings.ZALO_MEDIA_HOSTS)
    if parts.scheme != "https" or parts.port not in {None, 443} or parts.username or not known:
        raise Refused(gettext_noop("Tệp không nằm trên máy chủ của Zalo."))
    for *_, address in socket.getaddrinfo(host, 443, proto=socket.IPPROTO_TCP):
        if not ipaddress.ip_address(address[0]).is_global:
            raise Refused(gettext_noop("Tệp không nằm trên máy chủ của Zalo."))


def read(attachment: Attachment, copy: str) -> bytes:
    """The plaintext of a copy this zone holds the ring of."""
    ring = "vault" if copy == "original" else "content"
    with path_of(attachment, copy).open("rb") as source:
        chunks = crypto.decrypt_file(lambda id: keyring.secret(ring, id), source, aad(attachment, copy))
        return b"".join(chunks)


def derive(attachment: Attachment) -> None:
    """Zone worker, in the attachment's unit context, row claimed: draws the copy the officers see."""
    try:
        picture = clean_copy(read(attachment, "transit"))
        key = keyring.key_for("content", attachment.unit_id, attachment.citizen_id)
        _write(attachment, "screen", key, iter([picture.jpeg]))
    except (NotAPicture, crypto.CannotOpen) as error:
        broken = isinstance(error, crypto.CannotOpen)
        reason = gettext_noop("Tệp không phải là ảnh xem được; bản gốc vẫn được giữ.")
        _end_drawing(attachment, State.REJECTED, reason=SYSTEM_FAULT if broken else reason)
    except Exception as error:  # the disk, rights, a file that is gone: may pass, but not for ever
        log.warning("picture %s not drawn: %s", attachment.pk, type(error).__name__)
        if attachment.attempt >= TRIES:
            _end_drawing(attachment, State.REJECTED, reason=SYSTEM_FAULT)
        else:
            queue.again(attachment)
    else:
        _end_drawing(attachment, State.AVAILABLE, width=picture.width, height=picture.height)


def _end_drawing(attachment: Attachment, state: str, **changes: Any) -> None:
    move_to(attachment, state, field="state", unchanged=("attempt",), next_at=None, queue="", **changes)
    _drop_transit(attachment)


def _drop_transit(attachment: Attachment) -> None:
    transaction.on_commit(lambda: path_of(attachment, "transit").unlink(missing_ok=True))


def screen_copy(attachment: Attachment) -> io.BytesIO:
    return io.BytesIO(read(attachment, "screen"))

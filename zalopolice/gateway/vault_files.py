"""What the vault remembers outside the database: a database that is away, or older, must not cost an account its grant.

Each file is replaced in one step and durable before :func:`_replace` returns. Zone vault."""

from __future__ import annotations

import json
import logging
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from zalopolice import crypto
from zalopolice.gateway.client import Pair
from zalopolice.gateway.models import OfficialAccount

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    pair: Pair
    version: int
    expires_at: datetime
    at: datetime


def keep_pair(oa: OfficialAccount, pair: Pair, version: int, expires_at: datetime) -> None:
    """Seals a new pair into the account's file. A disk that takes nothing is no reason to lose the pair as well."""
    known = {"access": pair.access, "refresh": pair.refresh, "version": version}
    times = {"expires_at": expires_at.isoformat(), "at": timezone.now().isoformat()}
    sealed = crypto.seal_to(settings.KEYS.vault_public, json.dumps(known | times).encode(), _aad(oa))
    try:
        _replace(_token_file(oa), sealed)
    except OSError as error:
        log.error("token file of account %s not written: %s", oa.pk, type(error).__name__)


def kept_pair(oa: OfficialAccount) -> Kept | None:
    try:
        raw = crypto.open_sealed(settings.KEYS.vault_private, _token_file(oa).read_bytes(), _aad(oa))
        known = json.loads(raw)
        expires_at, at = datetime.fromisoformat(known["expires_at"]), datetime.fromisoformat(known["at"])
        return Kept(Pair(known["access"], known["refresh"], 0), int(known["version"]), expires_at, at)
    except FileNotFoundError:
        return None
    except (OSError, crypto.CannotOpen, ValueError, KeyError) as error:
        log.error("token file of account %s not read: %s", oa.pk, type(error).__name__)
        return None


def write_mark(mark: uuid.UUID) -> None:
    _replace(_mark_file(), str(mark).encode())


def read_mark() -> uuid.UUID | None:
    """None when there is no file; a file that holds no mark is one no database knows."""
    try:
        return uuid.UUID(_mark_file().read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        return uuid.UUID(int=0)


def _token_file(oa: OfficialAccount) -> Path:
    return Path(settings.VAULT_DIR) / "tokens" / f"{oa.pk}.sealed"


def _mark_file() -> Path:
    return Path(settings.VAULT_DIR) / "mark"


def _aad(oa: OfficialAccount) -> bytes:
    return b"zp-pair|" + oa.pk.bytes


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        new.unlink(missing_ok=True)

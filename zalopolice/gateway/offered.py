"""Signing secrets on their way from a person's screen to the webhook: opened here, sealed anew. Zone vault."""

from __future__ import annotations

import logging

from django.conf import settings

from zalopolice import crypto
from zalopolice.gateway.models import WebhookSecret

log = logging.getLogger(__name__)


def seal() -> None:
    for row in WebhookSecret.objects.filter(sealed=b"").exclude(offered=b""):
        app = row.app_id.encode()
        try:
            secret = crypto.open_sealed(settings.KEYS.vault_private, bytes(row.offered), b"zp-offer|" + app)
        except crypto.CannotOpen:
            log.error("an offered secret of app %s cannot be opened", row.app_id)
            continue
        sealed = crypto.seal_to(settings.KEYS.webhook_public, secret, b"zp-secret|" + app)
        WebhookSecret.objects.filter(pk=row.pk).update(sealed=sealed, offered=b"")

"""Which Zalo an account talks to: the real one, or the simulator for units that train and for nobody else.

In the demo both are the simulator. Without ``ZALO_TRAINING_URL`` a training unit talks to nobody: whatever is wrong
with the setting, an exercise must never reach a citizen."""

from __future__ import annotations

from django.conf import settings


class NoTraining(Exception):
    """There is no simulator for training units here."""


def oauth(is_training: bool) -> str:
    return _training("/oauth") if is_training else str(settings.ZALO_OAUTH_URL)


def api(is_training: bool) -> str:
    return _training("/openapi") if is_training else str(settings.ZALO_API_URL)


def _training(path: str) -> str:
    if not settings.ZALO_TRAINING_URL:
        raise NoTraining
    return f"{settings.ZALO_TRAINING_URL}{path}"


def files_of_the_simulator(is_training: bool) -> str | None:
    """The one address files may come from; None: Zalo's own hosts."""
    if is_training:
        return str(settings.ZALO_TRAINING_URL)
    return str(settings.ZALO_API_URL) if settings.DEMO else None

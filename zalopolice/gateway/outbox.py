"""The only way to say something to a citizen. A row in the act's transaction; the rest follows on commit."""

from __future__ import annotations

import unicodedata
import uuid

from django.conf import settings
from django.template import Context, Engine
from django.utils import timezone
from django.utils.translation import gettext_noop

from zalopolice import faults, queue
from zalopolice.gateway import rules, verdicts
from zalopolice.gateway.models import Citizen, Message

TEXT_MAX = 1900
"""Zalo takes 2,000 characters but does not say how it counts; 5 % margin (zalo-oa-api.md 9)."""

_engine = Engine(dirs=[str(settings.BASE_DIR / "templates" / "zalo")], autoescape=False)


def enqueue(citizen: Citizen, text: str, *, origin: str, business_key: str = "", asked: bool = True) -> Message:
    """Queues ``text`` (1 to 1,900 characters). The same ``business_key`` in a unit is queued once for ever.

    ``asked``: an answer to what the citizen wrote, which goes at any hour. What we tell of our own accord waits for the
    morning, and who said STOP never gets it. ValueError too for who is known from a Zalo group alone."""
    text = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(text) <= TEXT_MAX:
        raise ValueError(gettext_noop("Nội dung phải có từ 1 đến %(most)s ký tự.") % {"most": TEXT_MAX})
    if rules.only_in_group(citizen):
        raise ValueError(verdicts.IN_GROUP)
    if business_key:
        known = Message.objects.filter(unit_id=citizen.unit_id, business_key=business_key).first()
        if known is not None:
            return known
    now = timezone.now()
    message = Message.objects.create(
        id=uuid.uuid4(),
        unit_id=citizen.unit_id,
        oa_id=citizen.oa_id,
        citizen=citizen,
        direction=Message.Direction.OUT,
        origin=origin,
        text=text,
        sent_at=now,
        state=Message.State.QUEUED,
        business_key=business_key,
        asked=asked,
        queue="vault",
        next_at=now,
    )
    faults.point("outbox.queued")
    queue.ring("zalopolice.deliver", message.pk, "vault")
    return message


def answer(message: Message, name: str, /, **values: object) -> None:
    """Queues the text ``name`` as the bot's answer to a citizen's message; never twice to the same message."""
    say(message, name, words(name, **values))


def say(message: Message, name: str, text: str) -> None:
    """Queues a published text that is ready, as the bot's answer named ``name``."""
    enqueue(message.citizen, text, origin=Message.Origin.BOT, business_key=f"{name}:{message.pk}")


def words(name: str, /, **values: object) -> str:
    """A published text of ``templates/zalo`` (design D26: the bot never invents wording)."""
    return _engine.get_template(f"{name}.txt").render(Context(values)).strip()

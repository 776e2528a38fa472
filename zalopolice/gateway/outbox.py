"""The only way to say something to a citizen. A row in the act's transaction; the rest follows on commit."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.template import Context, Engine
from django.utils import timezone
from django.utils.translation import gettext_noop

from zalopolice import faults, queue, written
from zalopolice.gateway import rules, splitting, verdicts
from zalopolice.gateway.models import Citizen, Message, SharedFile

SAID = "WHERE unit_id = %s AND business_key = %s AND business_key <> ''"
"""The last is for the index, see ``echoes.HERE``."""
TEXT_MAX = 1900
"""Zalo takes 2,000 characters but does not say how it counts; 5 % margin (zalo-oa-api.md 9)."""

TEXT, FILE, IMAGE, CONTACT = "text", "file", "image", "contact"
"""Kinds of outbound rows. Of a file and a picture the text is what stands under it on the phone."""
BUTTONS_MAX = 5
"""Of one message (zalo-oa-api.md 3.2)."""
BUTTONS_ANEW = timedelta(days=30)
"""So long after Zalo refused a button none is tried again: packages change."""

_spoken: ContextVar[str] = ContextVar("spoken", default="vi")


def enqueue(
    citizen: Citizen,
    text: str,
    *,
    origin: str,
    business_key: str = "",
    asked: bool = True,
    kind: str = TEXT,
    file: SharedFile | None = None,
) -> Message:
    """Queues ``text`` (1 to 1,900 characters). The same ``business_key`` in a unit is queued once for ever.

    ``asked``: an answer to what the citizen wrote, which goes at any hour. What we tell of our own accord waits for the
    morning, and who said STOP never gets it. ValueError too for who is known from a Zalo group alone.
    ``kind`` and ``file``: what goes with the words (``uploads.py``)."""
    text = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(text) <= TEXT_MAX:
        raise ValueError(gettext_noop("Nội dung phải có từ 1 đến %(most)s ký tự.") % {"most": TEXT_MAX})
    if rules.only_in_group(citizen):
        raise ValueError(verdicts.IN_GROUP)
    if business_key:
        known = written.first(Message, SAID, citizen.unit_id, business_key)
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
        kind=kind,
        text=text,
        shared_file=file,
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
    """Queues a published text that is ready, as the bot's answer named ``name``; a long one as several, in order."""
    for number, part in enumerate(splitting.parts(unicodedata.normalize("NFC", text), TEXT_MAX), 1):
        named = f"{name}.{number}" if number > 1 else name
        enqueue(message.citizen, part, origin=Message.Origin.BOT, business_key=f"{named}:{message.pk}")


def say_file(message: Message, name: str, file: SharedFile) -> None:
    """Queues a file behind what the answer has said so far; each file once to one message.

    Whatever Zalo does not take goes as a text with the public link, so the answer need not name the link itself."""
    if file.retired_at is not None:
        return
    kind = kind_of(file)
    text = as_link(file) if kind == TEXT else file.name if kind == FILE else file.name.rpartition(".")[0]
    key = f"{name}:{file.pk}:{message.pk}"
    enqueue(message.citizen, text, origin=Message.Origin.BOT, business_key=key, kind=kind, file=file)


def kind_of(file: SharedFile) -> str:
    """How Zalo carries it: it takes no sound from an account."""
    carried = {"image": IMAGE, "audio": TEXT}
    return carried.get(file.content_type.partition("/")[0], FILE)


def as_link(file: SharedFile) -> str:
    return words("file_link", name=file.name, link=file.link)


def say_contact(message: Message, name: str, label: str, phone: str) -> None:
    """Queues a button that calls ``phone`` ("Trực ban", "0269 382 1234") behind what the answer has said so far."""
    say_contacts(message, name, [(label, phone)])


def say_contacts(message: Message, name: str, contacts: Iterable[tuple[str, str]]) -> None:
    """One message with a button for each of the first ``BUTTONS_MAX``, a line each.

    The words before must name the numbers: where Zalo takes no buttons these are left out (design D7)."""
    refused = message.oa.buttons_refused_at
    rows = [(label, phone) for label, phone in contacts if phone_code(phone)][:BUTTONS_MAX]
    if not rows or (refused is not None and timezone.now() - refused < BUTTONS_ANEW):
        return
    text = "\n".join(f"{' '.join(label.split())[:80]}: {' '.join(phone.split())}" for label, phone in rows)
    key = f"{name}:{phone_code(rows[0][1])}:{message.pk}"
    enqueue(message.citizen, text, origin=Message.Origin.BOT, business_key=key, kind=CONTACT)


def phone_code(phone: str) -> str:
    """As Zalo's buttons want a number: "84…" for a Vietnamese one, the emergency numbers as they are; "" if none."""
    number = "".join(char for char in phone if char in "0123456789")
    if not 3 <= len(number) <= 15:
        return ""
    return f"84{number[1:]}" if number.startswith("0") else number


def words(name: str, /, **values: object) -> str:
    """A published text of ``templates/zalo`` (design D26: the bot never invents wording)."""
    return _engine(spoken()).get_template(f"{name}.txt").render(Context(values, autoescape=False)).strip()


@cache
def _engine(language: str) -> Engine:
    """A text or a part of one that a language lacks is the Vietnamese; ``zalo/…`` is the Vietnamese in any."""
    folder = settings.BASE_DIR / "templates" / "zalo"
    return Engine(dirs=[str(folder / language), str(folder), str(folder.parent)], autoescape=False)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """What is said inside is said in the texts of ``templates/zalo/<language>/``."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def spoken() -> str:
    return _spoken.get()

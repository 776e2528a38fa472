"""Where a citizen's message goes: one page, in order, nothing is ever dropped (design 1).

Zone worker. The database enters the unit of the waiting message; the citizen's row is locked, so that one person's
messages are taken one after another, and everything a message causes commits together or not at all.
"""

from __future__ import annotations

import logging
import unicodedata
import uuid
from collections.abc import Callable
from datetime import timedelta

from tips import danger, intake, recognition
from tips.models import TrayItem
from zalopolice import queue
from zalopolice.gateway import dialogues, outbox
from zalopolice.gateway.models import Citizen, Dialogue, Message
from zalopolice.states import move_to
from zalopolice.units.models import Unit
from zalopolice.units.walls import job_context

log = logging.getLogger(__name__)

PLAIN_AFTER = 5
"""Failed tries after which a message goes to the tray without any answer: read late is better than not at all."""
ASK = "tip_or_question"
STOP = {"stop", "dừng", "dừng lại", "hủy", "huỷ", "hủy đăng ký", "huỷ đăng ký"}


def route(pk: uuid.UUID) -> None:
    try:
        with job_context(Message, pk) as unit:
            if unit is not None:
                _route_waiting(pk, STEPS)
    except Exception as error:  # a message that breaks a step must neither vanish nor stop the others
        log.warning("message %s not routed: %s", pk, type(error).__name__)
        _failed(pk)


def _failed(pk: uuid.UUID) -> None:
    with job_context(Message, pk) as unit:
        message = Message.objects.filter(pk=pk).first() if unit else None
        if message is None:
            return
        if message.attempt + 1 >= PLAIN_AFTER:
            _route_waiting(pk, (_tray,))
        else:
            queue.again(message, queue.BACKOFF[min(message.attempt, 5)], attempt=message.attempt + 1)


def _route_waiting(pk: uuid.UUID, steps: tuple[Step, ...]) -> None:
    """Routes everything of this citizen that waits, in the order it was written."""
    citizen_id = Message.objects.values_list("citizen_id", flat=True).get(pk=pk)
    citizen = Citizen.objects.select_for_update().get(pk=citizen_id)
    waiting = Message.objects.filter(citizen=citizen, state=Message.State.RECEIVED, queue="worker")
    for message in waiting.order_by("sent_at", "pk"):
        message.citizen = citizen
        if message.pk == pk or message.attempt == 0:
            next(True for step in steps if step(message))
            move_to(message, Message.State.ROUTED, field="state", next_at=None, queue="")


def _say(message: Message, name: str, **values: object) -> None:
    text = outbox.words(name, **values)
    outbox.enqueue(message.citizen, text, origin=Message.Origin.BOT, business_key=f"{name}:{message.pk}")


def _danger(message: Message) -> bool:
    """0. Danger to life: the safety text before anything else, and the top of the tray.

    Also when the source has an open case: its officer may sleep, the duty officer does not."""
    if danger.assess(message.text) is not danger.Danger.EMERGENCY:
        return False
    _say(message, "safety")
    case = intake.open_case_of(message.citizen)
    if case is not None:
        intake.mark_urgent(case)
    intake.put_in_tray(message, kind=TrayItem.Kind.TIP, urgent=True)
    return True


def _stop(message: Message) -> bool:
    """1. STOP: nothing more they did not ask for. As written: without marks "dừng" is "đúng" and a first name."""
    words = " ".join(unicodedata.normalize("NFC", message.text.lower()).split()).strip(".! ")
    if words not in STOP:
        return False
    message.citizen.wants_silence = True
    message.citizen.save(update_fields=["wants_silence"])
    case = intake.open_case_of(message.citizen)
    if case is not None:
        intake.file_in_case(message, case)
    else:
        intake.put_in_tray(message)
        _say(message, "stopped")
    return True


def _dialogue(message: Message) -> bool:
    """2. An answer to what we asked."""
    dialogue = dialogues.current(message.citizen)
    return dialogue is not None and DIALOGUES[dialogue.kind](message, dialogue)


def _open_tip(message: Message) -> bool:
    """4. More words of a source: to the case or the waiting tip, and the bot stays silent."""
    case = intake.open_case_of(message.citizen)
    if case is not None:
        intake.file_in_case(message, case)
        return True
    item = intake.waiting_item_of(message.citizen)
    if item is None or item.kind != TrayItem.Kind.TIP:
        return False
    intake.put_in_tray(message)
    return True


def _understanding(message: Message) -> bool:
    """5. Says it is a report → a tip with its code; else ask back, unless this thread was asked already."""
    if _is_tip(message):
        _receive_tip(message)
        return True
    if intake.waiting_item_of(message.citizen) is not None:
        return False
    intake.put_in_tray(message)
    dialogues.begin(message.citizen, ASK, {}, timedelta(hours=12))
    _say(message, ASK, unit=Unit.objects.values_list("name", flat=True).get(pk=message.unit_id))
    return True


def _tray(message: Message) -> bool:
    """6. Anything else: the duty officer reads it."""
    intake.put_in_tray(message)
    return True


def _is_tip(message: Message) -> bool:
    text = message.text
    return recognition.wants_to_report(text) or danger.assess(text) is danger.Danger.POSSIBLE


def _receive_tip(message: Message) -> None:
    item = intake.put_in_tray(message, kind=TrayItem.Kind.TIP)
    _say(message, "tip_received", code=intake.give_tip_code(item))


def _tip_or_question(message: Message, dialogue: Dialogue) -> bool:
    """ "Báo tin hay hỏi thủ tục?" – by number (buttons are not relied on, design D7) or in words."""
    if intake.open_case_of(message.citizen) is not None:
        dialogues.end(dialogue)  # an officer made a case of it meanwhile: the question is answered
        return False
    answer = danger.fold(message.text)
    if answer in {"1", "bao tin"} or _is_tip(message):
        _receive_tip(message)
    elif answer in {"2", "hoi thu tuc", "thu tuc"}:
        intake.put_in_tray(message, kind=TrayItem.Kind.QUESTION)
        _say(message, "question_received")
    elif answer in {"3", "gap can bo"}:
        intake.put_in_tray(message)
        _say(message, "duty_called")
    else:
        # They go on telling; asking again would be deaf. The question stays open until it expires.
        intake.put_in_tray(message)
        return True
    dialogues.end(dialogue)
    return True


Step = Callable[[Message], bool]
STEPS: tuple[Step, ...] = (_danger, _stop, _dialogue, _open_tip, _understanding, _tray)
DIALOGUES: dict[str, Callable[[Message, Dialogue], bool]] = {ASK: _tip_or_question}

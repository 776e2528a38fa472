"""Where a citizen's message goes: one page, in order, nothing is ever dropped (design 1).

Zone worker. The database enters the unit of the waiting message; the citizen's row is locked, so that one person's
messages are taken one after another, and everything a message causes commits together or not at all.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable

from procedures import language_talk, languages, turns
from procedures.conversation import so_far
from tips import danger, intake
from zalopolice import answering, faults, message_reading, queue, quiet, written
from zalopolice.gateway import dialogues, outbox
from zalopolice.gateway.models import Citizen, Message
from zalopolice.states import move_to
from zalopolice.units.walls import job_context

log = logging.getLogger(__name__)

WHOSE = "WHERE id IN (SELECT citizen_id FROM gateway_message WHERE id = %s) FOR UPDATE"
WAITING = "WHERE citizen_id = %s AND state = 'received' AND queue = 'worker' ORDER BY sent_at, zalo_msg_id, id"
PLAIN_AFTER = 5
"""Failed tries after which a message goes to the tray without any answer: read late is better than not at all."""


def route(pk: uuid.UUID) -> None:
    try:
        with job_context(Message, pk) as unit:
            if unit is not None:
                _route_waiting(pk, STEPS)
        faults.point("routing.committed")
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
    citizen = written.first(Citizen, WHOSE, pk)
    if citizen is None:
        raise Citizen.DoesNotExist
    faults.point("routing.locked")
    for message in written.rows(Message, WAITING, citizen.pk):
        message.citizen = citizen
        if message.pk == pk or message.attempt == 0:
            with outbox.speaking(languages.of(citizen) if steps is STEPS else languages.VIETNAMESE):
                next(True for step in steps if step(message))
            faults.point("routing.decided")
            move_to(message, Message.State.ROUTED, field="state", next_at=None, queue="")
            faults.point("routing.moved")


def _danger(message: Message) -> bool:
    """0. Danger to life: the safety text before anything else, and the top of the tray.

    Also inside a tip, a case or a talk with an officer: that officer may sleep, the duty officer does not. In a case
    danger that is named is enough; elsewhere it must not be plain that the words tell something else."""
    citizen = message.citizen
    is_named = danger.assess(message.text) is danger.Danger.EMERGENCY
    has_case = intake.open_case_of(citizen) is not None
    if not (is_named and has_case):
        if message_reading.read(message).kind != "emergency":
            return False
        goes_on = has_case or intake.waits_as_tip(citizen) or intake.officer_talks_with(citizen)
        if goes_on and not is_named and message_reading.is_half_said(message):
            return False
    answering.alarm(message)
    return True


def _stop(message: Message) -> bool:
    """1. STOP: nothing more they did not ask for."""
    if not quiet.says_stop(message):
        return False
    quiet.silence(message)
    case = intake.open_case_of(message.citizen)
    if case is not None:
        intake.file_in_case(message, case)
    else:
        intake.put_in_tray(message)
        outbox.answer(message, "stopped")
    return True


def _language(message: Message) -> bool:
    """ "English", "ngôn ngữ": what the bot answers in from now on. Inside a tip and beside an officer it is silent."""
    citizen = message.citizen
    if not language_talk.named(message.text) or intake.open_case_of(citizen) is not None:
        return False
    if intake.waits_as_tip(citizen) or intake.officer_talks_with(citizen):
        return False
    language_talk.choose(message)
    answering.was_answered(message, {})
    return True


def _dialogue(message: Message) -> bool:
    """2 and 3. An answer to what we asked, by number (buttons are not relied on, design D7) or in words."""
    dialogue = dialogues.current(message.citizen)
    if dialogue is None:
        return False
    if (
        intake.open_case_of(message.citizen) is not None
        or (dialogue.kind != turns.ASK and intake.waits_as_tip(message.citizen))
        or intake.officer_talks_with(message.citizen)
    ):
        # It became a tip, or an officer's, meanwhile: the question is answered, and the bot silent.
        dialogues.end(message.citizen)
        return False
    return answering.DIALOGUES[dialogue.kind](message, dialogue)


def _open_tip(message: Message) -> bool:
    """4. More words of a source: to the case or the waiting tip, and the bot stays silent."""
    case = intake.open_case_of(message.citizen)
    if case is not None:
        intake.file_in_case(message, case)
        return True
    if not intake.waits_as_tip(message.citizen):
        return False
    intake.put_in_tray(message)
    return True


def _understanding(message: Message) -> bool:
    """5. A tip gets its code, a question its answer; what is unclear is asked back, once."""
    if intake.officer_talks_with(message.citizen):
        return False
    dialogue = dialogues.current(message.citizen)  # one that said this was not for it
    carried = so_far(dialogue)
    if turns.wants_officer(message.text):
        answering.hand_over(message, carried)
        return True
    return answering.understood(message, carried, dialogue=dialogue) or answering.ask(message, carried)


def _tray(message: Message) -> bool:
    """6. Anything else: the duty officer reads it."""
    intake.put_in_tray(message)
    return True


Step = Callable[[Message], bool]
STEPS: tuple[Step, ...] = (
    quiet.keep, quiet.source, _danger, _stop, _language, _dialogue, _open_tip, _understanding, _tray,
)  # fmt: skip

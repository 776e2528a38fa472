"""Where a citizen's message goes: one page, in order, nothing is ever dropped (design 1).

Zone worker. The database enters the unit of the waiting message; the citizen's row is locked, so that one person's
messages are taken one after another, and everything a message causes commits together or not at all.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from datetime import timedelta

from procedures import conversation
from procedures.conversation import OFFICER, TIP, Carried, Desk
from tips import danger, intake
from tips.models import TrayItem
from zalopolice import faults, message_reading, queue, quiet, small_talk
from zalopolice.gateway import dialogues, outbox
from zalopolice.gateway.models import Citizen, Dialogue, Message
from zalopolice.states import move_to
from zalopolice.units import hotline
from zalopolice.units.models import Unit
from zalopolice.units.walls import job_context

log = logging.getLogger(__name__)

PLAIN_AFTER = 5
"""Failed tries after which a message goes to the tray without any answer: read late is better than not at all."""
ASK = "tip_or_question"
MEMORY = 20  # messages an officer gets to see of what the bot alone has heard


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
    whose = Message.objects.filter(pk=pk).values("citizen")
    citizen = Citizen.objects.select_for_update().get(pk__in=whose)
    faults.point("routing.locked")
    waiting = Message.objects.filter(citizen=citizen, state=Message.State.RECEIVED, queue="worker")
    for message in waiting.order_by("sent_at", "zalo_msg_id", "pk"):
        message.citizen = citizen
        if message.pk == pk or message.attempt == 0:
            next(True for step in steps if step(message))
            faults.point("routing.decided")
            move_to(message, Message.State.ROUTED, field="state", next_at=None, queue="")
            faults.point("routing.moved")


def _danger(message: Message) -> bool:
    """0. Danger to life: the safety text before anything else, and the top of the tray.

    Also when the source has an open case: its officer may sleep, the duty officer does not. Then the words alone are
    enough; of a first message it must not be plain that they tell something else."""
    if danger.assess(message.text) is not danger.Danger.EMERGENCY:
        return False
    if intake.open_case_of(message.citizen) is None and message_reading.read(message).kind != "emergency":
        return False
    _alarm(message)
    return True


def _alarm(message: Message) -> None:
    outbox.answer(message, "safety")
    case = intake.open_case_of(message.citizen)
    if case is not None:
        intake.mark_urgent(case)
    intake.put_in_tray(message, kind=TrayItem.Kind.TIP, urgent=True)


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


def _dialogue(message: Message) -> bool:
    """2 and 3. An answer to what we asked, by number (buttons are not relied on, design D7) or in words."""
    dialogue = dialogues.current(message.citizen)
    if dialogue is None:
        return False
    if intake.open_case_of(message.citizen) is not None or (
        dialogue.kind != ASK and intake.waits_as_tip(message.citizen)
    ):
        dialogues.end(message.citizen)  # it became a tip meanwhile: the question is answered, and the bot silent
        return False
    return DIALOGUES[dialogue.kind](message, dialogue)


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
    return _understood(message, _so_far(_state(dialogue)) if dialogue else {}) or _ask(message)


def _tray(message: Message) -> bool:
    """6. Anything else: the duty officer reads it."""
    intake.put_in_tray(message)
    return True


def _understood(message: Message, carried: Carried, *, expected: bool = False) -> bool:
    """Does what the words ask for; False when they are not understood. ``expected``: we asked for a procedure."""
    if not message.text.strip():
        return False
    desk = Desk(message.unit_id)
    read = message_reading.read(message)
    if read.kind == "emergency":
        _alarm(message)
        return True
    if read.kind != "tip" and message.attachments.exists():
        return False  # a picture, a place, a voice: a person looks at it
    near = [label for label, _ in read.candidates]
    report = read.topic == "report"
    if read.kind == "tip":
        _receive_tip(message, carried)
    elif read.kind == "answer" and conversation.give(message, read.label, _carry(message, carried), desk):
        _was_answered(message, carried)
    elif read.kind == "ask_back" and (set(near) - {TIP} or (report and not expected)):
        conversation.ask_back(message, near, _in_sight(message, carried), desk, report=report)
    elif read.kind == "handoff" and read.topic:
        return _small_talk(message, read.topic, carried, desk)
    elif expected:
        _hand_over(message, carried, "not_understood", kind=TrayItem.Kind.QUESTION)
    else:
        return False
    return True


def _small_talk(message: Message, topic: str, carried: Carried, desk: Desk) -> bool:
    """Numbers to call, opening hours, thanks, one's own file: answered from what is published, or handed over."""
    said = small_talk.answer(message, topic, desk)
    if said is small_talk.Said.NOTHING:
        return False
    if said is small_talk.Said.ANSWERED:
        _was_answered(message, carried)
    else:
        _file(message, carried, kind="" if topic == "wanted_missing" else TrayItem.Kind.QUESTION)
    return True


def _ask(message: Message) -> bool:
    """Asks what is wanted, unless this thread was asked already; the duty officer sees the words meanwhile."""
    if intake.waiting_item_of(message.citizen) is not None:
        return False
    item = intake.put_in_tray(message)
    dialogues.begin(message.citizen, ASK, {"item": str(item.pk)}, timedelta(hours=12))
    outbox.answer(message, ASK, unit=Unit.objects.values_list("name", flat=True).get(pk=message.unit_id))
    return True


def _tip_or_question(message: Message, dialogue: Dialogue) -> bool:
    """ "Báo tin hay hỏi thủ tục?" """
    answer, carried = danger.fold(message.text), _state(dialogue)
    if answer in {"1", "bao tin"}:
        _receive_tip(message, carried)
    elif answer in {"2", "hoi thu tuc", "thu tuc"}:
        conversation.ask_which(message, carried)
        _was_answered(message, carried)
    elif answer == "3" or conversation.wants_officer(message.text):
        _hand_over(message, carried)
    elif not _understood(message, carried):
        # They go on telling; asking again would be deaf. The question stays open until it expires.
        intake.put_in_tray(message)
    return True


def _which(message: Message, dialogue: Dialogue) -> bool:
    """Which procedure? In their own words."""
    state = _state(dialogue)
    if conversation.wants_officer(message.text) or not _understood(message, state, expected=True):
        _hand_over(message, state)  # a voice, a picture: a person listens and looks
    return True


def _choice(message: Message, dialogue: Dialogue) -> bool:
    """One of the numbered choices; anything else is read anew."""
    state = _state(dialogue)
    carried, desk = _so_far(state), Desk(message.unit_id)
    chosen = conversation.chosen(message.text, state)
    if chosen == TIP:
        _receive_tip(message, carried)
    elif chosen == OFFICER:
        _hand_over(message, carried, kind=TrayItem.Kind.QUESTION)
    elif chosen in small_talk.TOPICS:
        _small_talk(message, chosen, carried, desk)
    elif chosen and conversation.give(message, chosen, _carry(message, carried), desk):
        _was_answered(message, carried)
    elif not _understood(message, carried):
        _hand_over(message, carried, "not_understood", kind=TrayItem.Kind.QUESTION)
    return True


def _about(message: Message, dialogue: Dialogue) -> bool:
    """More about the procedure just given; anything else is a new message."""
    state = _state(dialogue)
    said = conversation.follow_up(message, _carry(message, state), Desk(message.unit_id))
    if said == OFFICER:
        _hand_over(message, state, kind=TrayItem.Kind.QUESTION)
    elif said:
        _was_answered(message, state)
    return bool(said)


def _receive_tip(message: Message, carried: Carried) -> None:
    item = _file(message, carried, kind=TrayItem.Kind.TIP)
    outbox.answer(message, "tip_received", code=intake.give_tip_code(item))


def _hand_over(message: Message, carried: Carried, words: str = "duty_called", *, kind: str = "") -> None:
    """A person answers, and sees what was said before."""
    _file(message, carried, kind=kind)
    outbox.answer(message, words, opening=hotline.opening_of(hotline.office_of(message.unit_id)))


def _file(message: Message, carried: Carried, *, kind: str) -> TrayItem:
    """Into the tray with what the bot alone has heard; the dialogue is over."""
    dialogues.end(message.citizen)
    for earlier in Message.objects.filter(pk__in=carried.get("heard", ()), filed=None).order_by("sent_at", "pk"):
        earlier.citizen = message.citizen
        intake.put_in_tray(earlier)
    return intake.put_in_tray(message, kind=kind)


def _was_answered(message: Message, carried: Carried) -> None:
    """The bot has answered. A waiting thread gets the words too; was it opened only to ask, nobody has to read it."""
    item = intake.waiting_item_of(message.citizen)
    if item is None:
        return
    item = intake.put_in_tray(message)
    if str(item.pk) == carried.get("item") and not item.is_urgent:
        intake.mark_answered(item)


def _in_sight(message: Message, carried: Carried) -> Carried:
    """Who is asked back may never answer: the duty officer sees the words all the same."""
    first = intake.waiting_item_of(message.citizen) is None
    item = intake.put_in_tray(message)
    return {**carried, "item": str(item.pk)} if first else carried


def _carry(message: Message, carried: Carried) -> Carried:
    return {**carried, "heard": [*carried.get("heard", ())[-MEMORY:], str(message.pk)]}


def _so_far(state: Carried) -> Carried:
    """What goes on into the next dialogue; the choices and the procedure of this one do not."""
    return {name: state[name] for name in ("heard", "item") if name in state}


def _state(dialogue: Dialogue) -> Carried:
    return dict(json.loads(dialogue.state or "{}"))


Step = Callable[[Message], bool]
STEPS: tuple[Step, ...] = (quiet.keep, quiet.source, _danger, _stop, _dialogue, _open_tip, _understanding, _tray)
DIALOGUES: dict[str, Callable[[Message, Dialogue], bool]] = {
    ASK: _tip_or_question,
    conversation.WHICH: _which,
    conversation.CHOOSING: _choice,
    conversation.ABOUT: _about,
}

"""What the bot does with a message that is no danger and belongs to no open tip: a report gets its code, a question its
answer, what is unclear is asked back, and whatever a person must read is handed over with what was said before.

Zone worker; called by ``routing.py``, which holds the order and the locks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from procedures import conversation, flows, language_talk, misses, topics, turns
from procedures.conversation import AGAIN_AFTER, Carried, Desk, so_far, state_of
from procedures.turns import ASK, CHOSEN, MORE, OFFICER, PROCEDURE, TIP, WRONG, Turn
from tips import intake
from tips.models import TrayItem
from zalopolice import message_reading, quiet, small_talk
from zalopolice.gateway import dialogues, outbox
from zalopolice.gateway.models import Dialogue, Message
from zalopolice.units import hotline
from zalopolice.units.models import Unit

MEMORY = 20  # messages an officer gets to see of what the bot alone has heard


def understood(message: Message, carried: Carried, *, expected: bool = False, dialogue: Dialogue | None = None) -> bool:
    """Does what the words ask for; False when they are not understood. ``expected``: we asked for a procedure.
    ``dialogue``: what is still open, though the words do not answer it."""
    if not message.text.strip():
        return False
    desk = Desk(message.unit_id)
    read = message_reading.read_in(dialogue, message)
    if read.kind == "dialogue":  # it led nowhere any more
        read = message_reading.read(message)
    if read.kind == "emergency":
        alarm(message)
        return True
    if read.kind != "tip" and message.attachments.exists():
        return False  # a picture, a place, a voice: a person looks at it
    if read.kind == "tip":
        _receive_tip(message, carried)
        return True
    if flows.listens(read):
        flow, asked = flows.match(message.text, desk), small_talk.asked(message.text)
        if (flow and _follow(message, flows.destination(flow), carried, desk)) or (
            asked and _small_talk(message, asked, carried, desk)
        ):
            return True
    misses.note(message, message_reading.read(message))
    near = [label for label, _ in read.candidates]
    report = read.topic == "report"
    if read.kind == "answer" and conversation.give(message, read.label, _carry(message, carried), desk):
        was_answered(message, carried)
    elif read.kind == "ask_back" and (set(near) - {TIP, "other"} or (report and not expected)):
        conversation.ask_back(message, near, _in_sight(message, carried), desk, report=report)
    elif read.kind == "handoff" and read.topic:
        return _small_talk(message, read.topic, carried, desk)
    elif expected:
        hand_over(message, carried, "not_understood", kind=TrayItem.Kind.QUESTION)
    else:
        return False
    return True


def alarm(message: Message) -> None:
    """The safety text before anything else, and the top of the tray; whatever was asked before is over."""
    dialogues.end(message.citizen)
    outbox.answer(message, "safety", phone=hotline.duty_phone(message.unit_id))
    case = intake.open_case_of(message.citizen)
    if case is not None:
        intake.mark_urgent(case)
    intake.put_in_tray(message, kind=TrayItem.Kind.TIP, urgent=True)


def _follow(message: Message, where: str, carried: Carried, desk: Desk) -> bool:
    """Goes where a choice or an editor's flow leads; False when nothing is there any more."""
    if where == TIP:
        _receive_tip(message, carried)
    elif where == OFFICER:
        hand_over(message, carried, kind=TrayItem.Kind.QUESTION)
    elif where in topics.SERVICES:
        return _small_talk(message, where, carried, desk)
    elif flows.say(message, where, _carry(message, carried), desk) or conversation.give(
        message, where, _carry(message, carried), desk
    ):
        was_answered(message, carried)
    else:
        return False
    return True


def _small_talk(message: Message, topic: str, carried: Carried, desk: Desk) -> bool:
    """Numbers to call, opening hours, thanks, one's own file: answered from what is published, or handed over."""
    said = small_talk.answer(message, topic, desk)
    if said is small_talk.Said.NOTHING:
        return False
    if said is small_talk.Said.ANSWERED:
        was_answered(message, {} if topic == "greeting_thanks" else carried)  # thanks for what may be no answer
    else:
        _file(message, carried, kind="" if topic == "wanted_missing" else TrayItem.Kind.QUESTION)
    return True


def ask(message: Message, carried: Carried) -> bool:
    """Asks what is wanted, unless this thread was asked already; the duty officer sees the words meanwhile, and what
    was said before them."""
    if intake.waiting_item_of(message.citizen) is not None:
        return False
    _file_heard(message, carried)
    item = intake.put_in_tray(message)
    dialogues.begin(message.citizen, ASK, {"item": str(item.pk)}, timedelta(hours=12))
    outbox.answer(message, ASK, unit=Unit.objects.values_list("name", flat=True).get(pk=message.unit_id))
    return True


def _tip_or_question(message: Message, dialogue: Dialogue) -> bool:
    """ "Báo tin hay hỏi thủ tục?" """
    where, carried = _where(message, dialogue), state_of(dialogue)
    if where == PROCEDURE:
        conversation.ask_which(message, carried)
        intake.put_in_tray(message)
    elif where == OFFICER:
        hand_over(message, carried)
    elif where:
        _receive_tip(message, carried)
    elif not understood(message, carried):
        # They go on telling; asking again would be deaf. The question stays open until it expires.
        intake.put_in_tray(message)
    return True


def _which(message: Message, dialogue: Dialogue) -> bool:
    """Which procedure? In their own words."""
    state = state_of(dialogue)
    if _where(message, dialogue) == OFFICER or not understood(message, state, expected=True):
        hand_over(message, state)  # a voice, a picture: a person listens and looks
    return True


def _choice(message: Message, dialogue: Dialogue) -> bool:
    """One of the numbered choices; anything else is read anew."""
    carried, desk = so_far(dialogue), Desk(message.unit_id)
    chosen = _where(message, dialogue)
    if not (chosen and _follow(message, chosen, carried, desk)) and not understood(message, carried):
        hand_over(message, carried, "not_understood", kind=TrayItem.Kind.QUESTION)
    return True


def _menu(message: Message, dialogue: Dialogue) -> bool:
    """A line of an editor's menu; anything else is a new message."""
    chosen = _where(message, dialogue)
    return bool(chosen) and _follow(message, chosen, so_far(dialogue), Desk(message.unit_id))


def _about(message: Message, dialogue: Dialogue) -> bool:
    """More about the procedure just given; anything else is a new message, and so is a picture."""
    turn, state, desk = message_reading.read_in(dialogue, message).turn, state_of(dialogue), Desk(message.unit_id)
    if turn is None or message.attachments.exists():
        return False
    if not turn.is_sure and (flows.match(message.text, desk) or small_talk.asked(message.text)):
        return False
    entry = desk.entry(state.get("slug", ""))
    if turn.parts and (entry is None or entry.is_former_name):
        return False
    if turn.where == TIP:
        _receive_tip(message, state)
    elif turn.where == MORE:
        _offer_all(message, dialogue, state, desk)
    else:
        _follow_up(message, turn, state, desk)
    return True


def _follow_up(message: Message, turn: Turn, state: Carried, desk: Desk) -> None:
    if turn.rule == CHOSEN and state.get("offer"):  # they found it there
        state |= {"item": state.pop("offer"), "offered_at": 0}
    elif turn.where == WRONG:
        state.pop("item", None)
    carried = _carry(message, state) if turn.is_sure else _unsettled(message, state) | {"offer": ""}
    if conversation.follow_up(message, turn, carried, desk) == OFFICER:
        hand_over(message, state, kind=TrayItem.Kind.QUESTION)
    elif turn.is_sure:
        was_answered(message, state, settles=turn.where != WRONG)


def _offer_all(message: Message, dialogue: Dialogue, state: Carried, desk: Desk) -> None:
    """It may go on about the card, and no part of that answers it: all there is is offered, the next time a person
    answers. Who writes on in the same breath has not read the offer."""
    is_again = bool(state.get("offered_at"))
    if is_again and state["offered_at"] > (timezone.now() - AGAIN_AFTER).timestamp():
        intake.put_in_tray(message)
        dialogue.state = json.dumps({**state, "offer": ""})  # whatever they choose now, this was not answered
        dialogue.save(update_fields=["state"])
        return
    misses.note(message, message_reading.read(message), about=state["slug"], is_asked_back=not is_again)
    if is_again or state.get("gone"):
        hand_over(message, state, "not_understood", kind=TrayItem.Kind.QUESTION)
    else:
        conversation.ask_more(message, _unsettled(message, state), desk)


def _unsettled(message: Message, state: Carried) -> Carried:
    """What we may have answered wrongly, or not at all: the duty officer sees it with what led to it, and only a choice
    made of what we offered says that it was answered."""
    first = _nobody_waits(message)
    _file_heard(message, state)
    item = intake.put_in_tray(message)
    offer = str(item.pk) if first else state.get("item") or state.get("offer", "")
    return {name: value for name, value in state.items() if name != "item"} | {"heard": [], "offer": offer}


def _where(message: Message, dialogue: Dialogue) -> str:
    turn = message_reading.read_in(dialogue, message).turn
    return turn.where if turn else ""


def _receive_tip(message: Message, carried: Carried) -> None:
    item = _file(message, carried, kind=TrayItem.Kind.TIP)
    outbox.answer(message, "tip_received", code=intake.give_tip_code(item))


def hand_over(message: Message, carried: Carried, words: str = "duty_called", *, kind: str = "") -> None:
    """A person answers, and sees what was said before."""
    _file(message, carried, kind=kind)
    outbox.answer(message, words, opening=hotline.opening_of(hotline.office_of(message.unit_id)))


def _file(message: Message, carried: Carried, *, kind: str) -> TrayItem:
    """Into the tray with what the bot alone has heard; the dialogue is over."""
    dialogues.end(message.citizen)
    _file_heard(message, carried)
    return intake.put_in_tray(message, kind=kind)


def _file_heard(message: Message, carried: Carried) -> None:
    heard = carried.get("heard")
    for earlier in Message.objects.filter(pk__in=heard, filed=None).order_by("sent_at", "pk") if heard else ():
        earlier.citizen = message.citizen
        intake.put_in_tray(earlier)


def was_answered(message: Message, carried: Carried, *, settles: bool = True) -> None:
    """The bot has answered. A waiting thread gets the words too; was it opened only to ask, or answered before, and
    stands nothing else in it than what a machine may settle, nobody has to read it."""
    item = intake.waiting_item_of(message.citizen)
    if item is None:
        return
    is_ours = item.is_answered or str(item.pk) == carried.get("item")
    item = intake.put_in_tray(message)
    if settles and is_ours and not item.is_urgent and all(map(_may_settle, intake.heard_in(item))):
        intake.mark_answered(item)


def _may_settle(message: Message) -> bool:
    """No picture, no voice, no missed call, no withdrawal."""
    if message.kind in quiet.WORDLESS or message.attachments.exists():
        return False
    return flows.may_settle(message_reading.read(message))


def _in_sight(message: Message, carried: Carried) -> Carried:
    """Who is asked back may never answer: the duty officer sees the words all the same."""
    first = _nobody_waits(message)
    item = intake.put_in_tray(message)
    return {**carried, "item": str(item.pk)} if first else carried


def _nobody_waits(message: Message) -> bool:
    item = intake.waiting_item_of(message.citizen)
    return item is None or item.is_answered


def _carry(message: Message, carried: Carried) -> Carried:
    return {**carried, "heard": [*carried.get("heard", ())[-MEMORY:], str(message.pk)]}


def _language(message: Message, dialogue: Dialogue) -> bool:
    """One of the numbered languages; anything else is a new message."""
    code = _where(message, dialogue)
    if code:
        language_talk.switch(message, code, dialogue)
        was_answered(message, {})
    return bool(code)


DIALOGUES: dict[str, Callable[[Message, Dialogue], bool]] = {
    turns.ASK: _tip_or_question,
    turns.WHICH: _which,
    turns.CHOOSING: _choice,
    turns.ABOUT: _about,
    turns.MENU: _menu,
    turns.LANGUAGE: _language,
}

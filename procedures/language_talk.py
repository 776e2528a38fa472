"""The citizen chooses a language: by its name at any time, or by number after "ngôn ngữ". Zone worker."""

from __future__ import annotations

import re
import unicodedata

from procedures import conversation, languages
from procedures.catalogue import Entry
from procedures.conversation import LASTS, Carried, Desk, so_far, state_of
from procedures.languages import LANGUAGES, VIETNAMESE
from procedures.turns import ABOUT, CHOOSING, LANGUAGE, OFFICER, TIP
from zalopolice.gateway import dialogues, outbox
from zalopolice.gateway.models import Dialogue, Message
from zalopolice.vietnamese import fold

MENU = "menu"
OFFERED = 7
"""Translated procedures a menu names: with a report and an officer, one digit numbers them all."""
WITH_TEXTS = ("en", "km")
"""Languages some of the bot's own sentences exist in (``templates/zalo/en/``): worth choosing before any procedure."""

_MENU = {"ngon ngu", "doi ngon ngu", "chon ngon ngu", "ngon ngu khac", "tieng khac", "language", "change language"}
_MENU_IN = {"ភាសា", "语言", "語言"}
_ASKING = re.compile(
    r"^(?:(?:cho )?(?:toi|em|minh) )?(?:(?:muon|can|xin) )?"
    r"(?:noi |dung |doi sang |chuyen sang |tra loi |bang |please )*"
)
_POLITE = re.compile(r" (?:please|a|nhe|nha|di|duoc khong)$")


def named(text: str) -> str:
    """The code of the language a message asks for and nothing else, ``MENU``, or ""."""
    exact = unicodedata.normalize("NFC", text).strip(" .!?\n").casefold()
    asked = _POLITE.sub("", _ASKING.sub("", fold(text)))
    if asked in _MENU or exact in _MENU_IN:
        return MENU
    own = {code: one.own.casefold() for code, one in LANGUAGES.items() if not one.own.isascii()}
    return next((code for code, one in LANGUAGES.items() if asked in one.asked or exact == own.get(code)), "")


def choose(message: Message) -> None:
    """Takes a message that is ``named``."""
    dialogue, code = dialogues.current(message.citizen), named(message.text)
    if code == MENU:
        _ask(message, so_far(dialogue), Desk(message.unit_id))
    else:
        switch(message, code, dialogue)


def _ask(message: Message, carried: Carried, desk: Desk) -> None:
    there = {code for entry in desk.entries for code in languages.written(entry.content)} | {VIETNAMESE, *WITH_TEXTS}
    offered = [code for code in LANGUAGES if code in there]
    outbox.answer(message, "language_menu", choices=[LANGUAGES[code].own for code in offered])
    dialogues.begin(message.citizen, LANGUAGE, {**carried, "languages": offered}, LASTS)


def switch(message: Message, code: str, dialogue: Dialogue | None) -> None:
    """Kept; then the card just read comes again in it, else what can be asked in it."""
    languages.keep(message.citizen, code)
    carried, desk = so_far(dialogue), Desk(message.unit_id)
    with outbox.speaking(code):
        if dialogue is not None and dialogue.kind == ABOUT:
            outbox.answer(message, "language_chosen", language=LANGUAGES[code])
            conversation.give(message, state_of(dialogue).get("slug", ""), carried, desk)
        elif code == VIETNAMESE:
            outbox.answer(message, "language_chosen", language=LANGUAGES[code])
        else:
            _offer(message, code, carried, desk)


def _offer(message: Message, code: str, carried: Carried, desk: Desk) -> None:
    """Who does not write Vietnamese can go on by numbers alone."""
    known = [entry for entry in desk.entries if code in languages.written(entry.content)][:OFFERED]
    choices = [outbox.words("choice_tip"), *(_named(entry, code) for entry in known), outbox.words("choice_officer")]
    outbox.answer(message, "language_chosen", language=LANGUAGES[code], choices=choices, known=known)
    offered = [TIP, *(entry.slug for entry in known), OFFICER]
    dialogues.begin(message.citizen, CHOOSING, {**carried, "offered": offered}, LASTS)


def _named(entry: Entry, code: str) -> str:
    """With the Vietnamese name, which is what stands over the counter."""
    return f"{entry.in_language(code).name} ({entry.name})"

"""The pages in English: every sentence the screens say has turned, only what people wrote stays Vietnamese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache as kept
from django.test import Client
from django.urls import reverse

from tests.look.screens import SCREENS
from tests.look.town import build, keys_of
from tests.procedures import scenes
from tests.tips.scenes import client_of
from zalopolice.management.commands import translations
from zalopolice.units.models import Office

SPOKEN = {"aria-label", "title", "alt", "placeholder", "content", "data-said"}
LONG = 12
"""Shorter sentences are also what people write: “Trực ban” is a badge and an officer's post."""


class Words(HTMLParser):
    """What a page says: its text and the attributes that are read out, without what it marks as Vietnamese."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.silent = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        quiet = tag in {"script", "style"} or (tag != "html" and ("lang", "vi") in attrs)
        self.silent = self.silent or (tag if quiet else "")
        self.said += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self.silent = "" if tag == self.silent else self.silent

    def handle_data(self, text: str) -> None:
        if text.strip() and not self.silent:
            self.said.append(" ".join(text.split()))


@cache
def sentences() -> list[re.Pattern[str]]:
    """The Vietnamese of the catalogue as patterns, placeholders open; those that English leaves alone are left out."""
    catalog = translations.read(settings.BASE_DIR / "locale" / "en" / "LC_MESSAGES" / "django.po")
    return [pattern(one) for message in catalog for one in said(message.id) if one not in said(message.string)]


def said(text: Any) -> list[str]:
    return [one for one in ([text] if isinstance(text, str) else text) if one]


def pattern(sentence: str) -> re.Pattern[str]:
    plain = " ".join(re.sub(r"<[^>]*>", "", sentence).split())
    pieces = translations.PLACES.split(plain)[::2]
    worth = len("".join(pieces)) > LONG and translations.VIETNAMESE.search("".join(pieces))
    return re.compile(".+".join(re.escape(piece) for piece in pieces) if worth else r"(?!)")


def left(page: str) -> Iterator[str]:
    for words in dict.fromkeys(Words(page).said):
        if translations.VIETNAMESE.search(words) and any(one.fullmatch(words) for one in sentences()):
            yield words


def english(client: Client) -> Client:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


def judged(answer: Any, status: int = 200) -> str:
    page = answer.content.decode()
    assert answer.status_code == status
    assert '<html lang="en"' in page
    assert list(left(page)) == []
    assert "Đ/c" not in page and "đồng chí" not in page.lower()
    return page


@pytest.fixture
def town(db, zone):
    kept.clear()
    return build(zone)


def test_every_screen(town, zone):
    citizen = scenes.Citizen(zone)
    english(citizen.client)
    clients = {}
    for name, key in keys_of(town).items():
        clients[name] = english(Client())
        clients[name].cookies[settings.SESSION_COOKIE_NAME] = key
    clients |= {"": english(Client()), "citizen": citizen}
    for screen in SCREENS:
        if screen.name in {"source-sheet", "procedure-print"}:
            continue  # paper for citizens
        judged(clients[screen.session].get(screen.address(town)), screen.status)


def test_refusals(town):
    client = english(client_of(town.commune, "cuong"))

    page = judged(client.post(reverse("open_case", args=[town.things["item"].pk]), {}), 422)

    assert "Write what and where" in page


@pytest.fixture
def desk(commune, zone):
    """A unit that has said where it is, and one procedure of its own."""
    with zone("owner"):
        Office.objects.create(
            unit=commune.unit, address="Số 1", phone="0226 3000 113", hours=[[["07:30", "11:30"]]] * 7
        )
    version = scenes.published(scenes.Office(commune.unit, commune.giang, commune.dung))
    kept.clear()
    return version


def test_what_a_page_works_out_is_english_too(commune, zone, desk):
    citizen = scenes.Citizen(zone)
    english(citizen.client)

    page = judged(citizen.get(f"/thu-tuc/{commune.unit.code}/{desk.procedure.slug}/"))

    assert "Monday to Sunday: 07:30" in page and "15,000 VND" in page


def test_editors_pages(commune, desk):
    client = english(client_of(commune, "giang"))
    for path in ("thu-tuc/moi/", f"thu-tuc/{desk.procedure_id}/", f"ban/{desk.pk}/"):
        judged(client.get(f"/noi-dung/{path}"))


def test_what_is_sent_to_citizens_stays_vietnamese(commune, zone, desk):
    """The preview shows the bot's card as it is sent; programs read one answer, which caches keep."""
    preview = english(client_of(commune, "giang")).get(f"/noi-dung/ban/{desk.pk}/").content.decode()
    citizen = scenes.Citizen(zone)
    english(citizen.client)
    answer = citizen.get(f"/api/v1/units/{commune.unit.code}/procedures/{desk.procedure.slug}/").json()

    assert "Thứ Hai đến Chủ nhật" in preview.partition("chat-card")[2]
    assert answer["place"]["hours"] == ["Thứ Hai đến Chủ nhật: 07:30–11:30"]


def test_the_test_hears_vietnamese(commune):
    """Without the cookie the same page is full of what the English one must not have."""
    page = client_of(commune, "binh").get("/").content.decode()

    assert len(list(left(page))) > 3

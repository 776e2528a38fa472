"""What is queued behind an answer, on the simulator's phone: its rules, its echoes, its ledger. No double of ours."""

from __future__ import annotations

import os

import pytest
from django.conf import settings

from tests import cast
from tests.gateway import attaching
from tests.gateway.attaching import MP3, PDF, picture
from tests.gateway.conftest import take_in
from tests.simulator.conftest import OAS, Portal, Simulator
from zalopolice.gateway import delivery, inbox, outbox
from zalopolice.gateway.models import Message, OfficialAccount, Token
from zalopolice.units.walls import job_context

pytestmark = pytest.mark.stack
State = Message.State
DUTY = ("Trực ban", "0269 382 1234")


@pytest.fixture
def phone(tmp_path, commune, zone, monkeypatch):
    """The commune's account on a simulator, and a citizen who has written to it."""
    portal = Portal()
    simulator = Simulator(tmp_path, portal)
    simulator.start()
    try:
        monkeypatch.setattr(settings, "ZALO_API_URL", f"{simulator.url}/openapi")
        monkeypatch.setattr(settings, "ZALO_OAUTH_URL", f"{simulator.url}/oauth")
        monkeypatch.setattr(settings, "ZALO_TIMEOUT", 10.0)
        commune.oa.oa_id = OAS[0]
        with zone("owner"):
            OfficialAccount.objects.filter(pk=commune.oa.pk).update(oa_id=OAS[0])
        cast.give_token(commune)
        with zone("vault"):
            token = Token.objects.get()
            token.access = simulator.grant()
            token.save()
        yield simulator
    finally:
        simulator.stop()
        portal.close()


def asks(phone, commune, zone):
    phone.say("Cho tôi xin mẫu đơn")
    commune.chats["dung"] = phone.user("dung")
    commune.hears("dung", "Cho tôi xin mẫu đơn")
    take_in(zone)
    with zone("vault"):
        return Message.objects.filter(direction="in").latest("received_at").pk


def answered(phone, commune, zone, *more):
    pk = asks(phone, commune, zone)
    with zone("worker"), job_context(Message, pk):
        message = Message.objects.select_related("oa", "citizen").get(pk=pk)
        outbox.say(message, "card", "Đăng ký thường trú\nMang theo tờ khai CT01.")
        for file in more:
            outbox.say_file(message, "form", file)
        outbox.say_contact(message, "contact", *DUTY)
    return [row for row in cast.outbound(zone) if row.business_key.endswith(str(pk))]


def works(zone, rows):
    for row in rows:
        with zone("vault"):
            delivery.deliver(row.pk)


def shown(phone):
    """(type, words, name) of what the account said, as the phone shows it."""
    rows = phone.sim(f"chat?oa_id={OAS[0]}&citizen=dung")["messages"]
    return [(row["type"], row["text"], row["payload"].get("name", "")) for row in rows if row["from"] == "oa"]


def test_forms_pictures_and_buttons_on_the_phone(phone, commune, zone):
    form = attaching.keep(commune, "Tờ khai CT01.pdf", PDF)
    photo = attaching.keep(commune, "Sơ đồ.png", picture(), kind="picture")
    voice = attaching.keep(commune, "Bản đọc.mp3", MP3, kind="voice")
    card = ("text", "Đăng ký thường trú\nMang theo tờ khai CT01.", "")
    file, image, button = ("file", "", form.name), ("image", "Sơ đồ", ""), ("text", "Trực ban: 0269 382 1234", "")
    read_out = ("text", f"Bản đọc.mp3\nTải về: {voice.link}", "")

    rows = answered(phone, commune, zone, form, photo, voice)  # no buttons there, unless one switches them on
    works(zone, rows)
    assert shown(phone) == [card, file, image, read_out]

    phone.sim("oas", {"oa_id": OAS[0], "buttons": True})
    with zone("owner"):
        OfficialAccount.objects.update(buttons_refused_at=None)
    phone.sim("faults", {"upload_forgotten": 1, "max": {"upload_forgotten": 1}})
    works(zone, answered(phone, commune, zone, form))
    assert shown(phone)[4:] == [card, file, button]

    phone.sim("faults", {"upload_-201": 1})
    pdf = attaching.keep(commune, "Mẫu NA17.pdf", PDF + b"\n")
    works(zone, answered(phone, commune, zone, pdf))
    assert shown(phone)[7:] == [card, ("text", f"Mẫu NA17.pdf\nTải về: {pdf.link}", ""), button]
    if folder := os.environ.get("ZP_SHOTS"):
        draw(phone, folder)


def test_answers_that_got_lost_double_nothing_on_the_phone(phone, commune, zone):
    """Each call arrives, its answer is lost, and what Zalo then tells by itself settles it."""
    phone.sim("oas", {"oa_id": OAS[0], "buttons": True})
    phone.sim("faults", {"timeout_after_accept": 1, "timeout_mode": "close"})
    form = attaching.keep(commune, "Tờ khai CT01.pdf", PDF)
    photo = attaching.keep(commune, "Sơ đồ.png", picture(), kind="picture")

    works(zone, answered(phone, commune, zone, form, photo))
    assert [row.state for row in cast.outbound(zone)] == [State.UNKNOWN] * 4
    for event in phone.wait(lambda: len(told := _echoes(phone)) == 4 and told):
        pk = cast.store_event(zone, event["body"])
        with zone("vault"):
            inbox.receive(pk)

    assert len(shown(phone)) == 4
    assert [row.state for row in cast.outbound(zone)] == [State.SENT] * 4
    with zone("vault"):
        assert not Message.objects.filter(origin=Message.Origin.CONSOLE).exists()


def _echoes(phone):
    return [event for event in phone.portal.got if str(event["body"].get("event_name", "")).startswith("oa_send_")]


def draw(phone, folder):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
        browser = play.chromium.launch(executable_path=os.environ["ZALOPOLICE_CHROMIUM"], args=flags)
        for width in (360, 1366):
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport={"width": width, "height": 740}, color_scheme=scheme)
                page.goto(f"{phone.url}/phone?oa={OAS[0]}&citizen=dung")
                page.get_by_test_id("call").first.wait_for()
                page.wait_for_timeout(400)
                page.screenshot(path=f"{folder}/phone-{width}-{scheme}.png")
        browser.close()

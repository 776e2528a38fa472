"""Files, pictures and buttons behind an answer: each arrives once, as itself or as a link, whatever Zalo does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from tests import cast
from tests.dying import killed_at, points_of
from tests.gateway import attaching
from tests.gateway.attaching import MP3, PDF, picture
from tests.gateway.conftest import take_in
from tests.gateway.sending import accepted_then, change, deliver, due, lost_then, now
from zalopolice.gateway import client, delivery, inbox, outbox, shared_files, uploads
from zalopolice.gateway.models import Citizen, FileAtZalo, Message, OfficialAccount, SharedFile
from zalopolice.units.models import Alert, Unit
from zalopolice.units.walls import job_context

State = Message.State
DUTY = ("Trực ban", "0269 382 1234")
EXPIRED = {"error": -100, "message": "attachment_id was expired"}
HANG_UP = lost_then(lambda handler: handler.hang_up())
FORM = attaching.docx()
PHOTO = attaching.picture("JPEG")


@pytest.fixture
def answer(chat, zone):
    """The citizen asks, the bot answers in the worker: ``answer(file, DUTY)`` gives the rows of what goes behind."""

    def say(*more):
        chat.hears("dung", "Cho tôi xin mẫu đơn")
        take_in(zone)
        with zone("vault"):
            pk = Message.objects.filter(direction="in").latest("received_at", "sent_at").pk
        with zone("worker"), job_context(Message, pk):
            message = Message.objects.select_related("oa", "citizen").get(pk=pk)
            for one in more:
                if isinstance(one, list):
                    outbox.say_contacts(message, "contact", one)
                elif isinstance(one, tuple):
                    outbox.say_contact(message, "contact", *one)
                else:
                    outbox.say_file(message, "form", one)
        return [row for row in cast.outbound(zone) if row.business_key.endswith(str(pk))]

    return say


def test_one_message_carries_as_many_buttons_as_zalo_allows(chat, zalo, zone, answer):
    numbers = [(f"Tổ {place}: trực\nđêm", f"0900 000 10{place}") for place in range(7)]

    [row] = answer([("Hỏng", "12"), *numbers])
    deliver(zone, row)

    [body] = [one["body"] for one in zalo.sent]
    assert body["text"].splitlines() == [f"Tổ {place}: trực đêm: 0900 000 10{place}" for place in range(5)]
    assert body["attachment"]["payload"]["buttons"] == [
        {
            "title": f"Gọi 0900 000 10{place}",
            "type": "oa.open.phone",
            "payload": {"phone_code": f"8490000010{place}"},
        }
        for place in range(5)
    ]
    assert answer([("Hỏng", "12")]) == []


def test_files_follow_the_words_in_order_and_are_uploaded_once_a_week(chat, zalo, zone, answer):
    form = attaching.keep(chat, "Tờ khai CT01.docx", FORM)
    photo = attaching.keep(chat, "Sơ đồ.jpg", PHOTO, kind="picture")
    voice = attaching.keep(chat, "Bản đọc.mp3", MP3, kind="voice")

    first, *_ = answer(form, photo, voice, DUTY)
    deliver(zone, first)

    names = {kind: token for token, (kind, *_) in zalo.uploads.items()}
    element = {"media_type": "image", "attachment_id": names["image"]}
    button = {"title": "Gọi 0269 382 1234", "type": "oa.open.phone", "payload": {"phone_code": "842693821234"}}
    template = {"type": "template"}
    assert [row["body"] for row in zalo.sent] == [
        {"attachment": {"type": "file", "payload": {"token": names["file"]}}},
        {
            "text": "Sơ đồ",
            "attachment": template | {"payload": {"template_type": "media", "elements": [element]}},
        },
        {"text": f"Bản đọc.mp3\nTải về: {voice.link}"},
        {"text": "Trực ban: 0269 382 1234", "attachment": template | {"payload": {"buttons": [button]}}},
    ]
    assert zalo.uploads[names["file"]] == ("file", "Tờ khai CT01.docx", FORM)
    with zone("vault"):
        assert all(row.state == State.SENT for row in Message.objects.filter(direction="out"))

    deliver(zone, answer(form, form)[0])
    assert (len(zalo.uploads), len(zalo.sent)) == (2, 5)  # the same file once to one question, from the same upload
    with zone("vault"):
        FileAtZalo.objects.update(expires_at=timezone.now())
    deliver(zone, answer(form)[0])
    assert (len(zalo.uploads), len(zalo.sent)) == (3, 6)


def test_a_file_of_the_province_goes_to_a_communes_citizen(chat, zalo, zone, answer):
    with zone("owner"):
        unit = Unit.objects.get(pk=chat.unit.parent_id)
        facts = {
            "content_type": "application/pdf",
            "size": len(PDF),
            "sha256": "0" * 64,
            "content": PDF,
            "kind": "form",
        }
        SharedFile.objects.create(unit=unit, name="mau.pdf", added_by=chat.giang, **facts)
    with zone("owner"):
        file = SharedFile.objects.get()
    assert deliver(zone, answer(file)[0]).state == State.SENT
    assert zalo.texts() == ["mau.pdf"]


# --- exactly once ---------------------------------------------------------------------------------------------------


def test_an_answer_that_got_lost_doubles_nothing(chat, zalo, zone, answer):
    """The conversation's history tells."""
    form, photo = attaching.keep(chat, "a.docx"), attaching.keep(chat, "a.jpg", PHOTO, kind="picture")
    for taken in (True, False):
        for what in (form, photo, DUTY):
            row, before = answer(what)[0], len(zalo.sent)
            zalo.script.append(accepted_then(lambda handler: handler.hang_up()) if taken else HANG_UP)

            assert deliver(zone, row).state == State.UNKNOWN, (what, taken)
            due(zone, row)
            if not taken:
                assert deliver(zone, row).state == State.SENT  # settled as not sent, and sent at once
            assert deliver(zone, row).state == State.SENT, (what, taken)
            assert len(zalo.sent) == before + 1, (what, taken)


def test_the_echo_of_a_file_settles_it(chat, zalo, zone, answer):
    row = answer(attaching.keep(chat, "Tờ khai.docx"))[0]
    zalo.script.append(accepted_then(lambda handler: handler.hang_up()))
    assert deliver(zone, row).state == State.UNKNOWN

    payload = {"url": "https://f/x.docx", "size": "9", "name": "Tờ khai.docx", "checksum": "0", "type": "docx"}
    body = cast.event_body(
        chat.oa.oa_id, chat.user_id("dung"), event_name="oa_send_file", msg_id="m1",
        attachments=[{"type": "file", "payload": payload}],
    )  # fmt: skip
    body["sender"], body["recipient"] = body["recipient"], body["sender"]
    pk = cast.store_event(zone, body)
    with zone("vault"):
        inbox.receive(pk)
        assert not Message.objects.filter(origin=Message.Origin.CONSOLE).exists()
    assert (now(zone, row).state, now(zone, row).zalo_msg_id) == (State.SENT, "m1")


def test_t07_a_death_between_any_two_steps_of_a_file_doubles_nothing(chat, zalo, zone, answer, figures):
    def in_vault(row):
        def work():
            with zone("vault"):
                delivery.deliver(row.pk)

        return work

    def form(number, *, refused):
        row = answer(attaching.keep(chat, f"{number}.pdf", PDF))[0]
        if refused:
            zalo.scripts["upload"].append({"error": -201})
        return row

    around, passed = {"outbox.begun", "outbox.answered"}, 0
    for refused in (False, True):
        points = points_of(in_vault(form(f"first {refused}", refused=refused)))
        own = [point for point in points if point.startswith("outbox.file_") or point in around]
        assert own[:2] == ["outbox.file_leaves", "outbox.file_arrived"]
        assert own[2] == ("outbox.file_as_text" if refused else "outbox.file_kept")
        for point in own:
            row = form(f"{point} {refused}", refused=refused)
            assert killed_at(point, in_vault(row)), point
            for _round in range(6):
                due(zone, row)
                if deliver(zone, row).state == State.SENT:
                    break
            assert now(zone, row).state == State.SENT, point
            zalo.scripts["upload"].clear()
            passed += 1
    assert len(zalo.sent) == passed + 2
    figures("T07", part="files", points=passed, lost=0, doubled=0)


# --- what Zalo does not take ----------------------------------------------------------------------------------------

UPLOADS = {
    "refused": [{"error": -201, "message": "file is invalid"}],
    "nothing in the answer": [{"error": 0, "data": {}}],
    "no uploads left": [{"error": -211}],
    "Zalo away three times": [HANG_UP, ({"error": 0}, 502), HANG_UP],
    "too fast three times": [{"error": -32}] * 3,
}


def test_what_cannot_be_uploaded_goes_as_a_link(chat, zalo, zone, answer):
    form, photo = attaching.keep(chat, "a.pdf", PDF), attaching.keep(chat, "a.png", picture(), kind="picture")
    for case, answers in UPLOADS.items():
        zalo.scripts["upload"].extend(answers)
        file = photo if case == "refused" else form
        row, before = answer(file)[0], len(zalo.sent)

        for _round in range(3):
            if deliver(zone, row).state == State.SENT:
                break
            due(zone, row)
        assert zalo.texts()[before:] == [f"{file.name}\nTải về: {file.link}"] == [now(zone, row).text], case
    assert zalo.uploads == {}


def test_an_upload_that_fails_once_is_tried_again(chat, zalo, zone, answer):
    zalo.scripts["upload"].append(HANG_UP)
    row = answer(attaching.keep(chat, "a.pdf", PDF))[0]
    assert deliver(zone, row).state == State.QUEUED
    due(zone, row)
    assert deliver(zone, row).state == State.SENT
    assert zalo.texts() == ["a.pdf"]


def test_an_upload_that_never_ends_does_not_hold_the_answer_back(chat, zalo, zone, answer, monkeypatch):
    """Three tasks were cut in the middle of it."""

    def over(*_):
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(client, "upload", over)
    file = attaching.keep(chat, "a.pdf", PDF)
    row = answer(file)[0]
    for _task in range(uploads.TRIES):
        with pytest.raises(SoftTimeLimitExceeded):
            deliver(zone, row)
        due(zone, row)
    assert deliver(zone, row).state == State.SENT
    assert zalo.texts() == [f"a.pdf\nTải về: {file.link}"]


def test_a_dead_token_is_renewed_for_an_upload(chat, zalo, zone, answer):
    zalo.access = "access-9"
    row = answer(attaching.keep(chat, "a.pdf", PDF))[0]
    deliver(zone, row)
    due(zone, row)
    assert deliver(zone, row).state == State.SENT
    assert (zalo.texts(), len(zalo.refreshes)) == (["a.pdf"], 1)


SENDS = {
    "expired": ([EXPIRED], "file", State.SENT),
    "expired whatever we do": ([EXPIRED] * 2, "link", State.SENT),
    "this kind refused": ([{"error": -233}], "link", State.SENT),
    "the package too small": ([{"error": -224}], "link", State.SENT),
    "a code nobody knows": ([{"error": -777}] * 2, "link", State.SENT),
    "blocked by the citizen": ([{"error": -217}], "", State.BLOCKED),
}


def test_a_refused_file_goes_anew_or_as_a_link(chat, zalo, zone, answer):
    file = attaching.keep(chat, "a.pdf", PDF)
    link = f"a.pdf\nTải về: {file.link}"
    for case, (refusals, arrives, state) in SENDS.items():
        with zone("vault"):
            assert not Alert.objects.exists()
        zalo.script.extend(refusals)
        row, before = answer(file)[0], len(zalo.sent)

        for _round in range(4):
            if deliver(zone, row).state in (State.SENT, State.BLOCKED):
                break
            due(zone, row)
        assert now(zone, row).state == state, case
        assert zalo.texts()[before:] == {"file": ["a.pdf"], "link": [link], "": []}[arrives], case
    with zone("vault"):
        assert Alert.objects.filter(kind=Alert.Kind.UNSENT).exists()


def test_a_file_taken_back_is_not_sent(chat, zalo, zone, answer):
    form, voice = attaching.keep(chat, "a.pdf", PDF), attaching.keep(chat, "a.mp3", MP3, kind="voice")
    rows = answer(form, voice)
    with chat.acting("giang") as editor:
        for file in (form, voice):
            shared_files.retire(file, by=editor)
            file.refresh_from_db(fields=["retired_at"])

    for row in rows:
        due(zone, row)
        assert deliver(zone, row).state == State.SKIPPED
    assert zalo.sent == [] and zalo.uploads == {}
    assert answer(form) == []


# --- buttons --------------------------------------------------------------------------------------------------------


def test_where_zalo_takes_no_buttons_the_number_in_the_words_is_enough(chat, zalo, zone, answer):
    zalo.script.append({"error": -233, "message": "template type is invalid"})
    row = answer(DUTY)[0]
    assert deliver(zone, row).state == State.SKIPPED
    assert answer(DUTY) == []  # nobody asks Zalo again for a month
    with zone("vault"):
        assert not Alert.objects.exists()
        OfficialAccount.objects.update(buttons_refused_at=timezone.now() - outbox.BUTTONS_ANEW)
    assert deliver(zone, answer(DUTY)[0]).state == State.SENT


def test_a_button_never_rings_a_bell(chat, zalo, zone, answer):
    """Blocked, anonymous, too late, unclear: the words before it say and ring all that."""
    zalo.script.extend([{"error": -217}])
    blocked = answer(DUTY)[0]
    assert deliver(zone, blocked).state == State.SKIPPED

    zalo.script.append(HANG_UP)
    unclear = answer(DUTY)[0]
    assert deliver(zone, unclear).state == State.UNKNOWN
    zalo.history = [{"src": 0, "time": int(timezone.now().timestamp() * 1000), "message": "?", "message_id": "x"}]
    change(zone, unclear, attempt=99)
    due(zone, unclear)
    assert deliver(zone, unclear).state == State.SKIPPED

    late = answer(DUTY)[0]
    with zone("vault"):
        Citizen.objects.update(last_interaction_at=timezone.now() - timedelta(days=8))
    assert deliver(zone, late).state == State.SKIPPED
    with zone("vault"):
        assert not Alert.objects.exists()
        assert OfficialAccount.objects.get().buttons_refused_at is None


def test_numbers_as_zalo_writes_them():
    assert [outbox.phone_code(one) for one in ("0269 382.1234", "+84 912345678", "113", "chưa có", "12", "0" * 16)] == [
        "842693821234", "84912345678", "113", "", "", "",
    ]  # fmt: skip
    assert uploads.LEASE <= delivery.HELD_UP  # what was written behind a file waits while it is uploaded

"""The player: where a voice is heard, by whom, from which second, and that each listening is on record."""

from __future__ import annotations

import pytest

from tests import cast
from tests.tips.scenes import client_of, text
from tests.tips.test_picture import into_a_case
from tips.models import TrayItem
from zalopolice.audit.models import Entry
from zalopolice.gateway import keeping
from zalopolice.gateway.models import Attachment
from zalopolice.units import keyring

MP3 = bytes(range(256)) * 4
pytestmark = pytest.mark.usefixtures("media")


@pytest.fixture
def voice(commune, zone):
    """A voice in the tray, fetched, made clean and ready to be heard."""
    sent = {"type": "audio", "payload": {"url": "https://zdn.vn/a.amr"}}
    commune.hears("dung", event_name="user_send_audio", attachments=[sent])
    cast.work_inbox(zone)
    with zone("owner"):
        Attachment.objects.update(state="available", seconds=72, size=9000, queue="", next_at=None)
    with commune.acting("cuong"):
        row = Attachment.objects.get()
        keeping.write(row, "screen", keyring.key_for("content", row.unit_id, row.citizen_id), iter([MP3]))
        return row


def heard(zone):
    with zone("owner"):
        return Entry.objects.filter(kind="file.heard").count()


def test_it_is_heard_in_the_thread_and_comes_guarded(commune, voice, zone):
    client = client_of(commune, "cuong")
    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get()

    page = text(client.get(f"/hop-tin/{item.pk}/"))
    assert heard(zone) == 0  # the page itself loads nothing
    answer = client.get(f"/ghi-am/{voice.pk}/")

    assert f'<audio controls preload="none" src="/ghi-am/{voice.pk}/"' in page and "Ghi âm, 1:12" in page
    assert answer.content == MP3 and answer["Content-Type"] == "audio/mpeg"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Content-Disposition"] == f'inline; filename="{item.alias}-01.mp3"'
    assert answer["X-Content-Type-Options"] == "nosniff" and answer["Cache-Control"] == "no-store"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin" and answer["Accept-Ranges"] == "bytes"
    assert heard(zone) == 1


RANGES = {
    "bytes=0-": (206, 0, 1024),
    "bytes=100-199": (206, 100, 200),
    "bytes=1000-9999": (206, 1000, 1024),
    "bytes=-24": (206, 1000, 1024),
    "bytes=-9999": (206, 0, 1024),
    "bytes=1024-": (416, 0, 0),
    "bytes=5-4": (416, 0, 0),
    "bytes=-0": (416, 0, 0),
    "bytes=-": (200, 0, 1024),
    "bytes=0-1,5-9": (200, 0, 1024),
    "lines=1-2": (200, 0, 1024),
    "bytes=a-b": (200, 0, 1024),
    "bytes=" + "9" * 40 + "-": (200, 0, 1024),
}


@pytest.mark.parametrize("asked", RANGES)
def test_it_is_heard_from_where_the_player_was_dragged_to(commune, voice, asked):
    status, first, end = RANGES[asked]

    answer = client_of(commune, "cuong").get(f"/ghi-am/{voice.pk}/", headers={"range": asked})

    assert (answer.status_code, answer.content) == (status, MP3[first:end])
    if status == 206:
        assert answer["Content-Range"] == f"bytes {first}-{end - 1}/1024"
    if status == 416:
        assert answer["Content-Range"] == "bytes */1024"


def test_who_may_not_read_the_case_does_not_hear_its_voice(commune, other_commune, voice):
    into_a_case(commune)

    for name, status in (("cuong", 404), ("an", 404), ("binh", 200)):
        assert client_of(commune, name).get(f"/ghi-am/{voice.pk}/").status_code == status
    assert client_of(other_commune, "binh").get(f"/ghi-am/{voice.pk}/").status_code == 404


def test_a_voice_is_no_picture_and_a_picture_no_voice(commune, voice, zone):
    client = client_of(commune, "cuong")
    assert client.get(f"/tep/{voice.pk}/").status_code == 404
    with zone("owner"):
        Attachment.objects.update(kind="image")
    assert client.get(f"/ghi-am/{voice.pk}/").status_code == 404


WAITING = {
    "being fetched": ({"state": "announced", "size": None}, "Đang tải về"),
    "no room": (
        {"state": "announced", "size": None, "reason": "Ổ đĩa máy chủ gần đầy; máy sẽ tải tiếp khi có chỗ."},
        "máy sẽ tải tiếp",
    ),
    "kept": ({"state": "stored"}, "Đã lưu bản gốc"),
    "lost": (
        {
            "state": "unfetchable",
            "size": None,
            "reason": "Mất ở nguồn: Zalo không còn giữ tệp này. Hãy nhờ người dân gửi lại.",
        },
        "Mất ở nguồn",
    ),
    "a stranger's host": (
        {"state": "rejected", "size": None, "reason": "Tệp nằm ở máy chủ lạ, không phải của Zalo, nên máy không tải."},
        "máy chủ lạ",
    ),
}


@pytest.mark.parametrize("columns, words", WAITING.values(), ids=WAITING.keys())
@pytest.mark.parametrize("place", ["thread", "case"])
def test_what_cannot_be_heard_says_why(commune, voice, zone, columns, words, place):
    with zone("owner"):
        Attachment.objects.update(**columns)
    with commune.acting("cuong") as officer:
        address = f"/hop-tin/{TrayItem.objects.visible_to(officer).get().pk}/"
    if place == "case":
        address = f"/vu-viec/{into_a_case(commune).pk}/"

    page = text(client_of(commune, "binh" if place == "case" else "cuong").get(address))

    assert words in page and "<audio" not in page

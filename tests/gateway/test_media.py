"""Files that come with messages: originals sealed, pictures drawn anew, everything else refused with a reason."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from PIL import Image

from tests.gateway import zalo as place
from tests.gateway.conftest import take_in
from zalopolice import crypto, tasks
from zalopolice.gateway import deriving, keeping, media, watch
from zalopolice.gateway.models import Attachment, Incident, Message
from zalopolice.units import keyring
from zalopolice.units.models import ContentKey

State = Attachment.State
pytestmark = pytest.mark.usefixtures("media")


def picture(format="JPEG", size=(640, 480), **more):
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, format, **more)
    return out.getvalue()


def with_gps():
    """A photo as a phone takes it: where, when and with what."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132] = "Samsung", "SM-A546E", "2026:11:21 08:30:00"
    exif[0x0112] = 6  # lies on its side
    exif.get_ifd(0x8825).update({1: "N", 2: (20.0, 32.0, 44.5), 3: "E", 4: (105.0, 54.0, 11.0)})
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0Tran Van Dung"
    return picture(exif=exif.tobytes(), comment=b"from the phone of Dung", dpi=(72, 72))


@pytest.fixture
def file(commune, zalo, zone):
    """``file(bytes)`` serves bytes at an address; a citizen sends it; the vault has the message."""

    def send(content=b"", *, url="", kind="image", status=200, headers=None):
        zalo.files["/media/file"] = (status, headers or {}, content)
        address = url or settings.ZALO_API_URL.replace("/openapi", "/media/file")
        attachment = {"type": kind, "payload": {"url": address, "name": "tep.pdf"}}
        commune.hears("dung", "Xem tệp này", attachments=[attachment], event_name=f"user_send_{kind}")
        take_in(zone)
        with zone("vault"):
            return Attachment.objects.get(state=State.ANNOUNCED, attempt=0)

    return send


def work(zone, attachment):
    """The vault fetches, the worker draws; returns the attachment as it is then."""
    with zone("vault"):
        media.fetch(attachment.pk)
    with zone("worker"):
        tasks.derive(str(attachment.pk))
    with zone("vault"):
        row = Attachment.objects.get(pk=attachment.pk)
        assert Message.objects.get(pk=row.message_id).text == "Xem tệp này"  # whatever became of the file
        return row


def stored(attachment):
    folder = settings.MEDIA_DIR / str(attachment.unit_id)
    return sorted(path.name.split(".", 1)[1] for path in folder.iterdir()) if folder.exists() else []


def in_case_of_trouble(row, state, words):
    assert (row.state, row.queue, row.next_at) == (state, "", None)
    assert words in row.reason
    assert "transit" not in stored(row)


# --- pictures --------------------------------------------------------------------------------------------------------


def test_a_photo_is_kept_whole_and_shown_without_its_traces(file, commune, zone):
    photo = with_gps()
    assert b"Exif" in photo

    row = work(zone, file(photo))

    assert (row.state, row.queue, row.reason) == (State.AVAILABLE, "", "")
    assert (row.sha256, row.size) == (hashlib.sha256(photo).hexdigest(), len(photo))
    assert stored(row) == ["original", "screen"]
    with zone("vault"):
        assert keeping.read(row, "original") == photo
    with commune.acting("cuong"):
        shown = deriving.screen_copy(Attachment.objects.get(pk=row.pk)).read()
    with Image.open(io.BytesIO(shown)) as clean:
        assert (clean.format, clean.size) == ("JPEG", (480, 640))  # upright
        assert (row.width, row.height) == clean.size
        assert not clean.getexif()
        assert not {"exif", "comment", "icc_profile", "xmp"} & set(clean.info)
    for trace in (b"Exif", b"Samsung", b"SM-A546E", b"2026:11:21", b"Tran Van Dung", b"phone of Dung"):
        assert trace not in shown


def test_only_the_vault_opens_an_original(file, commune, zone):
    row = work(zone, file(with_gps()))

    for name in ("worker", "web"):
        with zone(name), pytest.raises((DatabaseError, crypto.CannotOpen)):
            keeping.read(row, "original")
    with zone("vault"):
        for key in ContentKey.objects.filter(owner=row.citizen_id):
            secret = keyring.secret("content", key.pk)
            with keeping.path_of(row, "original").open("rb") as source, pytest.raises(crypto.CannotOpen):
                list(crypto.decrypt_file(lambda _, secret=secret: secret, source, keeping.aad(row, "original")))


def test_nothing_of_a_file_lies_in_the_clear(file, commune, zone):
    row = work(zone, file(with_gps()))

    folder = settings.MEDIA_DIR / str(row.unit_id)
    everything = b"".join(path.read_bytes() for path in folder.iterdir())
    for trace in (b"JFIF", b"Exif", b"Samsung", b"\xff\xd8\xff"):
        assert trace not in everything


@pytest.mark.parametrize("format", ["PNG", "GIF", "WEBP"])
def test_other_pictures_become_jpeg_too(file, zone, format):
    row = work(zone, file(picture(format)))

    assert row.state == State.AVAILABLE


def test_a_large_picture_is_made_smaller_for_the_screen(file, zone):
    row = work(zone, file(picture(size=(5000, 1000))))

    assert (row.width, row.height) == (2048, 410)


def test_a_picture_swapped_on_disk_is_not_shown(file, commune, zone):
    one, two = work(zone, file(picture())), work(zone, file(picture("PNG")))
    keeping.path_of(one, "screen").write_bytes(keeping.path_of(two, "screen").read_bytes())

    with commune.acting("cuong"), pytest.raises(crypto.CannotOpen):
        deriving.screen_copy(one)


def test_a_file_that_is_no_picture_is_kept_and_not_looked_into(file, zone):
    row = work(zone, file(b"%PDF-1.7 ...", kind="file"))

    assert (row.state, row.queue, stored(row)) == (State.STORED, "", ["original"])
    with zone("vault"):
        assert keeping.read(row, "original") == b"%PDF-1.7 ..."


def bomb():
    """A PNG of a few bytes that says it has 900 million pixels."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + chunk(b"IEND", b"")
    )


NO_PICTURES = {
    "HTML": b"<html><script>alert(1)</script></html>",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "noise": os.urandom(5000),
    "a few bytes": b"\xff\xd8\xff",
    "a JPEG cut in its middle": picture(size=(2000, 2000))[:3000],
    "a TIFF": picture("TIFF"),
    "a bomb": bomb(),
}


@pytest.mark.parametrize("content", NO_PICTURES.values(), ids=NO_PICTURES.keys())
def test_what_cannot_be_drawn_is_kept_and_the_officer_learns_why(file, zone, content):
    row = work(zone, file(content))

    in_case_of_trouble(row, State.REJECTED, "không phải là ảnh xem được; bản gốc vẫn được giữ")
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    with zone("vault"):
        assert keeping.read(row, "original") == content


def test_a_transit_copy_that_cannot_be_opened_does_not_try_for_ever(file, zone):
    attachment = file(picture())
    with zone("vault"):
        media.fetch(attachment.pk)
    path = keeping.path_of(attachment, "transit")
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")

    with zone("worker"):
        tasks.derive(str(attachment.pk))
    with zone("vault"):
        in_case_of_trouble(Attachment.objects.get(), State.REJECTED, "bản gốc vẫn được giữ")


# --- fetching --------------------------------------------------------------------------------------------------------


def until_it_ends(zone, attachment, waits=None):
    for turn in range(1, 15):
        row = work(zone, attachment)
        if row.next_at is None:
            return row, turn
        if waits is not None:
            waits.append((row.next_at - timezone.now()).total_seconds())
        with zone("vault"):
            Attachment.objects.filter(pk=row.pk).update(next_at=timezone.now())
    raise AssertionError("it tries for ever")


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_file_that_is_gone_is_asked_for_again_before_it_is_said_to_be_lost(file, zone, zalo, status):
    row, turns = until_it_ends(zone, file(b"gone", status=status))

    in_case_of_trouble(row, State.UNFETCHABLE, "Mất ở nguồn: Zalo không còn giữ")
    assert "nhờ người dân gửi lại" in row.reason
    assert turns == len(zalo.gets) == media.GONE_TRIES
    assert stored(row) == []


def test_a_file_that_zalo_has_not_copied_yet_is_not_lost(file, zone, zalo):
    attachment = file(b"", status=404)
    assert work(zone, attachment).state == State.ANNOUNCED
    zalo.files["/media/file"] = (200, {}, picture())

    assert until_it_ends(zone, attachment)[0].state == State.AVAILABLE


def test_an_empty_file_is_said_to_be_empty(file, zone):
    in_case_of_trouble(work(zone, file(b"")), State.REJECTED, "rỗng")


@pytest.mark.parametrize("kind", ["image", "file"])
def test_a_file_that_is_too_large_is_cut_off_and_not_kept(file, zone, monkeypatch, kind):
    monkeypatch.setitem(media.LIMITS, kind, 1)

    row = work(zone, file(bytes(1_000_001), kind=kind))

    in_case_of_trouble(row, State.REJECTED, "lớn hơn 1 MB")
    assert stored(row) == []


TROUBLES = {
    "500": {"content": b"", "status": 500},
    "less than announced": {"content": b"half", "headers": {"Content-Length": "400", "Connection": "close"}},
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
def test_trouble_on_the_way_is_tried_for_a_day_and_then_said(file, zone, zalo, trouble):
    attachment, waits = file(**trouble), []

    row, turns = until_it_ends(zone, attachment, waits)

    in_case_of_trouble(row, State.UNFETCHABLE, "Mất ở nguồn: không tải được từ Zalo")
    assert turns == len(zalo.gets) == 11
    assert [round(one, -1) for one in waits[:5]] == [10, 60, 300, 1800, 7200]
    assert 22 * 3600 < sum(waits) < 24 * 3600
    assert stored(row) == []


def test_trouble_that_passes_does_no_harm(file, zone, zalo):
    attachment = file(b"", status=503)
    assert work(zone, attachment).state == State.ANNOUNCED
    zalo.files["/media/file"] = (200, {}, picture())

    row, _ = until_it_ends(zone, attachment)

    assert row.state == State.AVAILABLE


def test_a_file_that_drips_is_given_up(file, zone, monkeypatch):
    monkeypatch.setattr(media, "OTHERS", -1.0)

    row = work(zone, file(picture()))

    assert row.state == State.ANNOUNCED
    assert until_it_ends(zone, row)[0].state == State.UNFETCHABLE


def test_a_file_is_fetched_once_by_two_workers(file, zone, zalo):
    attachment = file(picture())
    with zone("vault"):
        media.fetch(attachment.pk)
        media.fetch(attachment.pk)

    assert zalo.gets == ["/media/file"]


# --- hosts (all addresses: test_fetching.py) -------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["https://127.0.0.1/a.jpg", "http://localhost:8000/sim/ledger", "javascript:alert(1)"])
def test_an_officer_reads_why_a_foreign_file_is_missing_while_it_is_tried_for_a_week(file, zone, zalo, url):
    row = work(zone, file(url=url))

    assert (row.state, row.attempt) == (State.ANNOUNCED, 0)
    assert "máy chủ lạ" in row.reason
    assert timedelta(minutes=59) < row.next_at - timezone.now() < timedelta(hours=1)
    with zone("vault"):
        assert Incident.objects.get().kind == Incident.Kind.MEDIA_FOREIGN
        Attachment.objects.update(next_at=timezone.now())
        Message.objects.update(sent_at=timezone.now() - media.FOREIGN_KEPT)

    in_case_of_trouble(work(zone, row), State.REJECTED, "máy chủ lạ")
    assert zalo.gets == []


def test_a_file_of_a_host_that_is_added_later_comes_in(file, zone, zalo, settings):
    """Zalo moved its files; somebody adds the host the next day. None of the tries before counts."""
    known, settings.ZALO_API_URL = settings.ZALO_API_URL, "http://elsewhere.test/openapi"
    attachment = file(picture(), url=known.replace("/openapi", "/media/file"))
    for _ in range(20):
        assert work(zone, attachment).state == State.ANNOUNCED
        with zone("vault"):
            Attachment.objects.update(next_at=timezone.now())
    settings.ZALO_API_URL = known
    zalo.files["/media/file"] = (503, {}, b"")
    assert work(zone, attachment).state == State.ANNOUNCED  # Zalo's own troubles have their whole ladder yet
    zalo.files["/media/file"] = (200, {}, picture())

    row, _ = until_it_ends(zone, attachment)

    assert (row.state, row.reason) == (State.AVAILABLE, "")


def test_the_incident_of_a_foreign_host_ends_when_no_file_waits_for_it_any_more(file, zone, zalo, settings):
    known, settings.ZALO_API_URL = settings.ZALO_API_URL, "http://elsewhere.test/openapi"
    attachment = file(picture(), url=known.replace("/openapi", "/media/file"))
    work(zone, attachment)
    open_now = watched_over(zone)
    settings.ZALO_API_URL = known
    zalo.files["/media/file"] = (503, {}, b"")  # another trouble than the host's
    with zone("vault"):
        Attachment.objects.update(next_at=timezone.now())

    work(zone, attachment)

    assert (open_now, watched_over(zone)) == ([1], [])


def watched_over(zone):
    """How many files each open incident of a foreign host tells of, after a round of the watch."""
    with zone("vault"):
        watch.watch()
        rows = Incident.objects.filter(kind=Incident.Kind.MEDIA_FOREIGN, ended_at=None)
        return list(rows.values_list("figure", flat=True))


def test_a_redirect_is_checked_like_the_first_address(file, zone, zalo):
    with place.running() as (inside, address):
        row = work(zone, file(status=302, headers={"Location": f"{address}/secret"}))

    assert row.state == State.ANNOUNCED and "máy chủ lạ" in row.reason
    assert inside.gets == []
    assert zalo.gets == ["/media/file"]


def test_a_redirect_within_zalo_is_followed_three_times_at_most(file, zone, zalo):
    zalo.files["/media/far"] = (200, {}, picture())
    assert work(zone, file(status=302, headers={"Location": "/media/far"})).state == State.AVAILABLE

    row = work(zone, file(status=302, headers={"Location": "/media/file"}))

    in_case_of_trouble(row, State.REJECTED, "chuyển hướng quá nhiều lần")
    assert zalo.gets == ["/media/file", "/media/far"] + ["/media/file"] * 4

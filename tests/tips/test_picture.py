"""The screen copy of a picture."""

import io

import pytest
from PIL import Image

from tests import cast
from tests.tips.scenes import NOBODY, client_of, entries, text
from tips import actions
from tips.models import TrayItem
from zalopolice.gateway import keeping
from zalopolice.gateway.models import Attachment
from zalopolice.units import keyring

pytestmark = pytest.mark.usefixtures("commune", "media")


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (60, 80, 70)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def picture(commune, zone):
    """A picture in the tray, fetched, cleaned and ready for the screen."""
    sent = {"type": "image", "payload": {"url": "https://zdn.vn/a.jpg"}}
    commune.hears("dung", event_name="user_send_image", attachments=[sent])
    cast.work_inbox(zone)
    with zone("owner"):
        Attachment.objects.update(state="available", width=40, height=30, queue="", next_at=None)
    with commune.acting("cuong"):
        row = Attachment.objects.get()
        keeping.write(row, "screen", keyring.key_for("content", row.unit_id, row.citizen_id), iter([jpeg()]))
        return row


def into_a_case(commune):
    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get()
        chosen = list(item.unsorted_messages())
        return actions.open_case(item, chosen, title="Ảnh", classification="vphc", area=None, by=officer)


def test_it_is_shown_in_the_thread_and_comes_guarded(commune, picture):
    client = client_of(commune, "cuong")
    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get()

    page = text(client.get(f"/hop-tin/{item.pk}/"))
    answer = client.get(f"/tep/{picture.pk}/")

    assert f'src="/tep/{picture.pk}/"' in page and 'width="40"' in page
    assert answer.content == jpeg() and answer["Content-Type"] == "image/jpeg"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Content-Disposition"] == f'inline; filename="{item.alias}-01.jpg"'
    assert answer["X-Content-Type-Options"] == "nosniff" and answer["Cache-Control"] == "no-store"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"


def test_each_look_is_on_record(commune, picture):
    client_of(commune, "cuong").get(f"/tep/{picture.pk}/")

    [entry] = entries(commune, "file.viewed")
    assert (entry.object_id, entry.actor_id) == (picture.pk, commune.cuong.pk)


def test_no_byte_leaves_when_the_record_cannot_be_written(commune, picture, monkeypatch):
    monkeypatch.setattr("zalopolice.audit.log.append", _broken)
    client = client_of(commune, "cuong")
    client.raise_request_exception = False

    answer = client.get(f"/tep/{picture.pk}/")

    assert answer.status_code == 500 and jpeg() not in answer.content


def _broken(*args, **kwargs):
    raise RuntimeError("no audit")


def test_a_picture_follows_its_message_into_the_case(commune, picture):
    case = into_a_case(commune)

    assert client_of(commune, "cuong").get(f"/tep/{picture.pk}/").status_code == 404  # the tray let go of it
    assert client_of(commune, "an").get(f"/tep/{picture.pk}/").status_code == 404  # not claimed yet
    with commune.acting("an") as officer:
        actions.claim(case, by=officer)
    answer = client_of(commune, "an").get(f"/tep/{picture.pk}/")
    assert answer.status_code == 200 and f'"{case.alias}-01.jpg"' in answer["Content-Disposition"]
    assert client_of(commune, "em").get(f"/tep/{picture.pk}/").status_code == 404
    assert client_of(commune, "binh").get(f"/tep/{picture.pk}/").status_code == 200


def test_who_may_not_see_it_finds_nothing(commune, other_commune, picture):
    pages = [
        client_of(commune, "an").get(f"/tep/{picture.pk}/"),
        client_of(commune, "giang").get(f"/tep/{picture.pk}/"),
        client_of(other_commune, "binh").get(f"/tep/{picture.pk}/"),
        client_of(commune, "cuong").get(f"/tep/{NOBODY}/"),
    ]

    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1


@pytest.mark.parametrize("state", ["announced", "stored", "rejected", "unfetchable"])
def test_only_the_clean_copy_is_ever_shown(commune, picture, zone, state):
    with zone("owner"):
        Attachment.objects.update(state=state, reason="Tệp không còn trên Zalo.")
    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get()
    client = client_of(commune, "cuong")

    assert client.get(f"/tep/{picture.pk}/").status_code == 404
    page = text(client.get(f"/hop-tin/{item.pk}/"))
    assert "<img" not in page and "Tệp không còn trên Zalo." in page


def test_a_copy_that_is_gone_or_not_ours_is_not_there(commune, picture):
    client = client_of(commune, "cuong")
    path = keeping.path_of(picture, "screen")
    path.write_bytes(path.read_bytes()[:-20])
    broken = client.get(f"/tep/{picture.pk}/").status_code
    path.unlink()

    assert (broken, client.get(f"/tep/{picture.pk}/").status_code) == (404, 404)

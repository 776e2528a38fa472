"""The pages of posts, as browsers without JavaScript use them."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.utils import timezone

from broadcasts import actions
from broadcasts.models import Dispatch, Post, PostImage, PostVersion, Remark
from tests import cast
from tests.broadcasts.pages import client_of, filled, hidden, picture, queries, text, url
from tests.broadcasts.scenes import BODY, TITLE, Status, connect, fresh, post_at, tomorrow
from zalopolice.audit.models import Entry
from zalopolice.units.models import Alert


def only(commune):
    with commune.acting("binh"):
        return PostVersion.objects.get(is_latest=True)


# --- a day of a post ---------------------------------------------------------------------------------------------


def test_from_the_editors_desk_to_the_approval(commune, zone):
    connect(commune)
    editor, chief = client_of(commune, "giang"), client_of(commune, "binh", fresh=True)

    assert editor.get("/bai-dang/moi/").status_code == 200
    made = editor.post("/bai-dang/moi/", filled(commune, cover=picture()))
    version = only(commune)
    assert made.status_code == 302
    assert made.url == url(version)

    page = editor.get(url(version))
    assert TITLE in text(page)
    assert "Gửi duyệt bản 1" in text(page)
    assert editor.post(url(version, "gui-duyet/"), {"revision": hidden(page, "revision")}).status_code == 302

    page = chief.get(url(version))
    assert f"Duyệt bài: {TITLE}" in text(page)
    assert version.title in text(page)
    confirm = chief.get(url(version, "duyet/"))
    assert "Gửi rồi không thu hồi được." in text(confirm)
    assert "Duyệt bản 1" in text(confirm)
    assert chief.post(url(version, "duyet/"), {"seen": hidden(confirm, "seen")}).status_code == 302

    version = only(commune)
    assert (version.status, version.approved_by_id, version.due_at) == (Status.SCHEDULED, commune.binh.pk, tomorrow())
    assert "Chờ tới giờ gửi" in text(chief.get(url(version)))
    with commune.acting("giang"):
        assert [row.state for row in Dispatch.objects.all()] == ["waiting"]
    with zone("owner"):
        kinds = set(Alert.objects.values_list("kind", flat=True))
        told = list(Entry.objects.filter(kind__startswith="post.").order_by("at").values_list("kind", "detail"))
    assert kinds == {"post_submitted", "post_approved"}
    assert [kind for kind, _ in told] == ["post.created", "post.submitted", "post.approved"]
    assert not [detail for _, detail in told if TITLE in str(detail) or "công an" in str(detail)]


def test_approving_asks_once_more_who_is_there(commune):
    version = post_at(commune, Status.SUBMITTED)
    chief = client_of(commune, "binh")
    page = chief.get(url(version, "duyet/"))

    asked = chief.post(url(version, "duyet/"), {"seen": hidden(page, "seen")})
    assert asked.status_code == 200
    assert "password" in text(asked)
    assert only(commune).status == Status.SUBMITTED


def test_returned_and_written_again(commune):
    version = post_at(commune, Status.SUBMITTED)
    chief, editor = client_of(commune, "binh"), client_of(commune, "giang")

    empty = chief.post(url(version, "tra-lai/"), {"reason": " "})
    assert empty.status_code == 422
    assert "Ghi lý do để người soạn biết sửa gì." in text(empty)
    assert chief.post(url(version, "tra-lai/"), {"reason": "Câu 3 phải nói rõ."}).status_code == 302

    page = editor.get(url(version))
    assert "Câu 3 phải nói rõ." in text(page)
    assert "Sửa thành bản mới" in text(page)
    form = editor.get(url(version, "sua/"))
    changed = filled(
        commune, revision=hidden(form, "revision"), kept_cover=hidden(form, "kept_cover"), body=BODY + "\n\nGọi 113."
    )
    assert editor.post(url(version, "sua/"), changed).status_code == 302

    page = editor.get(url(version))
    assert "Khác gì so với bản 1" in text(page)
    assert "<ins>" in text(page)
    newer = only(commune)
    assert (newer.number, newer.status, newer.cover_sha256) == (2, Status.DRAFT, version.cover_sha256)


def test_changing_an_approved_post_on_the_page_voids_the_approval(commune):
    version = post_at(commune, Status.SCHEDULED)
    editor = client_of(commune, "giang")
    form = editor.get(url(version, "sua/"))
    assert "phải duyệt lại" in text(form)
    fields = {"revision": hidden(form, "revision"), "kept_cover": hidden(form, "kept_cover")}
    assert editor.post(url(version, "sua/"), filled(commune, title=TITLE + ".", **fields)).status_code == 302

    with commune.acting("giang"):
        assert fresh(version).status == Status.WITHDRAWN
        assert [row.state for row in Dispatch.objects.all()] == ["cancelled"]
    assert only(commune).approved_by_id is None


@pytest.mark.parametrize("writer", ["binh"])
def test_nobody_approves_his_own_post_on_the_page(commune, writer):
    version = post_at(commune, Status.SUBMITTED, writer=writer)
    chief = client_of(commune, writer, fresh=True)
    page = chief.get(url(version))
    assert "không tự duyệt được" in text(page)
    assert 'aria-disabled="true"' in text(page)
    assert url(version, "duyet/") not in text(page)

    answer = chief.post(url(version, "duyet/"), {"seen": version.digest})
    assert answer.status_code == 409
    assert "không tự duyệt được" in text(answer)
    assert only(commune).status == Status.SUBMITTED


def test_the_second_approver_reads_who_was_first(commune, zone):
    version = post_at(commune, Status.SCHEDULED)
    chief = client_of(commune, "binh", fresh=True)
    answer = chief.post(url(version, "duyet/"), {"seen": version.digest})
    assert answer.status_code == 409
    assert "Vũ Đức Bình đã duyệt bản này lúc" in text(answer)


def test_saving_over_somebodys_submission_loses_nothing(commune):
    version = post_at(commune)
    deputy = client_of(commune, "dung")
    form = deputy.get(url(version, "sua/"))
    fields = {"revision": hidden(form, "revision"), "kept_cover": hidden(form, "kept_cover")}
    with commune.acting("giang") as editor:
        actions.submit(version, by=editor, revision=1)

    answer = deputy.post(url(version, "sua/"), filled(commune, title="Lời của phó trưởng", **fields))
    assert answer.status_code == 409
    assert "Người khác vừa thay đổi bài này" in text(answer)
    assert "Lời của phó trưởng" in text(answer)
    assert only(commune).status == Status.SUBMITTED


# --- between approval and sending --------------------------------------------------------------------------------


def test_held_released_and_withdrawn(commune):
    version = post_at(commune, Status.SCHEDULED)
    editor, chief = client_of(commune, "giang"), client_of(commune, "binh", fresh=True)

    assert editor.post(url(version, "giu-lai/"), {"reason": "Chờ ý kiến tỉnh"}).status_code == 302
    assert only(commune).status == Status.HELD
    page = chief.get(url(version))
    assert "Cho gửi tiếp" in text(page)
    assert "Chờ ý kiến tỉnh" in text(page)
    assert chief.post(url(version, "cho-gui/")).status_code == 302
    assert only(commune).status == Status.SCHEDULED
    assert editor.post(url(version, "rut/"), {"reason": "Nhầm"}).status_code == 302
    assert only(commune).status == Status.WITHDRAWN
    assert editor.post(url(version, "chep/")).status_code == 302
    with commune.acting("giang"):
        copied = PostVersion.objects.get(status=Status.DRAFT)
        assert (copied.title, copied.number, copied.send_at) == (TITLE, 1, None)


def test_an_unclear_dispatch_is_settled_by_a_person(commune, zone):
    version = post_at(commune, Status.SCHEDULED)
    with zone("owner"):
        for state in ("creating", "verifying", "ready", "sending", "unknown"):
            Dispatch.objects.filter(version=version).update(state=state)
        PostVersion.objects.filter(pk=version.pk).update(status="dispatched")
        row = Dispatch.objects.get(version=version)
    chief = client_of(commune, "binh")
    page = chief.get(url(version))
    assert "Chưa rõ bài đã gửi" in text(page)
    assert "đừng gửi lại" in text(page)
    where = url(version, f"luot-gui/{row.pk}/ket-luan/")
    assert "OA Manager" in text(chief.get(where))
    assert "fresh_password" in chief.post(where, {"sent": "yes", "reason": "OA Manager"}).content.decode()
    cast.make_fresh(chief)
    assert chief.post(where, {"sent": "", "reason": ""}).status_code == 422
    assert chief.post(where, {"sent": "yes", "reason": "OA Manager lúc 07:10"}).status_code == 302
    assert chief.post(where, {"sent": "no", "reason": "Lần nữa"}).status_code == 409
    with commune.acting("binh"):
        row.refresh_from_db()
        assert (row.state, row.settled_by_id) == ("sent", commune.binh.pk)


def test_one_account_is_left_out(commune, zone):
    version = post_at(commune, Status.SCHEDULED)
    with zone("owner"):
        row = Dispatch.objects.get(version=version)
    where = url(version, f"luot-gui/{row.pk}/bo/")
    editor = client_of(commune, "giang")
    assert editor.get(where).status_code == 200
    assert editor.post(where, {"reason": "OA này đã có bài"}).status_code == 302
    with commune.acting("giang"):
        row.refresh_from_db()
        assert row.state == "cancelled"


# --- bad input ---------------------------------------------------------------------------------------------------

BAD = {
    "title of 400": ({"title": "T" * 400}, "Thừa 260 ký tự"),
    "no title": ({"title": "  "}, "Ghi tiêu đề"),
    "long description": ({"description": "m" * 300}, "Thừa 50 ký tự"),
    "long author": ({"author": "a" * 60}, "Thừa 10 ký tự"),
    "nul": ({"body": "a\x00b"}, "Có ký tự máy không đọc được"),
    "nobody": ({"whom": "part"}, "Chưa chọn gửi cho ai"),
    "no account": ({"oas": None}, "Chọn ít nhất một OA"),
    "foreign account": ({"oas": ["123"]}, "không còn trong danh sách"),
    "past": ({"at": "2020-01-01T08:00"}, "Giờ này đã qua"),
    "night": ({"at": f"{tomorrow(23):%Y-%m-%dT%H:%M}"}, "Zalo chỉ cho gửi từ 06:00 đến 21:29"),
    "no time": ({"at": ""}, "Chọn ngày và giờ gửi"),
    "words for a time": ({"at": "sáng mai"}, "Máy không đọc được giờ này"),
    "age nobody has": ({"whom": "part", "ages": ["99"]}, "không còn trong danh sách"),
    "no revision": ({"revision": ""}, "Trang này đã cũ"),
    "gender of the moon": ({"gender": "7"}, "không còn trong danh sách"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_said_and_kept(commune, name):
    connect(commune)
    change, sentence = BAD[name]
    answer = client_of(commune, "giang").post("/bai-dang/moi/", filled(commune, **change))
    assert answer.status_code == 422
    assert sentence in text(answer)
    for field in {"title", "description", "author"} - set(change):
        assert filled(commune)[field] in text(answer)
    assert "Tắt máy." in text(answer) or name == "nul"
    with commune.acting("binh"):
        assert not Post.objects.exists()


PICTURES = {
    "gif": (lambda: picture("GIF", name="a.gif"), "không phải ảnh JPG hoặc PNG"),
    "webp": (lambda: picture("WEBP", name="a.jpg"), "không phải ảnh JPG hoặc PNG"),
    "text": (lambda: SimpleUploadedFile("a.jpg", b"hello"), "không phải ảnh JPG hoặc PNG"),
    "empty": (lambda: SimpleUploadedFile("a.jpg", b""), "không phải ảnh JPG hoặc PNG"),
    "html": (lambda: SimpleUploadedFile("a.png", b"<script>alert(1)</script>"), "không phải ảnh JPG hoặc PNG"),
    "broken": (lambda: SimpleUploadedFile("a.jpg", b"\xff\xd8\xff" + b"\0" * 5000), "bị hỏng"),
    "tiny": (lambda: picture("PNG", (10, 10)), "Ảnh quá nhỏ: 10 × 10 điểm"),
    "30 MB": (lambda: SimpleUploadedFile("a.jpg", b"\xff\xd8\xff" + b"\0" * 30 * 1024 * 1024), "Ảnh nặng 30 MB"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_wrong_picture_is_said_with_what_to_do(commune, name):
    connect(commune)
    make, sentence = PICTURES[name]
    answer = client_of(commune, "giang").post("/bai-dang/moi/", filled(commune, cover=make()))
    assert answer.status_code == 422
    assert sentence in text(answer)
    assert TITLE in text(answer)
    with commune.acting("binh"):
        assert not PostImage.objects.exists()


def test_a_good_picture_stays_when_another_field_is_wrong(commune):
    connect(commune)
    editor = client_of(commune, "giang")
    answer = editor.post("/bai-dang/moi/", filled(commune, title="", cover=picture("PNG")))
    assert answer.status_code == 422
    kept = hidden(answer, "kept_cover")
    assert len(kept) == 64
    assert editor.get(f"/bai-dang/anh/{kept}.jpg").content.startswith(b"\xff\xd8\xff")
    assert editor.post("/bai-dang/moi/", filled(commune, kept_cover=kept)).status_code == 302
    assert only(commune).cover_sha256 == kept


def test_a_large_picture_fits_into_what_zalo_fetches(commune):
    import io
    import os

    from PIL import Image

    connect(commune)
    out = io.BytesIO()
    Image.frombytes("RGB", (2000, 1100), os.urandom(2000 * 1100 * 3)).save(out, "PNG")
    answer = client_of(commune, "giang").post(
        "/bai-dang/moi/", filled(commune, cover=SimpleUploadedFile("a.png", out.getvalue()))
    )
    assert answer.status_code == 302
    with commune.acting("giang"):
        assert len(bytes(PostImage.objects.get().data)) <= 1024 * 1024


def test_an_account_whose_token_died_is_shown_and_refused(commune, zone):
    connect(commune)
    with zone("owner"):
        type(commune.oa).objects.filter(pk=commune.oa.pk).update(trouble="hết hạn")
    editor = client_of(commune, "giang")
    page = editor.get("/bai-dang/moi/")
    assert "Trưởng đơn vị mở trang Zalo OA và kết nối lại." in text(page)
    answer = editor.post("/bai-dang/moi/", filled(commune))
    assert answer.status_code == 422
    assert "kết nối lại" in text(answer)


HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'


def test_markup_in_words_stays_words(commune):
    from broadcasts.article import html

    version = post_at(
        commune,
        title=f"A {HOSTILE}",
        description=HOSTILE,
        author="<b>tên</b>",
        body=f"## {HOSTILE}\n\n{HOSTILE}\n\n- {HOSTILE}",
    )
    page = text(client_of(commune, "giang").get(url(version)))
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>tên</b>" not in page
    assert "<script" not in html(version.body)
    assert "&lt;script&gt;" in html(version.body)
    remark = client_of(commune, "binh").post(url(version, "trao-doi/"), {"text": HOSTILE})
    assert remark.status_code == 302
    assert "<script>alert" not in text(client_of(commune, "binh").get(url(version)))


def test_talking_about_a_post(commune):
    version = post_at(commune, Status.SUBMITTED)
    chief = client_of(commune, "binh")
    empty = chief.post(url(version, "trao-doi/"), {"text": ""})
    assert empty.status_code == 422
    assert "Viết lời trao đổi." in text(empty)
    chief.post(url(version, "trao-doi/"), {"text": "Đẹp rồi"})
    with commune.acting("binh"):
        assert Remark.objects.filter(kind="said").get().text == "Đẹp rồi"


# --- walls and budgets -------------------------------------------------------------------------------------------


def test_pictures_are_public_only_once_approved(commune, other_commune, zone, settings):
    from django.test import Client

    settings.ROOT_URLCONF = "zalopolice.public_urls"
    version = post_at(commune, Status.SUBMITTED)
    address = f"/anh/{version.cover_sha256}.jpg"
    from django.http import Http404
    from django.test import RequestFactory

    from broadcasts import public_views

    def fetch():
        with zone("public"):
            return public_views.picture(RequestFactory().get(address), version.cover_sha256)

    with pytest.raises(Http404):
        fetch()
    with commune.acting("binh") as chief:
        actions.approve(version, by=chief, seen=version.digest)
    answer = fetch()
    assert answer.content.startswith(b"\xff\xd8\xff")
    assert answer["Content-Type"] == "image/jpeg"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert Client


def test_another_commune_sees_nothing(commune, other_commune):
    version = post_at(commune, Status.SUBMITTED)
    foreign = client_of(other_commune, "binh", fresh=True)
    assert foreign.get(url(version)).status_code == 404
    assert foreign.get(f"/bai-dang/anh/{version.cover_sha256}.jpg").status_code == 404
    assert foreign.post(url(version, "duyet/"), {"seen": version.digest}).status_code == 404
    with other_commune.acting("binh"):
        assert not PostVersion.objects.exists()
        with pytest.raises(DatabaseError):
            Post.objects.create(unit=commune.unit, created_by=other_commune.binh)


@pytest.mark.parametrize("tab", ["nhap", "cho-duyet", "len-lich", "da-gui", "tra-lai", "da-rut"])
def test_lists_need_few_queries_whatever_they_hold(commune, zone, tab):
    chief = client_of(commune, "binh")
    post_at(commune, Status.SUBMITTED)
    one = queries(chief, f"/bai-dang/?muc={tab}")
    for status in (Status.DRAFT, Status.SUBMITTED, Status.RETURNED, Status.SCHEDULED, Status.HELD) * 2:
        post_at(commune, status)
    many = queries(chief, f"/bai-dang/?muc={tab}")
    assert many <= one + 1  # the dispatches of the page's rows
    assert many <= 8, many


def test_lists_page_by_key(commune, zone):
    connect(commune)
    with zone("owner"):
        for number in range(30):
            post = Post.objects.create(unit=commune.unit, created_by=commune.giang)
            PostVersion.objects.create(
                unit=commune.unit, post=post, number=1, title=f"Bài {number}", writers=[commune.giang.pk]
            )
    editor = client_of(commune, "giang")
    first = editor.get("/bai-dang/?muc=nhap")
    assert len(first.context["rows"]) == 25
    rest = editor.get(f"/bai-dang/?muc=nhap&sau={first.context['following']}")
    assert len(rest.context["rows"]) == 5


@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED, Status.SCHEDULED])
def test_the_page_of_a_post_needs_few_queries(commune, status):
    version = post_at(commune, status)
    assert queries(client_of(commune, "binh"), url(version)) <= 15


def test_what_waits_for_whom(commune):
    post_at(commune, Status.SUBMITTED)
    post_at(commune, Status.RETURNED)
    post_at(commune)
    numbers = {}
    for name in cast.CAST:
        with commune.acting(name) as officer:
            numbers[name] = actions.waiting_for(officer)
            assert len(actions.waiting_list(officer)) == numbers[name]
    assert numbers == {"an": 0, "em": 0, "cuong": 0, "dung": 0, "binh": 1, "giang": 1, "huy": 0, "khanh": 0}
    assert timezone.now()


def test_the_page_of_a_long_post_is_light(commune):
    import gzip

    version = post_at(commune, Status.SUBMITTED, body="\n\n".join(f"Đoạn {n}: {BODY}" for n in range(60))[:9000])
    answer = client_of(commune, "binh").get(url(version))
    assert len(gzip.compress(answer.content)) <= 20_000
    assert " style=" not in text(answer)
    assert "unsafe" not in answer["Content-Security-Policy"]

"""A form that comes without a session and cannot be kept: what was typed comes back to be copied, secrets never."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.module_loading import import_string

from tests.tips.scenes import text
from zalopolice.units import unsaved
from zalopolice.units.models import OfficerSession

pytestmark = pytest.mark.usefixtures("commune")
FORM = "/don-vi/"
SENTENCE = "Phiên làm việc đã hết, chưa lưu gì. Nội dung đồng chí vừa gõ còn ở đây: đăng nhập ở thẻ mới, rồi chép lại."


@pytest.fixture(params=[401, 403])
def send(request):
    """A browser without a session: its form passes the check of forms (401), or has no token (403)."""
    client = Client(enforce_csrf_checks=request.param == 403)

    def post(fields, **extra):
        return client.post(FORM, fields, **extra)

    post.status = request.param
    return post


def test_what_was_typed_comes_back_escaped_and_secrets_never(send, caplog):
    secrets = ("password", "new_password", "again", "code", "fresh_code", "token", "access_token", "nonce", "key",
               "zalo_secret", "csrfmiddlewaretoken")  # fmt: skip
    typed = {"text": "\nBà Lan <b>kể</b> & \"khóc\"</textarea><script>x</script>", "documents-1-name_vi": "Tờ khai",
             "documents-1-form_code": "CT01", "who_can_apply": "Công dân", "la": "khác", "documents-TOTAL_FORMS": "77",
             "officer": "0190a5b4-0000-7000-8000-000000000001"}  # fmt: skip

    with CaptureQueriesContext(connection) as asked:
        answer = send(typed | dict.fromkeys(secrets, "bí mật 5"))
    page = text(answer)

    assert (answer.status_code, answer["Cache-Control"]) == (send.status, "no-store")
    assert SENTENCE in page and "&lt;script&gt;" in page and "<script" not in page
    labels = re.findall(r"<label[^>]*>(.*?)</label>", page)
    values = map(unescape, re.findall(r"readonly[^>]*>\n(.*?)</textarea>", page, re.DOTALL))
    assert dict(zip(labels, values, strict=True)) == {
        "Nội dung": typed["text"], "Giấy tờ cần mang, dòng 2: Tên": "Tờ khai",
        "Giấy tờ cần mang, dòng 2: Mẫu": "CT01", "Ai được làm": "Công dân", "la": "khác",
    }  # fmt: skip
    assert "bí mật" not in page
    assert not asked.captured_queries and not OfficerSession.objects.exists()
    assert "Lan" not in caplog.text and "Location" not in answer


@pytest.mark.parametrize(
    "referer, door",
    [
        ("http://testserver/noi-dung/thu-tuc/?muc=luat", "/dang-nhap/?next=%2Fnoi-dung%2Fthu-tuc%2F%3Fmuc%3Dluat"),
        ("https://evil.example/x", "/dang-nhap/"), ("http://testserver//evil.example/", "/dang-nhap/"),
        ("javascript:1", "/dang-nhap/"), ("", "/dang-nhap/"),
    ],
)  # fmt: skip
def test_the_door_leads_back_to_our_own_page_only(send, referer, door):
    page = text(send({"text": "a b"}, **({"HTTP_REFERER": referer} if referer else {})))

    assert f'href="{door}"' in page and "evil" not in page and "javascript:" not in page


def test_files_are_said_to_be_gone(send):
    page = text(send({"text": "a b", "upload": SimpleUploadedFile("ct01.pdf", b"%PDF-1.4")}))

    assert "a b" in page and "Tệp đã chọn không giữ được" in page and "ct01" not in page


def test_a_page_holds_fifty_fields_the_longest_and_so_much_of_each(send):
    short, long = {f"x{n}": "ngắn" for n in range(30)}, {f"y{n}": f"dài hơn {n}" for n in range(49)}

    page = text(send(short | long | {"z": "d" * 20_001}))

    assert page.count("<textarea") == 50 and "dài hơn 48" in page and "Còn 30 ô ngắn hơn" in page
    assert "d" * 20_000 in page and "d" * 20_001 not in page and "phần sau không hiện lại" in page


@pytest.mark.parametrize(
    "fields, extra",
    [
        ({}, {}), ({"base": "x", "text": "  ", "token": "x"}, {}),
        ({"text": "a b"}, {"HTTP_ACCEPT": "application/json"}),
        ({"text": "a b"}, {"HTTP_SEC_FETCH_MODE": "cors"}), ({"text": "a b"}, {"content_type": "application/json"}),
    ],
)  # fmt: skip
def test_programs_and_forms_without_text_are_answered_as_ever(send, fields, extra):
    answer = send(fields, **extra)

    assert "a b" not in text(answer)
    assert answer.get("Location") == "/dang-nhap/" if send.status == 401 else answer.status_code == 403


def test_a_form_of_a_foreign_page_is_not_repeated():
    answer = Client(enforce_csrf_checks=True).post(FORM, {"text": "gọi số lạ"}, HTTP_ORIGIN="https://evil.example")

    assert answer.status_code == 403 and "gọi số lạ" not in text(answer) and "Trang này đã cũ." in text(answer)


def test_who_signs_in_with_an_old_page_is_not_told_of_a_session():
    answer = Client(enforce_csrf_checks=True).post("/dang-nhap/", {"username": "an.tran", "password": "x"})

    assert answer.status_code == 403 and "an.tran" not in text(answer)


def test_what_can_be_kept_for_its_officer_is_not_shown_to_others(clock, inside):
    """Only what the sealed keeping refuses, like files, comes back on the spot."""
    clock.shift(timedelta(minutes=16))

    assert inside.post(FORM, {"text": "Đã gặp bà Lan"})["Location"].endswith("gui-lai=2")
    shown = inside.post(FORM, {"text": "Đã gặp bà Lan", "upload": SimpleUploadedFile("a.pdf", b"%PDF")})
    assert shown.status_code == 401 and "Đã gặp bà Lan" in text(shown)


def test_labels_come_from_the_forms_that_agree(db):
    import_string("procedures.forms.Texts")

    assert str(unsaved._labels()["who_can_apply"]) == "Ai được làm"

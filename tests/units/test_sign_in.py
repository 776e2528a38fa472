"""Signing in and out."""

import pytest
from django.conf import settings
from django.test import Client

from tests import cast
from tests.tips.scenes import entries, text
from zalopolice.units.models import Membership, Officer, OfficerSession

pytestmark = pytest.mark.usefixtures("commune")


def sign_in(commune, name="an", client=None, **changes):
    form = {"username": commune.officers[name].username, "password": cast.PASSWORD} | changes
    return (client or Client()).post("/dang-nhap/", form)


def test_the_right_words_open_the_first_page(commune):
    answer = sign_in(commune)

    assert (answer.status_code, answer["Location"]) == (302, "/")
    [entry] = entries(commune, "officer.signed_in")
    assert (entry.actor_id, entry.object_id, entry.detail) == (commune.an.pk, commune.an.pk, {})


def test_upper_case_names_are_the_same_name(commune):
    assert sign_in(commune, username=commune.an.username.upper()).status_code == 302


@pytest.mark.parametrize(
    "changes",
    [{"username": "khong-co"}, {"password": "sai"}, {"username": "' OR 1=1 --"}, {"password": cast.PASSWORD + " "}],
)
def test_wrong_words_do_not_tell_which_were_wrong(commune, changes):
    answer = sign_in(commune, **changes)

    assert answer.status_code == 422
    assert "Tên đăng nhập hoặc mật khẩu chưa đúng." in text(answer)
    assert cast.PASSWORD not in text(answer) and "zp" not in answer.cookies
    assert not entries(commune, "officer.signed_in")


@pytest.mark.parametrize(
    "changes",
    [{"username": ""}, {"password": ""}, {"username": "a\x00"}, {"username": "a" * 5000}, {"password": "b" * 5000}],
)
def test_unusable_words_are_a_sentence(commune, changes):
    answer = sign_in(commune, **changes)

    assert answer.status_code == 422 and 'aria-invalid="true"' in text(answer)


def test_who_is_no_longer_active_gets_the_same_sentence(commune, zone):
    with zone("owner"):
        Officer.objects.filter(pk=commune.an.pk).update(is_active=False)

    assert "Tên đăng nhập hoặc mật khẩu chưa đúng." in text(sign_in(commune))


def test_without_a_unit_nobody_gets_in(commune, zone):
    with zone("owner"):
        Membership.objects.filter(officer=commune.an).delete()

    answer = sign_in(commune)

    assert "Tài khoản chưa được phân công vào đơn vị nào" in text(answer) and "zp" not in answer.cookies


def test_the_session_key_changes(commune):
    client = Client()
    client.force_login(commune.em)
    before = client.session.session_key
    client.post("/dang-xuat/")
    sign_in(commune, client=client)

    assert client.session.session_key not in {None, before}


def test_every_page_leads_to_the_door_and_back(commune):
    client = Client()

    door = client.get("/vu-viec/")
    page = client.get(door["Location"])
    answer = sign_in(commune, client=client, next="/vu-viec/")

    assert door["Location"] == "/dang-nhap/?next=/vu-viec/"
    assert 'name="next" value="/vu-viec/"' in text(page)
    assert answer["Location"] == "/vu-viec/"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example", "http:///x", "\x00"],
)
def test_nobody_is_sent_elsewhere(commune, wanted):
    assert sign_in(commune, next=wanted)["Location"] == "/"


def test_signing_out_ends_the_session(commune):
    client = Client()
    sign_in(commune, client=client)

    assert client.get("/dang-xuat/").status_code == 405
    assert client.post("/dang-xuat/")["Location"] == "/dang-nhap/"
    assert client.get("/").status_code == 302
    assert len(entries(commune, "officer.signed_out")) == 1


def test_forms_without_their_token_are_refused(commune):
    client = Client(enforce_csrf_checks=True)

    answer = sign_in(commune, client=client)

    assert answer.status_code == 403 and "Trang này đã cũ." in text(answer)


def test_who_is_in_does_not_see_the_door_again(commune):
    client = Client()
    client.force_login(commune.an)

    assert client.get("/dang-nhap/")["Location"] == "/"


def test_unknown_addresses_tell_strangers_nothing(commune):
    client = Client()

    assert client.get("/khong-co/").status_code == 404
    assert client.get(f"/vu-viec/{commune.unit.pk}/").status_code == 302


def test_the_page_for_broken_things_needs_nothing(commune, monkeypatch):
    monkeypatch.setattr("tips.waiting.desk", lambda officer: 1 / 0)
    client = Client(raise_request_exception=False)
    client.force_login(commune.an)

    answer = client.get("/")

    assert answer.status_code == 500
    assert "Máy chủ gặp lỗi." in text(answer) and "ZeroDivisionError" not in text(answer)


def test_a_session_row_is_no_cookie(commune):
    """Whoever reads the session table, by SQL or from a stolen backup, cannot sign in with what it says."""
    client = Client()
    client.force_login(commune.an)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    [row] = OfficerSession.objects.all()

    assert row.session_key != cookie
    assert client.get("/").status_code == 200
    client.cookies[settings.SESSION_COOKIE_NAME] = row.session_key
    assert client.get("/").status_code == 302


def test_signing_out_removes_the_session(commune):
    client = Client()
    client.force_login(commune.an)

    client.post("/dang-xuat/")

    assert not OfficerSession.objects.exists()

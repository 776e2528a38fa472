"""Codes of an app, codes on paper, and who must have them (issue 3, item 2)."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from tests import cast
from tests.tips.scenes import client_of, entries, text
from tests.units.signing import code_now, enrol, shown_codes, shown_secret, sign_in, stored_secret
from zalopolice.units.models import Delay, Membership, OfficerSession

pytestmark = pytest.mark.usefixtures("commune")


@pytest.fixture
def enrolled(commune):
    """Bình with an app, not signed in."""
    with time_machine.travel(timezone.now() - timedelta(minutes=2), tick=True):
        secret, papers = enrol(client_of(commune, "binh"))
    return secret, papers


def half(commune, **extra):
    client = Client()
    answer = sign_in(commune, "binh", client, **extra)
    assert answer["Location"] == "/dang-nhap/ma/"
    return client


def test_an_app_is_added_and_asked_for_at_the_next_sign_in(commune):
    client = client_of(commune, "binh")
    with time_machine.travel(timezone.now() - timedelta(seconds=90), tick=True):
        cast.make_fresh(client)
        secret = shown_secret(client.get("/tai-khoan/ung-dung/"))
        page = client.post("/tai-khoan/ung-dung/", {"code": code_now(secret)})
    assert len(shown_codes(page)) == 10
    assert "Ứng dụng mã xác thực" in text(client.get("/tai-khoan/"))

    other = half(commune)
    assert other.get("/").status_code == 302  # not inside yet
    answer = other.post("/dang-nhap/ma/", {"code": code_now(secret)})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert other.get("/").status_code == 200
    [entry] = entries(commune, "officer.signed_in")
    assert entry.detail == {"with": "totp"}
    assert len(entries(commune, "officer.factor_added")) == 1


def test_the_page_wanted_at_first_is_reached_after_the_code(commune, enrolled):
    client = half(commune, next="/tai-khoan/")

    assert client.post("/dang-nhap/ma/", {"code": code_now(enrolled[0])})["Location"] == "/tai-khoan/"


def test_a_code_works_once(commune, enrolled):
    """Neither the same again, nor the one before it, in another process as well: the row remembers, not a cache."""
    secret, _ = enrolled
    code, before = code_now(secret), code_now(secret, -1)
    half(commune).post("/dang-nhap/ma/", {"code": code})

    for again in (code, before):
        later()
        client = half(commune)
        answer = client.post("/dang-nhap/ma/", {"code": again})
        assert answer.status_code == 422
        assert "Mã chưa đúng hoặc đã dùng rồi" in text(answer)
    assert len(entries(commune, "officer.code_failed")) == 2


def later():
    """As if the delays had passed."""
    Delay.objects.all().delete()


def test_the_code_that_proved_the_app_is_spent_too(commune):
    with time_machine.travel(timezone.now(), tick=False):
        client = client_of(commune, "binh")
        secret, _ = enrol(client)
        assert half(commune).post("/dang-nhap/ma/", {"code": code_now(secret)}).status_code == 422


@pytest.mark.parametrize("step, inside", [(-1, True), (1, True), (-3, False), (3, False)])
def test_clocks_may_differ_by_half_a_minute(commune, enrolled, step, inside):
    answer = half(commune).post("/dang-nhap/ma/", {"code": code_now(enrolled[0], step)})

    assert (answer.status_code == 302) is inside


def test_a_code_on_paper_works_once(commune, enrolled):
    _, papers = enrolled
    answer = half(commune).post("/dang-nhap/ma/", {"code": f"{papers[3][:4]} {papers[3][4:]}"}, follow=True)
    assert "còn 9 mã" in text(answer)

    assert half(commune).post("/dang-nhap/ma/", {"code": papers[3]}).status_code == 422


def test_new_codes_on_paper_end_the_old_ones(commune, enrolled):
    client = client_of(commune, "binh")
    cast.make_fresh(client)

    fresh = shown_codes(client.post("/tai-khoan/ma-du-phong/"))

    assert len(fresh) == 10 and not set(fresh) & set(enrolled[1])
    assert half(commune).post("/dang-nhap/ma/", {"code": enrolled[1][0]}).status_code == 422
    later()
    assert half(commune).post("/dang-nhap/ma/", {"code": fresh[0]}).status_code == 302
    assert not shown_codes(client.get("/tai-khoan/ma-du-phong/"))  # shown once


@pytest.mark.parametrize("given", ["", "abc", "000000", "1" * 500, "\x00", "１２３４５６"])
def test_other_codes_are_a_sentence(commune, enrolled, given):
    answer = half(commune).post("/dang-nhap/ma/", {"code": given})

    assert answer.status_code == 422 and 'aria-invalid="true"' in text(answer)


@pytest.mark.parametrize("given", ["{}", "[]", "null", "x", '{"id": 1}', '{"response": []}', "[" * 9000])
def test_answers_no_key_gives_are_a_sentence(commune, enrolled, given):
    assert half(commune).post("/dang-nhap/ma/", {"key": given}).status_code == 422
    assert Client().post("/dang-nhap/khoa/", {"key": given}).status_code == 422


def test_the_password_is_worth_ten_minutes(commune, enrolled):
    client = half(commune)

    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=True):
        assert client.get("/dang-nhap/ma/")["Location"] == "/dang-nhap/"


def test_secrets_lie_encrypted_bound_to_their_officer(commune, enrolled, zone):
    secret, papers = enrolled
    stored = [str(row.data) for row in Authenticator.objects.all()]
    sessions = "".join(OfficerSession.objects.values_list("session_data", flat=True))

    assert len(stored) == 2 and not any(secret in row or papers[0] in row for row in stored)
    assert secret not in sessions
    # Somebody who can write the table gives Bình's factor to An: it opens nothing.
    with zone("owner"):
        Authenticator.objects.create(user=commune.an, type="totp", data={"secret": stored_secret(commune.binh)})
    client = Client(raise_request_exception=False)
    sign_in(commune, "an", client)
    assert client.post("/dang-nhap/ma/", {"code": code_now(secret)}).status_code == 500


def test_an_officer_who_moved_on_still_signs_in(commune, other_commune, enrolled, zone):
    """The key of the secret stays in the unit where it was made."""
    with zone("owner"):
        Membership.objects.filter(officer=commune.binh).update(ended_at=timezone.now())
        Membership.objects.create(
            unit=other_commune.unit, officer=commune.binh, role="officer", since=timezone.localdate()
        )

    assert half(commune).post("/dang-nhap/ma/", {"code": code_now(enrolled[0])}).status_code == 302


class TestWhoMust:
    @pytest.fixture(autouse=True)
    def outside_the_demo(self, settings):
        settings.SECOND_FACTOR_REQUIRED = True

    @pytest.mark.parametrize("name, must", [("binh", True), ("dung", True), ("huy", True), ("an", False)])
    def test_is_led_to_it_after_the_password(self, commune, name, must):
        client = Client()
        assert sign_in(commune, name, client)["Location"] == "/"

        answer = client.get("/")

        assert (answer.status_code == 302 and answer["Location"] == "/tai-khoan/") is must
        assert client.get("/tai-khoan/").status_code == 200

    def test_the_rest_opens_with_the_factor(self, commune):
        client = Client()
        sign_in(commune, "binh", client)
        assert client.post("/vu-viec/", {}).status_code == 302

        enrol(client)

        assert client.get("/").status_code == 200

    def test_the_last_one_stays(self, commune):
        client = Client()
        sign_in(commune, "binh", client)
        enrol(client)
        row = Authenticator.objects.get(user=commune.binh, type="totp")

        answer = client.post("/tai-khoan/xac-thuc/go/", {"factor": row.pk})

        assert answer.status_code == 409 and "cần xác thực hai bước" in text(answer)
        assert Authenticator.objects.filter(pk=row.pk).exists()

    def test_a_role_given_today_asks_for_it_on_the_next_request(self, commune, zone):
        client = Client()
        sign_in(commune, "an", client)
        assert client.get("/").status_code == 200
        with zone("owner"):
            Membership.objects.create(
                unit=commune.unit, officer=commune.an, role="deputy_chief", since=timezone.localdate()
            )

        assert client.get("/")["Location"] == "/tai-khoan/"


def test_the_demo_needs_none(commune):
    client = Client()
    sign_in(commune, "binh", client)

    assert client.get("/").status_code == 200


def test_who_need_none_may_remove_it(commune):
    client = client_of(commune, "an")
    enrol(client)
    row = Authenticator.objects.get(user=commune.an, type="totp")

    assert client.post("/tai-khoan/xac-thuc/go/", {"factor": row.pk})["Location"] == "/tai-khoan/"

    assert not Authenticator.objects.filter(user=commune.an).exists()  # codes on paper alone are no second factor
    assert len(entries(commune, "officer.factor_removed")) == 1


def test_nobody_removes_another_ones(commune, enrolled):
    client = client_of(commune, "an")
    cast.make_fresh(client)
    row = Authenticator.objects.get(user=commune.binh, type="totp")

    assert client.post("/tai-khoan/xac-thuc/go/", {"factor": row.pk}).status_code == 404


def test_a_new_factor_ends_sessions_opened_without_it(commune):
    first, second = Client(), Client()
    sign_in(commune, "binh", first)
    sign_in(commune, "binh", second)

    enrol(first)

    assert first.get("/").status_code == 200
    assert second.get("/").status_code == 302

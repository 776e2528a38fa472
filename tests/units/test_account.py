"""One's own account: its pages, and what a password may be."""

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver

from tests import cast
from tests.tips.scenes import client_of, entries, queries, text
from tests.units.signing import enrol, sign_in
from zalopolice.units.models import Membership, Officer

pytestmark = pytest.mark.usefixtures("commune")
WORDS = "bốn con mèo trên mái nhà"


def test_the_page_says_who_one_is(commune):
    page = text(client_of(commune, "an").get("/tai-khoan/"))

    for word in ("Nguyễn Văn An", commune.an.username, "Cán bộ", commune.unit.name):
        assert word in page


def test_its_questions_do_not_grow_with_what_it_shows(commune):
    client = client_of(commune, "an")
    before = queries(client, "/tai-khoan/")
    enrol(client)

    assert before <= 12 and queries(client, "/tai-khoan/") == before


@pytest.mark.parametrize(
    "address",
    ["tai-khoan", "tai-khoan/mat-khau", "tai-khoan/ung-dung", "tai-khoan/khoa", "tai-khoan/ma-du-phong"]
    + ["tai-khoan/thiet-bi", "can-bo", "dang-nhap", "dang-nhap/khoa", "dang-nhap/ma"],
)
def test_every_page_carries_its_headers_and_nothing_inline(commune, address):
    client = client_of(commune, "binh")
    if address.startswith("dang-nhap"):
        enrol(client)
        client = Client()
        if address.endswith("ma"):
            sign_in(commune, "binh", client)
    else:
        cast.make_fresh(client)
    answer = client.get(f"/{address}/", follow=True)

    policy = answer["Content-Security-Policy"]
    assert answer.status_code == 200 and "unsafe" not in policy and "default-src 'none'" in policy
    assert "no-store" in answer["Cache-Control"] and answer["X-Frame-Options"] == "DENY"
    assert " style=" not in text(answer) and "<style" not in text(answer) and "onclick" not in text(answer)
    assert "<script>" not in text(answer) and "//" not in text(answer).replace("http://www.w3.org/2000/svg", "")


def test_what_the_library_brings_along_has_no_address():
    names = {str(name) for name in get_resolver("zalopolice.urls").reverse_dict}

    assert not [name for name in names if name.startswith(("account_", "mfa_"))]
    for address in ("/accounts/login/", "/accounts/signup/", "/accounts/2fa/", "/2fa/", "/signup/"):
        assert Client().get(address).status_code == 404


# --- passwords -----------------------------------------------------------------------------------------------------

GOOD = [
    WORDS,
    "7$k2!9@Lq4#8%5^",
    "correct horse battery staple",
    "x" * 5 + " quýt cam xoài mận",
    "密码是一个很长的句子不容易猜到吧",
    WORDS * 5,
]
BAD = [
    "ngắn quá",
    "a" * 129,
    "123456789012345",
    "CongAnPhuong@113113",
    "Công an phường Trần Hưng Đạo 2026",
    "matkhau matkhau 113",
    "aaaaaaaaaaaaaaaaaaaa",
    "truong.tran-hung-dao.1234",
    "Nguyễn Văn An 1990 an",
    "qwertyuiop1234567890",
]


@pytest.mark.parametrize("password", GOOD)
def test_long_ones_of_any_characters_are_good(commune, password):
    with commune.acting("an") as officer:
        validate_password(password[:128], officer)


@pytest.mark.parametrize("password", BAD)
def test_short_common_and_local_ones_are_not(commune, password):
    with commune.acting("an") as officer, pytest.raises(ValidationError):
        validate_password(password, officer)


def test_nothing_asks_for_capitals_digits_or_age():
    assert [one["NAME"].rpartition(".")[2] for one in settings.AUTH_PASSWORD_VALIDATORS] == [
        "Length",
        "NotCommon",
        "NotLocal",
    ]


@pytest.fixture
def fresh_client(commune):
    client = client_of(commune, "an")
    cast.make_fresh(client)
    return client


@pytest.mark.parametrize(
    "password, again, words",
    [
        ("", "", "Nhập mật khẩu mới."),
        ("ngắn", "ngắn", "ít nhất 15 ký tự"),
        (WORDS, "khác hẳn đi nhé", "Hai lần nhập chưa giống nhau."),
        (cast.PASSWORD, cast.PASSWORD, "mật khẩu đang dùng"),
    ],
)
def test_what_is_wrong_stands_beside_the_field(fresh_client, password, again, words):
    answer = fresh_client.post("/tai-khoan/mat-khau/", {"password": password, "again": again})

    assert answer.status_code == 422 and words in text(answer)
    assert not password or f'value="{password}"' not in text(answer)


def test_a_password_of_ones_own(commune, fresh_client):
    assert fresh_client.post("/tai-khoan/mat-khau/", {"password": WORDS, "again": WORDS}).status_code == 302

    assert sign_in(commune).status_code == 422
    assert len(entries(commune, "officer.password_changed")) == 1


def test_a_password_somebody_else_made_is_changed_first(commune, zone):
    with zone("owner"):
        Officer.objects.filter(pk=commune.an.pk).update(must_change_password=True)
    client = Client()
    sign_in(commune, client=client)

    assert client.get("/")["Location"] == "/tai-khoan/mat-khau/"
    assert "do quản trị cấp" in text(client.get("/tai-khoan/mat-khau/"))
    assert client.post("/tai-khoan/mat-khau/", {"password": WORDS, "again": WORDS}).status_code == 302
    assert client.get("/").status_code == 200


# --- what the administrator does on the server -----------------------------------------------------------------------


def test_the_administrator_makes_an_account_without_a_role(commune, zone, capsys):
    with zone("owner"):
        call_command("officer", "add", "tran.van.moi", name="Trần Văn Mới")
        officer = Officer.objects.get(username="tran.van.moi")
        assert officer.must_change_password and not Membership.objects.filter(officer=officer).exists()
    password = capsys.readouterr().out.strip().splitlines()[-1]
    assert len(password) >= 15 and officer.check_password(password)


def test_a_forgotten_password_and_a_lost_telephone(commune, zone, capsys):
    client = client_of(commune, "an")
    enrol(client)
    with zone("owner"):
        call_command("officer", "password", commune.an.username)
        password = capsys.readouterr().out.strip().splitlines()[-1]
        call_command("officer", "factors", commune.an.username)

    assert client.get("/").status_code == 302  # every session has ended
    again = Client()
    assert sign_in(commune, client=again, password=password)["Location"] == "/"
    assert again.get("/")["Location"] == "/tai-khoan/mat-khau/"
    assert len(entries(commune, "officer.password_given")) == len(entries(commune, "officer.factors_cleared")) == 1

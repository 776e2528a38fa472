"""One name is one account and one counter, however it is written."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tests import cast
from tests.tips.scenes import client_of, entries, text
from tests.units.signing import sign_in
from zalopolice.units import delays
from zalopolice.units.models import Delay, Officer

pytestmark = pytest.mark.usefixtures("commune")
UNKNOWN = "Tên đăng nhập hoặc mật khẩu chưa đúng."


@pytest.fixture
def saigon(commune, zone):
    """A name with both letters that PostgreSQL's upper() makes of others: dotless ı is I, long ſ is S."""
    with zone("owner"):
        Officer.objects.filter(pk=commune.an.pk).update(username="Si.Nhi")
    commune.an.username = "Si.Nhi"
    return commune


WRITTEN = ["ſi.nhi", "sı.nhi", "SI.NHı", "ｓｉ．ｎｈｉ", "SİNHI", "s\u200bi.nhi", "si.nhì"]


@pytest.mark.parametrize("name", ["si.nhi", "SI.NHI", "Si.Nhi", " si.nhi "])
def test_capitals_and_blanks_around_do_not_matter(saigon, name):
    assert sign_in(saigon, username=name).status_code == 302


@pytest.mark.parametrize("name", WRITTEN)
def test_other_letters_are_another_name(saigon, name):
    answer = sign_in(saigon, username=name)

    assert answer.status_code == 422 and UNKNOWN in text(answer)
    assert not entries(saigon, "officer.sign_in_failed")


def test_no_spelling_gives_tries_of_its_own_at_an_account(saigon):
    """Whatever the counters of these spellings are, none of them opens the account or finds it."""
    sign_in(saigon, password="sai")
    assert sign_in(saigon).status_code == 429

    assert {sign_in(saigon, username=name).status_code for name in WRITTEN} <= {422, 429}


def test_spellings_of_one_letter_share_a_counter(saigon):
    sign_in(saigon, username="ｓｉ．ｎｈｉ", password="sai")

    assert sign_in(saigon, username="ſi.nhi", password="sai").status_code == 429


def test_a_known_browser_is_not_known_by_another_spelling(saigon):
    client = Client()
    sign_in(saigon, client=client)
    client.post("/dang-xuat/")
    sign_in(saigon, client=client, username="sı.nhi", password="sai")

    keys = set(Delay.objects.values_list("key", flat=True))
    assert delays.counter("account", "sı.nhi").key in keys and len(keys) == 2


def test_a_strange_name_costs_the_same_work(saigon, monkeypatch):
    worked = []
    monkeypatch.setattr("zalopolice.units.sign_in.make_password", worked.append)

    sign_in(saigon, username="sı.nhi", password="sai")

    assert worked == ["sai"]


def test_roles_are_given_to_the_name_as_it_is(saigon):
    chief = client_of(saigon, "binh")
    cast.make_fresh(chief)

    answer = chief.post("/can-bo/giao/", {"username": "sı.nhi", "role": "duty_officer"})

    assert "Chưa có tài khoản nào mang tên này." in text(answer)
    assert "Chưa có tài khoản" not in text(chief.post("/can-bo/giao/", {"username": "SI.nhi", "role": "duty_officer"}))


def test_the_library_finds_by_the_same_form(saigon):
    assert Officer.objects.get_by_natural_key("sI.nhi") == saigon.an
    for name in ("sı.nhi", "", None):
        with pytest.raises(Officer.DoesNotExist):
            Officer.objects.get_by_natural_key(name)


@pytest.mark.parametrize("name", ["sı.nhi", "hòa", "ｓｉ", "a b", "a\u200b", "a\x00", ""])
def test_such_names_are_not_made(commune, zone, name):
    with zone("owner"):
        with pytest.raises(ValueError, match="ASCII"):
            Officer.objects.create_user(name, cast.PASSWORD, full_name="Nguyễn Văn X")
        with pytest.raises(CommandError, match="không dấu"):
            call_command("officer", "add", name, name="Nguyễn Văn X", stdout=StringIO())


def test_the_command_knows_a_name_in_capitals(saigon, zone):
    with zone("owner"), pytest.raises(CommandError, match="Đã có"):
        call_command("officer", "add", "SI.NHI", name="Nguyễn Văn X", stdout=StringIO())

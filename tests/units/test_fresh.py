"""Grave acts ask once more who is there (issue 3, item 2)."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tests import cast
from tests.tips.scenes import client_of, entries, text
from tests.units.signing import code_now, enrol
from zalopolice.units.models import Membership

pytestmark = pytest.mark.usefixtures("commune")
GIVE = "/can-bo/giao/"


@pytest.fixture
def chief(commune):
    return client_of(commune, "binh")


def given(commune):
    """Posts what the chief typed; `é` and two values of one name must arrive as they were."""
    today = timezone.localdate().isoformat()
    return {
        "username": commune.an.username,
        "role": "duty_officer",
        "since": today,
        "until": "",
        "note": ["một", "hai <b>"],
    }


def roles(commune, name="an"):
    with commune.acting("binh") as binh:
        rows = Membership.objects.visible_to(binh).current().filter(officer=commune.officers[name])
        return sorted(rows.values_list("role", flat=True))


def test_the_page_asks_and_carries_what_was_typed(commune, chief):
    page = chief.post(GIVE, given(commune))

    assert page.status_code == 200 and "Xác nhận lại là đồng chí" in text(page)
    for field in (f'name="username" value="{commune.an.username}"', 'name="note" value="một"', 'value="hai &lt;b&gt;"'):
        assert field in text(page)
    assert text(page).count("csrfmiddlewaretoken") == text(page).count('type="hidden" name="csrfmiddlewaretoken"')
    assert roles(commune) == ["officer"]


def test_the_right_password_does_what_was_asked(commune, chief):
    before = chief.session.session_key

    answer = chief.post(GIVE, given(commune) | {"fresh_for": "POST", "fresh_password": cast.PASSWORD})

    assert answer["Location"] == "/can-bo/"
    assert roles(commune) == ["duty_officer", "officer"]
    assert chief.session.session_key != before
    assert len(entries(commune, "officer.confirmed")) == 1


def test_a_wrong_password_asks_again_with_everything_kept(commune, chief):
    page = chief.post(GIVE, given(commune) | {"fresh_for": "POST", "fresh_password": "sai mật khẩu"})

    assert page.status_code == 422 and "Mật khẩu chưa đúng." in text(page)
    assert 'name="note" value="một"' in text(page) and "sai mật khẩu" not in text(page)
    assert roles(commune) == ["officer"]
    assert len(entries(commune, "officer.confirm_failed")) == 1
    assert chief.post(GIVE, given(commune) | {"fresh_for": "POST", "fresh_password": cast.PASSWORD}).status_code == 429


def test_five_minutes_are_fresh_and_no_longer(commune, chief):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        cast.make_fresh(chief)
        clock.shift(timedelta(minutes=4, seconds=59))
        assert chief.post(GIVE, given(commune)).status_code == 302
        clock.shift(timedelta(seconds=2))
        assert "Xác nhận lại" in text(chief.post(GIVE, given(commune)))


def test_who_has_an_app_may_give_its_code(commune, chief):
    with time_machine.travel(timezone.now() - timedelta(minutes=2), tick=True):
        secret, _ = enrol(chief)
    session = chief.session
    session["fresh_at"] = 0
    session.save()
    assert "Hoặc mã 6 số" in text(chief.post(GIVE, given(commune)))

    answer = chief.post(GIVE, given(commune) | {"fresh_for": "POST", "fresh_code": code_now(secret)})

    assert answer.status_code == 302


def test_a_page_to_read_comes_back_to_itself(commune, chief):
    assert "Xác nhận lại" in text(chief.get("/tai-khoan/ung-dung/"))

    answer = chief.post("/tai-khoan/ung-dung/", {"fresh_for": "GET", "fresh_password": cast.PASSWORD})

    assert (answer.status_code, answer["Location"]) == (302, "/tai-khoan/ung-dung/")
    assert "quét" in text(chief.get("/tai-khoan/ung-dung/"))


@pytest.mark.parametrize("moment", [-1.0, 10**12, "now", None, True])
def test_a_moment_nobody_wrote_is_not_fresh(commune, chief, moment):
    session = chief.session
    session["fresh_at"] = moment
    session.save()

    assert "Xác nhận lại" in text(chief.get("/tai-khoan/ung-dung/"))


def test_empty_is_a_sentence(commune, chief):
    page = chief.post(GIVE, given(commune) | {"fresh_for": "POST", "fresh_password": ""})

    assert page.status_code == 422 and "Nhập mật khẩu." in text(page)


def test_a_file_is_said_to_be_gone(commune, chief, tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with (tmp_path / "a.txt").open() as file:
        assert "hãy chọn lại tệp" in text(chief.post(GIVE, given(commune) | {"file": file}))

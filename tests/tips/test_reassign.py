"""Handing a case on: its officer is ill, away, or moved."""

import pytest

from tests.tips.scenes import TITLE, again, case_at, client_of, entries, text
from tips import actions

pytestmark = pytest.mark.usefixtures("commune")


def post(commune, name, case, to, **more):
    return client_of(commune, name).post(f"/vu-viec/{case.pk}/giao-lai/", {"officer": str(to.pk)} | more)


@pytest.mark.parametrize("status", ["in_progress", "closing"])
@pytest.mark.parametrize("name", ["cuong", "binh"])
def test_a_case_goes_to_another_officer(commune, status, name):
    case = case_at(commune, status)

    answer = post(commune, name, case, commune.em, reason="Đ/c An nghỉ ốm")

    assert answer.status_code == 302
    now = again(commune, case)
    assert (now.status, now.claimed_by_id) == (status, commune.em.pk)
    [entry] = entries(commune, "case.reassigned")
    assert entry.detail == {"before": str(commune.an.pk), "to": str(commune.em.pk)}
    page = text(client_of(commune, "em").get(f"/vu-viec/{case.pk}/"))
    assert "Giao lại" in page and f"{commune.an} → {commune.em}" in page and "Đ/c An nghỉ ốm" in page
    assert TITLE not in text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))


def test_it_is_news_to_the_new_officer(commune):
    case = case_at(commune, "in_progress")
    client_of(commune, "an").get(f"/vu-viec/{case.pk}/")

    post(commune, "cuong", case, commune.em)

    assert case.alias in text(client_of(commune, "em").get("/vu-viec/?muc=tin-moi"))


def test_the_page_offers_it_to_those_who_may(commune):
    case = case_at(commune, "in_progress")
    address = f"/vu-viec/{case.pk}/giao-lai/"

    for name in ("cuong", "dung", "binh"):
        client = client_of(commune, name)
        assert f'href="{address}"' in text(client.get(f"/vu-viec/{case.pk}/"))
        assert str(commune.em) in text(client.get(address))
    for name in ("an", "em"):
        assert address not in text(client_of(commune, name).get(f"/vu-viec/{case.pk}/"))
        assert client_of(commune, name).get(address).status_code == 403
        assert post(commune, name, case, commune.em).status_code == 403


@pytest.mark.parametrize("status", ["unclaimed", "closed"])
def test_only_what_somebody_has(commune, status):
    case = case_at(commune, status)

    answer = post(commune, "cuong", case, commune.em)

    assert answer.status_code == 409 and "đang có người xử lý" in text(answer)
    assert again(commune, case).status == status


def test_only_to_somebody_who_works_cases_here(commune, other_commune):
    case = case_at(commune, "in_progress")

    for to in (commune.giang, other_commune.an):
        assert post(commune, "cuong", case, to).status_code == 422
        with commune.acting("cuong") as officer, pytest.raises(actions.Refused):
            actions.reassign(case, to, by=officer)

    assert again(commune, case).claimed_by_id == commune.an.pk


def test_a_second_press_writes_no_second_line(commune):
    case = case_at(commune, "in_progress")

    for _ in range(2):
        assert post(commune, "cuong", case, commune.em).status_code == 302

    assert len(entries(commune, "case.reassigned")) == 1


def test_the_present_holder_is_no_choice(commune):
    case = case_at(commune, "in_progress")

    answer = post(commune, "cuong", case, commune.an)

    assert answer.status_code == 409
    assert f"{commune.an} đang giữ vụ việc này rồi" in text(answer)
    assert not entries(commune, "case.reassigned")


def test_the_duty_officer_hands_on_but_does_not_take(commune):
    """Otherwise the desk could read any case of the unit by handing it to itself."""
    case = case_at(commune, "in_progress")

    with commune.acting("cuong") as duty, pytest.raises(actions.Refused):
        actions.reassign(case, duty, by=duty)

    with commune.acting("binh") as chief:
        actions.reassign(case, chief, by=chief)

"""The list of cases."""

import pytest

from tests.tips.scenes import TIP, TITLE, case_at, client_of, queries, text, waiting_item
from tips import actions
from tips.models import Case
from zalopolice.units import keyring

pytestmark = pytest.mark.usefixtures("commune")


def test_everybody_sees_that_a_case_waits_and_nothing_of_its_words(commune):
    case = case_at(commune)

    page = text(client_of(commune, "an").get("/vu-viec/"))

    assert f"Nguồn tin {case.alias}" in page and "Vi phạm hành chính" in page and commune.area.name in page
    assert 'data-testid="claim"' in page
    assert TITLE not in page and TIP not in page and case.tip_code not in page


def test_who_has_it_and_command_read_the_title(commune):
    case = case_at(commune, "in_progress")

    for name in ("an", "binh", "dung"):
        assert TITLE in text(client_of(commune, name).get("/vu-viec/?muc=dang-xu-ly"))
    for name in ("em", "cuong"):
        page = text(client_of(commune, name).get("/vu-viec/?muc=dang-xu-ly"))
        assert case.alias in page and TITLE not in page and commune.an.full_name not in page


@pytest.mark.parametrize(
    ("status", "tab"),
    [("unclaimed", "chua-nhan"), ("in_progress", "dang-xu-ly"), ("closing", "cho-duyet"), ("closed", "da-ket-thuc")],
)
def test_each_status_has_its_tab(commune, status, tab):
    case = case_at(commune, status)
    client = client_of(commune, "an")

    for one in ("chua-nhan", "dang-xu-ly", "cho-duyet", "da-ket-thuc"):
        assert (case.alias in text(client.get(f"/vu-viec/?muc={one}"))) == (one == tab)
    assert (case.alias in text(client.get("/vu-viec/?muc=cua-toi"))) == (status in {"in_progress", "closing"})


def test_an_unknown_tab_is_the_first(commune):
    case = case_at(commune)

    assert case.alias in text(client_of(commune, "an").get("/vu-viec/?muc=%00x"))


@pytest.mark.parametrize("name", ["giang", "huy"])
def test_who_works_no_cases_finds_no_list(commune, name):
    assert client_of(commune, name).get("/vu-viec/").status_code == 404


def test_pages_follow_each_other_and_queries_do_not_grow(commune):
    case_at(commune)
    client = client_of(commune, "binh")
    keyring.forget()
    one = queries(client, "/vu-viec/")
    for number in range(26):
        item = waiting_item(commune, f"citizen {number}")
        with commune.acting("cuong") as officer:
            chosen = list(item.unsorted_messages())
            actions.open_case(item, chosen, title=f"Việc {number}.", classification="vphc", area=None, by=officer)
    keyring.forget()

    assert queries(client, "/vu-viec/") == one <= 12
    first = client.get("/vu-viec/")
    second = client.get("/vu-viec/", {"sau": first.context["following"]})
    assert (text(first).count("row gutter"), text(second).count("row gutter")) == (25, 2)


def test_an_urgent_case_stands_first(commune):
    first = case_at(commune)
    second = _another(commune)
    with commune.acting("cuong"):
        second.is_urgent = True
        second.save(update_fields=["is_urgent"])

    page = text(client_of(commune, "an").get("/vu-viec/"))

    assert page.index(second.alias) < page.index(first.alias)
    assert "Nguy hiểm tính mạng" in page


def _another(commune) -> Case:
    item = waiting_item(commune, "hoa")
    with commune.acting("cuong") as officer:
        chosen = list(item.unsorted_messages())
        return actions.open_case(item, chosen, title="Khác", classification="vphc", area=None, by=officer)

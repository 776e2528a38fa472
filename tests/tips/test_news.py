"""What its officer has not seen yet is on home and in the list until they look."""

import pytest

from tests import cast
from tests.tips.scenes import again, case_at, client_of, text
from tips import actions
from tips.models import TrayItem

pytestmark = pytest.mark.usefixtures("commune")
LINES = ("Nguồn tin nhắn thêm, đồng chí chưa đọc", "vụ việc của đơn vị có tin mới mà cán bộ xử lý chưa đọc")


def read_case(commune, status="in_progress"):
    case = case_at(commune, status)
    client_of(commune, "an").get(f"/vu-viec/{case.pk}/")
    return case


def more(commune, words="Họ vừa quay lại"):
    commune.hears("dung", words)
    cast.work_inbox(commune.zone)


def told(commune, name):
    page = text(client_of(commune, name).get("/"))
    return any(line in page for line in LINES)


def test_more_words_are_announced_to_who_has_it_and_to_command(commune):
    case = read_case(commune)
    assert not any(told(commune, name) for name in ("an", "binh"))

    more(commune)

    assert told(commune, "an") and told(commune, "binh") and told(commune, "dung")
    assert not told(commune, "em") and not told(commune, "cuong")
    for name in ("an", "binh"):
        page = text(client_of(commune, name).get("/vu-viec/?muc=tin-moi"))
        assert case.alias in page and 'badge soon">' in page and "Có tin mới</span>" in page
    assert case.alias not in text(client_of(commune, "em").get("/vu-viec/?muc=tin-moi"))
    assert "Có tin mới</span>" not in text(client_of(commune, "em").get("/vu-viec/?muc=dang-xu-ly"))


def test_only_its_officer_reads_it_off(commune):
    case = read_case(commune)
    more(commune)

    client_of(commune, "binh").get(f"/vu-viec/{case.pk}/")
    assert told(commune, "an")

    client_of(commune, "an").get(f"/vu-viec/{case.pk}/")
    assert not told(commune, "an") and not told(commune, "binh")


def test_words_that_waited_in_the_tray_are_news_although_they_are_old(commune):
    """The officer looked after they were written and before they were added."""
    case = case_at(commune, "in_progress")
    more(commune, "Cứu tôi với, nó đang cầm dao trước nhà")
    client_of(commune, "an").get(f"/vu-viec/{case.pk}/")
    assert not told(commune, "an")

    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get(status="waiting")
        actions.add_to_case(item, list(item.unsorted_messages()), case, by=officer)

    assert told(commune, "an")


def test_a_case_given_to_somebody_is_news_to_them(commune):
    case = case_at(commune)
    assert not told(commune, "binh")  # nobody has it yet; that is another line

    with commune.acting("cuong") as officer:
        actions.assign(case, commune.em, by=officer)

    assert told(commune, "em")


def test_a_closed_case_is_no_news(commune):
    read_case(commune, "closing")
    more(commune)
    with commune.acting("binh") as chief:
        from tips.models import Case

        actions.close(Case.objects.visible_to(chief).get(), by=chief)

    assert not told(commune, "an") and not told(commune, "binh")


def test_the_line_counts_from_when_it_waits(commune):
    case = read_case(commune)
    assert again(commune, case).unread_since is None
    more(commune)
    first = again(commune, case).unread_since
    more(commune, "Nhanh lên")

    assert again(commune, case).unread_since == first is not None

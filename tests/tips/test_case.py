"""The page of one case."""

import pytest

from tests import cast
from tests.tips.scenes import NOBODY, TIP, TITLE, case_at, client_of, entries, queries, text
from tips import actions
from zalopolice.gateway.models import Message
from zalopolice.units import keyring

pytestmark = pytest.mark.usefixtures("commune")


def test_before_claiming_one_sees_that_it_exists_and_nothing_of_its_words(commune):
    case = case_at(commune)

    page = text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))

    assert f"Nguồn tin {case.alias}" in page and "Vi phạm hành chính" in page and 'data-testid="claim"' in page
    for hidden in (TIP, TITLE, case.tip_code, "timeline-entry", "reply-text", str(case.citizen_id)):
        assert hidden not in page


def test_who_has_it_reads_the_timeline_and_acts(commune):
    case = case_at(commune, "in_progress")

    page = text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))

    for shown in (TIP, TITLE, case.tip_code, 'data-testid="case-title"', 'data-testid="timeline-entry"', "Nhận xử lý"):
        assert shown in page
    assert 'data-testid="reply-text"' in page and 'data-testid="propose-closing"' in page
    assert "Công an đã tiếp nhận tin" in page  # the automatic answer belongs to the story
    assert str(case.citizen_id) not in page and commune.user_id("dung") not in page


@pytest.mark.parametrize("status", ["in_progress", "closing", "closed"])
def test_colleagues_never_read_the_words(commune, status):
    case = case_at(commune, status)

    for name in ("em", "cuong"):
        page = text(client_of(commune, name).get(f"/vu-viec/{case.pk}/"))
        for hidden in (TIP, TITLE, "Đã nhắc nhở", "reply-text", "claim"):
            assert hidden not in page
        # Who may hand it to somebody else has to know who has it.
        assert (commune.an.full_name in page) == (name == "cuong" and status != "closed")


def test_looking_is_on_record_and_says_whether_words_were_read(commune):
    case = case_at(commune, "in_progress")

    client_of(commune, "em").get(f"/vu-viec/{case.pk}/")
    client_of(commune, "an").get(f"/vu-viec/{case.pk}/")

    seen = entries(commune, "case.viewed")
    assert [(entry.actor_id, entry.detail) for entry in seen] == [
        (commune.em.pk, {"words": False}),
        (commune.an.pk, {"words": True}),
    ]


def test_what_one_may_not_see_is_the_same_page_as_what_is_not_there(commune, other_commune):
    case = case_at(commune)

    pages = [
        client_of(other_commune, "binh").get(f"/vu-viec/{case.pk}/"),
        client_of(commune, "huy").get(f"/vu-viec/{case.pk}/"),
        client_of(commune, "binh").get(f"/vu-viec/{NOBODY}/"),
        client_of(other_commune, "binh").post(f"/vu-viec/{case.pk}/tra-loi/", {"text": "x"}),
        client_of(other_commune, "an").post(f"/vu-viec/{case.pk}/nhan/"),
    ]

    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1


def test_the_number_of_queries_does_not_grow(commune, zone):
    case = case_at(commune, "closing")
    client = client_of(commune, "binh")
    keyring.forget()
    one = queries(client, f"/vu-viec/{case.pk}/")
    for number in range(10):
        commune.hears("dung", f"Thêm lời thứ {number}")
    cast.work_inbox(zone)
    with commune.acting("an") as officer:
        for number in range(5):
            actions.reply(case, f"Trả lời {number}", by=officer)
    keyring.forget()

    assert queries(client, f"/vu-viec/{case.pk}/") == one <= 14


def test_an_unclaimed_case_stays_within_the_budget_for_command(commune):
    case = case_at(commune)
    client = client_of(commune, "binh")
    keyring.forget()

    assert queries(client, f"/vu-viec/{case.pk}/") <= 14


def test_a_long_timeline_has_older_pages(commune, monkeypatch):
    monkeypatch.setattr("tips.threads.SIZE", 3)
    case = case_at(commune, "in_progress")
    with commune.acting("an") as officer:
        for number in range(5):
            actions.note(case, f"Ghi chú số {number}.", by=officer)
    client = client_of(commune, "an")

    seen, place = [], ""
    for _ in range(10):
        answer = client.get(f"/vu-viec/{case.pk}/", {"sau": place})
        seen.append(text(answer))
        place = answer.context["thread"].older
        if not place:
            break

    assert all(sum(f"Ghi chú số {number}." in page for page in seen) == 1 for number in range(5))
    assert sum(TIP in page for page in seen) == 1
    assert sum("Công an đã tiếp nhận tin" in page for page in seen) == 1


def test_words_typed_past_the_portal_are_in_the_timeline(commune, zone):
    case = case_at(commune, "in_progress")
    with zone("vault"):
        Message.objects.create(
            unit_id=commune.unit.pk, oa=commune.oa, citizen_id=case.citizen_id, direction="out", origin="console",
            text="Gõ từ trang quản trị", sent_at=case.opened_at, state="sent",
        )  # fmt: skip

    assert "Gõ từ trang quản trị" in text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))


def test_the_browser_tab_tells_no_title(commune):
    case = case_at(commune, "in_progress")

    page = text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))

    head = page[page.index("<title>") : page.index("</title>")]
    assert case.tip_code in head and TITLE not in head

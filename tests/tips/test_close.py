"""Proposing the end of a case, approving it, and sending it back."""

import pytest

from tests import cast
from tests.tips.scenes import again, case_at, client_of, entries, text
from tips import actions

pytestmark = pytest.mark.usefixtures("commune")


def post(commune, name, case, act, **form):
    return client_of(commune, name).post(f"/vu-viec/{case.pk}/{act}/", form)


def test_the_end_is_proposed_with_result_and_summary(commune, zone):
    case = case_at(commune, "in_progress")

    answer = post(commune, "an", case, "de-nghi-ket-thuc", result="warned", summary="Đã nhắc nhở bốn người")

    assert answer.status_code == 302
    now = again(commune, case)
    assert (now.status, now.result, now.summary) == ("closing", "warned", "Đã nhắc nhở bốn người")
    assert len(entries(commune, "case.closing_proposed")) == 1
    assert "Đang chờ phó trưởng" in text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "Chọn kết quả."),
        ({"result": "magic", "summary": "Tóm tắt dài"}, "Chọn kết quả."),
        ({"result": "warned", "summary": " "}, "Viết tóm tắt"),
        ({"result": "warned", "summary": "x" * 4001}, "Dài quá 1 ký tự"),
    ],
)
def test_a_wrong_proposal_comes_back(commune, form, said):
    case = case_at(commune, "in_progress")

    answer = post(commune, "an", case, "de-nghi-ket-thuc", **form)

    assert answer.status_code == 422
    assert said in text(answer) and form.get("summary", "").strip() in text(answer)
    assert again(commune, case).status == "in_progress"


def test_a_proposal_that_comes_too_late_keeps_its_words(commune):
    case = case_at(commune, "closing")

    answer = post(commune, "an", case, "de-nghi-ket-thuc", result="unfounded", summary="Lời gõ sau")

    assert answer.status_code == 409 and "Lời gõ sau" in text(answer)
    assert again(commune, case).summary == "Đã nhắc nhở"


def test_the_chief_sees_what_the_source_will_read_and_closes(commune, zone):
    case = case_at(commune, "closing")

    page = text(client_of(commune, "binh").get(f"/vu-viec/{case.pk}/"))
    answer = post(commune, "binh", case, "ket-thuc", seen="1")

    words = cast.outbound(zone)[-1].text
    assert words in page and 'data-testid="confirm-closing"' in page
    assert answer.status_code == 302
    assert again(commune, case).status == "closed"
    assert len(entries(commune, "case.closed")) == 1


def test_nobody_approves_their_own_proposal(commune):
    case = case_at(commune, "closing", by="binh")

    page = text(client_of(commune, "binh").get(f"/vu-viec/{case.pk}/"))
    answer = post(commune, "binh", case, "ket-thuc")

    assert "confirm-closing" not in page and "Cần một lãnh đạo khác" in page
    assert answer.status_code == 409 and "không thể tự duyệt" in text(answer)
    assert again(commune, case).status == "closing"


def test_words_that_came_after_the_proposal_are_read_first(commune, zone):
    case = case_at(commune, "closing")
    commune.hears("dung", "Khoan, họ quay lại rồi")
    cast.work_inbox(zone)

    answer = post(commune, "binh", case, "ket-thuc", seen="1")

    assert answer.status_code == 409
    assert "Nguồn tin vừa nhắn thêm" in text(answer) and "họ quay lại rồi" in text(answer)
    assert 'name="seen" value="2"' in text(answer)


@pytest.mark.parametrize("name", ["an", "em", "cuong"])
@pytest.mark.parametrize("act", ["ket-thuc", "chua-dong-y"])
def test_only_command_decides(commune, name, act):
    case = case_at(commune, "closing")

    assert post(commune, name, case, act, reason="x").status_code == 403


def test_the_chief_sends_it_back_with_a_reason(commune):
    case = case_at(commune, "closing")

    answer = post(commune, "dung", case, "chua-dong-y", reason="Chưa hỏi người bị hại")

    assert answer.status_code == 302
    now = again(commune, case)
    assert (now.status, now.proposed_by_id, now.result) == ("in_progress", None, "")
    assert "Chưa hỏi người bị hại" in text(client_of(commune, "an").get(f"/vu-viec/{case.pk}/"))
    assert len(entries(commune, "case.closing_returned")) == 1


def test_a_return_without_reason_is_a_sentence(commune):
    case = case_at(commune, "closing")

    answer = post(commune, "binh", case, "chua-dong-y")

    assert answer.status_code == 422 and "Ghi lý do" in text(answer)


def test_a_case_closed_meanwhile_refuses_both_decisions(commune):
    case = case_at(commune, "closed")

    for act, form in (("ket-thuc", {}), ("chua-dong-y", {"reason": "Lý do gõ sau"})):
        answer = post(commune, "dung", case, act, **form)
        assert answer.status_code == 409
        assert "Không thể chuyển từ “Kết thúc”" in text(answer) and form.get("reason", "") in text(answer)


@pytest.mark.parametrize("status", ["unclaimed", "in_progress", "closing", "closed"])
def test_each_status_has_a_page(commune, status):
    case = case_at(commune, status)

    for name in ("an", "em", "cuong", "binh", "dung"):
        assert client_of(commune, name).get(f"/vu-viec/{case.pk}/").status_code == 200


def test_the_whole_way_leaves_its_trace_in_order(commune, zone):
    case = case_at(commune, "closed")

    kinds = ["case.opened", "case.claimed", "case.closing_proposed", "case.closed"]
    times = [entries(commune, kind)[0].at for kind in kinds]
    assert times == sorted(times)
    assert case.tip_code in cast.outbound(zone)[-1].text
    with commune.acting("binh") as chief, pytest.raises(actions.Refused):
        actions.close(case, by=chief)

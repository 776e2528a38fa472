"""Proposing the end of a case, approving it, and sending it back."""

import pytest

from tests import cast
from tests.tips.scenes import NOBODY, again, case_at, client_of, entries, hidden, text
from tips import actions
from zalopolice.gateway import outbox

pytestmark = pytest.mark.usefixtures("commune")


def post(commune, name, case, act, **form):
    return client_of(commune, name).post(f"/vu-viec/{case.pk}/{act}/", form)


def approval(commune, case):
    """What the chief's page sends when they approve."""
    page = client_of(commune, "binh").get(f"/vu-viec/{case.pk}/")
    return {name: hidden(page, name) for name in ("seen", "proposed_at")}


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
        ({"result": "warned", "summary": "x" * 4001}, "Thừa 1 ký tự"),
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
    answer = post(commune, "binh", case, "ket-thuc", **approval(commune, case))

    words = cast.outbound(zone)[-1].text
    assert words in page and 'data-testid="confirm-closing"' in page
    assert answer.status_code == 302
    assert again(commune, case).status == "closed"
    assert len(entries(commune, "case.closed")) == 1


def test_nobody_approves_their_own_proposal(commune):
    case = case_at(commune, "closing", by="binh")

    page = text(client_of(commune, "binh").get(f"/vu-viec/{case.pk}/"))
    answer = post(commune, "binh", case, "ket-thuc", **approval(commune, case))

    assert "confirm-closing" not in page and "Cần một lãnh đạo khác" in page
    assert answer.status_code == 409 and "không thể tự duyệt" in text(answer)
    assert again(commune, case).status == "closing"


def test_words_that_came_after_the_proposal_are_read_first(commune, zone):
    case = case_at(commune, "closing")
    form = approval(commune, case)
    commune.hears("dung", "Khoan, họ quay lại rồi")
    cast.work_inbox(zone)

    answer = post(commune, "binh", case, "ket-thuc", **form)

    assert answer.status_code == 409
    assert "Nguồn tin vừa nhắn thêm" in text(answer) and "họ quay lại rồi" in text(answer)
    assert len(hidden(answer, "seen").split()) == 2 and hidden(answer, "seen") != form["seen"]


def test_the_number_of_messages_alone_proves_nothing(commune, zone):
    case = case_at(commune, "closing")
    form = approval(commune, case) | {"seen": str(NOBODY)}

    answer = post(commune, "binh", case, "ket-thuc", **form)

    assert answer.status_code == 409 and "Nguồn tin vừa nhắn thêm" in text(answer)
    assert again(commune, case).status == "closing"


def test_what_is_approved_is_what_was_read(commune, zone):
    case = case_at(commune, "closing")
    form = approval(commune, case)
    with commune.acting("dung") as deputy:
        actions.return_to_work(case, reason="Chưa rõ", by=deputy)
    with commune.acting("an") as officer:
        actions.propose_closing(case, result="admin_sanction", summary="Đã lập biên bản", by=officer)

    answer = post(commune, "binh", case, "ket-thuc", **form)

    assert answer.status_code == 409
    assert "đã khác bản đồng chí đọc" in text(answer) and "Đã lập biên bản" in text(answer)
    assert again(commune, case).status == "closing"
    assert post(commune, "binh", case, "ket-thuc", **approval(commune, case)).status_code == 302
    assert again(commune, case).result == "admin_sanction"


@pytest.mark.parametrize("proposed_at", ["", "x", "\x00", "2026-13-45"])
def test_an_approval_of_no_proposal_is_a_sentence(commune, proposed_at):
    case = case_at(commune, "closing")

    answer = post(commune, "binh", case, "ket-thuc", **approval(commune, case) | {"proposed_at": proposed_at})

    assert answer.status_code == 422 and "Trang này đã cũ" in text(answer)


def test_what_the_source_is_told_is_the_result_that_was_approved(commune, zone):
    """The verb works with the row as it is, not with the one its caller read a while ago."""
    case = case_at(commune, "closing")
    old = again(commune, case)
    with commune.acting("dung") as deputy:
        actions.return_to_work(case, reason="Chưa rõ", by=deputy)
    with commune.acting("an") as officer:
        actions.propose_closing(case, result="unfounded", summary="Không có căn cứ", by=officer)
    with commune.acting("binh") as chief:
        actions.close(old, by=chief)

    told = cast.outbound(zone)[-1].text
    assert outbox.words("case_closed", code=case.tip_code, result="unfounded") == told
    assert again(commune, case).result == "unfounded"


def test_a_second_press_proposes_once(commune):
    case = case_at(commune, "in_progress")
    form = {"result": "warned", "summary": "Đã nhắc nhở bốn người"}

    first, second = (post(commune, "an", case, "de-nghi-ket-thuc", **form) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 302)
    assert len(entries(commune, "case.closing_proposed")) == 1


def test_nobody_sends_back_what_nobody_has_taken(commune):
    case = case_at(commune)

    answer = post(commune, "binh", case, "chua-dong-y", reason="Chưa rõ")

    assert answer.status_code == 409 and again(commune, case).status == "unclaimed"


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
    case = case_at(commune, "closing")
    approved = approval(commune, case)
    with commune.acting("binh") as chief:
        actions.close(case, by=chief)

    for act, form in (("ket-thuc", approved), ("chua-dong-y", {"reason": "Lý do gõ sau"})):
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

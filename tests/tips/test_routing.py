"""Where later words of a source go: to the case, to the duty officer, and never to nobody."""

import pytest

from tests import cast
from tips import actions, danger, tray_actions
from tips.models import Case, TrayItem
from zalopolice.gateway.models import Citizen

pytestmark = pytest.mark.usefixtures("commune")


def open_case(commune, zone, citizen="dung", first="Tôi muốn báo tin: đánh bạc ở nhà văn hóa"):
    commune.hears(citizen, first)
    cast.work_inbox(zone)
    with commune.acting("cuong") as duty:
        item = TrayItem.objects.visible_to(duty).get()
        messages = list(item.unsorted_messages())
        return actions.open_case(item, messages, title="Vụ", classification="tin_antt", area=None, by=duty)


@pytest.mark.parametrize("answer", ["Đúng", "Dũng", "Huy", "dung", "Dừng", "STOP."])
def test_an_answer_to_an_officer_goes_to_the_case(commune, zone, answer):
    case = open_case(commune, zone)
    before = len(cast.outbound(zone))

    commune.hears("dung", answer)
    cast.work_inbox(zone)

    with commune.acting("binh"):
        assert case.filed.count() == 2
    assert len(cast.outbound(zone)) == before


@pytest.mark.parametrize(("word", "silent"), [("STOP", True), ("Dừng lại!", True), ("đúng", False), ("Huy", False)])
def test_stop_is_what_is_written(commune, zone, word, silent):
    commune.hears("dung", word)
    cast.work_inbox(zone)

    with zone("vault"):
        assert Citizen.objects.get().wants_silence is silent


def test_danger_from_a_source_with_a_case_reaches_the_duty_officer(commune, zone):
    case = open_case(commune, zone)

    commune.hears("dung", "Cứu tôi với, nó đang cầm dao trước nhà")
    cast.work_inbox(zone)

    with commune.acting("cuong") as duty:
        [item] = TrayItem.objects.visible_to(duty).waiting()
        assert item.is_urgent
        assert Case.objects.get(pk=case.pk).is_urgent
    assert "113" in cast.outbound(zone)[-1].text


UNLISTED = "em mệt quá rồi, em viết thư xong hết rồi, tối nay em đi, nhờ mấy anh mai qua mở cửa phòng báo cho mẹ em"
"""No word of the rules (``tips/danger.py``): only what was learnt hears it."""


@pytest.mark.parametrize("first", ["Tôi muốn báo tin: đánh bạc ở nhà văn hóa", "case", "officer"])
def test_danger_that_no_rule_names_rings_inside_a_tip_too(commune, zone, first):
    assert danger.assess(UNLISTED) is danger.Danger.NONE
    if first == "case":
        open_case(commune, zone)
    else:
        commune.hears("dung", first if first != "officer" else "Chào anh chị")
        cast.work_inbox(zone)
    if first == "officer":
        with commune.acting("cuong") as duty:
            tray_actions.answer_from_tray(TrayItem.objects.visible_to(duty).get(), "Chị cứ nói ạ.", by=duty)

    commune.hears("dung", UNLISTED)
    cast.work_inbox(zone)

    with commune.acting("cuong") as duty:
        assert [item.is_urgent for item in TrayItem.objects.visible_to(duty).waiting()] == [True]
    assert "113" in cast.outbound(zone)[-1].text


def test_an_open_question_does_not_keep_words_from_the_case(commune, zone):
    case = open_case(commune, zone, first="Chào anh chị")
    answers = len(cast.outbound(zone))

    commune.hears("dung", "Nhà số 45 có đánh bạc")
    commune.hears("dung", "1")
    cast.work_inbox(zone)

    with commune.acting("binh"):
        assert case.filed.count() == 3
    assert len(cast.outbound(zone)) == answers


def test_kinds_zalo_invents_after_us_are_read_by_somebody(commune, zone):
    commune.hears("dung", event_name="user_send_voice", attachments=[{"type": "voice", "payload": {"url": "x"}}])

    cast.work_inbox(zone)

    with commune.acting("cuong") as duty:
        assert TrayItem.objects.visible_to(duty).get().filed.count() == 1


def test_an_answer_goes_to_the_case_that_asked(commune, zone):
    """One source with two open cases answers whoever asked last, not whichever case is younger."""
    asking = open_case(commune, zone)
    commune.hears("dung", "Cứu với, đang cướp ở chợ")
    cast.work_inbox(zone)
    with commune.acting("cuong") as duty:
        [item] = TrayItem.objects.visible_to(duty).waiting()
        found = list(item.unsorted_messages())
        younger = actions.open_case(item, found, title="Hai", classification="tin_antt", area=None, by=duty)
    with commune.acting("an") as officer:
        actions.claim(Case.objects.get(pk=asking.pk), by=officer)
        actions.reply(Case.objects.get(pk=asking.pk), "Quán tên gì ạ?", by=officer)

    commune.hears("dung", "Quán Hoa Phượng")
    cast.work_inbox(zone)

    with commune.acting("binh"):
        assert asking.filed.count() == 2
        assert younger.filed.count() == 1


def test_the_same_words_do_not_go_out_twice_after_back(commune, zone):
    case = open_case(commune, zone)
    with commune.acting("an") as officer:
        actions.claim(case, by=officer)
        actions.reply(case, "Chúng tôi đang đến.", by=officer)
        with pytest.raises(actions.Refused):
            actions.reply(case, "Chúng tôi đang đến. ", by=officer)
        actions.reply(case, "Chúng tôi đang đến, 5 phút nữa.", by=officer)

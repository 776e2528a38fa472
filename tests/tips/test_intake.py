import pytest

from tests import cast
from tests.tips.scenes import DANGER, again, case_at
from tips import actions, intake
from tips.models import Case, CaseEntry, TrayItem

pytestmark = pytest.mark.usefixtures("commune")


def test_a_tip_lands_in_the_tray_with_its_code(commune, zone):
    commune.hears("dung", "Tôi muốn báo tin: có nhóm đánh bạc ở nhà văn hóa")

    cast.work_inbox(zone)

    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get()
        assert item.kind == TrayItem.Kind.TIP
        assert item.filed.get().message.text.startswith("Tôi muốn báo tin")
    [answer] = cast.outbound(zone)
    assert item.tip_code in answer.text


def test_an_unclear_message_is_asked_back_and_kept(commune, zone):
    commune.hears("dung", "Cho tôi hỏi với ạ")
    cast.work_inbox(zone)
    commune.hears("dung", "1")
    cast.work_inbox(zone)

    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get()
        assert item.kind == TrayItem.Kind.TIP
        assert item.filed.count() == 2
    asked, received = cast.outbound(zone)
    assert "1. Báo tin" in asked.text
    assert item.tip_code in received.text


def test_danger_goes_to_the_top_and_safety_comes_first(commune, zone):
    commune.hears("dung", "Cứu tôi với, nó đang cầm dao trước nhà")

    cast.work_inbox(zone)

    with commune.acting("cuong") as officer:
        assert TrayItem.objects.visible_to(officer).get().is_urgent
    [answer] = cast.outbound(zone)
    assert "113" in answer.text
    with commune.acting("an") as officer:
        assert not Case.objects.visible_to(officer).exists()


def test_danger_from_a_source_with_a_case_wakes_the_desk_too(commune, zone):
    case = case_at(commune, "in_progress")
    commune.hears("dung", DANGER)

    cast.work_inbox(zone)

    assert again(commune, case).is_urgent
    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get(status="waiting")
        assert (item.is_urgent, item.kind) == (True, TrayItem.Kind.TIP)
        actions.add_to_case(item, list(item.unsorted_messages()), case, by=officer)
        assert CaseEntry.objects.filter(case=case, kind="received").count() == 2


def test_an_alarm_files_nothing(commune):
    case = case_at(commune, "in_progress")

    with commune.acting("an"):
        before = CaseEntry.objects.filter(case=case).count()
        intake.mark_urgent(case)
        assert CaseEntry.objects.filter(case=case).count() == before

    assert again(commune, case).is_urgent

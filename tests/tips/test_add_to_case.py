"""Adding messages of a thread to an open case of the same source."""

import pytest

from tests import cast
from tests.tips.scenes import DANGER, NOBODY, again, case_at, client_of, entries, text, waiting_item
from tips import actions
from tips.models import CaseEntry, TrayItem
from zalopolice.gateway.models import Citizen

pytestmark = pytest.mark.usefixtures("commune")


def danger_in_tray(commune, zone):
    """A source with an open case cries for help: that lands in the tray."""
    commune.hears("dung", DANGER)
    cast.work_inbox(zone)
    with commune.acting("cuong") as officer:
        item = TrayItem.objects.visible_to(officer).get(status="waiting")
        return item, [str(row.pk) for row in item.unsorted_messages()]


def test_messages_join_the_case(commune, zone):
    case = case_at(commune)
    item, chosen = danger_in_tray(commune, zone)

    page = client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/")
    answer = client_of(commune, "cuong").post(
        f"/hop-tin/{item.pk}/them-vao-vu-viec/", {"messages": chosen, "case": str(case.pk)}
    )

    assert f"{case.tip_code} · Nguồn tin {case.alias}" in text(page)
    assert answer.status_code == 302 and answer["Location"] == f"/vu-viec/{case.pk}/"
    assert again(commune, item).status == TrayItem.Status.SORTED
    with commune.acting("cuong"):
        assert CaseEntry.objects.filter(case=case, kind="received").count() == 2
    assert len(entries(commune, "case.messages_added")) == 1


def test_an_alarm_comes_along(commune, zone):
    case = case_at(commune)
    item, chosen = danger_in_tray(commune, zone)
    with commune.acting("cuong") as officer:
        item.is_urgent = True
        item.save(update_fields=["is_urgent"])
        actions.add_to_case(item, list(item.unsorted_messages()), case, by=officer)

    assert again(commune, case).is_urgent


@pytest.mark.parametrize("case", ["", "x", "\x00", str(NOBODY)])
def test_an_unknown_case_is_a_sentence_and_the_title_stays(commune, zone, case):
    case_at(commune)
    item, chosen = danger_in_tray(commune, zone)

    answer = client_of(commune, "cuong").post(
        f"/hop-tin/{item.pk}/them-vao-vu-viec/", {"messages": chosen, "case": case, "title": "Đang gõ"}
    )

    assert answer.status_code == 422
    assert "Chọn vụ việc để thêm tin vào." in text(answer) and 'value="Đang gõ"' in text(answer)


def test_a_case_of_another_source_is_not_offered_and_not_taken(commune):
    case, item = case_at(commune), waiting_item(commune, "hoa")
    with commune.acting("cuong"):
        chosen = [str(row.pk) for row in item.unsorted_messages()]

    page = client_of(commune, "cuong").get(f"/hop-tin/{item.pk}/")
    answer = client_of(commune, "cuong").post(
        f"/hop-tin/{item.pk}/them-vao-vu-viec/", {"messages": chosen, "case": str(case.pk)}
    )

    assert "Thêm vào vụ việc" not in text(page)
    assert answer.status_code == 422


def test_the_verb_itself_refuses_another_source(commune):
    case, item = case_at(commune), waiting_item(commune, "hoa")

    with commune.acting("cuong") as officer, pytest.raises(actions.Refused):
        actions.add_to_case(item, list(item.unsorted_messages()), case, by=officer)

    with commune.zone("owner"):
        assert Citizen.objects.count() == 2

"""Two people at one case at the same moment: each act meets the case as it is, and nobody waits for ever."""

import threading
import time

import pytest
from django.core.exceptions import PermissionDenied

from tests import cast
from tests.crowd import crowd
from tests.tips.scenes import DANGER, again, case_at, client_of
from tips import actions, intake
from tips.models import Case, CaseEntry, TrayItem
from zalopolice.gateway.models import Citizen

pytestmark = pytest.mark.usefixtures("commune")


def danger_in_tray(commune):
    commune.hears("dung", DANGER)
    cast.work_inbox(commune.zone)
    with commune.acting("cuong") as officer:
        return TrayItem.objects.visible_to(officer).get(status="waiting")


ACTS = {
    "reply": lambda case, by: actions.reply(case, "Chào bạn", by=by),
    "propose": lambda case, by: actions.propose_closing(case, result="warned", summary="x", by=by),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_case_closed_meanwhile_takes_nothing_more(commune, name):
    case = case_at(commune, "closing")
    old = again(commune, case)
    with commune.acting("binh") as chief:
        actions.close(case, by=chief)
        before = CaseEntry.objects.filter(case=case).count()

    with commune.acting("an") as officer, pytest.raises(actions.Refused):
        ACTS[name](old, officer)

    with commune.acting("an"):
        assert CaseEntry.objects.filter(case=case).count() == before


def test_a_case_closed_meanwhile_takes_no_messages(commune):
    case = case_at(commune, "closing")
    item, old = danger_in_tray(commune), again(commune, case)
    with commune.acting("binh") as chief:
        actions.close(case, by=chief)

    with commune.acting("cuong") as officer, pytest.raises(actions.Refused):
        actions.add_to_case(item, list(item.unsorted_messages()), old, by=officer)

    assert again(commune, item).status == TrayItem.Status.WAITING


@pytest.mark.parametrize("verb", [actions.reply, actions.note])
def test_whoever_lost_the_case_meanwhile_does_nothing_more(commune, verb):
    case = case_at(commune, "in_progress")
    old = again(commune, case)
    with commune.acting("cuong") as duty:
        actions.reassign(case, commune.em, by=duty)

    with commune.acting("an") as officer, pytest.raises(PermissionDenied):
        verb(old, "Chào bạn", by=officer)


def test_a_reply_and_the_end_at_the_same_moment(commune, zone):
    """Either the reply is before the end, or it is refused: never after it."""

    def replies():
        with commune.acting("an") as officer:
            return actions.reply(old, "Chào bạn", by=officer)

    def closes():
        with commune.acting("binh") as chief:
            return actions.close(old, by=chief)

    for _ in range(5):
        case = case_at(commune, "closing")
        old = again(commune, case)
        replied, _ = crowd("web", [replies, closes])
        with commune.acting("an"):
            kinds = list(CaseEntry.objects.filter(case=case).order_by("at").values_list("kind", flat=True))
        assert kinds[-2:] == ["closed", "told"]
        assert ("replied" in kinds) == (not isinstance(replied, actions.Refused))


def test_routing_and_sorting_never_wait_for_each_other(commune):
    """Routing holds the case and takes the thread; whoever held the thread and wanted the case would block both."""
    case = case_at(commune, "in_progress")
    item = danger_in_tray(commune)
    results = []

    def adds():
        def job():
            with commune.acting("cuong") as officer:
                actions.add_to_case(item, list(item.unsorted_messages()), case, by=officer)

        results.extend(crowd("web", [job]))

    with commune.acting("binh"):
        message = item.received_messages().get()
        assert intake.open_case_of(Citizen.objects.get(pk=case.citizen_id)).pk == case.pk
        officer = threading.Thread(target=adds)
        officer.start()
        time.sleep(0.7)  # the officer stands at the case now
        TrayItem.objects.select_for_update().get(citizen=message.citizen_id, status="waiting")
    officer.join(20)

    assert results == [None]
    assert again(commune, item).status == TrayItem.Status.SORTED


@pytest.mark.parametrize("status", ["closing", "closed", "in_progress"])
@pytest.mark.parametrize("act", ["nhan", "phan-cong"])
def test_a_case_somebody_has_cannot_be_taken(commune, status, act):
    """From "waiting for approval" an arrow leads back to "in progress": for command's "not yet", for nobody else."""
    case = case_at(commune, status)

    name, form = ("em", {}) if act == "nhan" else ("cuong", {"officer": str(commune.em.pk)})
    answer = client_of(commune, name).post(f"/vu-viec/{case.pk}/{act}/", form)

    assert answer.status_code == 409
    now = again(commune, case)
    assert (now.status, now.claimed_by_id) == (status, commune.an.pk)
    with commune.acting("em") as officer:
        assert not Case.objects.readable_by(officer).exists()

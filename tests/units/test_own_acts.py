"""Nobody's bell rings for what they did themselves; that of everybody else it concerns does."""

from __future__ import annotations

from datetime import date

import pytest

from broadcasts import actions as broadcasts
from broadcasts import leaving
from procedures import actions as procedures
from procedures import flow_actions
from tests import cast
from tests.broadcasts import scenes as posts
from tests.procedures import flow_scenes, scenes
from tests.tips.scenes import DANGER, case_at, waiting_item
from tests.units.test_alerts import told
from tips import actions as tips
from tips.models import Case
from zalopolice.units.models import Alert, Membership
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission, Role

pytestmark = pytest.mark.usefixtures("deputed")
Kind = Alert.Kind


@pytest.fixture
def deputed(commune, zone):
    """Dung, so that two may approve posts: an actor who could hear themselves, and another."""
    facts = {"role": Role.DEPUTY_CHIEF, "since": date(2026, 1, 2), "deputation": "12/UQ"}
    with zone("owner"):
        Membership.objects.create(unit=commune.unit, officer=commune.dung, **facts)


def added(commune, by, holder):
    case = case_at(commune, "in_progress", by=holder)
    item = waiting_item(commune, "dung", DANGER)
    with commune.acting(by) as officer:
        tips.add_to_case(item, list(item.unsorted_messages()), case, by=officer)


def assigned(commune, by, to):
    case = case_at(commune)
    with commune.acting(by) as officer:
        tips.assign(case, commune.officers[to], by=officer)


def reassigned(commune, by, to):
    case = case_at(commune, "in_progress", by="em")
    with commune.acting(by) as officer:
        tips.reassign(case, commune.officers[to], by=officer)


def proposed(commune, by):
    case_at(commune, "closing", by=by)


def not_closed(commune, by, holder):
    case = case_at(commune, "closing", by=holder)
    with commune.acting(by) as officer:
        tips.return_to_work(case, reason="Chưa rõ", by=officer)


def post_submitted(commune, by):
    posts.post_at(commune, "submitted", writer=by)


def post_returned(commune, by, writer):
    version = posts.post_at(commune, "submitted", writer=writer)
    with commune.acting(by) as officer:
        broadcasts.return_(version, reason="Chưa rõ", by=officer)


def post_approved(commune, by, writer):
    version = posts.post_at(commune, "submitted", writer=writer)
    with commune.acting(by) as officer:
        broadcasts.approve(version, by=officer, seen=version.digest)


def post_held(commune, by, writer):
    version = posts.post_at(commune, "scheduled", writer=writer)
    with commune.acting(by) as officer:
        broadcasts.hold(version, reason="Chờ ý kiến tỉnh", by=officer)


def office(commune, by):
    return scenes.Office(commune.unit, commune.officers[by], commune.binh)


def text_submitted(commune, by):
    scenes.in_review(office(commune, by))


def menu_submitted(commune, by):
    flow_scenes.submitted(office(commune, by), "Giờ họp", phrases=["giờ họp"], text="Thứ Năm")


def text_returned(commune, by, writer):
    version = scenes.in_review(office(commune, writer))
    with commune.acting(by) as officer:
        procedures.return_with_reason(version, reason="Chưa rõ", by=officer)


def menu_returned(commune, by, writer):
    flow = flow_scenes.submitted(office(commune, writer), "Giờ họp", phrases=["giờ họp"], text="Thứ Năm")
    with commune.acting(by) as officer:
        flow_actions.return_with_reason(flow, reason="Chưa rõ", by=officer)


ACTS = [
    (Kind.CASE_NEWS, added, ("cuong", "an"), {"an"}),
    (Kind.CASE_NEWS, added, ("cuong", "cuong"), set()),
    (Kind.CASE_ASSIGNED, assigned, ("binh", "an"), {"an"}),
    (Kind.CASE_ASSIGNED, assigned, ("binh", "binh"), set()),
    (Kind.CASE_ASSIGNED, reassigned, ("binh", "an"), {"an"}),
    (Kind.CASE_ASSIGNED, reassigned, ("binh", "binh"), set()),
    (Kind.CLOSING_PROPOSED, proposed, ("dung",), {"binh"}),
    (Kind.CLOSING_RETURNED, not_closed, ("binh", "dung"), {"dung"}),
    (Kind.CLOSING_RETURNED, not_closed, ("dung", "dung"), set()),
    (Kind.POST_SUBMITTED, post_submitted, ("dung",), {"binh"}),
    (Kind.POST_RETURNED, post_returned, ("binh", "giang"), {"giang"}),
    (Kind.POST_RETURNED, post_returned, ("dung", "dung"), set()),
    (Kind.POST_APPROVED, post_approved, ("binh", "giang"), {"giang"}),
    (Kind.POST_HELD, post_held, ("binh", "giang"), {"dung", "giang"}),
    (Kind.POST_HELD, post_held, ("giang", "giang"), {"binh", "dung"}),
    (Kind.PROCEDURE_SUBMITTED, text_submitted, ("giang",), {"binh", "dung"}),
    (Kind.PROCEDURE_SUBMITTED, menu_submitted, ("dung",), {"binh", "giang"}),
    (Kind.PROCEDURE_RETURNED, text_returned, ("binh", "giang"), {"giang"}),
    (Kind.PROCEDURE_RETURNED, text_returned, ("giang", "giang"), set()),
    (Kind.PROCEDURE_RETURNED, menu_returned, ("binh", "giang"), {"giang"}),
]


@pytest.mark.parametrize(("kind", "act", "who", "hear"), ACTS, ids=lambda value: getattr(value, "__name__", None))
def test_the_actor_hears_nothing_and_whom_it_concerns_does(commune, kind, act, who, hear):
    act(commune, *who)

    assert told(commune, kind) == hear


def test_the_source_is_still_heard_by_who_sorts_the_tray_after_it(commune, zone):
    case_at(commune, "in_progress", by="cuong")
    commune.hears("dung", "Họ vừa quay lại")
    cast.work_inbox(zone)
    item = waiting_item(commune, "dung", DANGER)
    with commune.acting("cuong") as duty:
        tips.add_to_case(item, list(item.unsorted_messages()), Case.objects.visible_to(duty).get(), by=duty)

    assert told(commune, Kind.CASE_NEWS) == {"cuong"}


def test_what_the_machine_held_stays_in_the_bell_of_the_chief_who_holds_the_rest(commune, zone):
    version = posts.post_at(commune, "scheduled")
    with zone("vault"):
        leaving.hold_dispatch(posts.dispatch_of(commune, version), "Hết lượt gửi trong ngày")
    with commune.acting("binh") as chief:
        tell(Kind.POST_HELD, chief.unit.pk, version.post_id, permission=Permission.POST_APPROVE, by=chief)

    assert told(commune, Kind.POST_HELD) == {"binh", "dung", "giang"}

"""Nothing leaves outside the allowed hours, early, late by itself or twice, whatever the clock does."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
import time_machine

from broadcasts import actions, guards, leaving, schedule
from broadcasts.guards import What
from broadcasts.models import Dispatch
from tests.broadcasts.scenes import VIETNAM, Status, cover, dispatch_of, draft, fresh, post_at, tomorrow
from zalopolice.gateway.models import ChannelRule
from zalopolice.units.models import Alert


def at(hour, minute=0, day=0):
    return tomorrow().replace(hour=hour, minute=minute) + timedelta(days=day)


@pytest.mark.parametrize(
    ("hour", "minute", "fine"),
    [(5, 59, False), (6, 0, True), (12, 0, True), (21, 29, True), (21, 30, False), (23, 0, False), (0, 0, False)],
)
def test_hours_are_vietnams(db, hour, minute, fine):
    assert schedule.allowed(at(hour, minute)) is fine
    following = schedule.next_allowed(at(hour, minute))
    assert schedule.allowed(following)
    assert (following == at(hour, minute)) is fine


def test_hours_are_dated_rules(db, zone):
    from datetime import date

    with zone("owner"):
        later = ChannelRule.objects.create(
            name="broadcast_from_hour", value=8, valid_from=date(2030, 1, 1), source="test"
        )
    try:
        assert schedule.allowed(datetime(2029, 12, 31, 7, tzinfo=VIETNAM))
        assert not schedule.allowed(datetime(2030, 1, 1, 7, tzinfo=VIETNAM))
    finally:
        with zone("owner"):
            later.delete()


GUARDED = [
    # when it is asked, the post being due at 06:30 tomorrow; what is said
    (at(6, 29), What.WAIT),
    (at(6, 30), None),
    (at(8, 30), None),
    (at(8, 31), What.HOLD),
    (at(23, 0, -1), What.WAIT),
    (at(6, 30, 1), What.HOLD),
    (at(3, 0), What.WAIT),
    (at(6, 30, -300), What.WAIT),
    (at(6, 30, 300), What.HOLD),
]


@pytest.mark.parametrize(("moment", "said"), GUARDED)
def test_a_dispatch_leaves_in_its_time_only(commune, zone, moment, said):
    dispatch = dispatch_of(commune, post_at(commune, Status.SCHEDULED))
    with time_machine.travel(moment, tick=False), zone("vault"):
        refusal = guards.guard_before_send(dispatch)
    assert (refusal and refusal.what) == said


def test_what_night_has_caught_is_held_at_once(commune, zone):
    """Due at 21:00, back at 22:10: tomorrow morning would be too late, so a person hears of it now."""
    dispatch = dispatch_of(commune, post_at(commune, Status.SCHEDULED, send_at=at(21)))
    with time_machine.travel(at(22, 10), tick=False), zone("vault"):
        assert guards.guard_before_send(dispatch).what == What.HOLD


def ready(commune, version):
    """Its article is on Zalo."""
    with commune.zone("owner"):
        for state in ("creating", "verifying", "ready"):
            Dispatch.objects.filter(version=version).update(state=state, article_id="a1")
    return dispatch_of(commune, version)


def test_a_week_with_a_jumping_clock(commune, zone):
    """Fifteen posts and a worker that looks whenever the clock has jumped: forward, back, over nights."""
    clock, dice, due = tomorrow(0, 0), random.Random(20261122), {}
    for number in range(15):
        when = clock + timedelta(days=dice.randrange(7), hours=dice.randrange(6, 21), minutes=dice.randrange(60))
        version = post_at(commune, Status.SCHEDULED, send_at=when, title=f"Bài số {number} của tuần")
        due[ready(commune, version).pk] = when
    sent, held = {}, set()
    for _ in range(160):
        clock += timedelta(minutes=dice.choice([1, 20, 45, 90, 240, 600, 600, -30, -200]))
        with time_machine.travel(clock, tick=False), zone("vault"):
            for row in Dispatch.objects.select_related("version", "oa").filter(state="ready"):
                refusal = leaving.start_sending(row)
                if refusal is None:
                    assert row.pk not in sent
                    sent[row.pk] = clock
                    leaving.settled(row, Dispatch.State.SENT, message_id=str(row.pk)[:20])
                elif refusal.what == What.HOLD:
                    leaving.hold_dispatch(row, refusal.reason)
                    held.add(row.pk)
    outside = [when for when in sent.values() if not 6 * 60 <= when.hour * 60 + when.minute < 22 * 60]
    early = [pk for pk, when in sent.items() if when < due[pk]]
    late = [pk for pk, when in sent.items() if when - due[pk] > schedule.LATE]
    assert (outside, early, late) == ([], [], [])
    assert sent.keys() | held
    assert not sent.keys() & held
    assert len(sent) >= 3
    assert len(held) >= 3


def test_the_machine_holds_and_tells_a_person(commune, zone):
    version = post_at(commune, Status.SCHEDULED)
    dispatch = ready(commune, version)
    with time_machine.travel(at(12), tick=False), zone("vault"):
        refusal = leaving.start_sending(dispatch)
        leaving.hold_dispatch(dispatch, refusal.reason)
    with commune.acting("binh") as chief:
        assert fresh(version).status == Status.HELD
        assert Alert.objects.visible_to(chief).filter(kind="post_held").exists()
        with time_machine.travel(at(12), tick=False), pytest.raises(actions.Refused, match="Soạn bản mới"):
            actions.release(version, by=chief)


def test_stopping_comes_before_the_call_or_not_at_all(commune, zone):
    version = post_at(commune, Status.SCHEDULED)
    dispatch = ready(commune, version)
    with commune.acting("giang") as editor:
        actions.hold(version, reason="Chờ", by=editor)
    with time_machine.travel(at(6, 31), tick=False), zone("vault"):
        assert leaving.start_sending(dispatch).what == What.HOLD
    with commune.acting("binh") as chief:
        actions.release(version, by=chief)
        assert Dispatch.objects.get(pk=dispatch.pk).state == "waiting"


def test_now_means_the_next_allowed_minute(commune):
    for moment, due in ((at(22, 47), at(6, 0, 1)), (at(9, 0), at(9, 0)), (at(4), at(6))):
        version = post_at(commune, Status.SUBMITTED, send_at=None)
        with time_machine.travel(moment, tick=False), commune.acting("binh") as chief:
            actions.approve(version, by=chief, seen=version.digest)
            assert fresh(version).due_at == due
            actions.withdraw(version, by=chief)


def test_two_accounts_one_dead_does_not_stop_the_other(commune, zone):
    from tests import cast
    from zalopolice.gateway.models import OfficialAccount

    with zone("owner"):
        other = OfficialAccount.objects.create(unit=commune.unit, app=cast.zalo_app(), oa_id="272", name="OA thứ hai")
        OfficialAccount.objects.update(connected_at=at(8))
    with commune.acting("giang") as editor:
        cover(commune)
        words = draft(commune, oa_ids=sorted([commune.oa.oa_id, "272"]), send_at=tomorrow())
        version = actions.create(words, by=editor)
        actions.submit(version, by=editor, revision=1)
        version = fresh(version)
    with commune.acting("binh") as chief:
        actions.approve(version, by=chief, seen=version.digest)
    with zone("owner"):
        OfficialAccount.objects.filter(pk=other.pk).update(trouble="token")
    with time_machine.travel(at(6, 31), tick=False), zone("vault"):
        rows = {row.oa.name: row for row in Dispatch.objects.select_related("oa", "version").all()}
        refusal = guards.guard_before_send(rows["OA thứ hai"])
        leaving.hold_dispatch(rows["OA thứ hai"], refusal.reason)
        assert guards.guard_before_send(rows[commune.oa.name]) is None
    with commune.acting("binh") as chief:
        assert fresh(version).status == Status.SCHEDULED
        actions.hold(version, reason="Chờ", by=chief)
        with pytest.raises(actions.Refused, match="OA thứ hai"):
            actions.release(version, by=chief)
        actions.cancel(rows["OA thứ hai"], reason="Token chết", by=chief)
        actions.release(version, by=chief)
        assert fresh(version).status == Status.SCHEDULED

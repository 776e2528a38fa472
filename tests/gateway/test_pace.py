"""How fast Zalo is called: evenly, slower when it says so, and nobody waits for somebody else's account (T19)."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.crowd import crowd
from tests.fault_size import LONG
from tests.gateway.conftest import say, take_in
from tests.gateway.sending import deliver, now
from zalopolice import tasks
from zalopolice.gateway import delivery, pace, verdicts
from zalopolice.gateway.models import ChannelRule, Citizen, Incident, Message, OfficialAccount, Pace

State = Message.State
MESSAGES = 1000 if LONG else 70
LIMIT = 5.0
ADAPTED = 30.0 if LONG else 10.0
"""Seconds after the first call."""


@pytest.fixture
def paces(zone, db):
    """The rules as they are in life: 20 a second per account, 60 per app."""

    def rule(name, value):
        with zone("owner"):
            before = ChannelRule.objects.get(name=name).value
            ChannelRule.objects.filter(name=name).update(value=value)
        return before

    before = {name: rule(name, value) for name, value in (("pace_oa", 20), ("pace_app", 60))}
    yield rule
    for name, value in before.items():
        rule(name, value)


class Bucket:
    """Zalo's side: so many a second, refused beyond."""

    def __init__(self, accounts):
        self.accounts, self.left, self.at, self.calls = accounts, LIMIT, time.monotonic(), []
        self.refused = 0
        self.lock = threading.Lock()

    def allows(self, content):
        if content["recipient"]["user_id"] not in self.accounts:
            return True
        with self.lock:
            at = time.monotonic()
            self.calls.append(at)
            self.left, self.at = min(LIMIT, self.left + LIMIT * (at - self.at)), at
            allowed = self.left >= 1
            self.left -= allowed
            self.refused += not allowed
        return allowed


def people(commune, number):
    for place in range(number):
        commune.hears(f"citizen {place}", "Chào")
    take_in(commune.zone)
    with commune.acting("an"):
        return list(Citizen.objects.filter(unit=commune.unit))


def most_in(calls, seconds):
    """The largest number of calls in any window of so many seconds."""
    return max(sum(begin <= call < begin + seconds for call in calls) for begin in calls)


def test_t19_a_queue_goes_at_the_pace_zalo_allows(commune, other_commune, zalo, zone, paces, monkeypatch, figures):
    if not LONG:
        code = verdicts.CODES[verdicts.TOO_FAST]
        monkeypatch.setitem(verdicts.CODES, verdicts.TOO_FAST, code._replace(wait=3.0))
    cast.give_token(commune)
    cast.give_token(other_commune)
    rows = [say(commune, f"Tin {place}", one) for place, one in enumerate(people(commune, MESSAGES))]
    others = [say(other_commune, f"Khác {place}", one) for place, one in enumerate(people(other_commune, 5))]
    bucket = Bucket(set(commune.chats.values()))
    zalo.allows = bucket.allows

    waited = []

    def the_queue():
        waiting = Message.objects.filter(pk__in=[row.pk for row in rows]).exclude(state=State.SENT)
        begun = time.monotonic()
        while waiting.exists() and time.monotonic() - begun < 300:
            tasks.sweep_outbox()
        return time.monotonic() - begun

    def another_account():
        """Its bells ring while the queue of the first one is long."""
        for row in others:
            time.sleep(1)
            begun = time.monotonic()
            delivery.deliver(row.pk)
            waited.append(time.monotonic() - begun)

    with zone("vault"):
        lasted, failed = crowd("vault", [the_queue, another_account])
        assert failed is None
        waiting = Message.objects.filter(direction="out").exclude(state=State.SENT)
        assert not waiting.exists()
        slowed = Incident.objects.filter(kind=Incident.Kind.PACED, oa=commune.oa).exists()
        assert slowed == bool(bucket.refused)  # a slow machine may never be too fast
        assert not Incident.objects.filter(kind=Incident.Kind.PACED, oa=other_commune.oa).exists()

    settled = [call for call in bucket.calls if call - bucket.calls[0] > ADAPTED]
    fastest = most_in(settled, 5) / 5
    first = sum(call - bucket.calls[0] < 5 for call in bucket.calls) / 5
    texts = zalo.texts()
    figures(
        "T19",
        messages=MESSAGES,
        seconds=round(lasted, 1),
        refused=bucket.refused,
        per_second=fastest,
        at_first=first,
        others_waited=round(max(waited), 2),
    )
    assert fastest <= 5.5
    assert lasted <= (220 if LONG else ADAPTED + MESSAGES / LIMIT * 1.4)
    assert sorted(texts) == sorted(row.text for row in rows + others)
    assert max(waited) < 3


# --- one bucket -------------------------------------------------------------------------------------------------------


@pytest.fixture
def vault(commune, paces, zone):
    with zone("vault"):
        yield OfficialAccount.objects.select_related("app").get(pk=commune.oa.pk)


@pytest.fixture
def clock(monkeypatch):
    """``clock(2.0)``: two seconds later. Nothing else moves it."""
    at = [timezone.now()]
    monkeypatch.setattr(timezone, "now", lambda: at[0])

    def later(seconds):
        at[0] += timedelta(seconds=seconds)

    return later


def test_calls_go_evenly_and_who_waits_is_told_its_own_turn(vault, clock):
    clock(1)
    assert pace.take(vault) == 0
    assert [pace.take(vault), pace.take(vault)] == [0, 0]  # of the tenth of a second before
    waits = [round(pace.take(vault), 3) for _ in range(4)]
    assert waits == [0.05, 0.1, 0.15, 0.2]
    clock(0.05)
    assert pace.take(vault) == 0


def test_a_late_worker_makes_good_a_tenth_of_a_second_and_no_more(vault, clock):
    clock(1)
    pace.take(vault)
    clock(60)
    free = 0
    while pace.take(vault) == 0:
        free += 1
    assert free == 3  # this one, and two of a tenth of a second


def rates(vault, clock, *seconds):
    found = []
    for step in seconds:
        clock(step)
        found.append(round(pace.rate(Pace.objects.get(pk=vault.pk), 20, timezone.now()), 1))
    return found


def test_a_refusal_halves_the_rate_and_it_comes_back_below_where_it_was(vault, clock):
    pace.take(vault)
    pace.slow_down(vault)
    assert rates(vault, clock, 0, 1.5, 1.5, 60, 240, 30, 60, 30) == [9.5, 14.0, 18.4, 18.4, 18.4, 19.0, 20, 20]
    clock(60)
    pace.take(vault)
    assert Incident.objects.get(kind=Incident.Kind.PACED).ended_at
    assert Pace.objects.get(pk=vault.pk).ceiling is None


def test_turns_are_told_for_the_rate_that_will_be_again_not_for_the_halved_one(vault, clock):
    pace.take(vault)
    pace.slow_down(vault)
    waits = [pace.take(vault) for _ in range(40)]
    steps = [after - before for before, after in zip(waits, waits[1:], strict=False)]
    assert Pace.objects.get(pk=vault.pk).ceiling == 19
    assert steps[-1] == pytest.approx(1 / (19 * pace.REST), abs=0.0001)


def test_at_the_rest_hardly_anybody_comes_in_vain(vault, clock):
    """A backlog of 300 after a slowing, each row coming back exactly when it was told; who comes in vain goes behind
    all others."""
    pace.take(vault)
    pace.slow_down(vault)
    clock(pace.UP)
    now, vain, waiting = 0.0, 0, sorted(pace.take(vault) for _ in range(300))
    while waiting:
        at = waiting.pop(0)
        clock(max(0.0, at - now))
        now = max(now, at)
        if again := pace.take(vault):
            vain += 1
            waiting.append(now + again)  # later than all others
    assert vain <= 3
    assert now == pytest.approx(300 / (19 * pace.REST), rel=0.05)  # and no turn is wasted


def test_refusals_of_calls_that_had_already_left_count_once(vault, clock):
    pace.take(vault)
    for _ in range(5):
        pace.slow_down(vault)
    assert rates(vault, clock, 0) == [9.5]
    clock(1.1)
    pace.slow_down(vault)
    assert rates(vault, clock, 0)[0] < 7


def test_it_never_stands_still(vault, clock):
    pace.take(vault)
    for _ in range(30):
        clock(1.1)
        pace.slow_down(vault)
    assert rates(vault, clock, 0) == [pace.LEAST]


def test_several_accounts_refused_together_slow_their_app(vault, clock, zone):
    with zone("owner"):
        more = [
            OfficialAccount.objects.create(unit=vault.unit, app=vault.app, oa_id=f"99{number}", name="x")
            for number in range(2)
        ]
    for oa in (vault, *more):
        pace.take(oa)
    for oa in (vault, more[0]):
        pace.slow_down(oa)
    assert Pace.objects.get(pk=vault.app_id).ceiling is None
    pace.slow_down(more[1])
    assert Pace.objects.get(pk=vault.app_id).ceiling == 57


def test_an_app_that_is_busy_holds_its_accounts(vault, clock, paces):
    paces("pace_app", 2)
    clock(1)
    assert pace.take(vault) == 0
    assert round(pace.take(vault), 2) == 0.4  # half a second, less the tenth it may make good


def test_an_account_that_sends_nothing_is_forgotten(vault, clock):
    pace.take(vault)
    pace.slow_down(vault)
    pace.calm(vault.pk, timezone.now())
    assert Incident.objects.get(kind=Incident.Kind.PACED).ended_at is None
    clock(16 * 60)
    pace.calm(vault.pk, timezone.now())
    assert Incident.objects.get(kind=Incident.Kind.PACED).ended_at


def test_a_row_that_must_wait_goes_back_without_a_try(chat, zalo, zone, paces):
    paces("pace_oa", 1)
    first, second = say(chat, "Một"), say(chat, "Hai")
    deliver(zone, first)
    row = deliver(zone, second)
    assert (now(zone, first).state, row.state, row.attempt) == (State.SENT, State.QUEUED, 0)
    assert 0 < (row.next_at - timezone.now()).total_seconds() <= 1


def test_a_clock_that_jumped_and_came_back_stops_nobody(chat, zone, monkeypatch):
    """One call while our clock was a day ahead, slowed down at that: as a machine has it that wakes from sleep."""
    real = timezone.now
    with zone("vault"):
        oa = OfficialAccount.objects.select_related("app").get(pk=chat.oa.pk)
        ahead = real() + timedelta(days=1)
        monkeypatch.setattr(pace.timezone, "now", lambda: ahead)
        assert pace.take(oa) == 0
        pace.slow_down(oa)
        assert pace.take(oa) > 0
        monkeypatch.setattr(pace.timezone, "now", real)

        assert pace.take(oa) < 1
        rows = Pace.objects.filter(pk__in=(oa.pk, oa.app_id))
        assert all(row.free_at < real() + timedelta(seconds=5) for row in rows)
        assert Pace.objects.get(pk=oa.pk).slowed_at < real() + timedelta(seconds=5)

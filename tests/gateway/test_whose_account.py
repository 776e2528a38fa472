"""Whoever declares an account does not own it: only a consent proves that, and until then nobody gets its tips."""

from __future__ import annotations

import pytest
from django.db import Error, transaction
from django.utils import timezone

from tests import cast
from tests.tips.scenes import client_of, text
from tips.models import TrayItem
from zalopolice.gateway import checkup, consent, history, stuck, training
from zalopolice.gateway.models import (
    Consent,
    HistoryWalk,
    InboundEvent,
    Message,
    OfficialAccount,
    Setup,
    StuckEvent,
    ZaloApp,
)
from zalopolice.units.models import Unit

THEIRS = "2720105559876999111"
WORDS = "Tin gửi cho đơn vị khác"
State = InboundEvent.State


def declare(commune, oa_id=THEIRS, app=None):
    form = {"app": str((app or cast.zalo_app()).pk), "oa_id": oa_id, "name": "OA"}
    return client_of(commune, "binh").post("/zalo/khai-bao/", form)


def tips_of(commune):
    with commune.acting("cuong") as officer:
        return TrayItem.objects.visible_to(officer).count()


def walk_of_consent(commune, oa, zalo):
    """The chief's walk through Zalo's page, to its end in the vault."""
    zalo.oauth.append({"access_token": zalo.access, "refresh_token": zalo.refresh, "expires_in": "90000"})
    with commune.acting("binh") as chief:
        address = consent.start(oa, by=chief)
        state = address.split("state=")[1].split("&")[0]
        pk = consent.answer(state, "the-code", oa.oa_id, by=chief).pk
    with commune.zone("vault"):
        consent.exchange(pk)


def test_who_declares_the_account_of_others_gets_none_of_its_tips(commune, zone):
    assert declare(commune).status_code == 302

    pk = cast.store_event(zone, cast.event_body(THEIRS, "5512207788990777", WORDS))
    cast.work_inbox(zone)

    assert tips_of(commune) == 0
    with zone("vault"):
        row = InboundEvent.objects.get(pk=pk)
        assert (row.state, row.error) == (State.PENDING, "UnknownAccount: no such account here")
        assert not Message.objects.exists()
        body = cast.event_body(THEIRS, "5512207788990777", WORDS)
        assert stuck.account(body, cast.APP_ID) is None
        assert not StuckEvent.objects.exists()


def test_the_consent_wakes_what_waited_for_it(commune, zone, zalo):
    with zone("owner"):
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(connected_at=None, oa_id="1")  # as this Zalo answers
        commune.oa.refresh_from_db()
    pk = cast.store_event(zone, cast.event_body("1", "5512207788990777", WORDS))
    cast.work_inbox(zone)
    cast.work_inbox(zone)
    with zone("vault"):
        assert InboundEvent.objects.get(pk=pk).next_at > timezone.now()

    walk_of_consent(commune, commune.oa, zalo)

    with zone("vault"):
        assert OfficialAccount.objects.get(pk=commune.oa.pk).connected_at
        assert InboundEvent.objects.get(pk=pk).next_at <= timezone.now()
    cast.work_inbox(zone)
    assert tips_of(commune) == 1


def test_a_consent_for_another_account_connects_nothing(commune, zone, zalo):
    with zone("owner"):
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(connected_at=None)

    walk_of_consent(commune, commune.oa, zalo)  # Zalo's answer: this token is the account "1"

    with zone("vault"):
        assert OfficialAccount.objects.get(pk=commune.oa.pk).connected_at is None
        assert "một OA khác" in Consent.objects.get().error


def test_the_portal_cannot_write_an_account_that_is_connected(commune):
    facts = {"unit": commune.unit, "app": commune.oa.app, "name": "OA"}
    with commune.acting("binh"):
        OfficialAccount.objects.create(**facts, oa_id="11111")
        with pytest.raises(Error), transaction.atomic():
            OfficialAccount.objects.create(**facts, oa_id="22222", connected_at=timezone.now())


def test_a_row_of_one_unit_about_the_account_of_another_is_never_worked_at(commune, other_commune, zone, zalo):
    now = timezone.now()
    cast.give_token(other_commune)
    with commune.acting("binh"):
        facts = {"unit": commune.unit, "oa": other_commune.oa, "queue": "vault", "next_at": now}
        setup = Setup.objects.create(**facts)
        walk = HistoryWalk.objects.create(**facts, kind="asked", since=now)

    with zone("vault"):
        checkup.ask_again(setup.pk)
        history.step(walk.pk)
        setup.refresh_from_db()
        walk.refresh_from_db()

    assert (setup.findings, setup.attempt, walk.attempt) == ({}, 0, 0)
    assert (zalo.calls, zalo.gets) == ([], [])


# --- real units and those that train ----------------------------------------------------------------------------------


@pytest.fixture
def exercise(commune, zone):
    """A unit that trains, with the officers of the commune, and the app of the training units."""
    with zone("owner"), transaction.atomic():
        unit = training.make(commune.unit, {"oas": [], "apps": []})
    return cast.Commune(unit, None, None, commune.officers, zone)


def seated(commune):
    chief = client_of(commune, "binh")
    chief.post("/don-vi/", {"unit": str(commune.unit.pk)})
    return chief


@pytest.mark.parametrize("trains", [False, True])
def test_the_app_of_the_exercises_serves_those_that_train_and_nobody_else(commune, exercise, zone, trains):
    own, foreign = (cast.APP_ID, training.APP_ID)[:: -1 if trains else 1]
    chief = seated(exercise if trains else commune)
    with zone("vault"):
        ids = dict(ZaloApp.objects.values_list("app_id", "pk"))

    page = text(chief.get("/zalo/khai-bao/"))
    form = {"app": str(ids[foreign]), "oa_id": THEIRS, "name": "OA"}
    answer = chief.post("/zalo/khai-bao/", form)

    assert str(ids[own]) in page and str(ids[foreign]) not in page
    assert answer.status_code == 422
    with zone("vault"):
        assert not OfficialAccount.objects.filter(oa_id=THEIRS).exists()
        assert Unit.objects.get(pk=exercise.unit.pk).is_training
    assert chief.post("/zalo/khai-bao/", form | {"app": str(ids[own])}).status_code == 302

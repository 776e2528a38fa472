"""One officer, several units: one seat at a time."""

from datetime import date

import pytest

from tests.tips.scenes import NOBODY, case_at, client_of, entries, text, waiting_item
from zalopolice.units.models import Membership
from zalopolice.units.roles import Role

pytestmark = pytest.mark.usefixtures("commune")


@pytest.fixture
def both(commune, other_commune, zone):
    """An is an officer here and on duty in the other commune."""
    with zone("owner"):
        Membership.objects.create(
            unit=other_commune.unit, officer=commune.an, role=Role.DUTY_OFFICER, since=date(2026, 1, 1)
        )
    return commune.an


def test_the_switcher_moves_to_the_other_unit_and_back(both, commune, other_commune):
    here, there = case_at(commune), case_at(other_commune)
    client = client_of(commune, "an")
    first, second = (there, here) if other_commune.unit.code < commune.unit.code else (here, there)

    assert first.alias in text(client.get("/vu-viec/")) and second.alias not in text(client.get("/vu-viec/"))
    target = commune if second is here else other_commune
    answer = client.post("/don-vi/", {"unit": str(target.unit.pk)})

    assert answer["Location"] == "/"
    assert second.alias in text(client.get("/vu-viec/")) and first.alias not in text(client.get("/vu-viec/"))
    assert target.unit.name in text(client.get("/"))
    assert len(entries(target, "officer.seat_taken")) == 1


def test_rights_belong_to_the_seat(both, commune, other_commune):
    waiting_item(other_commune)
    client = client_of(commune, "an")

    client.post("/don-vi/", {"unit": str(other_commune.unit.pk)})
    assert client.get("/hop-tin/").status_code == 200
    client.post("/don-vi/", {"unit": str(commune.unit.pk)})
    assert client.get("/hop-tin/").status_code == 404


@pytest.mark.parametrize("unit", ["", "x", "\x00", str(NOBODY)])
def test_a_seat_nobody_gave_does_not_exist(commune, unit):
    assert client_of(commune, "an").post("/don-vi/", {"unit": unit}).status_code == 404


def test_the_unit_of_others_is_as_unknown_as_none(commune, other_commune):
    client = client_of(commune, "an")

    foreign = client.post("/don-vi/", {"unit": str(other_commune.unit.pk)})

    assert foreign.status_code == 404 and foreign.content == client.post("/don-vi/", {"unit": str(NOBODY)}).content


def test_a_role_that_ended_takes_its_seat_along(both, commune, other_commune, zone):
    client = client_of(commune, "an")
    client.post("/don-vi/", {"unit": str(other_commune.unit.pk)})
    with zone("owner"):
        Membership.objects.filter(officer=both, unit=other_commune.unit).update(until=date(2026, 1, 2))

    assert client.get("/hop-tin/").status_code == 404
    assert commune.unit.name in text(client.get("/"))


def test_one_seat_needs_no_switcher(commune):
    assert 'name="unit"' not in text(client_of(commune, "an").get("/"))

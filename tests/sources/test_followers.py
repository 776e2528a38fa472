"""Follower counts by day: events once, Zalo's total, tags of the console; nothing about anybody (issue item 8)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from zalopolice.gateway import client, followers
from zalopolice.gateway.models import FollowerDay, OfficialAccount


def follow(commune, citizen: str, name: str, at=None) -> None:
    moment = at or timezone.now()
    body = {
        "app_id": cast.APP_ID,
        "oa_id": commune.oa.oa_id,
        "follower": {"id": commune.user_id(citizen)},
        "event_name": name,
        "source": "oa_profile",
        "timestamp": str(int(moment.timestamp() * 1000)),
    }
    cast.store_event(commune.zone, body)
    cast.work_inbox(commune.zone)


def days(commune) -> list[tuple[object, int, int, int | None]]:
    with commune.acting("binh") as chief:
        rows = FollowerDay.objects.visible_to(chief).order_by("day")
        return [(row.day, row.joined, row.left, row.followers) for row in rows]


def test_who_comes_and_goes_is_counted_once(commune):
    now = timezone.now()
    follow(commune, "dung", "follow", now)
    follow(commune, "dung", "follow", now + timedelta(seconds=1))  # told twice
    follow(commune, "hoa", "follow", now)
    follow(commune, "dung", "unfollow", now + timedelta(seconds=2))
    assert days(commune) == [(timezone.localdate(), 2, 1, None)]


def test_the_total_and_the_tags_of_a_day(commune, monkeypatch):
    asked = []
    monkeypatch.setattr(client, "tags", lambda account: asked.append(account) or ["tổ 3", " tổ 1 ", "tổ 3", ""])
    with commune.zone("vault"):
        for total in (10, 12):
            commune.oa.refresh_from_db()
            followers.sync(commune.oa, client.Account("t", "s"), total)
        followers.sync(commune.oa, client.Account("t", "s"), None)
        assert OfficialAccount.objects.get(pk=commune.oa.pk).zalo_tags == ["tổ 1", "tổ 3"]
    assert len(asked) == 1  # once a day
    assert days(commune) == [(timezone.localdate(), 0, 0, 12)]


def test_zalo_that_tells_no_tags_keeps_the_old_ones(commune, monkeypatch):
    def silent(account):
        raise client.Unreachable

    monkeypatch.setattr(client, "tags", silent)
    with commune.zone("owner"):
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(zalo_tags=["tổ 1"])
    with commune.zone("vault"):
        followers.sync(commune.oa, client.Account("t", "s"), 5)
        assert OfficialAccount.objects.get(pk=commune.oa.pk).zalo_tags == ["tổ 1"]
    assert days(commune) == [(timezone.localdate(), 0, 0, 5)]


def test_tags_that_were_not_told_are_asked_for_again_the_same_day(commune, monkeypatch):
    answers = [None, ["tổ 2"], ["tổ 9"]]

    def tags(account):
        if (found := answers.pop(0)) is None:
            raise client.Unreachable
        return found

    monkeypatch.setattr(client, "tags", tags)
    with commune.zone("vault"):
        for _ in range(3):
            oa = OfficialAccount.objects.get(pk=commune.oa.pk)
            followers.sync(oa, client.Account("t", "s"), 5)
        assert OfficialAccount.objects.get(pk=commune.oa.pk).zalo_tags == ["tổ 2"]
        assert answers == [["tổ 9"]]  # got once, they are of this day

        OfficialAccount.objects.update(zalo_tags_on=timezone.localdate() - timedelta(days=1))
        followers.sync(OfficialAccount.objects.get(pk=commune.oa.pk), client.Account("t", "s"), 5)
        assert OfficialAccount.objects.get(pk=commune.oa.pk).zalo_tags == ["tổ 9"]


@pytest.mark.parametrize(("who", "sees"), [("binh", True), ("giang", False), ("an", False)])
def test_who_sees_the_month(commune, who, sees):
    with commune.zone("vault"):
        followers.note(commune.oa, "follow", timezone.now())
        followers.note(commune.oa, "follow", timezone.now() - timedelta(days=31))
    with commune.acting(who) as officer:
        found = followers.months(officer)
    assert bool(found) is sees
    if sees:
        month = found[commune.oa.pk]
        assert (len(month.days), month.joined, month.left) == (1, 1, 0)


def test_nothing_about_anybody_is_kept():
    names = {field.name for field in FollowerDay._meta.get_fields()}
    assert names == {"id", "unit", "oa", "day", "followers", "joined", "left"}

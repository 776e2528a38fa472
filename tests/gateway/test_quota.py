"""What sending costs, counted by us and held against what Zalo says is left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.gateway.conftest import echo, say
from tests.gateway.sending import deliver, due, now
from zalopolice import tasks
from zalopolice.gateway import quota
from zalopolice.gateway.models import Citizen, Incident, Message, OfficialAccount, QuotaDay

State = Message.State
TODAY = timezone.localdate


def told(quota_type, remain=7):
    data = {"message_id": "", "quota": {"quota_type": quota_type, "remain": str(remain), "total": "8"}}
    return {"error": 0, "message": "Success", "data": data}


def package(left, total=2000):
    row = {"asset_id": "a1", "product_type": "cs", "quota_type": "sub_quota", "total": total, "remain": left}
    return {"error": 0, "message": "Success", "data": [row]}


@pytest.fixture
def connected(chat, zalo, zone):
    with zone("vault"):
        OfficialAccount.objects.filter(pk=chat.oa.pk).update(connected_at=timezone.now())
    return chat


def send(commune, zalo, zone, *answers, silent_hours=0):
    with zone("vault"):
        Citizen.objects.update(last_interaction_at=timezone.now() - timedelta(hours=silent_hours))
    rows = []
    for answer in answers:
        zalo.script.append(answer)
        row = say(commune, f"Trả lời {Message.objects.count()} {len(rows)} {answer}"[:80])
        due(zone, row)
        assert deliver(zone, row).state == State.SENT
        rows.append(now(zone, row))
    return rows


def close(commune, zalo, zone, left, broadcasts=0):
    zalo.scripts["quota"].append(package(left) if left is not None else ({}, 503))
    with zone("vault"):
        quota.close_day(commune.oa.pk, TODAY(), broadcasts)
        row = QuotaDay.objects.get()
        QuotaDay.objects.filter(pk=row.pk).update(day=row.day - timedelta(days=1 + QuotaDay.objects.count()))
        return row


def open_incident(zone, kind):
    with zone("vault"):
        return Incident.objects.filter(kind=kind, ended_at=None).values_list("figure", flat=True).first()


@pytest.mark.parametrize(
    ("silent", "answer", "tier"),
    [
        (1, told("reply"), "free"),
        (1, told("sub_quota"), "package"),
        (60, told("sub_quota"), "package"),
        (60, told("purchase_quota"), "paid"),
        (60, {"error": 0, "data": {"message_id": ""}}, "paid"),
        (1, {"error": 0, "data": {"message_id": ""}}, "free"),
        (1, {"error": 0, "data": {"message_id": "", "quota": "?"}}, "free"),
    ],
)
def test_zalos_word_on_the_cost_is_kept(connected, zalo, zone, silent, answer, tier):
    [row] = send(connected, zalo, zone, answer, silent_hours=silent)
    assert row.tier == tier


def test_a_day_is_counted_from_our_own_rows(connected, zalo, zone):
    send(connected, zalo, zone, "ok", told("reply"), told("sub_quota"), told("purchase_quota"))
    echo(connected, "Gõ ngoài cổng", "c1")

    row = close(connected, zalo, zone, 1990, broadcasts=2)

    assert (row.free, row.paid, row.console, row.broadcasts) == (2, 2, 1, 2)
    assert (row.left, row.total, row.difference) == (1990, 2000, None)
    with zone("vault"):
        oa = OfficialAccount.objects.get()
    assert (oa.reply_left, oa.reply_total) == (1990, 2000)


@pytest.mark.parametrize(("left", "difference"), [(1998, 0), (1995, 3), (2000, None)])
def test_what_zalo_counts_beyond_ours_is_an_incident(connected, zalo, zone, left, difference):
    with zone("vault"):
        QuotaDay.objects.create(
            unit=connected.unit,
            oa=connected.oa,
            day=TODAY() - timedelta(days=1),
            asked_at=timezone.now() - timedelta(minutes=5),
            left=2000,
            total=2000,
        )
    if left < 2000:
        send(connected, zalo, zone, told("sub_quota"), told("sub_quota"), told("reply"))
    zalo.scripts["quota"].append(package(left if difference is not None else 2001))
    with zone("vault"):
        quota.close_day(connected.oa.pk, TODAY(), 0)
        assert QuotaDay.objects.get(day=TODAY()).difference == difference
    assert open_incident(zone, "quota_differs") == (difference or None)


@pytest.mark.parametrize(("left", "low"), [(200, 200), (201, None), (0, 0)])
def test_a_tenth_left_is_an_incident(connected, zalo, zone, left, low):
    close(connected, zalo, zone, left)
    assert open_incident(zone, "quota_low") == low


@pytest.mark.parametrize("code", [-211, -320, -321])
def test_nothing_left_to_pay_with_is_told_at_once_and_the_row_waits(connected, zalo, zone, code):
    zalo.script.append({"error": code})
    row = deliver(zone, say(connected, "Chào bà"))
    assert (row.state, open_incident(zone, "quota_low")) == (State.RETRY, 0)


@pytest.mark.parametrize("answer", [({}, 503), {"error": -216}, {"error": 0, "data": "?"}, {"error": 0, "data": [1]}])
def test_a_zalo_that_does_not_say_leaves_our_count(connected, zalo, zone, answer):
    send(connected, zalo, zone, "ok")
    zalo.scripts["quota"].append(answer)
    with zone("vault"):
        quota.close_day(connected.oa.pk, TODAY(), 0)
        row = QuotaDay.objects.get()
    assert (row.free, row.left, row.asked_at) == (1, None, None)


def test_yesterday_is_closed_once(connected, zalo, zone):
    with zone("vault"):
        tasks.close_quota_day()
        tasks.close_quota_day()
        assert QuotaDay.objects.get().day == TODAY() - timedelta(days=1)
    assert zalo.asked.count("quota") == 1

"""Incidents, the watch that opens and ends them, and the page of all accounts (features A2, L4)."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tests import cast
from zalopolice import heartbeat, metrics
from zalopolice.gateway import incidents, remedies, watch
from zalopolice.gateway.models import InboundEvent, Incident, Message, OfficialAccount, WebhookSecret
from zalopolice.units.models import Alert, Unit

Kind = Incident.Kind


@pytest.fixture
def connected(commune, broker):
    with commune.zone("owner"):
        now = timezone.now()
        good = {"connected_at": now, "token_refresh_until": now + timedelta(days=80), "last_event_at": now}
        OfficialAccount.objects.update(**good)
    return commune


def change(commune, **facts):
    with commune.zone("owner"):
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(**facts)


def look(commune):
    with commune.zone("vault"):
        watch.watch()
        return {row.kind: row for row in Incident.objects.filter(ended_at=None)}


# --- begin and end ---------------------------------------------------------------------------------------------------


def test_one_incident_however_often_it_is_reported_and_one_bell(commune):
    with commune.zone("vault"):
        for size in (3, 5):
            incidents.begin(Kind.FLOOD, commune.oa, size)
        incidents.begin(Kind.FLOOD, commune.oa, 7)

        row = Incident.objects.get()
        assert (row.unit_id, row.figure, row.ended_at) == (commune.unit.pk, 7, None)
        assert row.last_seen_at > row.started_at
        assert list(Alert.objects.values_list("kind", "permission")) == [("incident", "oa_view")]

        incidents.end(Kind.FLOOD, commune.oa)
        incidents.end(Kind.FLOOD, commune.oa)
        incidents.begin(Kind.FLOOD, commune.oa)
        assert Incident.objects.filter(ended_at=None).count() == 1 and Incident.objects.count() == 2


def test_the_installations_own_belong_to_the_province(commune):
    with commune.zone("vault"):
        incidents.begin(Kind.QUEUE_OLD, figure=90)

        assert Incident.objects.get().unit.kind == Unit.Kind.PROVINCE
        assert Alert.objects.get().permission == "set_up"
        incidents.end(Kind.QUEUE_OLD)
        assert not Incident.objects.filter(ended_at=None).exists()


def test_the_worker_writes_in_the_unit_it_works_in_and_in_no_other(commune, other_commune):
    commune.hears("dung", "Chào")
    with commune.zone("vault"):
        from zalopolice.gateway import inbox

        inbox.receive(InboundEvent.objects.get().pk)
        waiting = Message.objects.get(unit=commune.unit).pk
    from zalopolice.units.walls import job_context

    with commune.zone("worker"):
        with job_context(Message, waiting):
            incidents.begin(Kind.FLOOD, commune.oa, 1)
            assert Incident.objects.count() == 1
        with pytest.raises(Exception, match="row-level security"), job_context(Message, waiting):
            incidents.begin(Kind.FLOOD, other_commune.oa, 1)


def test_every_kind_says_what_it_means_and_what_to_do():
    assert set(remedies.HELP) == set(Kind.values)
    for kind, said in remedies.HELP.items():
        assert said.tone in {"late", "soon"} and str(said.meaning).endswith("."), kind
        assert str(said.remedy).endswith(".") and 1 <= str(said.remedy).count(". ") + 1 <= 3, kind


# --- the watch -------------------------------------------------------------------------------------------------------


def test_nothing_is_wrong_with_what_is_well(connected):
    assert look(connected) == {}


@pytest.mark.parametrize(
    ("facts", "kind", "figure"),
    [
        ({"token_refresh_until": timezone.now() + timedelta(days=29, hours=5)}, Kind.TOKEN_ENDING, 29),
        ({"trouble": "OA đã thu hồi quyền."}, Kind.CONSENT_LOST, 0),
        ({"last_event_at": timezone.now() - timedelta(days=7, hours=1)}, Kind.WEBHOOK_SILENT, 169),
        ({"last_event_at": None, "connected_at": timezone.now() - timedelta(hours=25)}, Kind.WEBHOOK_SILENT, 25),
        ({"connected_at": timezone.now() - timedelta(days=36)}, Kind.SEATS_UNCONFIRMED, 36),
    ],
)
def test_what_is_wrong_with_an_account_is_seen_and_its_end_too(connected, facts, kind, figure):
    before = {name: None for name in facts}
    with connected.zone("vault"):
        before = {name: getattr(OfficialAccount.objects.get(pk=connected.oa.pk), name) for name in facts}
    change(connected, **facts)

    found = look(connected)

    assert set(found) == {kind} and found[kind].oa_id == connected.oa.pk and found[kind].figure == figure
    change(connected, **before)
    assert look(connected) == {}


def test_a_quiet_day_is_news_only_where_every_day_brings_something(connected, zone):
    change(connected, last_event_at=timezone.now() - timedelta(hours=25))
    assert look(connected) == {}  # a small commune hears something once a week

    for days in range(2, 7):
        connected.hears("dung", f"Tin {days}")
    cast.work_inbox(zone)
    with connected.zone("owner"):
        for days, row in enumerate(Message.objects.filter(direction="in"), start=2):
            Message.objects.filter(pk=row.pk).update(sent_at=timezone.now() - timedelta(days=days), next_at=None)
        Message.objects.filter(direction="out").update(next_at=None)
    change(connected, last_event_at=timezone.now() - timedelta(hours=25))

    assert set(look(connected)) == {Kind.WEBHOOK_SILENT}


def test_an_account_that_was_connected_just_now_need_not_have_been_heard_yet(connected):
    change(connected, last_event_at=None, connected_at=timezone.now() - timedelta(hours=23))
    assert look(connected) == {}


def test_wrong_signatures_are_told_when_three_come_in_a_minute_and_for_ten_minutes(connected, broker):
    look(connected)
    key = f"zp:webhook:refused:{cast.APP_ID}"
    broker.values[key] = 2
    assert look(connected) == {}
    broker.values[key] = 5

    found = look(connected)

    assert found[Kind.SIGNATURE_REFUSED].figure == 5
    broker.values["zp:watch:refused"] = {cast.APP_ID: "5"}
    assert set(look(connected)) == {Kind.SIGNATURE_REFUSED}  # Zalo repeats after minutes
    with connected.zone("owner"):
        Incident.objects.update(last_seen_at=timezone.now() - timedelta(minutes=11))
    assert look(connected) == {}


def test_a_row_that_waits_too_long_is_told_and_a_lease_is_not_waiting(connected):
    connected.hears("dung", "Chào")
    with connected.zone("owner"):
        InboundEvent.objects.update(next_at=timezone.now() + timedelta(seconds=30))
    assert look(connected) == {}
    with connected.zone("owner"):
        InboundEvent.objects.update(next_at=timezone.now() - timedelta(seconds=75))

    assert look(connected)[Kind.QUEUE_OLD].figure >= 75


def test_what_the_processes_tell_of_themselves(connected, broker, settings, tmp_path):
    broker.values["zp:webhook:health"] = {"spool_records": "4.0", "rss": "1"}
    broker.values["zp:clock:skew"] = "-300.5"
    broker.values[heartbeat.rang_key("vault")] = str(time.time())
    settings.BACKUP_MARK = str(tmp_path / "never")

    found = look(connected)

    assert {kind: row.figure for kind, row in found.items() if kind != Kind.BACKUP_OLD} == {
        Kind.SPOOL_USED: 4,
        Kind.CLOCK_WRONG: -300,
        Kind.WORKER_STILL: 1,
    }
    assert Kind.BACKUP_OLD in found
    broker.values.clear()
    Path(settings.BACKUP_MARK).touch()
    assert look(connected) == {}


def test_events_answered_503_and_events_laid_aside_are_told(connected, broker):
    """Neither database nor spool took an event; the spool holds files that only a person can judge (T05)."""
    since = time.time() - 300
    broker.values["zp:webhook:health"] = {"spool_failing_since": str(since), "spool_kept": "2.0", "spool_records": "0"}

    found = look(connected)

    assert {kind: row.figure for kind, row in found.items()} == {Kind.SPOOL_FAILING: 5, Kind.SPOOL_KEPT: 2}
    with connected.zone("vault"):
        rung = Alert.objects.values_list("kind", "permission", "unit__kind").distinct()
        assert list(rung) == [("incident", "set_up", "province")]
    broker.values["zp:webhook:health"] = {"spool_failing_since": "0.0", "spool_kept": "0.0", "spool_records": "0"}
    assert set(look(connected)) == {Kind.SPOOL_FAILING}  # of several processes each tells of itself, in turn
    with connected.zone("owner"):
        Incident.objects.update(last_seen_at=timezone.now() - timedelta(minutes=11))
    assert look(connected) == {}


def test_without_redis_the_other_checks_go_on_and_nothing_ends_unseen(connected, broker, monkeypatch):
    broker.values["zp:clock:skew"] = "500"
    assert set(look(connected)) == {Kind.CLOCK_WRONG}

    def away():
        import redis

        raise redis.ConnectionError

    monkeypatch.setattr(metrics, "broker", away)
    change(connected, trouble="Mất quyền.")

    assert set(look(connected)) == {Kind.CLOCK_WRONG, Kind.CONSENT_LOST}


def test_the_secret_that_signs_is_noted(connected):
    with connected.zone("owner"):
        secret = WebhookSecret.objects.create(app_id=cast.APP_ID, sealed=b"x")
    connected.hears("dung", "Chào")
    with connected.zone("owner"):
        InboundEvent.objects.update(signed_by=secret.pk)

    look(connected)

    with connected.zone("vault"):
        assert WebhookSecret.objects.get().last_used_at is not None

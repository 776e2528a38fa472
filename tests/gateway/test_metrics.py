"""What Prometheus reads: numbers under words of this code, for this machine or who knows the token."""

from __future__ import annotations

import pytest
import redis
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from tests import cast
from zalopolice import metrics, tasks
from zalopolice.gateway import incidents, watch
from zalopolice.gateway.models import InboundEvent, Incident, Message

CANARIES = ("Trần Văn Dũng", "0912345678", "Tôi báo tin có đánh bạc", "CA tran-hung-dao", "tran-hung-dao")


@pytest.fixture
def looked(commune, zone, broker):
    """An event that waits, an open incident, and a look of the watch at both."""
    commune.hears("dung", f"{CANARIES[2]}. Tôi là {CANARIES[0]}, số {CANARIES[1]}")
    with zone("vault"):
        incidents.begin(Incident.Kind.QUOTA_LOW, commune.oa, 40)
        watch.watch()
    return commune


def read(**headers):
    return Client().get("/metrics", headers=headers)


def numbers(answer):
    families = text_string_to_metric_families(answer.content.decode())
    return {(s.name, *s.labels.values()): s.value for one in families for s in one.samples}


def test_the_numbers_are_there(looked):
    metrics.count("events", "acted", 3)
    metrics.flush()

    found = numbers(read())

    assert found["zalopolice_queue_waiting", "inbox"] == 1
    assert found["zalopolice_incidents_open", "quota_low"] == 1 and found["zalopolice_incidents_open", "queue_old"] == 0
    assert found["zalopolice_events_total", "acted"] == 3
    assert found["zalopolice_accounts", "connected"] == 1
    assert 0 <= found["zalopolice_snapshot_age_seconds",] < 60


def test_nobody_and_nothing_that_was_written_is_in_them(looked, zone):
    with zone("vault"):
        rows = [*InboundEvent.objects.values_list("pk", flat=True), *Message.objects.values_list("pk", flat=True)]
    metrics.count("events", CANARIES[0])
    metrics.flush()

    page = read().content.decode()

    ids = [str(one) for one in (looked.unit.pk, looked.oa.pk, looked.oa.oa_id, cast.APP_ID, *rows)]
    ids += [looked.user_id("dung"), *(str(one.pk) for one in looked.officers.values())]
    assert [one for one in (*CANARIES, *ids) if one in page] == []


def test_a_gauge_with_a_name_for_a_label_is_left_out():
    said = metrics.text({"queue_waiting": {CANARIES[0]: 1, "inbox": 2}, "unknown": {"x": 1}}, {"events": {"a b": 1}})

    assert b"inbox" in said and CANARIES[0].encode() not in said and b"unknown" not in said


@pytest.mark.parametrize(
    ("token", "headers", "proxies", "address", "status"),
    [
        ("", {}, 0, "127.0.0.1", 200),
        ("", {}, 0, "10.0.0.9", 404),
        ("", {}, 1, "127.0.0.1", 404),
        ("", {"X-Forwarded-For": "10.0.0.9"}, 0, "127.0.0.1", 404),
        ("geheim", {}, 0, "127.0.0.1", 404),
        ("geheim", {"Authorization": "Bearer falsch"}, 0, "127.0.0.1", 404),
        ("geheim", {"Authorization": "Bearer geheim"}, 1, "10.0.0.9", 200),
        ("geheim", {"Authorization": "Bearer é\u0000"}, 1, "10.0.0.9", 404),
    ],
)
def test_for_strangers_there_is_no_such_page(commune, settings, token, headers, proxies, address, status):
    settings.METRICS_TOKEN, settings.TRUSTED_PROXIES = token, proxies

    assert Client(REMOTE_ADDR=address).get("/metrics", headers=headers).status_code == status


def test_counting_costs_the_caller_nothing_when_redis_is_away(monkeypatch):
    class Away:
        def pipeline(self, **_):
            raise redis.ConnectionError

    monkeypatch.setattr(metrics, "broker", lambda: Away())
    monkeypatch.setattr(metrics, "_pending", metrics.Counter())
    for _ in range(3):
        metrics.count("sends", "sent")
    metrics.flush()

    assert metrics._pending["sends", "sent"] == 3 and metrics.counted() == {}


def test_the_task_leaves_numbers(commune, zone):
    with zone("vault"):
        tasks.watch_over()
        from zalopolice.gateway.models import Snapshot

        assert (timezone.now() - Snapshot.objects.get().at).total_seconds() < 30

"""The page of the comparisons with Zalo: figures, one button, and who may press it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.tips.scenes import client_of, text
from zalopolice.audit.models import Entry
from zalopolice.gateway import history
from zalopolice.gateway.models import HistoryWalk, OfficialAccount
from zalopolice.units.models import Alert
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission

PAGE = "/oa/doi-chieu/"


@pytest.fixture
def connected(commune, zone):
    with zone("owner"):
        OfficialAccount.objects.update(connected_at=timezone.now())
    return commune


def past(commune, zone, count=1, **columns):
    with zone("owner"):
        for number in range(count):
            at = timezone.now() - timedelta(days=number)
            facts = {"kind": "nightly", "since": at - timedelta(days=2), "started_at": at, "ended_at": at}
            HistoryWalk.objects.create(unit=commune.unit, oa=commune.oa, **facts | columns)


def asked(commune, **form):
    return client_of(commune, "binh").post(f"/oa/{commune.oa.pk}/doi-chieu/", form)


@pytest.mark.parametrize("days, back", [("2", 2), ("7", 7), ("", 2), ("400", 2), ("x", 2)])
def test_the_chief_begins_one_and_sees_how_far_it_is(connected, zone, bell, days, back):
    assert asked(connected, days=days).headers["Location"] == PAGE

    with zone("owner"):
        walk = HistoryWalk.objects.get()
        assert timedelta(days=back) <= timezone.now() - walk.since < timedelta(days=back, minutes=1)
        assert Entry.objects.filter(kind="history.asked", actor_id=connected.binh.pk).count() == 1
        HistoryWalk.objects.update(people=41, visited=12)
    assert ("zalopolice.walk", str(walk.pk), "slow") in bell
    page = text(client_of(connected, "binh").get(PAGE))
    assert "Đã xem 12 trong 41 cuộc trò chuyện." in page and 'name="days"' not in page
    assert "hãy đợi lần đó xong" in text(
        client_of(connected, "binh").post(f"/oa/{connected.oa.pk}/doi-chieu/", follow=True)
    )

    client_of(connected, "binh").post(f"{PAGE}{walk.pk}/dung/")
    assert "Đang dừng." in text(client_of(connected, "dung").get(PAGE))


OUTCOMES = {
    "nothing missing": ({"looked_at": 1204, "known": 1204}, ["Đủ", "1.204"]),
    "made good": ({"missing": 3, "inserted": 3}, ["Đã bù đủ"]),
    "some are missing still": ({"missing": 3, "inserted": 2}, ["Còn thiếu", "hãy xem trên Zalo"]),
    "not to its end": ({"error": history.NO_ANSWER}, ["Chưa hết", "Zalo không trả lời"]),
    "typed elsewhere": ({"typed": 2}, ["2 câu trả lời gõ ngoài hệ thống"]),
}


@pytest.mark.parametrize("columns, words", OUTCOMES.values(), ids=OUTCOMES.keys())
def test_what_came_of_it_is_said(connected, zone, columns, words):
    past(connected, zone, **columns)

    page = text(client_of(connected, "binh").get(PAGE))

    for one in words:
        assert one in page


def test_the_deputy_sees_it_and_has_no_button(connected, zone):
    past(connected, zone)
    client = client_of(connected, "dung")

    assert '<form method="post" action="/oa/' not in text(client.get(PAGE))
    assert client.post(f"/oa/{connected.oa.pk}/doi-chieu/").status_code == 403
    assert client_of(connected, "an").get(PAGE).status_code == 404


def test_another_commune_s_are_not_there(connected, other_commune, zone):
    past(connected, zone, typed=77)

    assert "77 câu trả lời" in text(client_of(connected, "binh").get(PAGE))
    assert "câu trả lời gõ ngoài" not in text(client_of(other_commune, "binh").get(PAGE))


def test_the_bell_leads_there(connected, zone):
    with zone("vault"):
        tell(Alert.Kind.MISSED_MESSAGES, connected.unit.pk, connected.oa.pk, permission=Permission.OA_VIEW)

    assert f'href="{PAGE}"' in text(client_of(connected, "binh").get("/thong-bao/"))


def test_its_queries_do_not_grow_with_its_rows(connected, zone):
    counts = []
    for number in (1, 19):
        past(connected, zone, number, missing=1)
        client = client_of(connected, "binh")
        client.get(PAGE)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(PAGE)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20

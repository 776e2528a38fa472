"""All accounts of a province on one page, worst first; who sees which (features A2)."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import cast
from tests.tips.scenes import client_of, text
from zalopolice.gateway import incidents, watch
from zalopolice.gateway.models import Incident, OfficialAccount
from zalopolice.units.models import Membership, Unit

Kind = Incident.Kind


@pytest.fixture
def connected(commune, broker):
    with commune.zone("owner"):
        now = timezone.now()
        good = {"connected_at": now, "token_refresh_until": now + timedelta(days=80), "last_event_at": now}
        OfficialAccount.objects.update(**good)
    return commune


def many(commune, number):
    """Communes of the same province with an account each, all well."""
    with commune.zone("owner"):
        now = timezone.now()
        units = [
            Unit(
                code=f"xa-{n}", name=f"Công an xã {n}", kind="commune", parent=commune.unit.parent, opens_on=now.date()
            )
            for n in range(number)
        ]
        Unit.objects.bulk_create(units)
        app = cast.zalo_app()
        good = {"connected_at": now, "token_refresh_until": now + timedelta(days=80), "last_event_at": now}
        OfficialAccount.objects.bulk_create(
            OfficialAccount(unit=unit, app=app, oa_id=str(10**12 + n), name=f"OA {n}", **good)
            for n, unit in enumerate(units)
        )
    return units


@pytest.fixture
def inspector(commune):
    """Of the province, where the cast has nobody."""
    with commune.zone("owner"):
        Membership.objects.create(
            unit=commune.unit.parent, officer=commune.khanh, role="province_inspector", since="2026-01-01"
        )
        Membership.objects.filter(unit=commune.unit, officer=commune.khanh).delete()
    return client_of(commune, "khanh")


def queries(call):
    with CaptureQueriesContext(connection) as found:
        answer = call()
    return answer, len(found)


def test_two_hundred_accounts_on_one_page_worst_first_in_as_many_queries_as_one(commune, connected, inspector):
    one, few = queries(lambda: inspector.get("/zalo/suc-khoe/"))
    units = many(commune, 200)
    with commune.zone("vault"):
        sick = OfficialAccount.objects.get(unit=units[150])
        incidents.begin(Kind.WEBHOOK_SILENT, sick, 30)
        incidents.begin(Kind.FLOOD, OfficialAccount.objects.get(unit=units[10]))
    with commune.zone("owner"):
        soon = timezone.now() + timedelta(days=12, hours=1)
        OfficialAccount.objects.filter(unit=units[77]).update(token_refresh_until=soon)

    began = time.perf_counter()
    page, all_of_them = queries(lambda: inspector.get("/zalo/suc-khoe/"))
    took = time.perf_counter() - began

    shown = text(page)
    assert one.status_code == page.status_code == 200 and all_of_them == few and took < 2
    assert shown.count('<th scope="row">') == 201
    order = [shown.index(f"<b>Công an xã {n}</b>") for n in (150, 77, 10)]
    assert order == sorted(order) and "Zalo không báo tin" in shown and "còn 12 ngày" in shown
    assert "1 có sự cố" in shown and "1 cần chú ý" in shown  # a flood is news, not an illness


def test_a_round_asks_the_same_number_of_queries_for_two_hundred_accounts(commune, connected):
    def round_():
        with commune.zone("vault"):
            return queries(watch.watch)[1]

    round_()
    few = round_()
    many(commune, 200)

    assert round_() == few <= 24


def test_a_commune_sees_its_own_account_and_nobody_elses(commune, other_commune, connected):
    many(commune, 3)
    shown = text(client_of(commune, "binh").get("/zalo/suc-khoe/"))

    assert commune.oa.name in shown and shown.count('<th scope="row">') == 1


def test_the_function_believes_the_context_and_nothing_else(commune, other_commune, connected):
    from zalopolice.units.walls import unit_context

    def seen(unit):
        with unit_context(unit), connection.cursor() as cursor:
            cursor.execute("SELECT oa FROM walls.oa_health()")
            return {row[0] for row in cursor.fetchall()}

    assert seen(commune.unit.pk) == {commune.oa.pk}
    assert seen(commune.unit.parent_id) == {commune.oa.pk, other_commune.oa.pk}
    assert seen(None) == set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM walls.oa_health()")
        assert cursor.fetchone()[0] == 0


def test_a_unit_that_is_no_province_sees_nothing_of_those_below(commune, connected):
    with commune.zone("owner"):
        team = Unit.objects.create(
            code="doi", name="Đội", kind=Unit.Kind.TEAM, parent=commune.unit, opens_on=timezone.localdate()
        )
        oa = OfficialAccount.objects.create(unit=team, app=commune.oa.app, oa_id="99999", name="Đội")
    with commune.zone("vault"):
        incidents.begin(Kind.CONSOLE_REPLY, oa, 3)

    with commune.acting("an"), connection.cursor() as cursor:
        assert not Incident.objects.exists()
        cursor.execute("SELECT name FROM walls.oa_health()")
        assert [row[0] for row in cursor.fetchall()] == [commune.oa.name]


def test_training_units_are_not_counted(commune, connected, inspector):
    with commune.zone("owner"):
        Unit.objects.filter(pk=commune.unit.pk).update(is_training=True)

    assert "Chưa có OA nào." in text(inspector.get("/zalo/suc-khoe/"))


@pytest.mark.parametrize("name", ["an", "cuong", "giang"])
def test_for_others_there_is_no_such_page(commune, name):
    client = client_of(commune, name)

    assert client.get("/zalo/suc-khoe/").status_code == client.get("/zalo/su-co/").status_code == 404


def test_incidents_with_start_end_duration_and_remedy(commune, other_commune, connected, inspector):
    with commune.zone("vault"):
        incidents.begin(Kind.SIGNATURE_REFUSED, figure=12)
        incidents.begin(Kind.TOKEN_ENDING, commune.oa, 29)
        incidents.begin(Kind.PACED, other_commune.oa)
        incidents.end(Kind.PACED, other_commune.oa)
    with commune.zone("owner"):
        Incident.objects.filter(kind=Kind.PACED).update(
            started_at=timezone.now() - timedelta(hours=2, minutes=1, seconds=30)
        )

    shown = text(inspector.get("/zalo/su-co/"))
    assert "12 tin trong một phút" in shown and "Cách xử lý:" in shown and "Kết nối lại" in shown
    assert "Zalo yêu cầu gửi chậm lại" not in shown
    over = text(inspector.get("/zalo/su-co/?muc=qua"))
    assert "Zalo yêu cầu gửi chậm lại" in over and "2\u00a0giờ\u00a01\u00a0phút" in over

    own = text(client_of(commune, "binh").get("/zalo/su-co/"))
    assert "Quyền kết nối OA sắp hết hạn" in own and "12 tin trong một phút" not in own
    assert "gửi chậm" not in text(client_of(commune, "binh").get("/zalo/su-co/?muc=qua"))


def test_the_history_pages_by_key(commune, inspector):
    with commune.zone("owner"):
        now = timezone.now()
        for n in range(60):
            at = now - timedelta(hours=n)
            Incident.objects.create(unit=commune.unit, oa=commune.oa, kind="paced", started_at=at, ended_at=at)
    seen, address = 0, "/zalo/su-co/?muc=qua"
    while address:
        page = text(inspector.get(address))
        seen += page.count('class="incident"')
        found = page.partition('class="pager"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
        address = f"/zalo/su-co/{found}" if found else ""

    assert seen == 60


def test_the_bell_leads_to_the_incident(commune):
    with commune.zone("vault"):
        incidents.begin(Kind.FLOOD, commune.oa)

    assert 'href="/zalo/su-co/"' in text(client_of(commune, "binh").get("/thong-bao/"))

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
    inspector.get("/zalo/suc-khoe/")  # the channel's rules are read once a minute
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


# --- where a watcher meets them: home, the strip above the table, the bell -------------------------------------------


@pytest.fixture
def administrator(commune):
    with commune.zone("owner"):
        province = {"unit": commune.unit.parent, "officer": commune.huy, "role": "system_administrator"}
        Membership.objects.create(**province, since="2026-01-01")
        Membership.objects.filter(unit=commune.unit, officer=commune.huy).delete()
    return client_of(commune, "huy")


@pytest.mark.parametrize("watcher", ["inspector", "administrator"])
def test_home_lists_what_is_open_worst_first_in_few_queries(commune, connected, request, watcher):
    client = request.getfixturevalue(watcher)
    assert "Sự cố đang mở" not in text(client.get("/"))
    with commune.zone("vault"):
        incidents.begin(Kind.SIGNATURE_REFUSED, figure=5)
        incidents.begin(Kind.TOKEN_ENDING, commune.oa, 9)
        incidents.begin(Kind.FLOOD, commune.oa)
        incidents.begin(Kind.CLOCK_WRONG)
        incidents.end(Kind.CLOCK_WRONG)

    page, few = queries(lambda: client.get("/"))

    shown = text(page)
    card = shown[shown.index('id="su-co"') : shown.index("Phần việc của đồng chí")]
    late, soon = card.index("Tin từ Zalo ký bằng khóa không khớp"), card.index("Quyền kết nối OA sắp hết hạn")
    assert late < soon and card.count('<a href="/zalo/su-co/">') == 2 and "nhắn quá nhiều" not in card
    assert "cần làm ngay" in card and commune.unit.name in card and "<time" in card
    assert few <= 14
    units = many(commune, 12)
    with commune.zone("vault"):
        for oa in OfficialAccount.objects.filter(unit__in=units):
            incidents.begin(Kind.CONSENT_LOST, oa)
    page, as_many = queries(lambda: client.get("/"))
    assert as_many == few and len(page.context["incidents"]) == 8 and "8+" in text(page)


def test_home_of_a_commune_lists_none(commune, connected):
    with commune.zone("vault"):
        incidents.begin(Kind.CONSENT_LOST, commune.oa)

    assert client_of(commune, "binh").get("/").context["incidents"] == []


def test_what_is_no_accounts_own_stands_above_the_table(commune, connected, administrator):
    with commune.zone("vault"):
        incidents.begin(Kind.SIGNATURE_REFUSED, figure=5)
        incidents.begin(Kind.CONSENT_LOST, commune.oa)
    shown = text(administrator.get("/zalo/suc-khoe/"))

    above = shown[: shown.index("<table")]
    assert "Tin từ Zalo ký bằng khóa không khớp" in above and "OA mất kết nối" not in above
    assert '<span class="count">2</span>' in above and 'href="/zalo/tam-ngung/"' in above
    table = shown[shown.index("<table") :]
    assert table.count('<a href="/zalo/su-co/">') == 1


def test_only_who_may_let_sending_go_on_is_led_there(commune, connected, inspector):
    for client in (inspector, client_of(commune, "binh")):
        shown = text(client.get("/zalo/suc-khoe/"))
        assert "Sức khỏe OA" in shown and "/zalo/tam-ngung/" not in shown


def test_the_bell_names_the_incident_that_rang_in_one_query_for_all(commune, connected):
    chief = client_of(commune, "binh")
    with commune.zone("vault"):
        incidents.begin(Kind.QUOTA_LOW, commune.oa, 3)
        incidents.begin(Kind.WEBHOOK_SILENT, commune.oa, 30)
        incidents.begin(Kind.CONSOLE_REPLY, commune.oa, 1)  # rings a bell of its own
    page, few = queries(lambda: chief.get("/thong-bao/"))
    assert [line.about for line in page.context["lines"]] == ["Zalo không báo tin"]

    with commune.zone("owner"):
        app = cast.zalo_app()
        more = [OfficialAccount(unit=commune.unit, app=app, oa_id=f"77{n}", name=f"OA {n}") for n in range(9)]
        OfficialAccount.objects.bulk_create(more)
    with commune.zone("vault"):
        for oa in more:
            incidents.begin(Kind.QUOTA_LOW, oa, 3)
    page, as_many = queries(lambda: chief.get("/thong-bao/"))
    said = [line.about for line in page.context["lines"]]
    assert as_many == few and len(said) == 10 and said.count("Sắp hết lượt gửi") == 9


def test_the_bell_of_the_installation_names_it_too(commune, connected, administrator):
    with commune.zone("vault"):
        incidents.begin(Kind.SIGNATURE_REFUSED, figure=5)

    assert "Tin từ Zalo ký bằng khóa không khớp" in text(administrator.get("/thong-bao/"))

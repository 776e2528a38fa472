"""Where a poster's QR leads, zone public (features A12): three queries, no script, not indexed."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.procedures.scenes import Citizen
from tests.units.conftest import login
from zalopolice.gateway import sources
from zalopolice.gateway.models import OfficialAccount


@pytest.fixture
def tag(commune):
    with commune.zone("owner"):
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(connected_at=timezone.now())
    with commune.acting("giang") as editor:
        return sources.create("poster", "Áp phích cổng chợ Đồng Văn", commune.oa, by=editor)


@pytest.fixture
def citizen(zone):
    return Citizen(zone)


def test_the_page_says_what_to_send_and_to_whom(commune, tag, citizen):
    with citizen.there() as browser, CaptureQueriesContext(connection) as queries:
        page = browser.get(f"/q/{commune.unit.code}/ap1/")
    text = page.content.decode()
    asked = [query["sql"] for query in queries if 'FROM "' in query["sql"]]
    assert page.status_code == 200 and len(asked) <= 3, asked
    assert "#AP1" in text and f"https://zalo.me/{commune.oa.oa_id}" in text and tag.label in text
    assert page["X-Robots-Tag"] == "noindex, nofollow" and 'name="robots"' in text
    assert "<script" not in text and "style=" not in text and len(page.content) < 20_000


def test_a_retired_poster_still_leads_to_the_account(commune, tag, citizen):
    with commune.acting("giang") as editor:
        sources.retire(tag, by=editor)
    page = citizen.get(f"/q/{commune.unit.code}/AP1/")
    assert page.status_code == 404 and f"https://zalo.me/{commune.oa.oa_id}" in page.content.decode()
    assert tag.label not in page.content.decode()
    assert citizen.get("/q/khong-co/AP1/").status_code == 404


def test_citizens_read_three_columns_of_codes_in_use(commune, tag):
    with login("public") as public:
        found = public.execute("SELECT code, kind, label FROM gateway_sourcetag").fetchall()
        assert found == [("AP1", "poster", tag.label)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            public.execute("SELECT created_by_id FROM gateway_sourcetag")
    with commune.acting("giang") as editor:
        sources.retire(tag, by=editor)
    with login("public") as public:
        assert public.execute("SELECT code FROM gateway_sourcetag").fetchall() == []

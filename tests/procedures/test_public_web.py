"""The citizens' pages together: what each weighs, what machines read of them, nothing drawn twice, nothing run."""

from __future__ import annotations

import gzip
import json
import re
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.utils import timezone

from procedures import actions, languages
from tests.broadcasts import scenes as posts
from tests.gateway import attaching
from tests.procedures import scenes
from zalopolice import drawn
from zalopolice.gateway.models import OfficialAccount
from zalopolice.units.models import Unit

UNIT, SLUG = "tran-hung-dao", "dang-ky-tam-tru"
KHMER = {"name": "ការចុះឈ្មោះស្នាក់នៅបណ្តោះអាសន្ន", "papers": "ពាក្យ"}
PAGES = {
    "public_home": "/",
    "accessibility": "/tiep-can/",
    "public_unit": f"/don-vi/{UNIT}/",
    "public_catalogue": f"/thu-tuc/{UNIT}/",
    "public_procedure": f"/thu-tuc/{UNIT}/{SLUG}/",
    "public_translation": f"/thu-tuc/{UNIT}/{SLUG}/km/",
    "public_news": f"/tin/{UNIT}/",
    "public_post": f"/tin/{UNIT}/{{post}}/",
    "public_genuine": f"/kiem-tra/{UNIT}/",
    "public_source": f"/q/{UNIT}/AP1/",
    "missing": "/khong-co/",
}
NO_PAGE = {"preferences", "healthz", "readyz", "robots", "sitemap", "sitemap_page", "post_picture", "shared_file",
           "domain_verifier"}  # fmt: skip
QUERIES = 5


@pytest.fixture
def town(province, commune, zone):
    """Everything there is to show: 46 procedures, one of the province's own with a form and a translation, numbers."""
    with zone("owner"):
        call_command("seed_public", verbosity=0, stdout=StringIO())
        OfficialAccount.objects.filter(unit=commune.unit).update(connected_at=timezone.now())
    form = attaching.keep(commune, "Tờ khai CT01.pdf", attaching.PDF)
    offered = [{"id": str(form.pk), "title": "Tờ khai thay đổi thông tin cư trú", "kind": "form", "name": form.name}]
    plan = attaching.keep(commune, "Sơ đồ.png", attaching.picture(), kind="picture")
    offered.append({"id": str(plan.pk), "title": "Sơ đồ đường đi", "kind": "picture", "name": plan.name})
    content = languages.with_translation("Đăng ký tạm trú", scenes.CONTENT | {"files": offered}, "km", KHMER)
    scenes.published(province, SLUG, content=content)
    with zone("owner"):
        call_command("load_procedures", "--publish", verbosity=0, stdout=StringIO())
    commune.form, commune.plan = form, plan
    commune.post = posts.post_at(commune, posts.Status.SCHEDULED)
    with zone("owner"):
        posts.PostVersion.objects.filter(pk=commune.post.pk).update(status="dispatched")
    drawn._pages.clear()
    return commune


def text(citizen, path):
    return citizen.get(path).content.decode()


def address(town, name):
    return PAGES[name].format(post=town.post.pk)


def test_every_page_of_the_zone_is_named_here():
    named = {name for name in get_resolver("zalopolice.public_urls").reverse_dict if isinstance(name, str)}

    assert named - NO_PAGE - {name for name in named if name.startswith("api_")} == PAGES.keys() - {"missing"}


def test_the_first_load_is_light_and_runs_nothing(town, citizen):
    """As the servers send it, with the letters of the titles; files are compressed when a server starts."""
    fonts = sum(path.stat().st_size for path in Path(finders.find("fonts")).glob("be-vietnam-pro*.woff2"))
    for name in PAGES:
        answer = citizen.get(address(town, name), accept_encoding="gzip")
        assert answer.status_code in ({404} if name in {"missing", "public_source"} else {200}), name
        assert answer["Content-Encoding"] == "gzip", name
        page = gzip.decompress(answer.content).decode()
        files = re.findall(r'<(?:link[^>]*href|img[^>]*src)="/static/([^"]+)"', page)
        sheets = [Path(finders.find(one)).read_bytes() for one in files]
        weight = len(answer.content) + sum(len(gzip.compress(one)) for one in sheets) + fonts
        assert weight <= 60_000, (name, weight)
        assert 'lang="vi"' in page and page.count("<h1") == 1
        assert "noto-sans" not in page and not re.search(r"style=|<style|<iframe|\son\w+=", page)
        assert set(re.findall(r"<script([^>]*)>", page)) <= {' type="application/ld+json"'}, name
        assert not re.findall(r'(?:src|href)="https?://(?!127\.0\.0\.1|zalo\.me|example\.vn)[^"]*', page), name


def test_few_queries_and_a_page_drawn_once(town, citizen, monkeypatch):
    for name in PAGES:
        with citizen.there() as client, CaptureQueriesContext(connection) as asked:
            client.get(address(town, name))
        assert len(asked) <= QUERIES, name
    monkeypatch.setattr(drawn, "_draw", lambda *_: pytest.fail("drawn again"))
    first = citizen.get(PAGES["public_procedure"])
    again = citizen.get(PAGES["public_procedure"], if_none_match=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    varies = [set(answer["Vary"].split(", ")) for answer in (first, again)]
    assert varies == [{"Accept-Encoding", "Cookie", "Save-Data"}] * 2


class Drawn(Exception):
    pass


def _drawn(*_):
    raise Drawn


def test_what_changes_is_on_the_page_at_once(town, province, citizen, zone, monkeypatch):
    path = PAGES["public_procedure"]
    before = citizen.get(path)
    with zone("owner"):
        Unit.objects.filter(pk=town.unit.pk).update(name="Công an phường Mới")
    assert "Công an phường Mới" in text(citizen, path)
    with citizen.there() as client:
        client.cookies["zp_theme"] = "dark"
        assert 'data-theme="dark"' in client.get(path).content.decode()
        del client.cookies["zp_theme"]
    with town.acting("giang") as by:
        procedure = actions.Procedure.objects.visible_to(by).get(slug=SLUG)
        actions.override(procedure, hours="Chỉ sáng thứ Ba", address="", contact="", by=by)
    assert "Chỉ sáng thứ Ba" in text(citizen, path)
    scenes.again(province, procedure, name="Đăng ký tạm trú mới", content=scenes.CONTENT)
    assert "Đăng ký tạm trú mới" in text(citizen, path) and "Đăng ký tạm trú mới" in text(citizen, f"/thu-tuc/{UNIT}/")
    assert citizen.get(path, if_none_match=before["ETag"]).status_code == 200
    tomorrow = timezone.localdate() + timedelta(days=1)
    with pytest.raises(Drawn):
        monkeypatch.setattr(drawn, "_draw", _drawn)
        monkeypatch.setattr(timezone, "localdate", lambda *_: tomorrow)  # fees are dated
        citizen.get(path)


def test_an_address_with_a_query_is_not_kept(town, citizen):
    citizen.get("/?tim=a")
    citizen.get(f"/thu-tuc/{UNIT}/?x=1")

    assert not drawn._pages


def test_machines_read_what_people_read(town, citizen, settings, zone):
    page = text(citizen, PAGES["public_procedure"])
    here = f"{settings.PUBLIC_URL}{PAGES['public_procedure']}"
    data = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', page)[1])

    assert (data["@type"], data["name"], data["url"]) == ("GovernmentService", "Đăng ký tạm trú", here)
    assert data["provider"]["telephone"] == "0900000101"
    assert data["provider"]["openingHoursSpecification"][0] == {
        "@type": "OpeningHoursSpecification", "dayOfWeek": "https://schema.org/Monday", "opens": "07:30",
        "closes": "11:30",
    }  # fmt: skip
    assert [offer["price"] for offer in data["offers"]] == ["15000", "0"]
    assert data["availableChannel"]["serviceUrl"] == f"https://zalo.me/{town.oa.oa_id}"
    assert f'<link rel="canonical" href="{here}">' in page
    assert f'<meta property="og:url" content="{here}">' in page
    assert re.search(r'<meta property="og:title" content="Đăng ký tạm trú · ', page)
    assert f'<meta property="og:image" content="{settings.PUBLIC_URL}{town.plan.path}">' in page
    with zone("owner"):
        type(town.plan).objects.filter(pk=town.plan.pk).update(retired_at=timezone.now())
    later = text(citizen, PAGES["public_procedure"])
    assert f'<meta property="og:image" content="{settings.PUBLIC_URL}/static/share.png">' in later
    assert '<meta property="og:description" content="Đăng ký tạm trú. ' in page
    assert f'<link rel="alternate" hreflang="km" href="{here}km/">' in page
    assert 'name="robots"' not in page
    assert '<meta name="robots" content="noindex">' in text(citizen, f"/thu-tuc/{UNIT}/?tim=a")


def test_what_people_call_a_procedure_is_searched_in_and_never_shown(town, province, citizen):
    """Editors put citizens' own sentences there."""
    with province.acting("tam"):
        procedure = actions.Procedure.objects.get(slug=SLUG)
    scenes.again(province, procedure, synonyms=["em ghi danh phòng bà Sáu"])
    api = f"/api/v1/units/{UNIT}/procedures/"

    searched = (f"/thu-tuc/{UNIT}/?tim=ghi+danh+phong", f"{api}?q=ghi+danh+phong")
    for path in searched:
        assert "Đăng ký tạm trú" in text(citizen, path), path
    for path in (*searched, *(address(town, name) for name in PAGES), api, f"{api}{SLUG}/", "/sitemap-1.xml"):
        assert "bà Sáu" not in text(citizen, path), path


def test_no_word_ends_the_block_of_data(town, province, citizen):
    bad = "</script><script>alert(1)</script>&"
    scenes.published(province, "xau", bad[:160], content={"who_can_apply": bad})
    page = text(citizen, f"/thu-tuc/{UNIT}/xau/")

    assert page.count("<script") == page.count("</script") == 1
    assert json.loads(re.search(r"ld\+json\">(.*?)</script>", page)[1])["name"] == bad


def test_forms_are_offered_until_they_are_taken_back(town, citizen, zone):
    path = PAGES["public_procedure"]
    page = text(citizen, path)
    assert f'href="{town.form.path}" download' in page and "Tờ khai thay đổi thông tin cư trú" in page
    with zone("owner"):
        type(town.form).objects.filter(pk=town.form.pk).update(retired_at=timezone.now())

    assert town.form.path not in text(citizen, path)


def test_a_translation_is_a_page_of_its_own(town, citizen, settings):
    page = text(citizen, PAGES["public_translation"])

    assert f'<h1 lang="km">{KHMER["name"]}</h1>' in page
    assert "15.000 đ" in page and "khi khác nhau, bản tiếng Việt là đúng" in page
    assert 'lang="km" hreflang="km" aria-current="true"' in page
    assert '<html lang="vi">' in page and '<span lang="km">ផ្នែក' in page  # headings stay Vietnamese, and say so
    for code in ("en", "xx", "vi"):
        assert citizen.get(f"{PAGES['public_procedure']}{code}/").status_code == 404, code


def test_a_page_in_a_language_of_the_portal_is_in_it_headings_and_all(town, province, citizen):
    content = languages.with_translation("Tạm trú hai", scenes.CONTENT, "en", {"name": "Temporary residence"})
    scenes.published(province, "tam-tru-hai", "Tạm trú hai", content=content)
    path = f"/thu-tuc/{UNIT}/tam-tru-hai/"
    answer = citizen.get(f"{path}en/")
    page = answer.content.decode()

    assert answer["Content-Language"] == "en" and '<html lang="en">' in page
    assert "Các bước" not in page and "Giấy tờ cần mang" not in page
    assert "Parts that are not translated are in Vietnamese." in page
    assert '<html lang="vi">' in text(citizen, path) and "Các bước" in text(citizen, path)


def test_a_text_past_its_review_says_so(town, province, citizen):
    scenes.published(province, "cu", "Thủ tục cũ", review_due=date(2026, 1, 2))

    assert "xem lại trước ngày 02/01/2026" in text(citizen, f"/thu-tuc/{UNIT}/cu/")
    assert "xem lại trước ngày" not in text(citizen, PAGES["public_procedure"])


def test_the_map_of_the_site_has_every_page(town, citizen, settings):
    index, part = citizen.get("/sitemap.xml"), text(citizen, "/sitemap-1.xml")
    found = re.findall(r"<loc>([^<]+)</loc>", part)

    assert index["Content-Type"] == "application/xml; charset=utf-8"
    assert f"<loc>{settings.PUBLIC_URL}/sitemap-1.xml</loc>" in index.content.decode()
    for name in PAGES.keys() - {"missing", "public_source", "public_genuine", "public_translation"}:
        assert f"{settings.PUBLIC_URL}{address(town, name)}" in found, name
    assert len(found) == len(set(found))
    assert f"<lastmod>{timezone.localdate()}</lastmod>" in part
    assert citizen.get("/sitemap-2.xml").status_code == citizen.get("/sitemap-0.xml").status_code == 404
    assert citizen.get(f"/sitemap-{'9' * 20}.xml").status_code == 404  # more than the database can count
    assert f"Sitemap: {settings.PUBLIC_URL}/sitemap.xml" in text(citizen, "/robots.txt")


def test_the_map_is_in_parts_and_asks_as_often_for_all_communes(town, citizen, zone, monkeypatch):
    monkeypatch.setattr("zalopolice.sitemap.SIZE", 20)
    _many(zone, 50)

    with citizen.there() as client, CaptureQueriesContext(connection) as asked:
        part = client.get("/sitemap-2.xml").content.decode()
    assert len(asked) <= 3
    assert part.count("/don-vi/") == 20
    assert text(citizen, "/sitemap.xml").count("<sitemap>") == 3


def test_the_first_page_finds_a_commune_of_thousands(town, citizen, zone):
    assert town.unit.name in text(citizen, "/")
    _many(zone, 70)
    page = text(citizen, "/")

    assert "Công an xã Số 5<" not in page and town.unit.name not in page
    assert "?tinh=tinh-khac" in page
    assert "Công an xã Số 5<" in text(citizen, "/?tinh=tinh-khac")
    found = text(citizen, "/?tim=xa so 5")
    assert "Công an xã Số 5<" in found and "Công an xã Số 15<" not in found and "noindex" in found
    assert "Không thấy “zzz”" in text(citizen, "/?tim=zzz")
    found = text(citizen, "/?tim=tinh khac")
    assert '<a href="/don-vi/tinh-khac/">Công an tỉnh Khác</a></h2>' in found and 'href="?tinh=tinh-khac"' in found
    assert "Không thấy" not in found and citizen.get("/don-vi/tinh-khac/").status_code == 200


def _many(zone, number):
    with zone("owner"):
        other = Unit.objects.create(code="tinh-khac", name="Công an tỉnh Khác", kind="province", opens_on="2026-01-01")
        Unit.objects.bulk_create(
            Unit(code=f"xa-{n:03}", name=f"Công an xã Số {n}", kind="commune", parent=other, opens_on="2026-01-01")
            for n in range(number)
        )

"""News in a glance: the bot's short list and the citizens' pages show what has left, and nothing else."""

import re
from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from broadcasts.models import PostImage, PostVersion
from tests.broadcasts.scenes import COVER, TITLE, post_at
from tests.procedures.scenes import Citizen
from tests.tips.scenes import text
from tests.units.test_officer_check import chat  # noqa: F401  (a fixture)

PAGE = "/tin/tran-hung-dao/"
BODY = "Có kẻ xấu giả danh <b>công an</b>.\n\n## Nhớ ba điều\n\n- Tắt máy.\n- Không chuyển tiền."


def sent(commune, title, *, days=0, **more):
    """A post that left so many days ago: the database lets only an approved one become so."""
    version = post_at(commune, "scheduled", title=title, **more)
    with commune.zone("owner"):
        PostVersion.objects.filter(pk=version.pk).update(
            status="dispatched", changed_at=timezone.now() - timedelta(days=days, minutes=1)
        )
    return version


def test_the_bot_lists_the_posts_of_the_last_days(commune, chat):  # noqa: F811
    assert "chưa đăng tin nào" in chat("tin an ninh hôm nay", topic="news")[0]
    old = sent(commune, "Tin tháng trước", days=20)
    post_at(commune, "scheduled", title="Tin chưa gửi")
    [quiet] = chat("tin an ninh hôm nay", topic="news")
    assert quiet.startswith("7 ngày nay") and "Tin tháng trước" in quiet and f"{PAGE}{old.pk}/" in quiet
    for number in range(6):
        sent(commune, f"Tin số {number}", days=number)
    [said] = chat("tin an ninh hôm nay", topic="news")

    assert re.findall(r"Tin số (\d)", said) == list("01234")
    assert said.count("/tin/tran-hung-dao/") == 6 and len(said) < 1900
    assert "Tin tháng trước" not in said and "chưa gửi" not in said


def test_the_page_shows_what_has_left_and_pages_by_key(commune, other_commune, zone):
    citizen = Citizen(zone)
    assert "chưa đăng tin nào" in text(citizen.get(PAGE))
    for number in range(12):
        sent(commune, f"Tin số {number}", days=number)
    draft, foreign = post_at(commune, "submitted", title="Tin chưa duyệt"), sent(other_commune, "Tin xã khác")
    with citizen.there() as client, CaptureQueriesContext(connection) as asked:
        first = text(client.get(PAGE))
    assert len(asked) <= 2 and first.count('class="row piece"') == 10 and "Tin số 0" in first
    following = re.search(r'href="(\?sau=[^"]+)"', first)[1]
    second = text(citizen.get(PAGE + following))

    assert "Tin số 11" in second and second.count('class="row piece"') == 2 and "<script" not in first
    assert "Tin chưa duyệt" not in first + second and "Tin xã khác" not in first + second
    for pk in (draft.pk, foreign.pk):
        assert citizen.get(f"{PAGE}{pk}/").status_code == 404
    for place in ("x", "sau=%00", "sau=" + "A" * 3000):
        assert citizen.get(f"{PAGE}?sau={place}").status_code == 200
    assert citizen.get("/tin/khong-co/").status_code == 404


def test_an_article_is_read_without_zalo(commune, zone):
    version, citizen = sent(commune, TITLE, body=BODY), Citizen(zone)
    page = text(citizen.get(f"{PAGE}{version.pk}/"))

    for said in (
        TITLE,
        "<h2>Nhớ ba điều</h2>",
        "<li>Không chuyển tiền.</li>",
        "&lt;b&gt;",
        "Công an phường",
        f"/anh/{COVER}.jpg",
    ):
        assert said in page
    assert 'width="1280" height="720"' in page and "writers" not in page
    assert citizen.get(f"/anh/{COVER}.jpg").status_code == 200


def test_a_post_shown_elsewhere_brings_its_picture_and_a_cover_that_went_goes_at_once(commune, zone, settings):
    version, citizen = sent(commune, TITLE, body=BODY, description="Bốn dấu hiệu"), Citizen(zone)

    def named():
        page = text(citizen.get(f"{PAGE}{version.pk}/"))
        return dict(re.findall(r'<meta property="og:(\w+)" content="([^"]*)"', page)), page

    first, page = named()
    assert first["image"] == f"{settings.PUBLIC_URL}/anh/{COVER}.jpg"
    assert first["url"] == f"{settings.PUBLIC_URL}{PAGE}{version.pk}/"
    assert first["title"].startswith(TITLE) and first["description"] == "Bốn dấu hiệu" and 'name="robots"' not in page
    with zone("owner"):
        PostImage.objects.filter(sha256=COVER).update(published_at=None)
    then, page = named()

    assert then["image"] == f"{settings.PUBLIC_URL}/static/share.png"
    assert COVER not in page


@pytest.mark.parametrize("name", ["public", "worker"])
def test_neither_zone_reads_more_of_a_post_than_it_shows(commune, zone, name):
    sent(commune, TITLE)
    with zone(name), pytest.raises(ProgrammingError), transaction.atomic():
        list(PostVersion.objects.values_list("writers", "approved_by"))

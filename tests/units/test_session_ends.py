"""Sessions end when idle, at the end of a day, and when their officer says so."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import cast
from tests.tips.scenes import client_of, entries, text
from tests.units.signing import is_in, sign_in
from zalopolice.units.models import Alert, Device, Membership, Officer, OfficerSession
from zalopolice.units.sessions import BEFORE_SIGN_IN

pytestmark = pytest.mark.usefixtures("commune")
DOOR = "/dang-nhap/"


def test_fifteen_quiet_minutes_end_it(commune, clock, inside):
    clock.shift(timedelta(minutes=14))
    assert is_in(inside)
    clock.shift(timedelta(minutes=14))
    assert is_in(inside)
    clock.shift(timedelta(minutes=15, seconds=1))
    assert not is_in(inside)


def test_ten_hours_end_it_however_busy(commune, clock, inside):
    for _ in range(59):
        clock.shift(timedelta(minutes=10))
        assert is_in(inside)
    clock.shift(timedelta(minutes=11))
    assert not is_in(inside)


def test_what_the_page_asks_by_itself_keeps_nothing_awake(commune, clock, inside):
    for _ in range(15):
        inside.get("/khung/", HTTP_HX_REQUEST="true")
        clock.shift(timedelta(minutes=1, seconds=1))

    assert not is_in(inside)


def test_a_quiet_request_that_writes_the_session_moves_nothing(commune, clock, inside, settings):
    settings.QUIET_PATHS = {"/don-vi/"}
    before = OfficerSession.objects.get().expire_date
    clock.shift(timedelta(minutes=5))
    assert inside.post("/don-vi/", {"unit": str(commune.unit.pk)}).status_code == 302

    assert OfficerSession.objects.get().expire_date == before


def test_reading_on_writes_nothing_for_a_minute(commune, clock, inside):
    is_in(inside)
    clock.shift(timedelta(seconds=30))

    with CaptureQueriesContext(connection) as captured:
        is_in(inside)

    assert not [query for query in captured.captured_queries if query["sql"].startswith("UPDATE")]


def test_the_cookie_ends_with_the_browser_and_is_renamed_at_sign_in(commune):
    client = Client()
    answer = sign_in(commune, client=client)

    cookie = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["max-age"], cookie["httponly"], cookie["samesite"]) == ("", True, "Lax")


def test_a_form_sent_too_late_leads_back_to_its_page(commune, clock, inside):
    clock.shift(timedelta(minutes=16))

    OfficerSession.objects.all().delete()
    answer = inside.post("/dang-xuat/", HTTP_REFERER="http://testserver/vu-viec/?trang=2")
    door = inside.get(answer["Location"])
    back = sign_in(commune, client=inside, next="/vu-viec/?trang=2")

    assert answer["Location"] == "/dang-nhap/?next=%2Fvu-viec%2F%3Ftrang%3D2&gui-lai=1"
    assert 'name="next" value="/vu-viec/?trang=2"' in text(door)
    assert "hãy gửi lại" in text(door)
    assert back["Location"] == "/vu-viec/?trang=2"


@pytest.mark.parametrize("referer", ["https://evil.example/x", "", "javascript:1", "http://testserver:81/"])
def test_a_form_from_elsewhere_leads_home(commune, referer):
    extra = {"HTTP_REFERER": referer} if referer else {}

    assert Client().post("/dang-xuat/", **extra)["Location"] == DOOR


def test_signing_out_clears_what_the_browser_kept(commune, inside):
    answer = inside.post("/dang-xuat/")

    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_in(inside)


# --- devices -------------------------------------------------------------------------------------------------------

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"


@pytest.fixture
def two(commune):
    desk, phone = Client(), Client()
    sign_in(commune, client=desk, HTTP_USER_AGENT=CHROME)
    sign_in(commune, client=phone, HTTP_USER_AGENT=PHONE)
    return desk, phone


def test_the_list_shows_where_one_is_signed_in(commune, two):
    page = text(two[0].get("/tai-khoan/thiet-bi/"))

    assert "Chrome · Windows" in page and "Safari · iOS" in page
    assert page.count("Thiết bị này") == 1 and page.index("Thiết bị này") < page.index("Safari · iOS")


def test_an_ended_device_is_out_at_its_next_request(commune, two):
    desk, phone = two
    other = Device.objects.get(browser="Safari · iOS")

    assert desk.post("/tai-khoan/thiet-bi/ket-thuc/", {"device": other.pk}).status_code == 302

    assert not is_in(phone)
    assert is_in(desk)
    assert not Device.objects.filter(pk=other.pk).exists()  # and is a stranger again
    [entry] = entries(commune, "officer.sessions_ended")
    assert entry.detail == {"count": 1}


def test_all_others_end_at_once(commune, two):
    desk, phone = two
    third = Client()
    sign_in(commune, client=third)

    third.post("/tai-khoan/thiet-bi/ket-thuc/")

    assert [is_in(one) for one in (desk, phone, third)] == [False, False, True]


def test_nobody_ends_another_ones(commune, two):
    device = Device.objects.get(browser="Safari · iOS")
    stranger = client_of(commune, "em")

    for chosen in (device.pk, "x", commune.an.pk):
        assert stranger.post("/tai-khoan/thiet-bi/ket-thuc/", {"device": chosen}).status_code == 404
    assert is_in(two[1])


def test_a_new_device_rings_the_bell_a_known_one_does_not(commune):
    client = Client()
    sign_in(commune, client=client)
    sign_in(commune, client=client)
    with commune.acting("an") as an:
        assert not Alert.objects.visible_to(an).filter(kind="new_device").exists()

    sign_in(commune)

    with commune.acting("an") as an:
        assert Alert.objects.visible_to(an).filter(kind="new_device").count() == 1


def test_a_shared_computer_is_known_for_each_of_them(commune):
    client = Client()
    for name in ("an", "em"):
        sign_in(commune, name, client)
        client.post("/dang-xuat/")

    assert Device.objects.count() == 2 and len(set(Device.objects.values_list("cookie", flat=True))) == 1


def test_the_cookie_of_a_device_is_kept_as_a_hash_only(commune):
    answer = sign_in(commune)
    cookie = answer.cookies[settings.DEVICE_COOKIE_NAME]

    assert cookie.value not in {
        Device.objects.get().cookie,
        *OfficerSession.objects.values_list("session_data", flat=True),
    }
    assert cookie["httponly"] and cookie["max-age"] > 300 * 24 * 3600


def test_the_list_needs_few_questions_however_long(commune, two):
    def asked():
        with CaptureQueriesContext(connection) as captured:
            two[0].get("/tai-khoan/thiet-bi/")
        return len(captured)

    before = asked()
    for _ in range(5):
        sign_in(commune)

    assert asked() == before


# --- who may no longer -----------------------------------------------------------------------------------------------


def test_a_disabled_officer_is_out_at_the_next_request(commune, inside, zone):
    with zone("owner"):
        Officer.objects.filter(pk=commune.an.pk).update(is_active=False)

    assert not is_in(inside)


def test_a_role_that_ended_ends_at_the_next_request(commune, zone):
    client = client_of(commune, "cuong")
    assert is_in(client, "/hop-tin/")
    with zone("owner"):
        Membership.objects.filter(officer=commune.cuong).update(ended_at=timezone.now())

    assert client.get("/hop-tin/").status_code == 404


def test_another_password_ends_the_other_sessions(commune, two):
    desk, phone = two
    cast.make_fresh(desk)
    words = "bốn con mèo trên mái nhà"

    assert desk.post("/tai-khoan/mat-khau/", {"password": words, "again": words}).status_code == 302

    assert is_in(desk) and not is_in(phone)
    assert sign_in(commune, password=words).status_code == 302


# --- rows of nobody --------------------------------------------------------------------------------------------------


def test_strangers_who_look_at_the_key_page_leave_nothing_behind_for_long(commune, clock):
    for _ in range(5):
        Client().get("/dang-nhap/khoa/")
    assert OfficerSession.objects.filter(officer=None).count() == 5
    clock.shift(timedelta(seconds=BEFORE_SIGN_IN + 1))

    Client().get("/dang-nhap/khoa/")

    assert OfficerSession.objects.filter(officer=None).count() == 1


def test_a_sign_in_sweeps_them_too_and_nobody_who_is_still_at_the_door(commune, clock, inside):
    Client().get("/dang-nhap/khoa/")
    clock.shift(timedelta(seconds=BEFORE_SIGN_IN - 60))
    Client().get("/dang-nhap/khoa/")
    clock.shift(timedelta(minutes=7))  # the officer's session has ended as well: by it a late form finds its officer

    sign_in(commune, "em")

    assert OfficerSession.objects.filter(officer=None).count() == 1
    assert OfficerSession.objects.filter(officer=commune.an).count() == 1

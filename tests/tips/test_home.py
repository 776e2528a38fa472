"""The first page: what waits for this officer, and what the system answers to nobody in particular."""

import pytest
from django.test import Client

from tests import cast
from tests.tips.scenes import NOBODY, case_at, client_of, queries, text, waiting_item
from zalopolice import views
from zalopolice.gateway.models import Message
from zalopolice.units import keyring
from zalopolice.units.models import Membership

pytestmark = pytest.mark.usefixtures("commune")


def test_the_duty_officer_sees_what_waits(commune, zone):
    case_at(commune)
    commune.hears("hoa", "Cứu tôi với, nó đang cầm dao trước nhà")
    cast.work_inbox(zone)

    page = text(client_of(commune, "cuong").get("/"))

    assert "Nguy hiểm tính mạng, chưa ai nhận" in page
    assert "“<b>Cứu tôi</b> với, nó đang <b>cầm dao</b> trước nhà”" in page
    assert "Vì sao báo động:" in page and "có “Cứu tôi”, “cầm dao”" in page
    assert "Tôi nhận tin này" in page and "Vụ việc, nguồn tin" in page
    assert "chờ đồng chí duyệt" not in page


def test_the_chief_sees_what_to_approve(commune):
    case_at(commune, "closing")

    assert "Đề nghị kết thúc chờ đồng chí duyệt" in text(client_of(commune, "binh").get("/"))


def test_an_officer_sees_cases_only(commune):
    waiting_item(commune)

    page = text(client_of(commune, "an").get("/"))

    assert "Không có vụ việc nào chờ người nhận." in page
    assert "hộp tin" not in page.lower() and "Tin nhắn hôm nay" not in page


@pytest.mark.parametrize(("name", "said"), [("giang", "Biên tập nội dung:"), ("huy", "Quản trị hệ thống:")])
def test_roles_without_work_here_are_told_what_is_theirs(commune, name, said):
    waiting_item(commune)

    page = text(client_of(commune, name).get("/"))

    assert said in page and "để bảo vệ nguồn tin" in page
    assert "Chưa ai nhận" not in page and "Vụ việc chờ đồng chí" not in page


def test_whoever_lost_the_seat_during_a_session_is_told_so(commune, zone):
    client = client_of(commune, "an")
    with zone("owner"):
        Membership.objects.filter(officer=commune.an).delete()

    assert "Tài khoản chưa được phân công vào đơn vị nào" in text(client.get("/"))
    for address in ("/hop-tin/", "/vu-viec/", "/oa/", f"/vu-viec/{NOBODY}/", f"/tep/{NOBODY}/", "/oa/callback"):
        assert client.get(address).status_code == 404
    assert client.post("/dang-xuat/").status_code == 302


def test_it_takes_few_queries(commune, zone):
    case = case_at(commune, "in_progress")
    waiting_item(commune, "hoa")
    with zone("owner"):
        Message.objects.filter(direction="out").update(state="failed")

    client = client_of(commune, "binh")
    keyring.forget()
    assert case.alias in text(client.get("/"))
    assert queries(client, "/") <= 14


def test_pages_carry_the_frame_and_stay_private(commune):
    answer = client_of(commune, "binh").get("/")

    page = text(answer)
    assert 'lang="vi"' in page and page.count("<h1>") == 1 and 'href="#main"' in page
    assert "Công an tỉnh Hà Nam" in page and commune.unit.name in page
    assert "<script>" not in page and " style=" not in page
    assert answer["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_health_needs_no_database_and_tells_nothing(commune, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = Client().get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_readiness_asks_the_database(commune, monkeypatch):
    assert Client().get("/readyz").content == b"ready\n"

    def away():
        raise views.DatabaseError("password of the database")

    monkeypatch.setattr(views, "_ready", away)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"not ready\n")

"""The page of the unit's accounts, and the walk through Zalo's permission page."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from tests import cast
from tests.tips.scenes import NOBODY, client_of, entries, queries, text
from zalopolice.gateway import status
from zalopolice.gateway.models import Consent, OfficialAccount

pytestmark = pytest.mark.usefixtures("commune")


@pytest.fixture
def chief(commune):
    client = client_of(commune, "binh")
    cast.make_fresh(client)
    return client


def begin(commune, chief):
    """Presses the button; returns the state Zalo would send back."""
    address = chief.post(f"/oa/{commune.oa.pk}/ket-noi/")["Location"]
    return parse_qs(urlsplit(address).query)["state"][0]


def answer(chief, **query):
    return chief.get("/oa/callback", query)


def test_the_chief_sees_the_account_and_its_state(commune, chief):
    with commune.zone("owner"):
        OfficialAccount.objects.update(connected_at=None)
    page = text(chief.get("/oa/"))

    assert commune.oa.name in page and commune.oa.oa_id in page and "Chưa kết nối" in page
    assert f'action="/oa/{commune.oa.pk}/ket-noi/"' in page and "data-connected" not in page


def test_the_button_leads_to_zalo(commune, chief):
    response = chief.post(f"/oa/{commune.oa.pk}/ket-noi/")

    parts = urlsplit(response["Location"])
    query = parse_qs(parts.query)
    assert response.status_code == 302 and parts.path.endswith("/v4/oa/permission")
    assert query["redirect_uri"][0].endswith("/oa/callback") and query["state"] and query["code_challenge"]
    assert len(entries(commune, "oa.consent_started")) == 1


def test_the_way_back_hands_the_code_to_the_vault(commune, chief, bell):
    state = begin(commune, chief)

    response = answer(chief, state=state, code="ma-bi-mat", oa_id=commune.oa.oa_id)

    assert response.status_code == 302 and response["Location"] == "/oa/"  # the code leaves the address bar
    page = text(chief.get("/oa/"))
    assert "Đang kết nối…" in page and "data-connected" not in page and "ma-bi-mat" not in page
    with commune.acting("binh"):
        consent = Consent.objects.get()
    assert b"ma-bi-mat" not in bytes(consent.sealed_code)
    assert ("zalopolice.connect", str(consent.pk), "vault") in bell


def test_what_came_of_it_is_shown(commune, chief, zone):
    state = begin(commune, chief)
    answer(chief, state=state, code="c", oa_id=commune.oa.oa_id)
    with zone("owner"):
        Consent.objects.update(error="Zalo từ chối kết nối (mã -14005).")
    assert "Zalo từ chối kết nối (mã -14005)." in text(chief.get("/oa/"))
    with zone("owner"):
        Consent.objects.update(error="", exchanged_at=timezone.now())
        OfficialAccount.objects.update(connected_at=timezone.now())
    page = text(chief.get("/oa/"))
    assert "Đã kết nối" in page and "data-connected" in page
    with zone("owner"):
        OfficialAccount.objects.update(trouble="OA đã thu hồi quyền của ứng dụng. Hãy kết nối lại.")
    page = text(chief.get("/oa/"))
    assert "Cần kết nối lại" in page and "đã thu hồi quyền" in page and "data-connected" not in page


@pytest.mark.parametrize(
    "query",
    [{}, {"state": "x"}, {"state": "x", "code": "c", "oa_id": "1"}, {"state": "\x00", "code": "\x00", "oa_id": "\x00"}]
    + [{"state": "s" * 9000, "code": "c" * 9000, "oa_id": "1" * 9000}],
)
def test_a_way_back_nobody_went_is_a_sentence(commune, chief, query):
    response = answer(chief, **query)

    assert response.status_code == 409
    assert "Làm lại bước kết nối" in text(response)


def test_another_account_is_refused(commune, chief):
    state = begin(commune, chief)

    response = answer(chief, state=state, code="c", oa_id="999")

    assert response.status_code == 409 and "chọn đúng OA" in text(response)


def test_an_answer_works_once_and_not_for_ever(commune, chief, zone):
    state = begin(commune, chief)
    answer(chief, state=state, code="c", oa_id=commune.oa.oa_id)
    assert answer(chief, state=state, code="c", oa_id=commune.oa.oa_id).status_code == 409

    state = begin(commune, chief)
    with zone("owner"):
        Consent.objects.update(started_at=timezone.now() - timedelta(minutes=11))
    assert answer(chief, state=state, code="c", oa_id=commune.oa.oa_id).status_code == 409


def test_the_answer_of_one_unit_is_nothing_in_another(commune, other_commune, chief):
    state = begin(commune, chief)

    response = answer(client_of(other_commune, "binh"), state=state, code="c", oa_id=commune.oa.oa_id)

    assert response.status_code == 409


@pytest.mark.parametrize("name", ["an", "cuong", "giang", "huy", "khanh"])
def test_for_others_there_is_no_such_page(commune, name):
    client = client_of(commune, name)

    assert client.get("/oa/").status_code == 404
    assert client.get("/oa/callback").status_code == 404
    assert client.post(f"/oa/{commune.oa.pk}/ket-noi/").status_code == 404


def test_accounts_of_other_units_are_not_there(commune, other_commune, chief):
    assert other_commune.oa.oa_id not in text(chief.get("/oa/"))
    assert chief.post(f"/oa/{other_commune.oa.pk}/ket-noi/").status_code == 404
    assert chief.post(f"/oa/{NOBODY}/ket-noi/").status_code == 404


# --- what the page says ------------------------------------------------------------------------------------------


def known(commune, **facts):
    now = timezone.now()
    whole = {
        "connected_at": now - timedelta(days=27),
        "token_refresh_until": now + timedelta(days=63, hours=1),
        "token_obtained_at": now,
        "last_event_at": now,
        "last_sent_at": now,
        "followers": 8700,
        "broadcast_left": 3,
        "broadcast_total": 4,
        "package": "Tiêu chuẩn",
        "checked_at": now,
        "trouble": "",
    }
    with commune.zone("owner"):
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(**{**whole, **facts})


def test_everything_that_is_known_of_the_account(commune, chief):
    known(commune)

    page = text(chief.get("/oa/"))

    assert "Đã kết nối" in page and "còn 63 ngày, tới" in page and "8.700" in page and "còn 3 trong 4" in page
    assert "Miễn phí trong 48 giờ" in page and "Quá 7 ngày" in page  # Zalo's rules of the day
    assert "Từ 6 giờ đến trước 22 giờ" in page and "nhiều nhất 1 bài một ngày" in page
    assert "data-connected" in page and "Kết nối lại" in page


@pytest.mark.parametrize(
    ("facts", "words", "works"),
    [
        ({"token_refresh_until": timezone.now() + timedelta(days=12, hours=1)}, "Quyền kết nối còn 12 ngày.", True),
        ({"token_refresh_until": timezone.now() - timedelta(days=2)}, "Quyền kết nối còn 0 ngày.", True),
        ({"trouble": "OA đã thu hồi quyền."}, "Tin trả lời và bài đăng đang được giữ lại, chưa gửi đi.", False),
        ({"connected_at": None, "token_refresh_until": None}, "Chưa kết nối", False),
        ({"broadcast_left": None, "followers": None}, "Zalo chưa cho biết", True),
        ({"broadcast_total": None}, "còn 3", True),
    ],
)
def test_each_state_in_words(commune, chief, facts, words, works):
    known(commune, **facts)

    page = text(chief.get("/oa/"))

    assert words in page and ("data-connected" in page) == works


def test_a_failed_attempt_does_not_hide_a_connection_that_works(commune, chief, zone):
    known(commune)
    answer(chief, state=begin(commune, chief), code="c", oa_id=commune.oa.oa_id)
    with zone("owner"):
        Consent.objects.update(error="Chưa liên lạc được với Zalo.")

    page = text(chief.get("/oa/"))

    assert "Lần kết nối gần nhất chưa xong." in page and "data-connected" in page


def test_the_deputy_watches_and_the_chief_connects(commune):
    known(commune)
    deputy = client_of(commune, "dung")

    page = text(deputy.get("/oa/"))

    assert (
        "8.700" in page and "Chỉ trưởng đơn vị kết nối OA." in page and '<form method="post" action="/oa/' not in page
    )
    assert deputy.post(f"/oa/{commune.oa.pk}/ket-noi/").status_code == 403
    assert deputy.get("/oa/callback").status_code == 404


def test_connecting_asks_once_more_who_is_there(commune):
    chief = client_of(commune, "binh")

    response = chief.post(f"/oa/{commune.oa.pk}/ket-noi/")

    assert response.status_code == 200 and "fresh_password" in response.content.decode()
    assert entries(commune, "oa.consent_started") == []
    proved = chief.post(f"/oa/{commune.oa.pk}/ket-noi/", {"fresh_for": "POST", "fresh_password": cast.PASSWORD})
    assert proved.status_code == 302 and "/v4/oa/permission" in proved["Location"]


@pytest.mark.parametrize("number", [1, 5])
def test_the_number_of_queries_is_that_of_one_account(commune, chief, number):
    with commune.zone("owner"):
        for place in range(number - 1):
            OfficialAccount.objects.create(unit=commune.unit, app=commune.oa.app, oa_id=f"9{place}", name=f"OA {place}")

    assert chief.get("/oa/").content.decode().count("/ket-noi/") == number
    assert queries(chief, "/oa/") <= 8


def test_the_state_for_other_pages(commune):
    known(commune)
    with commune.acting("dung") as officer:
        (state,) = status.of(officer)
        assert (str(state.sign.words), state.days_left, state.works) == ("Đã kết nối", 63, True)
    with commune.acting("giang") as officer:
        assert status.of(officer) == []

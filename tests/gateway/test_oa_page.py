"""The page of the unit's accounts, and the walk through Zalo's permission page."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from tests.tips.scenes import NOBODY, client_of, entries, text
from zalopolice.gateway.models import Consent, OfficialAccount

pytestmark = pytest.mark.usefixtures("commune")


@pytest.fixture
def chief(commune):
    return client_of(commune, "binh")


def begin(commune, chief):
    """Presses the button; returns the state Zalo would send back."""
    address = chief.post(f"/oa/{commune.oa.pk}/ket-noi/")["Location"]
    return parse_qs(urlsplit(address).query)["state"][0]


def answer(chief, **query):
    return chief.get("/oa/callback", query)


def test_the_chief_sees_the_account_and_its_state(commune, chief):
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
    assert "“Kết nối” lại" in text(response)


def test_another_account_is_refused(commune, chief):
    state = begin(commune, chief)

    response = answer(chief, state=state, code="c", oa_id="999")

    assert response.status_code == 409 and "Hãy chọn đúng OA." in text(response)


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


@pytest.mark.parametrize("name", ["an", "cuong", "dung", "giang", "huy"])
def test_for_others_there_is_no_such_page(commune, name):
    client = client_of(commune, name)

    assert client.get("/oa/").status_code == 404
    assert client.get("/oa/callback").status_code == 404
    assert client.post(f"/oa/{commune.oa.pk}/ket-noi/").status_code == 404


def test_accounts_of_other_units_are_not_there(commune, other_commune, chief):
    assert other_commune.oa.oa_id not in text(chief.get("/oa/"))
    assert chief.post(f"/oa/{other_commune.oa.pk}/ket-noi/").status_code == 404
    assert chief.post(f"/oa/{NOBODY}/ket-noi/").status_code == 404

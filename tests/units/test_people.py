"""The chief gives roles and takes them back; it acts on the next request."""

import uuid
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from tests import cast
from tests.tips.scenes import client_of, entries, queries, text
from zalopolice.states import WrongState
from zalopolice.units import actions
from zalopolice.units.models import Alert, Membership, Officer
from zalopolice.units.roles import Permission, Role

pytestmark = pytest.mark.usefixtures("commune")


@pytest.fixture
def chief(commune):
    client = client_of(commune, "binh")
    cast.make_fresh(client)
    return client


@pytest.fixture
def newcomer(commune, zone):
    """An account without a role, as the administrator makes it."""
    with zone("owner"):
        return Officer.objects.create_user("moi.den", cast.PASSWORD, full_name="Nguyễn Thị Mới")


def give(client, username, role="duty_officer", since=None, until=""):
    form = {"username": username, "role": role, "since": since or timezone.localdate().isoformat(), "until": until}
    return client.post("/can-bo/giao/", form)


def membership(commune, name, role=None):
    with commune.acting("binh") as binh:
        rows = Membership.objects.visible_to(binh).filter(officer=commune.officers[name])
        return (rows.filter(role=role) if role else rows).latest("since")


def test_a_role_given_works_on_the_next_request(commune, chief):
    an = client_of(commune, "an")
    assert an.get("/hop-tin/").status_code == 404

    assert give(chief, commune.an.username).status_code == 302

    assert an.get("/hop-tin/").status_code == 200
    [entry] = entries(commune, "role.granted")
    assert entry.actor_id == commune.binh.pk
    assert entry.detail == {"officer": str(commune.an.pk), "role": "duty_officer"}
    with commune.acting("an") as officer:
        assert Alert.objects.visible_to(officer).filter(kind="role_changed").count() == 1


def test_a_role_taken_back_ends_on_the_next_request(commune, chief):
    cuong = client_of(commune, "cuong")
    assert cuong.get("/hop-tin/").status_code == 200

    assert chief.post(f"/can-bo/vai-tro/{membership(commune, 'cuong').pk}/thu-hoi/").status_code == 302

    assert cuong.get("/hop-tin/").status_code == 404
    assert len(entries(commune, "role.ended")) == 1
    assert give(chief, commune.cuong.username).status_code == 302  # and may be given again the same day
    assert cuong.get("/hop-tin/").status_code == 200


def test_an_account_without_a_role_gets_its_first_one(commune, chief, newcomer):
    assert give(chief, "MOI.DEN", role="officer").status_code == 302

    assert "Nguyễn Thị Mới" in text(chief.get("/can-bo/"))


def test_a_role_of_next_week_does_not_work_today(commune, chief):
    since = timezone.localdate() + timedelta(days=7)

    give(chief, commune.an.username, since=since.isoformat(), until=(since + timedelta(days=1)).isoformat())

    assert client_of(commune, "an").get("/hop-tin/").status_code == 404
    assert f"từ {since:%d/%m/%Y} đến hết" in text(chief.get("/can-bo/"))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"username": "khong-co"}, "Chưa có tài khoản nào"),
        ({"username": ""}, "Nhập tên đăng nhập."),
        ({"role": "chief"}, "Chọn một vai trò"),
        ({"role": "system_administrator"}, "Chọn một vai trò"),
        ({"role": "province_inspector"}, "Chọn một vai trò"),
        ({"since": "2026-01-01"}, "những ngày đã qua"),
        ({"since": "hôm nay"}, "Ngày chưa đúng."),
        ({"until": "2026-01-01"}, "Ngày cuối phải từ ngày đầu"),
    ],
)
def test_what_cannot_be_given_is_said_beside_the_field(commune, chief, changes, words):
    answer = give(chief, **({"username": commune.an.username} | changes))

    assert answer.status_code == 422 and words in text(answer)
    assert not entries(commune, "role.granted")


def test_nobody_changes_their_own_roles(commune, chief):
    own = membership(commune, "binh")

    assert give(chief, commune.binh.username).status_code == 422
    assert chief.post(f"/can-bo/vai-tro/{own.pk}/thu-hoi/").status_code == 403
    assert f"{own.pk}/thu-hoi" not in text(chief.get("/can-bo/"))


def test_the_same_twice_is_said(commune, chief):
    give(chief, commune.an.username)

    answer = give(chief, commune.an.username)

    assert answer.status_code == 409 and "đã có vai trò này" in text(answer)


def test_a_deputy_is_deputed_in_writing(commune, chief):
    deputy, today = membership(commune, "dung"), timezone.localdate()
    form = {"deputation": "Quyết định 12/QĐ-CAX", "since": today.isoformat(), "until": today.isoformat()}

    assert chief.post(f"/can-bo/vai-tro/{deputy.pk}/uy-quyen/", form).status_code == 302

    with commune.acting("dung") as dung:
        assert dung.may(Permission.POST_APPROVE) and dung.seat.roles == (Role.DEPUTY_CHIEF,)
    assert "Quyết định 12/QĐ-CAX" in text(chief.get("/can-bo/"))
    [entry] = entries(commune, "role.deputed")
    assert "12/Q" not in str(entry.detail)
    # The role taken back takes the deputation with it.
    chief.post(f"/can-bo/vai-tro/{deputy.pk}/thu-hoi/")
    assert client_of(commune, "dung").get("/").status_code == 200
    with commune.acting("binh") as binh:
        assert not Membership.objects.visible_to(binh).current().filter(officer=commune.dung).exists()


@pytest.mark.parametrize("missing", ["deputation", "until", "since"])
def test_a_deputation_needs_its_document_and_both_dates(commune, chief, missing):
    today = timezone.localdate().isoformat()
    form = {"deputation": "QĐ 1", "since": today, "until": today} | {missing: ""}

    answer = chief.post(f"/can-bo/vai-tro/{membership(commune, 'dung').pk}/uy-quyen/", form)

    assert answer.status_code == 422 and 'aria-invalid="true"' in text(answer)


def test_only_a_deputy_is_deputed(commune, chief):
    assert chief.post(f"/can-bo/vai-tro/{membership(commune, 'an').pk}/uy-quyen/").status_code == 403


def test_the_verbs_refuse_by_themselves(commune):
    today = timezone.localdate()
    with commune.acting("dung") as deputy, pytest.raises(PermissionDenied):
        actions.grant_role(commune.an, role=Role.OFFICER, since=today, until=None, by=deputy)
    with commune.acting("binh") as chief:
        with pytest.raises(PermissionDenied):
            actions.grant_role(commune.an, role=Role.CHIEF, since=today, until=None, by=chief)
        row = Membership.objects.visible_to(chief).get(officer=commune.an)
        actions.end_role(row, by=chief)
        with pytest.raises(WrongState):
            actions.end_role(row, by=chief)


def test_the_database_holds_roles_in_the_chiefs_own_unit(commune, other_commune):
    """Not even SQL of the portal's login gives a role elsewhere, or moves its dates."""
    with commune.acting("binh"):
        with pytest.raises(ProgrammingError), transaction.atomic():
            Membership.objects.create(
                unit=other_commune.unit, officer=commune.an, role=Role.CHIEF, since=date(2026, 1, 1)
            )
        with pytest.raises(ProgrammingError), transaction.atomic():
            Membership.objects.filter(officer=commune.an).update(role=Role.CHIEF)


def test_the_list_needs_few_questions_however_many_people(commune, chief, zone):
    assert queries(chief, "/can-bo/") <= 12
    before = queries(chief, "/can-bo/")
    with zone("owner"):
        for number in range(60):
            officer = Officer.objects.create(username=f"nhieu{number}", full_name=f"Người {number}", id=uuid.uuid4())
            Membership.objects.create(unit=commune.unit, officer=officer, role="officer", since=date(2026, 1, 1))

    assert queries(chief, "/can-bo/") == before
    seen, address = set(), "/can-bo/"
    while address:
        page = text(chief.get(address))
        seen |= {name for name in (f"nhieu{number}" for number in range(60)) if f">{name}<" in page}
        following = page.partition('href="?sau=')[2].partition('"')[0]
        address = f"/can-bo/?sau={following}" if following else ""
    assert len(seen) == 60


@pytest.mark.parametrize("who", ["an", "dung", "giang"])
def test_nobody_gives_himself_a_role_by_sql(commune, who):
    with commune.acting(who) as officer, pytest.raises(DatabaseError), transaction.atomic():
        Membership.objects.create(unit=commune.unit, officer=officer, role=Role.CHIEF, since=timezone.localdate())


def test_the_chief_gives_no_chiefs_by_sql_and_revives_nothing(commune):
    with commune.zone("owner"):
        Membership.objects.filter(officer=commune.giang).update(ended_at=timezone.now())
    for change in (
        lambda: Membership.objects.filter(officer=commune.giang).update(ended_at=None),
        lambda: Membership.objects.filter(officer=commune.binh).update(ended_at=timezone.now()),
        lambda: Membership.objects.create(
            unit=commune.unit, officer=commune.an, role=Role.CHIEF, since=timezone.localdate()
        ),
    ):
        with commune.acting("binh"), pytest.raises(DatabaseError), transaction.atomic():
            change()

"""A form sent after the session had ended: kept for its officer and its unit, shown whole, never a grave act."""

from datetime import date, timedelta

import pytest
from django.test import RequestFactory
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from tests.tips.scenes import NOBODY, client_of, text
from tests.units.signing import enrol, is_in, sign_in
from zalopolice.units import fresh, kept
from zalopolice.units.models import Membership, OfficerSession
from zalopolice.units.roles import Role

pytestmark = pytest.mark.usefixtures("commune")
RESUME = "/dang-nhap/tiep/"


TYPED = {"text": "Đã gặp bà Lan lúc 8 giờ, bà kể lại như sau", "password": "không được giữ", "reason": ["a b", "c d"]}


def test_what_was_typed_too_long_is_not_lost(commune, clock, inside):
    """Writing a note for sixteen minutes is no request."""
    clock.shift(timedelta(minutes=16))

    door = inside.get(inside.post("/don-vi/?a=1", TYPED, HTTP_REFERER="http://testserver/tai-khoan/")["Location"])
    back = sign_in(commune, client=inside, next="/tai-khoan/")
    page = text(inside.get(back["Location"]))

    assert "Nội dung được giữ lại" in text(door) and "bà Lan" not in text(door)
    assert "bà Lan" not in "".join(OfficerSession.objects.values_list("session_data", flat=True))
    assert 'action="/don-vi/?a=1"' in page and 'href="/tai-khoan/"' in page
    for field in ('name="text" value="Đã gặp bà Lan', 'name="reason" value="a b"', 'name="reason" value="c d"'):
        assert field in page
    assert "không được giữ" not in page


def test_whoever_else_signs_in_there_finds_nothing(commune, clock, inside):
    clock.shift(timedelta(minutes=16))
    inside.post("/don-vi/", TYPED)

    back = sign_in(commune, "em", client=inside)

    assert back["Location"] == "/"
    assert inside.get(RESUME)["Location"] == "/"


def test_it_waits_through_the_second_step_too(commune, clock):
    client = client_of(commune, "binh")
    _, papers = enrol(client)
    clock.shift(timedelta(minutes=16))
    client.post("/don-vi/", TYPED)

    sign_in(commune, "binh", client)
    back = client.post("/dang-nhap/ma/", {"code": papers[0]})

    assert back["Location"].startswith("/dang-nhap/tiep/")


def test_after_an_hour_it_is_gone(commune, clock, inside):
    clock.shift(timedelta(minutes=16))
    inside.post("/don-vi/", TYPED)
    sign_in(commune, client=inside)
    for _ in range(7):
        clock.shift(timedelta(minutes=10))
        is_in(inside)

    assert inside.get(RESUME).status_code == 302


def test_too_much_or_a_file_is_said_to_be_lost(commune, clock, inside):
    clock.shift(timedelta(minutes=16))

    shown = inside.post("/don-vi/", {"text": "x" * 70_000})

    assert shown.status_code == 401 and "phần sau không hiện lại" in text(shown)


# --- grave acts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "/can-bo/giao/", f"/can-bo/vai-tro/{NOBODY}/thu-hoi/", f"/can-bo/vai-tro/{NOBODY}/uy-quyen/",
        f"/bai-dang/{NOBODY}/luot-gui/{NOBODY}/ket-luan/",
        f"/bai-dang/{NOBODY}/duyet/", f"/bai-dang/{NOBODY}/cho-gui/", f"/oa/{NOBODY}/ket-noi/",
        "/tai-khoan/mat-khau/", "/tai-khoan/xac-thuc/go/",
    ],
)  # fmt: skip
def test_what_asks_for_a_fresh_sign_in_is_never_prepared_for_it(commune, clock, inside, address):
    """Somebody at the open browser of a chief could otherwise have a role granted by the chief's next sign-in."""
    clock.shift(timedelta(minutes=16))

    assert inside.post(address, {"username": "an", "role": "chief"}).status_code == 401
    assert inside.post(address, {"base": "x"})["Location"].endswith("gui-lai=1")
    assert sign_in(commune, client=inside)["Location"] == "/"


def _views(patterns):
    for one in patterns:
        if isinstance(one, URLPattern):
            yield one.callback, one.name
        else:
            yield from _views(one.url_patterns)


def _asks(view):
    """Whether the view is guarded, or names a guarded one of its module."""
    while view is not None:
        code, known = getattr(view, "__code__", None), getattr(view, "__globals__", {})
        named = [known.get(name) for name in code.co_names] if code else []
        if any(getattr(one, fresh.MARK, False) is True for one in (view, *named)):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def test_every_view_that_may_ask_is_known_here(commune):
    guarded = {name for view, name in _views(get_resolver().url_patterns) if _asks(view)}
    marked = {name for view, name in _views(get_resolver().url_patterns) if getattr(view, fresh.MARK, False)}

    assert guarded == marked | fresh.GRAVE and not marked & fresh.GRAVE
    assert {"role_grant", "post_approve", "connect", "password"} <= guarded


# --- the page, the unit, the fields ----------------------------------------------------------------------------------


def test_the_page_names_where_it_goes_and_all_it_sends(commune, clock, inside):
    clock.shift(timedelta(minutes=16))
    inside.post("/don-vi/?a=1", {"unit": "x1", "role": "<chief>", "empty": "", "many": ["m1", "m2"]})

    page = text(inside.get(sign_in(commune, client=inside)["Location"]))

    shown = page[: page.index('<form method="post" action="/don-vi/?a=1"')]
    for seen in ("/don-vi/?a=1", "x1", "&lt;chief&gt;", "m1", "m2", ">empty<", "để trống"):
        assert seen in shown, seen


def test_fields_whose_names_only_look_secret_are_kept():
    posted = {
        "documents-0-form_code": "TK01", "key_points": "a", "code": "1.004222", "monkey": "b", "passwords": "c",
        "password": "no", "again": "no", "fresh_code": "no", "fresh_password": "no", "csrfmiddlewaretoken": "no",
    }  # fmt: skip
    request = RequestFactory().post("/", posted)

    assert dict(kept.fields(request)) == {name: value for name, value in posted.items() if value != "no"}


@pytest.fixture
def second(commune, other_commune, zone):
    """An holds a role in the other commune too."""
    with zone("owner"):
        return Membership.objects.create(
            unit=other_commune.unit, officer=commune.an, role=Role.OFFICER, since=date(2026, 1, 1)
        )


@pytest.mark.parametrize("which", [0, 1])
def test_it_goes_to_the_unit_it_was_written_in(commune, other_commune, second, clock, inside, which):
    unit = (commune, other_commune)[which].unit
    inside.post("/don-vi/", {"unit": str(unit.pk)})
    clock.shift(timedelta(minutes=16))
    inside.post("/thong-bao/da-xem/", {"text": "Đã gặp bà Lan"})

    back = sign_in(commune, client=inside)
    page = inside.get(back["Location"])

    assert back["Location"].startswith(RESUME) and "bà Lan" in text(page)
    assert page.wsgi_request.user.seat.unit == unit and unit.name in text(page)


def test_who_never_chose_a_seat_returns_to_the_same_one(commune, second, clock, inside, zone):
    """A seat that comes before the first one meanwhile changes nothing."""
    first = inside.get("/tai-khoan/").wsgi_request.user.seat.unit
    clock.shift(timedelta(minutes=16))
    inside.post("/thong-bao/da-xem/", {"text": "a b"})
    with zone("owner"):
        unit = type(first).objects.create(
            code="0-dau-tien", name="Đầu tiên", kind="commune", parent=first.parent, opens_on=date(2026, 1, 1)
        )
        Membership.objects.create(unit=unit, officer=commune.an, role=Role.OFFICER, since=date(2026, 1, 1))

    page = inside.get(sign_in(commune, client=inside)["Location"])

    assert page.wsgi_request.user.seat.unit == first


def test_without_that_seat_nothing_is_offered(commune, other_commune, second, clock, inside, zone):
    inside.post("/don-vi/", {"unit": str(other_commune.unit.pk)})
    clock.shift(timedelta(minutes=16))
    inside.post("/thong-bao/da-xem/", {"text": "Đã gặp bà Lan"})
    with zone("owner"):
        Membership.objects.filter(pk=second.pk).update(ended_at=timezone.now())

    assert sign_in(commune, client=inside)["Location"] == "/"
    assert inside.get(RESUME)["Location"] == "/"


def test_in_another_seat_it_is_not_offered(commune, other_commune, second, clock, inside):
    inside.post("/don-vi/", {"unit": str(other_commune.unit.pk)})
    clock.shift(timedelta(minutes=16))
    inside.post("/thong-bao/da-xem/", {"text": "Đã gặp bà Lan"})
    back = sign_in(commune, client=inside)["Location"]

    inside.post("/don-vi/", {"unit": str(commune.unit.pk)})

    assert inside.get(back).status_code == 302

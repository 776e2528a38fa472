"""The bell: who is told of what, who sees it, and that looking alone changes nothing."""

import base64
import json
import uuid
from datetime import timedelta

import pytest
from django.db.models.deletion import Collector
from django.utils import timezone

from tests import cast
from tests.tips.scenes import DANGER, TITLE, case_at, client_of, queries, text, waiting_item
from tips import actions
from zalopolice import paging
from zalopolice.units import keyring
from zalopolice.units.models import Alert, AlertsSeen, Membership, Officer
from zalopolice.units.models.alerts import tell
from zalopolice.units.roles import Permission

pytestmark = pytest.mark.usefixtures("commune")
ALL = ("an", "em", "cuong", "dung", "binh", "giang", "huy", "khanh")
DESK, COMMAND = {"cuong", "dung", "binh"}, {"dung", "binh"}
Kind = Alert.Kind


def told(commune, kind):
    """Who finds it behind the bell."""
    label = str(Kind(kind).label)
    return {name for name in ALL if label in text(client_of(commune, name).get("/thong-bao/"))}


def bell(commune, name):
    return client_of(commune, name).get("/khung/").context["frame"].bell


def test_danger_rings_for_the_desk_and_leads_to_the_thread(commune):
    item = waiting_item(commune, "hoa", DANGER)

    assert told(commune, "danger") == DESK
    page = text(client_of(commune, "cuong").get("/thong-bao/"))
    assert f"/hop-tin/{item.pk}/" in page and item.alias in page and "cầm dao" not in page


def test_a_case_given_to_somebody_rings_for_them_alone(commune):
    case = case_at(commune)
    with commune.acting("cuong") as duty:
        actions.assign(case, commune.an, by=duty)
    assert told(commune, "case_assigned") == {"an"}

    with commune.acting("binh") as chief:
        actions.reassign(case, commune.em, by=chief)
    assert told(commune, "case_assigned") == {"an", "em"}
    page = text(client_of(commune, "em").get("/thong-bao/"))
    assert f"/vu-viec/{case.pk}/" in page and TITLE not in page


def test_more_words_ring_for_who_has_the_case(commune, zone):
    case_at(commune)
    commune.hears("dung", "Thêm một câu")
    cast.work_inbox(zone)
    assert told(commune, "case_news") == set()  # nobody has it yet

    with commune.acting("an") as officer:
        from tips.models import Case

        actions.claim(Case.objects.visible_to(officer).get(), by=officer)
    commune.hears("dung", "Họ vừa quay lại")
    cast.work_inbox(zone)
    assert told(commune, "case_news") == {"an"}


def test_a_proposal_rings_for_command_and_its_refusal_for_the_officer(commune):
    case = case_at(commune, "closing")
    assert told(commune, "closing_proposed") == COMMAND

    with commune.acting("binh") as chief:
        actions.return_to_work(case, reason="Chưa rõ", by=chief)
    assert told(commune, "closing_returned") == {"an"}


def test_a_refused_closing_stands_on_its_officers_home(commune):
    case = case_at(commune, "closing")
    with commune.acting("binh") as chief:
        actions.return_to_work(case, reason="Chưa rõ", by=chief)
    client = client_of(commune, "an")

    assert "Chỉ huy chưa đồng ý kết thúc" in text(client.get("/"))
    assert client.get("/khung/").context["frame"].counts["home"] == 1

    with commune.acting("an") as officer:
        actions.propose_closing(case, result="warned", summary="Viết lại", by=officer)
    assert "Chỉ huy chưa đồng ý kết thúc" not in text(client.get("/"))


def test_other_units_hear_nothing(commune, other_commune):
    waiting_item(commune, "hoa", DANGER)

    assert "Chưa có thông báo nào" in text(client_of(other_commune, "binh").get("/thong-bao/"))
    assert bell(other_commune, "binh") == 0


def test_seen_is_a_button_and_looking_changes_nothing(commune):
    waiting_item(commune, "hoa", DANGER)
    client = client_of(commune, "cuong")
    page = client.get("/thong-bao/")
    client.get("/thong-bao/")
    assert bell(commune, "cuong") == 1 and "Đã xem hết" in text(page)

    answer = client.post("/thong-bao/da-xem/", {"until": page.context["now"].isoformat()})

    assert answer.status_code == 302
    assert (bell(commune, "cuong"), bell(commune, "dung")) == (0, 1)
    assert "Đã xem hết" not in text(client.get("/thong-bao/"))


def test_what_rang_after_the_page_was_drawn_stays_new(commune):
    client = client_of(commune, "cuong")
    drawn = timezone.now() - timedelta(minutes=5)
    waiting_item(commune, "hoa", DANGER)

    client.post("/thong-bao/da-xem/", {"until": drawn.isoformat()})

    assert bell(commune, "cuong") == 1


@pytest.mark.parametrize("until", ["", "soon", "2026-13-45T99:99", "2026-11-21T10:00:00", "9999-01-01T00:00:00+00:00"])
def test_a_moment_nobody_gave_out_means_now(commune, until):
    waiting_item(commune, "hoa", DANGER)
    client = client_of(commune, "cuong")

    assert client.post("/thong-bao/da-xem/", {"until": until}).status_code == 302

    assert bell(commune, "cuong") == 0
    with commune.acting("cuong"):
        assert AlertsSeen.objects.get().until <= timezone.now()


def test_the_same_news_rings_once_and_moves_up(commune, zone):
    waiting_item(commune, "hoa", DANGER)
    client_of(commune, "cuong").post("/thong-bao/da-xem/")
    commune.hears("hoa", "Cứu với, nó đang cầm dao trước nhà")
    cast.work_inbox(zone)

    assert bell(commune, "cuong") == 1
    with commune.acting("cuong") as officer:
        assert Alert.objects.visible_to(officer).count() == 1


def fill(commune, number):
    kinds = [kind for kind in Kind if kind is not Kind.DANGER]
    with commune.acting("binh") as chief:
        for place in range(number):
            tell(kinds[place % len(kinds)], chief.unit.pk, uuid.uuid4(), officer=chief)
            tell(Kind.DANGER, chief.unit.pk, uuid.uuid4(), permission=Permission.TRAY_READ)


def test_things_that_are_gone_lead_nowhere_and_break_nothing(commune):
    fill(commune, len(Kind))

    page = text(client_of(commune, "binh").get("/thong-bao/"))

    assert "/hop-tin/0" not in page and str(Kind.NEW_DEVICE.label) in page


def test_pages_follow_each_other_and_queries_do_not_grow(commune):
    fill(commune, 1)
    with commune.acting("binh") as chief:
        for kind in (Kind.CONSOLE_REPLY, Kind.INCIDENT):  # each asks once for what its rows are about
            tell(kind, chief.unit.pk, uuid.uuid4(), officer=chief)
    client = client_of(commune, "binh")
    client.get("/thong-bao/")
    keyring.forget()
    few = queries(client, "/thong-bao/")
    fill(commune, 20)

    assert queries(client, "/thong-bao/") == few <= 11
    first = client.get("/thong-bao/")
    second = client.get("/thong-bao/", {"sau": first.context["following"]})
    ids = [line.alert.pk for page in (first, second) for line in page.context["lines"]]
    assert len(ids) == len(set(ids)) == 44


def test_without_a_seat_there_is_no_bell(commune, zone):
    client = client_of(commune, "an")
    with zone("owner"):
        Membership.objects.filter(officer=commune.an).update(ended_at=timezone.now())

    assert client.get("/thong-bao/").status_code == 404
    assert client.post("/thong-bao/da-xem/").status_code == 404


# --- whose act it was ---------------------------------------------------------------------------------------------


def ring(commune, by, *, to="", kind=Kind.POST_HELD):
    """By an officer or, with "", by the machine; for ``to`` alone or for whoever may write posts."""
    with commune.acting(by or "huy") as acting:
        who = {"officer": commune.officers[to]} if to else {"permission": Permission.POST_WRITE}
        tell(kind, acting.unit.pk, uuid.UUID(int=7), **who, by=acting if by else None)


@pytest.mark.parametrize(
    ("acts", "hear"),
    [
        (["binh"], {"dung", "giang"}),  # nobody is told what they did
        (["binh", "binh"], {"dung", "giang"}),
        (["", "binh"], {"binh", "dung", "giang"}),  # the machine's news stays when they act after it
        (["dung", "binh"], {"binh", "dung", "giang"}),
        (["dung", "binh", "binh"], {"binh", "dung", "giang"}),
        (["binh", ""], {"binh", "dung", "giang"}),
    ],
)
def test_news_of_others_stays_in_the_bell_of_who_acts_after_them(commune, acts, hear):
    for by in acts:
        ring(commune, by)

    assert told(commune, Kind.POST_HELD) == hear


@pytest.mark.parametrize(("acts", "hear"), [(["an"], set()), (["", "an"], {"an"}), (["cuong", "an"], {"an"})])
def test_what_one_does_oneself_leaves_ones_own_alerts_as_they_are(commune, acts, hear):
    for by in acts:
        ring(commune, by, to="an", kind=Kind.CASE_NEWS)

    assert told(commune, Kind.CASE_NEWS) == hear


def test_an_account_that_is_deleted_takes_no_alert_with_it(zone):
    collector = Collector(using="default")
    with zone("owner"):
        collector.collect([Officer(pk=uuid.uuid4())])

    assert (Alert._meta.get_field("by"), None) in collector.field_updates


STRANGE = ["\0", "a\0b", "\ud800", "x\udfff", "9" * 5000, "infinity", "", "9999-12-31T23:59:59-23:59", True, 1, None]


@pytest.mark.parametrize("order", [("-at", "pk"), ("kind", "pk"), ("pk",)])
def test_a_place_nobody_gave_out_is_the_start(commune, order):
    """Text that PostgreSQL cannot hold among them: NUL, half a surrogate pair."""
    with commune.acting("an") as officer:
        for value in STRANGE:
            for values in ([value] * len(order), [value, *([str(uuid.uuid4())] * (len(order) - 1))]):
                after = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
                paging.page(Alert.objects.visible_to(officer), order, after)
        for value in STRANGE[:4]:
            after = base64.urlsafe_b64encode(json.dumps([value, str(uuid.uuid4())]).encode()).decode()
            assert paging.page(Alert.objects.visible_to(officer), ("kind", "pk"), after).place is None

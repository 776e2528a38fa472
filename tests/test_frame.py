"""The frame's numbers: one query, right for each role, nothing for those who may not know."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.tips.scenes import DANGER, TIP, case_at, client_of, queries, text, waiting_item
from tips import actions
from tips.models import Case, TrayItem
from zalopolice.frame import desk_frame
from zalopolice.gateway.models import Attachment, Message
from zalopolice.units import keyring
from zalopolice.units.models import DutyShift

pytestmark = pytest.mark.usefixtures("commune")
ALL = ("an", "em", "cuong", "dung", "binh", "giang", "huy", "khanh")


def test_it_is_one_query_and_none_until_drawn(commune, django_assert_num_queries):
    case_at(commune, "closing")
    waiting_item(commune, "hoa", DANGER)
    for name in ALL:
        with commune.acting(name) as officer:
            with django_assert_num_queries(0):
                frame = desk_frame(officer)
            with django_assert_num_queries(1):
                assert (frame.counts, frame.strip, frame.bell, frame.duty, frame.my_shift) is not None


def test_each_role_counts_what_is_theirs(commune):
    case_at(commune, "closing")
    waiting_item(commune, "hoa", DANGER)
    expected = {
        "an": {"home": 1, "tray": 0, "cases": 0, "posts": 0},  # An has not read the case yet
        "em": {"home": 0, "tray": 0, "cases": 0, "posts": 0},
        "cuong": {"home": 1, "tray": 1, "cases": 0, "posts": 0},
        "dung": {"home": 2, "tray": 1, "cases": 0, "posts": 0},
        "binh": {"home": 2, "tray": 1, "cases": 0, "posts": 0},
        "giang": {"home": 0, "tray": 0, "cases": 0, "posts": 0},
        "huy": {"home": 0, "tray": 0, "cases": 0, "posts": 0},
        "khanh": {"home": 0, "tray": 0, "cases": 0, "posts": 0},
    }
    for name, counts in expected.items():
        with commune.acting(name) as officer:
            frame = desk_frame(officer)
            assert frame.counts == counts, name
            assert (frame.strip is not None) is (name in {"cuong", "dung", "binh"})


def test_nobody_and_the_seatless_have_an_empty_frame(commune):
    from django.contrib.auth.models import AnonymousUser

    for user in (AnonymousUser(), commune.an, None):
        frame = desk_frame(user)
        assert (set(frame.counts.values()), frame.strip, frame.bell, frame.duty) == ({0}, None, 0, [])


def test_who_is_on_duty_is_named_with_rank(commune):
    with commune.acting("binh") as chief:
        now = timezone.now()
        for start, end in ((-2, 5), (6, 9), (-9, -3)):
            DutyShift.objects.create(
                unit=chief.unit, officer=commune.cuong, planned_by=chief,
                starts_at=now + timedelta(hours=start), ends_at=now + timedelta(hours=end),
            )  # fmt: skip
    with commune.acting("an") as officer:
        assert desk_frame(officer).duty == [str(commune.cuong)]


def test_the_polled_answer_holds_numbers_only(commune):
    waiting_item(commune, "hoa", DANGER)

    for name in ALL:
        answer = client_of(commune, name).get("/khung/")
        assert answer.status_code == 200 and "cầm dao" not in text(answer) and "<html" not in text(answer)


def crowd_of(commune, zone, number):
    """Threads, cases of every state, pictures, failures, alerts: ``number`` of each."""
    for place in range(number):
        commune.hears(f"c{number}-{place}", DANGER if place % 3 == 0 else f"{TIP} số {place}")
    cast.work_inbox(zone)
    with commune.acting("cuong") as duty:
        for item in TrayItem.objects.visible_to(duty).waiting()[: number // 2]:
            words = list(item.unsorted_messages())
            actions.open_case(item, words, title="Vụ", classification="vphc", area=None, by=duty)
    with commune.acting("binh") as chief:
        for place, case in enumerate(Case.objects.visible_to(chief).filter(status="unclaimed")[: number // 4]):
            actions.claim(case, by=chief)
            actions.reply(case, f"Câu hỏi {number} {place}", by=chief)
    with zone("owner"):
        Message.objects.filter(direction="out").update(state="failed", queue="", next_at=None)
        for message in Message.objects.filter(direction="in"):
            Attachment.objects.get_or_create(
                unit=commune.unit, message=message, citizen_id=message.citizen_id, kind="image", state="available",
                defaults={"width": 20, "height": 10},
            )  # fmt: skip
        Case.objects.filter(claimed_by__isnull=False).update(unread_since=timezone.now())


BUDGETS = {"/": 14, "/hop-tin/": 8, "/hop-tin/?muc=da-cat": 8, "/vu-viec/": 8, "/vu-viec/?muc=cua-toi": 8, "/khung/": 5}


@pytest.mark.parametrize("name", ["binh", "cuong", "giang"])
def test_budgets_hold_with_one_row_and_with_forty(commune, zone, name):
    """Row 4: keys cold, everything at once: alarms, failures, pictures, news."""
    client = client_of(commune, name)
    found = []
    for number in (6, 40):
        crowd_of(commune, zone, number)
        pages = {path: most for path, most in BUDGETS.items() if client.get(path).status_code == 200}
        if name != "giang":
            pages |= _one_of_each(commune)
        counted = {}
        for path, most in pages.items():
            with zone("owner"):
                Case.objects.filter(claimed_by=commune.binh).update(unread_since=timezone.now())
            keyring.forget()
            counted[path.split("-")[0]] = queries(client, path)
            assert counted[path.split("-")[0]] <= most, (path, counted)
        found.append(counted)
    plain = [{path: number for path, number in counted.items() if len(path) < 25} for counted in found]
    assert plain[0] == plain[1]


def _one_of_each(commune):
    with commune.acting("binh") as chief:
        item = TrayItem.objects.visible_to(chief).waiting().first()
        held = Case.objects.visible_to(chief).filter(claimed_by=chief).first()
        free = Case.objects.visible_to(chief).filter(status="unclaimed").first()
        return {f"/hop-tin/{item.pk}/": 10, f"/vu-viec/{held.pk}/": 10, f"/vu-viec/{free.pk}/": 10}

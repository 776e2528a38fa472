"""“Có phải công an thật không?”: an officer's code from the press of the button to the citizen's answer (F12)."""

import hashlib
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from procedures.conversation import Desk
from tests import cast
from tests.procedures.scenes import Citizen
from tests.tips.scenes import client_of, entries, text
from zalopolice import small_talk, tasks, units
from zalopolice.gateway import inbox
from zalopolice.gateway.models import Citizen as Writer
from zalopolice.gateway.models import InboundEvent, Message, OfficialAccount
from zalopolice.units import officer_check
from zalopolice.units.models import Delay, HotlineContact, Membership, OfficerCheck, Unit
from zalopolice.units.roles import ROLE_PERMISSIONS, Permission
from zalopolice.units.walls import job_context

PAGE, PORTAL = "/kiem-tra/tran-hung-dao/", "/ma-can-bo/"
NO = "KHÔNG. Không có cán bộ nào"


@pytest.fixture
def browser_of(commune, zone):
    """Asks on the open page; each address is another house."""
    citizen = Citizen(zone)

    def ask(code, address="203.0.113.5", page=PAGE):
        with citizen.there() as client:
            return client.post(page, {"code": code}, REMOTE_ADDR=address)

    return ask


@pytest.fixture
def chat(commune, zone):
    """What small talk says to words of a topic, before routing knows that topic."""

    def hear(words, citizen="dung", topic="genuine"):
        before = {row.pk for row in cast.outbound(zone)}
        commune.hears(citizen, "Chào")
        with zone("vault"):
            for pk in list(InboundEvent.objects.filter(next_at__isnull=False).values_list("pk", flat=True)):
                inbox.receive(pk)
        with zone("worker"):
            [pk] = tasks.due_anywhere(Message)
            with job_context(Message, pk):
                message = Message.objects.get(pk=pk)
                message.citizen = Writer.objects.get(pk=message.citizen_id)
                message.text = words
                small_talk.answer(message, topic, Desk(message.unit_id))
                Message.objects.filter(pk=pk).update(state="routed", queue="", next_at=None)
        return [row.text for row in cast.outbound(zone) if row.pk not in before]

    return hear


def press(commune, name="an"):
    """The code on the page an officer gets."""
    page = text(client_of(commune, name).post(PORTAL))
    return re.search(r'data-testid="officer-code">(\d{3} \d{3})<', page)[1].replace(" ", "")


def late(commune, zone):
    past = timezone.now() - timedelta(minutes=20)
    with zone("owner"):
        OfficerCheck.objects.update(opened_at=past, until=past + timedelta(minutes=15))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("123456", "123456"), ("123 456", "123456"), (" 123-456. ", "123456"), ("Mã cán bộ 1234", "1234"),
        ("ma so can bo 123456 dung khong", "123456"), ("Mã 123456 có phải công an phường không", "123456"),
        ("mã của đồng chí này là 123 456?", "123456"), ("kiểm tra mã: 123.456", "123456"),
        ("OTP 123456", ""), ("mã OTP là 123456", ""), ("mã hồ sơ 123456", ""), ("1234567", ""), ("0912345678", ""),
        ("công an mà phạt 200000", ""), ("ma cong an xa phat 200000", ""), ("bán ma túy 200000", ""), ("", ""),
        ("mã 1234567", ""), ("1" * 9000, ""),
    ],
)  # fmt: skip
def test_what_is_a_code_and_what_is_another_number(words, code):
    assert officer_check.code_of(words) == code
    assert officer_check.is_check_code(words) is bool(code)


def test_an_officer_opens_a_code_and_both_ways_of_asking_say_yes(commune, zone, browser_of, chat):
    code = press(commune)
    with zone("owner"):
        row = OfficerCheck.objects.get()
    assert row.until - row.opened_at == officer_check.LASTS
    until = f"{timezone.localtime(row.until):%H:%M}"

    [said] = chat(f"Mã cán bộ {code}")
    page = browser_of(f"{code[:3]} {code[3:]}")

    assert said.startswith("ĐÚNG.") and "Nguyễn Văn An, Công an phường tran-hung-dao" in said and until in said
    assert f"đến {until}." in said and f"<b>{until}</b>." in text(page)  # not "today": at 23:50 it ends tomorrow
    assert page.status_code == 200 and page["Cache-Control"] == "no-store"
    assert 'data-verdict="yes"' in text(page) and "<b>Nguyễn Văn An</b>" in text(page)
    guesses = (hashlib.sha256(f"{unit}{code}".encode()).hexdigest() for unit in ("", commune.unit.pk))
    assert len(row.mac) == 64 and row.mac not in guesses and code not in row.mac
    [entry] = entries(commune, "officer_check.opened")
    assert entry.detail == {"minutes": 15} and entry.actor_id == commune.an.pk


def test_wrong_expired_ended_and_foreign_codes_are_one_answer(commune, other_commune, zone, browser_of, chat):
    foreign, ended = press(other_commune), press(commune, "cuong")
    assert client_of(commune, "cuong").post(PORTAL + "ket-thuc/").status_code == 302
    old = press(commune)
    expired = press(commune)  # the code before ends with the next one
    assert chat(expired)[0].startswith("ĐÚNG")
    late(commune, zone)
    wrong = next(one for one in ("111111", "222222", "333333") if one not in {foreign, ended, old, expired})

    asked = zip(("dung", "hoa", "mai", "lan", "tam"), (wrong, expired, foreign, ended, old), strict=True)
    said = {chat(code, citizen)[0] for citizen, code in asked}
    assert len(said) == 1 and said.pop().startswith(NO)
    pages = {
        text(browser_of(code, f"203.0.113.{number}"))
        for number, code in enumerate((wrong, expired, foreign, ended, old), 10)
    }
    assert len(pages) == 1 and 'data-verdict="no"' in pages.pop()
    assert [entry.actor_id for entry in entries(commune, "officer_check.ended")] == [commune.cuong.pk]


def test_who_left_the_force_has_no_code_any_more(commune, zone, browser_of):
    code = press(commune)
    with zone("owner"):
        commune.an.is_active = False
        commune.an.save()

    assert 'data-verdict="no"' in text(browser_of(code))


@pytest.mark.parametrize("change", ["ended", "over", "not yet", "moved", "another role"])
def test_a_code_does_not_outlive_the_role_of_its_officer(commune, other_commune, zone, browser_of, chat, change):
    code, today = press(commune), timezone.localdate()
    assert 'data-verdict="yes"' in text(browser_of(code))
    changes = {
        "ended": {"ended_at": timezone.now()},
        "over": {"since": today - timedelta(days=9), "until": today - timedelta(days=1)},
        "not yet": {"since": today + timedelta(days=1)},
        "moved": {"ended_at": timezone.now()},
        "another role": {"role": "content_editor"},
    }
    with zone("owner"):
        assert Membership.objects.filter(officer=commune.an).update(**changes[change]) == 1
        if change == "moved":
            Membership.objects.create(unit=other_commune.unit, officer=commune.an, role="officer", since=today)

    assert 'data-verdict="no"' in text(browser_of(code))
    assert 'data-verdict="no"' in text(browser_of(code, page="/kiem-tra/dai-hong/"))
    assert chat(code)[0].startswith(NO)


def test_the_database_asks_for_the_roles_that_may_show_a_code():
    judged = (Path(units.__file__).parent / "migrations" / "0007_officer_check.sql").read_text(encoding="utf-8")
    may = [role for role, given in ROLE_PERMISSIONS.items() if Permission.SHOW_CODE in given]

    assert re.search(r"m\.role IN \(([^)]*)\)", judged)[1] == ", ".join(f"'{role}'" for role in may)


def test_guessing_is_braked_for_each_house_and_each_citizen(commune, zone, browser_of, chat):
    code = press(commune)
    wrong = "000000" if code != "000000" else "000001"
    for _ in range(3):  # a family may ask the right one as often as it likes
        assert 'data-verdict="yes"' in text(browser_of(code))
        assert chat(code)[0].startswith("ĐÚNG")
    for _ in range(5):
        assert 'data-verdict="no"' in text(browser_of(wrong))
        assert chat(wrong)[0].startswith(NO)

    braked = browser_of(code)  # even the right one: who guesses learns nothing more
    assert braked.status_code == 429 and 'data-verdict="wait"' in text(braked) and "An" not in text(braked)
    assert "chờ 10 phút" in chat(code)[0]
    assert 'data-verdict="yes"' in text(browser_of(code, "198.51.100.7"))
    assert chat(code, "hoa")[0].startswith("ĐÚNG")
    with zone("owner"):
        Delay.objects.update(until=timezone.now())
        kept = list(Delay.objects.values_list("key", flat=True))
    assert 'data-verdict="yes"' in text(browser_of(code))
    assert {len(key) for key in kept} == {64} and not [key for key in kept if "203.0" in key]


def test_one_line_with_many_addresses_waits_alone(commune, zone, browser_of):
    code = press(commune)
    for number in range(50):
        assert browser_of("000000", f"2001:db8:7:{number:x}::1").status_code == 200

    assert browser_of(code, "2001:db8:7:ffff::1").status_code == 429
    assert 'data-verdict="yes"' in text(browser_of(code, "2001:db8:8::1"))
    assert 'data-verdict="yes"' in text(browser_of(code))


@pytest.fixture
def early_in_the_slot(zone):
    """The database's clock decides, and a slot ends every ten minutes: not in the midst of a test."""
    with zone("owner"), connection.cursor() as cursor:
        cursor.execute("SELECT 600 - mod(extract(epoch FROM now()), 600)")
        left = float(cursor.fetchone()[0])
    if left < 5:
        time.sleep(left)


def test_the_open_page_as_a_whole_is_braked_much_later(commune, zone, browser_of, chat, early_in_the_slot):
    code = press(commune)
    browser_of("000000", "192.0.2.1")
    with zone("owner"):
        assert Delay.objects.update(failures=300) == 2  # the house and the page
    assert 'data-verdict="no"' in text(browser_of("000000", "192.0.2.2"))
    assert 'data-verdict="yes"' in text(browser_of(code, "192.0.2.3"))
    with zone("owner"):
        Delay.objects.filter(failures__gt=300).update(failures=999)

    assert 'data-verdict="no"' in text(browser_of("000000", "192.0.2.4"))
    assert browser_of(code, "192.0.2.5").status_code == 429
    assert chat(code)[0].startswith("ĐÚNG")  # on Zalo they go on being answered


def test_of_who_asked_nothing_stays_longer_than_an_hour(commune, zone, browser_of, early_in_the_slot):
    browser_of("000000")
    browser_of("000000", "2001:db8::1")
    with zone("owner"):
        assert Delay.objects.filter(key__contains="0").count() == Delay.objects.count() == 4
        Delay.objects.exclude(failures=2).update(at=timezone.now() - timedelta(minutes=61))
    with zone("worker"):
        tasks.forget_delays()
    with zone("owner"):
        assert Delay.objects.get().failures == 2  # the page as a whole


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "<b>123</b>", "9" * 5000])
def test_what_is_no_code_is_said_beside_the_field_and_costs_nothing(commune, zone, browser_of, typed):
    page = browser_of(typed)

    assert page.status_code == 422 and 'id="code_error"' in text(page)
    assert "<b>123" not in text(page)
    with zone("owner"):
        assert not Delay.objects.exists()


def test_the_name_is_the_one_the_unit_publishes(commune, zone, chat):
    page = text(client_of(commune, "an").get(PORTAL))
    assert "<b>Nguyễn Văn An</b>" in page
    with zone("owner"):
        facts = {"kind": "area", "title": "Cảnh sát khu vực", "name": "Nguyễn An", "phone": "0900 000 113"}
        listed = HotlineContact.objects.create(
            unit=commune.unit, area=commune.area, officer=commune.an, verified_on="2026-11-02", **facts
        )
    assert "<b>Cảnh sát khu vực Nguyễn An</b>" in text(client_of(commune, "an").get(PORTAL))
    assert "Cảnh sát khu vực Nguyễn An" in chat(press(commune))[0]
    with zone("owner"):
        listed.is_public = False
        listed.save()
    assert "<b>Nguyễn Văn An</b>" in text(client_of(commune, "an").get(PORTAL))


def test_one_code_each_shown_once_by_whoever_meets_citizens(commune):
    an = client_of(commune, "an")
    assert "còn dùng được đến" not in text(an.get(PORTAL))
    first = press(commune)
    again = text(an.get(PORTAL))

    assert first not in again and "còn dùng được đến" in again
    press(commune)
    with commune.acting("an") as officer:
        assert OfficerCheck.objects.visible_to(officer).count() == 1
    with commune.acting("binh") as chief:
        assert not OfficerCheck.objects.visible_to(chief).exists()
    for name in ("giang", "huy", "khanh"):
        assert client_of(commune, name).get(PORTAL).status_code == 404
        assert client_of(commune, name).post(PORTAL).status_code == 404


def test_the_database_itself_keeps_codes_short_and_single_and_the_table_from_citizens(commune, other_commune, zone):
    press(commune)
    with commune.acting("an") as officer:
        row = OfficerCheck.objects.visible_to(officer).get()
        with pytest.raises(IntegrityError), transaction.atomic():
            OfficerCheck.objects.filter(pk=row.pk).update(until=row.opened_at + timedelta(minutes=31))
        with pytest.raises(IntegrityError), transaction.atomic():
            OfficerCheck.objects.create(
                unit=commune.unit, officer=commune.em, mac=row.mac, opened_at=row.opened_at, until=row.until
            )
    for name in ("public", "worker", "vault"):
        with zone(name), pytest.raises(ProgrammingError), transaction.atomic():
            OfficerCheck.objects.exists()
    with zone("public"), pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute("SELECT walls.officer_code('123456')")


def test_a_worker_judges_codes_of_the_unit_it_is_in_only(commune, other_commune, zone):
    code = press(other_commune)
    with zone("worker"):
        assert officer_check.ask(other_commune.unit.pk, code, "x").kind == "no"
    with zone("public"):
        assert officer_check.ask(other_commune.unit.pk, code, "x").kind == "yes"


def test_official_accounts_of_the_unit_and_of_the_province(commune, other_commune, zone, chat):
    with zone("owner"):
        province = Unit.objects.get(pk=commune.unit.parent_id)
        OfficialAccount.objects.create(
            unit=province, app=commune.oa.app, oa_id="1234", name="CA Hà Nam", connected_at=timezone.now()
        )
        OfficialAccount.objects.create(unit=commune.unit, app=commune.oa.app, oa_id="5678", name="Chưa nối")
    [said] = chat("Có phải công an thật không?")
    citizen = Citizen(zone)
    with citizen.there() as client, CaptureQueriesContext(connection) as asked:
        page = client.get(PAGE)

    for shown in ("CA tran-hung-dao", commune.oa.oa_id, "CA Hà Nam", "https://zalo.me/1234"):
        assert shown in said and shown in text(page)
    for hidden in ("Chưa nối", "5678", other_commune.oa.oa_id):
        assert hidden not in said and hidden not in text(page)
    assert said.index(commune.oa.oa_id) < said.index("1234")
    assert PAGE in said and "OTP" in said
    assert len(asked) <= 4 and "<script" not in text(page)
    assert citizen.get("/kiem-tra/khong-co/").status_code == 404


def test_digits_told_in_a_story_are_no_officers_code():
    told = "họ xưng công an kêu đọc mã xác minh 456789 thì tôi đọc rồi giờ sao"

    assert officer_check.code_of("mã xác minh 456789") == "456789"
    assert officer_check.code_of(told) == ""

"""Waiting instead of lock-out (security.md 2.10)."""

import re
import time
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tests.tips.scenes import client_of, entries, text
from tests.units.signing import enrol, sign_in
from zalopolice.audit.models import TECHNICAL, Entry
from zalopolice.units import delays
from zalopolice.units.models import Delay

pytestmark = pytest.mark.usefixtures("commune")


def wrong(commune, client=None, **changes):
    return sign_in(commune, client=client, **({"password": "sai"} | changes))


def seconds(answer):
    return int(re.search(r"Hãy chờ (\d+) giây", text(answer))[1])


def test_each_mistake_doubles_the_wait_up_to_a_minute(commune, clock):
    waits = []
    for _ in range(9):
        assert wrong(commune).status_code == 422
        refused = wrong(commune)
        assert refused.status_code == 429
        waits.append(seconds(refused))
        clock.shift(timedelta(seconds=waits[-1]))

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_who_waits_is_not_heard_even_with_the_right_words_and_keeps_the_typed_name(commune, clock):
    wrong(commune)

    answer = sign_in(commune)

    assert answer.status_code == 429 and f'value="{commune.an.username}"' in text(answer)
    assert answer["Retry-After"] == "1"
    clock.shift(timedelta(seconds=1))
    assert sign_in(commune).status_code == 302


def test_being_let_in_forgets_the_mistakes(commune, clock):
    wrong(commune)
    clock.shift(timedelta(seconds=1))
    sign_in(commune)

    assert wrong(commune).status_code == 422
    assert seconds(wrong(commune)) == 1


def test_mistakes_are_forgotten_after_an_hour(commune, clock):
    for _ in range(4):
        wrong(commune)
        clock.shift(timedelta(seconds=60))
    clock.shift(timedelta(minutes=61))
    with time_machine.travel(timezone.now(), tick=False):
        wrong(commune)
        assert seconds(wrong(commune)) == 1


def test_a_hundred_at_once_are_not_a_hundred_guesses(commune, clock):
    counter = delays.counter("account", "an")

    assert [delays.charge(counter) == 0 for _ in range(100)].count(True) == 2


def test_a_known_browser_is_not_delayed_by_strangers(commune, clock):
    known = Client()
    sign_in(commune, client=known)
    known.post("/dang-xuat/")
    for _ in range(7):
        wrong(commune)
        clock.shift(timedelta(seconds=60))
    wrong(commune)

    assert wrong(commune).status_code == 429
    assert sign_in(commune, client=known).status_code == 302


def test_a_known_browser_has_a_counter_of_its_own(commune, clock):
    known = Client()
    sign_in(commune, client=known)
    known.post("/dang-xuat/")
    wrong(commune, client=known)

    assert wrong(commune, client=known).status_code == 429
    assert sign_in(commune).status_code == 302  # and delays nobody else


def test_one_network_guessing_at_many_names_waits_too(commune, clock):
    for number in range(delays.NETWORK_FREE + 1):
        assert wrong(commune, username=f"ten{number}").status_code == 422

    assert wrong(commune, username="ten-khac").status_code == 429
    assert wrong(commune, username="ten-khac", REMOTE_ADDR="203.0.113.9").status_code == 422


def test_one_good_account_does_not_clear_its_network_for_guessing(commune, clock):
    for number in range(delays.NETWORK_FREE):
        wrong(commune, username=f"ten{number}")
    sign_in(commune)
    wrong(commune, username="ten-khac")

    assert wrong(commune, username="ten-nua").status_code == 429


@pytest.mark.parametrize("depth, header, same", [(0, "198.51.100.{}", True), (1, "198.51.100.{}", False)])
def test_only_trusted_proxies_name_the_network(commune, clock, settings, depth, header, same):
    settings.TRUSTED_PROXIES = depth
    for number in range(delays.NETWORK_FREE + 1):
        wrong(commune, username=f"ten{number}", HTTP_X_FORWARDED_FOR=header.format(number))

    answer = wrong(commune, username="ten-khac", HTTP_X_FORWARDED_FOR=header.format(99))
    assert (answer.status_code == 429) is same


def test_what_the_caller_wrote_before_our_proxy_counts_nothing(commune, clock, settings):
    settings.TRUSTED_PROXIES = 1
    for number in range(delays.NETWORK_FREE + 1):
        wrong(commune, username=f"ten{number}", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}, 203.0.113.7")

    assert wrong(commune, username="a", HTTP_X_FORWARDED_FOR="10.0.0.1, 203.0.113.7").status_code == 429


@pytest.mark.parametrize(
    "one, two, same",
    [
        ("2001:db8::1", "2001:db8::2:3", True),
        ("2001:db8::1", "2001:db9::1", False),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),  # an old address as a socket of both kinds writes it
        ("::ffff:203.0.113.7", "203.0.113.7", True),
    ],
)
def test_a_household_of_addresses_is_one_network(one, two, same):
    assert (delays._network(one) == delays._network(two)) is same


def test_codes_and_confirmations_are_delayed(commune, clock):
    client = client_of(commune, "binh")
    enrol(client)
    half = Client()
    sign_in(commune, "binh", half)
    assert half.post("/dang-nhap/ma/", {"code": "000000"}).status_code == 422
    assert half.post("/dang-nhap/ma/", {"code": "000000"}).status_code == 429

    clock.shift(timedelta(minutes=6))
    answers = [client.post("/tai-khoan/mat-khau/", {"fresh_for": "GET", "fresh_password": "sai"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [422, 429]


def test_neither_names_nor_addresses_are_kept(commune, clock):
    wrong(commune, username="ten-rat-rieng")

    rows = list(Delay.objects.values_list("key", flat=True))
    assert len(rows) == 2 and all(re.fullmatch("[0-9a-f]{64}", key) for key in rows)


def test_unknown_names_look_like_known_ones(commune, clock, zone):
    """Same sentence, same status, same wait; and the technical chain says that it happened, not which name."""
    pages = []
    for name in (commune.em.username, "ten-rat-rieng"):
        first, second = wrong(commune, username=name), wrong(commune, username=name)
        pages.append([first.status_code, second.status_code, *(_same(page, name) for page in (first, second))])

    assert pages[0] == pages[1]
    [known] = entries(commune, "officer.sign_in_failed")
    assert (known.object_id, known.actor_id, known.detail) == (commune.em.pk, None, {})
    with zone("owner"):
        [unknown] = Entry.objects.filter(kind="officer.sign_in_failed", unit_id=TECHNICAL)
    assert (unknown.object_id, unknown.detail) == (None, {})


def _same(page, name):
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|' + re.escape(name), "", text(page))


@pytest.mark.alone
def test_unknown_names_take_as_long_as_known_ones(commune):
    times = {name: [] for name in (commune.em.username, "khong-co-ai")}
    for _ in range(7):
        for name, taken in times.items():
            Delay.objects.all().delete()
            start = time.perf_counter()
            wrong(commune, username=name)
            taken.append(time.perf_counter() - start)
    known, unknown = (sorted(taken)[3] for taken in times.values())

    assert 0.6 < known / unknown < 1.6, (known, unknown)


def test_nothing_secret_is_logged(commune, caplog):
    wrong(commune, username="ten-rat-rieng", password="mot mat khau sai")

    assert "ten-rat-rieng" not in caplog.text and "mot mat khau sai" not in caplog.text

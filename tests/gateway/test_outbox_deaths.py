"""A vault process dies between any two steps of sending; what the citizens' phones show is counted (T07, T17)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.dying import killed_at, points_of
from tests.gateway.conftest import say
from tests.gateway.sending import accepted_then, deliver, due, now
from zalopolice.gateway import delivery, outbox, tokens
from zalopolice.gateway.models import Citizen, Incident, Message, OfficialAccount, Token, TokenJournal

State = Message.State
INSIDE_HTTP = {"outbox.begun", "outbox.answered", "outbox.recording"}
"""Between the commit of "sending" and the note of its end nobody can know what Zalo did."""


def in_vault(zone, pk):
    def work():
        with zone("vault"):
            delivery.deliver(pk)

    return work


def goes_on(zone, row):
    """The next rounds, each after the wait of the one before; the states the row went through."""
    seen = [now(zone, row).state]
    while seen[-1] not in (State.SENT, State.FAILED, State.BLOCKED) and len(seen) < 8:
        due(zone, row)
        seen.append(deliver(zone, row).state)
    return seen


def test_t07_a_death_between_any_two_steps_of_a_send_doubles_nothing(chat, zalo, zone, figures):
    first = say(chat, "Tin đầu")
    points = points_of(in_vault(zone, first.pk))
    assert set(points) > INSIDE_HTTP

    for number, point in enumerate(points):
        row = say(chat, f"Tin {number}")
        assert killed_at(point, in_vault(zone, row.pk)), point
        seen = goes_on(zone, row)
        assert seen[-1] == State.SENT, (point, seen)
        assert (State.UNKNOWN in seen) == (point in INSIDE_HTTP), (point, seen)

    texts = zalo.texts()
    assert sorted(texts) == sorted(["Tin đầu", *(f"Tin {number}" for number in range(len(points)))])
    figures("T07", part="outbox", points=len(points), lost=0, doubled=len(texts) - len(set(texts)))


def test_t07_a_death_while_settling_doubles_nothing(chat, zalo, zone, figures):
    def unknown(text, *, taken):
        zalo.script.append(accepted_then(lambda handler: handler.hang_up()) if taken else lambda h, _: h.hang_up())
        row = say(chat, text)
        assert deliver(zone, row).state == State.UNKNOWN
        due(zone, row)
        return row

    points = points_of(in_vault(zone, unknown("Tin đầu", taken=True).pk))
    assert {"outbox.settling", "outbox.history", "outbox.settled"} <= set(points)
    for taken in (True, False):
        for point in points[: None if taken else -1]:
            row = unknown(f"{point} {taken}", taken=taken)
            assert killed_at(point, in_vault(zone, row.pk)), point
            assert goes_on(zone, row)[-1] == State.SENT, point

    texts = zalo.texts()
    assert len(texts) == len(set(texts)) == 2 * len(points)
    figures("T07", part="settling", points=len(points), lost=0, doubled=0)


def test_t07_a_death_in_the_act_stores_all_of_it_or_nothing(chat, zalo, zone):
    def act():
        with chat.acting("an"):
            key = {"origin": Message.Origin.OFFICER, "business_key": "reply:1"}
            return outbox.enqueue(Citizen.objects.get(), "Đã nhận", **key)

    assert killed_at("outbox.queued", act)
    with zone("vault"):
        assert not Message.objects.filter(direction="out").exists()
    assert deliver(zone, act()).state == State.SENT
    assert act().state == State.SENT  # the same button again
    assert zalo.texts() == ["Đã nhận"]


# --- the eight points of a refresh ------------------------------------------------------------------------------------


@pytest.fixture
def vault_dir(tmp_path, settings):
    settings.VAULT_DIR = tmp_path
    return tmp_path


@pytest.fixture
def account(commune, zalo, zone, vault_dir):
    """A connected account whose access token ran out a minute ago."""
    cast.give_token(commune, seconds=-60)
    return commune


def use(account):
    def work():
        with account.zone("vault"):
            return tokens.account(account.oa)[0].token

    return work


POINTS = {
    "token.lease": "access-2",
    "token.leased": "access-2",
    "token.asking": None,  # nobody can know whether it reached Zalo
    "token.answered": None,
    "token.filed": "access-2",
    "token.journalled": "access-2",
    "token.row": "access-2",
    "token.stored": "access-2",
}


def test_t17_the_points_are_these(account):
    assert points_of(use(account)) == list(POINTS)


@pytest.mark.parametrize("point", POINTS)
def test_t17_a_death_at_any_point_of_a_refresh_never_uses_a_token_twice(account, zone, zalo, point, figures):
    assert killed_at(point, use(account))
    with zone("vault"):
        Token.objects.filter(refreshing_until__isnull=False).update(
            refreshing_until=timezone.now() - timedelta(seconds=1)  # its lease is over, 45 seconds later
        )
        tokens.find_lost()  # the vault's round, every two seconds
        told = Incident.objects.filter(kind=Incident.Kind.CONSENT_LOST, ended_at=None).exists()
        trouble = OfficialAccount.objects.get().trouble

    if POINTS[point]:
        assert (use(account)(), told, trouble) == ("access-2", False, "")
        assert zalo.refreshes == ["refresh-1"]
    else:
        assert told
        assert "Trưởng đơn vị cần kết nối lại OA" in trouble
        with pytest.raises(tokens.NeedsConsent):
            use(account)()
        assert len(zalo.refreshes) <= 1
    figures("T17", point=point, uses=len(zalo.refreshes), alarm_s=tokens.LEASE.seconds + 2 if told else 0)


def test_t17_a_database_that_goes_away_right_after_the_answer_loses_nothing(account, zone, zalo, monkeypatch):
    """The sealed file is the first place, and it is enough."""

    def away(*_, **__):
        raise RuntimeError

    with zone("vault"):
        with monkeypatch.context() as patch:
            patch.setattr(TokenJournal, "save", away)
            with pytest.raises(RuntimeError):
                tokens.account(account.oa)
        assert not TokenJournal.objects.exists()
        Token.objects.update(refreshing_until=timezone.now() - timedelta(seconds=1))

        assert tokens.account(account.oa)[0].token == "access-2"
    assert zalo.refreshes == ["refresh-1"]


def test_t17_without_the_file_the_journal_is_enough(account, zone, zalo, vault_dir):
    assert killed_at("token.journalled", use(account))
    for file in (vault_dir / "tokens").iterdir():
        assert b"access" not in file.read_bytes()
        file.unlink()
    with zone("vault"):
        Token.objects.update(refreshing_until=timezone.now() - timedelta(seconds=1))
    assert use(account)() == "access-2"
    assert zalo.refreshes == ["refresh-1"]


def test_a_full_disk_costs_no_pair(account, zone, zalo, vault_dir):
    (vault_dir / "tokens").write_text("no folder")
    assert use(account)() == "access-2"
    with zone("vault"):
        assert Token.objects.get().version == 2

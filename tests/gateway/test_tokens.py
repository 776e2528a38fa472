"""One refresh at a time, and a pair is never lost between the wire and the row (issue 2, row 6)."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from tests import cast
from tests.crowd import crowd
from tests.gateway.conftest import say, take_in
from zalopolice import crypto
from zalopolice.gateway import client, consent, delivery, pace, tokens
from zalopolice.gateway.models import Citizen, Consent, Incident, Message, OfficialAccount, Token, TokenJournal
from zalopolice.units.models import Alert

SENDERS = 50


@pytest.fixture
def account(commune, zalo, zone):
    """A connected account whose access token ran out a minute ago."""
    cast.give_token(commune, seconds=-60)
    return commune


def token():
    return Token.objects.get()


def trouble():
    return OfficialAccount.objects.get().trouble


def make_pending(commune, zone, number):
    for place in range(number):
        commune.hears(f"citizen {place}", f"Tin {place}")
    take_in(zone)
    with commune.acting("an"):
        people = list(Citizen.objects.all())
    return [say(commune, f"Trả lời {place}", person).pk for place, person in enumerate(people)]


def free_the_lease():
    Token.objects.update(refreshing_until=timezone.now() - timedelta(seconds=1))


# --- row 6 --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known_to_be_dead", [True, False], ids=["ran out", "killed at Zalo's"])
def test_t16_fifty_senders_meet_a_dead_token_and_one_of_them_refreshes(
    commune, zone, zalo, settings, monkeypatch, figures, known_to_be_dead
):
    settings.ZALO_TIMEOUT = 10.0  # fifty threads of one process are slow
    for module, name in ((tokens, "PATIENCE"), (delivery, "TOGETHER")):
        monkeypatch.setattr(module, name, 120.0)
    monkeypatch.setattr(pace, "take", lambda _oa: 0.0)  # all at once
    pending = make_pending(commune, zone, SENDERS)
    cast.give_token(commune, seconds=-60 if known_to_be_dead else 90_000)
    zalo.access, zalo.refresh_delay = "access-7", 0.3  # access-1 is dead, whatever our row says
    zalo.gate = None if known_to_be_dead else threading.Barrier(SENDERS)  # all fifty call before one hears -216

    with zone("vault"):
        results = crowd("vault", [lambda pk=pk: delivery.deliver(pk) for pk in pending])

        assert [error for error in results if error] == []
        assert zalo.refreshes == ["refresh-1"]
        assert set(Message.objects.filter(pk__in=pending).values_list("state", flat=True)) == {"sent"}
        assert sorted(zalo.texts()) == sorted(f"Trả lời {place}" for place in range(SENDERS))
        assert len(zalo.calls) == (SENDERS if known_to_be_dead else 2 * SENDERS)
        assert token().version == 2
        assert (token().access, token().refresh, token().refreshing_until) == ("access-8", "refresh-8", None)
    figures("T16", senders=SENDERS, refreshes=len(zalo.refreshes), failed=0)


# --- the life of a pair ---------------------------------------------------------------------------------------------


def test_a_pair_is_renewed_six_hours_before_its_end(commune, zone, zalo):
    cast.give_token(commune, seconds=6 * 3600 - 1)
    with zone("vault"):
        used, version = tokens.account(commune.oa)

        assert (used.token, version) == ("access-2", 2)
        assert token().expires_at - timezone.now() > timedelta(hours=24)
        tokens.account(commune.oa)
        assert len(zalo.refreshes) == 1


def test_a_pair_with_more_than_six_hours_is_left_alone(commune, zone, zalo):
    cast.give_token(commune, seconds=6 * 3600 + 60)
    with zone("vault"):
        assert tokens.account(commune.oa)[0].token == "access-1"
    assert zalo.refreshes == []


@pytest.mark.parametrize("answer", [{"error": -14014}, {"error": -14004}, {"nonsense": 1}])
def test_an_early_refresh_that_fails_stops_no_message(commune, zone, zalo, answer):
    cast.give_token(commune, seconds=5 * 3600)
    zalo.oauth.append(answer)
    with zone("vault"):
        assert tokens.account(commune.oa)[0].token == "access-1"


@pytest.mark.parametrize(
    ("expires_in", "seconds"), [("90000", 90_000), (90_000, 90_000), (3600.0, 3600), ("3600", 3600)]
)
def test_expires_in_is_read_as_text_or_number(account, zone, zalo, expires_in, seconds):
    zalo.oauth.append({"access_token": "a", "refresh_token": "r", "expires_in": expires_in})
    with zone("vault"):
        tokens.account(account.oa)
        left = token().expires_at - timezone.now()
    assert timedelta(seconds=seconds - 30) < left <= timedelta(seconds=seconds)


def test_an_answer_without_a_refresh_token_keeps_the_old_one(account, zone, zalo):
    zalo.oauth.append({"access_token": "access-2", "expires_in": "90000"})
    with zone("vault"):
        tokens.account(account.oa)
        assert (token().access, token().refresh) == ("access-2", "refresh-1")


@pytest.mark.parametrize(
    "answer", [{}, [], "text", {"access_token": "a"}, {"access_token": "a", "expires_in": "soon"}, {"error": "x"}]
)
def test_an_answer_nobody_can_use_leaves_the_old_pair(account, zone, zalo, answer):
    zalo.oauth.append(answer)
    with zone("vault"):
        with pytest.raises((client.Unreachable, tokens.NeedsConsent)):
            tokens.account(account.oa)
        assert (token().version, token().refresh) == (1, "refresh-1")
        assert not TokenJournal.objects.exists()


# --- crashes ------------------------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process dies here."""


def crash(*_, **__):
    raise Crash


def crashed(account, patch):
    patch.setattr(Token, "save", crash)
    with pytest.raises(Crash):
        tokens.account(account.oa)
    patch.undo()


def test_a_crash_after_the_journal_costs_nothing(account, zone, zalo):
    with zone("vault"), pytest.MonkeyPatch.context() as patch:
        crashed(account, patch)
        assert (token().version, TokenJournal.objects.get().version) == (1, 2)
        free_the_lease()

        assert tokens.account(account.oa)[0].token == "access-2"
        assert (token().version, token().refresh) == (2, "refresh-2")
        assert token().expires_at == TokenJournal.objects.get().expires_at
    assert zalo.refreshes == ["refresh-1"]  # never sent twice


def test_a_crash_after_the_row_is_no_crash(account, zone, zalo):
    with zone("vault"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "Account", crash)
        with pytest.raises(Crash):
            tokens.account(account.oa)
        patch.undo()

        assert tokens.account(account.oa)[0].token == "access-2"
    assert zalo.refreshes == ["refresh-1"]


def test_a_second_refresh_uses_the_newest_pair(account, zone, zalo):
    with zone("vault"):
        tokens.account(account.oa)
        Token.objects.update(expires_at=timezone.now())
        tokens.account(account.oa)

        assert zalo.refreshes == ["refresh-1", "refresh-2"]
        assert list(TokenJournal.objects.values_list("version", flat=True)) == [3]


def test_a_slow_holder_of_the_lease_does_no_harm(account, zone, zalo):
    """It slept past its lease, another one refreshed; Zalo's no to the used token must not be believed."""
    with zone("vault"):
        slow = token()
        assert tokens._take_lease(slow)
        free_the_lease()
        tokens.account(account.oa)

        got = tokens._refresh_now(account.oa, slow)

        assert (got.version, got.access) == (2, "access-2")
        assert trouble() == ""


# --- Zalo's no --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [-14014, -14020])
def test_t18_a_burnt_token_makes_messages_wait_and_loses_none(commune, zone, zalo, figures, code):
    pending = make_pending(commune, zone, 3)
    cast.give_token(commune, seconds=-60)
    zalo.oauth.extend([{"error": code}] * 9)
    with zone("vault"):
        for pk in pending:
            delivery.deliver(pk)

        rows = Message.objects.filter(pk__in=pending)
        assert set(rows.values_list("state", "queue")) == {("queued", "vault")}
        assert all(row.next_at > timezone.now() and "OA chưa được kết nối" in row.error for row in rows)
        assert f"mã {code}" in trouble()
        assert Alert.objects.filter(kind=Alert.Kind.OA_TROUBLE, subject=commune.oa.pk).exists()
        lost = Incident.objects.get(kind=Incident.Kind.CONSENT_LOST)
        assert lost.ended_at is None

        # What comes in needs no token.
        commune.hears("new", "Có ai không?")
        take_in(zone)
        assert Message.objects.filter(direction="in").count() == 4

        # However long nobody acts, the dead token is not tried again.
        free_the_lease()
        rows.update(next_at=timezone.now())
        for pk in pending:
            delivery.deliver(pk)
        assert zalo.refreshes == ["refresh-1"]

        # The chief connects again.
        tokens.store(commune.oa, client.Pair(zalo.access, zalo.refresh, 90_000), 2)
        assert trouble() == ""
        assert Incident.objects.get(pk=lost.pk).ended_at
        rows.update(next_at=timezone.now())
        for pk in pending:
            delivery.deliver(pk)
        assert len(zalo.texts()) == 3
        assert set(rows.values_list("state", "error")) == {("sent", "")}
    figures("T18", code=code, kept=3, lost=0, asked=len(zalo.refreshes))


def test_what_a_person_can_mend_at_zalo_is_asked_again(account, zone, zalo):
    """A wrong app secret does not burn the refresh token."""
    zalo.oauth.append({"error": -14004})
    with zone("vault"):
        with pytest.raises(tokens.NeedsConsent):
            tokens.account(account.oa)
        free_the_lease()
        assert tokens.account(account.oa)[0].token == "access-2"
    assert zalo.refreshes == ["refresh-1", "refresh-1"]


@pytest.mark.parametrize(
    ("answer", "lost"),
    [
        ((b"<html>Bad Gateway</html>", 502), False),
        ((b"  <html>login</html>", 200), False),
        (({"error": -14014}, 500), False),
        ((b'{"access_token": "acc', 200), True),
        ((b"\x1f\x8b\x08\x00rest", 200), True),
        (({"access_token": "a"}, 200, {"Content-Encoding": "gzip"}), True),
        (({}, 200), True),
        (([], 200), True),
        (({"access_token": "a"}, 200), True),
        (({"refresh_token": "r", "expires_in": "90000"}, 200), True),
        (({"error": "x"}, 200), True),
    ],
    ids=[
        *("502", "HTML", "500", "half JSON", "gzip nobody announced", "no gzip in it"),
        *("empty JSON", "a list", "half a pair", "the other half", "no code"),
    ],
)
def test_a_lost_answer_is_told_and_a_page_in_between_is_no_answer(account, zone, zalo, answer, lost):
    """Half an answer, or JSON without a pair, is the answer of a Zalo that has burnt the token; a page of a proxy most
    likely is not."""
    zalo.oauth.append(answer)
    with zone("vault"):
        with pytest.raises(tokens.NeedsConsent if lost else client.Unreachable):
            tokens.account(account.oa)
        free_the_lease()
        assert bool(trouble()) is lost
        if lost:
            with pytest.raises(tokens.NeedsConsent):
                tokens.account(account.oa)
        else:
            assert tokens.account(account.oa)[0].token == "access-2"
    assert len(zalo.refreshes) == (1 if lost else 2)


@pytest.mark.parametrize("answer", [(b"<html>Hello</html>", 200), (b"<html>Bad Gateway</html>", 502)])
def test_a_page_that_hid_a_pair_is_told_at_the_next_try_and_there_is_no_third(account, zone, zalo, answer):
    """As the simulator's ``oauth_html`` has it: the pair is exchanged, what stands before Zalo answers with a page."""
    zalo.oauth.append(answer)
    zalo.access, zalo.refresh = "access-2", "refresh-2"
    with zone("vault"):
        with pytest.raises(client.Unreachable):
            tokens.account(account.oa)
        assert trouble() == ""
        free_the_lease()

        tried = timezone.now()
        with pytest.raises(tokens.NeedsConsent):
            tokens.account(account.oa)

        assert "mã -14014" in trouble()
        lost = Incident.objects.get(kind=Incident.Kind.CONSENT_LOST, ended_at=None)
        assert lost.started_at - tried < timedelta(seconds=60)
        assert Alert.objects.filter(kind=Alert.Kind.OA_TROUBLE, subject=account.oa.pk).exists()
        for _ in range(3):
            free_the_lease()
            tokens.find_lost()
            with pytest.raises(tokens.NeedsConsent):
                tokens.account(account.oa)
    assert zalo.refreshes == ["refresh-1", "refresh-1"]


def test_a_gateway_that_did_not_wait_for_zalo_may_have_lost_a_pair(account, zone, zalo):
    """504: Zalo has the token and may have used it. Sent once more it could cost the grant without anybody's notice."""
    zalo.oauth.append((b"<html>Gateway Time-out</html>", 504))
    with zone("vault"):
        for _ in range(2):
            with pytest.raises(tokens.NeedsConsent):
                tokens.account(account.oa)
            free_the_lease()
        assert trouble()
    assert zalo.refreshes == ["refresh-1"]


def test_a_slow_refresh_does_not_write_over_a_new_consent(account, zone, zalo, monkeypatch, settings, tmp_path):
    """The chief consents while Zalo takes its time with the refresh of the old grant, whose pair is dead by then."""
    settings.VAULT_DIR = tmp_path
    new = client.Pair("access-consent", "refresh-consent", 90_000)
    monkeypatch.setattr(client, "exchange_code", lambda *_, **__: new)
    monkeypatch.setattr(client, "own_oa_id", lambda _: account.oa.oa_id)
    walk = Consent(unit=account.unit, oa=account.oa)
    walk.sealed_code = crypto.seal_to(settings.KEYS.vault_public, b"code", consent._aad(walk))

    def slow(*_, **__):
        assert consent._exchange(walk) == ""
        return client.Pair("access-old", "refresh-old", 90_000)

    with zone("vault"):
        monkeypatch.setattr(client, "refresh_pair", slow)
        got = tokens.refresh(account.oa, 1)

        assert (got.refresh, token().refresh) == ("refresh-consent", "refresh-consent")
        assert tokens._kept(account.oa, token()) is None


def test_an_answer_half_a_minute_late_is_waited_for(account, zone, zalo, settings):
    """Any other call would have given up: here in a second, in life after ten."""
    settings.ZALO_TIMEOUT, zalo.refresh_delay = 1.0, 1.3
    with zone("vault"):
        assert tokens.account(account.oa)[0].token == "access-2"
    assert tokens.LEASE.total_seconds() > 3 + 10 * client.REFRESH_PATIENCE


def test_a_pair_whose_life_cannot_be_read_is_used_for_an_hour(account, zone, zalo):
    zalo.oauth.append({"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": "soon"})
    with zone("vault"):
        assert tokens.account(account.oa)[0].token == "access-2"
        assert token().expires_at < timezone.now() + timedelta(hours=1)


def test_zalos_word_on_the_life_of_the_refresh_token_is_kept(account, zone, zalo):
    pair = {"access_token": "a", "refresh_token": "r", "expires_in": 90000, "refresh_token_expires_in": "7776000"}
    zalo.oauth.append(pair)
    with zone("vault"):
        tokens.account(account.oa)
        until = OfficialAccount.objects.get().token_refresh_until
    assert timedelta(days=89) < until - timezone.now() <= timedelta(days=90)


def test_an_account_without_a_token_makes_messages_wait(commune, zone, zalo):
    [pk] = make_pending(commune, zone, 1)
    with zone("vault"):
        delivery.deliver(pk)
        assert Message.objects.get(pk=pk).state == "queued"
    assert zalo.calls == []


def test_a_token_zalo_never_accepts_does_not_spin(commune, zone, zalo):
    """Each new pair is refused as well: one more try, then a minute's rest."""
    [pk] = make_pending(commune, zone, 1)
    cast.give_token(commune)
    zalo.oauth.extend({"access_token": f"bad-{n}", "refresh_token": f"r-{n}", "expires_in": 90000} for n in range(9))
    with zone("vault"):
        Token.objects.update(version=1)
        zalo.access = "access-99"
        delivery.deliver(pk)

        row = Message.objects.get(pk=pk)
        assert (row.state, row.attempt) == ("retry", 2)
        assert row.next_at > timezone.now() + timedelta(seconds=50)
        assert len(zalo.calls) == 2


def test_no_token_is_stored_in_the_clear(account, zone, zalo):
    with zone("vault"):
        tokens.account(account.oa)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT access, refresh FROM gateway_token UNION ALL SELECT access, refresh FROM gateway_tokenjournal"
        )
        stored = b"".join(bytes(value) for row in cursor.fetchall() for value in row)
    assert b"access-" not in stored
    assert b"refresh-" not in stored

"""The calls about articles and broadcasts: one verdict for each way they end; and what Zalo tells of an account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.gateway.conftest import say, take_in
from tests.gateway.sending import deliver
from zalopolice.gateway import accounts, articles, checkup, client, inbox, tokens, watch
from zalopolice.gateway.client import Verdict
from zalopolice.gateway.models import OfficialAccount
from zalopolice.units.models import Alert

ACCOUNT = client.Account("access-1", "secret")
ARTICLE = {
    "type": "normal",
    "title": "Cảnh giác trộm xe",
    "description": "Ba vụ trong tuần",
    "author": "Công an phường",
    "cover": {"cover_type": "photo", "photo_url": "https://a.vn/anh/1.jpg", "status": "show"},
    "body": [{"type": "text", "content": "<p>Khóa xe.</p>"}],
    "status": "show",
}
WAYS = [
    ({"error": -216}, Verdict.TOKEN),
    ({"error": -220}, Verdict.TOKEN),
    ({"error": -201}, Verdict.REFUSED),
    ({"error": -999}, Verdict.REFUSED),
    ({"error": -32}, Verdict.NOT_SENT),
    ((b"slow", 429), Verdict.NOT_SENT),
    ((b"oops", 500), Verdict.UNCLEAR),
    ((b"<html>", 200), Verdict.UNCLEAR),
    ({"error": "0"}, Verdict.UNCLEAR),
    ((b"", 302, {"Location": "http://127.0.0.1:9/"}), Verdict.UNCLEAR),
    (lambda handler, content: handler.hang_up(), Verdict.UNCLEAR),
]


@pytest.mark.parametrize(("answer", "verdict"), WAYS)
@pytest.mark.parametrize("name", ["create", "verify", "broadcast"])
def test_each_way_a_call_ends(zalo, name, answer, verdict):
    calls = {
        "create": lambda: articles.create(ACCOUNT, ARTICLE),
        "verify": lambda: articles.verify(ACCOUNT, "t1"),
        "broadcast": lambda: articles.broadcast(ACCOUNT, "at1", {"gender": "0"}),
    }
    zalo.scripts[name].append(answer)

    assert calls[name]().verdict is verdict


def test_nobody_listens(nobody_listens):
    assert articles.broadcast(ACCOUNT, "at1", {}).verdict is Verdict.NOT_SENT


def test_the_whole_way(zalo):
    made = articles.create(ACCOUNT, ARTICLE)
    seen = articles.verify(ACCOUNT, made.data["token"])
    sent = articles.broadcast(ACCOUNT, seen.data["id"], {"gender": "0", "ages": "2,3"})

    assert [one.verdict for one in (made, seen, sent)] == [Verdict.SENT] * 3
    assert sent.message_id == "b1" and zalo.targets == [{"gender": "0", "ages": "2,3"}]


@pytest.mark.parametrize(
    "answer", [{"error": 0}, {"error": 0, "data": {}}, {"error": 0, "data": {"token": 5, "id": 5}}]
)
def test_a_success_without_what_it_is_for_tells_nothing(zalo, answer):
    zalo.scripts["create"].append(answer)
    zalo.scripts["verify"].append(answer)

    assert articles.create(ACCOUNT, ARTICLE).verdict is Verdict.UNCLEAR
    assert articles.verify(ACCOUNT, "t1").verdict is Verdict.UNCLEAR


def test_send_message_failed_does_not_say_that_nobody_got_it(zalo):
    zalo.scripts["broadcast"].append({"error": -200, "message": "Send message failed"})

    assert articles.broadcast(ACCOUNT, "at1", {}).verdict is Verdict.UNCLEAR


def test_an_article_is_known_by_all_its_words(zalo):
    zalo.articles = {"t1": {**ARTICLE, "description": "khác"}, "t2": ARTICLE, "t3": {**ARTICLE, "title": "Khác"}}

    assert articles.find(ACCOUNT, ARTICLE, set()) == "at2"
    assert articles.find(ACCOUNT, ARTICLE, {"at2"}) == ""
    zalo.scripts["getdetail"].append((b"oops", 500))
    with pytest.raises(client.Unreachable):
        articles.find(ACCOUNT, ARTICLE, set())
    zalo.scripts["getslice"].append({"error": 0, "data": {"medias": "?"}})
    assert articles.find(ACCOUNT, ARTICLE, set()) == ""


@pytest.mark.parametrize("code", [*articles.MENDABLE, *articles.REFUSED])
def test_every_refusal_is_a_sentence_with_something_to_do(code):
    sentence = articles.reason(code)

    assert sentence.endswith(".") and str(code) not in sentence and len(sentence) < 200


def test_a_refusal_nobody_knows_names_its_code():
    assert "-777" in articles.reason(-777)


# --- what the vault keeps of an account --------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def forget_notes():
    accounts._noted.clear()


@pytest.fixture
def connected(commune, zalo):
    cast.give_token(commune)
    until = timezone.now() + timedelta(days=63, hours=1)
    with commune.zone("owner"):
        rows = OfficialAccount.objects.filter(pk=commune.oa.pk)
        rows.update(connected_at=timezone.now(), token_refresh_until=until)
    return commune


def account(commune):
    with commune.zone("vault"):
        return OfficialAccount.objects.get(pk=commune.oa.pk)


def check(commune):
    with commune.zone("vault"):
        checkup.check(commune.oa.pk)
    return account(commune)


def look(commune):
    with commune.zone("vault"):
        watch.watch()


def told(commune):
    with commune.zone("vault"):
        return list(Alert.objects.filter(unit=commune.unit, kind="oa_trouble").values_list("permission", "at"))


def test_zalo_is_asked_for_followers_and_allowance(connected, zalo):
    oa = check(connected)

    assert (oa.followers, oa.broadcast_left, oa.broadcast_total, oa.package) == (1234, 3, 4, "Tiêu chuẩn")
    assert oa.checked_at and zalo.asked == ["getoa", "getlist", "quota"] and told(connected) == []
    with connected.zone("vault"):
        assert list(checkup.due()) == []


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("quota", {"error": -201}),
        ("quota", {"error": 0, "data": {"promotion": {"monthly_remain": "nhiều"}}}),
        ("quota", {"error": 0, "data": []}),
        ("getlist", {"error": 0, "data": {"total": "7", "users": []}}),
    ],
)
def test_what_zalo_does_not_tell_is_not_known(connected, zalo, name, answer):
    zalo.scripts[name].append(answer)

    oa = check(connected)

    assert oa.broadcast_left is None and oa.checked_at and oa.followers in (1234, 7)


def test_an_account_that_cannot_be_asked_keeps_what_was_known(connected, zalo):
    before = check(connected)
    zalo.scripts["getoa"].append((b"oops", 500))

    oa = check(connected)

    assert (oa.followers, oa.checked_at) == (before.followers, before.checked_at) and oa.trouble == ""


def test_a_dead_token_is_renewed_on_the_way(connected, zalo):
    zalo.access = "access-7"

    assert check(connected).checked_at is None and len(zalo.refreshes) == 1
    assert check(connected).followers == 1234


def test_trouble_is_told_once(connected, zalo):
    zalo.access, zalo.refresh = "access-7", "refresh-7"

    oa = check(connected)
    first = told(connected)
    for _ in range(2):
        check(connected)

    assert "kết nối lại OA" in oa.trouble and [reader for reader, _ in first] == ["oa_view"]
    assert told(connected) == first


def test_the_end_of_the_grant_is_told_once(connected, zalo):
    assert told(connected) == []
    with connected.zone("owner"):
        rows = OfficialAccount.objects.filter(pk=connected.oa.pk)
        rows.update(token_refresh_until=timezone.now() + timedelta(days=29))
    look(connected)
    first = told(connected)
    look(connected)

    assert len(first) == 1 and told(connected) == first


def test_an_account_that_was_never_connected_is_left_alone(commune, zalo):
    assert check(commune).checked_at is None and zalo.asked == []


def test_the_last_event_and_the_last_send_are_kept_to_the_minute(chat, zalo, zone):
    heard = account(chat).last_event_at
    assert heard
    chat.hears("dung", "còn một điều nữa")
    take_in(zone)
    assert account(chat).last_event_at == heard  # the same minute costs nothing

    assert account(chat).last_sent_at is None
    deliver(zone, say(chat, "Đã nhận."))
    assert account(chat).last_sent_at


def test_a_revoked_grant_is_told(connected, zone):
    body = {"app_id": cast.APP_ID, "event_name": "permission_revoked", "oa_id": connected.oa.oa_id, "timestamp": "1"}
    pk = cast.store_event(zone, body)
    with zone("vault"):
        inbox.receive(pk)

    assert "thu hồi quyền" in account(connected).trouble and len(told(connected)) == 1


def test_a_new_pair_ends_the_trouble_and_is_dated(connected, zalo):
    with connected.zone("vault"):
        accounts.report(connected.oa, "Hỏng.")
        tokens.refresh(connected.oa, 1)

    oa = account(connected)
    assert oa.trouble == "" and timezone.now() - oa.token_obtained_at < timedelta(minutes=1)


def test_a_broadcast_counts_at_once(connected, zalo):
    check(connected)
    with connected.zone("vault"):
        accounts.note_broadcast(connected.oa.pk)

    assert account(connected).broadcast_left == 2

"""One post to one account, step by step: every way each call can end, and a death between any two steps.

What the citizens got is counted at the other end of the wire."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.conf import settings
from django.utils import timezone

from broadcasts import actions, leaving, sending
from broadcasts.models import Dispatch, PostVersion
from tests import cast
from tests.broadcasts import scenes
from tests.crowd import crowd
from tests.gateway import zalo as place
from zalopolice import queue
from zalopolice.audit.models import Entry
from zalopolice.gateway import articles
from zalopolice.gateway.models import OfficialAccount, Token
from zalopolice.units.models import Alert

State = Dispatch.State


@pytest.fixture
def zalo(monkeypatch):
    with place.running() as (server, address):
        monkeypatch.setattr(settings, "ZALO_API_URL", f"{address}/openapi")
        monkeypatch.setattr(settings, "ZALO_OAUTH_URL", f"{address}/oauth")
        monkeypatch.setattr(settings, "ZALO_TIMEOUT", 5.0)
        yield server


@pytest.fixture
def clock(monkeypatch):
    """Noon of tomorrow wherever the suite runs; ``clock(minutes=5)`` lets time go by."""
    start = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    now = [start - timezone.now()]
    real = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: real() + now[0])

    def later(**span):
        now[0] += timedelta(**span)

    return later


@pytest.fixture
def dispatch(commune, clock, zalo):
    """Approved a moment ago for now; the account has a living token."""
    cast.give_token(commune)
    version = scenes.post_at(commune, PostVersion.Status.SCHEDULED, send_at=None)
    return scenes.dispatch_of(commune, version)


@pytest.fixture
def step(commune, clock):
    """The vault takes the row up once, after ``wait`` seconds; what became of it."""

    def take(row, wait=0.0):
        clock(seconds=wait)
        with commune.zone("vault"):
            sending.work(row.pk)
            return Dispatch.objects.select_related("version", "oa").get(pk=row.pk)

    return take


def until(step, row, *states, rounds=12):
    """Steps until the row is in one of ``states``, letting each wait go by."""
    for _ in range(rounds):
        if row.state in states:
            return row
        wait = (row.next_at - timezone.now()).total_seconds() if row.next_at else 0
        row = step(row, max(0, wait) + 0.01)
    return row


def error(code):
    return {"error": code, "message": "…"}


def after_accepting(name, what):
    """Zalo does it, and its answer gets lost in this way."""

    def answer(handler, content):
        handler.zalo.about_posts(name, content)
        what(handler)

    return answer


HANG_UP = place.Handler.hang_up


def alerts(commune):
    with commune.zone("vault"):
        return set(Alert.objects.filter(unit=commune.unit).values_list("kind", flat=True))


def test_a_post_goes_its_way(commune, dispatch, step, zalo):
    row = step(dispatch)
    assert (row.state, row.article_token) == (State.VERIFYING, "t1") and zalo.broadcasts == []
    row = until(step, row, State.SENT)

    assert (row.state, row.article_id, row.message_id) == (State.SENT, "at1", "b1")
    assert (row.queue, row.next_at, row.error) == ("", None, "") and row.settled_at
    assert zalo.broadcasts == ["at1"] and zalo.targets == [{"gender": "0"}]
    assert zalo.asked == ["create", "verify", "broadcast"]
    assert zalo.articles["t1"]["title"] == scenes.TITLE
    with commune.zone("vault"):
        assert PostVersion.objects.get(pk=row.version_id).status == "dispatched"
        assert OfficialAccount.objects.get(pk=commune.oa.pk).last_sent_at
    with commune.zone("audit"):
        kinds = list(Entry.objects.filter(unit_id=commune.unit.pk).values_list("kind", flat=True))
    assert "post.sending" in kinds and "post.sent" in kinds


def test_zalo_takes_its_time_to_look_at_the_article(dispatch, step, zalo):
    zalo.scripts["verify"].extend([error(-214)] * 3)

    row = until(step, dispatch, State.SENT)

    assert row.state == State.SENT and zalo.asked.count("verify") == 4 and zalo.broadcasts == ["at1"]


def test_nothing_is_done_before_the_hour(commune, clock, zalo, step):
    cast.give_token(commune)
    version = scenes.post_at(commune, PostVersion.Status.SCHEDULED, send_at=timezone.now() + timedelta(hours=1))
    row = scenes.dispatch_of(commune, version)

    assert step(row).state == State.WAITING and zalo.asked == []
    assert until(step, step(row, 3600)).state == State.SENT


# --- the call that cannot be taken back --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lost",
    [
        after_accepting("broadcast", HANG_UP),
        after_accepting("broadcast", lambda handler: handler.say(b"oops", 502)),
        after_accepting("broadcast", lambda handler: handler.say(b"<html>")),
        after_accepting("broadcast", lambda handler: handler.say(error(-200))),
        lambda handler, content: handler.hang_up(),
        (b"Internal Server Error", 500),
    ],
)
def test_what_nobody_knows_is_never_sent_again(commune, dispatch, step, zalo, lost):
    zalo.scripts["broadcast"].append(lost)

    row = until(step, dispatch, State.UNKNOWN)
    assert row.state == State.UNKNOWN and row.next_at is None and row.queue == ""
    assert "OA Manager" in row.error and "Máy không tự gửi lại" in row.error
    seen = list(zalo.broadcasts)
    for _ in range(3):
        row = step(row, 3600)
    with commune.zone("vault"):
        assert row.pk not in set(leaving.dispatch_due())
    assert row.state == State.UNKNOWN and zalo.broadcasts == seen and zalo.asked.count("broadcast") == 1
    assert "post_unclear" in alerts(commune)


def test_a_slow_answer_keeps_the_account_and_is_taken(commune, dispatch, step, zalo, clock):
    """The row's lease runs out while its worker waits for Zalo: nobody else judges it as long as that one lives."""

    def very_slow(handler, content):
        clock(minutes=2)
        assert crowd("vault", [partial(sending.work, dispatch.pk)] * 2) == [None] * 2
        handler.say(handler.zalo.about_posts("broadcast", content))

    zalo.scripts["broadcast"].append(very_slow)
    row = until(step, dispatch, State.SENT, State.UNKNOWN)

    assert (row.state, row.message_id) == (State.SENT, "b1") and zalo.broadcasts == ["at1"]


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (error(-201), State.FAILED, "Sửa bài"),
        (error(-248), State.FAILED, "tiêu chuẩn cộng đồng"),
        (error(-999), State.FAILED, "mã -999"),
        (error(-211), State.HELD, "hết lượt gửi bài"),
        (error(-221), State.HELD, "xác thực"),
        (error(-224), State.HELD, "Gói dịch vụ"),
        (error(-204), State.HELD, "bị khóa"),
    ],
)
def test_a_refused_broadcast_says_why(commune, dispatch, step, zalo, answer, state, words):
    zalo.scripts["broadcast"].append(answer)

    row = until(step, dispatch, state)

    assert row.state == state and words in row.error and row.next_at is None
    assert zalo.broadcasts == [] and step(row, 3600).state == state and zalo.broadcasts == []
    assert "post_held" in alerts(commune)


@pytest.mark.parametrize(("answer", "least"), [(error(-32), 55), (error(-214), 25), ((b"slow down", 429), 55)])
def test_surely_not_sent_may_go_again(dispatch, step, zalo, answer, least):
    zalo.scripts["broadcast"].append(answer)

    row = until(step, dispatch, State.READY)
    if row.state == State.READY and zalo.asked.count("broadcast") == 0:
        row = step(row)
    assert row.state == State.READY and (row.next_at - timezone.now()).total_seconds() > least
    assert until(step, row, State.SENT).state == State.SENT and zalo.broadcasts == ["at1"]


def test_by_zalos_clock_it_is_night(dispatch, step, zalo):
    zalo.scripts["broadcast"].append(error(-234))

    row = until(step, dispatch, State.READY, rounds=3)

    assert row.state == State.READY and (row.next_at - timezone.now()) > timedelta(minutes=14)
    assert until(step, row, State.SENT).state == State.SENT and zalo.broadcasts == ["at1"]


def test_a_dead_token_is_renewed_and_the_post_goes_once(dispatch, step, zalo):
    row = until(step, dispatch, State.VERIFYING)
    zalo.access = "access-7"  # ours is refused from now on, our refresh token still works

    row = until(step, row, State.SENT)

    assert row.state == State.SENT and zalo.broadcasts == ["at1"] and len(zalo.refreshes) == 1


def test_without_a_grant_the_post_is_held_and_goes_after_the_consent(commune, dispatch, step, zalo):
    zalo.access, zalo.refresh = "access-7", "refresh-7"

    row = until(step, dispatch, State.HELD)

    assert row.state == State.HELD and "kết nối lại OA" in row.error and zalo.articles == {}
    assert {"post_held", "oa_trouble"} <= alerts(commune)
    with commune.zone("vault"):
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(trouble="")
        token = Token.objects.get(oa=commune.oa)
        token.access, token.refresh, token.version, token.refreshing_until = "access-7", "refresh-7", 9, None
        token.save()

    with commune.acting("binh") as chief:
        actions.release(PostVersion.objects.get(pk=row.version_id), by=chief)
    assert until(step, scenes.dispatch_of(commune, row.version), State.SENT).state == State.SENT
    assert zalo.broadcasts == ["at1"]


@pytest.mark.parametrize("change", [{"connected_at": None}, {"trouble": "Hỏng."}, {"broadcast_left": 0}])
def test_an_account_that_cannot_send_holds_its_posts(commune, dispatch, step, zalo, change):
    with commune.zone("owner"):
        OfficialAccount.objects.filter(pk=commune.oa.pk).update(**change)

    row = step(dispatch)

    assert row.state == State.HELD and row.error and zalo.asked == []


# --- the article -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", [HANG_UP, lambda handler: handler.say(b"oops", 502)])
def test_an_article_whose_making_was_unclear_is_found_again(dispatch, step, zalo, lost):
    zalo.scripts["create"].append(after_accepting("create", lost))

    row = step(dispatch)
    assert (row.state, row.article_token) == (State.CREATING, "")
    row = until(step, row, State.SENT)

    assert row.state == State.SENT and row.article_id == "at1"
    assert len(zalo.articles) == 1 and zalo.broadcasts == ["at1"]


def test_an_article_that_was_not_made_is_made(dispatch, step, zalo):
    zalo.scripts["create"].append((b"oops", 500))

    assert until(step, dispatch, State.SENT).state == State.SENT
    assert zalo.asked[:3] == ["create", "getslice", "create"] and zalo.broadcasts == ["at1"]


def test_an_article_of_other_words_is_not_taken_for_ours(commune, dispatch, step, zalo):
    with commune.zone("vault"):
        ours = sending.article(dispatch.version)
    zalo.articles["t1"] = {**ours, "description": "Lời khác."}
    zalo.scripts["create"].append((b"oops", 500))

    row = until(step, dispatch, State.SENT)

    assert row.article_id == "at2" and zalo.broadcasts == ["at2"]


def test_the_list_may_be_out_of_reach(dispatch, step, zalo):
    zalo.scripts["create"].append((b"oops", 500))
    zalo.scripts["getslice"].append((b"oops", 500))

    assert until(step, dispatch, State.SENT).state == State.SENT and zalo.broadcasts == ["at1"]


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (error(-201), State.FAILED, "Sửa bài"),
        (error(-248), State.FAILED, "tiêu chuẩn"),
        (error(-223), State.HELD, "hết lượt tạo bài"),
        (error(-224), State.HELD, "Gói dịch vụ"),
        (error(-235), State.HELD, "loại OA"),
    ],
)
@pytest.mark.parametrize("call", ["create", "verify"])
def test_a_refused_article_says_why(commune, dispatch, step, zalo, call, answer, state, words):
    zalo.scripts[call].append(answer)
    expected = State.HELD if (call, answer["error"]) == ("verify", -201) else state  # the token, not the words

    row = until(step, dispatch, expected)

    assert row.state == expected and words in row.error and zalo.broadcasts == []


@pytest.mark.parametrize("answer", [error(-32), (b"x", 429), error(-200), {"error": 0, "data": {}}])
def test_an_article_that_must_wait(dispatch, step, zalo, answer):
    zalo.scripts["create"].append(answer)

    assert until(step, dispatch, State.SENT).state == State.SENT and zalo.broadcasts == ["at1"]


@pytest.mark.parametrize("answer", [(b"oops", 500), lambda handler, content: handler.hang_up(), error(-32)])
def test_asking_about_the_article_may_be_repeated(dispatch, step, zalo, answer):
    zalo.scripts["verify"].append(answer)

    assert until(step, dispatch, State.SENT).state == State.SENT
    assert len(zalo.articles) == 1 and zalo.broadcasts == ["at1"]


def no_picture(handler, content):
    """Zalo could not fetch the cover, and keeps nothing of the article."""
    del handler.zalo.articles[content["token"]]
    handler.say(error(-200))


def test_a_cover_that_cannot_be_fetched_for_a_moment(dispatch, step, zalo):
    zalo.scripts["verify"].append(no_picture)

    assert until(step, dispatch, State.SENT).state == State.SENT
    assert zalo.asked.count("create") == 2 and zalo.broadcasts == ["at1"]


def test_a_cover_that_stays_away_is_for_a_person(commune, dispatch, step, zalo):
    zalo.scripts["verify"].extend([no_picture] * 40)

    row = until(step, dispatch, State.HELD, rounds=60)

    assert row.state == State.HELD and "không tải được ảnh bìa" in row.error and zalo.broadcasts == []
    assert zalo.asked.count("create") < 15


# --- dying between two steps -------------------------------------------------------------------------------------


class Killed(BaseException):
    """Not an Exception: nothing of ours may catch it and tidy up, as nothing can after kill -9."""


CUTS = [
    (queue, "claim"),
    (sending, "move_to"),
    (articles, "create"),
    (sending, "_go"),
    (articles, "verify"),
    (leaving, "start_sending"),
    (articles, "broadcast"),
    (leaving, "settled"),
]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("module", "name"), CUTS, ids=[name for _, name in CUTS])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_killed_at_any_moment(commune, dispatch, step, zalo, monkeypatch, module, name, after, nth):
    real, calls = getattr(module, name), [0]

    def cut(*args, **kwargs):
        calls[0] += 1
        if calls[0] == nth and not after:
            raise Killed
        result = real(*args, **kwargs)
        if calls[0] == nth:
            raise Killed
        return result

    monkeypatch.setattr(module, name, cut)
    row = dispatch
    for _ in range(14):
        wait = max(0.0, (row.next_at - timezone.now()).total_seconds()) if row.next_at else 0
        try:
            row = step(row, wait + 0.01)
        except Killed:
            with commune.zone("vault"):
                row = Dispatch.objects.select_related("version", "oa").get(pk=row.pk)
        if row.state in (State.SENT, State.UNKNOWN):
            break

    called = zalo.asked.count("broadcast")
    assert called == len(zalo.broadcasts) <= 1, "doubled"
    # Whoever dies with "sending" written leaves a row that only a person may judge.
    written = (name, after) in {("start_sending", True), ("broadcast", False), ("broadcast", True), ("settled", False)}
    assert row.state == (State.UNKNOWN if written and nth == 1 else State.SENT)
    assert len(zalo.articles) <= 2


def test_many_workers_at_once_send_one(commune, dispatch, step, zalo, clock):
    for _ in range(6):
        clock(seconds=30)
        with commune.zone("vault"):
            assert crowd("vault", [partial(sending.work, dispatch.pk)] * 6) == [None] * 6
    row = step(dispatch)

    assert row.state == State.SENT and zalo.broadcasts == ["at1"] and len(zalo.articles) == 1


def test_the_row_of_a_dead_process_is_listed_as_unclear(commune, dispatch, step, zalo):
    row = until(step, dispatch, State.VERIFYING)
    with commune.zone("vault"):
        Dispatch.objects.filter(pk=row.pk).update(state=State.READY, article_id="at1")
        Dispatch.objects.filter(pk=row.pk).update(state=State.SENDING, started_at=timezone.now())

    row = step(row, 60)

    assert row.state == State.UNKNOWN and zalo.broadcasts == [] and "OA Manager" in row.error


def test_an_error_of_ours_does_not_circle_in_silence(commune, dispatch, step, zalo, monkeypatch):
    def broken(version):
        raise ValueError("no such thing")

    monkeypatch.setattr(sending, "article", broken)
    row = step(dispatch)
    assert (row.next_at - timezone.now()).total_seconds() > 50
    with commune.zone("vault"):
        Dispatch.objects.filter(pk=row.pk).update(attempt=sending.MANY_FAULTS, next_at=timezone.now())

    row = step(row)

    assert row.state == State.HELD and "quản trị hệ thống" in row.error and zalo.asked == []


def test_a_busy_account_waits_for_its_turn_and_slows_down_as_one(commune, dispatch, step, zalo):
    second = scenes.post_at(commune, PostVersion.Status.SCHEDULED, send_at=None, title="Bài thứ hai")
    other = scenes.dispatch_of(commune, second)
    zalo.scripts["create"].append(error(-32))

    step(dispatch)

    with commune.zone("vault"):
        other = Dispatch.objects.get(pk=other.pk)
    assert (other.next_at - timezone.now()).total_seconds() > 55

"""Search finds what this officer may read, accent-free, bounded, and leaves no word behind."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import cast
from tests.tips.scenes import TIP, TITLE, case_at, client_of, entries, text, waiting_item
from tips import actions, search
from zalopolice.units import keyring

pytestmark = pytest.mark.usefixtures("commune")
ALL = ("an", "em", "cuong", "dung", "binh", "giang", "huy", "khanh")


def found(commune, name, words):
    return client_of(commune, name).post("/tim-kiem/", {"q": words})


def hits(answer):
    return [str(hit.place.pk) for hit in answer.context["found"].hits]


@pytest.mark.parametrize("words", ["nhom danh bac", "NHÓM đánh BẠC", "  nhà   văn hóa ", "van hoa"])
def test_words_match_without_marks_and_are_shown_as_written(commune, words):
    item = waiting_item(commune)

    answer = found(commune, "cuong", words)

    assert hits(answer) == [str(item.pk)]
    assert "<mark>" in text(answer) and f"/hop-tin/{item.pk}/" in text(answer)


def test_who_finds_what_lies_in_a_case(commune):
    """The officer who has it and command: exactly who may read it."""
    case = case_at(commune, "in_progress")
    for words in (TITLE, "nhóm đánh bạc"):
        seen = {name for name in ALL if hits(found(commune, name, words))}
        assert seen == {"an", "dung", "binh"}
    page = text(found(commune, "an", "danh bac"))
    assert TITLE in page and case.alias in page


def test_what_is_hidden_leaves_no_trace(commune, other_commune):
    case_at(commune, "in_progress")
    nothing = {name: text(found(commune, name, "danh bac")) for name in ("em", "cuong")}
    strangers = text(found(other_commune, "binh", "danh bac"))

    for page in (*nothing.values(), strangers):
        assert "Không thấy “danh bac”" in page and "Chỉ tìm trong" not in page
    assert hits(found(other_commune, "cuong", TIP)) == []


def test_replies_notes_and_summaries_are_found_by_their_readers_only(commune):
    case = case_at(commune, "in_progress")
    with commune.acting("an") as officer:
        actions.reply(case, "Tối nay họ có tụ tập không?", by=officer)
        actions.note(case, "Biển số 90B1-123.45, đã đối chiếu", by=officer)
        actions.propose_closing(case, result="warned", summary="Đã lập biên bản nhắc nhở", by=officer)

    for words in ("tu tap khong", "90b1 123", "lap bien ban"):
        assert {name for name in ALL if hits(found(commune, name, words))} == {"an", "dung", "binh"}, words


def test_aliases_and_codes(commune):
    case = case_at(commune, "in_progress")
    item = waiting_item(commune, "hoa", "Tôi muốn báo tin: mất xe")

    for written in (case.alias, case.alias.lower(), case.alias.replace("-", "")):
        assert {name for name in ALL if str(case.pk) in hits(found(commune, name, written))} == {
            "an", "em", "cuong", "dung", "binh",
        }  # fmt: skip
    assert {name for name in ALL if str(case.pk) in hits(found(commune, name, case.tip_code))} == {
        "an", "cuong", "dung", "binh",
    }  # fmt: skip
    assert TITLE not in text(found(commune, "em", case.alias)) and TITLE not in text(
        found(commune, "cuong", case.alias)
    )
    assert {name for name in ALL if str(item.pk) in hits(found(commune, name, item.alias))} == {"cuong", "dung", "binh"}
    assert hits(found(commune, "cuong", case.tip_code[:6])) == []  # a piece of a code is a guess


def test_what_moved_on_is_found_where_it_lies_now(commune):
    case = case_at(commune, "in_progress")

    assert hits(found(commune, "binh", "nhóm đánh bạc")) == [str(case.pk)]


@pytest.mark.parametrize("words", ["", " ", "a", "…", "\x00", "%"])
def test_too_little_is_said_beside_the_field(commune, words):
    answer = found(commune, "an", words)

    assert answer.status_code == 422 and "Gõ ít nhất 2 chữ" in text(answer) and 'aria-invalid="true"' in text(answer)


def test_the_empty_form_and_long_words(commune):
    assert client_of(commune, "an").get("/tim-kiem/").status_code == 200
    assert found(commune, "an", "x" * 5000).status_code == 200
    assert client_of(commune, "an").get("/tim-kiem/", {"q": TITLE}).context.get("found") is None


def test_the_page_says_where_it_stopped(commune, monkeypatch):
    monkeypatch.setattr(search, "MESSAGES", 2)
    for minutes, words in ((9, TIP), (6, "Tin thứ hai"), (3, "Tin thứ ba")):
        commune.hears("dung", words, at=timezone.now() - timedelta(minutes=minutes))
    cast.work_inbox(commune.zone)

    old, new = found(commune, "cuong", "danh bac"), found(commune, "cuong", "thu ba")

    assert hits(old) == [] and len(hits(new)) == 1
    assert "Chỉ tìm trong 2.000 tin gần nhất" in text(old)


def test_time_ends_it_too(commune, monkeypatch):
    waiting_item(commune)
    monkeypatch.setattr(search, "SECONDS", -1)

    answer = found(commune, "cuong", "danh bac")

    assert hits(answer) == [] and answer.context["found"].is_cut


def test_the_words_stand_in_no_log_and_no_address(commune, caplog):
    caplog.set_level(logging.DEBUG)
    case = case_at(commune, "in_progress")

    answer = client_of(commune, "an").post("/tim-kiem/", {"q": "nhóm đánh bạc Zebra"})
    assert answer.status_code == 200 and not answer.headers.get("Location")
    found(commune, "an", "nhom danh bac")

    assert "Zebra" not in caplog.text and "danh bac" not in caplog.text
    *_, entry = entries(commune, "search.shown")
    assert entry.detail == {"places": [str(case.pk)]}


def test_what_a_stranger_wrote_is_never_markup(commune):
    waiting_item(commune, "hoa", "Tôi muốn báo tin: <img src=x onerror=alert(1)> trộm chó")

    page = text(found(commune, "cuong", "trom cho"))

    assert "&lt;img" in page and "<img src=x" not in page


def test_the_number_of_queries_does_not_grow(commune, zone, monkeypatch):
    def number():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        keyring.forget()
        with CaptureQueriesContext(connection) as captured:
            client.post("/tim-kiem/", {"q": "danh bac"})
        plumbing = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SELECT current_setting", "SELECT set_config")
        return len([query for query in captured.captured_queries if not query["sql"].startswith(plumbing)])

    case_at(commune, "in_progress")
    client = client_of(commune, "binh")
    client.get("/")
    one = number()
    for place in range(20):
        commune.hears(f"citizen {place}", "Tôi muốn báo tin: đánh bạc")
    cast.work_inbox(zone)

    assert number() == one <= 16


def test_the_place_in_the_text_is_right():
    match = search.find("cau say", "nhóm thanh niên tụ tập đầu cầu  Sậy, có xe…")

    assert match and (match.before, match.words, match.after) == ("nhóm thanh niên tụ tập đầu ", "cầu  Sậy", ", có xe…")
    assert search.find("say co", "cầu Sậy, có xe").words == "Sậy, có"
    assert search.find("khong co", "cầu Sậy") is None
    assert search.find("au", "cầu").words == "cầu"

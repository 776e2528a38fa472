"""After the card: what is asked on is answered from the same version, and nothing else is said."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection

from procedures import catalogue
from procedures.models import Miss, Outcome
from tests import cast
from tests.gateway import attaching
from tests.procedures import scenes
from tests.test_conversation import chat  # noqa: F401
from tips import tray_actions
from tips.models import TrayItem
from zalopolice import tasks
from zalopolice.gateway.models import Message, SharedFile
from zalopolice.gateway.outbox import TEXT_MAX

ASKED = "đăng ký tạm trú cần giấy tờ gì"
SATURDAY_NIGHT = datetime(2026, 11, 21, 20, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


def rows(commune, model, **wanted):
    with commune.acting("giang"):
        return list(model.objects.filter(**wanted))


def counted(commune):
    return {(row.slug, row.kind) for row in rows(commune, Outcome)}


@pytest.mark.parametrize(
    ("more", "part", "not_it"),
    [
        ("còn lệ phí?", "15.000 đồng", "Nộp ở đâu"),
        ("mang mấy bản?", "(mẫu CT01): 1 bản", "Lệ phí"),
        ("làm hộ được không", "Ai được làm:", "Lệ phí"),
        ("bao lâu có", "03 ngày làm việc", "Nộp ở đâu"),
        ("ở đâu", "Số 0 phố Trình Diễn", "Lệ phí"),
        ("mẫu đơn đâu", "CT01: Tờ khai", "Lệ phí"),
    ],
)
def test_a_part_is_asked_for_and_only_that_part_comes(chat, more, part, not_it):  # noqa: F811
    chat.hears(ASKED)
    [text] = chat.hears(more)

    assert part in text
    assert not_it not in text
    assert text.startswith("Đăng ký tạm trú\n")
    assert "Theo bản 1, công bố ngày" in text
    assert "chưa thẩm định" in text  # the shipped entries are nobody's judgement
    assert chat.tray() == []


def test_the_whole_guide_comes_in_order_and_each_part_fits(chat):  # noqa: F811
    chat.hears(ASKED)
    parts = chat.hears("1")

    assert [part.split("\n")[0] for part in parts] == [f"({n}/{len(parts)})" for n in range(1, len(parts) + 1)]
    assert len(parts) > 1
    assert all(len(part) <= TEXT_MAX for part in parts)
    whole = "\n".join(parts)
    assert [whole.count(word) for word in ("Ai được làm", "Các bước:", "Lệ phí hôm nay", "Căn cứ:", "Theo bản")] == [
        1
    ] * 5


def test_saturday_is_answered_from_the_office_s_hours(chat):  # noqa: F811
    with time_machine.travel(SATURDAY_NIGHT, tick=True):
        chat.hears(ASKED)
        [sunday] = chat.hears("chủ nhật có làm không?")
        [new_year] = chat.hears("thứ 6 có làm không")

    assert "Chủ nhật 22/11: 07:30–11:30, 13:30–17:00" in sunday
    assert "mở cửa lại lúc 07:30 Chủ nhật 22/11" in sunday
    assert "Thứ Sáu 27/11: 07:30–11:30" in new_year


def test_wrong_is_noted_with_the_question_and_an_officer_is_offered(chat, commune):  # noqa: F811
    asked = "đăng ký tạm trú cần giấy tờ gì số cccd 001099123456"
    [_card] = chat.hears(asked)
    [noted] = chat.hears("chưa đúng")

    assert "Đã ghi nhận" in noted
    assert noted.endswith("1. Gặp cán bộ")
    assert chat.hears("vẫn chưa đúng") == [noted]
    [miss] = rows(commune, Miss)
    with commune.acting("giang"):
        assert (miss.kind, miss.labels) == ("wrong", ["dang-ky-tam-tru"])
        assert miss.text == "đăng ký tạm trú cần giấy tờ gì số cccd …"
    assert sorted((row.slug, row.kind) for row in rows(commune, Outcome)) == [
        ("dang-ky-tam-tru", "answered"),
        ("dang-ky-tam-tru", "wrong"),
    ]  # said twice of one card, counted once
    assert "chuyển tin nhắn của bạn tới cán bộ" in chat.hears("1")[0]
    assert ("dang-ky-tam-tru", "handed_over") in counted(commune)
    assert chat.tray() == [("question", False, 4)]  # the officer sees the question, the complaints and the wish


def test_a_choice_that_was_wrong_is_noted_with_the_words_not_the_number(chat, commune):  # noqa: F811
    [asked] = chat.hears("lam can cuoc cho chau")
    place = next(number for number, line in enumerate(asked.splitlines()) if "14 tuổi trở lên" in line)
    chat.hears(str(place), "sai rồi")

    [miss] = rows(commune, Miss, kind="wrong")
    with commune.acting("giang"):
        assert miss.text == "lam can cuoc cho chau"


def test_what_an_editor_attached_comes_with_the_card_and_the_forms_when_asked(chat, commune):  # noqa: F811
    form = attaching.keep(commune)
    picture = attaching.keep(commune, "Ảnh mẫu.png", attaching.picture(), kind="picture")
    gone = attaching.keep(commune, "Cũ.pdf", attaching.PDF)
    files = [{"id": str(one.pk), "title": one.name, "kind": one.kind} for one in (form, gone, picture)]
    editors = scenes.editors_of(commune)
    scenes.published(editors, "cho-muon-nha", "Cho mượn nhà văn hóa", content={"files": files}, synonyms=["mượn nhà"])
    with commune.zone("owner"):
        SharedFile.objects.filter(pk=gone.pk).update(retired_at=SATURDAY_NIGHT)

    assert chat.hears("Cho mượn nhà văn hóa")[0].startswith("CHO MƯỢN NHÀ VĂN HÓA")
    assert [row.shared_file_id for row in cast.outbound(commune.zone)] == [None, picture.pk]
    said = chat.hears("gửi mẫu đơn")
    assert "gửi kèm ngay dưới đây" in said[0]
    assert [row.shared_file_id for row in cast.outbound(commune.zone)][2:] == [None, form.pk]


def test_a_version_past_its_review_says_so_in_every_answer(chat, commune):  # noqa: F811
    editors = scenes.editors_of(commune)
    scenes.published(editors, "cho-muon-nha", "Cho mượn nhà văn hóa", review_due=SATURDAY_NIGHT.date(), synonyms=[])
    with time_machine.travel(SATURDAY_NIGHT.replace(day=23), tick=True):
        for text in (*chat.hears("Cho mượn nhà văn hóa"), *chat.hears("lệ phí"), *chat.hears("1")):
            assert "quá hạn xem lại từ ngày 21/11/2026" in text


TIP = "Tôi muốn báo tin: có nhóm đánh bạc ở nhà văn hóa"
INSIDE = ("còn lệ phí?", "chưa đúng", "1", "mẫu đơn đâu", "thứ 7 có làm không", "asdf qwer", "gặp cán bộ", ASKED)


def test_inside_an_open_tip_nothing_of_this_speaks_and_nothing_is_counted(chat, commune):  # noqa: F811
    chat.hears(ASKED, TIP)
    before = counted(commune)

    assert chat.hears(*INSIDE) == []
    assert counted(commune) == before
    assert rows(commune, Miss) == []
    assert chat.tray() == [("tip", False, 2 + len(INSIDE))]


NAME, NUMBER = "Nguyễn Thị Hồng Nhung", "001099123456"
BAD = (
    "", "a", "?", "👍👍", "🙏" * 50, "đăng ký tạm trú " * 625, "x" * 10_000, 
    f"{NAME} {NUMBER}", NUMBER, f"{NUMBER} {NAME}",
    "'; DROP TABLE gateway_message; --", "<script>alert(1)</script><b>", "{{ 7*7 }} {% now %} %s %(x)s",
    "\u0301\u0302\u200b",
    "What papers do I need for a passport please", "我要办理护照需要什么材料", "ខ្ញុំចង់ធ្វើអត្តសញ្ញាណប័ណ្ណ", "\x00\x07 tạm trú",
)  # fmt: skip
OPENINGS = {(): BAD, (ASKED,): BAD, ("lam can cuoc cho chau",): BAD[:8:2], ("Alo", "2"): BAD[1:10:2]}
STICKER = [{"type": "sticker", "payload": {"id": "21979", "url": "https://zalo-api.zdn.vn/sticker?eid=21979"}}]


def test_bad_input_gets_a_published_answer_or_silence_and_never_an_error(chat, commune, zone, caplog):  # noqa: F811
    """Each as a first message, after a card, under a menu and as the answer to which procedure."""
    people = [(opening, bad) for opening, tried in OPENINGS.items() for bad in tried]
    for number, (opening, _) in enumerate(people):
        for text in opening:
            commune.hears(f"person{number}", text)
    cast.work_inbox(zone)
    openings = {row.pk for row in cast.outbound(zone)}
    for number, (_, bad) in enumerate(people):
        commune.hears(
            f"person{number}", bad, **({} if bad else {"event_name": "user_send_sticker", "attachments": STICKER})
        )
    cast.work_inbox(zone)

    assert not [record for record in caplog.records if "not routed" in record.getMessage()]
    with zone("vault"):
        assert set(Message.objects.filter(direction="in").values_list("state", flat=True)) == {"routed"}
    said = [row for row in cast.outbound(zone) if row.pk not in openings]
    assert len(said) > len(people) / 3
    for row in said:
        assert 1 <= len(row.text) <= TEXT_MAX
        assert not any(word in row.text for word in (NUMBER, "Nhung", "DROP", "<script", "49", "xxx"))
    for miss in rows(commune, Miss):
        with commune.acting("giang"):
            assert NUMBER not in miss.text
            assert "Nhung" not in miss.text
    with zone("worker"):
        assert tasks.due_anywhere(Message) == []


def test_what_was_asked_back_or_handed_over_is_kept_for_the_editors_and_counted(chat, commune):  # noqa: F811
    chat.hears("lam can cuoc cho chau", "Alo", "2", "cái kia hôm nọ ấy", "đăng ký khai sinh cho con ở đâu")
    chat.hears("hồ sơ căn cước của tôi xong chưa", "phòng 203 ở 8 người mà chỉ đăng ký tạm trú 2 người", ASKED)

    with commune.acting("giang"):
        kept = {miss.text: miss.kind for miss in Miss.objects.all()}
    assert kept["lam can cuoc cho chau"] == "asked_back"
    assert not [text for text in kept if "203" in text or "xong chưa" in text or text in {"Alo", "2", ASKED}]
    kinds = {kind for _, kind in counted(commune)}
    assert kinds >= {"asked_back", "handed_over"}


def test_an_officer_called_after_a_miss_sees_what_was_said_before(chat):  # noqa: F811
    chat.hears(ASKED, "còn lệ phí?", "chưa đúng")
    assert "chuyển tin nhắn của bạn tới cán bộ" in chat.hears("gặp cán bộ")[0]
    assert chat.tray() == [("question", False, 4)]


@pytest.mark.parametrize("before", [(), (ASKED,), ("lam can cuoc cho chau",), ("Alo", "2"), ("Alo",)])
def test_an_officer_may_be_asked_for_at_any_time(chat, before):  # noqa: F811
    if before:
        chat.hears(*before)

    assert "chuyển tin nhắn của bạn tới cán bộ" in chat.hears("cho em gặp cán bộ với ạ")[0]
    assert [(answered, count) for _, answered, count in chat.tray()] == [(False, len(before) + 1)]


# --- what begins under a card and is no question about it -------------------------------------------------------------


@pytest.mark.parametrize(
    "told",
    [
        "họ đang lấy tiền",
        "họ đang ở nhà lấy tiền",
        "có người lấy tiền của tôi",
        "Anh ta lấy mất tiền của em",
        "họ thu tiền",
        "họ lấy tiền của tôi",
        "cán bộ lấy tiền của tôi",
    ],
)
def test_what_happened_is_never_answered_with_a_fee(chat, told):  # noqa: F811
    chat.hears(ASKED)
    said = chat.hears(told)

    assert not any("Lệ phí" in text for text in said)
    assert said  # the safety text, the code of the report, or a question what is meant


def test_a_picture_under_a_card_is_looked_at_by_a_person(chat):  # noqa: F811
    picture = {"type": "image", "payload": {"url": "https://f1-photo.example/a.jpg"}}
    chat.hears(ASKED)
    chat.hears("bao nhiêu tiền", event_name="user_send_image", attachments=[picture])

    assert chat.tray()


@pytest.mark.parametrize("asked", ["con tôi mất tích, ai đang trực ban vậy", "có tin gì mới về cháu bé mất tích không"])
def test_whoever_misses_somebody_reaches_a_person(chat, asked):  # noqa: F811
    chat.hears(asked)

    assert chat.tray()


def test_a_language_chosen_after_a_picture_leaves_the_picture_unread(chat, commune):  # noqa: F811
    picture = {"type": "image", "payload": {"url": "https://f1-photo.example/a.jpg"}}
    chat.hears("", event_name="user_send_image", attachments=[picture])
    chat.hears("English")

    with commune.acting("cuong") as duty:
        [item] = TrayItem.objects.visible_to(duty)
        assert not item.is_answered


def test_after_an_alarm_an_old_question_is_over(chat, commune):  # noqa: F811
    chat.hears("alo ơi có việc này")
    chat.hears("cứu với có người cầm dao chém nhau")

    assert chat.hears("ai đang trực") == []
    with commune.acting("cuong") as duty:
        [item] = TrayItem.objects.visible_to(duty)
        assert (item.kind, item.is_urgent) == (TrayItem.Kind.TIP, True)


def test_beside_an_officer_a_number_answers_the_officer_and_not_the_bot(chat, commune):  # noqa: F811
    chat.hears("căn cước")  # asked back
    assert chat.tray()
    with commune.acting("cuong") as duty:
        tray_actions.answer_from_tray(TrayItem.objects.visible_to(duty).get(), "Chị có mấy cháu ạ?", by=duty)

    assert chat.hears("2") == []
    assert [answered for _kind, answered, _number in chat.tray()] == [False]


def test_a_language_choice_nobody_can_open_keeps_no_alarm_waiting(chat, zone):  # noqa: F811
    chat.hears("English")
    with zone("owner"), connection.cursor() as cursor:
        cursor.execute("UPDATE procedures_languagechoice SET code = %s", [b"not ciphertext"])

    assert any("113" in text for text in chat.hears("cứu với có người cầm dao chém nhau"))
    assert chat.tray()


def test_a_catalogue_nobody_can_read_delays_no_alarm(chat, monkeypatch):  # noqa: F811
    def broken(_unit):
        raise KeyError("documents")

    monkeypatch.setattr(catalogue, "published", broken)

    assert any("113" in text for text in chat.hears("cứu với có người cầm dao chém nhau"))

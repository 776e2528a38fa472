import json
import re
import time
import uuid
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from procedures import answers, aspects, fees
from procedures.catalogue import Entry
from procedures.sheet import Place
from zalopolice.gateway import splitting
from zalopolice.gateway.outbox import TEXT_MAX
from zalopolice.judging import CATALOGUE
from zalopolice.units.calendar import Opening

TODAY = date(2026, 11, 21)
PLACE = Place(("Thứ Hai đến thứ Sáu: 07:30–11:30",), "Số 0 phố Trình Diễn", "0900 000 101", "")
CLOSED = Opening(False, opens_at=datetime(2026, 11, 23, 7, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")))
ROWS = json.loads(CATALOGUE.read_text(encoding="utf-8"))["procedures"]


def entry_of(row):
    return Entry(
        uuid.uuid4(), uuid.uuid4(), row["slug"], row["name_vi"], row["field"], (), row, row["redirect_slug"], 3,
        date(2026, 11, 20), True, row["code"] or "",
    )  # fmt: skip


ENTRIES = {row["slug"]: entry_of(row) for row in ROWS}


def card(slug, day=TODAY, **more):
    return answers.card(ENTRIES[slug], PLACE, day, unit_code="dai-hong", opening=CLOSED, **more)


@pytest.mark.parametrize("slug", ENTRIES)
def test_every_card_fits_and_cites(slug):
    text = card(slug)

    assert len(text) <= TEXT_MAX
    assert "Theo bản 3, công bố ngày 20/11/2026" in text
    assert f"/thu-tuc/dai-hong/{slug}/" in text
    for name in (*aspects.CUES, answers.FULL):
        said = answers.part([name], ENTRIES[slug], PLACE, TODAY, unit_code="dai-hong", opening=CLOSED)
        assert said.startswith(ENTRIES[slug].name)
        assert "Theo bản 3, công bố ngày 20/11/2026" in said
        assert not re.search(r"\n{3}|&#|None", said)


def test_a_card_says_what_where_when_and_what_next():
    text = card("dang-ky-tam-tru", unit="Công an xã Đại Hồng")

    assert "Trụ sở Công an xã Đại Hồng: Số 0 phố Trình Diễn" in text
    assert "mở cửa lại lúc 07:30 thứ Hai 23/11" in text
    assert "1. Hướng dẫn đầy đủ\n2. Mẫu đơn, tờ khai\n3. Gặp cán bộ\nNếu chưa đúng ý, bạn nhắn: chưa đúng" in text
    bare = replace(ENTRIES["dang-ky-tam-tru"], content={"where": "Công an xã"})
    assert answers.next_steps(bare) == [answers.FULL, answers.OFFICER]
    assert "1. Hướng dẫn đầy đủ\n2. Gặp cán bộ" in answers.card(bare, PLACE, TODAY)


def test_no_answer_hides_that_nobody_judged_it_or_that_it_is_past_its_review():
    fresh, due = ENTRIES["dang-ky-tam-tru"], date(2026, 11, 20)
    for change, said in (
        ({}, ""),
        ({"review_due": TODAY}, ""),
        ({"is_reviewed": False}, "chưa thẩm định"),
        ({"review_due": due}, "quá hạn xem lại từ ngày 20/11/2026"),
    ):
        entry = replace(fresh, **change)
        for text in (answers.card(entry, PLACE, TODAY), *(answers.part([name], entry, PLACE, TODAY) for name in SIDES)):
            assert said in text
            assert ("hỏi lại cán bộ trước khi đi" in text) == bool(said)


SIDES = (*aspects.CUES, answers.FULL)


@pytest.mark.parametrize(
    ("asked", "sides"),
    [
        ("còn lệ phí?", ["costs"]), ("le phi bn", ["costs"]), ("mất tiền không", ["costs"]),
        ("hết bao nhiêu", ["costs"]),
        ("mang mấy bản?", ["papers"]), ("co can photo ko", ["papers"]), ("cần mang gì nữa ko", ["papers"]),
        ("thứ 7 có làm không?", ["hours"]), ("mấy giờ mở cửa", ["hours"]), ("giờ làm việc", ["hours"]),
        ("làm hộ được không", ["who"]), ("chồng em đi nộp thay được không", ["who"]), ("ai được làm", ["who"]),
        ("bao lâu có", ["time"]), ("mất bao lâu vậy ạ", ["time"]), ("khi nào có kết quả", ["time"]),
        ("ở đâu", ["place"]), ("nộp online được không", ["place"]), ("công an nào", ["place"]),
        ("mẫu đơn đâu", ["forms"]), ("gửi mẫu đơn", ["forms"]), ("có mẫu ct01 ko", ["forms"]),
        ("căn cứ luật nào", ["law"]), ("các bước thế nào", ["steps"]), ("mang gì, lệ phí sao", ["papers", "costs"]),
        ("tạm trú hết bao nhiêu tiền", ["costs"]),
        # "Tôi" is nobody's evening.
        ("tôi làm mất bao lâu", ["time"]), ("tôi đi lấy mất mấy ngày", ["time"]),
        ("tôi có phải nộp tiền không", ["costs"]), ("con tôi có phải đi không", []),
        ("buổi tối có làm không", ["hours"]), ("trưa có làm không", ["hours"]),
        ("ngày lễ có làm không", ["hours"]), ("tết có nghỉ không ạ", ["hours"]), ("mùng 1 tết có làm ko", ["hours"]),
        ("nghỉ lễ mấy ngày", ["hours"]), ("sáng mai đi được không", ["hours"]), ("chiều mai có làm ko", ["hours"]),
        ("nộp ngay lệ phí được không", ["costs"]),
        # Another thing, or no question at all.
        ("lệ phí hộ chiếu", []), ("nộp pháo ở đâu", []), ("mất bằng lái xe làm lại ở đâu", []),
        ("làm hộ khẩu ở đâu", []),
        ("chỗ nào đánh bạc", []), ("ở đâu bán ma túy", []), ("trộm xe ở đâu", []), ("cảm ơn", []), ("đi một mình", []),
    ],
)  # fmt: skip
def test_a_question_about_what_was_just_given_names_its_sides(asked, sides):
    assert aspects.wanted(asked, ENTRIES["dang-ky-tam-tru"], list(ENTRIES.values())) == sides


def test_wrong_is_heard_and_right_is_not():
    said = ("chưa đúng", "k đúng", "sai rồi", "không phải cái này", "Chưa đúng ý em ạ", "nhầm rồi")
    assert all(aspects.says_wrong(text) for text in said)
    assert not any(aspects.says_wrong(text) for text in ("không", "đúng rồi", "chưa", "sai tên trong căn cước", ""))


def test_wrong_is_read_at_once_however_often_it_is_said():
    started = time.monotonic()

    assert not aspects.says_wrong("thế này " * 9 + "hả") and not aspects.says_wrong("thế này " * 400)
    assert not aspects.WRONG.fullmatch("the nay " * 40 + "x")
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    "said",
    ["lấy sổ mất bao lâu hen", "cần giấy tờ gì hen", "ở nhà chồng thì cần giấy gì hen"],
)
def test_a_southern_hen_is_no_visit(said):
    assert aspects.sides(said)


def test_the_days_a_question_names_are_the_next_ones():
    monday = date(2026, 11, 23)

    assert aspects.days("thứ 7 có làm không", monday) == [date(2026, 11, 28)]
    assert aspects.days("t2 cuối tuần, hôm nay", monday) == [monday, date(2026, 11, 28), date(2026, 11, 29)]
    assert aspects.days("chu nhat", monday) == [date(2026, 11, 29)]
    assert aspects.days("có làm không", monday) == []
    assert aspects.days("sáng mai hay chiều mai", monday) == [date(2026, 11, 24)]
    assert aspects.days("chiều nay có làm không", monday) == [monday]


def test_the_week_s_hours_do_not_promise_a_holiday():
    entry, holidays = ENTRIES["dang-ky-tam-tru"], "Ngày lễ, Tết nghỉ theo quy định; trực ban làm việc mọi lúc."

    for place, said in ((PLACE, True), (None, False)):
        assert (holidays in answers.part(["hours"], entry, place, TODAY, opening=CLOSED)) is said


def test_a_long_entry_is_shortened_not_cut():
    row = ENTRIES["dang-ky-thuong-tru"].content
    papers = [{"name_vi": f"Giấy tờ thứ {number} " + "dài " * 30, "note": "ghi chú"} for number in range(30)]
    long = replace(ENTRIES["dang-ky-thuong-tru"], content=row | {"documents": papers, "where": "Nơi nộp " * 200})

    text = answers.card(long, PLACE, TODAY, unit_code="dai-hong")
    said = splitting.parts(answers.part(["papers"], long, PLACE, TODAY, unit_code="dai-hong"), TEXT_MAX)

    priced = {"fee": [{"case": "Trường hợp " * 300, "amount_vnd": 5000}]}
    priceless = answers.card(replace(long, content=long.content | priced), PLACE, TODAY)

    assert len(text) <= TEXT_MAX
    assert len(priceless) <= TEXT_MAX and "Lệ phí" not in priceless  # there is one: not "ask there"
    assert "30 giấy tờ" in text
    assert len(said) > 1
    assert all(len(one) <= TEXT_MAX for one in said)
    assert [text.count(f"Giấy tờ thứ {number} ") for number in range(30) for text in ["".join(said)]] == [1] * 30
    assert "/thu-tuc/dai-hong/dang-ky-thuong-tru/" in said[-1]


def test_a_former_name_is_explained():
    text = card("cap-the-can-cuoc-tu-du-14-tuoi", former=ENTRIES["lam-chung-minh-nhan-dan"])

    assert text.startswith("Làm chứng minh nhân dân: ")
    assert "CẤP THẺ CĂN CƯỚC" in text


@pytest.mark.parametrize(
    ("day", "amounts"),
    [(date(2026, 11, 21), [25000, 0, 0]), (date(2027, 1, 1), [50000, 0, 0]), (date(2027, 3, 1), [50000, 0])],
)
def test_fees_are_those_of_the_day(day, amounts):
    assert [row["amount_vnd"] for row in fees.on(ENTRIES["cap-doi-the-can-cuoc"].content, day)] == amounts


def test_fees_may_carry_their_own_dates():
    content = {"fee": [{"case": "Cũ", "amount_vnd": 1, "valid_until": "2026-06-30"}, {"case": "Mới", "amount_vnd": 2}]}

    assert [row["case"] for row in fees.on(content, TODAY)] == ["Mới"]
    assert fees.on({}, TODAY) == []


@pytest.mark.parametrize(
    ("case", "amount", "said"),
    [
        ("Không thu", 0, "Lệ phí hôm nay: không thu\n"),
        ("Không thu (chưa thấy quy định thu)", 0, "Lệ phí hôm nay: không thu (chưa thấy quy định thu)\n"),
        ("Cấp thẻ lần đầu", 0, "Lệ phí hôm nay: không thu (Cấp thẻ lần đầu)\n"),
        ("Chưa xác minh", None, "Lệ phí hôm nay: hỏi nơi nhận hồ sơ (Chưa xác minh)\n"),
        ("", 15000, "Lệ phí hôm nay: 15.000 đồng\n"),
    ],
)
def test_the_only_fee_keeps_the_case_it_holds_for(case, amount, said):
    content = {"fee": [{"case": case, "amount_vnd": amount}]}

    assert said in answers.card(replace(ENTRIES["dang-ky-tam-tru"], content=content), PLACE, TODAY)

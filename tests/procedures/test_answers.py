import json
import uuid
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from procedures import answers, fees
from procedures.catalogue import Entry
from procedures.sheet import Place
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
    for name in ("papers", "costs", "time", "place"):
        said = answers.aspect(name, ENTRIES[slug], PLACE, TODAY, unit_code="dai-hong", opening=CLOSED)
        assert 1 <= len(said) <= TEXT_MAX


def test_a_card_says_what_where_when_and_what_next():
    text = card("dang-ky-tam-tru")

    assert "Số 0 phố Trình Diễn" in text
    assert "mở cửa lại lúc 07:30 thứ Hai 23/11" in text
    assert text.endswith("1. Toàn bộ giấy tờ\n2. Lệ phí\n3. Gặp cán bộ")
    assert set(answers.NEXT_STEPS) == {"1", "2", "3"}


def test_a_long_entry_is_shortened_not_cut():
    row = ENTRIES["dang-ky-thuong-tru"].content
    papers = [{"name_vi": f"Giấy tờ thứ {number} " + "dài " * 30, "note": "ghi chú"} for number in range(30)]
    long = replace(ENTRIES["dang-ky-thuong-tru"], content=row | {"documents": papers, "where": "Nơi nộp " * 200})

    text = answers.card(long, PLACE, TODAY, unit_code="dai-hong")
    said = answers.aspect("papers", long, PLACE, TODAY, unit_code="dai-hong")

    assert len(text) <= TEXT_MAX
    assert "30 giấy tờ" in text
    assert "/thu-tuc/dai-hong/dang-ky-thuong-tru/" in said


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

"""The catalogue as a file: what goes out comes in again as it was; one broken row and nothing is written."""

from __future__ import annotations

import copy
import html
import io
import json
import re
import zipfile
from datetime import datetime, time, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from openpyxl import load_workbook

from procedures import exchange, workbook
from procedures.models import Procedure, Version
from tests.procedures import scenes
from tests.procedures.scenes import client_for
from tests.tips.scenes import client_of
from zalopolice.audit.models import Entry

IMPORT, LISTING = "/noi-dung/thu-tuc/nhap/", "/noi-dung/thu-tuc/"


def tried(client, data, name="thu-tuc.json"):
    """The page after a trial, and what its second form carries."""
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    answer = client.post(IMPORT, {"upload": SimpleUploadedFile(name, data)})
    page = answer.content.decode()
    held = re.search(r'name="held" value="([^"]*)"', page)
    return answer.status_code, html.unescape(page), html.unescape(held[1]) if held else None


def rows(province):
    with province.acting("tam"):
        return list(
            Version.objects.order_by("procedure__slug", "number").values_list("procedure__slug", "number", "state")
        )


@pytest.mark.parametrize("kind", ["json", "xlsx"])
def test_all_46_go_out_and_come_in_again_unchanged(province, zone, kind):
    with zone("owner"):
        call_command("load_procedures", "--publish", verbosity=0)
    client, before = client_for(province.tam), rows(province)

    answer = client.get(f"/noi-dung/thu-tuc/xuat.{kind}")
    status, page, held = tried(client, answer.content, f"thu-tuc.{kind}")

    assert "thu-tuc-ha-nam-" in answer["Content-Disposition"] and answer["X-Content-Type-Options"] == "nosniff"
    assert (status, "giữ nguyên 46 thủ tục" in page, held) == (200, True, None), page[:3000]
    assert rows(province) == before


def test_a_changed_file_becomes_drafts_that_a_second_person_publishes(province):
    old = scenes.published(province)
    client = client_for(province.tam)
    book = load_workbook(io.BytesIO(client.get("/noi-dung/thu-tuc/xuat.xlsx").content))
    fees = book["Lệ phí"]
    columns = {cell.value: cell.column for cell in fees[1]}
    fees.cell(2, columns["Số tiền (đồng)"]).value = 20000
    fees.cell(2, columns["Áp dụng từ"]).value = "01/12/2026"
    main = book["Thủ tục"]
    heads = {cell.value: cell.column for cell in main[1]}
    for title, value in (
        ("Tên trong địa chỉ trang", "tach-ho"),
        ("Lĩnh vực", "Cư trú"),
        ("Tên thủ tục", "=1+1 Tách hộ"),
    ):
        main.cell(3, heads[title]).value = value
        main.cell(3, heads[title]).data_type = "s"
    out = io.BytesIO()
    book.save(out)

    status, page, held = tried(client, out.getvalue(), "sua.xlsx")
    assert status == 200 and "Thêm 1, sửa 1, giữ nguyên 0" in page and "Khác: Lệ phí" in page
    assert rows(province) == [("dang-ky-tam-tru", 1, "published")]
    done = client.post(IMPORT, {"held": held})

    assert done.status_code == 302
    assert rows(province) == [
        ("dang-ky-tam-tru", 1, "published"), ("dang-ky-tam-tru", 2, "draft"), ("tach-ho", 1, "draft"),
    ]  # fmt: skip
    with province.acting("tam") as by:
        draft = Version.objects.get(procedure=old.procedure, number=2)
        assert draft.content["fee"][0] == {"case": "Nộp trực tiếp", "amount_vnd": 20000, "valid_from": "2026-12-01"}
        assert draft.content | {"fee": 0} == old.content | {"fee": 0} and draft.writers == [province.tam.pk]
        assert Version.objects.get(procedure__slug="tach-ho").name == "=1+1 Tách hộ"
        sheet = load_workbook(io.BytesIO(workbook.write(exchange.entries(by))))["Thủ tục"]
    assert [cell.data_type for cell in sheet["E"]] == ["s"] * 3  # nothing of ours is a formula elsewhere
    assert "chưa thẩm định" in [cell.value for cell in sheet["V"]]


BROKEN = {
    "documents": [{"name_vi": "", "copies": "hai"}],
    "fee": [{"case": "Nộp trực tiếp", "amount_vnd": 1.5}, 
            {"case": "x", "valid_from": "2026-02-01", "valid_until": "2026-01-01"},
            {"case": "nộp từ 31/02/2026 đến 30/06/2026", "amount_vnd": 1}],
    "legal_basis": [{"name": "Luật"}],
    "sources": ["không phải địa chỉ"],
    "redirect_slug": "khong-co",
    "review_due": "mai",
    "name_vi": "",
    "slug": "Tách hộ",
    "steps": "Không phải danh sách",
}  # fmt: skip


def test_every_broken_row_is_named_and_nothing_changes(province):
    scenes.published(province)
    client, before = client_for(province.tam), rows(province)
    with province.acting("tam") as by:
        good = json.loads(exchange.to_json(exchange.entries(by)))["procedures"][0] | {"where": "Nơi khác"}

    status, page, held = tried(client, {"procedures": [good, good | BROKEN, good]})

    assert (status, held) == (422, None)
    for said in (
        "Thủ tục 2, Tên trong địa chỉ trang", "Thủ tục 2, Tên thủ tục: Ghi tên thủ tục", "Ghi tên giấy tờ",
        "Thủ tục 2, Giấy tờ cần mang 1, Số bản: Ghi một số nguyên", "Thủ tục 2, Lệ phí 1, Số tiền (đồng)",
        "Thủ tục 2, Lệ phí 2, Đến hết", "Lệ phí 3, Trường hợp: Ngày ghi trong câu này không có", "Ghi số hiệu văn bản",
        "Dòng 1 chưa phải địa chỉ", "Không có thủ tục này", "Ghi ngày như", "Các bước: Ghi thành danh sách",
        "Thủ tục 3: Tên “dang-ky-tam-tru” có hai lần",
    ):  # fmt: skip
        assert said in re.sub(r"</?b>", "", page), said
    carried = client.post(IMPORT, {"held": json.dumps([good, good | BROKEN])})  # whoever leaves the trial out
    assert (carried.status_code, rows(province)) == (422, before)
    assert client.post(IMPORT, {"held": json.dumps([good])}).status_code == 302
    assert rows(province) == [*before, ("dang-ky-tam-tru", 2, "draft")]


def test_a_line_of_excel_is_named_by_its_page(province):
    scenes.published(province)
    client = client_for(province.tam)
    book = load_workbook(io.BytesIO(client.get("/noi-dung/thu-tuc/xuat.xlsx").content))
    book["Lệ phí"]["C3"].value = "mười nghìn"
    book["Giấy tờ cần mang"]["A5"].value = "khong-co"
    out = io.BytesIO()
    book.save(out)

    status, page, _held = tried(client, out.getvalue(), "sua.xlsx")

    assert status == 422
    assert "Trang Lệ phí, dòng 3, Số tiền (đồng):</b> Ghi một số nguyên" in page
    assert "Trang Giấy tờ cần mang, dòng 5:</b> Trang đầu không có thủ tục “khong-co”" in page


def cells(client, **values):
    """The exported workbook with cells of the main page changed, formulas with what Excel last worked out."""
    book = load_workbook(io.BytesIO(client.get("/noi-dung/thu-tuc/xuat.xlsx").content))
    page = book["Thủ tục"]
    heads = {cell.value: cell.column for cell in page[1]}
    for title, value in values.items():
        cell = page.cell(2, heads[title.replace("_", " ")])
        cell.number_format = "General"
        cell.value = value
    out = io.BytesIO()
    book.save(out)
    packed, worked_out = zipfile.ZipFile(out), io.BytesIO()
    with zipfile.ZipFile(worked_out, "w") as again:
        for name in packed.namelist():
            again.writestr(name, re.sub(rb"(</f>)<v ?/>|(</f>)<v></v>", rb"</f><v>3</v>", packed.read(name)))
    return worked_out.getvalue()


def test_whatever_excel_keeps_in_a_cell_is_read_as_it_is_shown(province):
    version = scenes.published(province)
    client = client_for(province.tam)
    file = cells(
        client, Ai_được_làm=time(7, 30), Nơi_nộp=timedelta(hours=26, minutes=5), Kết_quả=True, Số_ngày="=1+2",
        Thời_gian_giải_quyết=datetime(2026, 12, 1, 9, 15),  # noqa: DTZ001  # as Excel keeps it
    )  # fmt: skip

    status, page, held = tried(client, file, "sua.xlsx")

    assert status == 200, page
    assert client.post(IMPORT, {"held": held}).status_code == 302
    with province.acting("tam"):
        content = Version.objects.get(procedure=version.procedure, number=2).content
    assert (content["who_can_apply"], content["where"], content["result_vi"]) == ("07:30", "26:05", "TRUE")
    assert content["processing_time"] == {"text": "2026-12-01", "days": 3, "working_days": True}


def test_a_cell_whose_formula_failed_is_named_and_not_taken_for_words(province):
    scenes.published(province)
    client = client_for(province.tam)

    status, page, held = tried(client, cells(client, Nơi_nộp="#N/A", Kết_quả="#REF!"), "sua.xlsx")

    assert (status, held) == (422, None)
    assert "Trang Thủ tục, dòng 2, Nơi nộp:</b> Công thức ở ô này lỗi (#N/A)" in page
    assert "dòng 2, Kết quả:</b> Công thức ở ô này lỗi (#REF!)" in page


def test_nobodys_draft_is_written_over_and_the_provinces_words_are_its_own(commune, province):
    version = scenes.published(province)
    with province.acting("tam") as by:
        entry = json.loads(exchange.to_json(exchange.entries(by)))["procedures"][0] | {"where": "Nơi khác"}
    going = scenes.again(province, version.procedure, publish=False, name="Đang chờ")
    waits = tried(client_for(province.tam), [entry])
    with province.acting("viet") as by:
        scenes.actions.return_with_reason(going, reason="x", by=by)
    written = tried(client_for(province.viet), [entry])
    below = tried(client_of(commune, "giang"), [entry])

    assert [one[0] for one in (waits, written, below)] == [422] * 3
    assert "Bản 2 đang chờ thẩm định" in waits[1] and "Đồng chí khác đang soạn bản 2" in written[1]
    assert "do cấp trên soạn" in below[1]
    assert tried(client_for(province.tam), [entry])[0] == 200  # the writer's own


def test_a_new_order_in_the_file_is_kept_and_makes_no_draft(province):
    scenes.published(province)
    scenes.published(province, "tach-ho", "Tách hộ")
    client, before = client_for(province.tam), rows(province)
    with province.acting("tam") as by:
        stay, split = json.loads(exchange.to_json(exchange.entries(by)))["procedures"]
    moved = [stay | {"position": None}, split | {"position": 9, "field": "Hộ tịch", "code": None}]

    status, page, held = tried(client, moved)

    assert status == 200 and "sửa 1, giữ nguyên 1" in page and "Khác: Chỗ trong danh mục" in page
    assert "đổi ngay khi nhập" in page
    done = client.post(IMPORT, {"held": held}, follow=True).content.decode()
    assert "Đã xếp lại 1 thủ tục trong danh mục" in done and "bản soạn. Xem từng bản" not in done
    with province.acting("tam"):
        places = dict(Procedure.objects.values_list("slug", "position"))
        assert places == {"dang-ky-tam-tru": 1, "tach-ho": 9}
        assert Procedure.objects.filter(slug="tach-ho", field="Hộ tịch", code="").exists()
        assert Entry.objects.filter(kind="procedure.arranged").count() == 1
    assert rows(province) == before
    assert tried(client, moved)[2] is None  # nothing is left to bring in


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b" " * (workbook.UNPACKED + 1))
    return out.getvalue()


def headless(change) -> bytes:
    book = load_workbook(io.BytesIO(workbook.write([])))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


WRONG = {
    "quá lớn": bomb(),
    "không phải JSON": b'{"procedures": [',
    "Tệp này trống": b"",
    "danh sách": b'{"a": 1}',
    "Tệp này không có thủ tục": b"[]",
    "đọc được": b"\xff\xfe\x00x",
    "Tệp này không phải": b"[" * 5000,
    "ký tự hỏng ở “Đăng ký � trú”": r'[{"name_vi": "Đăng ký \ud800 trú"}]'.encode(),
    "ký tự hỏng ở “a�b”": rb'[{"languages": {"km": {"a\u0000b": 1}}}]',
    "ký tự hỏng ở “x�”": rb'{"other": [["x\u0000"]], "procedures": []}',
    "Excel (.xlsx) đọc được": b"PK\x03\x04 not a zip",
    "Tệp lớn hơn 900 KB": b"x" * 900_001,
    "quá 150 thủ tục": json.dumps([{}] * 151).encode(),
    "Tệp thiếu trang “Lệ phí”": headless(lambda book: book.remove(book["Lệ phí"])),
    "thiếu cột “Số bản”": headless(lambda book: book["Giấy tờ cần mang"].delete_cols(3)),
    "cột lạ “Ghi thêm”": headless(lambda book: book["Thủ tục"].cell(1, 30, "Ghi thêm")),
    "quá 150 dòng": headless(
        lambda book: book["Thủ tục"].cell(1_048_576, 1, "x") and book["Thủ tục"].cell(152, 1, "x")
    ),
}


def test_what_cannot_be_read_is_said_beside_the_field(province):
    client = client_for(province.tam)

    for said, data in WRONG.items():
        status, page, held = tried(client, data, "a.xlsx")
        assert (status, held) == (422, None), said
        assert said in page and 'aria-invalid="true"' in page, said
    assert "không phải Excel (.xlsx)" in tried(client, b"hong", "A.XLSX")[1]
    assert "không phải JSON" in tried(client, b"hong", "a.json")[1]
    assert client.post(IMPORT, {}).status_code == client.post(IMPORT, {"held": "["}).status_code == 422
    with province.acting("tam"):
        assert not Procedure.objects.exists()


def test_a_file_keeps_what_it_does_not_know(province):
    files = [
        {"id": "0e0a7f5e-9d5c-4b0e-8e3e-1f6f2f6f0a01", "title": "CT01", "kind": "form", "name": "ct01.pdf", "size": 9}
    ]
    version = scenes.published(province, content={"files": files, "languages": {"km": {"name": "x", "base": "old"}}})
    with province.acting("tam") as by:
        entry = json.loads(exchange.to_json(exchange.entries(by)))["procedures"][0]
        for name in ("files", "languages"):
            del entry[name]
        change = exchange.read([copy.deepcopy(entry) | {"where": "Nơi khác"}], by=by).changes[0]

    assert change.words["content"]["files"] == files
    assert change.words["content"]["languages"] == version.content["languages"]

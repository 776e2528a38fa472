"""Translations and the list of files go out and come in with the catalogue's file; bytes of files do not."""

from __future__ import annotations

import io
import json
import re

import pytest
from openpyxl import load_workbook

from procedures import actions
from procedures.models import Version
from tests.procedures import scenes
from tests.procedures.scenes import client_for
from tests.procedures.test_exchange import IMPORT, tried
from zalopolice.gateway.models import SharedFile

ENGLISH = {
    "name": "Temporary residence", "papers": "Form\nPassport", "where": "Commune police", "steps": "Go\nSign",
    "note": "Free", "cases": {"Nộp trực tiếp": "In person"},
}  # fmt: skip


@pytest.fixture
def shown(province):
    """In English, in a Khmer that lags behind; two files; and a text being written beside it."""
    papers = [*scenes.CONTENT["documents"], {"name_vi": "Hộ chiếu", "copies": None, "form_code": None, "note": None}]
    draft = scenes.draft(province, content={"files": [], "documents": papers})
    for title in ("Tờ khai CT01", "Giấy ủy quyền"):
        scenes.attached(province, draft, title)
    with province.acting("tam") as by:
        actions.translate(draft, "km", {"name": "ខ្មែរ"}, base="0123456789abcdef", by=by)
        actions.translate(draft, "en", ENGLISH, by=by)
        actions.submit(draft, by=by)
    with province.acting("viet") as by:
        scenes.approve(draft, by)
    with province.acting("tam"):
        return Version.objects.select_related("procedure").get(pk=draft.pk)


def taken_out(client, kind="xlsx"):
    return client.get(f"/noi-dung/thu-tuc/xuat.{kind}").content


def edited(data, change):
    book = load_workbook(io.BytesIO(data))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["json", "xlsx"])
def test_what_goes_out_comes_in_as_it_was_whoever_writes_meanwhile(province, shown, kind):
    scenes.published(province, "tach-ho", "Tách hộ")
    client, above = client_for(province.tam), client_for(province.viet)
    data = taken_out(client, kind)

    assert "giữ nguyên 2 thủ tục" in tried(client, data, f"a.{kind}")[1]
    with province.acting("tam") as by:
        actions.save_draft(actions.new_draft(shown.procedure, by=by), {"name": "Viết dở"}, by=by)
    for one in (client, above):
        status, page, held = tried(one, data, f"a.{kind}")
        assert (status, "giữ nguyên 2 thủ tục" in page, held) == (200, True, None), page
    if kind == "json":
        said = json.loads(data)["procedures"][0]
        assert [one["title"] for one in said["files"]] == ["Tờ khai CT01", "Giấy ủy quyền"]
        assert set(said["files"][0]) == {"title", "kind", "name", "size"} and set(said["languages"]) == {"en", "km"}


def test_words_and_files_changed_in_excel_become_a_draft(province, shown):
    client = client_for(province.tam)

    def change(book):
        spoken, files, cases = book["Bản dịch"], book["Tệp đính kèm"], book["Bản dịch lệ phí"]
        heads = {cell.value: cell.column for cell in spoken[1]}
        assert [row[1].value for row in spoken.iter_rows(min_row=2)] == ["en", "km"]
        assert spoken.cell(2, heads["Tiếng"]).value == "tiếng Anh"
        spoken.cell(2, heads["Giấy tờ cần mang (mỗi dòng một loại)"]).value = " Form \n\nVisa"
        spoken.append(["dang-ky-tam-tru", "zh", None, "临时居留"])
        spoken.delete_rows(3)  # Khmer
        cases.append(["dang-ky-tam-tru", "en", "Nộp trực tuyến", "Online"])
        assert [row[1].value for row in files.iter_rows(min_row=2)] == ["Tờ khai CT01", "Giấy ủy quyền"]
        files.delete_rows(2)

    status, page, held = tried(client, edited(taken_out(client), change), "a.xlsx")
    assert status == 200 and "sửa 1" in page
    for title in ("Bản dịch tiếng Anh", "Bản dịch tiếng Khmer", "Bản dịch tiếng Hoa", "Tệp đính kèm"):
        assert title in page
    assert client.post(IMPORT, {"held": held}).status_code == 302
    with province.acting("tam"):
        draft = Version.objects.get(number=2)
        spoken, files = draft.content["languages"], draft.content["files"]
        assert (set(spoken), spoken["en"]["papers"], spoken["zh"]["name"]) == ({"en", "zh"}, "Form\nVisa", "临时居留")
        assert spoken["en"]["cases"] == {"Nộp trực tiếp": "In person", "Nộp trực tuyến": "Online"}
        assert files == shown.content["files"][1:]
        assert Version.objects.get(pk=shown.pk).content == shown.content and SharedFile.objects.count() == 2


def test_each_wrong_line_of_these_pages_is_named(province, shown):
    client = client_for(province.tam)

    def change(book):
        spoken, files, cases = book["Bản dịch"], book["Tệp đính kèm"], book["Bản dịch lệ phí"]
        slug, name = "dang-ky-tam-tru", "Tên"
        for row in (
            [slug, "fr", None, name], [slug, "en", None, name], ["khong-co", "zh", None, name],
            [slug, "zh", None, "", "Giấy"], [slug, "rad", None, name, "Nộp 15.000đ"], [slug, "jra", None, "x" * 3001],
        ):  # fmt: skip
            spoken.append(row)
        cases.append([slug, "cjm", "Nộp trực tiếp", "x"])
        files.append([slug, "Tệp ở nhà tôi"])

    status, page, held = tried(client, edited(taken_out(client), change), "a.xlsx")

    page = re.sub(r"</?b>", "", page)
    assert (status, held) == (422, None)
    for said in (
        "Trang Bản dịch, dòng 4: Không có mã ngôn ngữ “fr”", "Trang Bản dịch, dòng 5: Thủ tục này có hai dòng",
        "Trang Bản dịch, dòng 6: Trang đầu không có", "Trang Bản dịch, dòng 7: Ghi tên thủ tục bằng tiếng này",
        "Trang Bản dịch, dòng 8: Bỏ số tiền ở đây", "Trang Bản dịch, dòng 9: Một phần dài quá 3000",
        "Trang Bản dịch lệ phí, dòng 3: Trang Bản dịch không có mã tiếng “cjm”",
        "Trang Tệp đính kèm, dòng 4: Thủ tục này không đính tệp “Tệp ở nhà tôi”",
    ):  # fmt: skip
        assert said in page, said


def test_a_file_that_does_not_speak_of_them_leaves_them(province, shown):
    client = client_for(province.tam)

    def change(book):
        for title in ("Bản dịch", "Bản dịch lệ phí", "Tệp đính kèm"):
            book.remove(book[title])

    assert "giữ nguyên 1 thủ tục" in tried(client, edited(taken_out(client), change), "a.xlsx")[1]
    half = edited(taken_out(client), lambda book: book.remove(book["Bản dịch lệ phí"]))
    assert "Tệp thiếu trang “Bản dịch lệ phí”" in tried(client, half, "a.xlsx")[1]
    [entry] = json.loads(taken_out(client, "json"))["procedures"]
    none = tried(client, [entry | {"languages": {}, "files": []}])[1]
    assert "Bản dịch tiếng Anh" in none and "Tệp đính kèm" in none
    for broken in ({"files": {"a": 1}}, {"files": ["x", 7]}, {"files": [{"title": ["x"]}]}, {"languages": {"en": 1}}):
        assert tried(client, [entry | broken])[0] == 422, broken
    assert "giữ nguyên 1" in tried(client, [entry | {"files": ["Tờ khai CT01", "Giấy ủy quyền"]}])[1]

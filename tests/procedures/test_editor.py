"""The editor's pages: from a draft to the citizens with a second person, nothing typed lost, differences said."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone

from procedures import actions
from procedures.models import Procedure, UnitOverride, Version
from tests.procedures import scenes
from tests.procedures.scenes import client_for
from tests.tips.scenes import client_of
from zalopolice.audit.models import Entry
from zalopolice.gateway.models import SharedFile
from zalopolice.refusals import Refused
from zalopolice.units.models import Office


def fields_of(page: str) -> dict[str, str]:
    """What a browser would post of the page's editor."""
    form = re.search(r'<form class="(?:editor|body)".*?</form>', page, re.S)[0]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or "checked" in tag):
            found[name[1]] = value[1] if value else "on" if "checkbox" in tag else ""
    for name, text in re.findall(r'<textarea name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.S):
        found[name] = text.replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&")
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def test_from_a_draft_to_the_citizens_page_with_a_second_editor(commune, province, citizen):
    writer, reviewer = client_for(province.tam), client_for(province.viet)
    first = writer.post(
        "/noi-dung/thu-tuc/moi/", {"name": "Đăng ký tạm trú", "slug": "dang-ky-tam-tru", "field": "Cư trú"}
    )
    edit = first["Location"]
    values = fields_of(writer.get(edit).content.decode()) | {
        "who_can_apply": "Người ở trọ", "where": "Công an xã", "time": "03 ngày", "synonyms": "kt3\nđk tạm trú",
        "documents-0-name_vi": "Tờ khai", "documents-0-copies": "1", "documents-0-form_code": "CT01",
        "fee-0-case": "Nộp trực tiếp", "fee-0-amount_vnd": "15000", "steps-0-text": "Nộp hồ sơ", "steps-0-ORDER": "2",
        "steps-1-text": "Chuẩn bị", "steps-1-ORDER": "1", "legal_basis-0-name": "Luật Cư trú",
        "legal_basis-0-number": "68/2020/QH14", "legal_basis-0-effective_date": "2021-07-01", "submit": "1",
    }  # fmt: skip
    shown = writer.post(edit, values)["Location"]

    own = writer.get(shown).content.decode()
    assert "disabled" in own and "cần người khác thẩm định" in own
    assert writer.post(f"{shown}cong-bo/").status_code == 409
    assert citizen.get("/thu-tuc/tran-hung-dao/dang-ky-tam-tru/").status_code == 404
    page = reviewer.get(shown).content.decode()
    assert "chưa thẩm định" in page and "Công bố bản 1" in page and "ĐĂNG KÝ TẠM TRÚ" in page.upper()

    returned = reviewer.post(f"{shown}tra-lai/", {"reason": ""})
    assert (returned.status_code, "Ghi lý do để người soạn biết" in returned.content.decode()) == (422, True)
    assert reviewer.post(f"{shown}tra-lai/", {"reason": "Thiếu số bản"}).status_code == 302
    assert "Thiếu số bản" in writer.get(shown).content.decode()
    assert writer.post(f"{shown}trinh/").status_code == 302
    assert scenes.press_publish(reviewer, shown) == 302

    public = citizen.get("/thu-tuc/tran-hung-dao/dang-ky-tam-tru/").content.decode()
    assert public.index("Chuẩn bị") < public.index("Nộp hồ sơ")
    assert "chưa được thẩm định" not in public and "mẫu CT01" in public
    assert "chưa thẩm định" not in reviewer.get(shown).content.decode()


def test_the_editor_changes_what_was_changed_and_keeps_the_rest(province, zone):
    with zone("owner"):
        call_command("load_procedures", "--publish", verbosity=0)
    client = client_for(province.tam)
    with province.acting("tam") as by:
        slugs = dict(Procedure.objects.visible_to(by).values_list("slug", "pk"))
    for slug in ("dang-ky-thuong-tru", "cap-doi-the-can-cuoc", "so-tam-tru-kt3", "dang-ky-xe-lan-dau"):
        edit = client.post(f"/noi-dung/thu-tuc/{slugs[slug]}/soan/")["Location"]
        values = fields_of(client.get(edit).content.decode())
        assert client.post(edit, values | {"save": "1"}).status_code == 302
        with province.acting("tam"):
            before, after = Version.objects.filter(procedure=slugs[slug]).order_by("number")
        for name in ("name", "synonyms", "sources", "checked_on", "content"):
            assert getattr(after, name) == getattr(before, name), (slug, name)


def test_nothing_typed_is_lost(province):
    version = scenes.draft(province)
    client, edit = client_for(province.tam), f"/noi-dung/ban/{version.pk}/sua/"
    values = fields_of(client.get(edit).content.decode())

    more = client.post(edit, values | {"more": "steps", "name": "", "steps-2-text": "Bước ba"}).content.decode()
    assert "Bước ba" in more and "Ghi tên thủ tục" not in more and 'name="steps-6-text"' in more

    wrong = values | {
        "name": "",
        "steps-2-text": "Bước ba",
        "documents-0-name_vi": "",
        "fee-0-amount_vnd": "mười nghìn",
        "legal_basis-1-name": "Luật khác",
        "sources": "không phải địa chỉ",
        "review_due": "mai",
    }
    answer = client.post(edit, wrong)
    page = answer.content.decode()
    assert answer.status_code == 422
    for said in ("Ghi tên thủ tục", "Ghi tên giấy tờ", "Ghi một số nguyên", "Ghi số hiệu văn bản", "chưa phải địa chỉ",
                 "Ghi ngày như", "Bước ba", 'value="mười nghìn"', "không phải địa chỉ", 'value="mai"'):  # fmt: skip
        assert said in page, said
    assert page.count('aria-invalid="true"') == 6
    assert client.post(edit).status_code == 422  # not even the rows were posted


def test_two_editors_at_once_do_not_overwrite_each_other(province):
    version = scenes.draft(province)
    edit = f"/noi-dung/ban/{version.pk}/sua/"
    first, second = client_for(province.tam), client_for(province.viet)
    a, b = (fields_of(one.get(edit).content.decode()) for one in (first, second))

    assert first.post(edit, a | {"where": "Nơi A"}).status_code == 302
    late = second.post(edit, b | {"where": "Nơi B"})

    assert (late.status_code, "Nơi B" in late.content.decode()) == (409, True)
    with province.acting("tam"):
        assert Version.objects.get().content["where"] == "Nơi A"


def test_an_emptied_row_is_gone(province):
    version = scenes.draft(province)
    client, edit = client_for(province.tam), f"/noi-dung/ban/{version.pk}/sua/"
    values = fields_of(client.get(edit).content.decode())

    client.post(edit, values | {"fee-0-case": "", "fee-0-amount_vnd": ""})

    with province.acting("tam"):
        assert Version.objects.get().content["fee"] == [{"case": "Nộp trực tuyến", "amount_vnd": 0}]


def test_the_page_says_what_differs(province):
    version = scenes.published(province)
    second = scenes.again(
        province,
        version.procedure,
        publish=False,
        content=scenes.CONTENT | {"steps": ["Chuẩn bị giấy tờ", "Nộp trên VNeID"]},
    )
    page = client_for(province.viet).get(f"/noi-dung/ban/{second.pk}/").content.decode()

    assert "Khác bản 1" in page
    assert "<del>Nộp hồ sơ</del>" in page and "<ins>Nộp trên VNeID</ins>" in page
    assert "<del>Chuẩn bị giấy tờ" not in page


def test_two_versions_of_choice_are_compared(province):
    first = scenes.published(province)
    for where in ("Nơi B", "Nơi C"):
        scenes.again(province, first.procedure, content=scenes.CONTENT | {"where": where})
    with province.acting("tam"):
        third = Version.objects.get(number=3)
    client = client_for(province.viet)
    usual, chosen = (client.get(f"/noi-dung/ban/{third.pk}/{asked}").content.decode() for asked in ("", "?so=1"))

    assert "Khác bản 2" in usual and "<del>Nơi B</del>" in usual and "<ins>Nơi C</ins>" in usual
    assert "Khác bản 1" in chosen and "<del>Công an xã nơi ở</del>" in chosen and "Nơi B" not in chosen


def test_a_form_is_attached_to_a_draft_and_frozen_with_it(province):
    version = scenes.draft(province)
    page, client = f"/noi-dung/ban/{version.pk}/", client_for(province.tam)
    pdf = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
    given = {"kind": "form", "title": "Tờ khai CT01"}

    wrong = client.post(f"{page}tep/", given | {"upload": SimpleUploadedFile("ct01.pdf", b"MZ not a form")})
    assert (wrong.status_code, 'aria-invalid="true"' in wrong.content.decode()) == (422, True)
    assert 'value="Tờ khai CT01"' in wrong.content.decode()
    assert client.post(f"{page}tep/", given | {"upload": SimpleUploadedFile("ct01.pdf", pdf)}).status_code == 302
    with province.acting("tam") as by:
        (file,) = Version.objects.get().content["files"]
        assert SharedFile.objects.visible_to(by).get(pk=file["id"]).size == file["size"] == len(pdf)
    values = fields_of(client.get(f"{page}sua/").content.decode())
    client.post(f"{page}sua/", values | {"where": "Nơi khác", "submit": "1"})
    gone = f"{page}tep/{file['id']}/bo/"
    assert client.post(gone).status_code == 409  # what waits for the reviewer stays as it is
    assert scenes.press_publish(client_for(province.viet), page) == 302
    assert client.post(gone).status_code == client.post(f"{page}tep/", given | {
        "upload": SimpleUploadedFile("b.pdf", pdf + b"2")}).status_code == 409  # fmt: skip

    shown = client.get(page).content.decode()
    assert "Tờ khai CT01</a>" in shown and "Đính tệp" not in shown
    draft = client.post(f"/noi-dung/thu-tuc/{version.procedure_id}/soan/")["Location"].removesuffix("sua/")
    assert client.post(f"{draft}tep/{file['id']}/bo/").status_code == 302
    assert "<del>Tờ khai CT01 · ct01.pdf</del>" in client.get(draft).content.decode()
    with province.acting("tam"):
        assert Version.objects.get(pk=version.pk).content["files"] == [file]
        assert Version.objects.get(number=2).content["files"] == []


def test_a_file_taken_back_is_offered_by_no_version_any_more(province, zone):
    version = scenes.draft(province)
    page, client = f"/noi-dung/ban/{version.pk}/", client_for(province.tam)
    file = scenes.attached(province, version, "Tờ khai CT01")
    with province.acting("tam") as by:
        actions.submit(version, by=by)
    with province.acting("viet") as by:
        scenes.approve(version, by)
    back, citizen = f"{page}tep/{file.pk}/thu-hoi/", scenes.Citizen(zone)
    other = scenes.draft(province, "khac", "Khác")

    assert f'href="{back}"' in client.get(page).content.decode()
    asks = client.get(back).content.decode()
    assert "Tờ khai CT01" in asks and "Thu hồi tệp" in asks
    assert citizen.get(file.path).status_code == 200  # asking has done nothing
    assert client.get(f"/noi-dung/ban/{other.pk}/tep/{file.pk}/thu-hoi/").status_code == 404  # it is not of this one
    assert client.post(back).status_code == 302
    assert citizen.get(file.path).status_code == 404
    assert client.post(back).status_code == 409
    shown = client.get(page).content.decode()
    assert "đã gỡ, người dân không nhận được" in shown and back not in shown
    with province.acting("tam"):
        assert Entry.objects.filter(kind="shared_file.retired", object_id=file.pk).count() == 1


def test_the_print_out_says_what_must_not_be_handed_out(province):
    version = scenes.draft(province)
    page = client_for(province.viet).get(f"/noi-dung/ban/{version.pk}/in/").content.decode()

    assert "chưa công bố: không phát cho người dân" in page and "<svg" in page and "Chuẩn bị giấy tờ" in page
    with province.acting("tam") as by:
        actions.submit(version, by=by)
    with province.acting("viet") as by:
        scenes.approve(version, by)
    assert "không phát" not in client_for(province.viet).get(f"/noi-dung/ban/{version.pk}/in/").content.decode()


def test_a_commune_writes_its_hours_on_the_provinces_procedure_and_nothing_else(commune, province, zone):
    version = scenes.published(province)
    client, path = client_of(commune, "giang"), f"/noi-dung/thu-tuc/{version.procedure_id}/"
    page = client.get(path).content.decode()

    assert "do cấp trên soạn" in page and "Soạn bản mới" not in page
    assert client.post(f"{path}rieng/", {"hours": "Sáng thứ Ba", "address": "", "contact": ""}).status_code == 302
    assert client.post(f"{path}rieng/", {"hours": "x" * 300}).status_code == 422
    assert client.post(f"{path}soan/").status_code == client.post(f"{path}danh-muc/").status_code == 403
    assert client.get(f"/noi-dung/ban/{version.pk}/sua/").status_code == 403
    with commune.acting("giang") as by:
        assert UnitOverride.objects.visible_to(by).get().hours == "Sáng thứ Ba"
    with zone("owner"):
        week = [[["07:30", "11:30"]]] * 5 + [[], []]
        Office.objects.create(unit=commune.unit, address="Số 1", phone="0226", hours=week)
    differs = client.get("/noi-dung/rieng/").content.decode()
    assert "<del>Thứ Hai đến thứ Sáu: 07:30–11:30</del>" in differs and "<ins>Sáng thứ Ba</ins>" in differs
    assert "Số 1" not in differs  # what does not differ is not shown


def test_nothing_inline_and_no_trace_of_djangos_own_admin(province):
    version = scenes.draft(province)
    client = client_for(province.tam)
    for path in ("/noi-dung/", "/noi-dung/thu-tuc/", f"/noi-dung/ban/{version.pk}/", f"/noi-dung/ban/{version.pk}/sua/",
                 "/noi-dung/hotlinecontact/moi/"):  # fmt: skip
        answer = client.get(path)
        page = answer.content.decode()
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=|/static/admin/", page), path
        assert "unsafe" not in answer["Content-Security-Policy"]
    for path in ("login/", "logout/", "password_change/", "jsi18n/", "auth/", "r/1/1/"):
        assert client.get(f"/noi-dung/{path}").status_code == 404


def test_what_is_due_to_be_looked_at_again_is_found(province):
    scenes.published(province, review_due=timezone.localdate())
    scenes.published(province, "tach-ho", "Tách hộ")

    page = client_for(province.tam).get("/noi-dung/thu-tuc/?muc=hen").content.decode()

    assert "Đăng ký tạm trú" in page and "Tách hộ" not in page


def test_an_old_name_may_be_handed_in_only_when_what_took_its_place_is_published(province):
    old = {"content": {"redirect_slug": "tach-ho", "explanation": "Nay làm thủ tục khác."}}
    version = scenes.draft(province, "tach-so", "Tách sổ", **old)
    page = f"/noi-dung/ban/{version.pk}/"
    client = scenes.client_for(province.tam)

    shown = client.get(page).content.decode()
    assert "thủ tục thay thế đang công bố" in shown
    assert "Tách sổ: Nay làm thủ tục khác." in shown and "Nộp ở đâu:" not in shown  # the bot's card
    with province.acting("tam") as by, pytest.raises(Refused):
        actions.submit(version, by=by)
    scenes.published(province, "tach-ho", "Tách hộ")
    shown = client.get(page).content.decode()
    assert "TÁCH HỘ" in shown and "Nay làm thủ tục dưới đây" in shown
    with province.acting("tam") as by:
        actions.submit(version, by=by)

"""Nothing leaves quietly: a law that changed, a translated paper, what an import takes out, who took a text back."""

from __future__ import annotations

import json
import re

from django.core.management import call_command

from procedures import actions, exchange, languages
from procedures.models import LawChange, Procedure, Version
from tests.procedures import scenes
from tests.procedures.scenes import client_for
from tests.procedures.test_editor import fields_of
from tests.procedures.test_exchange import IMPORT, tried
from tests.procedures.test_reviewing import LAW, NEW, listed
from zalopolice.audit.models import Entry

ENGLISH = {"name": "Temporary residence", "papers": "Form", "steps": "Go\nSign"}
TWO = [{"name_vi": "Tờ khai", "form_code": "CT01"}, {"name_vi": "Hộ chiếu"}]
WHY = "68/2020/QH14 đã đổi theo 118/2025/QH15 từ 01/07/2026"


def begun(province, procedure):
    with province.acting("tam") as by:
        return f"/noi-dung/ban/{actions.new_draft(procedure, by=by).pk}/"


def test_a_law_flag_stays_until_the_text_is_mended_or_somebody_has_compared(province):
    procedure = scenes.published(province).procedure
    tam, viet = client_for(province.tam), client_for(province.viet)
    for law in (LAW, LAW | {"changed_by": "7/2026/QH16"}):
        tam.post(NEW, law)
    scenes.again(province, procedure, review_due="2030-01-01")
    assert listed(tam, "luat")[0] == {"Đăng ký tạm trú"}  # somebody published; nobody looked at the law

    page = begun(province, procedure)
    form = tam.get(f"{page}sua/").content.decode()
    assert form.count("đã đối chiếu, không phải sửa") == 2
    with province.acting("tam"):
        first, second = (f"law_{LawChange.objects.get(changed_by=by).pk}" for by in (LAW["changed_by"], "7/2026/QH16"))
    values = fields_of(form)
    assert first not in values and tam.post(f"{page}sua/", values | {first: "on", "submit": "1"}).status_code == 302
    assert "<ins>68/2020/QH14 → 118/2025/QH15: đã đối chiếu, không phải sửa</ins>" in viet.get(page).content.decode()
    assert listed(tam, "luat")[0] == {"Đăng ký tạm trú"}  # not published yet
    assert scenes.press_publish(viet, page) == 302
    names, shown = listed(tam, "luat")
    assert names == {"Đăng ký tạm trú"} and "118/2025" not in shown and "7/2026/QH16" in shown

    page = begun(province, procedure)
    values = fields_of(tam.get(f"{page}sua/").content.decode())
    assert values[first] == "on" and tam.post(f"{page}sua/", values | {second: "on", "submit": "1"}).status_code == 302
    with province.acting("tam"):
        assert Entry.objects.filter(kind="procedure.draft_saved", actor_id=province.tam.pk).count() == 4
    assert scenes.press_publish(viet, page) == 302
    assert listed(tam, "luat")[0] == set()

    page = begun(province, procedure)  # somebody takes the word back
    values = fields_of(tam.get(f"{page}sua/").content.decode())
    del values[first]
    assert tam.post(f"{page}sua/", values | {"submit": "1"}).status_code == 302
    assert scenes.press_publish(viet, page) == 302 and listed(tam, "luat")[0] == {"Đăng ký tạm trú"}
    with province.acting("tam"):
        content = Version.objects.get(procedure=procedure, state="published").content
    laws = [{"name": "Luật", "number": "118/2025/QH15"}]
    scenes.again(province, procedure, content=content | {"legal_basis": laws})
    assert listed(tam, "luat")[0] == set()


def test_the_reason_stands_on_every_page_where_somebody_works_on_the_text(province, zone):
    procedure = scenes.published(province, review_due="2026-01-02", content={"fee": [
        {"case": "Nộp trực tiếp", "amount_vnd": 1, "valid_until": "2026-01-03"}]}).procedure  # fmt: skip
    tam, viet = client_for(province.tam), client_for(province.viet)
    tam.post(NEW, LAW)
    page = begun(province, procedure)
    pages = [f"/noi-dung/thu-tuc/{procedure.pk}/", page, f"{page}sua/"]
    said = [tam.get(one).content.decode() for one in pages]
    with province.acting("tam") as by:
        actions.submit(Version.objects.get(state="draft"), by=by)
    said.append(viet.get(page).content.decode())

    for one in said:
        for words in ("Cần xem lại:", WHY, "hẹn xem lại 02/01/2026", "một mức phí đã hết ngày 03/01/2026"):
            assert words in one, words
    assert scenes.press_publish(viet, page) == 302
    with province.acting("tam"):
        old = Version.objects.get(procedure=procedure, state="superseded")
    assert "Cần xem lại:" not in tam.get(f"/noi-dung/ban/{old.pk}/").content.decode()

    with zone("owner"):
        call_command("load_procedures", "--publish", verbosity=0)
    with province.acting("tam"):
        imported = Version.objects.select_related("procedure").get(procedure__slug="tach-ho")
    page = begun(province, imported.procedure)
    for one in (f"/noi-dung/thu-tuc/{imported.procedure_id}/", page, f"{page}sua/"):
        assert "chưa người thứ hai nào thẩm định bản 1" in tam.get(one).content.decode(), one


def test_a_translation_says_as_many_papers_and_steps_as_the_vietnamese(province, citizen):
    version = scenes.draft(province, content={"documents": TWO})
    client, page = client_for(province.tam), f"/noi-dung/ban/{version.pk}/"
    form = f"{page}tieng/en/"
    values = fields_of(client.get(form).content.decode())
    none = client.post(form, values, follow=True).content.decode()
    assert "Đã lưu bản dịch" not in none and "Chưa có bản dịch nào: mọi ô đều trống." in none

    short = client.post(form, values | ENGLISH | {"steps": "Go"})
    shown = short.content.decode()
    assert short.status_code == 422 and shown.count('aria-invalid="true"') == 2
    assert shown.count("Bản tiếng Việt có 2 dòng, ở đây có 1. Ghi đủ từng dòng như bản tiếng Việt.") == 2
    right = values | ENGLISH | {"papers": "Form\nPassport"}
    assert "Đã lưu bản dịch." in client.post(form, right, follow=True).content.decode()

    with province.acting("tam") as by:  # the Vietnamese grows; the translation does not follow
        content = Version.objects.get(pk=version.pk).content
        actions.save_draft(version, {"content": content | {"documents": [*TWO, {"name_vi": "Ảnh"}]}}, by=by)
        actions.submit(version, by=by)
    with province.acting("viet") as by:
        scenes.approve(version, by)
    assert "chưa theo kịp bản tiếng Việt" in client.get(page).content.decode()
    public = citizen.get("/thu-tuc/tran-hung-dao/dang-ky-tam-tru/en/").content.decode()
    assert "Passport" not in public and '<b lang="vi">Ảnh</b>' in public and '<div lang="en">Sign</div>' in public

    content = languages.with_translation("x", scenes.CONTENT | {"documents": TWO}, "en", ENGLISH)
    assert languages.lags("x", content, "en")  # from before this was asked: behind, whatever it was written to
    page = begun(province, version.procedure)
    values = fields_of(client.get(f"{page}tieng/en/").content.decode())
    gone = client.post(f"{page}tieng/en/", dict.fromkeys(values, "") | {"base": values["base"]}, follow=True)
    assert "Đã bỏ bản dịch này." in gone.content.decode()


def test_an_import_says_what_it_takes_out_how_old_it_is_and_which_fees_change(province):
    draft = scenes.draft(province)
    scenes.attached(province, draft, "Tờ khai CT01")
    with province.acting("tam") as by:
        actions.translate(draft, "en", ENGLISH, by=by)
        [entry] = json.loads(exchange.to_json(exchange.entries(by)))["procedures"]
        actions.submit(draft, by=by)
    with province.acting("viet") as by:
        scenes.approve(draft, by)
    scenes.again(province, draft.procedure, review_due="2030-01-01")
    client = client_for(province.tam)
    fee = [{"case": "Nộp trực tiếp", "amount_vnd": 20000}, {"case": "Nộp qua bưu điện", "amount_vnd": 5000}]

    status, page, held = tried(client, [entry | {"files": [], "languages": {}, "fee": fee}])
    assert status == 200 and "sẽ bỏ: tệp “Tờ khai CT01”, Bản dịch tiếng Anh" in page
    assert "tệp xuất từ bản 1, nay đang công bố bản 2" in page
    for line in (
        "Nộp trực tiếp: 15.000 đ → 20.000 đ",
        "Nộp trực tuyến: Miễn phí → (bỏ)",
        "Nộp qua bưu điện: (chưa có) → 5.000 đ",
    ):
        assert line in page, line
    newer = tried(client, [entry | {"number": 2, "where": "Nơi khác"}])[1]
    assert "tệp xuất từ bản" not in newer and "sẽ bỏ" not in newer and "→" not in newer
    short = tried(client, [entry | {"languages": {"en": {"name": "x", "steps": "Go"}}}])
    assert short[0] == 422 and "Bản tiếng Việt có 2 dòng, ở đây có 1" in short[1]
    assert client.post(IMPORT, {"held": held}).status_code == 302


def test_a_preview_is_not_told_as_published_and_a_text_taken_back_is_named(province):
    version = scenes.in_review(province)
    with province.acting("tam") as by:
        actions.withdraw(version, by=by)
        actions.translate(version, "en", ENGLISH, by=by)
        actions.submit(version, by=by)
    viet, page = client_for(province.viet), f"/noi-dung/ban/{version.pk}/"
    shown = viet.get(page).content.decode()
    assert shown.count("Bản xem trước, chưa công bố") == 3  # page, card, English card
    for wrong in ("công bố ngày", "công bố hôm nay", "published "):
        assert wrong not in shown, wrong
    seen = re.search(r'name="seen" value="(\w+)"', shown)[1]

    with province.acting("tam") as by:
        actions.withdraw(version, by=by)
    for act, data in (("cong-bo", {"seen": seen}), ("tra-lai", {"reason": "Thiếu"}), ("tra-lai", {"reason": ""})):
        answer = viet.post(f"{page}{act}/", data)
        said = answer.content.decode()
        assert answer.status_code == 409 and "Người soạn vừa rút bản này về để sửa tiếp." in said, act
        assert "Không thể chuyển" not in said
    with province.acting("tam") as by:
        actions.submit(version, by=by)
    assert scenes.press_publish(viet, page) == 302
    done = viet.get(page).content.decode()
    assert "công bố ngày" in done and "Bản xem trước, chưa công bố" not in done
    with province.acting("tam"):
        assert Procedure.objects.count() == 1

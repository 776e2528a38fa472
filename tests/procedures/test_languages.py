"""Answers in other languages (feature N4): chosen once, numbers from the record, what lags behind is said."""

from __future__ import annotations

import json

import pytest
from django.db import ProgrammingError

from procedures import actions, catalogue, exchange, language_talk, languages
from procedures.models import LanguageChoice, Version
from tests import cast
from tests.procedures import scenes
from tests.procedures.test_editor import fields_of
from zalopolice.gateway.models import Citizen, Message
from zalopolice.refusals import Refused
from zalopolice.units.models import Office

ENGLISH = {
    "name": "Temporary residence registration",
    "papers": "Declaration of residence",
    "where": "Police of the commune you live in",
    "steps": "Get the papers ready\nHand them in",
    "cases": {"Nộp trực tiếp": "at the counter"},
}
KHMER = {"name": "ចុះឈ្មោះស្នាក់នៅបណ្ដោះអាសន្ន", "papers": "ពាក្យស្នើសុំ"}
DAY = [["07:30", "11:30"], ["13:30", "17:00"]]


def content(**changes):
    words = scenes.CONTENT | changes
    for code, said in (("en", ENGLISH), ("km", KHMER)):
        words = languages.with_translation("Đăng ký tạm trú", words, code, said)
    return words


@pytest.fixture
def version(province, commune, zone):
    """One procedure in two languages, one in Vietnamese alone, and an office."""
    catalogue._kept.clear()
    with zone("owner"):
        Office.objects.create(unit=commune.unit, address="Số 0 phố Trình Diễn", phone="0900 000 101", hours=[DAY] * 7)
    scenes.published(province, "tach-ho", "Tách hộ", synonyms=["tách hộ khẩu"])
    return scenes.published(province, content=content())


@pytest.fixture
def hears(commune, zone, version):
    def hears(*texts, who="dung", to=commune):
        for text in texts:
            before = len(cast.outbound(zone))
            to.hears(who, text)
            cast.work_inbox(zone)
        return [row.text for row in cast.outbound(zone)[before:]]

    return hears


def test_chosen_once_and_every_answer_follows(hears, commune, zone):
    [menu] = hears("ngôn ngữ")
    assert menu.splitlines()[1:4] == ["1. Tiếng Việt", "2. English", "3. ភាសាខ្មែរ"]
    assert len(menu.splitlines()) == 4  # of the table, what there is something in
    [chosen] = hears("2")
    assert "From now on you are answered in English" in chosen
    assert "2. Temporary residence registration (Đăng ký tạm trú)\n3. Talk to the officer on duty" in chosen

    [card] = hears("2")
    assert card.startswith("TEMPORARY RESIDENCE REGISTRATION\n(Đăng ký tạm trú)")
    for words in ("- Declaration of residence (mẫu CT01)", "at the counter: 15.000 VND", "Time needed: 3 working days",
                  "Where: Police of the commune", "Số 0 phố Trình Diễn", "2. Forms"):  # fmt: skip
        assert words in card
    assert "Cần mang" not in card
    [full] = hears("1")
    assert "1. Get the papers ready\n2. Hand them in" in full

    [other] = hears("thủ tục tách hộ")
    assert other.startswith("There is no English version of this procedure yet") and "\nTÁCH HỘ\n" in other
    again = hears("ភាសាខ្មែរ")  # the card just read comes again
    assert "ភាសាខ្មែរ" in again[0] and "\nTÁCH HỘ\n" in again[1]
    assert "Your message has gone to the officer on duty" in hears("English", "gặp cán bộ")[0]

    assert hears("xin chuyển sang tiếng Việt") == ["Từ nay bạn được trả lời bằng tiếng Việt."]
    assert hears("đăng ký tạm trú cần gì")[0].startswith("ĐĂNG KÝ TẠM TRÚ\n\nCần mang")
    with zone("owner"):
        assert not LanguageChoice.objects.exists()  # Vietnamese is no choice


def test_danger_comes_first_in_both_languages_and_a_tip_is_not_spoken_into(hears):
    hears("tiếng Khmer")
    [safety] = hears("Cứu với, có người đang cầm dao đuổi chém tôi")
    assert "សូមទូរស័ព្ទភ្លាមៗ" in safety and "hãy GỌI NGAY 113" in safety
    assert hears("English") == []  # beside a tip the bot is silent, also about languages

    hears("English", who="hoa")
    [safety] = hears("Cứu với, có người đang cầm dao đuổi chém tôi", who="hoa")
    assert "CALL 113" in safety and "hãy GỌI NGAY 113" in safety
    [received] = hears("English", "Đêm qua nhà tôi bị trộm mất xe máy, tôi báo tin", who="lan")
    assert "The police have received your report. Report code: " in received


def test_a_language_is_one_accounts_and_one_persons(hears, commune, zone):
    other = cast.make_commune(zone, "dai-hong")
    hears("English")

    assert hears("thủ tục tách hộ", who="hoa")[0].startswith("TÁCH HỘ")
    assert hears("thủ tục tách hộ", to=other)[0].startswith("TÁCH HỘ")
    with zone("web"), pytest.raises(ProgrammingError, match="permission denied"):
        LanguageChoice.objects.exists()
    with zone("owner"):
        assert LanguageChoice.objects.get().unit_id == commune.unit.pk
        stored = LanguageChoice.objects.get().__dict__["code"]
        assert isinstance(stored, bytes) and b"en" not in stored[-6:]
        Message.objects.all().delete()
        Citizen.objects.get(pk=LanguageChoice.objects.get().citizen_id).delete()
        assert not LanguageChoice.objects.exists()


def test_a_new_fee_is_in_every_language_at_once(hears, province, version):
    fee = [{"case": "Nộp trực tiếp", "amount_vnd": 20000}, {"case": "Nộp trực tuyến", "amount_vnd": 7000}]
    time = {"text": "05 ngày làm việc", "days": 5, "working_days": True}
    scenes.again(province, version.procedure, content=content(fee=fee, processing_time=time))
    hears("English")
    english, khmer = hears("đăng ký tạm trú cần gì")[0], hears("tiếng Khmer")[1]

    for card in (english, khmer):
        assert "20.000" in card and "Nộp trực tuyến: 7.000" in card and "15.000" not in card
    assert "5 working days" in english and "05 ngày làm việc" in khmer
    assert "has changed since" not in english


def test_what_lags_behind_says_so_until_somebody_has_looked(hears, province, version):
    papers = [{"name_vi": "Tờ khai mới", "copies": 2, "form_code": "CT02", "note": None}]
    with province.acting("tam") as by:
        draft = actions.new_draft(version.procedure, by=by)
        actions.save_draft(draft, {"content": draft.content | {"documents": papers}}, by=by)
    client = scenes.client_for(province.tam)
    page, form = f"/noi-dung/ban/{draft.pk}/", f"/noi-dung/ban/{draft.pk}/tieng/en/"
    shown = client.get(page).content.decode()
    assert shown.count("chưa theo kịp bản tiếng Việt") == 2
    assert "<ins>Chưa theo kịp bản tiếng Việt</ins>" in shown

    values = fields_of(client.get(form).content.decode())
    assert client.post(form, values | {"papers": "New declaration"}).status_code == 302
    assert client.get(page).content.decode().count("chưa theo kịp bản tiếng Việt") == 2  # nobody said it follows
    assert client.post(form, values | {"papers": "New declaration", "follows": "on"}).status_code == 302
    assert client.get(page).content.decode().count("chưa theo kịp bản tiếng Việt") == 1
    with province.acting("tam") as by:
        actions.submit(draft, by=by)
    with province.acting("viet") as by:
        scenes.approve(draft, by)

    hears("English")
    english = hears("đăng ký tạm trú cần gì")[0]
    assert "New declaration (mẫu CT02)" in english and "has changed since" not in english
    khmer = hears("tiếng Khmer")[1]
    assert khmer.startswith("អត្ថបទភាសាវៀតណាម") and "Bản tiếng Việt đã đổi sau khi dịch" in khmer
    assert "CT01" not in khmer  # whose form that paper was is not known any more


def test_an_editor_translates_a_second_person_publishes(province, citizen):
    version = scenes.draft(province)
    client, form = scenes.client_for(province.tam), f"/noi-dung/ban/{version.pk}/tieng/rad/"
    values = fields_of(client.get(form).content.decode())
    wrong = client.post(form, values | {"papers": "Nộp 15.000đ", "case_0": "20000 đồng"})
    page = wrong.content.decode()
    assert wrong.status_code == 422 and "Nộp 15.000đ" in page
    assert page.count("Bỏ số tiền ở đây") == 2 and "Ghi tên thủ tục bằng tiếng này" in page

    assert client.post(form, values | {"name": "Ê Đê 1", "steps": " Một \n\nHai"}).status_code == 302
    assert client.post(form, values | {"name": "Ê Đê 2", "base": "cũ"}).status_code == 409
    shown = client.get(f"/noi-dung/ban/{version.pk}/").content.decode()
    assert "Bản dịch tiếng Ê Đê" in shown and 'class="chat-card" lang="rad"' in shown and "Ê ĐÊ 1" in shown
    with province.acting("tam") as by:
        kept = Version.objects.visible_to(by).get().content
        assert kept["languages"]["rad"]["steps"] == "Một\nHai"
        assert kept["documents"] == scenes.CONTENT["documents"]
        actions.submit(version, by=by)
        with pytest.raises(Refused):
            actions.translate(version, "rad", {"name": "Khác"}, by=by)
    assert client.get(form).status_code == 302
    assert client.post(f"/noi-dung/ban/{version.pk}/cong-bo/").status_code == 409  # who translated wrote
    assert citizen.get("/thu-tuc/tran-hung-dao/dang-ky-tam-tru/rad/").status_code == 404
    assert scenes.press_publish(scenes.client_for(province.viet), f"/noi-dung/ban/{version.pk}/") == 302
    public = citizen.get("/thu-tuc/tran-hung-dao/dang-ky-tam-tru/rad/").content.decode()
    assert '<h1 lang="rad">Ê Đê 1</h1>' in public and "15.000" in public

    with province.acting("tam") as by:
        draft = actions.new_draft(version.procedure, by=by)
    form = f"/noi-dung/ban/{draft.pk}/tieng/rad/"
    values = fields_of(client.get(form).content.decode())
    assert client.post(form, values | {"name": "", "steps": ""}).status_code == 302  # nothing said: taken out
    assert "<del>Ê Đê 1</del>" in client.get(f"/noi-dung/ban/{draft.pk}/").content.decode()


def test_another_code_is_refused_everywhere(hears, province, version, citizen):
    assert languages.wrong("fr", ENGLISH) == {"": "Không có mã ngôn ngữ “fr”."}
    assert languages.wrong("vi", ENGLISH) and not languages.wrong("en", ENGLISH)
    assert languages.written({"languages": {"fr": ENGLISH}}) == {}
    with pytest.raises(ValueError, match="fr"):
        languages.keep(Citizen(), "fr")
    with province.acting("tam") as by, pytest.raises(Refused):
        actions.translate(version, "fr", ENGLISH, by=by)
    assert scenes.client_for(province.tam).get(f"/noi-dung/ban/{version.pk}/tieng/fr/").status_code == 404
    for path in ("fr", "zh"):  # not in the table, not written
        assert citizen.get(f"/thu-tuc/tran-hung-dao/dang-ky-tam-tru/{path}/").status_code == 404
    hears("ngôn ngữ")
    assert "English" not in "".join(hears("9"))  # no such line: read as a message of its own


def test_translations_go_out_and_come_in_with_a_file(province, version):
    with province.acting("tam") as by:
        rows = json.loads(exchange.to_json(exchange.entries(by)))["procedures"]
        row = next(one for one in rows if one["slug"] == "dang-ky-tam-tru")
        assert exchange.read([row], by=by).same

        row["languages"]["en"]["papers"] = "Another declaration"
        [change] = exchange.read([row], by=by).changed
        assert change.differs == ["Bản dịch tiếng Anh"]
        assert change.words["content"]["languages"]["km"] == version.content["languages"]["km"]
        del row["languages"]
        assert exchange.read([row], by=by).same  # a file that does not speak of them leaves them

        for broken in ({"fr": ENGLISH}, {"en": {"name": "x", "papers": "15.000"}}, {"en": {"name": 7}}, [1]):
            row["languages"] = broken
            reading = exchange.read([row], by=by)
            assert len(reading.problems) == 1 and reading.changes == [], broken


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("English", "en"), ("ENGLISH please", "en"), ("tieng anh", "en"), ("nói tiếng H'Mông", "hmn"), ("中文", "zh"),
        ("Cho tôi trả lời bằng tiếng Chăm", "cjm"), ("Êđê", "rad"), ("tiếng Tày", "tyz"), ("ngôn ngữ", "menu"),
        ("ភាសាខ្មែរ", "km"), ("Khmer", "km"), ("tiếng Việt", "vi"), ("tiếng Pháp", ""), ("Cam", ""), ("anh", ""),
        ("English teacher", ""),
        ("hàng xóm nói tiếng Anh", ""), ("", ""), ("tiếng súng nổ", ""), ("tiếng", ""), ("?!", ""),
    ],
)  # fmt: skip
def test_a_language_is_asked_for_by_name_and_nothing_else(text, code):
    assert language_talk.named(text) == code

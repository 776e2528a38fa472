"""A citizen asks: what the bot says, what reaches the tray, and where it stays silent."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from procedures import catalogue
from procedures.management.commands import load_procedures
from procedures.models import Version
from tests import cast
from tips import actions, tray_actions
from tips.models import TrayItem
from zalopolice.gateway.models import Dialogue
from zalopolice.units.models import HotlineContact, Office

FEW = {
    "dang-ky-tam-tru", "gia-han-tam-tru", "cap-the-can-cuoc-tu-du-14-tuoi", "cap-the-can-cuoc-duoi-06-tuoi",
    "cap-the-can-cuoc-tu-06-den-duoi-14-tuoi", "cap-lai-the-can-cuoc", "doi-cap-lai-giay-phep-lai-xe",
    "cap-ho-chieu-pho-thong", "giao-nop-vu-khi-phao", "so-tam-tru-kt3",
}  # fmt: skip
DAY = [["07:30", "11:30"], ["13:30", "17:00"]]


def some_of_it(tmp_path):
    data = json.loads(load_procedures.DATA.read_text(encoding="utf-8"))
    data["procedures"] = [row for row in data["procedures"] if row["slug"] in FEW]
    (tmp_path / "few.json").write_text(json.dumps(data), encoding="utf-8")
    return tmp_path / "few.json"


@pytest.fixture
def chat(commune, zone, monkeypatch, tmp_path):
    """The catalogue is published, the unit has an office and numbers."""
    catalogue._kept.clear()
    with zone("owner"):
        monkeypatch.setattr(load_procedures, "DATA", some_of_it(tmp_path))
        call_command("load_procedures", "--publish", stdout=StringIO())
        Office.objects.create(unit=commune.unit, address="Số 0 phố Trình Diễn", phone="0900 000 101", hours=[DAY] * 7)
        for kind, title, name, phone, area in (
            ("duty_desk", "Trực ban", "", "0900 000 101", None),
            ("chief", "Trưởng Công an", "Vũ Đức Bình", "0900 000 102", None),
            ("area", "Cảnh sát khu vực", "Nguyễn Văn An", "0900 000 113", commune.area),
        ):
            HotlineContact.objects.create(
                unit=commune.unit, kind=kind, title=title, name=name, phone=phone, area=area, verified_on="2026-11-02"
            )

    class Chat:
        def hears(self, *texts, **more):
            """What the bot said to the last of them."""
            for text in texts:
                before = len(cast.outbound(zone))
                commune.hears("dung", text, **more)
                cast.work_inbox(zone)
            return [row.text for row in cast.outbound(zone)[before:]]

        def tray(self):
            with commune.acting("cuong") as duty:
                return [
                    (item.kind, item.is_answered, item.filed.count())
                    for item in TrayItem.objects.visible_to(duty).waiting()
                ]

    return Chat()


def test_a_clear_question_is_answered_and_nobody_disturbed(chat):
    [card] = chat.hears("đăng ký tạm trú cần giấy tờ gì")

    assert card.startswith("ĐĂNG KÝ TẠM TRÚ")
    assert "Số 0 phố Trình Diễn" in card
    assert "/thu-tuc/tran-hung-dao/dang-ky-tam-tru/" in card
    assert chat.tray() == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("2", "CT01: Tờ khai"),
        ("còn lệ phí?", "Lệ phí"),
        ("mất bao lâu", "Thời hạn giải quyết"),
        ("nộp ở đâu vậy", "Nộp ở đâu"),
        ("mang gì ạ", "Giấy tờ cần mang"),
    ],
)
def test_more_about_the_procedure_just_given(chat, more, said):
    chat.hears("đăng ký tạm trú cần giấy tờ gì")
    [text] = chat.hears(more)

    assert said in text
    assert text.startswith("Đăng ký tạm trú")


@pytest.mark.parametrize(
    ("more", "said", "seen"),
    [
        ("phi nhiu v", "Lệ phí", []),
        ("mang mấy bản photo zậy ad", "Giấy tờ cần mang", []),
        ("nhờ em gái nộp giùm có cần ủy quyền hông", "Ai được làm", [("unsorted", False, 2)]),
    ],
)
def test_more_about_it_is_told_and_what_is_only_likely_is_seen_with_the_question_before(chat, more, said, seen):
    chat.hears("đăng ký tạm trú cần giấy tờ gì")
    [text] = chat.hears(more)

    assert text.startswith("Đăng ký tạm trú") and said in text
    assert chat.tray() == seen


OPEN_ENDED = ("đăng ký tạm trú cần giấy tờ gì", "ở trọ chủ nhà hổng chịu ký thì sao")


def later(zone, minutes=3):
    """The offer of an open dialogue was made so long ago."""
    with zone("owner"):
        for dialogue in Dialogue.objects.all():
            state = json.loads(dialogue.state)
            dialogue.state = json.dumps(state | {"offered_at": state["offered_at"] - 60 * minutes})
            dialogue.save()


def test_what_no_part_of_the_card_answers_is_offered_all_of_it_and_then_a_person(chat, zone):
    text = chat.hears(*OPEN_ENDED)[-1]

    assert "chưa rõ bạn hỏi ý nào về “Đăng ký tạm trú”" in text
    assert "1. Hướng dẫn đầy đủ" in text and "3. Gặp cán bộ" in text and "4. Báo tin cho công an" in text
    assert chat.tray() == [("unsorted", False, 2)]  # who leaves it there is read by a person
    assert chat.hears("ba em không đồng ý") == []  # in the same breath
    later(zone)
    [again] = chat.hears("ba em không đồng ý thì sao")
    assert "đã chuyển tới cán bộ" in again
    assert chat.tray() == [("question", False, 4)]


def test_all_of_it_read_after_that_it_is_answered(chat):
    chat.hears(*OPEN_ENDED, "1")

    assert chat.tray() == [("unsorted", True, 3)]  # answered


@pytest.mark.parametrize("then", ["dạ cảm ơn", "lệ phí bao nhiêu", "không đúng ý tôi", "làm hộ chiếu ở đâu", "English"])
def test_nothing_else_that_is_said_settles_what_was_not_answered(chat, then):
    chat.hears(*OPEN_ENDED, then)

    assert [answered for _kind, answered, _number in chat.tray()] == [False]


def test_what_was_told_by_guess_is_not_settled_by_a_number_of_the_card(chat):
    chat.hears("đăng ký tạm trú cần giấy tờ gì", "nhờ em gái nộp giùm có cần ủy quyền hông", "2")

    assert chat.tray() == [("unsorted", False, 3)]


def test_what_is_written_in_the_same_breath_as_the_offer_is_not_settled_by_it(chat):
    chat.hears(*OPEN_ENDED, "đầu hẻm có sòng bài", "1")

    assert chat.tray() == [("unsorted", False, 4)]


def test_the_breath_is_that_of_the_offer(chat, zone):
    chat.hears(*OPEN_ENDED)
    later(zone)
    chat.hears("lệ phí bao nhiêu")

    assert "đã chuyển tới cán bộ" in chat.hears("không có hợp đồng thì sao")[0]


@pytest.mark.parametrize("then", ["dạ cảm ơn", "English"])
def test_thanks_for_a_menu_chooses_nothing(chat, then):
    chat.hears("lam can cuoc cho chau", then)

    assert [answered for _kind, answered, _number in chat.tray()] == [False]


def test_a_thread_that_was_answered_is_answered_again_by_the_next_answer(chat):
    chat.hears(*OPEN_ENDED, "1", "mất bằng lái xe làm lại ở đâu")

    assert chat.tray() == [("unsorted", True, 4)]


def test_a_call_after_an_answer_is_seen_with_the_question(chat):
    chat.hears("đăng ký tạm trú cần giấy tờ gì", "Alo")

    assert chat.tray() == [("unsorted", False, 2)]


def test_an_old_name_without_an_heir_has_no_guide_to_offer(chat, zone):
    with zone("owner"):
        Version.objects.filter(procedure__slug="dang-ky-tam-tru").update(state="expired")
    [said] = chat.hears("làm sổ KT3", "lệ phí bao nhiêu")

    assert "chuyển tới cán bộ" in said and "Hướng dẫn" not in said


def test_who_meant_to_report_can_say_so_by_number(chat):
    chat.hears("đăng ký tạm trú cần giấy tờ gì", "đầu hẻm có sòng bài")
    [code] = chat.hears("4")

    assert "Mã tin" in code
    assert chat.tray() == [("tip", False, 3)]


def test_a_report_that_speaks_of_a_real_person_is_a_report(chat):
    [code] = chat.hears("Tôi bị lừa 50 triệu, nó hẹn gặp người thật ở quán cà phê rồi chặn số tôi")

    assert "Mã tin" in code


def test_what_is_asked_plainly_is_no_more_about_the_card(chat):
    chat.hears("đăng ký tạm trú cần giấy tờ gì")

    for asked in ("tin an ninh hôm nay", "có phải công an thật không", "ai trực hôm nay"):
        assert not any("Đăng ký tạm trú" in text for text in chat.hears(asked))


@pytest.mark.parametrize(
    ("told", "said", "kind"),
    [
        ("nhà kế bên cho thuê toàn dân lạ, đêm nào cũng tụ tập hút chích", "Mã tin", ("tip", False)),
        ("chủ trọ cầm dao đòi chém em", "113", ("tip", False)),
    ],
)
def test_a_report_and_danger_under_a_card_are_no_more_about_it(chat, told, said, kind):
    chat.hears("đăng ký tạm trú cần giấy tờ gì")
    [text] = chat.hears(told)

    assert said in text and "chưa rõ bạn hỏi" not in text
    assert chat.tray()[-1][:2] == kind


def test_what_is_asked_back_under_a_card_offers_that_one_too(chat):
    chat.hears("đăng ký tạm trú cần giấy tờ gì")
    [asked] = chat.hears("lam can cuoc cho chau")

    assert "Đăng ký tạm trú" in asked and "14 tuổi trở lên" in asked


def test_another_procedure_after_an_answer_is_another_question(chat):
    chat.hears("đăng ký tạm trú cần giấy tờ gì")

    assert chat.hears("mất bằng lái xe làm lại ở đâu")[0].startswith("ĐỔI, CẤP LẠI GIẤY PHÉP LÁI XE")


def test_an_officer_called_after_an_answer_sees_what_was_asked(chat):
    chat.hears("đăng ký tạm trú cần giấy tờ gì", "2")
    [text] = chat.hears("3")

    assert "chuyển tin nhắn của bạn tới cán bộ" in text
    assert chat.tray() == [("question", False, 3)]


def test_an_officer_called_after_two_questions_sees_both(chat):
    chat.hears("đăng ký tạm trú cần giấy tờ gì", "mất bằng lái xe làm lại ở đâu", "gặp cán bộ")

    assert chat.tray() == [("question", False, 3)]


def test_a_tip_after_an_answer_is_a_tip(chat):
    chat.hears("đăng ký tạm trú cần giấy tờ gì")

    assert "Mã tin" in chat.hears("Đêm qua nhà tôi bị trộm mất xe máy")[0]
    assert chat.hears("2") == []


def test_the_same_menu_is_not_sent_under_each_line_of_somebody_who_writes_on(chat):
    [menu] = chat.hears("lam can cuoc cho chau")

    assert chat.hears("lam can cuoc cho chau", "lam can cuoc cho chau") == []
    assert chat.tray() == [("unsorted", False, 3)]  # a person sees them all the same
    lines = menu.splitlines()
    place = next(number for number, line in enumerate(lines) if "14 tuổi trở lên" in line)
    assert chat.hears(str(place))[0].startswith("CẤP THẺ CĂN CƯỚC")


def test_a_former_name_is_explained_and_led_on(chat):
    [card] = chat.hears("làm sổ KT3")

    assert card.startswith("Làm sổ tạm trú, KT3: ")
    assert "ĐĂNG KÝ TẠM TRÚ" in card


def test_a_former_name_whose_heir_is_not_published_is_explained_and_an_officer_offered(chat, zone):
    with zone("owner"):
        Version.objects.filter(procedure__slug="dang-ky-tam-tru").update(state="expired")
    [said] = chat.hears("làm sổ KT3")

    assert said.startswith("Làm sổ tạm trú, KT3: ") and "Không còn cấp sổ tạm trú" in said
    assert "Theo bản 1, công bố ngày" in said and "1. Gặp cán bộ" in said
    for empty in ("LÀM SỔ TẠM TRÚ", "Nộp ở đâu", "Lệ phí", "Cần mang", "thủ tục dưới đây"):
        assert empty not in said
    assert not any("Lệ phí" in words for words in chat.hears("lệ phí bao nhiêu"))
    chat.hears("làm sổ KT3")
    chat.hears("1")
    assert chat.tray()[-1][:2] == ("question", False)  # an officer reads it


def test_an_unclear_question_offers_choices_by_number(chat):
    [asked] = chat.hears("lam can cuoc cho chau")
    lines = asked.splitlines()
    place = next(number for number, line in enumerate(lines) if "14 tuổi trở lên" in line)
    [card] = chat.hears(str(place))

    assert lines[-2].endswith("Gặp cán bộ trực ban")
    assert len(lines) <= 7
    assert card.startswith("CẤP THẺ CĂN CƯỚC CHO NGƯỜI TỪ ĐỦ 14 TUỔI")
    assert chat.tray() == [("unsorted", True, 2)]  # answered: nobody has to read it


def test_a_report_with_a_picture_is_a_tip_and_gets_its_code(commune):
    picture = [{"type": "image", "payload": {"url": "https://f1.photo.zdn.vn/a.jpg"}}]
    commune.hears("dung", "Tôi báo tin có đánh bạc", attachments=picture)
    cast.work_inbox(commune.zone)

    assert "TN-" in cast.outbound(commune.zone)[0].text


def test_who_is_asked_back_and_never_answers_is_still_read(chat):
    chat.hears("hàng xóm nhà em có người lạ tới ở, có phải đăng ký gì không")

    assert [row[1:] for row in chat.tray()] == [(False, 1)]


def test_perhaps_a_report_is_asked_with_the_report_first(chat):
    [asked] = chat.hears("phòng 203 ở 8 người mà chỉ đăng ký tạm trú 2 người")

    assert asked.splitlines()[1] == "1. Báo tin cho công an"
    assert "Mã tin" in chat.hears("1")[0]
    assert chat.tray() == [("tip", False, 2)]


@pytest.mark.parametrize(
    "first",
    [
        "phòng 203 ở 8 người mà chỉ đăng ký tạm trú 2 người",
        "hàng xóm nhà em có người lạ tới ở, có phải đăng ký gì không",
    ],
)
def test_what_may_be_a_report_is_read_though_a_question_after_it_was_answered(chat, first):
    chat.hears(first)
    [card] = chat.hears("đăng ký tạm trú cần giấy tờ gì")

    assert card.startswith("ĐĂNG KÝ TẠM TRÚ")
    assert [row[1] for row in chat.tray()] == [False]


@pytest.mark.parametrize("before", [["Alo"], ["lam can cuoc cho chau", "1"]])
def test_a_picture_between_two_questions_is_looked_at(chat, before):
    picture = [{"type": "image", "payload": {"url": "https://f1.photo.zdn.vn/a.jpg"}}]
    chat.hears(*before)
    chat.hears("", event_name="user_send_image", attachments=picture)
    chat.hears(*(["2", "lam ho chieu"] if before == ["Alo"] else ["lệ phí?"]))

    assert [row[1] for row in chat.tray()] == [False]


def test_a_withdrawal_between_two_questions_is_read_by_a_person(chat, commune):
    chat.hears("lam can cuoc cho chau")
    chat.hears("", event_name="user_withdraw")
    chat.hears("1")

    assert [row[1] for row in chat.tray()] == [False]


def test_who_says_that_they_ask_and_never_does_is_still_read(chat):
    chat.hears("bữa trước tôi có kể chuyện ông kia rồi đó", "2")

    assert [row[1] for row in chat.tray()] == [False]


def test_alo_then_two_then_a_question(chat):
    assert "2. Hỏi thủ tục" in chat.hears("Alo")[0]
    assert "Bạn muốn hỏi thủ tục nào?" in chat.hears("2")[0]
    assert chat.hears("lam ho chieu")[0].startswith("CẤP HỘ CHIẾU")
    assert chat.tray() == [("unsorted", True, 3)]  # opened only to ask: answered, nobody has to


def test_what_is_not_understood_goes_to_a_person_with_an_honest_word(chat):
    chat.hears("Alo", "2")
    [text] = chat.hears("cái kia hôm nọ ấy")

    assert "máy chưa trả lời được" in text
    assert chat.tray() == [("question", False, 3)]


def test_three_choices_are_still_there_for_the_unclear(chat):
    [text] = chat.hears("Cho tôi hỏi với ạ")

    assert "1. Báo tin" in text
    assert "3. Gặp cán bộ" in text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("số điện thoại trực ban", "Trực ban, 0900 000 101"),
        ("công an khu vực tổ 3 là ai", "Nguyễn Văn An, 0900 000 113"),
        ("ai là trưởng công an phường", "Vũ Đức Bình, 0900 000 102"),
        ("trụ sở công an phường nằm ở đâu", "Số 0 phố Trình Diễn"),
        ("cán bộ phụ trách thôn 9 là ai", "nhắn tên thôn"),
        ("mấy giờ mở cửa ạ", "07:30–11:30, 13:30–17:00"),
    ],
)
def test_numbers_and_hours_are_published_ones(chat, asked, said):
    assert said in chat.hears(asked)[0]
    assert chat.tray() == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Cho tôi đổi lịch hẹn sang thứ năm", "đã được chuyển tới cán bộ"),
        ("lam cccd may thang roi ma chua co", "không xem được hồ sơ của riêng bạn"),
        ("mẹ tôi đi lạc từ hôm qua chưa về", "cán bộ trực ban"),
        ("đăng ký khai sinh cho con ở đâu", "cơ quan khác"),
    ],
)
def test_what_only_a_person_can_answer_reaches_one(chat, asked, said):
    assert said in chat.hears(asked)[0]
    assert len(chat.tray()) == 1


def test_thanks_is_answered_once(chat):
    assert "Cảm ơn bạn" in chat.hears("Cảm ơn nhiều ạ")[0]
    assert chat.hears("ok") == []
    assert chat.tray() == []


@pytest.mark.parametrize("text", ["đăng ký tạm trú cần gì", "số điện thoại trực ban", "2", "gặp cán bộ", "cảm ơn"])
def test_inside_an_open_tip_the_bot_is_silent(chat, text):
    chat.hears("Tôi muốn báo tin: có nhóm đánh bạc ở nhà văn hóa")

    assert chat.hears(text) == []
    assert chat.tray() == [("tip", False, 2)]


def test_a_question_inside_a_case_goes_to_the_case(chat, commune):
    chat.hears("đăng ký tạm trú cần gì", "Tôi muốn báo tin: có nhóm đánh bạc ở nhà văn hóa")
    with commune.acting("cuong") as duty:
        item = TrayItem.objects.visible_to(duty).get()
        found = list(item.unsorted_messages())
        case = actions.open_case(item, found, title="Vụ", classification="tin_antt", area=None, by=duty)
    before = case_messages(commune, case)

    assert chat.hears("làm hộ chiếu ở đâu", "2") == []
    assert case_messages(commune, case) == before + 2


def case_messages(commune, case):
    with commune.acting("binh"):
        return case.filed.count()


def test_danger_comes_before_every_dialogue(chat):
    chat.hears("đăng ký tạm trú cần gì")
    [text] = chat.hears("cứu với, cháy nhà ở hẻm 12")

    assert "GỌI NGAY 113" in text
    assert chat.tray() == [("tip", False, 1)]


@pytest.mark.parametrize("text", ["👍👍", "đăng ký tạm trú " * 130, "x" * 2500, "\u0301\u0302", "1"])
def test_odd_messages_are_routed(chat, text, caplog):
    chat.hears(text)

    assert "not routed" not in caplog.text


def test_a_picture_without_words_is_seen_by_somebody(chat, caplog):
    picture = {"type": "image", "payload": {"url": "https://f.zdn.vn/1.jpg"}}
    chat.hears("", event_name="user_send_image", attachments=[picture])

    assert "not routed" not in caplog.text
    assert chat.tray() == [("unsorted", False, 1)]


def test_while_an_officer_talks_the_bot_does_not(chat, commune):
    chat.hears("đăng ký khai sinh cho con ở đâu")
    with commune.acting("cuong") as duty:
        tray_actions.answer_from_tray(TrayItem.objects.visible_to(duty).get(), "Bạn ra ủy ban phường.", by=duty)

    assert chat.hears("đăng ký tạm trú cần gì") == []


def test_an_empty_catalogue_asks_and_hands_over(commune, zone):
    catalogue._kept.clear()
    commune.hears("dung", "đăng ký tạm trú cần gì")
    cast.work_inbox(zone)

    assert "1. Báo tin" in cast.outbound(zone)[0].text

import pytest

from tips.danger import Danger, assess, reasons


@pytest.mark.parametrize(
    "text",
    [
        "Cứu tôi với, nó đang cầm dao trước nhà",
        "cuu toi voi no cam dao",
        "Đang đánh nhau ở chợ",
        "cháy nhà òi, ở ngõ 12",
        "Vừa có tai nạn gần trường học",
        "có người muốn tự tử, đang đứng trên cầu",
        "co nguoi dang muon tu tu o day",
        "nha hang xom danh nhau chay mau",
        "có người nhảy cầu",
        "cuu toi voi 😭",
        "cuu toi voi…",
        "co nguoi dang danh nhau o cho – gap",
        "dang chay nha toi o ngõ 12",
    ],
)
def test_danger_with_a_context_is_an_emergency(text):
    assert assess(text) is Danger.EMERGENCY


@pytest.mark.parametrize("text", ["Hôm qua nghe nói có cướp", "nghi van bat coc"])
def test_danger_without_a_context_is_possible(text):
    assert assess(text) is Danger.POSSIBLE


@pytest.mark.parametrize(
    "text",
    [
        "hàng tôi bị cháy, giờ đang hết",
        "ngồi chém gió ở đây thôi",
        "từ từ em gửi giấy tờ cho anh ở đây",
        "tu tu toi gui o day",
        "buổi sáng tôi đi dạo gần nhà",
        "Còn tin nhắn nào chưa trả lời em không, em đang chờ",
        "xe vẫn đang chạy ngoài đường",
        "bom hàng rồi, đang ở nhà",
        "Thứ 7 có làm căn cước không ạ?",
        "chay tui roi, dang o nha",
    ],
)
def test_everyday_words_are_no_alarm(text):
    assert assess(text) is Danger.NONE


URGENT = """giết người|giet nguoi|nó đâm người|dam nguoi|chém nhau|chem nhau|bắn súng|no sung|dọa giết|doa giet
đánh chết|danh chet|đang đánh nhau|dang danh nhau|kề dao|ke dao|cầm dao|cam dao|hỗn chiến|hon chien|cướp
cuop|cướp giật|cuop giat|bắt cóc|bat coc|khống chế|khong che|con tin|hiếp dâm|hiep dam|xâm hại|xam hai
đang bị nhốt|bi nhot|cứu em với|cuu em voi|kêu cứu|keu cuu|ai đó giúp với|tự tử|muốn tự tử|muon tu tu
nhảy cầu|nhay cau|nhảy lầu|nhay lau|treo cổ|uống thuốc sâu|xác chết|xac chet|tử vong|chet nguoi|đuối nước
duoi nuoc|cháy nhà|chay nha|cháy lớn|chay lon|nổ gas|no gas|rò rỉ ga|rò rỉ gas|ro ri gas|mắc kẹt|mac ket
tai nạn|tai nan chet nguoi|sập nhà|sap nha|quả bom|điện giật|dien giat|bé bị đánh|be bi bo roi|mất con
lạc con|lạc trẻ|dụ dỗ trẻ em|cíu|cứu tui dí|nó dí dao|oánh nhau|quýnh lộn|chém lộn
thằng kia cầm hàng nóng|cháy nhà òi"""


@pytest.mark.parametrize("words", [word for line in URGENT.split("\n") for word in line.split("|")])
def test_the_urgent_words_of_the_law_study_are_heard(words):
    assert assess(f"{words}, đang xảy ra ở chợ") is Danger.EMERGENCY


HARMLESS = "hàng tôi bị cháy|nóng như lửa|chém gió|đánh bài|đánh răng|bom hàng|sập mạng|cháy túi|giết thời gian"


@pytest.mark.parametrize("words", [*HARMLESS.split("|"), "bị đâm sau lưng", "tự tử vì tình là gì"])
def test_the_harmless_ones_are_not(words):
    assert assess(f"{words} ở gần nhà em đang vui lắm") is Danger.NONE


@pytest.mark.parametrize(
    "text",
    [
        "Hôm qua có đánh nhau ở chợ",
        "tối qua trộm vào nhà tôi",
        "tuan truoc co tai nan o nga tu",
    ],
)
def test_what_is_over_is_a_report(text):
    assert assess(text) is Danger.POSSIBLE


@pytest.mark.parametrize(
    "text",
    [
        "mất con xe máy ở chợ",
        "đang đánh bạc ở nhà văn hóa",
        "xe chay cho khach ngoai duong",
        "đi chạy bộ gần nhà",
        "đám cháu tôi",
    ],
)
def test_other_everyday_words(text):
    assert assess(text) is Danger.NONE


def test_the_reasons_are_the_words_as_written():
    assert reasons("Cứu với! Nó đang CẦM DAO trước nhà") == ("Cứu với", "CẦM DAO")
    assert reasons("cuu toi voi no cam dao") == ("cuu toi", "cam dao")
    assert reasons("Đăng ký tạm trú") == ()
    assert reasons("") == ()

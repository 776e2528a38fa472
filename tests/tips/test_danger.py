import pytest

from tips.danger import Danger, assess


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

import pytest

from tips.recognition import Report, read, wants_to_report


@pytest.mark.parametrize(
    "text",
    [
        "Tôi muốn báo tin: có nhóm đánh bạc ở nhà văn hóa",
        "nha ben ban ma tuy dem nao cung co nguoi la",
        "báo ad có nhóm hút đá ở nhà trọ cuối xóm",
        "Đêm qua nhà tôi bị trộm mất xe máy",
        "mong các anh tuần tra cổng trường",
    ],
)
def test_a_plain_report(text):
    assert wants_to_report(text)


@pytest.mark.parametrize(
    "text",
    [
        "đăng ký tạm trú cần giấy tờ gì",
        "mất bằng lái xe",
        "nộp súng hơi tự chế ở đâu",
        "báo án thì làm đơn thế nào",
        "bị phạt oan muốn khiếu nại",
        "xin giấy xác nhận cư trú",
    ],
)
def test_a_plain_question(text):
    assert read(text) is Report.NONE


@pytest.mark.parametrize(
    "text",
    [
        "phòng 203 ở 8 người mà chỉ đăng ký tạm trú 2 người",
        "hàng xóm không đăng ký tạm trú cho khách",
        "bị trộm lấy mất hộ chiếu thì có phải báo không?",
    ],
)
def test_what_may_be_either_is_asked(text):
    assert read(text) in {Report.SIGNS, Report.REPORT}

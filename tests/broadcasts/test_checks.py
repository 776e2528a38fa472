"""What the machine finds, and what it leaves alone."""

from __future__ import annotations

import pytest

from broadcasts import checks
from broadcasts.models import PostVersion


def found(body="", title="", **more):
    version = PostVersion(
        title=title, body=body or "Bà con đọc kỹ rồi làm theo từng bước dưới đây để bảo vệ tài khoản của mình nhé."
    )
    return checks.review(version, **more)


def kinds(*args, **more):
    return [one.kind for one in found(*args, **more)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("phone", "Cần giúp, liên hệ anh Tuấn 0912 345 412."),
        ("phone", "Gọi 0912345412 hoặc +84 912 345 412"),
        ("phone", "gọi 09.1234.5412"),
        ("identity", "Số căn cước 035 099 001 234 của ông"),
        ("identity", "CCCD 035099001234"),
        ("identity", "CMND số: 168123456"),
        ("plate", "Xe máy biển số 90B2-123.45 bỏ lại"),
        ("plate", "ô tô 29A 12345"),
        ("plate", "xe 30K-123.45"),
        ("suspect_name", "đối tượng Nguyễn Văn Tèo đã"),
        ("suspect_name", "nghi can là Trần Thị Đào bỏ trốn"),
        ("suspect_name", "Nguyễn Văn Tèo (sinh năm 1990)"),
        ("child_name", "cháu Lê Ngọc Ánh đi lạc"),
        ("reward", "Người báo tin sẽ được thưởng nóng 5 triệu"),
        ("reward", "xin hậu tạ"),
        ("promise", "Công an cam kết sẽ bắt"),
        ("link", "Xem tại http://bit.ly/abc"),
        ("link", "Vào www.congan-vn.com ngay"),
        ("link", "Xem tại http://[abc nhé"),
        ("link", "Xem tại https://a]b.gov.vn/ nhé"),
        ("wording", "một số đối tượng gọi điện"),
        ("wording", "Đối tượng lạ mặt"),
        ("capitals", "CẢNH BÁO LỪA ĐẢO QUA MẠNG"),
    ],
)
def test_it_warns(kind, text):
    text = f"{text} – bà con chú ý nhắn ngay cho trang này hoặc gọi trực ban phường."
    assert kind in kinds(text)
    assert kind in kinds(title=text)


@pytest.mark.parametrize(
    "text",
    [
        "Bà con nhớ 3 điều: tắt máy, không chuyển tiền, không đọc mã OTP cho bất kỳ ai gọi tới.",
        "Gọi 113, 114, 115 hoặc trực ban 0226 3851 113 bất cứ lúc nào trong ngày, kể cả ban đêm.",
        "Theo Luật Căn cước số 26/2023/QH15 ngày 27/11/2023, từ 01/7/2024 làm căn cước tại phường.",
        "Từ 06:30 ngày 22/11/2026 tại Nhà văn hóa tổ dân phố số 3, đường Lê Lợi, phường Trần Hưng Đạo.",
        "Công an KHÔNG làm việc qua gọi video, không yêu cầu chuyển tiền vào tài khoản của cá nhân.",
        "Xem thủ tục tại https://dichvucong.gov.vn và https://bocongan.gov.vn rồi chuẩn bị giấy tờ.",
        "Lệ phí 20.000 đồng, nộp 1 ảnh 3x4, trả kết quả sau 7 ngày làm việc kể từ khi nhận đủ hồ sơ.",
        "Em bé dưới 6 tuổi làm căn cước không bắt buộc; cha mẹ có thể đề nghị cấp qua dịch vụ công.",
    ],
)
def test_it_leaves_good_words_alone(text):
    assert kinds(text) == []


def test_the_units_own_numbers_are_no_personal_numbers():
    text = "Gọi trực ban phường theo số 0912.000.113, có người nghe máy cả ngày lẫn đêm, kể cả ngày lễ."
    assert kinds(text) == ["phone"]
    assert kinds(text, own_phones=["0912000113"]) == []


def test_it_says_in_which_paragraph():
    one = found("Đoạn một nói về việc chung của phường.\n\n## Đầu mục\n\nGọi 0912345412\ncho anh Tuấn")[0]
    assert (one.field, one.paragraph, one.line) == ("body", 3, 0)
    assert "0912345412" in one.sentence


def test_covers_and_lengths():
    assert kinds(cover=(1280, 720)) == []
    assert kinds(cover=(720, 1280)) == ["cover"]
    assert kinds("Ngắn quá") == ["length"]
    assert kinds("dài " * 1500) == ["length"]


def test_what_was_not_found_is_said_too():
    said = checks.passed(found("Gọi 0912345412 ngay khi bà con thấy người lạ vào ngõ mà không rõ lý do đến đây."))
    assert "Không có số điện thoại cá nhân." not in said
    assert "Không có số căn cước." in said


@pytest.mark.alone
@pytest.mark.parametrize("text", ["a" * 100_000, "0 " * 50_000, "A " * 50_000, "Nguyễn " * 20_000, "AB " * 30_000])
def test_no_text_keeps_it_busy(text):
    import time

    start = time.perf_counter()
    found(text)
    assert time.perf_counter() - start < 2

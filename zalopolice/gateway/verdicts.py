"""What an answer of Zalo means for what we wanted to send: one verdict for every way a call can end (design D5).

| what happened                                         | verdict  | what the outbox does                  |
|-------------------------------------------------------|----------|---------------------------------------|
| DNS, TCP or TLS failed: not a byte was written        | NOT_SENT | again, 1 s … 2 h                      |
| HTTP 200, error 0                                     | SENT     | keeps Zalo's id                       |
| HTTP 401, or error -216, -220, -124                   | TOKEN    | a new token once, then again          |
| HTTP 429, or error -32                                | NOT_SENT | again after a minute, the pace slower |
| class L                                               | NOT_SENT | again at its time (an hour; 06:00)    |
| class P, U, B or H                                    | REFUSED  | ends; the officer reads what to do    |
| -200                                                  | NOT_SENT | again; ends at the third time         |
| a negative error nobody has described                 | REFUSED  | the same                              |
| an answer about somebody else's message               | UNCLEAR  | echo, then history; then once more    |
| 5xx, other statuses; time-out or reset after writing; | UNCLEAR  | the same                              |
| HTML, half a JSON, anything that cannot be read       |          |                                       |

The codes are those of zalo-oa-api.md 8.2, with its classes: T token, R again, L later, U upload anew, P this recipient
will not get it, B our mistake, H a person must act at Zalo.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from django.utils.translation import gettext_noop as _


class Verdict(Enum):
    SENT = "sent"
    NOT_SENT = "not_sent"  # certainly not: may go again
    TOKEN = "token"  # certainly not: the token is dead
    REFUSED = "refused"  # Zalo will not, whatever we do
    UNCLEAR = "unclear"  # nobody knows


@dataclass(frozen=True)
class Outcome:
    verdict: Verdict
    message_id: str = ""
    code: int = 0
    wait: float | None = None  # seconds, for NOT_SENT
    tries: int = 1  # more: it may pass, and is tried so often before it is believed
    too_fast: bool = False
    data: dict[str, Any] = field(default_factory=dict)
    rows: list[Any] | None = None  # where Zalo answers with a list


class Class(Enum):
    TOKEN = "T"
    AGAIN = "R"
    LATER = "L"
    UPLOAD = "U"
    PERSON = "P"
    MISTAKE = "B"
    HUMAN = "H"


class Code(NamedTuple):
    kind: Class
    words: str
    wait: float = 0.0  # seconds, for the classes AGAIN and LATER; 0: the row's own back-off


HOUR, MINUTE = 3600.0, 60.0
TOO_FAST, NIGHT, FAILED = -32, -234, -200
TRIES = 3
"""Of what may pass by itself, and of what nobody has described."""

_T, _R, _L, _U, _P, _B, _H = Class
_LOCKED = _("Tài khoản Zalo của người dân bị khóa hoặc đã lâu không hoạt động. Liên hệ bằng cách khác.")
_REPORT = _("Zalo không nhận yêu cầu của hệ thống. Báo quản trị hệ thống.")
_RECONNECT = _("Zalo không nhận quyền của OA. Trưởng đơn vị kết nối lại OA.")

CODES: Mapping[int, Code] = {
    TOO_FAST: Code(_R, _("Zalo yêu cầu gửi chậm lại. Máy tự gửi lại."), MINUTE),
    -100: Code(_U, _("Tệp đã tải lên Zalo hết hạn. Gửi lại tin này.")),
    -118: Code(_P, _("Số điện thoại này không dùng Zalo. Liên hệ bằng cách khác.")),
    -124: Code(_T, _RECONNECT),
    FAILED: Code(_R, _("Zalo báo gửi không thành công. Thử gửi lại sau ít phút.")),
    -201: Code(_B, _("Zalo không nhận nội dung này. Sửa lời rồi gửi lại.")),
    -202: Code(_B, _REPORT),
    -204: Code(_H, _("OA đã bị khóa hoặc bị xóa trên Zalo. Liên hệ Zalo để mở lại.")),
    -205: Code(_H, _("Zalo báo không có OA này. Kiểm tra mã OA với quản trị hệ thống.")),
    -207: Code(_H, _("OA chưa đăng ký dùng ứng dụng. Báo quản trị hệ thống.")),
    -208: Code(_H, _("OA chưa có khóa bí mật trên Zalo. Báo quản trị hệ thống.")),
    -209: Code(_H, _("Ứng dụng trên Zalo chưa bật. Quản trị hệ thống bật ứng dụng trong trang của Zalo.")),
    -210: Code(_B, _("Tin dài quá mức Zalo cho phép. Rút ngắn rồi gửi lại.")),
    -211: Code(_L, _("OA đã hết lượt gửi của gói. Chờ kỳ sau hoặc mua thêm lượt trên Zalo."), HOUR),
    -212: Code(_H, _("Ứng dụng chưa đăng ký chức năng này với Zalo. Báo quản trị hệ thống.")),
    -213: Code(_P, _("Người dân chưa quan tâm OA. Chờ người dân nhắn lại hoặc liên hệ bằng cách khác.")),
    -214: Code(_R, _("Zalo đang xử lý bài. Máy tự hỏi lại."), 30.0),
    -215: Code(_B, _REPORT),
    -216: Code(_T, _RECONNECT),
    -217: Code(_P, _("Người dân đã chặn OA. Liên hệ bằng cách khác.")),
    -218: Code(_L, _("Người dân đã nhận đủ số tin Zalo cho phép. Máy gửi lại sau."), HOUR),
    -219: Code(_H, _("Ứng dụng đã bị gỡ khỏi OA. Trưởng đơn vị kết nối lại OA.")),
    -220: Code(_T, _RECONNECT),
    -221: Code(_H, _("OA chưa được Zalo xác thực. Hoàn tất xác thực rồi gửi lại.")),
    -222: Code(_P, _LOCKED),
    -223: Code(_H, _("OA chưa cấp quyền này cho ứng dụng. Trưởng đơn vị kết nối lại OA.")),
    -224: Code(_H, _("Gói dịch vụ của OA không cho gửi. Nâng gói trên Zalo rồi gửi lại.")),
    -227: Code(_P, _LOCKED),
    -230: Code(_P, _("Đã quá 7 ngày từ lần tương tác cuối; Zalo chỉ cho trả lời khi người dân nhắn lại.")),
    -232: Code(_P, _("Người dân chưa tương tác hoặc đã hết hạn; Zalo chỉ cho trả lời khi người dân nhắn lại.")),
    -233: Code(_B, _("Zalo không nhận loại tin này. Báo quản trị hệ thống.")),
    NIGHT: Code(_L, _("Ban đêm Zalo không cho gửi loại tin này. Máy gửi lại lúc sáng."), HOUR),
    -235: Code(_H, _("Zalo không cho loại OA này gửi. Liên hệ Zalo.")),
    -237: Code(_H, _("Nhóm đã bị tắt hoặc hết hạn trên Zalo. Gia hạn nhóm rồi gửi lại.")),
    -238: Code(_B, _("Mục cần dùng trên Zalo đã dùng rồi hoặc bị tắt. Báo quản trị hệ thống.")),
    -240: Code(_B, _REPORT),
    -241: Code(_B, _("Mục cần dùng trên Zalo đã dùng rồi hoặc bị tắt. Báo quản trị hệ thống.")),
    -242: Code(_B, _("Khóa của ứng dụng không khớp với Zalo. Quản trị hệ thống nhập lại khóa ứng dụng.")),
    -244: Code(_P, _("Người dân đã hạn chế nhận loại tin này. Liên hệ bằng cách khác.")),
    -248: Code(_B, _("Zalo cho rằng nội dung trái tiêu chuẩn cộng đồng. Sửa lời rồi gửi lại.")),
    -249: Code(_B, _("Mẫu tin này không gửi được cho người dân. Báo quản trị hệ thống.")),
    -305: Code(_P, _("Đã quá 48 giờ từ lần nhắn cuối; Zalo chỉ cho trả lời khi người dân nhắn lại.")),
    -311: Code(_L, _("Đã hết số tin trả lời Zalo cho phép. Máy gửi lại sau."), HOUR),
    -320: Code(_L, _("OA chưa liên kết ví ZCA nên chưa gửi được tin trả phí. Liên kết ví trên Zalo."), HOUR),
    -321: Code(_L, _("Ví ZCA của OA hết tiền. Nạp tiền trên Zalo; máy tự gửi lại."), HOUR),
    -403: Code(_B, _("OA không còn trong nhóm này. Thêm lại OA vào nhóm trên Zalo.")),
    -1241: Code(_B, _("Khóa của ứng dụng không khớp với Zalo. Quản trị hệ thống nhập lại khóa ứng dụng.")),
    -1340: Code(_B, _REPORT),
    -1341: Code(_B, _REPORT),
}
IN_GROUP = _("Người này nhắn trong nhóm; không trả lời riêng được.")
EXHAUSTED = frozenset({-211, -311, -320, -321})
"""Nothing is left to pay with: the account's allowance, or its wallet."""


def reason(code: int) -> str:
    """What the officer reads, with what to do about it."""
    known = CODES.get(code)
    return known.words if known else _("Zalo từ chối (mã %(code)s). Báo quản trị hệ thống.") % {"code": code}


def of_status(status: int) -> Outcome | None:
    """What the HTTP status alone tells; None: read the body."""
    if status == 429:
        return Outcome(Verdict.NOT_SENT, wait=MINUTE, too_fast=True)
    if status == 401:
        return Outcome(Verdict.TOKEN)
    return None if status == 200 else Outcome(Verdict.UNCLEAR)


def of_body(body: object) -> Outcome:
    code = body.get("error") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(code, int) or isinstance(code, bool) or code > 0:
        return Outcome(Verdict.UNCLEAR)
    if code == 0:
        data = body.get("data")
        known = data if isinstance(data, dict) else {}
        rows = data if isinstance(data, list) else None
        return Outcome(Verdict.SENT, str(known.get("message_id") or "")[:64], data=known, rows=rows)
    found = CODES.get(code)
    if found is None:
        return Outcome(Verdict.REFUSED, code=code, tries=TRIES)
    if found.kind is Class.TOKEN:
        return Outcome(Verdict.TOKEN, code=code)
    if found.kind in (Class.AGAIN, Class.LATER):
        tries = TRIES if code == FAILED else 1
        return Outcome(Verdict.NOT_SENT, code=code, wait=found.wait or None, tries=tries, too_fast=code == TOO_FAST)
    return Outcome(Verdict.REFUSED, code=code)


def wait_until(code: int, now: datetime, morning: datetime | None) -> float | None:
    """Seconds to wait for what passes at a set time; None where the table's own figure holds."""
    if code != NIGHT or morning is None:
        return None
    return max(60.0, (morning - now).total_seconds())

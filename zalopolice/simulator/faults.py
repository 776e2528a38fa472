"""Fault switches: every way Zalo and the network may misbehave, seeded so that a run can be repeated."""

import random
from collections import Counter
from typing import Any

from .state import State

# name: (default, what it does); a probability is drawn per occasion, everything else is a setting.
PROBABILITIES = {
    "timeout_after_accept": "tin được nhận và hiện trên điện thoại, nhưng cổng không nhận được câu trả lời",
    "http_500": "máy chủ trả 500 trước khi nhận",
    "reset": "đứt kết nối trước khi nhận",
    "rate_-32": "trả lỗi -32 (quá nhịp)",
    "token_-216": "trả lỗi -216 dù thẻ còn hạn",
    "duplicate": "gửi một sự kiện hai lần",
    "reorder": "giữ một sự kiện lại để sự kiện sau vượt lên",
    "drop_echo": "bỏ sự kiện oa_send_*",
    "wrong_signature": "ký sai sự kiện",
    "unknown_event": "thêm một sự kiện không ai biết tên",
    "huge_text": "kéo dài lời nhắn thành 60.000 ký tự",
    "missing_keys": "bỏ các khóa không bắt buộc khỏi sự kiện",
    "number_strings": "đổi kiểu: tọa độ thành số, số điện thoại thành số, cỡ tệp thành số",
    "http_429": "trả 429 trước khi nhận",
    "answer_html": "đã nhận nhưng trả một trang HTML",
    "answer_half_json": "đã nhận nhưng trả nửa JSON",
    "answer_gzip": "đã nhận, câu trả lời nén gzip",
    "answer_gzip_unmarked": "đã nhận, câu trả lời nén gzip mà không nói",
    "answer_late": "đã nhận, trả lời trễ late_s giây",
    "answer_foreign": "đã nhận nhưng trả mã tin của người khác",
    "upload_-201": "từ chối tệp tải lên",
    "upload_forgotten": "báo tệp đã tải lên hết hạn (-100) dù còn mới",
    "oauth_html": "đã đổi thẻ nhưng trả một trang HTML",
    "oauth_half_json": "đã đổi thẻ nhưng trả nửa JSON",
    "media_404": "không tải được ảnh, tệp",
    "oauth_500": "máy chủ OAuth trả 500 trước khi đổi thẻ",
    "oauth_timeout_after_accept": "đã đổi thẻ nhưng không trả lời",
    "oauth_no_refresh_token": "bỏ refresh_token khỏi câu trả lời",
}
SETTINGS: dict[str, Any] = {
    "delay_ms": None,  # [a, b]: every webhook waits that long first
    "reorder_ms": [300, 1200],  # how long a reordered event is held
    "echo": True,  # False: no oa_send_* at all
    "receipts": True,  # user_received_message after each send
    "seen_after_s": None,  # None: user_seen_message when the phone screen shows it
    "alias_names": False,  # group events by their older or misspelt names (2.6)
    "timestamp_header": False,  # also X-ZEvent-Timestamp, which some code reads first (2.3)
    "flip_receipts": False,  # sender and recipient swapped; the sources dispute the direction
    "serial": False,  # True: one delivery at a time per citizen
    "ascii_json": False,  # True: \uXXXX escapes in webhook bodies
    "sign_key": "oa",  # "app": sign with the App Secret (disputed)
    "expired_code": -216,  # or -220
    "rate_answer": -32,  # or 429: what an OA hears that calls too fast
    "late_s": 30.0,
    "oauth_numeric_expires": False,
    "oauth_refresh_expires": False,  # also refresh_token_expires_in (unverified for OAs, 1.4)
    "access_life_s": 90_000.0,
    "refresh_life_s": 7_776_000.0,
    "require_proof": False,  # appsecret_proof is checked: -242 (1.6)
    "nameless_upload_ok": True,  # a file name without extension: success with nothing in it, as seen live
    "old_info_form": False,  # user_submit_info in its older, flat shape
    "require_grant": True,  # events only for OAs that granted a token (2.1)
    "timeout_mode": "mix",  # "hold", "close" or "mix"
    "hold_s": 30.0,
    "webhook_timeout_s": 2.0,
    "retry_steps": None,  # seconds before each retry; wins over retry_scale
    "retry_scale": None,  # factor on the documented steps; None: the demo's 1, 3, 5, 8, 10 s
    "seed": 0,
    "max": {},  # name: at most so many hits
}
NUMBERS = ("hold_s", "webhook_timeout_s", "late_s", "access_life_s", "refresh_life_s")
OPTIONAL_NUMBERS = ("seen_after_s", "retry_scale")


class FaultError(ValueError):
    """A switch that does not exist or a value it cannot take."""


def _check_number_list(name: str, value: Any, length: int | None) -> None:
    good = isinstance(value, list) and all(isinstance(v, int | float) and v >= 0 for v in value)
    if not good or (length is not None and len(value) != length) or not value:
        raise FaultError(f"{name}: a list of {length or 'some'} numbers >= 0")


def _check(name: str, value: Any) -> None:
    if name in PROBABILITIES:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise FaultError(f"{name}: a number from 0 to 1")
        return
    if name not in SETTINGS:
        raise FaultError(f"{name}: no such switch")
    default = SETTINGS[name]
    if isinstance(default, bool) and not isinstance(value, bool):
        raise FaultError(f"{name}: true or false")
    if name in ("delay_ms", "reorder_ms") and value is not None:
        _check_number_list(name, value, 2)
    if name == "retry_steps" and value is not None:
        _check_number_list(name, value, None)
    numeric = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    if (name in NUMBERS or (name in OPTIONAL_NUMBERS and value is not None)) and not numeric:
        raise FaultError(f"{name}: a number >= 0")
    choices = {
        "sign_key": ("oa", "app"),
        "expired_code": (-216, -220),
        "rate_answer": (-32, 429),
        "timeout_mode": ("mix", "hold", "close"),
    }
    if name in choices and value not in choices[name]:
        raise FaultError(f"{name}: one of {choices[name]}")
    if name == "max" and not (isinstance(value, dict) and all(isinstance(v, int) for v in value.values())):
        raise FaultError("max: {name: count}")


class Faults:
    """The present switches; each probability has its own seeded stream, so one switch never shifts another."""

    def __init__(self, state: State, retry_scale: float | None = None) -> None:
        self._state = state
        self._retry_scale = retry_scale
        self.hits: Counter[str] = Counter()
        self._values: dict[str, Any] = state.get("faults", {})
        self._streams: dict[str, random.Random] = {}

    def replace(self, values: dict[str, Any]) -> None:
        """The new set of switches; what is not named goes back to its default. FaultError on a bad one."""
        for name, value in values.items():
            _check(name, value)
        self._values = dict(values)
        self._streams.clear()
        self.hits.clear()
        self._state.put("faults", self._values)

    def __getitem__(self, name: str) -> Any:
        if name == "retry_scale" and name not in self._values:
            return self._retry_scale
        return self._values.get(name, SETTINGS.get(name, 0))

    def stream(self, name: str) -> random.Random:
        if name not in self._streams:
            self._streams[name] = random.Random(f"{self['seed']}:{name}")
        return self._streams[name]

    def hit(self, name: str) -> bool:
        """Draw one probability; counts the hits and respects `max`."""
        probability = self[name]
        if not probability or self.hits[name] >= self["max"].get(name, float("inf")):
            return False
        if self.stream(name).random() >= probability:
            return False
        self.hits[name] += 1
        return True

    def seconds(self, name: str) -> float:
        """A random length from a `[a, b]` setting in milliseconds; 0 when it is off."""
        span = self[name]
        return self.stream(name).uniform(*sorted(span)) / 1000 if span else 0.0

    def describe(self) -> dict[str, Any]:
        return {
            **dict.fromkeys(PROBABILITIES, 0),
            **SETTINGS,
            "retry_scale": self["retry_scale"],
            **self._values,
            "hits": dict(self.hits),
        }

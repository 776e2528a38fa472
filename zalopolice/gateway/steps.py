"""Where an account stands on its way to working, from what is stored: nothing here asks Zalo. Zone web."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zalopolice.gateway.checkup import NO_ANSWER, NO_TOKEN, OTHER_ACCOUNT, QUESTIONS
from zalopolice.gateway.models import ConsoleSeat, DomainProof, OfficialAccount, Setup, WebhookSecret
from zalopolice.gateway.onboarding import POINTS, signing_secret
from zalopolice.units.models import Officer
from zalopolice.units.roles import Permission

SEATS_WANTED = 2
DOMAIN = _("Tên miền")
ADMINISTRATORS = 2  # steps at the beginning that only the system administrator can take
POINT_WORDS = {
    "events": _("Mục Webhook: đã bật mọi sự kiện người dùng nhắn, quan tâm, và OA gửi tin."),
    "syntax": _("“Lọc cú pháp” đang tắt, để mọi tin đều tới đây."),
    "keywords": _("Trả lời tự động theo từ khóa, tin chào và tin vắng mặt trên trang quản trị OA đang tắt."),
}
QUESTION_WORDS = {
    "profile": _("Thông tin OA, đúng mã OA"),
    "people": _("Danh sách người quan tâm"),
    "messages": _("Đọc và gửi tin nhắn"),
    "articles": pgettext_lazy("quyền", "Bài viết"),
}
FINDING_WORDS = {
    0: _("được"),
    NO_TOKEN: _("chưa có quyền kết nối"),
    NO_ANSWER: _("Zalo không trả lời"),
    OTHER_ACCOUNT: _("quyền này của một OA khác, kết nối lại và chọn đúng OA"),
    -221: _("OA chưa xác thực với Zalo"),
    -223: _("ứng dụng chưa được cấp quyền này, bật trong trang quản trị ứng dụng Zalo rồi kết nối lại"),
    -212: _("ứng dụng chưa được OA này liên kết, liên kết trong trang quản trị ứng dụng Zalo"),
    -209: _("ứng dụng đang bị Zalo tắt, xem trang quản trị ứng dụng"),
    -224: _("gói OA chưa có quyền này, cần nâng gói"),
}


@dataclass(frozen=True)
class Step:
    label: str | Promise
    state: str  # done | now | next, as the stepper draws it
    at: datetime | None = None


@dataclass(frozen=True)
class Point:
    name: str
    words: str | Promise
    at: datetime | None


@dataclass(frozen=True)
class Finding:
    words: str | Promise
    said: str | Promise
    code: int | None  # None: not asked yet

    @property
    def tone(self) -> str:
        return "info" if self.code is None else "late" if self.code else "done"

    @property
    def icon(self) -> str:
        return {"info": "hourglass", "late": "circle-alert", "done": "check"}[self.tone]


def of(oa: OfficialAccount, officer: Officer) -> dict[str, Any]:
    """Everything the page draws: four queries."""
    setup = Setup.objects.visible_to(officer).filter(oa=oa).first()
    secrets = list(WebhookSecret.objects.visible_to(officer).filter(app_id=oa.app.app_id))
    signing = signing_secret(secrets)
    seats = list(ConsoleSeat.objects.visible_to(officer).filter(oa=oa, ended_at=None))
    confirmed = setup.confirmed if setup else {}
    points = [Point(name, POINT_WORDS[name], parse_datetime(confirmed.get(name, ""))) for name in POINTS]
    findings = _findings(setup)
    done = {
        _("Ứng dụng"): bool(secrets),
        DOMAIN: DomainProof.objects.visible_to(officer).exists(),
        _("Webhook"): signing is not None,
        _("Khai trên Zalo"): all(point.at for point in points),
        _("Kết nối"): oa.connected_at is not None and not oa.trouble,
        _("Kiểm tra"): all(one.code == 0 for one in findings),
        _("Người giữ"): len(seats) >= SEATS_WANTED,
    }
    return {
        "steps": _drawn(done, 0 if officer.may(Permission.SET_UP) else ADMINISTRATORS),
        "domain_is_theirs": not done[DOMAIN] and not officer.may(Permission.SET_UP),
        "done": list(done.values()),
        "signing": signing,
        "points": points,
        "findings": findings,
        "asking": bool(setup and setup.next_at),
        "asked_at": setup.checked_at if setup else None,
        "seats": seats,
        "webhook": f"{settings.WEBHOOK_URL}/hook/zalo/{oa.app.app_id}",
    }


def _drawn(done: dict[Any, bool], not_theirs: int) -> list[Step]:
    """The step that is now is one the reader can take."""
    first = next((label for label, is_done in list(done.items())[not_theirs:] if not is_done), None)
    return [Step(label, "done" if yes else "now" if label is first else "next") for label, yes in done.items()]


def _findings(setup: Setup | None) -> list[Finding]:
    found = setup.findings if setup else {}
    other = _("Zalo từ chối, mã %(code)s")
    return [
        Finding(
            QUESTION_WORDS[name],
            "" if name not in found else FINDING_WORDS.get(found[name], other % {"code": found[name]}),
            found.get(name),
        )
        for name in QUESTIONS
    ]

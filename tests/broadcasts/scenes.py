"""Posts brought to a state by the verbs themselves."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from broadcasts import actions
from broadcasts.models import Dispatch, PostImage, PostVersion
from tests import cast
from zalopolice.gateway.models import OfficialAccount

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
COVER = hashlib.sha256(JPEG).hexdigest()
TITLE = "Cảnh báo giả danh công an gọi video"
BODY = (
    "Thời gian gần đây, có kẻ xấu mặc trang phục giống công an.\n\nBà con nhớ 3 điều:\n- Tắt máy.\n- Không chuyển tiền."
)
Status = PostVersion.Status


def tomorrow(hour: int = 6, minute: int = 30) -> datetime:
    day = timezone.localtime() + timedelta(days=1)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)


def connect(commune: cast.Commune, *others: OfficialAccount) -> None:
    with commune.zone("owner"):
        for oa in (commune.oa, *others):
            OfficialAccount.objects.filter(pk=oa.pk).update(connected_at=timezone.now(), trouble="")


def cover(commune: cast.Commune, data: bytes = JPEG) -> str:
    sha256 = hashlib.sha256(data).hexdigest()
    facts = {"data": data, "width": 1280, "height": 720, "created_by": commune.giang}
    PostImage.objects.get_or_create(unit=commune.unit, sha256=sha256, defaults=facts)
    return sha256


def draft(commune: cast.Commune, **more: Any) -> actions.Draft:
    words = {"title": TITLE, "description": "Công an không làm việc qua gọi video.", "author": "Công an phường"}
    return actions.Draft(**{**words, "body": BODY, "cover_sha256": COVER, "oa_ids": [commune.oa.oa_id], **more})


def post_at(commune: cast.Commune, status: str = Status.DRAFT, *, writer: str = "giang", **more: Any) -> PostVersion:
    """Written and submitted by ``writer`` (the editor), approved by the chief, for tomorrow 06:30 unless said."""
    connect(commune)
    with commune.acting(writer) as editor:
        cover(commune)
        version = actions.create(draft(commune, **{"send_at": tomorrow(), **more}), by=editor)
        if status != Status.DRAFT:
            actions.submit(version, by=editor, revision=1)
            version = fresh(version)
    if status in {Status.SCHEDULED, Status.HELD}:
        with commune.acting("binh") as chief:
            actions.approve(version, by=chief, seen=version.digest)
            if status == Status.HELD:
                actions.hold(version, reason="Chờ ý kiến tỉnh", by=chief)
            version = fresh(version)
    if status == Status.RETURNED:
        with commune.acting("binh") as chief:
            actions.return_(version, reason="Câu 3 phải nói rõ dân nhắn vào đâu.", by=chief)
            version = fresh(version)
    return version


def fresh(version: PostVersion) -> PostVersion:
    return PostVersion.objects.get(pk=version.pk)


def dispatch_of(commune: cast.Commune, version: PostVersion) -> Dispatch:
    with commune.zone("vault"):
        return Dispatch.objects.select_related("version", "oa").get(version=version)

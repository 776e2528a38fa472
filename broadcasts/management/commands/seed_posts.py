"""Demo posts (zone web, after the accounts are connected): a draft, one on the chief's desk, one approved for tomorrow.

Made by the officers themselves through the verbs, so that the walls and the database's rules hold here too."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from broadcasts import actions
from broadcasts.guards import account_trouble
from broadcasts.models import PostImage, PostVersion
from zalopolice.gateway.models import OfficialAccount
from zalopolice.units.models import Officer, Unit
from zalopolice.units.seats import acting, take_seat

CALLS = {
    "title": "Công an KHÔNG làm việc qua gọi video",
    "description": "Ba điều bà con nhớ khi có người xưng công an gọi video.",
}
FIRST = """Thời gian gần đây, một số đối tượng giả công an, gọi video \
yêu cầu chuyển tiền.

## Bà con nhớ 3 điều

1. Tắt máy.
2. Không chuyển tiền.
3. Trình báo cơ quan gần nhất."""
SECOND = """Thời gian gần đây, một số đối tượng mặc trang phục giống công an, gọi video \
yêu cầu chuyển tiền “để xác minh”.

## Bà con nhớ 3 điều

1. Tắt máy.
2. Không chuyển tiền, không đọc mã OTP.
3. Nhắn ngay cho trang này hoặc gọi 113.

Cần giúp, liên hệ anh Tuấn 0912 345 412."""
CARDS = {
    "title": "Lịch làm căn cước lưu động tại các tổ dân phố",
    "description": "Bà con mang theo căn cước cũ và điện thoại để làm luôn định danh mức 2.",
    "body": """Tổ công tác làm căn cước lưu động vào các buổi sáng trong tuần, từ 07:30 đến 11:30.

- Người cao tuổi, người bệnh: báo trước để tổ công tác đến tận nhà.
- Trẻ từ đủ 6 tuổi: đi cùng cha, mẹ hoặc người giám hộ.

Bà con xem giấy tờ cần mang ở mục Thủ tục của trang này.""",
}
FIRE = {
    "title": "Kiểm tra điện, gas trước kỳ nghỉ",
    "description": "Năm việc làm trong mười phút để phòng cháy.",
    "body": """Trước khi đi vắng dài ngày, bà con kiểm tra năm việc sau.

- Tắt cầu dao những thiết bị không dùng.
- Khóa van bình gas.
- Không để đồ dễ cháy gần bếp, bàn thờ.
- Để chìa khóa lối thoát hiểm ở chỗ ai cũng biết.
- Lưu số 114 trong điện thoại.""",
}


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("seed_posts is for the demo only")
        for unit in Unit.objects.filter(kind=Unit.Kind.COMMUNE, is_training=False).order_by("code"):
            self.stdout.write(f"{unit.name}: {self._fill(unit)}")

    def _fill(self, unit: Unit) -> str:
        people = {
            name: Officer.objects.filter(username=f"{name}.{unit.code}").first() for name in ("bientap", "truong")
        }
        editor, chief = people["bientap"], people["truong"]
        if editor is None or chief is None:
            return "không có cán bộ của bản chạy thử"
        for officer in (editor, chief):
            take_seat(officer, str(unit.pk))
        with acting(editor):
            if PostVersion.objects.visible_to(editor).exists():
                return "đã có bài từ trước"
            accounts = OfficialAccount.objects.filter(unit=unit).order_by("name")
            self.oa_ids = [account.oa_id for account in accounts if not account_trouble(account)]
            if not self.oa_ids:
                return "chưa có OA nào kết nối"
        self._draft(editor)
        self._on_the_desk(editor, chief)
        self._approved(editor, chief)
        return "ba bài"

    def _written(self, by: Officer, shade: str, **words: Any) -> PostVersion:
        return actions.create(self._words(by, shade, **words), by=by)

    def _words(self, by: Officer, shade: str, **words: Any) -> actions.Draft:
        cover = _cover(by, shade)
        return actions.Draft(author=by.unit.name[:50], cover_sha256=cover, oa_ids=self.oa_ids, **words)

    def _draft(self, editor: Officer) -> None:
        with acting(editor):
            self._written(editor, "#b9cbd6", **FIRE)

    def _on_the_desk(self, editor: Officer, chief: Officer) -> None:
        """The second version of a post that the chief has returned once, with things the machine names."""
        at = _tomorrow(19, 30)
        with acting(editor):
            first = self._written(editor, "#e9e3d6", **CALLS, body=FIRST, send_at=at)
            actions.submit(first, by=editor, revision=first.revision)
        with acting(chief):
            actions.return_(first, reason="Điều 3 phải nói rõ bà con nhắn vào đâu, lúc nào cũng được.", by=chief)
        with acting(editor):
            first.refresh_from_db()
            words = self._words(editor, "#e9e3d6", **CALLS, body=SECOND, send_at=at)
            second = actions.edit(first, words, by=editor, revision=first.revision)
            actions.submit(second, by=editor, revision=second.revision)

    def _approved(self, editor: Officer, chief: Officer) -> None:
        with acting(editor):
            version = self._written(editor, "#d9e4d2", **CARDS, send_at=_tomorrow(6, 30))
            actions.submit(version, by=editor, revision=version.revision)
            version.refresh_from_db()
        with acting(chief):
            actions.approve(version, by=chief, seen=version.digest)


def _tomorrow(hour: int, minute: int) -> Any:
    day = timezone.localtime() + timedelta(days=1)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)


def _cover(by: Officer, shade: str) -> str:
    """A drawing of our own: a phone on a table, nobody's photograph."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (1280, 720), shade)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 590, 1280, 720), fill="#d8cdb2")
    for x, y, width in (
        (160, 250, 170),
        (200, 320, 130),
        (170, 390, 160),
        (950, 250, 170),
        (950, 320, 120),
        (950, 390, 160),
    ):
        draw.rounded_rectangle((x, y, x + width, y + 18), 9, fill="#b3ab97")
    draw.rounded_rectangle((480, 70, 800, 690), 40, fill="#23302a")
    draw.rounded_rectangle((508, 118, 772, 620), 12, fill="#f3efe6")
    draw.ellipse((570, 190, 710, 330), fill="#8fa396")
    draw.pieslice((540, 350, 740, 560), 180, 360, fill="#9fb0a4")
    draw.ellipse((606, 520, 674, 588), fill="#b8862b")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    data = out.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    facts = {"data": data, "width": 1280, "height": 720, "created_by": by}
    PostImage.objects.get_or_create(unit=by.unit, sha256=sha256, defaults=facts)
    return sha256

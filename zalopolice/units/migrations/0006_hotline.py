import datetime
import uuid
from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from zalopolice.units.walls import Walled

CHECKS = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
WITHOUT = """
DROP FUNCTION walls.remind_of_numbers();
DROP FUNCTION walls.official_accounts(uuid);
DROP FUNCTION walls.ask_officer_code(uuid, text, text);
DROP FUNCTION walls.pay_check(text, int);
DROP FUNCTION walls.officer_code(text);
DROP FUNCTION walls.check_mac(text);
DROP TABLE walls.check_key;
"""
KINDS = [
    ("danger", "Tin nguy hiểm tính mạng"),
    ("case_assigned", "Vụ việc giao cho đồng chí"),
    ("case_news", "Nguồn tin nhắn thêm"),
    ("closing_proposed", "Đề nghị kết thúc chờ duyệt"),
    ("closing_returned", "Đề nghị kết thúc bị trả lại"),
    ("unsent", "Tin chưa gửi được"),
    ("post_submitted", "Bài đăng chờ duyệt"),
    ("post_returned", "Bài đăng bị trả lại"),
    ("post_approved", "Bài đăng đã được duyệt"),
    ("post_held", "Bài đăng bị giữ lại"),
    ("post_unclear", "Chưa rõ bài đã gửi"),
    ("procedure_submitted", "Thủ tục chờ thẩm định"),
    ("procedure_returned", "Thủ tục bị trả lại"),
    ("oa_trouble", "Zalo của đơn vị cần xem lại"),
    ("console_reply", "Có người trả lời ngoài hệ thống"),
    ("stuck_event", "Tin cần xử lý tay"),
    ("missed_messages", "Zalo có tin mà hệ thống chưa có"),
    ("incident", "Sự cố hệ thống"),
    ("hotline_stale", "Số điện thoại cần gọi kiểm tra"),
    ("role_changed", "Vai trò của đồng chí thay đổi"),
    ("new_device", "Đăng nhập trên máy mới"),
]


class Migration(migrations.Migration):
    dependencies = [("units", "0005_training")]

    operations = [
        migrations.AlterField(model_name="alert", name="kind", field=models.CharField(choices=KINDS, max_length=24)),
        migrations.AddField(
            model_name="hotlinecontact",
            name="officer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="cán bộ trong hệ thống",
            ),
        ),
        migrations.CreateModel(
            name="OfficerCheck",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("mac", models.CharField(max_length=64)),
                ("shown_as", models.CharField(max_length=240)),
                ("opened_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                (
                    "officer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
            ],
            options={
                "verbose_name": "mã kiểm tra cán bộ",
                "constraints": (
                    models.UniqueConstraint(fields=("unit", "officer"), name="officer_check_one_each"),
                    models.UniqueConstraint(fields=("unit", "mac"), name="officer_check_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("until__lte", models.F("opened_at") + datetime.timedelta(minutes=30))),
                        name="officer_check_is_short",
                    ),
                ),
            },
        ),
        Walled("units_officercheck", web="SELECT, INSERT, UPDATE"),
        migrations.RunSQL(CHECKS, reverse_sql=WITHOUT),
    ]

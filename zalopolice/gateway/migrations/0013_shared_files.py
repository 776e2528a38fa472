import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from zalopolice.units.walls import EVERYTHING, Published, Walled

STATES = [
    ("received", "Đã nhận"),
    ("routed", "Đã phân luồng"),
    ("queued", "Chờ gửi"),
    ("sending", "Đang gửi"),
    ("retry", "Sẽ gửi lại"),
    ("sent", "Đã gửi"),
    ("unknown", "Chưa rõ đã gửi"),
    ("blocked", "Zalo không cho gửi"),
    ("failed", "Chưa gửi được"),
    ("skipped", "Không cần gửi"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0012_training"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField("message", "state", models.CharField(choices=STATES, max_length=10)),
        migrations.AddField("officialaccount", "buttons_refused_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="SharedFile",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100, verbose_name="tên tệp")),
                ("content_type", models.CharField(max_length=80)),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("content", models.BinaryField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("form", "Mẫu đơn, tờ khai"),
                            ("picture", "Ảnh hướng dẫn"),
                            ("voice", "Bản đọc"),
                        ],
                        max_length=8,
                        verbose_name="loại",
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("retired_at", models.DateTimeField(null=True)),
                (
                    "added_by",
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
                "verbose_name": "tệp cho người dân",
                "indexes": [models.Index(fields=["unit", "sha256"], name="shared_file_of_unit")],
            },
        ),
        migrations.CreateModel(
            name="FileAtZalo",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("file_id", models.UUIDField()),
                ("token", models.CharField(max_length=512)),
                ("expires_at", models.DateTimeField()),
                (
                    "oa",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="gateway.officialaccount",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["unit", "oa", "file_id"], name="file_at_zalo_once")]
            },
        ),
        migrations.AddField(
            "message",
            "shared_file",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="gateway.sharedfile",
            ),
        ),
        # What the province's editors attach goes with its procedures to the communes.
        Walled(
            "gateway_sharedfile",
            also="unit_id = (SELECT walls.parent()) AND retired_at IS NULL",
            web="SELECT, INSERT, UPDATE (retired_at)",
            worker="SELECT",
            vault="SELECT",
        ),
        Published(
            "gateway_sharedfile",
            rule="retired_at IS NULL",
            columns="id, unit_id, name, content_type, size, sha256, content, kind, retired_at",
        ),
        Walled("gateway_fileatzalo", vault=EVERYTHING),
    ]

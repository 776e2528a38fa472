import uuid
from datetime import date
from pathlib import Path

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from zalopolice.units.walls import Granted, Walled

WRITE = "SELECT, INSERT, UPDATE"
RULES = [
    # name, value, from, source
    ("silent_hours", 24, date(2024, 1, 1), "issue 4: alarm when an account that used to get events gets none"),
    ("secret_idle_hours", 24, date(2024, 1, 1), "issue 4: an old signing secret that fits nothing may be removed"),
    ("seat_confirm_days", 35, date(2024, 1, 1), "issue 4: who holds console seats is confirmed every month"),
]
# Zone web sees of a signing secret that it is there and when it last fitted, never its bytes, sealed as they are.
SECRET = "SELECT (id, app_id, kind, created_at, last_used_at), INSERT, DELETE"
BELOW = """
-- Ids of accounts are public: only the vault, after a consent, says whose one is.
CREATE POLICY zp_web_unproved ON gateway_officialaccount AS RESTRICTIVE FOR INSERT TO zp_web
    WITH CHECK (connected_at IS NULL);
CREATE POLICY zp_web_below ON gateway_incident FOR SELECT TO zp_web USING (unit_id IN (SELECT walls.below()))
"""


def fill(apps, schema_editor):
    model = apps.get_model("gateway", "ChannelRule")
    model.objects.bulk_create(
        model(name=name, value=value, valid_from=start, source=source) for name, value, start, source in RULES
    )


class Migration(migrations.Migration):
    dependencies = [("gateway", "0008_outbox"), ("units", "0005_training")]

    operations = [
        migrations.AddField(
            model_name="webhooksecret",
            name="kind",
            field=models.CharField(
                choices=[("oa", "OA Secret Key"), ("app", "App Secret")], default="oa", max_length=3
            ),
        ),
        migrations.AddField(
            model_name="webhooksecret",
            name="last_used_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="webhooksecret",
            name="offered",
            field=models.BinaryField(default=bytes),
        ),
        migrations.AddField(
            model_name="zaloapp",
            name="probed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="webhooksecret",
            name="sealed",
            field=models.BinaryField(default=bytes),
        ),
        migrations.CreateModel(
            name="DomainProof",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("file", "tệp zalo_verifier"), ("tag", "mã trong trang chủ")], max_length=4
                    ),
                ),
                ("name", models.CharField(blank=True, default="", max_length=75)),
                ("content", models.CharField(max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "name", "content"), name="proof_once")],
            },
        ),
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("numbers", models.JSONField(default=dict)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="snapshot_is_one")],
            },
        ),
        migrations.CreateModel(
            name="ConsoleSeat",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("holder", models.CharField(max_length=120, verbose_name="người giữ")),
                ("since", models.DateField(verbose_name="từ ngày")),
                ("confirmed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "oa",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seats",
                        to="gateway.officialaccount",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
            ],
            options={
                "ordering": ("since", "pk"),
                "indexes": [models.Index(fields=["unit", "oa"], name="seat_of_account")],
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("token_ending", "Quyền kết nối OA sắp hết hạn"),
                            ("consent_lost", "OA mất kết nối"),
                            ("webhook_silent", "Zalo không báo tin"),
                            ("signature_refused", "Tin từ Zalo ký bằng khóa không khớp"),
                            ("events_stuck", "Có tin cần xử lý tay"),
                            ("queue_old", "Hàng đợi chạy chậm"),
                            ("spool_used", "Tin đang chờ ở kho tạm"),
                            ("media_postponed", "Ổ đĩa gần đầy, hoãn tải ảnh"),
                            ("media_foreign", "Tệp của người dân nằm ở máy chủ lạ"),
                            ("messages_missing", "Zalo có tin mà hệ thống chưa có"),
                            ("quota_low", "Sắp hết lượt gửi"),
                            ("quota_differs", "Lượt gửi lệch với Zalo"),
                            ("paced", "Zalo yêu cầu gửi chậm lại"),
                            ("flood", "Một người nhắn quá nhiều"),
                            ("sending_paused", "Đang tạm ngừng gửi"),
                            ("worker_still", "Một tiến trình ngừng làm việc"),
                            ("clock_wrong", "Đồng hồ máy chủ lệch"),
                            ("backup_old", "Bản sao lưu đã cũ"),
                            ("console_reply", "Có người trả lời ngoài hệ thống"),
                            ("seats_unconfirmed", "Chưa xác nhận người giữ tài khoản quản trị OA"),
                        ],
                        max_length=20,
                    ),
                ),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
                ("last_seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("figure", models.BigIntegerField(null=True)),
                (
                    "oa",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="incidents",
                        to="gateway.officialaccount",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["unit", "-started_at", "id"], name="incident_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("unit", "oa", "kind"),
                        name="incident_open_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Setup",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("queue", models.CharField(db_default="", default="", max_length=8)),
                ("next_at", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveIntegerField(db_default=0, default=0)),
                ("confirmed", models.JSONField(default=dict)),
                ("findings", models.JSONField(default=dict)),
                ("checked_at", models.DateTimeField(null=True)),
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
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_at__isnull", False)),
                        fields=["queue", "next_at"],
                        name="setup_waiting",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("unit", "oa"), name="setup_once")],
            },
        ),
        Granted("gateway_webhooksecret", web=SECRET, vault="UPDATE"),
        Granted(
            "gateway_zaloapp",
            web="INSERT, UPDATE (name, pkce, sealed_secret, sealed_verifier, challenge)",
            vault="UPDATE (probed_at)",
        ),
        Granted("gateway_officialaccount", web="INSERT"),
        Granted("gateway_domainproof", web="SELECT, INSERT, DELETE", public="SELECT"),
        Granted("gateway_snapshot", web="SELECT", vault=WRITE),
        Walled("gateway_incident", web="SELECT", worker=WRITE, vault=WRITE),
        Walled("gateway_setup", web=WRITE, vault="SELECT, UPDATE"),
        Walled("gateway_consoleseat", web=WRITE, vault="SELECT"),
        migrations.RunSQL(Path(__file__).with_name("0009_health.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(BELOW, migrations.RunSQL.noop),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("gateway", "0004_published"),
        ("units", "0003_alerts_duty_public"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Post",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "created_by",
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
                "verbose_name": "bài đăng",
            },
        ),
        migrations.CreateModel(
            name="PostVersion",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveSmallIntegerField()),
                ("is_latest", models.BooleanField(default=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Nháp"),
                            ("submitted", "Chờ duyệt"),
                            ("returned", "Bị trả lại"),
                            ("scheduled", "Đã duyệt, chờ giờ gửi"),
                            ("held", "Đang giữ lại"),
                            ("dispatched", "Đã gửi đi"),
                            ("withdrawn", "Đã rút"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="trạng thái",
                    ),
                ),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("title", models.CharField(max_length=140, verbose_name="tiêu đề")),
                ("description", models.CharField(blank=True, default="", max_length=250, verbose_name="mô tả ngắn")),
                ("author", models.CharField(blank=True, default="", max_length=50, verbose_name="dòng tác giả")),
                ("body", models.TextField(blank=True, default="", verbose_name="nội dung")),
                ("cover_sha256", models.CharField(blank=True, default="", max_length=64)),
                (
                    "gender",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "Nam và nữ"), (1, "Nam"), (2, "Nữ")], default=0, verbose_name="giới tính"
                    ),
                ),
                (
                    "ages",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "cities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                (
                    "oa_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32), blank=True, default=list, size=None
                    ),
                ),
                ("send_at", models.DateTimeField(null=True, verbose_name="giờ gửi")),
                (
                    "writers",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                ("digest", models.CharField(blank=True, default="", max_length=64)),
                ("submitted_at", models.DateTimeField(null=True)),
                ("approved_at", models.DateTimeField(null=True)),
                ("approved_as", models.CharField(blank=True, default="", max_length=24)),
                ("accepted_findings", models.JSONField(default=list)),
                ("due_at", models.DateTimeField(null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="broadcasts.post",
                    ),
                ),
                (
                    "submitted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
            ],
            options={
                "verbose_name": "bản bài đăng",
            },
        ),
        migrations.CreateModel(
            name="Dispatch",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("queue", models.CharField(db_default="", default="", max_length=8)),
                ("next_at", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveIntegerField(db_default=0, default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Chờ tới giờ gửi"),
                            ("creating", "Đang tạo bài trên Zalo"),
                            ("verifying", "Zalo đang kiểm tra bài"),
                            ("ready", "Bài đã sẵn sàng, chờ gửi"),
                            ("sending", "Đang gửi"),
                            ("sent", "Đã gửi"),
                            ("unknown", "Chưa rõ bài đã gửi"),
                            ("failed", "Chưa gửi được"),
                            ("held", "Đang giữ lại"),
                            ("cancelled", "Không gửi qua OA này"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("article_token", models.CharField(blank=True, default="", max_length=120)),
                ("article_id", models.CharField(blank=True, default="", max_length=64)),
                ("message_id", models.CharField(blank=True, default="", max_length=64)),
                ("error", models.CharField(blank=True, default="", max_length=255)),
                ("started_at", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "oa",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="gateway.officialaccount",
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dispatches",
                        to="broadcasts.postversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Remark",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("said", "trao đổi"),
                            ("submitted", "gửi duyệt"),
                            ("returned", "trả lại"),
                            ("approved", "duyệt"),
                            ("held", "giữ lại"),
                            ("released", "cho gửi tiếp"),
                            ("withdrawn", "rút"),
                            ("cancelled", "không gửi qua một OA"),
                            ("settled", "kết luận bài chưa rõ"),
                        ],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("text", models.TextField(blank=True, default="")),
                (
                    "officer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "post",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remarks",
                        to="broadcasts.post",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remarks",
                        to="broadcasts.postversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PostImage",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("sha256", models.CharField(max_length=64)),
                ("data", models.BinaryField()),
                ("width", models.PositiveSmallIntegerField()),
                ("height", models.PositiveSmallIntegerField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "created_by",
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
                "constraints": [models.UniqueConstraint(fields=("unit", "sha256"), name="post_image_once")],
            },
        ),
        migrations.AddIndex(
            model_name="postversion",
            index=models.Index(
                condition=models.Q(("is_latest", True)),
                fields=["unit", "status", "-changed_at", "id"],
                name="post_version_list",
            ),
        ),
        migrations.AddConstraint(
            model_name="postversion",
            constraint=models.UniqueConstraint(fields=("unit", "post", "number"), name="post_version_number_once"),
        ),
        migrations.AddConstraint(
            model_name="postversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_latest", True)), fields=("unit", "post"), name="post_version_one_latest"
            ),
        ),
        migrations.AddConstraint(
            model_name="postversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("digest", ""), ("submitted_at", None), ("submitted_by", None)),
                    models.Q(
                        ("submitted_at__isnull", False),
                        ("submitted_by__isnull", False),
                        models.Q(("digest", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="post_version_submission_is_one_fact",
            ),
        ),
        migrations.AddConstraint(
            model_name="postversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approved_as", ""), ("approved_at", None), ("approved_by", None), ("due_at", None)),
                    models.Q(
                        ("approved_at__isnull", False),
                        ("approved_by__isnull", False),
                        ("due_at__isnull", False),
                        ("submitted_by__isnull", False),
                        models.Q(("approved_as", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="post_version_approval_is_one_fact",
            ),
        ),
        migrations.AddConstraint(
            model_name="postversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["scheduled", "held", "dispatched"]), _negated=True),
                    ("approved_by__isnull", False),
                    _connector="OR",
                ),
                name="post_version_leaves_approved",
            ),
        ),
        migrations.AddConstraint(
            model_name="postversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["submitted", "returned"]), _negated=True),
                    models.Q(("approved_by", None), ("submitted_by__isnull", False)),
                    _connector="OR",
                ),
                name="post_version_waits_submitted",
            ),
        ),
        migrations.AddConstraint(
            model_name="postversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("submitted_by", None),
                    models.Q(
                        models.Q(("title", ""), _negated=True),
                        models.Q(("body", ""), _negated=True),
                        ("oa_ids__len__gt", 0),
                    ),
                    _connector="OR",
                ),
                name="post_version_submitted_is_whole",
            ),
        ),
        migrations.AddIndex(
            model_name="dispatch",
            index=models.Index(
                condition=models.Q(("next_at__isnull", False)), fields=["queue", "next_at"], name="dispatch_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="dispatch",
            index=models.Index(fields=["unit", "oa", "due_at"], name="dispatch_of_account"),
        ),
        migrations.AddConstraint(
            model_name="dispatch",
            constraint=models.UniqueConstraint(fields=("unit", "version", "oa"), name="dispatch_once"),
        ),
        migrations.AddIndex(
            model_name="remark",
            index=models.Index(fields=["unit", "post", "at", "id"], name="remark_of_post"),
        ),
    ]

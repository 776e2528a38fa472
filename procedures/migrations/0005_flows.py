import uuid
from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import zalopolice.units.fields
from zalopolice.units.walls import Walled

# A commune's bot uses its province's flows: of them what is published, and nothing else.
ABOVE = "unit_id = (SELECT walls.parent()) AND state = 'published'"


class Migration(migrations.Migration):
    dependencies = [("procedures", "0004_misses"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Flow",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("slug", models.SlugField(editable=False, max_length=64)),
                ("number", models.PositiveSmallIntegerField(default=1, editable=False, verbose_name="bản")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Đang soạn"),
                            ("in_review", "Chờ thẩm định"),
                            ("published", "Đang công bố"),
                            ("ended", "Đã thôi dùng"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=12,
                        verbose_name="trạng thái",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="tên")),
                (
                    "phrases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80), blank=True, default=list, size=None
                    ),
                ),
                (
                    "does",
                    models.CharField(
                        choices=[
                            ("text", "Trả lời bằng câu soạn sẵn"),
                            ("menu", "Đưa menu đánh số"),
                            ("goes", "Chuyển tới thủ tục hoặc việc có sẵn"),
                        ],
                        default="text",
                        max_length=8,
                        verbose_name="việc máy làm",
                    ),
                ),
                ("text", models.TextField(blank=True, default="", verbose_name="câu trả lời, hoặc câu mở đầu menu")),
                ("goes_to", models.CharField(blank=True, default="", max_length=80)),
                ("items", models.JSONField(blank=True, default=list)),
                (
                    "writers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), blank=True, default=list, editable=False, size=None
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("submitted_at", models.DateTimeField(editable=False, null=True)),
                ("returned_at", models.DateTimeField(editable=False, null=True)),
                ("reason", models.CharField(blank=True, default="", editable=False, max_length=500)),
                ("published_at", models.DateTimeField(editable=False, null=True)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
                (
                    "ended_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "returned_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "submitted_by",
                    models.ForeignKey(
                        editable=False,
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
                    "written_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "menu và từ khóa",
                "verbose_name_plural": "menu và từ khóa",
                "ordering": ("slug", "-number"),
                "indexes": [models.Index(fields=["unit", "state", "slug"], name="flow_by_state")],
                "constraints": [
                    models.UniqueConstraint(fields=("unit", "slug", "number"), name="flow_number_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "published")), fields=("unit", "slug"), name="flow_one_published"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["draft", "in_review"])),
                        fields=("unit", "slug"),
                        name="flow_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("published_by", None),
                            models.Q(
                                models.Q(("writers__contains", [models.F("published_by")]), _negated=True),
                                ("submitted_by__isnull", False),
                                models.Q(("published_by", models.F("submitted_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="flow_published_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "published"), _negated=True),
                            models.Q(("published_at__isnull", False), ("published_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="flow_published_by_a_person",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SampleQuestion",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("text", zalopolice.units.fields.EncryptedTextField(owner="unit_id", ring="content")),
                ("label", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "added_by",
                    models.ForeignKey(
                        editable=False,
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
                "verbose_name": "câu thử của đơn vị",
                "verbose_name_plural": "câu thử của đơn vị",
                "ordering": ("-created_at", "pk"),
                "indexes": [models.Index(fields=["unit", "-created_at", "id"], name="sample_question_order")],
            },
        ),
        Walled("procedures_flow", also=ABOVE, web="SELECT, INSERT, UPDATE", worker="SELECT"),
        Walled("procedures_samplequestion", web="SELECT, INSERT, DELETE"),
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"),
            reverse_sql="DROP TRIGGER flow_is_kept ON procedures_flow; DROP FUNCTION walls.keep_flow()",
        ),
    ]

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import zalopolice.units.fields
from zalopolice.units.walls import EVERYTHING, Walled

# Of the communes a province sees what their editors have read and passed up to it, and never a citizen's sentence.
PASSED_UP = (
    "CREATE POLICY zp_web_below ON procedures_misscluster FOR SELECT TO zp_web"
    " USING (unit_id IN (SELECT walls.below()) AND state = 'proposed')"
)


class Migration(migrations.Migration):
    dependencies = [
        ("procedures", "0003_catalogue"),
        ("gateway", "0009_health"),
    ]

    operations = [
        migrations.CreateModel(
            name="MissCluster",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("monday", models.DateField(verbose_name="tuần từ")),
                ("size", models.PositiveIntegerField(verbose_name="số câu")),
                ("slug", models.CharField(blank=True, default="", max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "Chưa xem"),
                            ("drafted", "Đã đưa vào bản soạn"),
                            ("proposed", "Đã đề nghị cấp trên"),
                            ("dropped", "Bỏ qua"),
                        ],
                        default="new",
                        max_length=10,
                        verbose_name="trạng thái",
                    ),
                ),
                (
                    "phrases",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120), blank=True, default=list, size=None
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
            ],
            options={
                "verbose_name": "câu máy chưa trả lời được",
                "verbose_name_plural": "câu máy chưa trả lời được",
                "ordering": ("-monday", "-size", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Miss",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("monday", models.DateField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("asked_back", "máy hỏi lại"),
                            ("handed_over", "chuyển cán bộ"),
                            ("wrong", "người dân nhắn “chưa đúng”"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "labels",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                ("text", zalopolice.units.fields.EncryptedTextField(owner="unit_id", ring="content")),
                ("times", models.PositiveIntegerField(default=1)),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
                (
                    "cluster",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="misses",
                        to="procedures.misscluster",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MissWeek",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("queue", models.CharField(db_default="", default="", max_length=8)),
                ("next_at", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveIntegerField(db_default=0, default=0)),
                ("monday", models.DateField()),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Outcome",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("month", models.DateField()),
                ("slug", models.CharField(blank=True, default="", max_length=64)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("answered", "Đã trả lời"),
                            ("asked_back", "Hỏi lại"),
                            ("handed_over", "Chuyển cán bộ"),
                            ("wrong", "“Chưa đúng”"),
                        ],
                        max_length=12,
                    ),
                ),
                ("times", models.PositiveIntegerField(default=1)),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
            ],
            options={
                "verbose_name": "số liệu trả lời",
                "verbose_name_plural": "số liệu trả lời",
            },
        ),
        migrations.AddIndex(
            model_name="misscluster",
            index=models.Index(fields=["unit", "-monday", "-size", "id"], name="miss_cluster_order"),
        ),
        migrations.AddIndex(
            model_name="miss",
            index=models.Index(fields=["unit", "monday"], name="miss_of_week"),
        ),
        migrations.AddIndex(
            model_name="miss",
            index=models.Index(fields=["unit", "cluster"], name="miss_of_cluster"),
        ),
        migrations.AddIndex(
            model_name="missweek",
            index=models.Index(
                condition=models.Q(("next_at__isnull", False)), fields=["queue", "next_at"], name="miss_week_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="missweek",
            constraint=models.UniqueConstraint(fields=("unit", "monday"), name="miss_week_once"),
        ),
        migrations.AddIndex(
            model_name="outcome",
            index=models.Index(fields=["unit", "month", "slug", "kind"], name="outcome_by_month"),
        ),
        Walled("procedures_misscluster", web="SELECT, UPDATE (state, phrases)", worker="SELECT, INSERT, DELETE"),
        migrations.RunSQL(PASSED_UP, reverse_sql="DROP POLICY zp_web_below ON procedures_misscluster"),
        Walled("procedures_miss", web="SELECT", worker=EVERYTHING),
        Walled("procedures_missweek", job=True, worker=EVERYTHING),
        Walled("procedures_outcome", web="SELECT", worker="SELECT, INSERT, DELETE"),
        # An answer says when its text should have been read again.
        migrations.RunSQL(
            "GRANT SELECT (review_due) ON procedures_version TO zp_public",
            reverse_sql="REVOKE SELECT (review_due) ON procedures_version FROM zp_public",
        ),
    ]

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from zalopolice.units.walls import EVERYTHING, Published, Walled


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0010_history"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("officialaccount", "zalo_tags", models.JSONField(default=list)),
        migrations.CreateModel(
            name="FollowerDay",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("followers", models.PositiveIntegerField(null=True)),
                ("joined", models.PositiveIntegerField(default=0)),
                ("left", models.PositiveIntegerField(default=0)),
                (
                    "oa",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="follower_days",
                        to="gateway.officialaccount",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["unit", "oa", "day"], name="follower_day_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceTag",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=8, verbose_name="mã")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("poster", "Áp phích"),
                            ("school", "Trường học"),
                            ("notice", "Thông báo"),
                            ("group", "Nhóm dân cư"),
                        ],
                        max_length=8,
                        verbose_name="loại",
                    ),
                ),
                ("label", models.CharField(max_length=80, verbose_name="nơi đặt")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("retired_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
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
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["unit", "-created_at", "-id"], name="source_by_time")],
                "constraints": [models.UniqueConstraint(fields=["unit", "code"], name="source_code_once")],
            },
        ),
        migrations.AddField(
            "message",
            "source_tag",
            models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="gateway.sourcetag",
            ),
        ),
        Walled("gateway_sourcetag", web="SELECT, INSERT, UPDATE", worker="SELECT"),
        Walled("gateway_followerday", web="SELECT", vault=EVERYTHING),
        Published("gateway_sourcetag", rule="retired_at IS NULL", columns="id, unit_id, oa_id, code, kind, label"),
    ]

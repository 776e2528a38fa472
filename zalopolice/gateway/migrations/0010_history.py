import uuid
from datetime import date

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from zalopolice.units.walls import Walled

RULES = [
    # name, value, from, source
    ("media_files_hour", 30, date(2024, 1, 1), "security.md 2.7: 30 files of one citizen an hour; the rest waits"),
    ("media_mb_day", 500, date(2024, 1, 1), "security.md 2.7: at most 500 MB of one citizen a day; the rest waits"),
]
KINDS = [
    ("downtime", "Sau khi cổng ngừng nhận tin"),
    ("nightly", "Đối chiếu hằng đêm"),
    ("asked", "Theo yêu cầu"),
]


def fill(apps, schema_editor):
    model = apps.get_model("gateway", "ChannelRule")
    model.objects.bulk_create(
        model(name=name, value=value, valid_from=start, source=source) for name, value, start, source in RULES
    )


class Migration(migrations.Migration):
    dependencies = [("gateway", "0009_health"), ("units", "0005_training")]

    operations = [
        migrations.AddField("officialaccount", "listening_at", models.DateTimeField(null=True)),
        migrations.AddField("attachment", "seconds", models.PositiveIntegerField(null=True)),
        migrations.AddField("attachment", "fetched_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "attachment",
            models.Index(
                fields=["unit", "citizen_id", "-fetched_at"],
                name="attachment_fetched",
                condition=models.Q(fetched_at__isnull=False),
            ),
        ),
        migrations.CreateModel(
            name="HistoryWalk",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("queue", models.CharField(db_default="", default="", max_length=8)),
                ("next_at", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveIntegerField(db_default=0, default=0)),
                ("kind", models.CharField(choices=KINDS, max_length=8)),
                ("since", models.DateTimeField()),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
                ("people", models.PositiveIntegerField(default=0)),
                ("visited", models.PositiveIntegerField(default=0)),
                ("looked_at", models.PositiveIntegerField(default=0)),
                ("known", models.PositiveIntegerField(default=0)),
                ("missing", models.PositiveIntegerField(default=0)),
                ("inserted", models.PositiveIntegerField(default=0)),
                ("typed", models.PositiveIntegerField(default=0)),
                ("stop_asked", models.BooleanField(default=False)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, default="", max_length=160)),
                ("sealed_cursor", models.BinaryField(default=bytes)),
                (
                    "oa",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="walks",
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
                        name="walk_waiting",
                    ),
                    models.Index(fields=["unit", "-started_at", "id"], name="walk_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("unit", "oa"), name="walk_open_once"
                    )
                ],
            },
        ),
        # Zone web asks for a walk and asks it to stop; whom it visits only the vault can read.
        Walled("gateway_historywalk", web="SELECT, INSERT, UPDATE", vault="SELECT, INSERT, UPDATE"),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

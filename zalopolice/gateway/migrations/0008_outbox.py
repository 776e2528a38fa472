import uuid
from datetime import date

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from zalopolice.units.walls import EVERYTHING, Granted, Walled

RULES = [
    # name, value, from, source
    ("pace_app", 60, date(2024, 1, 1), "zalo-oa-api.md 8.1: 4,000 calls a minute per app; a tenth kept in reserve"),
    ("quiet_from_hour", 22, date(2024, 1, 1), "our own rule: from 22:00 nobody is told what they did not ask for"),
    ("quiet_until_hour", 6, date(2024, 1, 1), "our own rule: until 06:00"),
    ("quota_low_percent", 10, date(2024, 1, 1), "our own rule: warn when a tenth of an allowance is left"),
]


def fill(apps, schema_editor):
    model = apps.get_model("gateway", "ChannelRule")
    model.objects.filter(name="pace_per_second").update(name="pace_oa")
    model.objects.bulk_create(
        model(name=name, value=value, valid_from=start, source=source) for name, value, start, source in RULES
    )


REASONS = [("restored", "dữ liệu được khôi phục từ bản sao lưu"), ("operator", "người vận hành tạm ngừng")]
# Of a pause zone web reads all but what every unit has waiting.
PAUSE = "SELECT (id, reason, note, begun_at, ended_at, ended_by_id), UPDATE (ended_at, ended_by_id)"
COLUMNS = {
    ("message", "asked"): models.BooleanField(db_default=True, default=True),
    ("message", "tier"): models.CharField(blank=True, db_default="", default="", max_length=8),
    ("token", "asked_at"): models.DateTimeField(null=True),
    ("officialaccount", "reply_left"): models.PositiveIntegerField(null=True),
    ("officialaccount", "reply_total"): models.PositiveIntegerField(null=True),
}


class Migration(migrations.Migration):
    dependencies = [("gateway", "0007_inbox"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        *(migrations.AddField(model, name, field) for (model, name), field in COLUMNS.items()),
        migrations.CreateModel(
            name="Pace",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("app_id", models.UUIDField(null=True)),
                ("ceiling", models.FloatField(null=True)),
                ("slowed_at", models.DateTimeField(null=True)),
                ("free_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("turn_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="VaultMark",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="SendingPause",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("reason", models.CharField(choices=REASONS, max_length=10)),
                ("note", models.CharField(blank=True, default="", max_length=255)),
                ("begun_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("waiting", models.JSONField(default=list)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.Value(1), condition=models.Q(("ended_at", None)), name="sending_pause_open_once"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="QuotaDay",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "unit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="units.unit"),
                ),
                (
                    "oa",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="quota_days",
                        to="gateway.officialaccount",
                    ),
                ),
                ("day", models.DateField()),
                ("free", models.PositiveIntegerField(default=0)),
                ("paid", models.PositiveIntegerField(default=0)),
                ("broadcasts", models.PositiveIntegerField(default=0)),
                ("console", models.PositiveIntegerField(default=0)),
                ("asked_at", models.DateTimeField(null=True)),
                ("left", models.PositiveIntegerField(null=True)),
                ("total", models.PositiveIntegerField(null=True)),
                ("difference", models.IntegerField(null=True)),
            ],
            options={
                "ordering": ("-day",),
                "constraints": [models.UniqueConstraint(fields=("unit", "oa", "day"), name="quota_day_once")],
            },
        ),
        Granted("gateway_pace", vault=EVERYTHING),
        Granted("gateway_vaultmark", vault=EVERYTHING),
        # Whoever lets sending go on does it on a page; only the vault begins a pause.
        Granted("gateway_sendingpause", web=PAUSE, vault="SELECT, INSERT, UPDATE"),
        Walled("gateway_quotaday", web="SELECT", vault="SELECT, INSERT, UPDATE"),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

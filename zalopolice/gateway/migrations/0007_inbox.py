import uuid
from datetime import date

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import zalopolice.units.fields
from zalopolice.units.walls import Walled

RULES = [
    # name, value, from, source
    ("flood_person_minute", 20, date(2024, 1, 1), "security.md 2.8: messages of one person in a minute"),
    ("flood_person_day", 200, date(2024, 1, 1), "security.md 2.8: messages of one person in a day"),
    ("flood_unit_hour", 2000, date(2024, 1, 1), "security.md 2.8: messages to one unit in an hour"),
    ("late_minutes", 10, date(2024, 1, 1), "security.md 2.8: a message that reached us so much later is marked late"),
]


def fill(apps, schema_editor):
    model = apps.get_model("gateway", "ChannelRule")
    model.objects.bulk_create(
        model(name=name, value=value, valid_from=start, source=source) for name, value, start, source in RULES
    )


def key(to, **options):
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=to, **options)


COLUMNS = {
    "received_at": models.DateTimeField(null=True),
    "is_flood": models.BooleanField(default=False),
    "talk_seconds": models.PositiveIntegerField(null=True),
    "delivered_at": models.DateTimeField(null=True),
    "seen_at": models.DateTimeField(null=True),
    "group": key("gateway.chatgroup", null=True, db_constraint=False, related_name="messages"),
}


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0006_webhook"),
        ("units", "0005_training"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ChatGroup",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("unit", key("units.unit", related_name="+")),
                ("oa", key("gateway.officialaccount", db_constraint=False, related_name="groups")),
                ("zalo_group_id", models.CharField(max_length=64)),
                ("name", models.CharField(blank=True, default="", max_length=160)),
                ("is_active", models.BooleanField(default=True)),
                ("named_at", models.DateTimeField(null=True)),
                ("active_at", models.DateTimeField(null=True)),
                ("last_message_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "indexes": [models.Index(fields=["unit", "-last_message_at", "-id"], name="group_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("unit", "oa", "zalo_group_id"), name="group_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="StuckEvent",
            fields=[
                ("queue", models.CharField(db_default="", default="", max_length=8)),
                ("next_at", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveIntegerField(db_default=0, default=0)),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("unit", key("units.unit", related_name="+")),
                ("oa", key("gateway.officialaccount", db_constraint=False, related_name="+")),
                ("event_id", models.UUIDField()),
                ("event_name", models.CharField(blank=True, default="", max_length=64)),
                ("received_at", models.DateTimeField()),
                ("error", models.CharField(blank=True, default="", max_length=120)),
                ("text", zalopolice.units.fields.EncryptedTextField(owner="id", ring="content")),
                ("tried_at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField(null=True)),
                ("handled_by", key(settings.AUTH_USER_MODEL, null=True, related_name="+")),
                ("handled_at", models.DateTimeField(null=True)),
                ("note", zalopolice.units.fields.EncryptedTextField(owner="id", ring="content")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_at__isnull", False)),
                        fields=["queue", "next_at"],
                        name="stuck_waiting",
                    ),
                    models.Index(fields=["unit", "-received_at", "-id"], name="stuck_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("unit", "event_id"), name="stuck_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("handled_at", None), ("handled_by", None)),
                            models.Q(("handled_at__isnull", False), ("handled_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="stuck_handling_is_one_fact",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            "inboundevent",
            models.Index(condition=models.Q(("state", "poison")), fields=["received_at"], name="inbound_poison"),
        ),
        migrations.AddField("citizen", "follows_since", models.DateTimeField(null=True)),
        *(migrations.AddField("message", name, field) for name, field in COLUMNS.items()),
        migrations.AddIndex(
            "message",
            models.Index(
                condition=models.Q(("group__isnull", False)),
                fields=["unit", "group", "-sent_at", "-id"],
                name="message_of_group",
            ),
        ),
        migrations.AddIndex(
            "message",
            models.Index(
                condition=models.Q(("direction", "in")), fields=["unit", "received_at"], name="message_received"
            ),
        ),
        Walled("gateway_chatgroup", web="SELECT", worker="SELECT", vault="SELECT, INSERT, UPDATE"),
        Walled("gateway_stuckevent", web="SELECT, UPDATE", vault="SELECT, INSERT, UPDATE"),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

from datetime import date

from django.db import migrations, models

RULES = [
    # name, value, from, source
    ("broadcast_from_hour", 6, date(2024, 1, 1), "zalo-oa-api.md 3.4: broadcasts from 06:00"),
    ("broadcast_until_hour", 22, date(2024, 1, 1), "zalo-oa-api.md 3.4: until 21:59; from 22:00 on Zalo answers -234"),
    ("broadcast_user_day", 1, date(2024, 1, 1), "zalo-oa-api.md 3.4: at most one broadcast per follower and day"),
    ("grant_days", 90, date(2024, 1, 1), "zalo-oa-api.md 1.4: a refresh token lives 3 months (7 776 000 s)"),
    ("grant_warn_days", 30, date(2024, 1, 1), "zalo-oa-api.md 1.4: alert at 60 of 90 days"),
]


def fill(apps, schema_editor):
    model = apps.get_model("gateway", "ChannelRule")
    model.objects.bulk_create(
        model(name=name, value=value, valid_from=start, source=source) for name, value, start, source in RULES
    )


COLUMNS = {
    "token_obtained_at": models.DateTimeField(null=True),
    "token_refresh_until": models.DateTimeField(null=True),
    "last_event_at": models.DateTimeField(null=True),
    "last_sent_at": models.DateTimeField(null=True),
    "followers": models.PositiveIntegerField(null=True),
    "broadcast_left": models.PositiveIntegerField(null=True),
    "broadcast_total": models.PositiveIntegerField(null=True),
    "package": models.CharField(blank=True, default="", max_length=80),
    "checked_at": models.DateTimeField(null=True),
}


class Migration(migrations.Migration):
    dependencies = [("gateway", "0004_published")]

    operations = [
        *(migrations.AddField("officialaccount", name, field) for name, field in COLUMNS.items()),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]

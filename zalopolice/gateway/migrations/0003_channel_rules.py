from datetime import date

from django.db import migrations

RULES = [
    # name, value, from, source
    ("reply_free_hours", 48, date(2024, 1, 1), "zalo-oa-api.md 3.5: free within 48 hours of the last interaction"),
    ("reply_paid_hours", 168, date(2024, 1, 1), "zalo-oa-api.md 3.5: 48 hours to 7 days, paid; afterwards -230"),
    ("text_max", 2000, date(2024, 1, 1), "zalo-oa-api.md 3.2: a consultation text holds 1 to 2000 characters"),
    ("pace_per_second", 20, date(2024, 1, 1), "design D8: start of the pace per account, adapted on -32"),
]


def fill(apps, schema_editor):
    model = apps.get_model("gateway", "ChannelRule")
    model.objects.bulk_create(
        model(name=name, value=value, valid_from=start, source=source) for name, value, start, source in RULES
    )


class Migration(migrations.Migration):
    dependencies = [("gateway", "0002_walls")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]

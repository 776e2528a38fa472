from django.db import migrations, models

# What was heard before is no silence: without this every account would be compared from its connecting on.
SEEN = "UPDATE gateway_officialaccount SET heard_at = last_event_at"


class Migration(migrations.Migration):
    dependencies = [("gateway", "0013_shared_files")]

    operations = [
        migrations.AddField("officialaccount", "heard_at", models.DateTimeField(null=True)),
        migrations.RunSQL(SEEN, migrations.RunSQL.noop),
    ]

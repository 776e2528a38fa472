from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateway", "0015_spool_kinds")]

    operations = [migrations.AddField("officialaccount", "zalo_tags_on", models.DateField(null=True))]

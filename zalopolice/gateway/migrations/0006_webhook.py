from django.db import migrations, models

from zalopolice.units.walls import Granted


class Migration(migrations.Migration):
    dependencies = [("gateway", "0005_account_status")]

    operations = [
        migrations.AddField("inboundevent", "signed_by", models.UUIDField(editable=False, null=True)),
        Granted("gateway_inboundevent", webhook="INSERT (signed_by)"),
    ]

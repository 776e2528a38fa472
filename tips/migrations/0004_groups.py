import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateway", "0007_inbox"), ("tips", "0003_desk")]

    operations = [
        migrations.AddField(
            "trayitem",
            "group",
            models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="gateway.chatgroup",
            ),
        ),
    ]

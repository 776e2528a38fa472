from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("gateway", "0005_account_status")]

    operations = []

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("gateway", "0007_inbox")]

    operations = []

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateway", "0016_tags_of_a_day")]

    operations = [
        migrations.RemoveIndex("chatgroup", "group_newest"),
        migrations.RenameField("chatgroup", "last_message_at", "last_event_at"),
        migrations.AddIndex("chatgroup", models.Index(fields=["unit", "-last_event_at", "-id"], name="group_newest")),
    ]

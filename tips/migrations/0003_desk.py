import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# What waits already: since its first words; which of an urgent thread's words raised the alarm nobody wrote down.
SINCE = """
UPDATE tips_trayitem SET waits_since = opened_at, urgent_since = CASE WHEN is_urgent THEN opened_at END;
UPDATE tips_filed SET is_danger = true FROM tips_trayitem item
 WHERE item.id = tips_filed.tray_item_id AND item.is_urgent AND tips_filed.case_id IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0002_walls"),
        ("tips", "0002_walls"),
        ("units", "0003_alerts_duty_public"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="trayitem",
            name="tray_waiting",
        ),
        migrations.AddField(
            model_name="case",
            name="returned_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="filed",
            name="is_danger",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="trayitem",
            name="is_answered",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="trayitem",
            name="taken_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="trayitem",
            name="taken_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="trayitem",
            name="urgent_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="trayitem",
            name="waits_since",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddIndex(
            model_name="trayitem",
            index=models.Index(
                condition=models.Q(("status", "waiting")),
                fields=["unit", "-is_urgent", "waits_since", "id"],
                name="tray_pressing",
            ),
        ),
        migrations.AddIndex(
            model_name="trayitem",
            index=models.Index(
                condition=models.Q(("status", "sorted")), fields=["unit", "-sorted_at", "-id"], name="tray_put_away"
            ),
        ),
        migrations.AddConstraint(
            model_name="trayitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("taken_at", None), ("taken_by", None)),
                    models.Q(("taken_at__isnull", False), ("taken_by__isnull", False)),
                    _connector="OR",
                ),
                name="tray_taking_is_one_fact",
            ),
        ),
        migrations.RunSQL(SINCE, migrations.RunSQL.noop),
    ]

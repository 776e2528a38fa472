from pathlib import Path

from django.db import migrations

from zalopolice.units.walls import Walled


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("units", "0002_walls")]

    operations = [
        migrations.RunSQL(
            Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), reverse_sql="DROP SCHEMA audit CASCADE"
        ),
        Walled("audit_entry", web="SELECT", audit="SELECT"),
    ]
